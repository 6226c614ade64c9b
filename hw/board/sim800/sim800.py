"""A SIM800 as its serial port shows it: a state machine without threads, sockets or sleep.

Bytes go in with the time, bytes come out with the time; in between it says when it will next do
something by itself. What it answers follows the SIM800 Series AT Command Manual V1.12 and logs of
real modules; where those are silent, :mod:`outcry.hw.board.modem.options` says so.
"""

from collections.abc import Iterable

from outcry.hw.board.modem.at import Command, Refused
from outcry.hw.board.modem.cells import Cell
from outcry.hw.board.modem.context import Context
from outcry.hw.board.modem.faults import Faults
from outcry.hw.board.modem.gprs import Gprs, How, fate
from outcry.hw.board.modem.handler import Answer, Handler, framed, says
from outcry.hw.board.modem.network import Network
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.packet_contexts import Contexts
from outcry.hw.board.modem.parameters import Parameters
from outcry.hw.board.modem.part import Core, Part
from outcry.hw.board.modem.registration import BootWords, Registration, Welcome
from outcry.hw.board.modem.sms.centre import Centre
from outcry.hw.board.modem.sms.sms import Sms
from outcry.hw.board.modem.terminal import Terminal
from outcry.hw.board.modem.wire import Wire
from outcry.hw.board.sim800.bearer import Bearer
from outcry.hw.board.sim800.clock import Clock
from outcry.hw.board.sim800.engineering_mode import NEIGHBOURS_MOST, EngineeringMode
from outcry.hw.board.sim800.http import Http
from outcry.hw.board.sim800.identity import Identity
from outcry.hw.board.sim800.jamming_detector import JammingDetector, Noise
from outcry.hw.board.sim800.operators import Operators
from outcry.hw.board.sim800.parameter_table import TABLE
from outcry.hw.board.sim800.sleep import Sleep
from outcry.hw.board.sim800.supply import Supply
from outcry.hw.board.sim800.tcp import Tcp

RATE_CHANGE_S = 0.05  # belief: from the OK of AT+IPR to the new rate
BOOT_WORDS = BootWords(
    bytes.fromhex("00 49494949 FFFFFFFF"),  # manual p. 23
    ("RDY", "+CFUN: 1"),
    ("Call Ready", "SMS Ready"),
)
_IGNORED = ("", "A", "H", "L", "M", "O", "P", "T", "X", "V", "Q", "&C", "&D")


class Sim800:
    """One modem. All times are seconds of the clock its schedule runs by."""

    def __init__(
        self,
        context: Context,
        number: str,
        centre: Centre,
        network: Network,
        options: Options | None = None,
    ) -> None:
        self.number = number
        self.options = options or Options()
        self.powered = False
        self.faults = Faults()
        self.wire = Wire()
        self._context = context
        self._parameters = Parameters(TABLE, {"+IPR": "0"} if self.options.autobaud else {})
        self.terminal = Terminal(
            context, self.faults, self._reset, errors=lambda: self._parameters.number("+CMEE")
        )
        self._kept_echo = True
        self._kept_baud: int | None = None
        self.sleep = Sleep(context, self._parameters)
        self._hung = False
        self.registration = Registration(
            context, self.terminal, self._parameters, self.options, BOOT_WORDS
        )
        self.registration.reset = self._reset
        core = Core(context, self.terminal, self._parameters, self.options, self.registration)
        self.jamming = JammingDetector(core)
        self.supply = Supply(core, self._off, self._reset)
        self.tcp = Tcp(core, network)
        self.bearer = Bearer(core)
        self.http = Http(core, self.bearer, network)
        self.sms = Sms(core, number, centre)
        self._parts: tuple[Part, ...] = (
            self.tcp,
            self.bearer,
            self.http,
            self.sms,
            self.jamming,
            self.supply,
            Contexts(core),
            EngineeringMode(core),
            Identity(core),
            Clock(core),
            Operators(core),
        )
        self.terminal.handlers = self._handlers()

    def feed(self, data: bytes, now: float) -> None:
        self.advance(now)
        self.terminal.feed(self.sleep.hears(self.wire.carried(data, "to-modem")))

    def output(self, now: float) -> bytes:
        """All that has left the modem's TXD up to now and was not taken before."""
        self.advance(now)
        return self.wire.carried(self.sleep.speaks(self.terminal.output()), "to-host")

    def due(self) -> float | None:
        """When something next happens by itself; None when nothing will."""
        parts = (self._context.schedule, self.tcp, self.http)
        return min((time for part in parts if (time := part.due()) is not None), default=None)

    def advance(self, now: float) -> None:
        """Let everything happen that is due up to now, each thing at its own time."""
        self._poll()
        while (due := self.due()) is not None and due <= now:
            self._context.schedule.run(due)
            self._poll()
        self._context.schedule.run(now)
        self._poll()

    def _poll(self) -> None:
        self.tcp.poll()
        self.http.poll()

    # The power key, and what the board does to the modem

    def power_on(self, now: float) -> None:
        self.advance(now)
        if self._hung:
            self._hung = self.terminal.muted = False
        self._reset()

    def power_off(self, now: float) -> None:
        """Without a word, as when the supply goes, until the next :meth:`power_on`."""
        self.advance(now)
        self._off()

    def power_down(self, now: float) -> None:
        """PWRKEY on a running modem (hardware design p. 25): off, and it says so."""
        self.advance(now)
        self.terminal.raw(framed("NORMAL POWER DOWN"))
        self._off()

    def reset(self, now: float) -> None:
        """The RST pin: the power-on sequence again.

        Belief: it does not switch on a modem that is off; no paper says that it does (p. 27).
        """
        if self.powered:
            self.power_on(now)

    def warm(self, now: float) -> None:
        """Be a modem that was switched on long ago, instead of powering on."""
        self.advance(now)
        self.powered = True
        self.registration.warm()

    def _changes(self, now: float, what: str, **facts: object) -> None:
        self.advance(now)
        self._context.see(what, **facts)

    def set_network(self, covered: bool, now: float) -> None:
        self._changes(now, "network", on=covered)
        self.registration.cover(covered)

    def set_signal(self, csq: int, now: float) -> None:
        """What +CSQ shows while a network is heard: 0 to 31, steps of 2 dB from -113 dBm; 99: not known."""
        self.advance(now)
        self.registration.signal = csq

    def set_welcome(self, welcome: Welcome, now: float) -> None:
        """How the network takes this subscriber: at home, as a guest, or not at all (+CREG: 3)."""
        self._changes(now, "welcome", how=welcome)
        self.registration.receive(welcome)

    def set_cells(self, serving: Cell, neighbours: Iterable[Cell], now: float) -> None:
        """The base stations heard here. Raises ValueError for more than a SIM800 lists."""
        self.advance(now)
        cells = (serving, *neighbours)
        if len(cells) > 1 + NEIGHBOURS_MOST:
            raise ValueError(f"a SIM800 lists at most {NEIGHBOURS_MOST} neighbours")
        self.registration.move(cells)

    def set_jamming(self, noise: Noise, now: float) -> None:
        """What AT+SJDR finds. Whether the network is still heard is for :meth:`set_network`."""
        self._changes(now, "jamming", noise=noise)
        self.jamming.become(noise)

    def set_supply(self, millivolts: int, now: float) -> None:
        """The supply voltage: +CBC, the warnings of AT+CBATCHK=1, and below 3000 a brown-out.

        At UNDER-VOLTAGE POWER DOWN the modem stays off until :meth:`power_on`; after a brown-out
        it starts by itself when the voltage is back, as modules with a tied power key do.
        """
        self._changes(now, "supply", millivolts=millivolts)
        self.supply.become(millivolts)

    def set_gprs(self, how: How, now: float, *, old_only: bool = False) -> None:
        self._changes(now, "gprs", how=how, old_only=old_only)
        self.registration.change_gprs(Gprs(how, old_only))
        if (becomes := fate(how)) != "true":
            self.http.lose(becomes)
            self.tcp.lose(becomes)

    def set_mute(self, muted: bool, now: float) -> None:
        """A mute modem neither hears nor answers; inside, life goes on."""
        self._changes(now, "mute", on=muted)
        self.terminal.muted = muted

    def hang(self) -> None:
        """Mute and deaf. Belief: the power key ends that as well as RST and the supply do."""
        self._context.see("hang")
        self._hung = self.terminal.muted = True

    def set_nat(self, idle_s: float | None, now: float) -> None:
        """The carrier forgets connections without a byte for longer; None: it never does."""
        self._changes(now, "nat", idle_s=idle_s)
        self.tcp.forget_idle(idle_s)

    def set_sms_refusal(self, code: int | None, now: float) -> None:
        """Every AT+CMGS ends in this +CMS ERROR, until None."""
        self._changes(now, "sms-fault", code=code)
        self.sms.refusal = code

    def status(self) -> dict[str, object]:
        """What a person asks for first."""
        return {
            "number": self.number,
            "registered": self.registration.registered,
            "sms_ready": self.registration.sms_ready,
            "tcp": self.tcp.state,
            "gprs": self.registration.gprs.how,
            "mute": self.terminal.muted,
            "stored": len(self.sms.storage.messages),
            "faults": len(self.faults),
        }

    def _stop(self) -> None:
        self.terminal.restart()
        for part in self._parts:
            part.restart()

    def _off(self) -> None:
        """Everything stops, without a word."""
        self.powered = False
        self._stop()
        self.registration.power_off()

    def _reset(self) -> None:
        if self.supply.dead:
            return
        self.powered = True
        self._stop()
        self._parameters.restore()
        self.wire.modem_baud = self._kept_baud
        self.terminal.echo = self._kept_echo
        self.registration.power_on()

    # Commands that belong to no part

    def _handlers(self) -> dict[str, Handler]:
        handlers: dict[str, Handler] = {
            **dict.fromkeys(TABLE, self._parameters.answer),
            **dict.fromkeys(_IGNORED, lambda command: says()),
            **self.registration.handlers,
        }
        for part in self._parts:
            handlers |= part.handlers
        return handlers | {
            "E": self._answer_echo,
            "Z": self._answer_z,
            "&F": self._answer_factory,
            "&W": self._answer_keep,
            "+IPR": self._sets_rate,
        }

    def _sets_rate(self, command: Command) -> Answer:
        """AT+IPR: the answer still comes at the old rate. 0: whatever the host talks."""
        answer = self._parameters.answer(command)
        if command.form == "set":
            baud = self._parameters.number("+IPR") or None

            def change() -> None:
                self.wire.modem_baud = baud

            self._context.schedule.after(RATE_CHANGE_S, change)
        return answer

    def _answer_echo(self, command: Command) -> Answer:
        if command.text(0, "0") not in ("0", "1"):
            raise Refused
        self.terminal.echo = command.text(0, "0") == "1"
        return says()

    def _answer_z(self, command: Command) -> Answer:
        self._parameters.restore()
        self.terminal.echo = self._kept_echo
        return says()

    def _answer_factory(self, command: Command) -> Answer:
        self._parameters.forget()
        self.terminal.echo = True
        return says()

    def _answer_keep(self, command: Command) -> Answer:
        self._parameters.keep()
        self._kept_echo = self.terminal.echo
        self._kept_baud = self.wire.modem_baud
        return says()
