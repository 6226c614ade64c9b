"""Whatever strangers and broken parts send to the wearable: no reader raises, waits or grows.

A seeded sample; a million inputs for each reader by OUTCRY_CAMPAIGNS=full.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from outcry.daemon.service import control_socket
from outcry.daemon.service.control_socket import QUESTIONS, Asked, Control
from outcry.daemon.settings import load
from outcry.hw import gps as gps_module
from outcry.hw.gps import Fix, Gps, NoFix
from outcry.hw.modem.http import BODY_MOST, HEAD_MOST, BadAnswer, HttpStream
from outcry.hw.modem.lines import LONGEST_LINE, LineBuffer
from outcry.hw.modem.pdu import Incoming, StatusReport, decode
from outcry.settings_file import SettingsInvalid
from simulation.fault_matrix.cells import MEMORY
from simulation.gpsd_stand_in import GpsdStandIn, said

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
INPUTS = 1_000_000 if FULL else 1_000
SHIPPED = Path(__file__).parents[3] / "config" / "outcry.toml"
GROWTH_MOST = 20_000  # Python's memory blocks: one kept for each input would be fifty times that
SAID = (
    b"\r\nOK\r\n",
    b'\r\n+CMTI: "SM",3\r\n',
    b"\r\n+CDS: 25\r\n0006220B914477009001F1\r\n",
    b"\r\n+CMGS: 12\r\n\r\nOK\r\n",
    b"\r\n+CME ERROR: 10\r\n",
    b"\r\n> ",
    b"IIII\xff\xff\xff\xff",
    b"\r\n+IPD,12:",
    b"\r\n+CIPRXGET: 2,1460,0\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"\r\n\r\n",
)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"  # as many as it likes may come before the answer
ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    CONTINUE,
    b"\r\n\r\n",
)
PDUS = (
    "07914477000000F0040B914477009001F10000621122120000000AE8329BFD4697D9EC37",
    "07914477000000F0440B914477009001F1000862112212000000080500030C0201006B",
    "07914477000000F006220B914477009001F1621122120000006211221201000000",
    "07914477000000F04409D0C1303B9D760000621122120000002006080412340201A0E8329BFD4697D9EC37",
)
REPORTS = tuple(
    json.dumps(each).encode()
    for each in (
        {
            "class": "POLL",
            "active": 1,
            "tpv": [
                {"device": "/dev/ttyAMA0", "mode": 3, "time": "2026-11-26T12:00:00.000Z"}
                | {"lat": 43.3, "lon": 45.7, "eph": 9.5}
            ],
        },
        {
            "class": "POLL",
            "active": 2,
            "tpv": [{"mode": 3, "lat": -0.0, "lon": 180.0}, {"mode": 1}],
        },
        {"class": "DEVICES", "devices": [{"path": "/dev/ttyAMA0", "activated": "2026-11-26"}]},
        {"class": "ERROR", "message": "Unrecognized request"},
    )
)


SENTENCES = (
    said(43.3, 45.7),
    b"$GPRMC,120000.00,A,4318.0000,N,04542.0000,E,0.0,70.0,261126,,,A\r\n",
    b"$GNGNS,120000.00,4318.0000,N,04542.0000,E,NA,08,1.1,130.0,20.0,,\r\n",
    b"$GPGLL,4318.0000,N,04542.0000,E,120000.00,A,A\r\n",
    b"$GPZDA,120000.00,26,11,2026,00,00\r\n",
)


def mangled(random: Random, pieces: tuple[bytes, ...]) -> bytes:
    """Some of the pieces: whole, cut, doubled, with bytes changed, and noise between them."""
    out = bytearray()
    for _ in range(random.randrange(1, 5)):
        piece = bytearray(random.choice(pieces))
        for _ in range(random.choice((0, 0, 1, 3)) if piece else 0):
            piece[random.randrange(len(piece))] = random.randrange(256)
        out += piece[: random.choice((len(piece), random.randrange(len(piece) + 1)))]
        out += random.randbytes(random.choice((0, 0, 0, 2, 40)))
    return bytes(out) * random.choice((1, 1, 1, 2, 30))


def campaign(seed: int, take: Callable[[Random], object]) -> None:
    """Many inputs, and what Python's memory held after a tenth of them it holds after all."""
    random = Random(seed)
    blocks = 0
    for turn in range(INPUTS):
        take(random)
        if turn == INPUTS // 10:
            blocks = sys.getallocatedblocks()
    assert sys.getallocatedblocks() - blocks < GROWTH_MOST


@pytest.mark.parametrize("pushed", [False, True], ids=["asked for", "pushed"])
def test_the_modem_s_bytes(pushed: bool) -> None:
    buffer = LineBuffer()
    buffer.pushed = pushed
    most = 0

    def take(random: Random) -> None:
        nonlocal most
        buffer.feed(mangled(random, SAID))
        if random.random() < 0.2:
            buffer.prompt()
            buffer.raw(random.randrange(1500))
        while (line := buffer.line()) is not None:
            assert line
            most = max(most, len(line))

    campaign(1, take)
    assert most <= 9999 + LONGEST_LINE, "an +IPD counts four digits, and a line is bounded"


@pytest.mark.parametrize(
    "endless", [b"x", b"HTTP/1.1 200 OK\r\nX: ", b"\r\n+IPD,9999:", b"HTTP/1."]
)
@pytest.mark.parametrize("pushed", [False, True], ids=["asked for", "pushed"])
def test_a_modem_that_never_ends_its_line(endless: bytes, pushed: bool) -> None:
    buffer = LineBuffer()
    buffer.pushed = pushed
    blocks = sys.getallocatedblocks()
    buffer.feed(endless)
    for _ in range(2000):
        buffer.feed(b"y" * 500)
        buffer.line()
    buffer.feed(b"\r\nOK\r\n")
    lines = list(iter(buffer.line, None))
    assert lines[-1:] == ["OK"], "it has found its way back"
    assert sum(map(len, lines)) < 20_000
    assert sys.getallocatedblocks() - blocks < GROWTH_MOST


def test_strangers_texts() -> None:
    def take(random: Random) -> None:
        pdu = mangled(random, tuple(each.encode() for each in PDUS)).decode("latin-1")
        if random.random() < 0.5:
            octets = bytearray(bytes.fromhex(random.choice(PDUS)))
            for _ in range(random.randrange(1, 6)):
                octets[random.randrange(len(octets))] = random.randrange(256)
            pdu = octets[: random.randrange(len(octets) + 1)].hex()
        read = decode(pdu)
        assert read is None or isinstance(read, Incoming | StatusReport)
        if isinstance(read, Incoming):
            assert len(read.text) <= 255, "as many letters as its length's octet can count"

    campaign(2, take)


def test_what_a_stranger_answers_in_hq_s_place() -> None:
    def take(random: Random) -> None:
        stream = HttpStream("hq.example", 80)
        stream.request(b"sealed")
        never_answers = random.random() < 0.1
        taken = 0
        with suppress(BadAnswer):
            answer = None
            while answer is None:
                assert taken <= HEAD_MOST + 2 * BODY_MOST, "more is an answer or a refusal"
                piece = mangled(random, ANSWERS) if random.random() < 0.95 else b""
                if never_answers:
                    piece = CONTINUE * random.randrange(1, 60)
                taken += len(piece)
                answer = stream.feed(piece)
            assert len(answer.body) <= BODY_MOST

    campaign(3, take)


def test_whoever_answers_in_gpsd_s_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gps_module, "CALL_LIMIT_S", 1.0)
    now, answers, sentences = 0.0, [b""], [b""]
    someone = GpsdStandIn(lambda _: answers[0], lambda _: sentences[0])
    adapter = Gps("127.0.0.1", someone.port, lambda _: None, lambda: now)

    def take(random: Random) -> None:
        nonlocal now
        now += random.random()
        answer = random.choice(REPORTS)
        if random.random() < 0.8:
            answer = mangled(random, REPORTS)
        sentences[0] = mangled(random, SENTENCES)
        answers[0] = answer + b"\n"  # a line without an end has tests of its own: it takes seconds
        reading = adapter.ask()
        assert isinstance(reading, Fix | NoFix)
        if isinstance(reading, Fix):
            assert abs(reading.latitude) <= 90
            assert abs(reading.longitude) <= 180
            assert reading.taken_at <= now

    campaign(4, take)
    adapter.disconnect()
    someone.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory: each of a million files is written over the one before."""
    with TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


def test_settings_that_a_tired_hand_has_edited(folder: Path) -> None:
    shipped = SHIPPED.read_bytes()
    lines = shipped.splitlines(keepends=True)
    file = folder / "outcry.toml"

    def take(random: Random) -> None:
        edited = list(lines)
        for _ in range(random.randrange(1, 4)):
            at = random.randrange(len(edited))
            edited[at] = random.choice(
                (
                    edited[at].lstrip(b"# "),
                    mangled(random, (edited[at],)),
                    random.choice(edited),
                    b"",
                    edited[at].replace(b"=", b"= -"),
                    edited[at].rstrip() + b'"\n',
                )
            )
        file.write_bytes(b"".join(edited))
        problems = ["none"]
        try:
            load(file)
        except SettingsInvalid as refused:
            problems = refused.problems
        assert problems

    campaign(5, take)


def test_whatever_is_written_to_the_control_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "PATIENCE_S", 0.2)
    asked: list[str] = []

    def answer(question: Asked) -> None:
        asked.append(question.question)
        question.answer({"ok": True})

    control = Control(tmp_path, answer)
    words = tuple(each.encode() + b"\n" for each in QUESTIONS)

    def take(random: Random) -> None:
        asked.clear()
        sent = mangled(random, words)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller, suppress(OSError):
            caller.settimeout(10)
            caller.connect(str(tmp_path / control_socket.SOCKET_NAME))
            with suppress(BrokenPipeError):
                caller.sendall(sent)
                caller.shutdown(socket.SHUT_WR)
            caller.recv(4096)
        said = sent[: control_socket.LONGEST_QUESTION].partition(b"\n")[0]
        assert asked in ([], [said.decode("ascii", "replace").strip()])

    campaign(6, take)
    assert control_socket.ask(tmp_path, "status") == {"ok": True}, "it still answers"
    control.close()
