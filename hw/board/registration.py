"""Power, SIM and network: the boot sequence, and the commands that ask how far it has come."""

from collections.abc import Callable

from outcry.hw.board.at import Cme, Command, Refused
from outcry.hw.board.context import Context
from outcry.hw.board.options import Options
from outcry.hw.board.parameters import Parameters
from outcry.hw.board.schedule import Planned
from outcry.hw.board.terminal import Answer, Handler, Steps, Terminal, Wait, says
from outcry.hw.board.timing import Span

WAKING_NOISE = bytes.fromhex("004949 4949FFFFFFFF")  # manual p. 23
NOT_SEARCHING, HOME, SEARCHING = 0, 1, 2
CELL = ("00E6", "7A9F")  # location area and cell
PIN_TRIES = 3
OPERATOR = '"Outcry Test"'


class Registration:
    """What the rest of the modem asks before it does anything: is there a SIM, a network, GPRS?"""

    def __init__(
        self, context: Context, terminal: Terminal, parameters: Parameters, options: Options
    ) -> None:
        self.sms_ready = False
        self.stat = NOT_SEARCHING
        self.attached = False
        self.coverage = True
        self.gprs_works = True
        self.when_registered: list[Callable[[], None]] = []
        self.when_lost: list[Callable[[], None]] = []
        self.reset: Callable[[], None] = lambda: None
        self._context = context
        self._terminal = terminal
        self._parameters = parameters
        self._options = options
        self._plans: list[Planned] = []
        self._cfun = 1
        self._sim_ready = False
        self._pin_needed = options.pin is not None
        self._pin_tries = PIN_TRIES
        self._talks = not options.autobaud
        self.handlers: dict[str, Handler] = {
            "+CFUN": self._answer_cfun,
            "+CPIN": self._answer_cpin,
            "+CSQ": self._answer_csq,
            "+CREG": lambda command: self._answer_creg(command, self.stat),
            "+CGREG": lambda command: self._answer_creg(command, self.packet_stat),
            "+COPS": self._answer_cops,
            "+CGATT": self._answer_cgatt,
            "+CENG": self._answer_ceng,
            "+CPOWD": self._answer_cpowd,
        }

    @property
    def registered(self) -> bool:
        return self.stat == HOME

    @property
    def packet_stat(self) -> int:
        return self.stat if self.stat != HOME or self.attached else NOT_SEARCHING

    # Power

    def power_on(self) -> None:
        """From the power key, or from a reset, to a registered modem."""
        self._down()
        context, timing = self._context, self._context.timing
        context.see("boot")
        self._terminal.listening = False
        self._terminal.raw(WAKING_NOISE)
        started = context.now
        self._later(timing.boot_uart, lambda: self._uart_up(started))

    def warm(self) -> None:
        """A modem that has been up and registered for long, and said all that long ago."""
        self._down()
        self._terminal.listening = True
        self._sim_ready = self._options.sim and not self._pin_needed
        if self._sim_ready:
            self.sms_ready = True
            self._registers()

    def _uart_up(self, started: float) -> None:
        self._terminal.listening = True
        if self._talks:
            self._terminal.urc("RDY")
            self._terminal.urc("+CFUN: 1")
        self._later(self._context.timing.boot_sim, lambda: self._sim_up(started))

    def _sim_up(self, started: float) -> None:
        self._sim_ready = self._options.sim
        if self._talks:
            self._terminal.urc(f"+CPIN: {self._sim_state()}")
        if self._options.sim and not self._pin_needed:
            self._joins(started)

    def _joins(self, started: float) -> None:
        """Registers and becomes ready, at the times counted from ``started``."""
        timing = self._context.timing
        self._later(timing.registration, self._registers, since=started)
        self._later(timing.boot_ready, self._ready, since=started)

    def _ready(self) -> None:
        self._terminal.urc("Call Ready")
        self._terminal.urc("SMS Ready")
        self.sms_ready = True

    def _down(self) -> None:
        for plan in self._plans:
            plan.cancel()
        self._plans.clear()
        lost = self.registered
        self._cfun = 1
        self._sim_ready = self.sms_ready = self.attached = False
        self._pin_needed = self._options.pin is not None
        self.stat = NOT_SEARCHING
        if lost:
            self._tell(self.when_lost)

    # Coverage

    def cover(self, covered: bool) -> None:
        """The network goes or comes."""
        if covered == self.coverage:
            return
        self.coverage = covered
        if self.registered and not covered:
            self._moves_to(SEARCHING)
            self.attached = False
            self._tell(self.when_lost)
        elif covered and self.stat == SEARCHING:
            self._later(self._context.timing.registration_again, self._registers)

    def _registers(self) -> None:
        if not self.coverage or not self._cfun:
            self._moves_to(SEARCHING if self._cfun else NOT_SEARCHING)
            return
        self.attached = self.gprs_works
        self._moves_to(HOME)
        self._tell(self.when_registered)

    def _moves_to(self, stat: int) -> None:
        if stat == self.stat:
            return
        self.stat = stat
        for name, shown in (("+CREG", self.stat), ("+CGREG", self.packet_stat)):
            match self._parameters.number(name):
                case 1:
                    self._terminal.urc(f"{name}: {shown}")
                case 2:
                    self._terminal.urc(f"{name}: {self._with_cell(shown)}")

    # Commands

    def _answer_cfun(self, command: Command) -> Answer | Steps:
        if command.form == "test":
            return says("+CFUN: (0,1,4),(0,1)")
        if command.form == "read":
            return says(f"+CFUN: {self._cfun}")
        if command.form != "set" or command.number(0) not in (0, 1, 4):
            raise Refused
        if command.number(1, 0) == 1:
            return self._restarts()
        return self._changes_function(command.number(0))

    def _restarts(self) -> Answer:
        """AT+CFUN=1,1: at a fixed rate the OK comes after the reset (manual p. 96)."""
        self.reset()
        if not self._options.autobaud:
            wait = self._context.timing.boot_uart
            self._plans.append(
                self._context.schedule.after(
                    self._context.draw(wait), lambda: self._terminal.urc("OK")
                )
            )
        return Answer(b"", "")

    def _changes_function(self, wanted: int) -> Steps:
        before, self._cfun = self._cfun, wanted
        if before == 1 and wanted != 1:
            self._tell(self.when_lost)
            self._down()
            self._cfun = wanted
            self._terminal.urc("+CPIN: NOT READY")
        yield Wait(0)
        if before != 1 and wanted == 1:
            started = self._context.now
            self._later(self._context.timing.boot_sim, lambda: self._sim_up(started))
        return says()

    def _answer_cpin(self, command: Command) -> Answer:
        if command.form == "test":
            return says()
        if not self._options.sim:
            raise Cme(10)
        if not self._sim_ready:
            raise Cme(14)
        if command.form == "read":
            return says(f"+CPIN: {self._sim_state()}")
        if command.form != "set":
            raise Refused
        return self._enters_pin(command.text(0))

    def _enters_pin(self, pin: str) -> Answer:
        if not self._pin_needed:
            raise Cme(3)
        if not self._pin_tries:
            raise Cme(12)
        if pin != self._options.pin:
            self._pin_tries -= 1
            raise Cme(16)
        self._pin_tries = PIN_TRIES
        self._pin_needed = False
        self._context.schedule.after(0, lambda: self._terminal.urc("+CPIN: READY"))
        self._joins(self._context.now)
        return says()

    def _sim_state(self) -> str:
        if not self._options.sim:
            return "NOT INSERTED"
        if self._pin_needed:
            return "SIM PIN" if self._pin_tries else "SIM PUK"
        return "READY"

    def _answer_csq(self, command: Command) -> Answer:
        if command.form == "test":
            return says("+CSQ: (0-31,99),(0-7,99)")
        return says("+CSQ: 17,0" if self.registered else "+CSQ: 0,0")

    def _answer_creg(self, command: Command, stat: int) -> Answer:
        if command.form != "read":
            return self._parameters.answer(command)
        shown = self._parameters.number(command.name)
        return says(f"{command.name}: {shown},{self._with_cell(stat) if shown == 2 else stat}")

    def _with_cell(self, stat: int) -> str:
        return f'{stat},"{CELL[0]}","{CELL[1]}"' if stat == HOME else str(stat)

    def _answer_cops(self, command: Command) -> Answer:
        if command.form == "test":
            return says(f'+COPS: (2,{OPERATOR},"Outcry","00101"),,(0-4),(0-2)')
        if command.form == "read":
            return says(f"+COPS: 0,0,{OPERATOR}" if self.registered else "+COPS: 0")
        if command.form != "set" or command.number(0) not in (0, 3):
            raise Refused
        return says()

    def _answer_cgatt(self, command: Command) -> Answer | Steps:
        if command.form == "test":
            return says("+CGATT: (0,1)")
        if command.form == "read":
            return says(f"+CGATT: {int(self.attached)}")
        if command.form != "set" or command.number(0) not in (0, 1):
            raise Refused
        return self._attaches(bool(command.number(0)))

    def _attaches(self, wanted: bool) -> Steps:
        timing = self._context.timing
        fails = wanted and not (self.registered and self.gprs_works)
        yield Wait(self._context.draw(timing.attach_fails if fails else timing.attach))
        if fails:
            raise Refused
        if not wanted and self.attached:
            self._tell(self.when_lost)
        self.attached = wanted
        return says()

    def _answer_ceng(self, command: Command) -> Answer:
        if command.form != "read":
            return self._parameters.answer(command)
        mode = f"+CENG: {self._parameters.shown('+CENG')}"
        if not self._parameters.number("+CENG") or not self.registered:
            return says(mode)
        serving = f'+CENG: 0,"0081,55,00,001,01,31,{CELL[1].lower()},08,05,{CELL[0].lower()},255"'
        return says(mode, f'{serving}\r\n+CENG: 1,"0014,40,15,f2a1,001,01,{CELL[0].lower()}"')

    def _answer_cpowd(self, command: Command) -> Answer:
        """Power down; only the board's reset brings the modem back."""
        if command.form != "set" or command.number(0) not in (0, 1):
            raise Refused
        self._down()
        self._terminal.listening = False
        return says("NORMAL POWER DOWN", final="") if command.number(0) else Answer(b"", "")

    def _later(self, span: Span, action: Callable[[], None], since: float | None = None) -> None:
        spent = 0.0 if since is None else self._context.now - since
        wait = max(0.0, self._context.draw(span) - spent)
        self._plans.append(self._context.schedule.after(wait, action))

    @staticmethod
    def _tell(listeners: list[Callable[[], None]]) -> None:
        for listener in listeners:
            listener()
