"""What other programs may do to a running board's modems: their network, their supply, bad luck."""

from collections.abc import Callable
from functools import partial

from outcry.hw.board.modem.faults import STAGES
from outcry.hw.board.modem.gprs import HOWS
from outcry.hw.board.modem.registration import WELCOMES
from outcry.hw.board.modem.wire import DIRECTIONS
from outcry.hw.board.process.board import Board
from outcry.hw.board.process.requests import Invalid, Json, Request
from outcry.hw.board.sim800 import fault_catalogue
from outcry.hw.board.sim800.jamming_detector import NOISES
from outcry.hw.board.sim800.sim800 import Sim800

CLEAR = "clear"
CODE_LIMIT = 999  # of +CMS ERROR

Change = Callable[[Sim800, Request, float], Json | None]

_count = partial(Request.whole, low=0, high=1_000_000)
_code = partial(Request.whole, low=0, high=CODE_LIMIT)
_seconds = partial(Request.number, low=0.0, high=86400.0)
_DETAILS: dict[str, Callable[[Request, str], object]] = {
    "step": Request.text,
    "stage": partial(Request.choice, choices=STAGES),
    "times": _count,
    "skip": _count,
    "seconds": _seconds,
    "text": Request.text,
    "code": _code,
    "share": partial(Request.number, low=0.0, high=1.0),
    "direction": partial(Request.choice, choices=DIRECTIONS),
    "baud": partial(Request.whole, low=1200, high=460800),
    "seed": _count,
}


def _fault(modem: Sim800, asked: Request, now: float) -> Json:
    """Arm a fault of the catalogue, or clear all. Answers how many are armed at steps."""
    name = asked.text("name")
    if name == CLEAR:
        fault_catalogue.clear(modem)
    else:
        details = {key: asked.if_given(take, key) for key, take in _DETAILS.items()}
        fault_catalogue.arm(modem, name, **details)
    return {"armed": len(modem.faults)}


_CHANGES: dict[str, Change] = {
    "gprs": lambda modem, asked, now: modem.set_gprs(
        asked.choice("how", HOWS), now, old_only=bool(asked.get("old_only"))
    ),
    "network": lambda modem, asked, now: modem.set_network(asked.switch(), now),
    "welcome": lambda modem, asked, now: modem.set_welcome(asked.choice("how", WELCOMES), now),
    "signal": lambda modem, asked, now: modem.set_signal(asked.whole("csq", 0, 31), now),
    "cells": lambda modem, asked, now: modem.set_cells(*asked.cells(), now),
    "jamming": lambda modem, asked, now: modem.set_jamming(asked.choice("noise", NOISES), now),
    "nat": lambda modem, asked, now: modem.set_nat(asked.if_given(_seconds, "seconds"), now),
    "supply": lambda modem, asked, now: modem.set_supply(asked.whole("millivolts", 0, 5000), now),
    "power": lambda modem, asked, now: (
        modem.power_on(now) if asked.switch() else modem.power_off(now)
    ),
    "reset": lambda modem, asked, now: modem.reset(now),
    "mute": lambda modem, asked, now: modem.set_mute(asked.switch(), now),
    "sms-fault": lambda modem, asked, now: modem.set_sms_refusal(
        asked.if_given(_code, "code"), now
    ),
    "fault": _fault,
}


def modem_requests(board: Board) -> dict[str, Callable[[Request], Json]]:
    """The requests about modems, by name. Each may name its ``modem``; else the first is meant."""
    return {name: partial(_changed, board, change) for name, change in _CHANGES.items()}


def _changed(board: Board, change: Change, asked: Request) -> Json:
    name = asked.get("modem") or next(iter(board.modems))
    if name not in board.modems:
        raise Invalid(f"there is no modem {name!r} here; there is {', '.join(board.modems)}")
    return change(board.modems[name], asked, board.schedule.now) or {}
