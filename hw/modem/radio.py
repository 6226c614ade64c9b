"""What the radio says: registration, signal, cells, jamming, supply. Polled while nothing else is up.

AT+CREG=2 makes the modem tell of every change by itself; polling finds what
was missed and notices a modem that has gone silent.

The jamming detector is switched on after registration, never before, where it
would prevent it (manual p.180-182), and off again when registration stays away.
"""

import logging
import re
from collections import deque

from outcry.hw.modem.events import Cell, Condition
from outcry.hw.modem.lines import Urc
from outcry.hw.modem.link import Link
from outcry.hw.modem.status import LOW_MV, StatusBoard
from outcry.hw.network_time import NetworkTime

log = logging.getLogger("outcry.modem")

POLL_LIMIT_S = 2.0  # plain queries are answered in 20-90 ms
REGISTRATION = "AT+CREG?"
PACKETS = "AT+CGREG?"  # asked while the other domain has no network
ROUND = (REGISTRATION, "AT+CSQ", "AT+CENG?")
ASK_SUPPLY = "AT+CBC"
ASK_CLOCK = "AT+CCLK?"
CLOCK_LOOKS = 4  # rounds, from each registration: the time comes within seconds or not at all
AGREES_S = 3.0  # whole seconds are told, and a line may wait behind a command's answer
WATCH_JAMMING, LEAVE_JAMMING, ASK_JAMMING = "AT+SJDR=1,1,255,1", "AT+SJDR=0", "AT+SJDR?"
ROUNDS_LOST = 30  # of searching, one each 2 s, before the detector is taken for the cause
ROUNDS_LOST_IN_NEED = 5
ROUNDS_REGISTERED = 2  # before it is switched on: a modem may say too early that it is registered
UNDER_VOLTAGE_MV = 3500  # hardware design p.25

STATES = {  # 3GPP TS 27.007, 7.2
    "0": Condition.SEARCHING,
    "1": Condition.REGISTERED,
    "2": Condition.SEARCHING,
    "3": Condition.DENIED,
    "4": Condition.SEARCHING,
    "5": Condition.ROAMING,
    "6": Condition.REGISTERED,  # for texts only
    "7": Condition.ROAMING,  # for texts only
    "8": Condition.DENIED,  # for emergency calls only
    "9": Condition.REGISTERED,
    "10": Condition.ROAMING,
    "11": Condition.DENIED,  # for emergency calls only
}
NO_SIGNAL = 99
EVASIVE = "the modem does not say whether it has a network"
EVASIONS = 2  # AT+CREG? without a usable answer, in a row

_CREG = re.compile(r'(\d+)(?:,"([0-9A-Fa-f]{1,4})","([0-9A-Fa-f]{1,8})")?(?:,.*)?')
_PACKETS_GO = re.compile(r"\d, ?[15]\b")  # home or roaming: 27.007, 10.1.20
_CSQ = re.compile(r"(\d{1,2}),.*")
_CBC = re.compile(r"\d,(\d{1,3}),([2-9]\d{3})")  # one that answers has more than 2 V
_SJDR = re.compile(r"1,\d+,\d+,\d+,(\d)")  # 0 none, 1 jamming, 2 interference
# Serving cell: arfcn, rxl, rxq, mcc, mnc, bsic, cellid, rla, txp, lac, TA (manual p.154, 341).
_CENG = re.compile(
    r'\+CENG: ?0,"\w*,\w*,\w*,(\d{3}),(\d{2,3}),\w*,([0-9A-Fa-f]{1,8}),\w*,\w*,([0-9A-Fa-f]{1,4}),.*"'
)
# A neighbour: arfcn, rxl, bsic, cellid, mcc, mnc, lac.
_NEIGHBOUR = re.compile(
    r'\+CENG: ?[1-6],"\w*,(\d{1,3}),\w*,([0-9A-Fa-f]{1,4}),(\d{3}),(\d{2,3}),([0-9A-Fa-f]{1,4})"'
)


class Radio:
    """Keeps the status board true to what the modem reports."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board
        self._time = NetworkTime()
        self._claim: float | None = None
        self._clock_looks = CLOCK_LOOKS
        self._clock_answers = True
        self._round: deque[str] = deque()
        self._operator: tuple[int, int] | None = None
        self._place: tuple[int, int] | None = None
        self._condition = Condition.SEARCHING
        self._serving = False
        self._packets, self._asks_packets = False, True
        self._evasions = 0
        self._trouble = ""
        self._watches_jamming = False
        self._can_watch = True
        self._rounds_lost = self._rounds_registered = 0
        self._asks_supply = False

    @property
    def worth_a_try(self) -> bool:
        """Whether a text may leave: registered, or the modem will not say whether it is."""
        return self.registered or self._evasions >= EVASIONS

    @property
    def carries_packets(self) -> bool:
        """Whether data may go: some networks take a SIM for packets alone."""
        return self.registered or self._packets

    @property
    def registered(self) -> bool:
        return self._condition.registered

    def serve(self, link: Link, trouble: str = "") -> None:
        """The modem is ready: from here on its condition is its registration.

        ``trouble``: why there may be none.
        """
        self._trouble = trouble
        self.begin_round(registration_alone=True)
        self.poll(link)
        self._serving = True
        self._note()

    def forget(self) -> None:
        """The modem has restarted: nothing is known."""
        self._condition = Condition.SEARCHING
        self._serving = self._packets = False
        self._asks_packets = self._clock_answers = True
        self._operator = self._place = None
        self._round.clear()
        self._watches_jamming, self._can_watch = False, True
        self._rounds_lost = self._rounds_registered = 0

    def take(self, urc: Urc) -> bool:
        """Whether ``urc`` was about the radio or the supply."""
        if urc.text.startswith("+CREG: "):
            self._registration(urc.text[7:])
        elif urc.text.startswith("+SJDR: "):
            self._board.warned(jamming=urc.text != "+SJDR: NO JAMMING")
        elif urc.text.startswith("*PSUTTZ: "):
            self._is_claimed(self._time.told(urc.text), urc.at)
        elif urc.text == "SMS Ready":
            if self._serving:
                self._board.note(self._condition, "ready for texts")
        elif urc.text.startswith("UNDER-VOLTAGE"):
            self._board.warned(under_voltage=True)
        elif urc.text.startswith("OVER-VOLTAGE"):
            log.warning("modem: %s; check its supply", urc.text.lower())
        else:
            return False
        return True

    def begin_round(self, registration_alone: bool, in_need: bool = False) -> None:
        """Have the next polls ask for everything, or for the registration alone."""
        asks_clock = ASK_CLOCK in self._round
        self._round = deque(ROUND[:1] if registration_alone else ROUND)
        self._rounds_lost = 0 if self.registered else self._rounds_lost + 1
        self._rounds_registered = self._rounds_registered + 1 if self.registered else 0
        rounds_borne = ROUNDS_LOST_IN_NEED if in_need else ROUNDS_LOST
        if self._watches_jamming and self._rounds_lost >= rounds_borne:
            self._round.append(LEAVE_JAMMING)
        elif not registration_alone:
            self._round.extend(self._asked_in_turn())
            if self._clock_looks and self._board.now.network_zero is None:
                self._clock_looks -= 1
                asks_clock = True
        self._round.extend((ASK_CLOCK,) * asks_clock)
        self._round.extend((PACKETS,) * (self._asks_packets and not self.registered))

    def _asked_in_turn(self) -> tuple[str, ...]:
        """Supply and jamming take turns: each question wakes the processor."""
        settled = self._rounds_registered >= ROUNDS_REGISTERED
        if settled and self._can_watch and not self._watches_jamming:
            return ASK_SUPPLY, WATCH_JAMMING
        self._asks_supply = not self._asks_supply or not self._watches_jamming
        return (ASK_SUPPLY if self._asks_supply else ASK_JAMMING,)

    def poll(self, link: Link) -> bool:
        """Ask the next question of the round; False if none is left."""
        if not self._round:
            return False
        question = self._round.popleft()
        name = question[2:].rstrip("?")
        reply = link.command(question, POLL_LIMIT_S, idle=True)
        if question == REGISTRATION:
            self._evasions = 0 if reply.value(name) else self._evasions + 1
            self._note()
        answer = reply.value(name)
        if question == ASK_CLOCK:
            self._clock_answers = bool(reply.final)
        if question == PACKETS and not reply.final:  # each takes as long as the next round is away
            self._asks_packets = False
        if question in (WATCH_JAMMING, LEAVE_JAMMING):
            self._watches_jamming = question == WATCH_JAMMING and reply.done
            self._can_watch = reply.done
        elif name == "+CENG":
            self._cells(reply.lines)
        elif answer is not None:
            self._learn(name, answer, link.now())
        return True

    def look_at_clock(self, link: Link) -> None:
        """Between two texts, which tell the time: see whether what the network has told is true."""
        unknown = self._board.now.network_zero is None and self._claim is not None
        if unknown and self._clock_answers and ASK_CLOCK in self._round:
            self._round.remove(ASK_CLOCK)
            self._round.appendleft(ASK_CLOCK)
            self.poll(link)

    def _learn(self, name: str, answer: str, now: float) -> None:
        if name == "+CREG":
            self._registration(answer.partition(",")[2])
        elif name == "+CGREG":
            self._packets = _PACKETS_GO.match(answer) is not None
        elif name == "+CSQ" and (found := _CSQ.fullmatch(answer)):
            signal = int(found[1])
            self._board.measured(signal=None if signal == NO_SIGNAL else signal)
        elif name == "+CBC" and (found := _CBC.fullmatch(answer)):
            percent, millivolts = min(int(found[1]), 100), int(found[2])
            self._board.measured(battery_percent=percent, battery_mv=millivolts)
            if millivolts <= UNDER_VOLTAGE_MV:
                self._board.warned(under_voltage=True)
            elif millivolts >= LOW_MV:
                self._board.warned(under_voltage=False)
        elif name == "+SJDR" and (found := _SJDR.fullmatch(answer)):
            self._board.warned(jamming=found[1] != "0")
        elif name == "+CCLK":
            self._is_shown(answer, now)

    def _is_claimed(self, time: float | None, at: float) -> None:
        """The network has told this; it is believed when the next telling, or a look, agrees.

        So is another one than before: of two networks that disagree, the one that is here now.
        """
        if time is None:
            return
        zero = time - at
        if self._agrees(zero):
            self._board.measured(network_zero=zero)
        self._claim = zero
        known = self._board.now.network_zero
        is_news = known is None or not self._agrees(known)
        if is_news and ASK_CLOCK not in self._round:
            self._round.append(ASK_CLOCK)

    def _is_shown(self, answer: str, at: float) -> None:
        time = self._time.read(answer)
        vouched_for = self._time.shown(answer) is not None
        if time is not None and (vouched_for or self._agrees(time - at)):
            self._board.measured(network_zero=time - at)

    def _agrees(self, zero: float) -> bool:
        return self._claim is not None and abs(zero - self._claim) <= AGREES_S

    def _cells(self, lines: tuple[str, ...]) -> None:
        heard: list[tuple[int, Cell]] = []
        for line in lines:
            if found := _CENG.fullmatch(line):
                self._operator = int(found[1]), int(found[2])
                self._place = int(found[4], 16), int(found[3], 16)
                self._locate()
            elif found := _NEIGHBOUR.fullmatch(line):
                level, ci, mcc, mnc, lac = found.groups()
                heard.append((int(level), Cell(int(mcc), int(mnc), int(lac, 16), int(ci, 16))))
        heard.sort(key=lambda cell: -cell[0])
        self._board.measured(neighbours=tuple(cell for _, cell in heard))

    def _registration(self, told: str) -> None:
        found = _CREG.fullmatch(told.replace(" ", ""))
        state = STATES.get(found[1]) if found else None
        if found is None or state is None:
            return
        if state.registered and not self.registered:
            self._clock_looks = CLOCK_LOOKS
        self._condition = state
        self._note()
        if found[2]:
            self._place = int(found[2], 16), int(found[3], 16)
            self._locate()

    def _note(self) -> None:
        why = self._trouble or (EVASIVE if self._evasions >= EVASIONS else "")
        if self._serving:
            self._board.note(self._condition, "" if self.registered else why)

    def _locate(self) -> None:
        if self.registered and self._place and self._operator:
            self._board.measured(cell=Cell(*self._operator, *self._place))
