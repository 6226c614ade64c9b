"""The organisation's sign: a small picture that stands in the page itself, which is one answer.

A contact knows it from papers and from the street; a page that only claims a name has none.
"""

import re
import warnings
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image

MAX_BYTES = 3072  # a third more in the page, which has 14 kB at most in any language
MAX_SIDE = 1024  # pixels; an old phone has to unpack them all
_RASTERS = ("PNG", "GIF", "JPEG")
_SVG = "{http://www.w3.org/2000/svg}svg"
_ACTIVE = {"script", "foreignObject", "animate", "set", "animateMotion", "animateTransform"}


class SignInvalid(ValueError):
    """The file cannot be the sign; the words say why and what to do."""


def read(path: Path) -> str:
    """The sign as an address of its own (``data:``), for an ``img``.

    A PNG, GIF, JPEG or SVG file of at most :data:`MAX_BYTES`. Raises :class:`SignInvalid`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SignInvalid(f"cannot be read ({error.strerror})") from None
    if len(data) > MAX_BYTES:
        raise SignInvalid(f"is too large; make it {MAX_BYTES} bytes or less")
    kind = "image/svg+xml" if b"<svg" in data else _raster(data)
    if kind == "image/svg+xml":
        _check_svg(data)
    return f"data:{kind};base64,{b64encode(data).decode()}"


def _raster(data: bytes) -> str:
    try:
        with (
            warnings.catch_warnings(action="error"),  # what Pillow doubts is no sign
            Image.open(BytesIO(data), formats=_RASTERS) as image,
        ):
            if max(image.size) > MAX_SIDE:
                raise SignInvalid(f"has more than {MAX_SIDE} pixels to a side; make it smaller")
            image.load()
            return Image.MIME[str(image.format)]
    except SignInvalid:
        raise
    except Exception:  # noqa: BLE001 - a broken picture breaks Pillow in many ways
        raise SignInvalid("is no whole PNG, GIF, JPEG or SVG picture") from None


def _check_svg(data: bytes) -> None:
    """Drawings alone: browsers run nothing inside an ``img``, and we do not lean on that."""
    if re.search(rb"<!(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise SignInvalid("has a DOCTYPE; save it as plain SVG without one")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, LookupError, ValueError):
        raise SignInvalid("is no whole PNG, GIF, JPEG or SVG picture") from None
    if root.tag != _SVG:
        raise SignInvalid("is no whole PNG, GIF, JPEG or SVG picture")
    for each in root.iter():
        names = {name.rpartition("}")[2]: value for name, value in each.attrib.items()}
        acts = any(name.lower().startswith("on") for name in names)
        loads = not names.get("href", "#").startswith("#")
        if str(each.tag).rpartition("}")[2] in _ACTIVE or acts or loads:
            raise SignInvalid("is more than a drawing; save it without scripts, links and motion")
