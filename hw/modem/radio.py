"""What the radio says: registration, signal, cell, supply voltage. Polled while nothing else is up.

AT+CREG=2 makes the modem tell of every change by itself; polling finds what
was missed and notices a modem that has gone silent.
"""

import re
from collections import deque

from outcry.hw.modem.events import Cell, Condition
from outcry.hw.modem.lines import Urc
from outcry.hw.modem.link import Link
from outcry.hw.modem.status import StatusBoard

POLL_LIMIT_S = 2.0
REGISTRATION = "AT+CREG?"
ROUND = (REGISTRATION, "AT+CSQ", "AT+CBC", "AT+CENG?")

STATES = {
    "0": Condition.SEARCHING,
    "1": Condition.REGISTERED,
    "2": Condition.SEARCHING,
    "3": Condition.DENIED,
    "4": Condition.SEARCHING,
    "5": Condition.ROAMING,
}
NO_SIGNAL = 99
EVASIONS = 3  # AT+CREG? without a usable answer, in a row

_CREG = re.compile(r'(\d)(?:,"([0-9A-Fa-f]{1,4})","([0-9A-Fa-f]{1,8})")?.*')
_CSQ = re.compile(r"(\d{1,2}),.*")
_CBC = re.compile(r"\d,\d{1,3},(\d{1,5})")
# Serving cell: arfcn, rxl, rxq, mcc, mnc, bsic, cellid, rla, txp, lac, TA (manual p.154, 341).
_CENG = re.compile(
    r'\+CENG: ?0,"\w*,\w*,\w*,(\d{3}),(\d{2,3}),\w*,([0-9A-Fa-f]{1,8}),\w*,\w*,([0-9A-Fa-f]{1,4}),.*"'
)


class Radio:
    """Keeps the status board true to what the modem reports."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board
        self._round: deque[str] = deque()
        self._operator: tuple[int, int] | None = None
        self._place: tuple[int, int] | None = None
        self._condition = Condition.SEARCHING
        self._serving = False
        self._evasions = 0

    @property
    def worth_a_try(self) -> bool:
        """Whether a text may leave: registered, or the modem will not say whether it is."""
        return self.registered or self._evasions >= EVASIONS

    @property
    def registered(self) -> bool:
        return self._condition.registered

    def serve(self, link: Link) -> None:
        """The modem is ready: from here on its condition is its registration."""
        self.begin_round(registration_alone=True)
        self.poll(link)
        self._serving = True
        self._board.note(self._condition)

    def forget(self) -> None:
        """The modem has restarted: nothing is known."""
        self._condition = Condition.SEARCHING
        self._serving = False
        self._operator = self._place = None
        self._round.clear()

    def take(self, urc: Urc) -> bool:
        """Whether ``urc`` was about registration."""
        if not urc.text.startswith("+CREG: "):
            return False
        self._registration(urc.text[7:])
        return True

    def begin_round(self, registration_alone: bool) -> None:
        """Have the next polls ask for everything, or for the registration alone."""
        self._round = deque(ROUND[:1] if registration_alone else ROUND)

    def poll(self, link: Link) -> bool:
        """Ask the next question of the round; False if none is left."""
        if not self._round:
            return False
        question = self._round.popleft()
        name = question[2:].rstrip("?")
        reply = link.command(question, POLL_LIMIT_S)
        if question == REGISTRATION:
            self._evasions = 0 if reply.value(name) else self._evasions + 1
        answer = reply.value(name)
        if name == "+CENG":
            self._serving_cell(reply.lines)
        elif answer is not None:
            self._learn(name, answer)
        return True

    def _learn(self, name: str, answer: str) -> None:
        if name == "+CREG":
            self._registration(answer.partition(",")[2])
        elif name == "+CSQ" and (found := _CSQ.fullmatch(answer)):
            if int(found[1]) != NO_SIGNAL:
                self._board.measured(signal=int(found[1]))
        elif name == "+CBC" and (found := _CBC.fullmatch(answer)):
            self._board.measured(battery_mv=int(found[1]))

    def _serving_cell(self, lines: tuple[str, ...]) -> None:
        for line in lines:
            if found := _CENG.fullmatch(line):
                self._operator = int(found[1]), int(found[2])
                self._place = int(found[4], 16), int(found[3], 16)
                self._locate()

    def _registration(self, told: str) -> None:
        found = _CREG.fullmatch(told)
        state = STATES.get(found[1]) if found else None
        if found is None or state is None:
            return
        self._condition = state
        if self._serving:
            self._board.note(state)
        if found[2]:
            self._place = int(found[2], 16), int(found[3], 16)
            self._locate()

    def _locate(self) -> None:
        if self.registered and self._place and self._operator:
            self._board.measured(cell=Cell(*self._operator, *self._place))
