"""One TCP connection through the SIM800's own stack, single connection mode (manual p.213-238).

Only commands that answer at once are used to connect: the APN by CIPCSGP,
then CIPSTART, which says OK and reports CONNECT OK or CONNECT FAIL later.
CIICR (85 s), CGATT (75 s) and SAPBR (85 s) would hold the port.
"""

import logging
import re
from collections import deque
from collections.abc import Callable
from enum import Enum

from outcry.hw.modem.errors import ModemStuck
from outcry.hw.modem.events import Outcome
from outcry.hw.modem.ladder import PATIENCE_S, RUNGS, Rung
from outcry.hw.modem.lines import FINAL, PUSHED_DATA, Urc
from outcry.hw.modem.link import Link
from outcry.hw.modem.settings import ModemSettings

log = logging.getLogger("outcry.modem")

WRITE_MOST = 1024  # bytes; belief: AT+CIPSEND takes 1460 at most
READ_MOST = 1460  # bytes; manual: AT+CIPRXGET=2
PROMPT_LIMIT_S = 3.0  # it comes at once or not at all
ACCEPT_LIMIT_S = 5.0  # quick send waits for no acknowledgement of the peer's

SETTINGS = ("AT+CIPMUX=0", "AT+CIPMODE=0", "AT+CIPSPRT=1", "AT+CIPQSEND=1")
PULLED = "AT+CIPRXGET=1"  # the peer's bytes wait in the modem until they are asked for
PUSHED = "AT+CIPHEAD=1"  # where that is not done: they come unasked, with their number in front

_GONE = r"SEND FAIL|CLOSED|\+PDP: DEACT"
_DECIDED = r"CONNECT OK|CONNECT FAIL|ALREADY CONNECT|CLOSED|\+PDP: DEACT"
_ACCEPTED = re.compile(r"DATA ACCEPT: ?(\d+)|SEND OK")
_READ = r"\+CIPRXGET: 2,(\d{1,4})(?:,\d+)?"


class Tcp(Enum):
    UNKNOWN = "unknown"
    INITIAL = "IP INITIAL"
    CONNECTING = "connecting"
    UP = "connected"
    CLOSED = "closed"
    BROKEN = "to be shut"


class Connection:
    """Opens, writes, reads, closes; never waits for the network, never retries."""

    def __init__(self, settings: ModemSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self.state = Tcp.UNKNOWN
        self.since = clock()
        self.readable = False
        """Bytes of the peer may wait in the modem."""
        self._to_set: deque[str] = deque()
        self._refused_early = False
        self._pushed = b""

    def forget(self) -> None:
        """The modem has restarted."""
        self._become(Tcp.UNKNOWN)
        self._refused_early = False
        self._nothing_to_read()

    def _nothing_to_read(self) -> None:
        self.readable = False
        self._pushed = b""

    def _become(self, state: Tcp) -> None:
        if state is not self.state:
            log.info("connection: %s", state.value)
            self.state = state
            self.since = self._clock()
            if state is Tcp.INITIAL:
                self._to_set = deque((*SETTINGS, PULLED, self._profile()))

    def take(self, urc: Urc) -> bool:
        """Whether ``urc`` was about the connection."""
        text = urc.text
        if text == "+CIPRXGET: 1":
            self.readable = True
        elif text == PUSHED_DATA:
            self._pushed += urc.body.encode("latin-1")
            self.readable = True
        elif text == "CONNECT OK":
            if self.state is Tcp.CONNECTING:
                self._become(Tcp.UP)
        elif text in ("+PDP: DEACT", "ALREADY CONNECT", "SEND FAIL"):
            self._become(Tcp.BROKEN)
        elif text.startswith("STATE: "):
            if self.state is Tcp.CONNECTING and text == "STATE: PDP DEACT":
                self._become(Tcp.BROKEN)
        elif text in ("CLOSED", "CLOSE", "CONNECT FAIL"):
            if self.state in (Tcp.UP, Tcp.CONNECTING):
                self._become(Tcp.CLOSED)
        else:
            return text == "SEND OK"
        return True

    def give_up(self) -> None:
        """The modem is still connecting and need not go on."""
        self._become(Tcp.BROKEN)

    def inspect(self, link: Link, early: bool = False) -> None:
        """Find out what an earlier owner or an earlier epoch left behind.

        ``early``: there is no network yet; what is refused then is asked, or said, again later.
        """
        if link.quarantine.spares("+CIPSTATUS"):  # a modem that restarts again and again has none
            self._become(Tcp.INITIAL)
            return
        reply = link.command("AT+CIPSTATUS", ends=r"STATE: .*|ERROR|\+CME ERROR: .*", idle=True)
        link.settle()  # OK and STATE come in either order
        self._refused_early = early and not reply.final.startswith("STATE: ")
        if not self._refused_early:
            self._become(Tcp.INITIAL if reply.final == "STATE: IP INITIAL" else Tcp.BROKEN)

    def prepare_early(self, link: Link) -> bool:
        """One step towards a connection before there is a network; False when there is none left."""
        if self._refused_early:
            return False
        if self.state is Tcp.UNKNOWN:
            self.inspect(link, early=True)
            return True
        return self.prepare(link, early=True)

    def prepare(self, link: Link, early: bool = False) -> bool:
        """Make one of the settings a new connection needs; False when there is none left."""
        if self.state is not Tcp.INITIAL or not self._to_set:
            return False
        command = self._to_set.popleft()
        reply = link.command(command, idle=True)
        if early and not reply.done:
            self._to_set.appendleft(command)
            self._refused_early = True
            return True
        if not reply.done:
            log.warning("modem refuses %s", command.partition("=")[0])
        if command == PULLED:
            link.expect_pushed(not reply.done)  # if its answer alone was lost, they are announced
            if not reply.done:
                self._to_set.appendleft(PUSHED)
        return True

    def is_hopeless(self, link: Link) -> bool:
        """Whether the modem says it has no GPRS; asked only where trying holds the line."""
        if self._settings.sms_while_connecting:
            return False
        return link.command("AT+CGATT?", idle=True).value("+CGATT") == "0"

    def open(self, link: Link) -> bool:
        """Ask for a connection from IP INITIAL, or try from a closed one; CONNECTING if granted.

        A modem that answers nothing may be connecting all the same; time will tell.
        """
        settings = self._settings
        self._nothing_to_read()
        self._become(Tcp.CONNECTING)
        start = f'AT+CIPSTART="TCP","{settings.host}","{settings.port}"'
        reply = link.command(start, idle=True, vital=True)
        if reply.outcome is Outcome.FAILED:
            self._become(Tcp.BROKEN)
            return False
        if reply.done and not settings.sms_while_connecting:
            link.hold(_DECIDED, settings.connect_limit_s, PATIENCE_S)
        return True

    def _profile(self) -> str:
        settings = self._settings
        login = ""
        if settings.apn_user:
            login = f',"{settings.apn_user}","{settings.apn_password}"'
        return f'AT+CIPCSGP=1,"{settings.apn}"{login}'

    def write(self, link: Link, data: bytes) -> bool:
        """Hand ``data`` to the modem's stack; False, and BROKEN or CLOSED, if it is not taken."""
        for start in range(0, len(data), WRITE_MOST):
            piece = data[start : start + WRITE_MOST]
            reply = link.with_prompt(
                f"AT+CIPSEND={len(piece)}",
                piece,
                lambda: None,
                prompt_limit_s=PROMPT_LIMIT_S,
                limit_s=ACCEPT_LIMIT_S,
                instead=_GONE,
                ends=rf"DATA ACCEPT: ?\d+|SEND OK|{_GONE}|{FINAL}",
                asked="SEND OK",
                counted=True,
                idle=True,
            )
            accepted = _ACCEPTED.fullmatch(reply.final)
            if accepted is None or accepted[1] not in (None, str(len(piece))):
                self._become(Tcp.CLOSED if reply.final == "CLOSED" else Tcp.BROKEN)
                return False
        return True

    def read(self, link: Link) -> bytes:
        """What the peer has sent, at most 1460 bytes; ``readable`` tells whether there is more."""
        if self._pushed:
            data, self._pushed = self._pushed, b""
            self.readable = False
            return data
        announced = self.readable  # a modem that does not survive the command announces nothing
        ask = f"AT+CIPRXGET=2,{READ_MOST}"
        reply = link.command(ask, counted=_READ, idle=True, vital=announced)
        fields = (reply.value("+CIPRXGET") or "").split(",")
        self.readable = reply.done and len(fields) > 2 and fields[2] != "0"
        return reply.data

    def close(self, link: Link) -> None:
        """Drop the connection at once (CIPCLOSE=1 does not wait for the peer)."""
        reply = link.command("AT+CIPCLOSE=1", ends=rf"CLOSE OK|{FINAL}", idle=True, vital=True)
        self._nothing_to_read()
        self._become(Tcp.CLOSED if reply.final else Tcp.BROKEN)

    def attach_again(self, link: Link, hurry: bool = False) -> None:
        """Leave GPRS and join again. Cannot be aborted, see ``shut``; in a ``hurry`` nobody waits."""
        means = RUNGS[Rung.ATTACH]
        limit_s = PATIENCE_S if hurry else means.limit_s
        for command in means.commands:
            reply = link.command(command, limit_s, patience_s=means.patience_s, vital=True)
            if hurry and not reply.final:
                raise ModemStuck("GPRS is neither left nor joined")
        self._become(Tcp.BROKEN)

    def shut(self, link: Link) -> None:
        """Back to IP INITIAL. Cannot be aborted: ``ModemStuck`` when a text or an alarm has to wait.

        ERROR means that there was nothing to shut.
        """
        self._nothing_to_read()
        means = RUNGS[Rung.SHUT]
        reply = link.command(
            means.commands[0],
            means.limit_s,
            ends=rf"SHUT OK|{FINAL}",
            patience_s=means.patience_s,
            vital=True,
        )
        self._become(Tcp.INITIAL if reply.final else Tcp.BROKEN)
