"""The SIM card: there or not, its PIN and PUK (AT+CPIN; manual p. 84)."""

from collections.abc import Callable

from outcry.hw.board.modem.at import Cme, Command, NotAllowed, Refused
from outcry.hw.board.modem.handler import Answer, says
from outcry.hw.board.modem.options import Options

PIN_TRIES, PUK_TRIES = 3, 10
ABSENT, PIN_WANTED, PUK_WANTED, FAILED, BUSY, WRONG = 10, 11, 12, 13, 14, 16


class SimCard:
    """What the card knows outlives every reset: the tries that are left, the PIN as last set."""

    def __init__(self, options: Options, when_opened: Callable[[], None]) -> None:
        self.awake = False  # read by the modem; until then it is busy
        self._present = options.sim
        self._pin = options.pin
        self._puk = options.puk
        self._pin_tries = PIN_TRIES if options.pin_tries is None else options.pin_tries
        self._puk_tries = PUK_TRIES
        self._locked = options.pin is not None
        self._when_opened = when_opened

    @property
    def usable(self) -> bool:
        """Read, and open: the modem may go to the network."""
        return self.awake and self._present and not self._locked

    @property
    def state(self) -> str:
        """As +CPIN shows it."""
        if not self._present:
            return "NOT INSERTED"
        if self._locked:
            return "SIM PIN" if self._pin_tries else "SIM PUK"
        return "READY"

    def sleep(self) -> None:
        """The modem has gone down; next time the card asks for its PIN again."""
        self.awake = False
        self._locked = self._pin is not None

    def read(self) -> None:
        """The modem has powered the card."""
        self.awake = self._present

    def trouble(self) -> int | None:
        """The +CMS ERROR a message command gets because of the card (3GPP TS 27.005 §3.2.5)."""
        if not self._present:
            return 310
        if not self.awake:
            return 314
        if self._locked:
            return 311 if self._pin_tries else 316
        return None

    def demand(self) -> None:
        """Raises Cme unless what is on the card can be read."""
        self._demand_awake()
        if self._locked:
            raise Cme(PIN_WANTED if self._pin_tries else PUK_WANTED)

    def _demand_awake(self) -> None:
        if not self._present:
            raise Cme(ABSENT)
        if not self.awake:
            raise Cme(BUSY)

    def answer(self, command: Command) -> Answer:
        self._demand_awake()
        if command.form == "read":
            return says(f"+CPIN: {self.state}")
        if command.form != "set":
            raise Refused
        if not self._locked:
            raise NotAllowed
        if self._pin_tries:
            self._enter_pin(command.text(0))
        else:
            self._enter_puk(command.text(0), command.text(1))
        self._locked = False
        self._pin_tries, self._puk_tries = PIN_TRIES, PUK_TRIES
        self._when_opened()
        return says()

    def _enter_pin(self, pin: str) -> None:
        if pin != self._pin:
            self._pin_tries -= 1
            raise Cme(WRONG)

    def _enter_puk(self, puk: str, new_pin: str) -> None:
        if not self._puk_tries:
            raise Cme(FAILED)
        if not new_pin:
            raise Cme(PUK_WANTED)
        if puk != self._puk:
            self._puk_tries -= 1
            raise Cme(WRONG)
        self._pin = new_pin
