"""Two modems and a clock that the caller moves: for tests and campaigns in simulated time."""

from datetime import UTC, datetime, timedelta
from random import Random

from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.process.board import Board
from outcry.hw.board.sim800.sim800 import Sim800
from simulation.virtual_network import VirtualNetwork

WEARER = "+447700900001"
HQ = "+447700900002"
PHONE = "+447700900201"


class Rig:
    """A wearer's modem and HQ's on one board, peers without sockets, and what an observer saw.

    Warm and instant unless asked otherwise; echo is off.
    """

    def __init__(
        self,
        *,
        timing: Timing | None = None,
        options: Options | None = None,
        warm: bool = True,
        echo: bool = False,
    ) -> None:
        self.now = 0.0
        self.network = VirtualNetwork()
        self.events: list[dict[str, object]] = []
        self.board = Board(
            {"wearer": WEARER, "hq": HQ},
            self.network,
            timing=timing or Timing.instant(),
            random=Random(7),
            options=options,
            witness=self._witness,
            wall=lambda now: datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(seconds=now),
        )
        self.modem: Sim800 = self.board.modems["wearer"]
        self.hq: Sim800 = self.board.modems["hq"]
        for modem in (self.modem, self.hq):
            if warm:
                modem.warm(self.now)
                modem.terminal.echo = echo

    def _witness(self, t: float, what: str, **facts: object) -> None:
        self.events.append({"t": t, "what": what, **facts})

    def say(self, data: bytes | str, seconds: float = 0.0, modem: Sim800 | None = None) -> bytes:
        """Send bytes (a text gets its CR), let time pass, and return what came back."""
        modem = modem or self.modem
        modem.feed(data.encode() + b"\r" if isinstance(data, str) else data, self.now)
        return self.passes(seconds, modem)

    def passes(self, seconds: float, modem: Sim800 | None = None) -> bytes:
        self.now += seconds
        self.board.advance(self.now)
        return (modem or self.modem).output(self.now)

    def seen(self, what: str) -> list[dict[str, object]]:
        """What the observer was told of one kind."""
        return [event for event in self.events if event["what"] == what]
