"""The simulated modem and receiver before programs that nobody in the project wrote."""

import contextlib
import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gsmmodem.exceptions
import pytest
import serial
from gsmmodem.modem import GsmModem, SentSms, StatusReport
from parts import RECORDINGS, needs_gammu, needs_gpsd

from outcry.hw.board.modem.options import Options
from outcry.hw.board.receiver.receiver import Receiver
from tests.support.simulated_modem import SimulatedModem

pytestmark = pytest.mark.slow

PHONE = "+447700900201"
WEARER, HQ = "+447700900001", "+447700900002"
LIMIT_S = 120.0
Run = Callable[..., Any]


# gammu


def run_gammu(directory: Path, port: Path | str, *arguments: str) -> "subprocess.Popen[str]":
    settings = directory / f"gammu-{Path(port).name}"
    settings.write_text(f"[gammu]\nport = {port}\nconnection = at115200\n")
    return subprocess.Popen(
        ["gammu", "-c", settings, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )


def said(process: "subprocess.Popen[str]") -> str:
    """What a program that has done its work has said."""
    words, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, words
    return words


def gammu(board: Any, modem: str, *arguments: str) -> str:
    port = board.directory / f"modem-{modem}"
    return said(run_gammu(board.directory.parent, port, *arguments))


@needs_gammu
def test_gammu_identifies_the_modem(run_board: Run) -> None:
    board = run_board("--instant", "--warm", "--receiver", "none")
    answer = gammu(board, "wearer", "identify")
    for words in ("SIMCOM_Ltd", "SIMCOM_SIM800L", "1418B04SIM800L24", "001010123456780"):
        assert words in answer


@needs_gammu
def test_gammu_sends_a_text_that_gammu_reads_on_the_other_side(run_board: Run) -> None:
    modems = ("--modem", f"wearer={WEARER}", "--modem", f"hq={HQ}")
    board = run_board(*modems, "--instant", "--warm", "--receiver", "none", "--me-storage")
    words = "Помогите, please " * 12
    sent = gammu(board, "wearer", "sendsms", "TEXT", HQ, "-unicode", "-len", "300", "-text", words)
    assert "message reference=" in sent
    gammu(board, "wearer", "sendsms", "TEXT", PHONE, "-text", "to a phone")
    read = gammu(board, "hq", "geteachsms")
    assert words.strip() in read
    assert f'Remote number        : "{WEARER}"' in read
    assert [text["text"] for text in board.told("sms", PHONE)] == ["to a phone"]
    gammu(board, "hq", "deleteallsms", "1")
    assert board.told("status")["modems"]["hq"]["stored"] == 0


@needs_gammu
def test_gammu_is_told_that_its_text_was_delivered(tmp_path: Path) -> None:
    with SimulatedModem(options=Options(me_storage=True)) as board:
        board.phone(PHONE, False)
        sending = ("sendsms", "TEXT", PHONE, "-report", "-text", "drill")
        assert "message reference=1" in said(run_gammu(tmp_path, board.port, *sending))
        monitor = run_gammu(tmp_path, board.port, "monitor", "12")
        board.wait_for(lambda: "AT+CUSD" in board.commands())  # it listens, and asks on
        board.phone(PHONE, True)
        told = said(monitor)
    assert "SMS status report" in told
    assert "Delivered" in told
    assert f'"{PHONE}"' in told


@needs_gammu
def test_gammu_saves_reads_and_deletes_one_text(run_board: Run) -> None:
    board = run_board("--instant", "--warm", "--receiver", "none", "--me-storage")
    gammu(board, "wearer", "savesms", "TEXT", "-text", "drill")
    assert "drill" in gammu(board, "wearer", "getsms", "1", "1")
    gammu(board, "wearer", "deletesms", "1", "1")
    assert board.told("status")["modems"]["wearer"]["stored"] == 0


@needs_gammu
def test_gammu_sees_the_network(run_board: Run) -> None:
    board = run_board("--instant", "--warm", "--receiver", "none")
    assert "home network" in gammu(board, "wearer", "networkinfo")


@needs_gammu
def test_gammu_reads_the_networks_time_as_local_time(tmp_path: Path) -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with SimulatedModem(options=Options(network_zone=23), wall=lambda now: noon) as board:
        with serial.Serial(board.port, 115200, timeout=LIMIT_S) as port:
            for command, answer in (("+CLTS=1", b"OK"), ("+CFUN=0", b"OK"), ("+CFUN=1", b"DST: 0")):
                port.write(f"AT{command}\r".encode())
                assert port.read_until(answer).endswith(answer)
        told = said(run_gammu(tmp_path, board.port, "getdatetime"))
    assert "Sun Nov 22 17:4" in told, "Nepal, 5 h 45 min ahead, and the seconds since"


# python-gsmmodem-new as it comes


def stock(port: str) -> GsmModem:
    return GsmModem(port, 115200)


def sent_and_delivered(modem: GsmModem, board: SimulatedModem) -> SentSms:
    """A text of two parts. The library waits for the first report alone, whichever part's."""
    sent = modem.sendSms(PHONE, "help " * 50, waitForDeliveryReport=True, deliveryTimeout=30)
    board.wait_for(lambda: sent.status == SentSms.DELIVERED)
    return sent


def test_the_stock_library_connects_sends_and_receives() -> None:
    received: list[tuple[str, str]] = []
    with SimulatedModem(options=Options(me_storage=True)) as board:
        modem = GsmModem(
            board.port,
            115200,
            smsReceivedCallbackFunc=lambda sms: received.append((sms.number, sms.text)),
        )
        try:
            modem.connect()
            assert (modem.manufacturer, modem.imei) == ("SIMCOM_Ltd", "001010123456780")
            assert modem.signalStrength == 17
            times = 0
            sent = None
            while sent is None and times < 3:
                times += 1
                # It loses a report that comes before it has noted the text's reference.
                with contextlib.suppress(gsmmodem.exceptions.TimeoutException, TimeoutError):
                    sent = sent_and_delivered(modem, board)
            assert sent is not None
            assert sent.reference == 2 * times
            assert sent.report.deliveryStatus == StatusReport.DELIVERED
            assert [text.text for text in board.texts(PHONE)] == ["help " * 50] * times
            board.text(PHONE, "hello ✓")
            board.wait_for(lambda: received == [(PHONE, "hello ✓")])
            # It then deletes the text on a thread of its own; one command waits for another.
            board.wait_for(lambda: not board.sim.sms.storage.messages)
            assert modem.signalStrength == 17
        finally:
            modem.close()


def test_the_stock_library_stumbles_where_a_sim800l_makes_it_stumble() -> None:
    with SimulatedModem() as board:
        modem = stock(board.port)
        with pytest.raises(gsmmodem.exceptions.CommandError):
            modem.connect()
        modem.close()
        assert board.commands()[-1] == "AT+CPMS"


# gpsd


class Gpsd:
    """The real daemon on a receiver, and its JSON as it comes."""

    def __init__(self, receiver: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        # gpsd gives up root, and may then not pass through the test's directory.
        device = str(receiver.resolve())
        self.process = subprocess.Popen(
            ["gpsd", "-N", "-n", "-S", str(self.port), device],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def reports(self, board: Any) -> Iterator[dict[str, Any]]:
        def connects() -> socket.socket | None:
            try:
                return socket.create_connection(("127.0.0.1", self.port), LIMIT_S)
            except OSError:
                return None

        with board.wait_for(connects) as connection:
            connection.sendall(b'?WATCH={"enable":true,"json":true};\n')
            for line in connection.makefile("r"):
                yield json.loads(line)

    def first(self, board: Any, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first position report like that among the next hundred or so."""
        for number, report in enumerate(self.reports(board)):
            if report["class"] == "TPV" and wanted(report):
                return report
            assert number < 150, "gpsd did not report that"
        raise AssertionError("gpsd went away")


@pytest.fixture
def run_gpsd() -> Iterator[Callable[[Path], Gpsd]]:
    running: list[Gpsd] = []

    def run(receiver: Path) -> Gpsd:
        running.append(Gpsd(receiver))
        return running[-1]

    yield run
    for gpsd in running:
        gpsd.process.terminate()
        gpsd.process.wait(LIMIT_S)


@needs_gpsd
def test_gpsd_reports_what_the_receiver_knows(run_board: Run, run_gpsd: Run) -> None:
    board = run_board("--instant", "--warm")
    gpsd = run_gpsd(board.directory / "receiver")
    fix = gpsd.first(board, lambda report: report["mode"] == 3 and "time" in report)
    assert (fix["lat"], fix["lon"]) == (pytest.approx(43.3178), pytest.approx(45.6949))
    board.told("move", "-33.9,18.4")
    assert gpsd.first(board, lambda report: report.get("lat", 0) < 0)["lon"] == pytest.approx(18.4)
    board.told("fix", "few")
    gpsd.first(board, lambda report: report["mode"] == 2)
    board.told("fix", "off")
    assert "lat" not in gpsd.first(board, lambda report: report["mode"] == 1)
    board.told("fix", "rollover")
    gpsd.first(board, lambda report: report["mode"] == 3 and report["time"] < "2010")


@needs_gpsd
def test_gpsd_reads_a_recording_of_our_own(run_board: Run, run_gpsd: Run, tmp_path: Path) -> None:
    recording = tmp_path / "walk.log"
    start = datetime(2026, 11, 22, 12, tzinfo=UTC)
    bursts = [Receiver(10.5, 20.5).burst(start + timedelta(seconds=n)) for n in range(60)]
    recording.write_bytes(b"# Name: a walk\n" + b"".join(bursts))
    board = run_board("--instant", "--warm", "--receiver", str(recording))
    fix = run_gpsd(board.directory / "receiver").first(board, lambda report: report["mode"] == 3)
    assert (fix["lat"], fix["lon"]) == (pytest.approx(10.5), pytest.approx(20.5))


@needs_gpsd
@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "mode", "latitude"),
    [
        ("bu303-moving.log", 3, 46.5),  # SiRF binary
        ("bu353s4.log", 3, -37.8),
        ("neo-m8n.log", 3, 44.07),
        ("bu303-nofix.log", 1, None),
    ],
)
def test_gpsd_reads_a_recording_from_the_board(
    run_board: Run, run_gpsd: Run, name: str, mode: int, latitude: float | None
) -> None:
    board = run_board("--instant", "--warm", "--receiver", str(RECORDINGS / name))
    gpsd = run_gpsd(board.directory / "receiver")
    report = gpsd.first(board, lambda report: report["mode"] == mode)
    if latitude is not None:
        assert report["lat"] == pytest.approx(latitude, abs=0.1)
