"""AT+CSCLK=2: a modem that sleeps when its line is quiet (manual p. 153 and 154).

With CSCLK=1 the DTR line decides; nobody drives it on three wires, and then the modem stays awake.
"""

from outcry.hw.board.modem.context import Context
from outcry.hw.board.modem.parameters import Parameters

QUIET_S = 5.0  # belief: without a byte in either direction
WAKING_S = 0.1  # manual p. 154: what comes sooner after the byte that wakes it is lost
BY_ITSELF = 2


class Sleep:
    def __init__(self, context: Context, parameters: Parameters) -> None:
        self._context = context
        self._parameters = parameters
        self._last = context.now
        self._hears_from = context.now

    @property
    def asleep(self) -> bool:
        by_itself = self._parameters.number("+CSCLK") == BY_ITSELF
        return by_itself and self._context.now - self._last > QUIET_S

    def hears(self, data: bytes) -> bytes:
        """What the modem understands of these bytes from the host."""
        if not data:
            return data
        if self.asleep:
            self._hears_from = self._context.now + WAKING_S
        self._last = self._context.now
        return data if self._context.now >= self._hears_from else b""

    def speaks(self, data: bytes) -> bytes:
        """The modem says this, for which it wakes by itself."""
        if data:
            self._last = self._context.now
        return data
