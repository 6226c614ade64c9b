"""A whole board without a process: modems, one SMS centre and one clock, all in one hand."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random

from outcry.hw.board.modem.context import Context, Witness, nobody
from outcry.hw.board.modem.network import Network
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.schedule import Schedule
from outcry.hw.board.modem.sms.centre import Centre
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.sim800.sim800 import Sim800


class Board:
    """Modems by name, on one schedule: moving it moves them all, in the right order."""

    def __init__(
        self,
        modems: Mapping[str, str],
        network: Network,
        *,
        timing: Timing,
        random: Random,
        options: Options | None = None,
        witness: Witness = nobody,
        wall: Callable[[float], datetime] = lambda now: datetime.now(UTC),
        now: float = 0.0,
    ) -> None:
        """``modems`` maps names to numbers in international form; nothing is switched on yet."""
        self.schedule = Schedule(now)
        self.centre = Centre(self.schedule, timing, random, wall, witness)
        self.modems = {
            name: Sim800(
                Context(name, self.schedule, timing, random, witness, wall),
                number,
                self.centre,
                network,
                options,
            )
            for name, number in modems.items()
        }

    def due(self) -> float | None:
        """When the board next does something by itself."""
        times = [time for modem in self.modems.values() if (time := modem.due()) is not None]
        return min(times, default=None)

    def advance(self, now: float) -> None:
        """Let everything happen that is due up to now."""
        while (due := self.due()) is not None and due < now:
            for modem in self.modems.values():
                modem.advance(due)
        for modem in self.modems.values():
            modem.advance(now)
