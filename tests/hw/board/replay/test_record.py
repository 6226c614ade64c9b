"""Recording: everything is kept in order, and what must not leave the bench is not in it."""

import io
import json
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import serial
from gsmmodem.pdu import encodeSmsSubmitPdu
from hypothesis import given
from hypothesis import strategies as st
from parts import needs_gammu

from outcry.hw.board.modem.options import Options
from outcry.hw.board.replay import session
from outcry.hw.board.replay.host_side import HostSide
from outcry.hw.board.replay.masking import Masker
from outcry.hw.board.replay.record import Recording
from outcry.hw.board.replay.session import Chunk, SessionInvalid
from outcry.hw.modem import (
    Modem,
    ModemEvent,
    ModemSettings,
    Outcome,
    SerialPort,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from tests.support.rig import HQ, PHONE, WEARER, Rig
from tests.support.simulated_modem import SimulatedModem

FIRST_MASK = "+447700900000"  # hides the first number met, so this one hides itself
WORDS = "they are taking me"
LIMIT_S = 120.0
OUTCRY_BOARD = Path(sys.executable).with_name("outcry-board")


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


# Real programs on a pty, recorded and then before the recording


class Running:
    """``outcry-board record`` or ``replay``, and where the program's port is."""

    def __init__(self, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [OUTCRY_BOARD, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = self.process.stdout.readline().strip().rpartition(" ")[2]

    def stop(self) -> str:
        """Ends it; what it said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=LIMIT_S)
        assert self.process.returncode == 0
        return errors


@pytest.fixture
def runs() -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def run(*arguments: str | Path) -> Running:
        running.append(Running(*arguments))
        return running[-1]

    yield run
    for each in running:
        each.process.kill()
        each.process.communicate(timeout=LIMIT_S)


def waits(condition: Callable[[], object]) -> None:
    until = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < until, "what the test waited for did not happen"
        time.sleep(0.01)


def answered(path: Path, command: bytes) -> bool:
    """Whether this was asked, and the OK after it is in the file."""
    _, asked, answer = b"".join(each.data for each in session.read(path)).rpartition(command)
    return bool(asked) and b"OK" in answer


def own_modem_lives(port: str, board: SimulatedModem | None, recorded: Path) -> list[Any]:
    """Our owner starts, sends a text, has its report, receives one; what it told of these.

    It has also asked all that it asks in turn: however long the replay's life is, it asks no more.
    """
    events: list[ModemEvent] = []
    modem = Modem(
        ModemSettings(apn="internet", poll_interval_s=1.0),
        partial(SerialPort, port),
        events.append,
        time.monotonic,
    )
    modem.start()
    try:
        modem.send_sms("t1", FIRST_MASK, WORDS)
        waits(lambda: any(isinstance(each, SmsReport) for each in events))
        if board is not None:
            board.text(PHONE, "where are you?")
        waits(lambda: any(isinstance(each, SmsReceived) for each in events))
        # The recording has their answers, so the replay has them.
        waits(lambda: answered(recorded, b"AT+CMGD=") and answered(recorded, b"AT+SJDR?"))
    finally:
        assert modem.stop(60)
    return [each for each in events if isinstance(each, SmsOutcome | SmsReport | SmsReceived)]


@pytest.mark.slow
def test_our_own_modem_is_as_content_with_the_recording_as_with_the_modem(
    runs: Callable[..., Running], tmp_path: Path
) -> None:
    path = tmp_path / "session"
    with SimulatedModem() as board:
        recorder = runs("record", board.port, path, "--link", tmp_path / "port")
        lived = own_modem_lives(recorder.port, board, path)
        assert recorder.stop() == "outcry-board: phone numbers and texts are masked\n"
    assert not (tmp_path / "port").is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    replayed = runs("replay", path)
    again = own_modem_lives(replayed.port, None, path)
    assert [type(each) for each in again] == [type(each) for each in lived]
    outcomes = [each for each in (*lived, *again) if isinstance(each, SmsOutcome)]
    assert [(each.outcome, each.references) for each in outcomes] == [(Outcome.DONE, (1,))] * 2
    assert [each.delivered for each in again if isinstance(each, SmsReport)] == [True]
    assert [each.text for each in again if isinstance(each, SmsReceived)] == ["x" * 14]
    assert replayed.stop() == ""


@pytest.mark.slow
def test_a_program_reads_of_what_the_recording_does_not_hold(
    runs: Callable[..., Running], tmp_path: Path
) -> None:
    path = tmp_path / "session"
    with SimulatedModem() as board:
        recorder = runs("record", board.port, path, "--raw")
        with serial.Serial(recorder.port, timeout=20) as port:
            port.write(b"ATE0\r")
            port.read_until(b"OK\r\n")
        assert "nothing is masked" in recorder.stop()
    replayed = runs("replay", path)
    with serial.Serial(replayed.port, timeout=20) as port:
        port.write(b'AT+CPBF="Ana"\r')
        assert port.read_until(b"ERROR\r\n") == b"\r\nERROR\r\n"
        port.write(b"ATE0\r")
        assert port.read_until(b"OK\r\n") == b"ATE0\r\r\nOK\r\n"
    said = replayed.stop()
    assert said == ("not in the recording: AT+CPBF=\nasked, and not in the recording: AT+CPBF=\n")


@pytest.mark.slow
@needs_gammu
def test_gammu_is_as_content_with_the_recording_as_with_the_modem(
    runs: Callable[..., Running], tmp_path: Path
) -> None:
    path = tmp_path / "session"

    def gammu_sends(port: str) -> str:
        settings = tmp_path / "gammurc"
        settings.write_text(f"[gammu]\nport = {port}\nconnection = at115200\n")
        done = subprocess.run(
            ["gammu", "-c", settings, "sendsms", "TEXT", PHONE, "-text", WORDS],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    with SimulatedModem(options=Options(me_storage=True)) as board:
        recorder = runs("record", board.port, path)
        assert "message reference=1" in gammu_sends(recorder.port)
        assert [text.text for text in board.texts(PHONE)] == [WORDS]
        recorder.stop()
    replayed = runs("replay", path)
    assert "message reference=1" in gammu_sends(replayed.port)
    assert replayed.stop() == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["record", "/dev/there-is-no-such-port", "FILE"], "cannot open the serial device"),
        (["replay", "/there-is-no-such-file"], "/there-is-no-such-file"),
        (["replay", "/dev/null"], "not a JSON object"),
    ],
)
def test_what_cannot_be_recorded_or_replayed_is_said_in_words(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [OUTCRY_BOARD, *(each.replace("FILE", str(tmp_path / "x")) for each in arguments)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_a_modem_that_goes_away_leaves_what_was_recorded(
    runs: Callable[..., Running], tmp_path: Path
) -> None:
    path = tmp_path / "session"
    with SimulatedModem() as board:
        recorder = runs("record", board.port, path)
        with serial.Serial(recorder.port, timeout=20) as port:
            port.write(b"AT\r")
            port.read_until(b"OK\r\n")
    _, errors = recorder.process.communicate(timeout=LIMIT_S)
    assert recorder.process.returncode == 1
    assert f"what passed is in {path}" in errors
    assert said(session.read(path), "modem").endswith(b"\r\nOK\r\n")


@pytest.mark.slow
def test_a_recording_never_overwrites_another(runs: Callable[..., Running], tmp_path: Path) -> None:
    path = tmp_path / "session"
    path.write_text("precious")
    with SimulatedModem() as board:
        recorder = runs("record", board.port, path)
        _, errors = recorder.process.communicate(timeout=LIMIT_S)
    assert recorder.process.returncode == 1
    assert "File exists" in errors
    assert path.read_text() == "precious"
