"""``outcry-board`` from outside: what a person, a demo and a bench see."""

import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import serial

from outcry.hw.board.sim800.fault_catalogue import CATALOGUE

pytestmark = pytest.mark.slow

PHONE = "+447700900201"
WEARER = "+447700900001"
HQ = "+447700900002"
TWO = ("--modem", f"wearer={WEARER}", "--modem", f"hq={HQ}")
Run = Callable[..., Any]


def asks(port: serial.Serial, command: bytes, ending: bytes = b"OK\r\n") -> bytes:
    port.write(command + b"\r")
    return port.read_until(ending)


def test_the_ready_line_names_everything_and_everything_is_there(run_board: Run) -> None:
    board = run_board(*TWO, "--instant")
    named = board.ready.removeprefix("outcry-board ready: ").split()
    names = ["modem-wearer", "modem-hq", "receiver", "control.sock", "events.jsonl"]
    assert named == [str(board.directory / name) for name in names]
    assert stat.S_ISCHR((board.directory / "modem-wearer").stat().st_mode)
    assert stat.S_IMODE((board.directory / "receiver").stat().st_mode) == 0o666


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_board_leaves_only_its_events(run_board: Run, number: int) -> None:
    board = run_board("--instant")
    assert board.stop(number) == 0
    assert [path.name for path in board.directory.iterdir()] == ["events.jsonl"]


def test_a_killed_board_is_followed_by_another_in_the_same_directory(run_board: Run) -> None:
    board = run_board("--instant")
    board.process.kill()
    board.process.wait()
    again = run_board("--instant", directory=board.directory)
    assert again.told("status")["modems"]["wearer"]["registered"]


def test_two_boards_in_one_directory_are_refused(run_board: Run) -> None:
    board = run_board("--instant")
    refused = board.asks("run", "--dir", str(board.directory))
    assert refused.returncode == 1
    assert "already running here" in refused.stderr
    assert board.told("status")["receiver"] == "on"


def test_a_text_goes_from_phone_to_modem_and_back(run_board: Run) -> None:
    board = run_board("--instant", "--warm", "--receiver", "none")
    board.told("text", PHONE, WEARER, "hello")
    with serial.Serial(str(board.directory / "modem-wearer"), timeout=20) as port:
        asks(port, b"ATE0;+CMGF=1")
        assert b"hello" in asks(port, b"AT+CMGR=1")
        asks(port, b'AT+CMGS="%s"' % PHONE.encode(), b"> ")
        port.write(b"and back\x1a")
        assert port.read_until(b"OK\r\n").endswith(b"\r\n+CMGS: 1\r\n\r\nOK\r\n")
    texts = board.wait_for(lambda: board.told("sms", PHONE))
    assert [(text["sender"], text["text"], text["parts"]) for text in texts] == [
        (WEARER, "and back", 1)
    ]
    assert board.told("phones") == [{"number": PHONE, "texts": 1, "incomplete": 0}]
    assert board.asks("sms", PHONE).stdout == f"from {WEARER}: and back\n"


def test_events_can_be_followed_and_hold_no_words(run_board: Run) -> None:
    board = run_board("--instant", "--warm", "--receiver", "none")
    with serial.Serial(str(board.directory / "modem-wearer"), timeout=20) as port:
        asks(port, b"ATE0;+CMGF=1")
        asks(port, b'AT+CMGS="%s"' % PHONE.encode(), b"> ")
        port.write(b"secret words\x1a")
        port.read_until(b"OK\r\n")
    delivered = board.wait_for(lambda: board.events("sms-delivered"))[0]
    assert (delivered["from"], delivered["to"]) == (WEARER, PHONE)
    assert [event["command"] for event in board.events("at")] == ["ATE", "AT+CMGF", "AT+CMGS"]
    assert board.events("cmgs")[0]["outcome"] == "+CMGS: 1"
    assert "secret" not in (board.directory / "events.jsonl").read_text()


def test_a_press_lasts_as_long_as_asked_and_answers_at_its_end(run_board: Run) -> None:
    board = run_board("--instant", "--receiver", "none")
    answer = board.told("press", "0.2")
    pressed, released = board.events("pin-in")
    assert (pressed["level"], released["level"], pressed["pin"]) == (0, None, 17)
    assert answer["released"] - answer["pressed"] == pytest.approx(
        released["t"] - pressed["t"], abs=1e-3
    )
    assert released["t"] - pressed["t"] == pytest.approx(0.2, abs=0.1)


def test_gpiozero_in_another_process_feels_the_press_and_moves_the_motor(run_board: Run) -> None:
    board = run_board("--instant", "--receiver", "none")
    board.told("hold")
    program = (
        "from gpiozero import Button, DigitalOutputDevice\n"
        "button = Button(17, pull_up=True)\n"
        "assert button.is_pressed\n"
        "motor = DigitalOutputDevice(18)\n"
        "motor.on()\n"
        "print('up', flush=True)\n"
        "button.wait_for_release()\n"
        "print('released', flush=True)\n"
    )
    environment = {
        **os.environ,
        "GPIOZERO_PIN_FACTORY": "board",
        "OUTCRY_BOARD": str(board.directory),
    }
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
    ) as wearer:
        assert wearer.stdout is not None
        assert wearer.stdout.readline() == "up\n"
        board.told("release")
        assert wearer.stdout.readline() == "released\n"
    assert wearer.returncode == 0
    board.wait_for(lambda: board.told("pins")["outputs"] == {"18": None})
    assert [each["level"] for each in board.told("pins")["history"]] == [0, 1, None]


def test_faults_from_the_command_line_strike_the_named_modem(run_board: Run) -> None:
    board = run_board(*TWO, "--instant", "--warm", "--receiver", "none")
    board.told("gprs", "off", "--how", "refused")
    board.told("sms-fault", "38", "--modem", "hq")
    board.told("mute", "on", "--modem", "hq")
    board.told("network", "off")
    status = board.told("status")["modems"]
    assert (status["wearer"]["gprs"], status["hq"]["gprs"]) == ("refused", "on")
    assert (status["wearer"]["mute"], status["hq"]["mute"]) == (False, True)
    assert (status["wearer"]["registered"], status["hq"]["registered"]) == (False, True)
    board.told("network", "on")
    board.told("gprs", "on")
    board.told("reset")
    assert [event["modem"] for event in board.events("boot")] == ["wearer"]
    assert board.events("sms-fault") == [
        {**board.events("sms-fault")[0], "modem": "hq", "code": 38}
    ]


def test_the_air_and_the_supply_are_set_from_the_command_line(run_board: Run) -> None:
    board = run_board("--instant", "--warm", "--receiver", "none")
    board.told("cells", "00e6,7a9f,30", "1234,abcd")
    board.told("signal", "9")
    board.told("supply", "3777")
    board.told("jamming", "jamming")
    with serial.Serial(str(board.directory / "modem-wearer"), timeout=20) as port:
        asks(port, b"ATE0;+CENG=1,1;+SJDR=1,1,255,1")
        cells = asks(port, b"AT+CENG?")
        assert b",30,00,001,01,31,7a9f," in cells
        assert b"abcd" in cells
        assert b"+CSQ: 9," in asks(port, b"AT+CSQ")
        assert b",3777\r\n" in asks(port, b"AT+CBC")
        assert b"+SJDR: " in asks(port, b"AT+SJDR?")
    board.told("nat", "90")
    board.told("welcome", "denied")
    board.told("power", "off")
    assert not board.told("status")["modems"]["wearer"]["registered"]
    assert [event["idle_s"] for event in board.events("nat")] == [90.0]
    board.told("nat", "off")
    assert board.events("nat")[-1]["idle_s"] is None


def test_a_fault_is_armed_by_its_name_and_strikes_the_named_modem(run_board: Run) -> None:
    board = run_board(*TWO, "--instant", "--warm", "--receiver", "none")
    board.told("fault", "late", "--step", "+CSQ", "--stage", "answer", "--seconds", "0.2")
    armed = board.told("fault", "error", "--step", "+CBC", "--times", "always", "--text", "NO")
    assert armed == {"armed": 2}
    with serial.Serial(str(board.directory / "modem-wearer"), timeout=20) as port:
        asks(port, b"ATE0")
        assert asks(port, b"AT+CSQ").startswith(b"\r\n+CSQ: ")
        assert [asks(port, b"AT+CBC", b"NO\r\n") for _ in range(2)] == [b"\r\nNO\r\n"] * 2
        board.told("fault", "clear")
        assert asks(port, b"AT+CBC").startswith(b"\r\n+CBC: ")
    struck = board.events("fault")
    assert [each["kind"] for each in struck] == ["late", "error", "error"]
    with serial.Serial(str(board.directory / "modem-hq"), timeout=20) as port:
        board.told("fault", "hang", "--modem", "hq")
        port.write(b"AT\r")
        board.told("reset", "--modem", "hq")
        assert b"RDY" in port.read_until(b"SMS Ready")


def test_the_help_names_every_fault_with_a_sentence(run_board: Run) -> None:
    board = run_board("--instant", "--receiver", "none")
    said = board.asks("fault", "--help").stdout
    assert all(f"  {name} " in said and each.sentence in said for name, each in CATALOGUE.items())


def test_a_modem_at_another_rate_is_understood_at_that_rate_alone(run_board: Run) -> None:
    board = run_board("--instant", "--warm", "--receiver", "none")
    board.told("fault", "baud", "--baud", "57600")
    path = str(board.directory / "modem-wearer")
    with serial.Serial(path, 115200, timeout=0.5) as port:
        assert b"OK" not in asks(port, b"AT")
    with serial.Serial(path, 57600, timeout=20) as port:
        port.write(b"\r")
        assert asks(port, b"AT").endswith(b"OK\r\n")


def test_a_gpio_on_the_reset_wire_restarts_a_hung_modem(run_board: Run) -> None:
    board = run_board("--instant", "--warm", "--receiver", "none", "--reset-pin", "22")
    board.told("fault", "hang")
    program = (
        "from gpiozero import DigitalOutputDevice\n"
        "from time import sleep\n"
        "wire = DigitalOutputDevice(22)\n"
        "wire.blink(on_time=0.15, n=1, background=False)\n"
    )
    environment = {
        **os.environ,
        "GPIOZERO_PIN_FACTORY": "board",
        "OUTCRY_BOARD": str(board.directory),
    }
    subprocess.run([sys.executable, "-c", program], env=environment, timeout=60, check=True)
    board.wait_for(lambda: board.events("boot"))
    with serial.Serial(str(board.directory / "modem-wearer"), timeout=20) as port:
        assert asks(port, b"AT").endswith(b"OK\r\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["gprs", "off", "--modem", "nobody"], 1, "there is no modem 'nobody' here"),
        (["sms", WEARER], 1, "modem's number"),
        (["press", "-1"], 2, "write a number of seconds from 0 to 600"),
        (["press", "nan"], 2, "write a number of seconds"),
        (["hold", "--pin", "99"], 1, "pin is a number from 0 to 53"),
        (["text", "Ana", WEARER, "x"], 1, "a phone number is"),
        (["network", "maybe"], 2, "write on or off"),
        (["move", "91,0"], 2, "write it like 43.3178,45.6949"),
        (["sms-fault", "x"], 2, "write a number"),
        (["fault", "silent"], 1, "silent needs a step, such as +CMGS"),
        (["fault", "closed", "--seconds", "3"], 1, "closed does not use seconds"),
        (["fault", "nonsense"], 2, "invalid choice"),
        (["fault", "byte-loss", "--share", "2"], 1, "share is a number from 0 to 1"),
        (["fault", "silent", "--step", "+CSQ", "--times", "0"], 2, "a number from 1, or always"),
        (["nat", "soon"], 2, "write a number of seconds, or off"),
        (["cells", "xyz"], 2, "write it like 00e6,7a9f"),
        (["cells", *["1,1"] * 8], 1, "at most 6 neighbours"),
        (["signal", "32"], 1, "csq is a number from 0 to 31"),
        (["run", "--reset-pin", "99"], 2, "write a GPIO number from 0 to 53"),
        ([], 2, "COMMAND"),
    ],
)
def test_a_wrong_request_is_refused_in_words(
    untouched_board: Any, arguments: list[str], code: int, words: str
) -> None:
    refused = untouched_board.asks(*arguments)
    assert refused.returncode == code
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_southern_position_needs_no_quoting(run_board: Run) -> None:
    board = run_board("--instant", "--warm")
    assert board.asks("move", "-33.9,18.4").returncode == 0


def test_without_a_board_the_error_says_how_to_start_one(run_board: Run, tmp_path: Path) -> None:
    board = run_board("--instant", "--receiver", "none")
    refused = board.asks("--dir", str(tmp_path / "nowhere"), "status")
    assert refused.returncode == 1
    assert re.search(r"no board answers in .*start one with: outcry-board run", refused.stderr)


def test_nonsense_on_the_control_socket_is_answered_and_survived(run_board: Run) -> None:
    from outcry.hw.board import meeting

    board = run_board("--instant", "--warm", "--receiver", "none")
    for nonsense in (
        b"\xff\n",
        b"[]\n",
        b"{}\n",
        b'{"do": 7}\n',
        b'{"do":"press","seconds":NaN}\n',
        b'{"do":"pins-attach"}\n[]\n',
    ):
        with meeting.connected(board.directory, 20.0) as connection:
            connection.sendall(nonsense)
            assert connection.recv(1000)
    with meeting.connected(board.directory, 20.0) as connection:
        connection.sendall(b"x" * 200_000)
    assert board.told("status")["receiver"] == "on"


def test_a_recording_that_is_not_there_is_said_so(run_board: Run, tmp_path: Path) -> None:
    board = run_board("--instant", "--receiver", "none")
    refused = board.asks("--dir", str(tmp_path / "x"), "run", "--receiver", "/nowhere.log")
    assert refused.returncode == 1
    assert "/nowhere.log" in refused.stderr
