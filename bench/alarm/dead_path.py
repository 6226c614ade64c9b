"""When SMS starts while the data path is dead, stuck, slow or lying.

Each case is a stage of its own: the modem with real delays, registered, its
data path up at first. The path fails in one way, some time before the press or
just after it, when the report is already on its way. Several stages run at a
time; what they take from each other makes the figure worse, never better.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.alarm.forger import Forger, Forgery
from bench.alarm.press import PULSES_OF_A_RECEIPT, pulses, wait_for_data_path
from bench.figure import say
from stage.hand import Hand
from stage.stage import Stage

AT_A_TIME = 4
AFTER_HOLD_S = 0.3  # the report has been handed to the modem and has not arrived
BEFORE_PRESS_S = (1.0, 10.0)  # while it reconnects, and while it waits to
OLD_S = 65.0  # the modem's owner takes a connection idle for 60 s for old
_LIMIT_S = 60.0


@dataclass(frozen=True)
class Way:
    """How the data path fails: what the board is told, in order."""

    name: str
    told: tuple[tuple[str, bool], ...]  # how, and whether new connections are spared


@dataclass(frozen=True)
class Case:
    """One press. ``failed_for_s`` is how long before the press the path fails; None: after it."""

    name: str
    way: Way | None
    failed_for_s: float | None = None
    idle_s: float = 0.0
    forgery: Forgery | None = None


# A path that refuses or never connects bites only when the connection there was has gone.
WAYS = (
    Way("dead", (("dead", False),)),
    Way("refused", (("dead", False), ("refused", False))),
    Way("connecting", (("dead", False), ("connecting", False))),
    Way("silent", (("silent", False),)),
    Way("silent, old only", (("silent", True),)),
    Way("silent, new ones never up", (("silent", False), ("connecting", False))),
    Way("rubbish", (("rubbish", False),)),
)


def cases() -> list[Case]:
    """Every way at every moment, a connection grown old, and forged receipts."""
    found = [
        Case(f"{way.name}, {before:g} s before the press", way, before)
        for way in WAYS
        for before in BEFORE_PRESS_S
    ]
    found += [Case(f"{way.name}, after the hold", way) for way in WAYS]
    found += [
        Case(f"{way.name}, on an old connection", way, 1.0, OLD_S)
        for way in WAYS
        if way.name.startswith(("silent", "rubbish"))
    ]
    found += [Case(f"forged: {each.value}", None, forgery=each) for each in Forgery]
    return sorted(found, key=lambda case: -case.idle_s)  # the long ones first


def first_cmgs_gprs_dead_max_s(most_cases: int | None = None) -> float:
    """End of the valid hold until the first AT+CMGS, s: the worst of all :func:`cases`.

    A case in which HQ's true receipt comes before any SMS is due is told and not counted.
    """
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        chosen = cases()[-most_cases:] if most_cases else cases()
        waits = list(pool.map(_measured, chosen, range(len(chosen))))
    return max(wait for wait in waits if wait is not None)


def _measured(case: Case, seed: int) -> float | None:
    board = ("--warm", "--seed", str(seed))
    with (
        tempfile.TemporaryDirectory(prefix="outcry-bench-") as name,
        Stage(Path(name), board) as stage,
    ):
        wait = _first_cmgs(stage, case)
    say(f"{case.name}: {'HQ answered' if wait is None else f'{wait:.2f} s'}")
    return wait


def _first_cmgs(stage: Stage, case: Case) -> float | None:
    stage.write_settings()
    stage.enrol()
    stage.start_board()
    stage.start_gpsd()
    if case.forgery is None:
        stage.start_responder()
        stage.start_daemon()
        return _press(stage, case)
    with Forger(stage.device_port, case.forgery):
        stage.start_daemon()
        return _press(stage, case)


def _press(stage: Stage, case: Case) -> float | None:
    hand = Hand(stage.board_folder)
    wait_for_data_path(stage)
    time.sleep(case.idle_s)
    if case.failed_for_s is not None:
        _fail(hand, case)
        time.sleep(case.failed_for_s)
    valid_at = hand.hold()
    if case.failed_for_s is None:
        time.sleep(max(0.0, valid_at + AFTER_HOLD_S - time.monotonic()))
        _fail(hand, case)

    def texted() -> list[float]:
        return [
            float(event["t"])
            for event in stage.events("at", valid_at)
            if event["modem"] == "wearer" and event["command"] == "AT+CMGS"
        ]

    def answered() -> bool:
        return pulses(list(stage.events("pin-out", valid_at))) >= PULSES_OF_A_RECEIPT

    stage.wait(f"{case.name}: a text or a receipt", lambda: texted() or answered(), _LIMIT_S)
    hand.release()
    return texted()[0] - valid_at if texted() else None


def _fail(hand: Hand, case: Case) -> None:
    if case.way is not None:
        for how, old_only in case.way.told:
            hand.gprs(how, old_only)
