"""News, garbage and answers in any order and any pieces: what must come out of the link.

A talk is a row of commands with their answers. Anywhere between the lines the modem says something
of its own accord, or the line is noisy; the bytes come in whatever pieces. Every command of a talk
asks for a number nobody else in it gets, so that an answer given to the wrong one shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcry.hw.modem.errors import ModemError
from outcry.hw.modem.lines import Reply
from outcry.hw.modem.link import Link

NEWS = (
    ("RING", ""),
    ("Call Ready", ""),
    ("SMS Ready", ""),
    ('+CMTI: "SM",3', ""),
    ("+CDS: 25", "0006A1"),
    ('+CMT: "",24', "07AB00"),
    ("+CREG: 5", ""),
    ('+CREG: 1,"00E6","7A9F"', ""),
    ("+CGREG: 2", ""),
    ("+CIPRXGET: 1", ""),
    ("CLOSED", ""),
    ("+PDP: DEACT", ""),
    ("+SAPBR 1: DEACT", ""),
    ("+HTTPACTION: 1,200,17", ""),
    ("CONNECT OK", ""),
    ("UNDER-VOLTAGE WARNNING", ""),
    ("+SJDR: JAMMING DETECTED", ""),
    ("+CPIN: READY", ""),
    ("NO CARRIER", ""),
)
_ANYTIME = [news for news in NEWS if news[0] not in ("CLOSED", "+PDP: DEACT")]
RUBBISH = bytes(byte for byte in range(256) if byte >= 0x80 or byte < 0x0A or byte in b"xyz#~;")


@dataclass(frozen=True)
class Said:
    """News the modem says by itself, or rubbish on the line."""

    text: str = ""
    body: str = ""
    rubbish: bytes = b""

    def __bytes__(self) -> bytes:
        if not self.text:
            return b"\r\n" + self.rubbish + b"\r\n"
        body = f"\r\n{self.body}\r\n" if self.body else ""
        return f"\r\n{self.text}\r\n{body}".encode()


@dataclass(frozen=True)
class Turn:
    """One command: what is said before, within and after its answer, and how it is cut up."""

    kind: str
    before: list[Said]
    within: list[Said]
    after: list[Said]
    cuts: list[int]


_said = st.one_of(
    st.sampled_from(NEWS).map(lambda news: Said(*news)),
    st.binary(max_size=12).map(
        lambda rubbish: Said(rubbish=bytes(byte for byte in rubbish if byte in RUBBISH))
    ),
)
_quiet = st.sampled_from(_ANYTIME).map(lambda news: Said(*news))


def _turn(kind: str) -> st.SearchStrategy[Turn]:
    # Amid a CIPSEND a CLOSED is an answer, not news.
    amid = st.lists(_quiet if kind == "data" else _said, max_size=3)
    after = st.lists(_said, max_size=3)
    return st.builds(Turn, st.just(kind), amid, amid, after, st.lists(st.integers(0, 2000)))


talks = st.lists(
    st.sampled_from(("value", "list", "text", "data", "read", "lost")).flatmap(_turn),
    min_size=1,
    max_size=5,
)


@dataclass
class _Modem:
    """A port with a modem behind it that says what it is told to, on a clock of its own."""

    now: float = 0.0
    rate: int = 115200
    answers: list[bytes] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    coming: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        if data == b"AT\r":
            self.says(b"\r\nOK\r\n")
        elif self.answers:
            self.says(self.answers.pop(0))

    def says(self, data: bytes) -> None:
        marks = [0, *sorted({cut % (len(data) + 1) for cut in self.cuts}), len(data)]
        self.coming += [data[a:b] for a, b in pairwise(marks) if a != b]

    def read(self, timeout_s: float) -> bytes:
        if self.coming:
            return self.coming.pop(0)
        self.now += timeout_s
        return b""

    def wake(self) -> None: ...

    def close(self) -> None: ...


def holds(talk: list[Turn]) -> None:
    """Raises AssertionError if an answer went astray or news was lost, whatever else if it died."""
    modem = _Modem()
    link = Link(modem, lambda: modem.now, lambda: None, lambda: False, lambda began: None)
    link.attention(1)
    link.guarded, link.echo_expected = True, False
    for number, turn in enumerate(talk, 10):
        modem.cuts = turn.cuts
        try:
            _TURNS[turn.kind](modem, link, turn, number)
        except ModemError as error:
            raise AssertionError(f"{turn.kind}: {type(error).__name__}") from error
        modem.says(_joined(turn.after))
        heard = _drained(modem, link)
        said = [(s.text, s.body) for s in (*turn.before, *turn.within, *turn.after) if s.text]
        assert heard == said, (heard, said)


def _drained(modem: _Modem, link: Link) -> list[tuple[str, str]]:
    """All the news up to now, in order."""
    heard = []
    while True:
        link.listen(modem.now)
        heard += [(urc.text, urc.body) for urc in link.urcs]
        link.urcs.clear()
        if not modem.coming and not link.listen(modem.now):
            return heard


def _joined(said: list[Said]) -> bytes:
    return b"".join(bytes(each) for each in said)


def _lines(turn: Turn, first: str, final: str = "OK") -> bytes:
    answer = f"\r\n{first}\r\n".encode()
    return _joined(turn.before) + answer + _joined(turn.within) + f"\r\n{final}\r\n".encode()


def _value(modem: _Modem, link: Link, turn: Turn, number: int) -> None:
    modem.answers = [_lines(turn, f"+CSQ: {number},0")]
    reply = link.command("AT+CSQ")
    assert (reply.final, reply.value("+CSQ")) == ("OK", f"{number},0")


def _list(modem: _Modem, link: Link, turn: Turn, number: int) -> None:
    modem.answers = [_lines(turn, f"+CBC: 0,{number},3986", "+CME ERROR: 3")]
    reply = link.command("AT+CBC")
    assert (reply.code, reply.value("+CBC")) == (3, f"0,{number},3986")


def _text(modem: _Modem, link: Link, turn: Turn, number: int) -> None:
    modem.answers = [
        _joined(turn.before) + b"\r\n> ",
        _joined(turn.within) + f"\r\n+CMGS: {number}\r\n".encode(),
    ]
    given: list[bool] = []
    reply = link.with_prompt(
        "AT+CMGS=18",
        b"00AA\x1a",
        lambda: given.append(True),
        prompt_limit_s=5,
        limit_s=65,
        ends=r"\+CMGS: \d+|ERROR|\+CMS ERROR: .*",
        asked="+CMGS: ",
    )
    assert (reply.final, given) == (f"+CMGS: {number}", [True])
    modem.says(b"\r\nOK\r\n")
    assert link.hold("OK", 1.0).final == "OK"


def _data(modem: _Modem, link: Link, turn: Turn, number: int) -> None:
    modem.answers = [
        _joined(turn.before) + b"\r\n> ",
        _joined(turn.within) + f"\r\nDATA ACCEPT:{number}\r\n".encode(),
    ]
    reply = link.with_prompt(
        f"AT+CIPSEND={number}",
        b"x" * number,
        lambda: None,
        prompt_limit_s=3,
        limit_s=5,
        ends=r"DATA ACCEPT: ?\d+|CLOSED|\+PDP: DEACT|ERROR",
        instead=r"CLOSED|\+PDP: DEACT",
    )
    assert reply.final.removeprefix("DATA ACCEPT:").strip() == str(number)


def _read(modem: _Modem, link: Link, turn: Turn, number: int) -> None:
    data = bytes((number + n) % 256 for n in range(number)) + b'\r\nOK\r\n+CMTI: "SM",9\r\n'
    head = f"\r\n+CIPRXGET: 2,{len(data)},0\r\n".encode()
    modem.answers = [_joined(turn.before) + head + data + _joined(turn.within) + b"\r\nOK\r\n"]
    reply = link.command("AT+CIPRXGET=2,1460", counted=r"\+CIPRXGET: 2,(\d+),\d+")
    assert (reply.final, reply.data) == ("OK", data)


def _lost(modem: _Modem, link: Link, turn: Turn, number: int) -> None:
    """An answer that comes only after it has been given up."""
    reply: Reply = link.command("AT+CSQ", 2.0)
    assert not reply.final
    modem.says(_lines(turn, f"+CSQ: {number},0"))
    modem.answers = [f"\r\n+CBC: 0,{number},4000\r\n\r\nOK\r\n".encode()]
    assert link.command("AT+CBC").lines == (f"+CBC: 0,{number},4000",)


_TURNS: dict[str, Callable[[_Modem, Link, Turn, int], None]] = {
    "value": _value,
    "list": _list,
    "text": _text,
    "data": _data,
    "read": _read,
    "lost": _lost,
}


def lost(examples: int) -> list[str]:
    """What went astray in so many talks, the same ones every time."""
    found: list[str] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(talks)
    def each(talk: list[Turn]) -> None:
        try:
            holds(talk)
        except Exception as error:  # noqa: BLE001 - counted; whatever it is, a thread would be dead
            found.append(f"{type(error).__name__}: {error}")

    each()
    return found
