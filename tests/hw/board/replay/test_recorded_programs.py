"""Real programs on a pty, recorded, and then before the recording: as content as with the modem."""

import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import serial
from parts import needs_gammu

from outcry.hw.board.modem.options import Options
from outcry.hw.board.replay import session
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
from tests.support.rig import PHONE
from tests.support.simulated_modem import SimulatedModem

FIRST_MASK = "+447700900000"  # hides the first number met, so this one hides itself
WORDS = "they are taking me"
LIMIT_S = 120.0
OUTCRY_BOARD = Path(sys.executable).with_name("outcry-board")


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
        for received in (each for each in events if isinstance(each, SmsReceived)):
            received.kept()
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
    heard = b"".join(chunk.data for chunk in session.read(path) if chunk.side == "modem")
    assert heard.endswith(b"\r\nOK\r\n")


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
