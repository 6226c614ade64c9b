"""The files pages may load, each under an address that changes with its contents."""

import hashlib
from pathlib import Path

from starlette.responses import Response

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


class Png(Response):
    media_type = "image/png"


class Assets:
    """Read once; ``served`` by address, and ``addresses`` by each file's name."""

    def __init__(self) -> None:
        self.served: dict[str, Response] = {}
        self.addresses: dict[str, str] = {}
        for path in sorted(_FOLDER.iterdir()):
            if path.suffix in _TYPES:
                body = path.read_bytes()
                address = f"/static/{hashlib.sha256(body).hexdigest()[:16]}/{path.name}"
                self.addresses[path.name] = address
                self.served[address] = Response(
                    body,
                    media_type=_TYPES[path.suffix],
                    headers={"Cache-Control": "public, max-age=31536000, immutable"},
                )
