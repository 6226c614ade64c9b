"""What a check found: one thing, how it is, and what to do about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from outcry import __version__

T = TypeVar("T")
LOOK_EVERY_S = 0.5
SLOW_S = 1.0  # a step that takes longer is announced
NAME_WIDTH = 13


class Result(Enum):
    """How a thing is; the value is what a person reads and a script compares."""

    OK = "ok"
    LOOK = "look"
    """It works, and somebody should look at it."""
    FAILED = "failed"
    LEFT_OUT = "left out"
    """There is nothing to check, or it was not asked for."""
    UNKNOWN = "unknown"
    """It could not be looked at."""

    @property
    def is_well(self) -> bool:
        """Whether nobody needs to do anything."""
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
    """All is well."""
    return Finding(name, Result.OK, words)


def look(name: str, words: str, remedy: str) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(name, Result.LOOK, words, remedy)


def failed(name: str, words: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(name, Result.FAILED, words, remedy)


def left_out(name: str, words: str) -> Finding:
    """There is nothing to check, or it was not asked for."""
    return Finding(name, Result.LEFT_OUT, words)


def unknown(name: str, words: str, remedy: str) -> Finding:
    """It could not be looked at."""
    return Finding(name, Result.UNKNOWN, words, remedy)


class Sheet:
    """Takes findings down as they come, and says them: at once to a person, at the end as JSON."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._found: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """One more."""
        self._found.append(finding)
        if not self._as_json:
            print(finding.line(), flush=True)

    def say(self, words: str) -> None:
        """What takes its time, on standard error: it is no finding."""
        print(f"  ... {words}", file=sys.stderr, flush=True)

    def close(self) -> bool:
        """Whether nobody needs to do anything."""
        wrong = [finding for finding in self._found if not finding.result.is_well]
        if self._as_json:
            checks = [
                finding.__dict__ | {"result": finding.result.value} for finding in self._found
            ]
            print(json.dumps({"version": __version__, "well": not wrong, "checks": checks}))
        elif wrong:
            print(f"\nTo look at: {', '.join(finding.name for finding in wrong)}.")
        else:
            print("\nAll is well.")
        return not wrong


class Patience:
    """Waits for a thing to become so, and tells the person waiting. Seconds of ``clock``."""

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        say: Callable[[str], None],
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self.say = say

    def until(
        self, seen: Callable[[], T], done: Callable[[T], bool], limit_s: float, words: str
    ) -> T:
        """Look until it is done or the limit has passed; returns what was seen last."""
        began, told = self.clock(), False
        while True:
            last = seen()
            if done(last) or self.clock() - began >= limit_s:
                return last
            if not told and self.clock() - began >= SLOW_S:
                self.say(f"{words}, up to {limit_s:.0f} s")
                told = True
            self.sleep(LOOK_EVERY_S)
