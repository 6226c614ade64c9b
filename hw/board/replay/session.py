"""A recorded conversation of a program with a modem: JSON lines, one for each handful of bytes.

The first line says what the file is: ``{"outcry": "modem session", "version": 1, "baud": 115200,
"masked": true}``. Every other is ``{"t": 1.25, "from": "host", "hex": "41540d"}``: seconds since
the recording began, by a clock that never jumps, who said it (``host`` or ``modem``), and what.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Side = Literal["host", "modem"]
_WHAT, _VERSION = "modem session", 1


class SessionInvalid(ValueError):
    """This file is not a recorded session; the message says which line is wrong, and how."""


@dataclass(frozen=True)
class Chunk:
    """Bytes that passed at one moment; ``t`` in seconds since the recording began."""

    t: float
    side: Side
    data: bytes = field(repr=False)

    def line(self) -> str:
        """As it stands in the file."""
        return json.dumps({"t": round(self.t, 4), "from": self.side, "hex": self.data.hex()})


def head(*, baud: int, masked: bool) -> str:
    """The file's first line."""
    return json.dumps({"outcry": _WHAT, "version": _VERSION, "baud": baud, "masked": masked})


def read(path: Path) -> list[Chunk]:
    """Raises OSError when it cannot be read, SessionInvalid when it is not a session."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise SessionInvalid(f"{path}: not a recorded session: it is not text") from None
    return list(_chunks(path, lines))


def _chunks(path: Path, lines: list[str]) -> Iterator[Chunk]:
    what = _object(path, 1, lines[0] if lines else "")
    if what.get("outcry") != _WHAT or what.get("version") != _VERSION:
        make_one = "make one with: outcry-board record PORT FILE"
        raise SessionInvalid(f"{path}: not a recorded session; {make_one}")
    t = 0.0
    for number, line in enumerate(lines[1:], 2):
        if number == len(lines) and not line.endswith("}"):
            return  # the power went while it was written
        match _object(path, number, line):
            case {"t": float() | int() as at, "from": "host" | "modem" as side, "hex": str(text)}:
                try:
                    data = bytes.fromhex(text)
                except ValueError:
                    raise SessionInvalid(f"{path}, line {number}: hex is not hexadecimal") from None
            case _:
                raise SessionInvalid(f"{path}, line {number}: it has no t, from and hex")
        if not t <= at < float("inf"):
            raise SessionInvalid(f"{path}, line {number}: time runs backwards")
        t = at
        yield Chunk(t, "host" if side == "host" else "modem", data)


def _object(path: Path, number: int, line: str) -> dict[str, object]:
    with suppress(ValueError):
        if isinstance(found := json.loads(line), dict):
            return found
    raise SessionInvalid(f"{path}, line {number}: not a JSON object")
