"""What other programs may do to a running board's modems: their network, their supply, bad luck."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from outcry.hw.board.modem.faults import STAGES
from outcry.hw.board.modem.gprs import HOWS
from outcry.hw.board.modem.registration import WELCOMES
from outcry.hw.board.modem.wire import DIRECTIONS
from outcry.hw.board.process.board import Board
from outcry.hw.board.process.requests import (
    Invalid,
    Json,
    cell_of,
    choice_of,
    number_of,
    switch_of,
    text_of,
    whole_of,
)
from outcry.hw.board.sim800 import fault_catalogue
from outcry.hw.board.sim800.jamming_detector import NOISES
from outcry.hw.board.sim800.sim800 import Sim800

CLEAR = "clear"
CODE_LIMIT = 999  # of +CMS ERROR
SECONDS_LIMIT = 86400.0
TIMES_LIMIT = 1_000_000
BAUD_LIMIT = 460800
SIGNAL_LIMIT = 31
MILLIVOLTS_LIMIT = 5000

Value = TypeVar("Value")
Check = Callable[[Json, str], object]
Change = Callable[[Sim800, Json, float], object]


_count = partial(whole_of, low=0, high=TIMES_LIMIT)
_code = partial(whole_of, low=0, high=CODE_LIMIT)
_seconds = partial(number_of, low=0.0, high=SECONDS_LIMIT)
_DETAILS: dict[str, Check] = {
    "step": text_of,
    "stage": partial(choice_of, choices=STAGES),
    "times": _count,
    "skip": _count,
    "seconds": _seconds,
    "text": text_of,
    "code": _code,
    "share": partial(number_of, low=0.0, high=1.0),
    "direction": partial(choice_of, choices=DIRECTIONS),
    "baud": partial(whole_of, low=1200, high=BAUD_LIMIT),
    "seed": _count,
}


def _if_given(check: Callable[[Json, str], Value], asked: Json, key: str) -> Value | None:
    return None if asked.get(key) is None else check(asked, key)


def _cells(modem: Sim800, asked: Json, now: float) -> None:
    given = asked.get("cells")
    if not isinstance(given, list) or not given:
        raise Invalid("cells is a list: the serving cell, then its neighbours")
    serving, *neighbours = [cell_of(each) for each in given]
    modem.set_cells(serving, neighbours, now)


def _fault(modem: Sim800, asked: Json, now: float) -> Json:
    """Arm a fault of the catalogue, or clear all. Answers how many are armed at steps."""
    name = text_of(asked, "name")
    if name == CLEAR:
        fault_catalogue.clear(modem)
    else:
        details = {key: _if_given(check, asked, key) for key, check in _DETAILS.items()}
        fault_catalogue.arm(modem, name, **details)
    return {"armed": len(modem.faults)}


_CHANGES: dict[str, Change] = {
    "gprs": lambda modem, asked, now: modem.set_gprs(
        choice_of(asked, "how", HOWS), now, old_only=bool(asked.get("old_only"))
    ),
    "network": lambda modem, asked, now: modem.set_network(switch_of(asked), now),
    "welcome": lambda modem, asked, now: modem.set_welcome(choice_of(asked, "how", WELCOMES), now),
    "signal": lambda modem, asked, now: modem.set_signal(
        whole_of(asked, "csq", 0, SIGNAL_LIMIT), now
    ),
    "cells": _cells,
    "jamming": lambda modem, asked, now: modem.set_jamming(choice_of(asked, "noise", NOISES), now),
    "nat": lambda modem, asked, now: modem.set_nat(_if_given(_seconds, asked, "seconds"), now),
    "supply": lambda modem, asked, now: modem.set_supply(
        whole_of(asked, "millivolts", 0, MILLIVOLTS_LIMIT), now
    ),
    "power": lambda modem, asked, now: (
        modem.power_on(now) if switch_of(asked) else modem.power_off(now)
    ),
    "reset": lambda modem, asked, now: modem.reset(now),
    "mute": lambda modem, asked, now: modem.set_mute(switch_of(asked), now),
    "sms-fault": lambda modem, asked, now: modem.set_sms_refusal(
        _if_given(_code, asked, "code"), now
    ),
    "fault": _fault,
}


def modem_requests(board: Board) -> dict[str, Callable[[Json], Json]]:
    """The requests about modems, by name. Each may name its ``modem``; else the first is meant."""
    return {name: partial(_changed, board, change) for name, change in _CHANGES.items()}


def _changed(board: Board, change: Change, asked: Json) -> Json:
    name = asked.get("modem") or next(iter(board.modems))
    if name not in board.modems:
        raise Invalid(f"there is no modem {name!r} here; there is {', '.join(board.modems)}")
    answer = change(board.modems[name], asked, board.schedule.now)
    return answer if isinstance(answer, dict) else {}
