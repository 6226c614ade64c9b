"""The board's side of the pins: which it drives, what the wearer's process put out, presses."""

from collections.abc import Callable
from random import Random

from outcry.hw.board.modem.context import Witness
from outcry.hw.board.modem.schedule import Schedule

PRESSED, RELEASED = 0, None  # a button pulls its pin to ground; released, the pull-up decides
_CHATTER_S = (0.0005, 0.004)  # between two contacts of a bouncing button
_CHATTERS = 3
_SLIP_S = (0.005, 0.045)  # a struggling hand lets go for so long
_SLIPS = 2
_HISTORY_LIMIT = 1000  # output changes remembered for `outcry-board pins`


class PinBoard:
    def __init__(self, schedule: Schedule, random: Random, witness: Witness) -> None:
        self.levels: dict[int, int | None] = {}
        self.outputs: dict[int, int | None] = {}
        self.history: list[tuple[float, int, int | None]] = []
        self.listeners: list[Callable[[int, int | None], None]] = []
        self.wires: list[Callable[[int, int | None], None]] = []
        """Told what the wearer's process puts out."""
        self._schedule = schedule
        self._random = random
        self._witness = witness

    @property
    def now(self) -> float:
        """The board's clock, seconds."""
        return self._schedule.now

    def drive(self, pin: int, level: int | None) -> None:
        """Drive a pin low (0) or high (1), or let go of it (None)."""
        if self.levels.get(pin) == level:
            return
        self.levels[pin] = level
        self._witness(self._schedule.now, "pin-in", pin=pin, level=level)
        for listener in list(self.listeners):
            listener(pin, level)

    def put_out(self, pin: int, level: int | None) -> None:
        """The wearer's process drives an output; None when that process is gone."""
        if self.outputs.get(pin) == level:
            return
        self.outputs[pin] = level
        self.history.append((self._schedule.now, pin, level))
        del self.history[:-_HISTORY_LIMIT]
        self._witness(self._schedule.now, "pin-out", pin=pin, level=level)
        for wire in self.wires:
            wire(pin, level)

    def press(self, pin: int, seconds: float, bounce: bool, done: Callable[[], None]) -> None:
        """Press a button for that long; ``bounce`` adds chatter at both ends and short slips."""
        if bounce:
            self._chatter(pin, 0.0)
            self._chatter(pin, seconds)
            for _ in range(_SLIPS):
                slip = self._random.uniform(*_SLIP_S)
                if seconds > 2 * slip:
                    at = self._random.uniform(slip, seconds - slip)
                    self._schedule.after(at, lambda: self.drive(pin, RELEASED))
                    self._schedule.after(at + slip, lambda: self.drive(pin, PRESSED))
        else:
            self.drive(pin, PRESSED)

        def release() -> None:
            self.drive(pin, RELEASED)
            done()

        settling = _CHATTERS * 2 * _CHATTER_S[1] if bounce else 0.0
        self._schedule.after(seconds + settling, release)

    def _chatter(self, pin: int, start: float) -> None:
        at = start
        for _ in range(_CHATTERS):
            self._schedule.after(at, lambda: self.drive(pin, PRESSED))
            at += self._random.uniform(*_CHATTER_S)
            self._schedule.after(at, lambda: self.drive(pin, RELEASED))
            at += self._random.uniform(*_CHATTER_S)
        if not start:
            self._schedule.after(at, lambda: self.drive(pin, PRESSED))
