"""A recording in the modem's place, in simulated time: the same answers at the same times."""

from collections.abc import Callable
from typing import Protocol

import pytest

from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.replay.masking import Masker
from outcry.hw.board.replay.replay import Replay
from outcry.hw.board.replay.session import Chunk
from outcry.hw.modem import (
    DataPath,
    Modem,
    ModemEvent,
    ModemSettings,
    Outcome,
    PostAnswered,
    SmsOutcome,
    SmsReport,
)
from tests.support.rig import PHONE, Rig

OK = b"\r\nOK\r\n"
HQ = ("192.0.2.1", 8000)
FIRST_MASK = "+447700900000"  # hides the first number met, so this one hides itself


class Device(Protocol):
    """A modem, simulated or replayed."""

    def feed(self, data: bytes, now: float) -> None: ...
    def output(self, now: float) -> bytes: ...
    def due(self) -> float | None: ...


def recorded(*spoken: tuple[float, str, bytes]) -> Replay:
    return Replay(
        [Chunk(t, "host" if side == "host" else "modem", data) for t, side, data in spoken]
    )


def asks(replay: Replay, data: bytes, now: float, seconds: float = 0.0) -> bytes:
    replay.feed(data, now)
    return replay.output(now + seconds)


SIGNAL = ((0.0, "host", b"AT+CSQ\r"), (0.5, "modem", b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n"))


def test_an_answer_comes_when_it_came() -> None:
    replay = recorded(*SIGNAL)
    assert asks(replay, b"AT+CSQ\r", 100.0, 0.49) == b""
    assert replay.due() == 100.5
    assert replay.output(100.5) == b"\r\n+CSQ: 17,0\r\n" + OK


@pytest.mark.parametrize("said", [b"at+csq\r", b"\x1b\r\nAT + CSQ\r", b"\xff\x00AT+CSQ\r"])
def test_case_spaces_and_noise_do_not_matter(said: bytes) -> None:
    assert asks(recorded(*SIGNAL), said, 0.0, 1.0).endswith(OK)


def test_the_same_question_gets_the_next_answer_and_the_last_one_lasts() -> None:
    replay = recorded(
        (0.0, "host", b"AT+CREG?\r"),
        (0.1, "modem", b"\r\n+CREG: 0,2\r\n\r\nOK\r\n"),
        (1.0, "host", b"AT+CREG?\r"),
        (1.1, "modem", b"\r\n+CREG: 0,1\r\n\r\nOK\r\n"),
    )
    answers = [asks(replay, b"AT+CREG?\r", float(t), 0.5) for t in range(4)]
    assert [b"0,1" in answer for answer in answers] == [False, True, True, True]


def test_another_value_finds_the_same_command_but_a_question_no_order() -> None:
    replay = recorded((0.0, "host", b"AT+CNMI=2,1,0,1,0\r"), (0.1, "modem", OK))
    assert asks(replay, b"AT+CNMI=2,1\r", 0.0, 1.0) == OK
    assert replay.missing == []
    assert asks(replay, b"AT+CNMI?\r", 2.0, 1.0) == b"\r\nERROR\r\n"
    assert replay.missing == ["AT+CNMI?"]


def test_what_is_missing_is_named_once_and_without_its_values() -> None:
    replay = recorded(*SIGNAL)
    told: list[str] = []
    replay.when_missing = told.append
    for _ in range(2):
        assert asks(replay, f'AT+CMGS="{PHONE}"\r'.encode(), 0.0) == b"\r\nERROR\r\n"
    assert told == replay.missing == ["AT+CMGS="]
    assert asks(replay, b"AT+CSQ\r", 1.0, 1.0).endswith(OK)


def test_an_echo_is_of_what_is_said_now() -> None:
    replay = recorded((0.0, "host", b"AT+CSQ\r"), (0.0, "modem", b"AT+CSQ\r\r\n+CSQ: 1,0\r\n" + OK))
    assert asks(replay, b"at+csq\r", 0.0) == b"at+csq\r\r\n+CSQ: 1,0\r\n" + OK


def test_an_echo_that_came_byte_by_byte_is_an_echo() -> None:
    spoken: list[tuple[float, str, bytes]] = [(0.0, "host", b"AT\r"), (0.0, "modem", OK)]
    for byte in b"AT+CSQ\r":
        spoken += [(1.0, "host", bytes([byte])), (1.0, "modem", bytes([byte]))]
    replay = recorded(*spoken, (1.0, "modem", b"\r\n+CSQ: 1,0\r\n" + OK))
    assert asks(replay, b"AT\r", 0.0) == OK
    assert asks(replay, b"AT+CSQ\r", 0.0) == b"AT+CSQ\r\r\n+CSQ: 1,0\r\n" + OK


def test_an_echo_that_came_in_two_pieces_is_an_echo() -> None:
    replay = recorded(
        (0.0, "host", b"AT+CSQ\r"),
        (0.1, "modem", b"AT+"),
        (0.2, "modem", b"CSQ\r\r\n+CSQ: 1,0\r\n" + OK),
    )
    assert asks(replay, b"at+csq\r", 0.0, 1.0) == b"at+csq\r\r\n+CSQ: 1,0\r\n" + OK


TEXT = (
    (0.0, "host", b"AT+CMGS=12\r"),
    (0.1, "modem", b"\r\n> "),
    (0.2, "host", b"001122\x1a"),
    (3.2, "modem", b"\r\n+CMGS: 7\r\n\r\nOK\r\n"),
    (4.0, "host", b"AT\r"),
    (4.1, "modem", b"\r\nOK\r\n"),
    (9.2, "modem", b"\r\n+CDS: 6\r\n"),
    (9.3, "modem", b"0006070B\r\n"),
)


def test_a_text_is_prompted_for_taken_and_reported_on_in_its_own_time() -> None:
    replay = recorded(*TEXT)
    assert asks(replay, b"AT+CMGS=99\r", 0.0, 0.2) == b"\r\n> "
    assert asks(replay, b"AABBCC\x1a", 50.0, 2.9) == b""
    assert replay.output(53.1) == b"\r\n+CMGS: 7\r\n\r\nOK\r\n"
    assert replay.output(58.9) == b""
    assert replay.output(59.2) == b"\r\n+CDS: 6\r\n0006070B\r\n"


def test_a_late_connect_answers_the_connect_and_not_what_was_asked_meanwhile() -> None:
    replay = recorded(
        (0.0, "host", b'AT+CIPSTART="TCP","192.0.2.1",80\r'),
        (0.1, "modem", OK),
        (0.2, "host", b"AT+CSQ\r"),
        (2.0, "modem", b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n\r\nCONNECT OK\r\n"),
    )
    assert b"CONNECT" not in asks(replay, b"AT+CSQ\r", 0.0, 60.0)
    assert asks(replay, b'AT+CIPSTART="TCP","192.0.2.9",80\r', 60.0, 1.9) == OK
    assert replay.output(62.0) == b"\r\nCONNECT OK\r\n"


def test_data_is_counted_and_a_refused_send_is_followed_by_commands() -> None:
    replay = recorded(
        (0.0, "host", b"AT+CIPSEND=5\r"),
        (0.0, "modem", b"\r\n> "),
        (0.0, "host", b"hello"),
        (0.5, "modem", b"\r\nSEND OK\r\n"),
        (1.0, "host", b"AT+CIPSEND=5\r"),
        (1.0, "modem", b"\r\nCLOSED\r\n"),
        (2.0, "host", b"AT\r"),
        (2.0, "modem", OK),
    )
    assert asks(replay, b"AT+CIPSEND=3\r", 0.0) == b"\r\n> "
    assert asks(replay, b"AT\r", 1.0, 1.0) == b"\r\nSEND OK\r\n"
    assert asks(replay, b"AT+CIPSEND=5\r", 3.0) == b"\r\nCLOSED\r\n"
    assert asks(replay, b"AT\r", 4.0) == OK


def test_what_came_before_the_first_question_comes_at_power_on() -> None:
    boot = b"\x00IIII\xff\xff\xff\xff\r\nRDY\r\n"
    replay = recorded((3.0, "modem", boot), (4.0, "host", b"AT\r"), (4.0, "modem", OK))
    replay.power_on(10.0)
    assert replay.output(12.9) == b""
    assert replay.output(13.0) == boot


def test_a_session_without_a_question_cannot_be_replayed() -> None:
    with pytest.raises(ValueError, match="nothing was asked"):
        recorded((0.0, "modem", b"\r\nRDY\r\n"))


def test_a_host_that_gives_up_on_a_prompt_is_heard_again() -> None:
    replay = recorded(*TEXT)
    assert asks(replay, b"AT+CMGS=12\r", 0.0) == b""
    assert OK in asks(replay, b"\x1bAT\r", 0.0, 1.0)
    assert replay.missing == []


# Our own modem, recorded and replayed in simulated time


class Port:
    """A serial port whose waiting moves the clock of what is behind it, and that records."""

    rate = 115200

    def __init__(self, device: Device, advance: Callable[[float], None], now: float) -> None:
        self.now = now
        self.chunks: list[Chunk] = []
        self.plans: list[tuple[float, Callable[[], None]]] = []
        self._device = device
        self._advance = advance
        self._woken = False

    def write(self, data: bytes) -> None:
        self.chunks.append(Chunk(self.now, "host", data))
        self._device.feed(data, self.now)

    def read(self, timeout_s: float) -> bytes:
        until = self.now + timeout_s
        while True:
            while self.plans and self.plans[0][0] <= self.now:
                self.plans.pop(0)[1]()
            if data := self._device.output(self.now):
                self.chunks.append(Chunk(self.now, "modem", data))
                return data
            if self._woken or self.now >= until:
                self._woken = False
                return b""
            moments = [until, self._device.due(), self.plans[0][0] if self.plans else None]
            self.now = max(self.now, min(each for each in moments if each is not None))
            self._advance(self.now)

    def wake(self) -> None:
        self._woken = True

    def close(self) -> None: ...


class Answers:
    """HQ: answers every request, and the recording keeps it."""

    def received(self, data: bytes, now: float) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone" if data else b""


def lives(port: Port) -> list[ModemEvent]:
    """Two minutes of our owner: a text and, once connected, a post; what it told."""
    events: list[ModemEvent] = []
    modem = Modem(
        ModemSettings(apn="internet", host=HQ[0], port=HQ[1]),
        lambda: port,
        events.append,
        lambda: port.now,
    )
    begin = port.now
    port.plans = [
        (begin + 20.0, lambda: modem.send_sms("t1", FIRST_MASK, "help me")),
        (begin + 60.0, lambda: modem.post("p1", b"sealed")),
        (begin + 120.0, lambda: modem.stop(0)),
    ]
    modem.run_until_stopped()
    return events


def told(events: list[ModemEvent]) -> list[ModemEvent]:
    kinds = SmsOutcome | SmsReport | DataPath | PostAnswered
    return [event for event in events if isinstance(event, kinds)]


@pytest.mark.parametrize("cold", [False, True])
def test_our_modem_tells_the_same_story_of_a_replay_as_of_the_modem(cold: bool) -> None:
    rig = Rig(timing=Timing(), warm=not cold, echo=True)
    rig.network.listen(*HQ, Answers)
    if cold:
        rig.modem.power_on(0.0)
    live = Port(rig.modem, rig.board.advance, 0.0)
    first = told(lives(live))
    masker = Masker()
    masked = [each for chunk in live.chunks for each in masker.take(chunk)] + masker.rest()
    replay = Replay(masked, 5000.0)
    replay.power_on(5000.0)
    again = told(lives(Port(replay, lambda now: None, 5000.0)))
    assert again == first
    (outcome,) = (event for event in first if isinstance(event, SmsOutcome))
    assert outcome.outcome is Outcome.DONE
    assert PostAnswered("p1", 200, b"done") in first
    assert SmsReport("t1", True) in first
    assert replay.missing == []
