"""A command's answer, and what is known by it."""

import re
from dataclasses import dataclass, field

from outcry.hw.modem.events import Outcome

FINAL = r"OK|ERROR|\+CM[ES] ERROR: .*"
PROMPT = ">"
_ERROR_CODE = re.compile(r"\+CM[ES] ERROR: (\d+)")


@dataclass(frozen=True)
class Reply:
    """A command's answer. ``final`` is the line that ended it; empty if none came in time."""

    final: str
    lines: tuple[str, ...] = field(default=(), repr=False)
    data: bytes = field(default=b"", repr=False)

    @property
    def outcome(self) -> Outcome:
        """UNKNOWN without a final line, FAILED for an error, else DONE."""
        if not self.final:
            return Outcome.UNKNOWN
        failed = self.final == "ERROR" or self.final.startswith(("+CME ERROR", "+CMS ERROR"))
        return Outcome.FAILED if failed else Outcome.DONE

    @property
    def done(self) -> bool:
        return self.outcome is Outcome.DONE

    @property
    def code(self) -> int | None:
        """The number of a +CME or +CMS ERROR."""
        found = _ERROR_CODE.fullmatch(self.final)
        return int(found[1]) if found else None

    def value(self, name: str) -> str | None:
        """What follows ``name: `` in the last line that begins with it."""
        for line in reversed(self.lines):
            if line.startswith(name + ": "):
                return line[len(name) + 2 :]
        return None
