"""What goes wrong on demand, a command and an occurrence at a time.

    modem.faults.on("+CMGS", Fault(Kind.SILENT, stage="answer"), times=1)

means: the next AT+CMGS sends its message, and its +CMGS: never comes.

The faults that have a name of their own are in :mod:`outcry.hw.board.sim800.fault_catalogue`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

Stage = Literal["command", "prompt", "text", "answer", "after", "result"]
STAGES: tuple[Stage, ...] = ("command", "prompt", "text", "answer", "after", "result")


class Kind(Enum):
    """What comes instead of what should have come."""

    SILENT = "silent"  # nothing
    LATE = "late"  # the right thing, `seconds` later
    ERROR = "error"  # `text`, or ERROR
    GARBAGE = "garbage"  # bytes of line noise
    PARTIAL = "partial"  # its first half
    URC = "urc"  # the right thing, with the unsolicited line `text` before it
    RESET = "reset"  # the modem restarts, `seconds` later, and is deaf until then
    CRASH = "crash"  # the right thing, and the modem restarts `seconds` later, alive until then


@dataclass(frozen=True)
class Fault:
    """One fault.

    ``stage`` says where it strikes: ``command`` before anything is done; ``prompt`` at the ``> ``
    (except for ERROR and RESET the modem then does wait for the text); ``answer`` after all is
    done, at the final answer; ``after`` when that has been said; ``result`` at the late result of a command already answered with
    OK (CONNECT OK).
    """

    kind: Kind
    stage: Stage = "command"
    seconds: float = 0.0
    text: str = ""
    effect: Callable[[], None] | None = field(default=None, compare=False)


@dataclass
class _Rule:
    command: str
    fault: Fault
    skip: int
    left: int | None


class Faults:
    """The faults armed on one modem, first armed first taken."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def on(self, command: str, fault: Fault, *, times: int | None = 1, skip: int = 0) -> None:
        """Arm a fault for the next ``times`` occurrences (None: for ever) after ``skip`` others.

        ``command`` is the name without AT, like ``+CMGS`` or ``E``; ``*`` is any command.
        A name without its sign (``CMGS``) means the extended command.
        """
        if command != "*" and len(command) > 1 and command[0].isalpha():
            command = "+" + command
        self._rules.append(_Rule(command.upper(), fault, skip, times))

    def take(self, command: str, stage: Stage) -> Fault | None:
        """The fault that strikes this command at this stage, if any; it counts as used.

        Its effect has then happened.
        """
        for rule in self._rules:
            if rule.fault.stage != stage or rule.command not in (command, "*"):
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            if rule.left is not None:
                rule.left -= 1
                if not rule.left:
                    self._rules.remove(rule)
            if rule.fault.effect is not None:
                rule.fault.effect()
            return rule.fault
        return None

    def clear(self) -> None:
        self._rules.clear()

    def __len__(self) -> int:
        return len(self._rules)
