"""From the end of a valid hold to the first byte, and to HQ's receipt.

Everything is read from the board's own record: when it drove the button's pin,
when an AT command was complete at the modem, when HQ's answer was there. The
wearable is the real daemon, started as it ships, with the real gpsd and the
real responder beside it on the same processors.

The first press of a stage raises the alarm. Every later one says "still in
danger", which takes the same way: sealed, synced to the card, handed to the
modem. So a stage gives many presses, and a few stages give a few first ones.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from bench.figure import percentile, say
from outcry.hw.board.process.arguments import BUTTON_PIN
from stage.hand import HOLD_S, MOTOR_PIN, Hand
from stage.stage import NotSeen, Stage

UART_STAGES, UART_PRESSES = 3, 40
RECEIPT_PRESSES = 40
SENDING = ("AT+CIPSEND", "AT+CMGS")  # the commands that bring a report or a text to the modem
PAUSE_S = (
    0.6,
    1.0,
)  # each pulse is felt to its end before the next: the last press's two take 1.5 s
PULSES_OF_A_RECEIPT = 2  # in all, after a hold: "raised" is one, "HQ has it" two more
_START_LIMIT_S = 60.0
_LAST_PRESS_S = 3.0  # what the last press may take to be answered

Event = dict[str, Any]


def press_to_uart_p99_ms(stages: int = UART_STAGES, presses: int = UART_PRESSES) -> float:
    """Software's share: end of the valid hold until the modem has the sending command, ms.

    The modem takes no time, the data path is up. Nothing is subtracted: the board's own reading
    of the pty and the time its pin edge takes to reach the daemon are in it.
    """
    delays: list[float] = []
    for number in range(stages):
        events = _pressed(("--instant", "--warm"), presses, PAUSE_S, seed=number)
        delays += uart_delays(events)
    say(f"{len(delays)} presses, median {percentile(delays, 50) * 1000:.1f} ms")
    return percentile(delays, 99) * 1000


def press_to_receipt_warm_p95_s(presses: int = RECEIPT_PRESSES) -> float:
    """End of the valid hold until HQ's receipt is at the modem, s; a modem with real delays.

    The data path is up and in use. A press that meets a position report under way waits for it,
    and counts like the others.
    """
    events = _pressed(("--warm",), presses, (1.0, 3.0), seed=0)
    delays = receipt_delays(events)
    say(f"{len(delays)} presses, median {percentile(delays, 50):.2f} s, worst {max(delays):.2f} s")
    return percentile(delays, 95)


def valid_holds(events: Sequence[Event]) -> list[float]:
    """When each hold that the board's pin shows had lasted long enough."""
    edges = [each for each in events if each["what"] == "pin-in" and each["pin"] == BUTTON_PIN]
    holds = []
    for down, up in itertools.pairwise(edges):
        if down["level"] == 0 and up["t"] - down["t"] >= HOLD_S:
            holds.append(float(down["t"]) + HOLD_S)
    return holds


def uart_delays(events: Sequence[Event]) -> list[float]:
    """For each hold: seconds until the modem had the command that sends the alarm.

    Raises :class:`NotSeen` if a hold brought none, or brought no receipt that the daemon believed.
    """
    return [sending["t"] - hold for hold, sending, _ in _answered_holds(events)]


def receipt_delays(events: Sequence[Event]) -> list[float]:
    """For each hold: seconds until the last byte of HQ's answer to it was at the modem.

    Raises :class:`NotSeen` as :func:`uart_delays` does.
    """
    return [answer["t"] - hold for hold, _, answer in _answered_holds(events)]


def _answered_holds(events: Sequence[Event]) -> list[tuple[float, Event, Event]]:
    """Each hold's end, the command that sent its report, and what was received for it."""
    holds = valid_holds(events)
    found = []
    for hold, following in zip(holds, [*holds[1:], float("inf")], strict=True):
        after = [each for each in events if hold <= each["t"] < following]
        sent = [each for each in after if _is_sending(each)]
        if not sent:
            raise NotSeen(f"hold at {hold:.3f}: nothing was sent")
        answered_by = sent[1]["t"] if len(sent) > 1 else following
        answers = [
            each
            for each in after
            if each["what"] == "tcp-received"
            and each["modem"] == "wearer"
            and sent[0]["t"] <= each["t"] < answered_by
        ]
        if not answers or pulses(after) < PULSES_OF_A_RECEIPT:
            raise NotSeen(f"hold at {hold:.3f}: no receipt, or none that the wearer felt")
        found.append((hold, sent[0], answers[-1]))
    return found


def _is_sending(event: Event) -> bool:
    return event["what"] == "at" and event["modem"] == "wearer" and event["command"] in SENDING


def pulses(events: Sequence[Event]) -> int:
    """How often the motor was switched on; "HQ has it" may begin while "raised" still runs."""
    return sum(
        each["what"] == "pin-out" and each["pin"] == MOTOR_PIN and each["level"] == 1
        for each in events
    )


def _pressed(
    board: tuple[str, ...], presses: int, pause_s: tuple[float, float], seed: int
) -> list[Event]:
    """The record of a board whose button was pressed so often, with pauses drawn between."""
    random = Random(seed)
    options = (*board, "--seed", str(seed))
    with (
        tempfile.TemporaryDirectory(prefix="outcry-bench-") as name,
        Stage(Path(name), options) as stage,
    ):
        warm_up(stage)
        hand = Hand(stage.board_folder)
        for count in range(1, presses + 1):
            hand.press()
            time.sleep(random.uniform(*pause_s))
            if count % 10 == 0:
                say(f"{count} of {presses} presses")
        time.sleep(_LAST_PRESS_S)
        return list(stage.events())


def warm_up(stage: Stage) -> None:
    """Start everything and return when the data path is up and gpsd has a position."""
    stage.start()
    wait_for_data_path(stage)
    wait_for_fix(stage)


def wait_for_data_path(stage: Stage) -> None:
    """Return when the wearer's modem is connected."""

    def connected() -> bool:
        return any(event["modem"] == "wearer" for event in stage.events("tcp-connected"))

    stage.wait("data path up", connected, _START_LIMIT_S)


def wait_for_fix(stage: Stage) -> None:
    """Return when gpsd has a position."""

    def has_fix() -> bool:
        try:
            return stage.has_fix()
        except OSError:  # a gpsd that is still making out its receiver may keep a client waiting
            return False

    stage.wait("a position at gpsd", has_fix, _START_LIMIT_S)
