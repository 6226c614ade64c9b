"""Power, SIM and network: the boot sequence, and the commands that ask how far it has come."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from outcry.hw.board.modem.at import Command, Refused
from outcry.hw.board.modem.cells import HERE, NEAR, Cell
from outcry.hw.board.modem.context import Context
from outcry.hw.board.modem.gprs import Gprs
from outcry.hw.board.modem.handler import Answer, Handler, Steps, Wait, forms, says
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.parameters import Parameters
from outcry.hw.board.modem.schedule import Planned
from outcry.hw.board.modem.sim_card import SimCard
from outcry.hw.board.modem.terminal import Terminal
from outcry.hw.board.modem.timing import Span

NOT_SEARCHING, HOME, SEARCHING, DENIED, ROAMING = 0, 1, 2, 3, 5
OPERATOR = "Outcry Test"

Welcome = Literal["home", "roaming", "denied"]
WELCOMES: tuple[Welcome, ...] = ("home", "roaming", "denied")
_PLACES = ("+CREG", "+CGREG")  # where the modem is, for calls and for packets
_STATS = {"home": HOME, "roaming": ROAMING, "denied": DENIED}


class BootWords(NamedTuple):
    """What a family of modems says by itself while it starts."""

    noise: bytes
    """Raw, as soon as there is power."""
    up: tuple[str, ...]
    """When the serial line is up, at a fixed rate only."""
    ready: tuple[str, ...]
    """When calls and texts can be made."""


@dataclass(eq=False, repr=False)
class Registration:
    """What the rest of the modem asks before it does anything: is there a SIM, a network, GPRS?

    ``reset`` restarts the whole modem; it is the modem's own.
    """

    _context: Context
    _terminal: Terminal
    _parameters: Parameters
    _options: Options
    _boot_words: BootWords

    def __post_init__(self) -> None:
        self.sms_ready = False
        self.stat = NOT_SEARCHING
        self.attached = False
        self.coverage = True
        self.signal = 17  # +CSQ's, 0 to 31: -113 dBm and 2 for each step
        self.welcome: Welcome = "home"
        self.gprs = Gprs()
        self.when_registered: list[Callable[[], None]] = []
        self.when_lost: list[Callable[[], None]] = []
        self.when_down: list[Callable[[], None]] = []
        self.when_moved: list[Callable[[], None]] = []
        self.reset: Callable[[], None] = lambda: None
        self._plans: list[Planned] = []
        self._cfun = 1
        self._held_back = False
        self.sim = SimCard(self._options, self._opened)
        self.cells: tuple[Cell, ...] = (HERE, NEAR)
        self.handlers: dict[str, Handler] = {
            "+CFUN": forms("read set", self._sets_function, test="(0,1,4),(0,1)"),
            "+CPIN": forms("read run set", self.sim.answer, test=""),
            "+CSQ": forms("read run set", self._answer_csq, test="(0-31,99),(0-7,99)"),
            **dict.fromkeys(_PLACES, self._answer_creg),
            "+CGATT": forms("read set", self._attaches, test="(0,1)"),
        }

    @property
    def registered(self) -> bool:
        return self.stat in (HOME, ROAMING)

    @property
    def packet_stat(self) -> int:
        return self.stat if not self.registered or self.attached else NOT_SEARCHING

    def power_on(self) -> None:
        """From the power key, or from a reset, to a registered modem."""
        self.down()
        context, timing = self._context, self._context.timing
        context.see("boot")
        self._terminal.listening = False
        self._terminal.raw(self._boot_words.noise)
        started = context.now
        self._later(timing.boot_uart, lambda: self._uart_up(started))

    def warm(self) -> None:
        """A modem that has been up and registered for long, and said all that long ago."""
        self.down()
        self._terminal.listening = True
        self.sim.read()
        if self.sim.usable:
            self.sms_ready = True
            self._registers()

    def down(self) -> None:
        """Everything the modem had is gone; nothing more happens by itself."""
        for plan in self._plans:
            plan.cancel()
        self._plans.clear()
        lost = self.registered
        self._cfun = 1
        self._held_back = False
        self.sms_ready = self.attached = False
        self.sim.sleep()
        self._tell(self.when_down)
        self.stat = NOT_SEARCHING
        if lost:
            self._tell(self.when_lost)

    def power_off(self) -> None:
        """Down, and deaf until the next power-on."""
        self.down()
        self._terminal.listening = False

    def _uart_up(self, started: float) -> None:
        self._terminal.listening = True
        if self._talks():
            for word in self._boot_words.up:
                self._terminal.urc(word)
        self._later(self._context.timing.boot_sim, lambda: self._sim_up(started))

    def _sim_up(self, started: float) -> None:
        self.sim.read()
        if self._talks():
            self._terminal.urc(f"+CPIN: {self.sim.state}")
        if self.sim.usable:
            self._joins(started)

    def _talks(self) -> bool:
        """Whether the modem knows at what rate to speak before the host has (manual p. 53)."""
        return self._parameters.number("+IPR") != 0

    def _opened(self) -> None:
        """The PIN was right."""
        self._context.schedule.after(0, lambda: self._terminal.urc("+CPIN: READY"))
        self._joins(self._context.now)

    def _joins(self, started: float) -> None:
        """Registers and becomes ready, at the times counted from ``started``."""
        timing = self._context.timing
        self._moves_to(SEARCHING)
        self._later(timing.registration, self._registers, since=started)
        self._later(timing.boot_ready, self._ready, since=started)

    def _ready(self) -> None:
        for word in self._boot_words.ready:
            self._terminal.urc(word)
        self.sms_ready = True

    def cover(self, covered: bool) -> None:
        if covered == self.coverage:
            return
        self.coverage = covered
        if not covered:
            self.leave()
        else:
            self.search()

    def receive(self, welcome: Welcome) -> None:
        """The network changes its mind about this subscriber, and says so at once."""
        self.welcome = welcome
        if self.stat in (HOME, ROAMING, DENIED):
            self.leave()
            self.search()

    def change_gprs(self, gprs: Gprs) -> None:
        """The data path becomes another; a dead one takes every context with it."""
        self.gprs = gprs
        if gprs.how == "on":
            self.attached = self.registered
        elif gprs.how == "dead":
            self.attached = False
            self._tell(self.when_lost)

    def move(self, cells: tuple[Cell, ...]) -> None:
        """Other base stations; a change of the serving one is told as +CREG says."""
        changed = cells[0] != self.cells[0]
        self.cells = cells
        self._tell(self.when_moved)
        if changed and self.registered:
            self._tell_place()

    def leave(self) -> None:
        """Off the network, if on one."""
        if self.stat not in (HOME, ROAMING, DENIED):
            return
        lost = self.registered
        self.attached = False
        self._moves_to(SEARCHING)
        if lost:
            self._tell(self.when_lost)

    def search(self) -> None:
        """Find the network again, if looking for one."""
        if self.stat == SEARCHING:
            self._later(self._context.timing.registration_again, self._registers)

    def hold_back(self, held_back: bool) -> None:
        """Something keeps the modem from registering, or no longer does."""
        was_held_back, self._held_back = self._held_back, held_back
        if was_held_back and not held_back:
            self.search()

    def _registers(self) -> None:
        if not self.coverage or self._held_back:
            self._moves_to(SEARCHING)
            return
        if self.welcome == "denied":
            self._moves_to(DENIED)
            return
        self.attached = self.gprs.how != "dead"
        self._moves_to(_STATS[self.welcome])
        self._tell(self.when_registered)

    def _moves_to(self, stat: int) -> None:
        if stat == self.stat:
            return
        self.stat = stat
        self._tell_place()

    def _tell_place(self) -> None:
        """+CREG and +CGREG by themselves, as far as they were asked for."""
        for name in _PLACES:
            if self._parameters.number(name):
                self._terminal.urc(f"{name}: {self._place(name)}")

    def _sets_function(self, command: Command) -> Steps:
        if command.form == "read":
            return says(f"+CFUN: {self._cfun}")
        if (wanted := command.number(0)) not in (0, 1, 4):
            raise Refused
        if command.number(1, 0) == 1:
            self.reset()
            if self._talks():  # the OK comes after the reset (manual p. 96)
                self._later(self._context.timing.boot_uart, lambda: self._terminal.urc("OK"))
            return Answer(b"", "")
        yield Wait(self._context.draw(self._context.timing.function))
        before = self._cfun
        if before == 1 and wanted != 1:
            self.down()
            self._terminal.urc("+CPIN: NOT READY")
        self._cfun = wanted
        if before != 1 and wanted == 1:
            started = self._context.now
            self._later(self._context.timing.boot_sim, lambda: self._sim_up(started))
        return says()

    def _answer_csq(self, command: Command) -> Answer:
        heard = self.stat in (HOME, ROAMING, DENIED)
        return says(f"+CSQ: {self.signal if heard else 0},0")

    def _answer_creg(self, command: Command) -> Answer:
        if command.form != "read":
            return self._parameters.answer(command)
        name = command.name
        return says(f"{name}: {self._parameters.number(name)},{self._place(name)}")

    def _place(self, name: str) -> str:
        """With the cell, if that was asked for and is known."""
        stat = self.stat if name == "+CREG" else self.packet_stat
        cell = self.cells[0]
        with_cell = self._parameters.number(name) == 2 and stat in (HOME, ROAMING)
        return f'{stat},"{cell.lac:04X}","{cell.cell_id:04X}"' if with_cell else str(stat)

    def _attaches(self, command: Command) -> Steps:
        if command.form == "read":
            return says(f"+CGATT: {int(self.attached)}")
        wanted, timing = command.flag(0), self._context.timing
        fails = wanted and not (self.registered and self.gprs.how != "dead")
        yield Wait(self._context.draw(timing.attach_fails if fails else timing.attach))
        if fails:
            raise Refused
        if not wanted and self.attached:
            self._tell(self.when_lost)
        self.attached = wanted
        return says()

    def _later(self, span: Span, action: Callable[[], None], since: float | None = None) -> None:
        spent = 0.0 if since is None else self._context.now - since
        wait = max(0.0, self._context.draw(span) - spent)
        self._plans.append(self._context.schedule.after(wait, action))

    @staticmethod
    def _tell(listeners: list[Callable[[], None]]) -> None:
        for listener in listeners:
            listener()
