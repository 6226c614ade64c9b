"""What a judgement found: the thing, how it is, and what to do about it."""

from dataclasses import dataclass
from enum import Enum

NAME_WIDTH = 13
OPEN = "an alarm or a drill is open"


class Result(Enum):
    """How a thing is; people read the value, and scripts compare it."""

    OK = "ok"
    LOOK = "look"
    """Alarms leave without it, but it needs attention."""
    FAILED = "failed"
    """It keeps an alarm from being raised, from leaving one way, or from outliving a reboot."""
    LEFT_OUT = "left out"
    """There is nothing to check, or it cannot be checked yet."""
    UNKNOWN = "unknown"
    """It could not be checked."""

    @property
    def is_well(self) -> bool:
        """Whether nothing needs attention."""
        return self in (Result.OK, Result.LEFT_OUT)


@dataclass(frozen=True)
class Finding:
    """One thing checked. ``words`` say how it is, ``remedy`` what to do unless all is well."""

    name: str
    result: Result
    words: str
    remedy: str = ""

    def line(self) -> str:
        """For a person; the remedy on a line of its own."""
        line = f"{self.result.value:<9} {self.name:<{NAME_WIDTH}} {self.words}"
        return f"{line}\n{'':<{NAME_WIDTH + 11}}-> {self.remedy}" if self.remedy else line


def ok(name: str, words: str) -> Finding:
    return Finding(name, Result.OK, words)


def look(name: str, words: str, remedy: str) -> Finding:
    return Finding(name, Result.LOOK, words, remedy)


def failed(name: str, words: str, remedy: str) -> Finding:
    return Finding(name, Result.FAILED, words, remedy)


def left_out(name: str, words: str) -> Finding:
    return Finding(name, Result.LEFT_OUT, words)


def unknown(name: str, words: str, remedy: str) -> Finding:
    return Finding(name, Result.UNKNOWN, words, remedy)


def refused(name: str, why: str) -> Finding:
    """What the daemon would not do: an open alarm is not disturbed, and nothing else is well."""
    if why.startswith(OPEN):
        return left_out(name, why)
    return unknown(name, why, "check again; `journalctl -u outcry` may say why")
