"""What a check found: the thing, how it is, and what to do about it."""

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
    """How a thing is; people read the value, and scripts compare it."""

    OK = "ok"
    LOOK = "look"
    """It works, but needs attention."""
    FAILED = "failed"
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


class Sheet:
    """Prints findings: one by one for a person, all at the end as JSON."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._found: list[Finding] = []

    def add(self, finding: Finding) -> None:
        self._found.append(finding)
        if not self._as_json:
            print(finding.line(), flush=True)

    def say(self, words: str) -> None:
        """Print what takes a while, on standard error: it is not a finding."""
        print(f"  ... {words}", file=sys.stderr, flush=True)

    def close(self) -> bool:
        """Print the end; returns whether all is well."""
        wrong = [finding for finding in self._found if not finding.result.is_well]
        if self._as_json:
            checks = [
                finding.__dict__ | {"result": finding.result.value} for finding in self._found
            ]
            print(json.dumps({"version": __version__, "well": not wrong, "checks": checks}))
        elif wrong:
            print(f"\nNeeds attention: {', '.join(finding.name for finding in wrong)}.")
        else:
            print("\nAll is well.")
        return not wrong


class Patience:
    """Waits for something, and tells the person waiting. Seconds of ``clock``."""

    def __init__(
        self, clock: Callable[[], float], sleep: Callable[[float], None], say: Callable[[str], None]
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self.say = say

    def until(
        self, seen: Callable[[], T], done: Callable[[T], bool], limit_s: float, words: str
    ) -> T:
        """Look until ``done`` or the limit has passed; returns what was seen last."""
        began, told = self.clock(), False
        while True:
            last = seen()
            if done(last) or self.clock() - began >= limit_s:
                return last
            if not told and self.clock() - began >= SLOW_S:
                self.say(f"{words}, up to {limit_s:.0f} s")
                told = True
            self.sleep(LOOK_EVERY_S)
