"""Recording: everything is kept in order, and what must not leave the bench is not in it."""

import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from gsmmodem.pdu import encodeSmsSubmitPdu
from hypothesis import given
from hypothesis import strategies as st

from outcry.hw.board.replay import session
from outcry.hw.board.replay.host_side import HostSide
from outcry.hw.board.replay.masking import Masker
from outcry.hw.board.replay.record import Recording
from outcry.hw.board.replay.session import Chunk, SessionInvalid
from tests.support.rig import HQ, PHONE, WEARER, Rig

WORDS = "they are taking me"


class Conversation:
    """A host talks to a simulated modem, and every byte is kept with its time."""

    def __init__(self, *, echo: bool = False) -> None:
        self.rig = Rig(echo=echo)
        self.chunks: list[Chunk] = []

    def say(self, said: str | bytes, seconds: float = 1.0) -> bytes:
        data = said.encode() + b"\r" if isinstance(said, str) else said
        self.chunks.append(Chunk(self.rig.now, "host", data))
        return self._heard(self.rig.say(data)) + self.hears(seconds)

    def hears(self, seconds: float) -> bytes:
        return self._heard(self.rig.passes(seconds))

    def _heard(self, answer: bytes) -> bytes:
        if answer:
            self.chunks.append(Chunk(self.rig.now, "modem", answer))
        return answer


def masked(chunks: list[Chunk]) -> list[Chunk]:
    masker = Masker()
    return [each for chunk in chunks for each in masker.take(chunk)] + masker.rest()


def said(chunks: list[Chunk], side: str | None = None) -> bytes:
    return b"".join(chunk.data for chunk in chunks if side in (None, chunk.side))


def pdu(number: str = PHONE, words: str = WORDS) -> tuple[str, bytes]:
    encoded = encodeSmsSubmitPdu(number, words)[0]
    return f"AT+CMGS={encoded.tpduLength}", str(encoded).encode() + b"\x1a"


def full_conversation(*, echo: bool) -> list[Chunk]:
    """Numbers, texts and secrets, in every way a modem and its host say them."""
    talk = Conversation(echo=echo)
    talk.say('AT+CPIN="4711"')
    talk.say('AT+CIPCSGP=1,"internet","ana","sesame"')
    talk.say('AT+CSTT="internet","ana","sesame"')
    talk.say("AT+CNMI=2,1,0,1,0")
    talk.say(f'AT+CSCA="{HQ}"')
    talk.say("AT+CSCA?")
    talk.say("AT+CCID")
    talk.say("AT+CIMI")
    command, text = pdu()
    talk.say(command)
    talk.say(text, 10.0)
    talk.rig.board.centre.text(PHONE, WEARER, WORDS)
    talk.hears(10.0)
    talk.say("AT+CMGR=1")
    talk.say("AT+CMGL=4")
    talk.say("AT+CNMI=2,2,0,1,0")
    talk.rig.board.centre.text(PHONE, WEARER, "ÄÖ " + WORDS + " ✓")
    talk.hears(10.0)
    talk.say("AT+CMGF=1")
    talk.say("AT+CMGR=1")
    talk.say(f'AT + cmgs = "{PHONE}"')
    talk.say(WORDS.encode() + b"\rand " + WORDS.encode() + b"\x1a", 10.0)
    talk.rig.board.centre.text(PHONE, WEARER, WORDS)
    talk.hears(10.0)
    talk.say(f"ATD{PHONE};")
    return talk.chunks


SECRETS = (WORDS.encode(), b"7700900201", b"7700900002", b"4711", b"sesame", b"8944100", b"0010101")


def semi_octets(number: str) -> bytes:
    digits = number.removeprefix("+")
    return "".join(b + a for a, b in zip(digits[::2], digits[1::2], strict=True)).encode()


@pytest.mark.parametrize("echo", [False, True])
def test_no_number_text_or_secret_is_in_a_masked_session(echo: bool) -> None:
    chunks = full_conversation(echo=echo)
    raw, kept = said(chunks), said(masked(chunks))
    assert all(secret in raw for secret in SECRETS)
    for secret in (*SECRETS, semi_octets(PHONE), semi_octets(HQ)):
        assert secret not in kept
    assert encoded_words(raw)
    assert not encoded_words(kept)


def encoded_words(data: bytes) -> list[bytes]:
    """How the words look packed into septets, and as UCS-2, anywhere in a PDU."""
    seven = str(encodeSmsSubmitPdu(PHONE, WORDS)[0]).encode()[-20:]
    wide = WORDS.encode("utf-16-be").hex().upper().encode()
    return [each for each in (seven, wide) if each in data.upper()]


@pytest.mark.parametrize("echo", [False, True])
def test_a_mask_changes_no_length_no_time_and_no_side(echo: bool) -> None:
    chunks = full_conversation(echo=echo)
    kept = masked(chunks)
    assert [(each.t, each.side, len(each.data)) for each in kept] == [
        (each.t, each.side, len(each.data)) for each in chunks
    ]


def test_a_masked_pdu_keeps_reference_kind_and_times() -> None:
    talk = Conversation()
    talk.say("AT+CNMI=2,1,0,1,0")
    command, text = pdu()
    talk.say(command)
    talk.say(text, 10.0)
    raw, kept = (
        said(each, "modem").split(b"+CDS: ")[1] for each in (talk.chunks, masked(talk.chunks))
    )
    raw_pdu, kept_pdu = (bytes.fromhex(each.split(b"\r\n")[1].decode()) for each in (raw, kept))
    after = 1 + raw_pdu[0]
    assert kept_pdu[after : after + 4] == raw_pdu[after : after + 4]
    assert kept_pdu[-15:] == raw_pdu[-15:]
    assert kept_pdu != raw_pdu


def test_one_number_has_one_mask_and_another_number_another() -> None:
    talk = Conversation()
    talk.say("AT+CMGF=1")
    for number in (PHONE, HQ, PHONE):
        talk.say(f'AT+CMGS="{number}"')
        talk.say(b"\x1b")
    lines = [each.data for each in masked(talk.chunks) if each.data.startswith(b"AT+CMGS")]
    assert lines[0] == lines[2] != lines[1]


def test_after_many_numbers_an_address_without_a_digit_keeps_its_length() -> None:
    chunks = [Chunk(0.0, "host", b'AT+CSCA="+4477009001%02d"\r' % each) for each in range(12)]
    chunks.append(Chunk(0.1, "host", b"AT+CMGS=11\r"))
    chunks.append(Chunk(0.2, "host", b"0001000281FF00000568656C6C6F\x1a"))
    chunks.append(Chunk(0.3, "host", b"AT\r"))
    kept = masked(chunks)
    assert kept[-2].data.endswith(b"\x1a")
    assert kept[-1] == chunks[-1]
    assert b"68656C6C6F" not in said(kept)


def test_a_text_typed_without_waiting_for_the_prompt_is_masked() -> None:
    command, text = pdu()
    kept = said(masked([Chunk(0.0, "host", command.encode() + b"\r" + text)]))
    assert kept.startswith(command.encode())
    assert semi_octets(PHONE) not in kept


def test_what_follows_a_refused_command_is_a_command_again() -> None:
    talk = Conversation()
    talk.say("AT+CMGF=1")
    assert b"ERROR" in talk.say('AT+CMGS="Ana"')
    talk.say("AT+CSQ")
    assert b"AT+CSQ\r" in said(masked(talk.chunks))


@pytest.mark.parametrize("cut", [(b"\r\n> ", b"\r\nCLOSED\r\n"), (b"\r\n> \r\nCLOSED\r\n",)])
def test_news_after_the_prompt_does_not_make_a_command_of_the_text(cut: tuple[bytes, ...]) -> None:
    chunks = [
        Chunk(0.0, "host", b'AT+CMGS="+447700900201"\r'),
        *(Chunk(0.1, "modem", each) for each in cut),
        Chunk(0.2, "host", WORDS.encode() + b"\x1a"),
        Chunk(0.3, "host", b"AT\r"),
    ]
    assert WORDS.encode() not in said(masked(chunks))


def test_a_text_of_digits_is_not_taken_for_a_pdu() -> None:
    digits = b"0001550291341200000599887766554433"
    talk = Conversation()
    talk.say("AT+CMGF=1")
    talk.say(f'AT+CMGS="{PHONE}"')
    talk.say(digits + b"\x1a")
    assert said(masked(talk.chunks)).count(b"0" * len(digits)) == 1


def test_ordinary_answers_stay_as_they_are() -> None:
    talk = Conversation()
    for command in ("AT", "AT+CSQ", "AT+CREG=2", "AT+CREG?", "AT+CENG=1,1", "AT+CENG?", "AT+CBC"):
        talk.say(command)
    talk.say("AT+CMGF?")
    talk.say("AT+CPMS?")
    assert masked(talk.chunks) == talk.chunks


def test_data_for_the_network_stays_byte_for_byte() -> None:
    data = bytes(range(256))
    chunks = [Chunk(0.0, "host", b"AT+CIPSEND=256\r"), Chunk(0.1, "host", data)]
    assert masked(chunks) == chunks


_WHOLE = full_conversation(echo=True)


@pytest.mark.slow
@given(st.data())
def test_however_the_bytes_are_cut_the_mask_is_the_same(data: st.DataObject) -> None:
    cut: list[Chunk] = []
    for chunk in _WHOLE:
        places = data.draw(st.lists(st.integers(0, len(chunk.data)), max_size=2))
        edges = [0, *sorted(places), len(chunk.data)]
        cut += [Chunk(chunk.t, chunk.side, chunk.data[a:b]) for a, b in pairwise(edges)]
    assert said(masked(cut), "host") == said(masked(_WHOLE), "host")
    assert said(masked(cut), "modem") == said(masked(_WHOLE), "modem")


@given(st.lists(st.tuples(st.sampled_from(["host", "modem"]), st.binary(max_size=40))))
def test_no_bytes_trouble_the_masker(spoken: list[tuple[Any, bytes]]) -> None:
    chunks = [Chunk(float(t), side, data) for t, (side, data) in enumerate(spoken)]
    kept = masked(chunks)
    assert [(each.t, each.side, len(each.data)) for each in kept] == [
        (each.t, each.side, len(each.data)) for each in chunks
    ]


def test_a_host_is_heard_as_lines_texts_and_data() -> None:
    host = HostSide()
    units = host.take(b"AT\rAT+CMGS=5\r0011\x1aAT+CIPSEND=3\r\r\x1a\rAT+CMGS=?\rAT+CIPSEND\rx\x1b")
    assert [(unit.kind, unit.data) for unit in units] == [
        ("line", b"AT\r"),
        ("line", b"AT+CMGS=5\r"),
        ("text", b"0011\x1a"),
        ("line", b"AT+CIPSEND=3\r"),
        ("data", b"\r\x1a\r"),
        ("line", b"AT+CMGS=?\r"),
        ("line", b"AT+CIPSEND\r"),
        ("escape", b"x\x1b"),
    ]


# The file


def test_a_session_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "session"
    times = iter([100.0, 100.25, 101.5])
    with path.open("w") as file:
        recording = Recording(file, lambda: next(times), baud=9600, masked=False)
        recording.passes("host", b"AT\r")
        recording.passes("modem", b"\x00\xff\r\nOK\r\n")
        recording.close()
    assert session.read(path) == [
        Chunk(0.25, "host", b"AT\r"),
        Chunk(1.5, "modem", b"\x00\xff\r\nOK\r\n"),
    ]


def test_closing_writes_what_masking_held_back() -> None:
    file = io.StringIO()
    recording = Recording(file, lambda: 0.0, baud=9600, masked=True)
    recording.passes("modem", b"+44770090")
    assert file.getvalue().count("\n") == 1
    recording.close()
    assert json.loads(file.getvalue().splitlines()[1])["hex"] == b"x00000000".hex()


GOOD = '{"outcry": "modem session", "version": 1}\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: not a JSON object"),
        ("[]\n", "line 1: not a JSON object"),
        ('{"version": 1}\n', "make one with: outcry-board record"),
        (GOOD + "x}\n", "line 2: not a JSON object"),
        (GOOD + '{"t": 0, "from": "cat", "hex": ""}\n', "line 2: it has no t, from and hex"),
        (GOOD + '{"t": 0, "from": "host", "hex": "4"}\n', "line 2: hex is not hexadecimal"),
        (GOOD + '{"t": -1, "from": "host", "hex": ""}\n', "line 2: time runs backwards"),
        (GOOD + '{"t": NaN, "from": "host", "hex": ""}\n', "line 2: time runs backwards"),
    ],
)
def test_a_file_that_is_no_session_is_refused_in_words(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "session"
    path.write_text(text)
    with pytest.raises(SessionInvalid, match=words):
        session.read(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SessionInvalid, match="not text"):
        session.read(path)


def test_a_session_whose_last_line_was_cut_is_good_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "session"
    path.write_text(GOOD + '{"t": 0, "from": "host", "hex": "41"}\n{"t": 1, "fr')
    assert len(session.read(path)) == 1
