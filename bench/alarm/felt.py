"""From the end of a valid hold until the wearer feels it, and until the first report is on disk.

The real daemon, whatever its parts do: a gpsd that is not there, silent or talks rubbish, a modem
that is mute or restarts again and again, a card that somebody else keeps busy. Both are seen from
outside: the motor's pin by the board's record, the report by reading the outbox's file, where
a report can be read only after its commit was synced.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Self

from bench.alarm.press import Event, valid_holds, wait_for_fix
from bench.alarm.troubles import BadGpsd, BusyCard, Gpsd
from bench.figure import percentile, say
from stage.hand import MOTOR_PIN, Hand
from stage.stage import NotSeen, Stage

PRESSES = 3  # of each case; the first raises, the others say "still in danger" in the same way
PAUSE_S = 2.0
GLANCE_S = 0.005
RESET_EVERY_S = 4.0
ARMED = "armed"
_LIMIT_S = 30.0
_SAID = "SELECT count(*) FROM report WHERE position = 0"  # what was said by holding


@dataclass(frozen=True)
class Case:
    """What the wearable's parts do while its button is held."""

    gpsd: Gpsd
    modem: str
    card_busy: bool = False

    def __str__(self) -> str:
        return f"{self.gpsd.value}, modem {self.modem}" + (", card busy" if self.card_busy else "")


CASES = tuple(Case(gpsd, modem) for gpsd, modem in product(Gpsd, ("well", "mute", "restarting")))
CASES += (Case(Gpsd.REAL, "well", card_busy=True), Case(Gpsd.RUBBISH, "restarting", card_busy=True))


@dataclass(frozen=True)
class Signs:
    """Of one hold: seconds until it was felt, and until its report was on the card."""

    pulse_s: float
    sealed_s: float


def raised_pulse_worst_ms(most_cases: int = len(CASES), presses: int = PRESSES) -> float:
    """End of the valid hold until the motor is on, ms: the worst of all cases and presses."""
    return max(signs.pulse_s for signs in measured(most_cases, presses)) * 1000


def first_report_worst_s(most_cases: int = len(CASES), presses: int = PRESSES) -> float:
    """End of the valid hold until its sealed report can be read from the card, s: the worst."""
    return max(signs.sealed_s for signs in measured(most_cases, presses))


@cache
def measured(most_cases: int, presses: int) -> tuple[Signs, ...]:
    """Every case, or the first of them, once for both figures."""
    found: list[Signs] = []
    for case in CASES[:most_cases]:
        signs = press(case, presses)
        say(
            f"{case}: pulse {max(each.pulse_s for each in signs) * 1000:.0f} ms,"
            f" on the card {max(each.sealed_s for each in signs):.3f} s"
        )
        found += signs
    pulses = [each.pulse_s for each in found]
    say(f"{len(found)} presses, median pulse {percentile(pulses, 50) * 1000:.0f} ms")
    return tuple(found)


def press(case: Case, presses: int) -> list[Signs]:
    """Hold so often with a stage of its own; raises :class:`NotSeen` if a sign stays away."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outcry-bench-")))
        stage = stack.enter_context(Stage(folder, ("--warm",)))
        stage.write_settings()
        stage.enrol()
        stage.start_board()
        hand = Hand(stage.board_folder)
        if case.gpsd is Gpsd.REAL:
            stage.start_gpsd()
            wait_for_fix(stage)
        elif case.gpsd is not Gpsd.ABSENT:
            stack.enter_context(BadGpsd(stage.gpsd_port, case.gpsd))
        if case.card_busy:
            stack.enter_context(BusyCard(folder))
        stage.start_daemon()
        stage.wait("armed", lambda: ARMED in stage.log("daemon"), _LIMIT_S)
        stack.enter_context(_Modem(hand, case.modem))
        outbox = stack.enter_context(_Outbox(folder / "state" / "outbox.sqlite"))
        for count in range(1, presses + 1):
            hand.press()
            stage.wait("a report on the card", partial(outbox.has, count), _LIMIT_S)
            time.sleep(PAUSE_S)
        return signs(list(stage.events()), outbox.sealed_at)


def signs(events: Sequence[Event], sealed_at: Sequence[float]) -> list[Signs]:
    """For each hold its signs; raises :class:`NotSeen` if one of them is missing."""
    holds = valid_holds(events)
    on = [
        float(event["t"])
        for event in events
        if event["what"] == "pin-out" and event["pin"] == MOTOR_PIN and event["level"] == 1
    ]
    found = []
    for hold, following in zip(holds, [*holds[1:], float("inf")], strict=True):
        felt = [at for at in on if hold <= at < following]
        sealed = [at for at in sealed_at if hold <= at < following]
        if not felt or not sealed:
            raise NotSeen(f"a hold {'was never felt' if not felt else 'left no report'}")
        found.append(Signs(felt[0] - hold, sealed[0] - hold))
    return found


class _Modem:
    """Keeps the wearer's modem in the state wanted; use as a context manager."""

    def __init__(self, hand: Hand, how: str) -> None:
        self._hand = hand
        self._how = how
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._trouble, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _trouble(self) -> None:
        if self._how == "mute":
            self._hand.mutes()
        while self._how == "restarting" and not self._over.wait(RESET_EVERY_S):
            self._hand.resets()


class _Outbox:
    """Looks at the outbox's file again and again; ``sealed_at`` is when each report of a hold was there."""

    def __init__(self, path: Path) -> None:
        self.sealed_at: list[float] = []
        self._path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def has(self, number: int) -> bool:
        """Whether so many reports are there."""
        return len(self.sealed_at) >= number

    def _look(self) -> None:
        address = f"file:{self._path}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as database:
            while not self._over.wait(GLANCE_S):
                with suppress(sqlite3.OperationalError):  # locked for a moment
                    (there,) = database.execute(_SAID).fetchone()
                    now = time.monotonic()
                    self.sealed_at += [now] * (there - len(self.sealed_at))
