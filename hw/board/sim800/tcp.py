"""TCP over GPRS as the SIM800 does it, one connection (AT+CIPMUX=0; manual p. 213 to 238)."""

from collections.abc import Callable

from outcry.hw.board.modem.at import Command, NotAllowed, Refused
from outcry.hw.board.modem.gprs import How, fate
from outcry.hw.board.modem.handler import Answer, Entry, Signal, Steps, Wait, forms, framed, says
from outcry.hw.board.modem.network import Network
from outcry.hw.board.modem.part import Core, Part
from outcry.hw.board.modem.schedule import Planned
from outcry.hw.board.modem.tcp_link import Link, Linked
from outcry.hw.board.sim800.received import Received

SEND_LIMIT = 1460  # belief: bytes that one CIPSEND takes; CIPSEND? says so
UNACKNOWLEDGED_S = 645.0  # manual p. 217
ADDRESS = "10.89.193.1"
_BUSY = ("TCP CONNECTING", "CONNECT OK")
_STARTS = '("TCP","UDP"),("(0-255).(0-255).(0-255).(0-255)"),(1-65535)'


class Tcp(Linked, Part):
    def __init__(self, core: Core, network: Network) -> None:
        super().__init__(core)
        self.state = "IP INITIAL"
        self._idle_limit_s: float | None = None
        self._sticks = False
        self._access_point: tuple[str, ...] = ("CMNET", "", "")  # as the manual has it, p. 220
        self._network = network
        self._plans: list[Planned] = []
        self._received = Received(core)
        self._decided = Signal()
        self._acknowledged = Signal()
        core.registration.when_lost.append(self.deactivate)
        self.handlers = {
            "+CSTT": forms("read run set", self._answer_cstt, test='"APN","USER","PWD"'),
            "+CIICR": self._answer_ciicr,
            "+CIFSR": self._answer_cifsr,
            "+CIPSTART": forms("read run set", self._connects, test=_STARTS),
            "+CIPSEND": forms("read run set", self._sends, test="<length>"),
            "+CIPACK": self._answer_cipack,
            "+CIPSTATUS": lambda command: says("OK", f"STATE: {self.state}", final=""),
            "+CIPCLOSE": forms("read run set", self._closes, test="(0,1)"),
            "+CIPSHUT": forms("read run set", self._shuts, test=""),
            "+CIPRXGET": forms("read set", self._answer_ciprxget, test="(0-4),(1-1460)"),
            "+CDNSGIP": self._answer_cdnsgip,
        }

    # What happens to the data path from outside

    def forget_idle(self, seconds: float | None) -> None:
        """The carrier's NAT forgets what was idle for longer, the open connection too."""
        self._idle_limit_s = seconds
        if self._link is not None:
            self._link.idle_limit_s = seconds

    def stick(self) -> None:
        """The next CIPSTART never gets a result."""
        self._sticks = True

    def lose_peer(self) -> None:
        """The other end closes; CLOSED is for the caller to say."""
        if self.state == "CONNECT OK":
            self._drop("TCP CLOSED")

    def deactivate(self, *, said: bool = True) -> None:
        """The network takes the context away: +PDP: DEACT, if there was one."""
        if self.state in ("IP INITIAL", "PDP DEACT"):
            return
        self._cancel()
        if self._link is not None:
            self._link.lose()
        self.state = "PDP DEACT"
        if said:
            self._terminal.urc("+PDP: DEACT")
        self._decided.tell()
        self._acknowledged.tell()

    def restart(self) -> None:
        self._cancel()
        self._drop("IP INITIAL")
        self._received.restart()

    # What the connection does by itself

    def connected(self, link: Link, opened: bool) -> None:
        if link is not self._link or self.state != "TCP CONNECTING":
            return
        if opened:
            self.state = "CONNECT OK"
            self._context.see("tcp-connected")
            self._terminal.result("+CIPSTART", "CONNECT OK")
        else:
            self._fails("TCP CLOSED")
        self._decided.tell()

    def _fails(self, state: str) -> None:
        self._drop(state)
        self._context.see("tcp-failed")
        self._terminal.result("+CIPSTART", f"STATE: {state}", "CONNECT FAIL")
        self._decided.tell()

    def arrived(self, link: Link, data: bytes) -> None:
        if link is not self._link:
            return
        self._context.see("tcp-received", bytes=len(data))
        self._received.arrived(data)

    def closed(self, link: Link) -> None:
        if link is not self._link or self.state != "CONNECT OK":
            return
        self.state = "TCP CLOSED"
        self._context.see("tcp-closed", by="peer")
        self._terminal.urc("CLOSED")
        self._acknowledged.tell()

    def _drop(self, state: str) -> None:
        self.state = state
        if self._link is not None:
            self._link.close()
            self._link = None

    def _cancel(self) -> None:
        for plan in self._plans:
            plan.cancel()
        self._plans.clear()

    # Bringing the context up by hand

    def _answer_cstt(self, command: Command) -> Answer:
        if command.form == "read":
            return says('+CSTT: "{}","{}","{}"'.format(*self._access_point))
        if self.state != "IP INITIAL" or len(command.args) > len(self._access_point):
            raise NotAllowed
        if command.form == "set":
            self._access_point = tuple(command.text(position) for position in range(3))
        self.state = "IP START"
        return says()

    def _answer_ciicr(self, command: Command) -> Steps:
        if self.state != "IP START" or command.form != "run":
            raise NotAllowed
        self.state = "IP CONFIG"
        timing = self._context.timing
        fails = not self._registration.attached
        yield Wait(self._context.draw(timing.context_fails if fails else timing.context))
        if fails or self.state != "IP CONFIG":
            self.state = "PDP DEACT"
            raise Refused
        self.state = "IP GPRSACT"
        return says()

    def _answer_cifsr(self, command: Command) -> Answer:
        if self.state in ("IP INITIAL", "IP START", "IP CONFIG", "PDP DEACT"):
            raise NotAllowed
        if self.state == "IP GPRSACT":
            self.state = "IP STATUS"
        return says(ADDRESS, final="")

    def _connects(self, command: Command) -> Steps:
        if command.form != "set" or command.text(0).upper() != "TCP":
            raise NotAllowed
        if self.state == "CONNECT OK":
            return says("OK", "ALREADY CONNECT", final="")
        again = self.state == "TCP CLOSED" and self._options.restarts_after_close
        if self.state not in ("IP INITIAL", "IP STATUS") and not again:
            raise NotAllowed
        self._start(command.text(1), command.number(2))
        if self._options.serves_while_connecting:
            return says()
        self._terminal.raw(framed("OK"))
        yield self._decided
        return Answer(b"", "")

    def _start(self, host: str, port: int) -> None:
        self._drop("TCP CONNECTING")
        self._received.clear()
        self._decided = Signal()
        self._context.see("tcp-connecting", host=host, port=port)
        how: How = self._registration.gprs.for_new
        if not self._registration.attached and how == "on":
            how = "dead"
        if self._sticks:
            how, self._sticks = "connecting", False
        match how:
            case "refused":
                self._plan(0.0, lambda: self._fails("TCP CLOSED"))
            case "dead":
                late = self._context.draw(self._context.timing.connect_fails)
                self._plan(late, lambda: self._fails("PDP DEACT"))
            case "on" | "silent" | "rubbish":
                self._link = Link(self._context, self._network, (host, port), self, fate(how))
                self._link.idle_limit_s = self._idle_limit_s

    def _plan(self, seconds: float, action: Callable[[], None]) -> None:
        self._plans.append(self._context.schedule.after(seconds, action))

    def _sends(self, command: Command) -> Steps:
        if self.state != "CONNECT OK" or self._link is None:
            raise NotAllowed
        if command.form == "read":
            return says(f"+CIPSEND: {SEND_LIMIT}")
        length = command.number(0) if command.form == "set" else None
        if length is not None and not 1 <= length <= SEND_LIMIT:
            raise NotAllowed
        prompts = self._parameters.number("+CIPSPRT")
        data = yield Entry(length, prompt=b"\r\n> " if prompts == 1 else b"")
        if data is None:
            return says() if self._options.escape_answers_ok else Answer(b"", "")
        link = self._link
        if self.state != "CONNECT OK" or link is None:
            return says("SEND FAIL", final="")
        data = data[:SEND_LIMIT]
        acknowledged = Signal()
        link.send(data, acknowledged.tell)
        if self._parameters.number("+CIPQSEND"):
            return says(f"DATA ACCEPT:{len(data)}", final="")
        self._acknowledged = acknowledged
        self._plan(UNACKNOWLEDGED_S, lambda: self._gives_up(link))
        yield acknowledged
        if self.state != "CONNECT OK" or link is not self._link:
            return says("SEND FAIL", final="")
        return says("SEND OK", final="") if prompts < 2 else Answer(b"", "")

    def _gives_up(self, link: Link) -> None:
        """No acknowledgement for so long that the modem itself ends the connection."""
        if link is self._link and link.acknowledged < link.sent:
            self._drop("TCP CLOSED")
            self._terminal.urc("CLOSE")
            self._acknowledged.tell()

    def _answer_cipack(self, command: Command) -> Answer:
        if self._link is None:
            raise NotAllowed
        sent, acknowledged = self._link.sent, self._link.acknowledged
        return says(f"+CIPACK: {sent},{acknowledged},{sent - acknowledged}")

    def _closes(self, command: Command) -> Steps:
        if self.state not in _BUSY or command.form == "read":
            raise NotAllowed
        self._cancel()
        yield Wait(self._context.draw(self._context.timing.shut))
        self._drop("TCP CLOSED")
        self._context.see("tcp-closed", by="modem")
        return says("CLOSE OK", final="")

    def _shuts(self, command: Command) -> Steps:
        self._cancel()
        yield Wait(self._context.draw(self._context.timing.shut))
        if self._link is not None:
            self._context.see("tcp-closed", by="modem")
        self._drop("IP INITIAL")
        self._received.clear()
        return says("SHUT OK", final="")

    def _answer_ciprxget(self, command: Command) -> Answer:
        return self._received.answer(command, connected=self.state in _BUSY)

    def _answer_cdnsgip(self, command: Command) -> Answer:
        host = command.text(0)
        if command.form != "set" or not host:
            raise NotAllowed
        attached = self._registration.attached
        address = self._network.resolve(host) if attached else None
        failure = 8 if attached else 3
        found = f'+CDNSGIP: 1,"{host}","{address}"' if address else f"+CDNSGIP:0,{failure}"
        late = self._context.draw(self._context.timing.connect)
        self._plan(late, lambda: self._terminal.result("+CDNSGIP", found))
        return says()
