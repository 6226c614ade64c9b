"""What a person at the command line sees of a check: its findings, and what takes a while."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from outcry import __version__
from outcry.daemon.service.findings import Finding, Result

T = TypeVar("T")
LOOK_EVERY_S = 0.5
SLOW_S = 1.0  # a step that takes longer is announced


class Sheet:
    """Prints findings: what keeps an alarm from leaving at once and so first, the rest at the end.

    As JSON all of them at the end, in the order in which they were found.
    """

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._found: list[Finding] = []

    def add(self, finding: Finding) -> None:
        self._found.append(finding)
        if not self._as_json and finding.result is Result.FAILED:
            print(finding.line(), flush=True)

    def say(self, words: str) -> None:
        """Print what takes a while, on standard error: it is not a finding."""
        print(f"  ... {words}", file=sys.stderr, flush=True)

    def close(self) -> bool:
        """Print the rest and the end; returns whether all is well."""
        wrong = [finding for finding in self._found if not finding.result.is_well]
        if self._as_json:
            checks = [each.__dict__ | {"result": each.result.value} for each in self._found]
            print(json.dumps({"version": __version__, "well": not wrong, "checks": checks}))
            return not wrong
        for finding in sorted(self._found, key=lambda each: each.result.is_well):
            if finding.result is not Result.FAILED:
                print(finding.line())
        names = ", ".join(finding.name for finding in wrong)
        print(f"\nNeeds attention: {names}." if wrong else "\nAll is well.")
        return not wrong


@dataclass
class Patience:
    """Waits for something, and tells the person waiting. Seconds of ``clock``."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    say: Callable[[str], None]

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
