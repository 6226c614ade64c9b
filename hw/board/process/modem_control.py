"""What other programs may do to a running board's modems: their network, their supply, bad luck."""

from collections.abc import Callable, Mapping

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


class ModemControl:
    """The requests about modems, by name. Each may name its ``modem``; the first is meant else."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.requests: dict[str, Callable[[Json], Json]] = {
            "gprs": self._gprs,
            "network": self._network,
            "welcome": self._welcome,
            "signal": self._signal,
            "cells": self._cells,
            "jamming": self._jamming,
            "nat": self._nat,
            "supply": self._supply,
            "power": self._power,
            "reset": self._reset,
            "mute": self._mute,
            "sms-fault": self._sms_fault,
            "fault": self._fault,
        }

    @property
    def _now(self) -> float:
        return self._board.schedule.now

    def _modem(self, request: Json) -> Sim800:
        modems: Mapping[str, Sim800] = self._board.modems
        name = request.get("modem") or next(iter(modems))
        if name not in modems:
            raise Invalid(f"there is no modem {name!r} here; there is {', '.join(modems)}")
        return modems[name]

    # The network

    def _gprs(self, request: Json) -> Json:
        how = choice_of(request, "how", HOWS)
        self._modem(request).set_gprs(
            next(each for each in HOWS if each == how),
            self._now,
            old_only=bool(request.get("old_only")),
        )
        return {}

    def _network(self, request: Json) -> Json:
        self._modem(request).set_network(switch_of(request), self._now)
        return {}

    def _welcome(self, request: Json) -> Json:
        how = choice_of(request, "how", WELCOMES)
        welcome = next(each for each in WELCOMES if each == how)
        self._modem(request).set_welcome(welcome, self._now)
        return {}

    def _signal(self, request: Json) -> Json:
        self._modem(request).set_signal(whole_of(request, "csq", 0, SIGNAL_LIMIT), self._now)
        return {}

    def _cells(self, request: Json) -> Json:
        given = request.get("cells")
        if not isinstance(given, list) or not given:
            raise Invalid("cells is a list: the serving cell, then its neighbours")
        serving, *neighbours = [cell_of(each) for each in given]
        self._modem(request).set_cells(serving, neighbours, self._now)
        return {}

    def _jamming(self, request: Json) -> Json:
        noise = choice_of(request, "noise", NOISES)
        heard = next(each for each in NOISES if each == noise)
        self._modem(request).set_jamming(heard, self._now)
        return {}

    def _nat(self, request: Json) -> Json:
        """Without ``seconds`` the carrier never forgets."""
        limited = request.get("seconds") is not None
        seconds = number_of(request, "seconds", 0.0, SECONDS_LIMIT) if limited else None
        self._modem(request).set_nat(seconds, self._now)
        return {}

    # The modem itself

    def _supply(self, request: Json) -> Json:
        millivolts = whole_of(request, "millivolts", 0, MILLIVOLTS_LIMIT)
        self._modem(request).set_supply(millivolts, self._now)
        return {}

    def _power(self, request: Json) -> Json:
        modem = self._modem(request)
        if switch_of(request):
            modem.power_on(self._now)
        else:
            modem.power_off(self._now)
        return {}

    def _reset(self, request: Json) -> Json:
        self._modem(request).reset(self._now)
        return {}

    def _mute(self, request: Json) -> Json:
        self._modem(request).set_mute(switch_of(request), self._now)
        return {}

    def _sms_fault(self, request: Json) -> Json:
        limited = request.get("code") is not None
        code = whole_of(request, "code", 0, CODE_LIMIT) if limited else None
        self._modem(request).set_sms_refusal(code, self._now)
        return {}

    def _fault(self, request: Json) -> Json:
        """Arm a fault of the catalogue, or clear all. Answers how many are armed at steps."""
        modem, name = self._modem(request), text_of(request, "name")
        if name == CLEAR:
            fault_catalogue.clear(modem)
        else:
            fault_catalogue.arm(modem, name, **_details(request))
        return {"armed": len(modem.faults)}


def _details(request: Json) -> dict[str, object]:
    checks: dict[str, Callable[[str], object]] = {
        "step": lambda key: text_of(request, key),
        "stage": lambda key: choice_of(request, key, STAGES),
        "times": lambda key: whole_of(request, key, 0, TIMES_LIMIT),
        "skip": lambda key: whole_of(request, key, 0, TIMES_LIMIT),
        "seconds": lambda key: number_of(request, key, 0.0, SECONDS_LIMIT),
        "text": lambda key: text_of(request, key),
        "code": lambda key: whole_of(request, key, 0, CODE_LIMIT),
        "share": lambda key: number_of(request, key, 0.0, 1.0),
        "direction": lambda key: choice_of(request, key, DIRECTIONS),
        "baud": lambda key: whole_of(request, key, 1200, BAUD_LIMIT),
        "seed": lambda key: whole_of(request, key, 0, TIMES_LIMIT),
    }
    return {key: check(key) for key, check in checks.items() if request.get(key) is not None}
