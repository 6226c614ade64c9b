"""The socket that `outcry status` and `outcry drill` ask, and what they show."""

import contextlib
import json
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from builders import device_config

from outcry.daemon.alarm.model import Alarm
from outcry.daemon.cli.main import follow, main
from outcry.daemon.service import control_socket, judge, status
from outcry.daemon.service.control_socket import Asked, Control, NotAnswering
from outcry.daemon.service.findings import Result
from outcry.daemon.touch.edges import Edge
from outcry.enrolment import Contact
from outcry.hw.modem import Condition, ModemStatus
from outcry.hw.pin_library import PinUnusable
from outcry.report import Flag
from simulation.world import CONTACTS, World


@pytest.fixture
def folder():
    """A short path: a UNIX socket's has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="oc-") as path:
        yield Path(path)


@pytest.fixture
def asked(folder):
    """A control that answers with the question, and what it was asked."""
    questions = []

    def answer(question: Asked) -> None:
        questions.append(question.question)
        question.answer({"question": question.question})

    served = Control(folder, answer)
    yield questions
    served.close()


def raw(folder, data):
    """What comes back for these bytes, however they end."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(str(folder / "control"))
        line.sendall(data)
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_WR)
        return line.makefile("rb").read()


def test_a_question_is_answered(folder, asked):
    assert control_socket.ask(folder, "status") == {"question": "status"}
    assert asked == ["status"]


def test_nobody_else_may_ask(folder, asked):
    assert stat.S_IMODE((folder / "control").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"raise\n", b"\xff\xfe\n", b"status" * 10, b"status\x00\n", b"STATUS\n"]
)
def test_anything_else_is_refused_in_words_and_never_reaches_the_loop(folder, asked, data):
    assert "error" in json.loads(raw(folder, data))
    assert asked == []
    assert control_socket.ask(folder, "drill") == {"question": "drill"}, "and it goes on"


def test_a_caller_who_leaves_mid_sentence_costs_nothing(folder, asked):
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(folder / "control"))
            line.sendall(b"sta")
    assert control_socket.ask(folder, "status") == {"question": "status"}


def test_a_socket_left_by_a_killed_daemon_is_no_obstacle(folder):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(folder / "control"))
    left.close()
    with pytest.raises(NotAnswering, match="systemctl start outcry"):
        control_socket.ask(folder, "status")
    served = Control(folder, lambda asked: asked.answer({}))
    assert control_socket.ask(folder, "status") == {}
    served.close()


def test_a_closed_control_leaves_no_thread_and_no_socket(folder):
    Control(folder, lambda asked: None).close()
    for thread in threading.enumerate():
        if thread.name == "control":
            thread.join(20)
    assert all(thread.name != "control" for thread in threading.enumerate())
    assert not (folder / "control").exists()


def test_without_a_daemon_the_command_says_what_to_do(folder, capsys):
    config = device_config(folder)
    for command in ("status", "drill"):
        assert main(["--config", str(config), command]) == 69
        said = capsys.readouterr().err
        assert "systemctl start outcry" in said
        if command == "status":  # the cause stands before that
            assert "there is no enrolment" in said.splitlines()[1]
    assert main(["--config", str(config), "status", "--json"]) == 69
    assert "systemctl" in json.loads(capsys.readouterr().out)["error"]


AS_NOBODY = """
import os, sys
from pathlib import Path
from outcry.daemon.service import control_socket
if os.getuid() == 0:
    os.setuid(65534)
try:
    control_socket.ask(Path(sys.argv[1]), "status")
except control_socket.NotAnswering as error:
    print(error)
"""


def test_a_user_without_the_right_is_told_to_use_sudo(folder, asked):
    (folder / "control").chmod(0)
    asks = [sys.executable, "-c", AS_NOBODY, str(folder)]
    said = subprocess.run(asks, capture_output=True, text=True, timeout=60, check=True)
    assert "sudo" in said.stdout


def test_a_drill_is_followed_hop_by_hop_until_a_person_has_it(capsys):
    answers = [
        {"drill": {"hops": {"report sealed": 0.0}, "over": False}},
        {"drill": {"hops": {"report sealed": 0.0, "HQ has it": 1.2}, "over": False}},
        {"drill": {"hops": {"HQ has it": 1.2, "a person has it": 20.0}, "over": False}},
    ]
    naps = []
    follow(lambda: answers[len(naps)], naps.append)
    shown = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[-1] for line in shown] == [
        "report sealed",
        "HQ has it",
        "a person has it",
    ]
    assert len(naps) == 2


# The screen


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, strap=True)
    world.modem.snapshot = ModemStatus(
        state=Condition.REGISTERED, signal=17, battery_mv=3986, battery_percent=83
    )
    return world


def facts(world):
    return world.asks("status")


def test_armed_and_well_it_says_so_and_nothing_more(world):
    world.fastens()
    world.sees()
    shown = status.screen(facts(world))
    assert "armed" in shown.splitlines()[0]
    assert judge.attention(facts(world)) == []
    for words in ("within 6 m", "signal 17 of 31", "3.99 V", "worn", "never", "down"):
        assert words in shown


def headline(world):
    return status.screen(facts(world)).splitlines()[0]


def test_a_button_that_is_stuck_raises_nothing_and_is_not_called_armed(world):
    world.sees(43.3178, 45.6949)
    world.happens(Edge(True, world.clock()))
    world.passes(70)
    assert "panic alarm" in headline(world), "it raised once, as a hand would"
    told = status.screen(facts(world) | {"alarm": None}).splitlines()[0]
    assert told.endswith("not armed: the button has been down for too long")
    calm = status.line(world.parts, Alarm(), world.clock())
    assert calm.startswith("not armed: the button has been down for too long ->")
    assert "short circuit" in calm
    assert "; fix; modem registered" in calm


@pytest.mark.parametrize("state", judge.REMEDIES)
def test_armed_with_a_modem_that_carries_nothing_is_not_said_without_that(world, state):
    told = facts(world)
    told["modem"]["state"] = state
    assert status.screen(told).splitlines()[0].endswith("armed, but nothing can be sent now")


LOOSE, BARRED = Flag.STRAP_LOOSE, {"text_refusal": "529"}
DOWN = {"data_up_s": None, "data_trouble": "no connection to HQ in time"}


@pytest.mark.parametrize(
    ("marks", "modem", "enrolled", "nothing_leaves", "first"),
    [
        (LOOSE | Flag.BUTTON_FAULT, DOWN | {"state": "silent"}, True, False, "button"),
        (LOOSE | Flag.CARD_FAULT, DOWN | {"state": "no SIM"}, True, True, "sim"),
        (Flag.STRAP_FAULT, {"state": "searching for a network"}, True, False, "registration"),
        (LOOSE | Flag.UNDER_VOLTAGE, DOWN | BARRED, True, True, "SMS"),
        (LOOSE, BARRED, False, True, "SMS"),
        (LOOSE | Flag.CARD_FAULT, DOWN, True, False, "data path"),
    ],
)
def test_what_keeps_an_alarm_from_leaving_at_all_is_named_before_the_rest(
    world, marks, modem, enrolled, nothing_leaves, first
):
    told = facts(world) | {"marks": int(marks), "enrolled": enrolled}
    told["modem"] |= {"data_up_s": 10} | modem
    found, named = judge.attention(told), judge.headline(told, in_full=True)
    assert found[0].name == first
    assert ("nothing can be sent now" in named) is nothing_leaves
    assert f"{found[0].words} -> {found[0].remedy}" in named


@pytest.mark.parametrize("text", ["", "{", None])
def test_an_enrolment_that_cannot_be_used_is_failed_everywhere(world, text):
    """It is not as where nobody ever enrolled the device: somebody relies on HQ."""
    path = world.folder / "enrolment.json"
    path.unlink()
    path.mkdir() if text is None else path.write_text(text)
    world.starts()
    told = facts(world)
    told["modem"]["state"] = "registered"
    keys, *others = judge.attention(told)
    assert (keys.name, keys.result, keys.remedy) == ("keys", Result.FAILED, judge.ENROL)
    assert not any(str(path) in each.words for each in others), "it is not told twice"
    assert judge.headline(told, in_full=True).startswith(f"armed, but keys: {keys.words} -> ")
    told["modem"] |= BARRED
    assert "nothing can be sent now: SMS" in judge.headline(told, in_full=True)
    told["faults"] = ["/state/enrolment.json: cannot be read (Permission denied (EACCES)); only"]
    assert "chown" in next(each for each in judge.attention(told) if each.name == "keys").remedy


def test_a_drill_is_not_called_an_alarm(world):
    for act, what in ((lambda: world.asks("drill"), "drill"), (world.holds, "alarm")):
        act()
        told = status.line(world.parts, world.loop.alarm, world.clock())
        assert told.startswith(f"{what} {world.loop.alarm.id:08x} over_sms;")


def test_a_part_that_cannot_be_used_is_on_the_screen_with_what_the_journal_said(world):
    def fails(pattern):
        raise PinUnusable("motor: OSError")

    world.motor.play = fails
    world.holds()
    world.holds()
    found = judge.attention(facts(world))
    assert [each.words for each in found if each.name == "motor"] == ["motor: OSError"]
    assert "motor: OSError" in status.screen(facts(world))


def test_without_a_motor_the_screen_says_so(world):
    assert "motor      present" in status.screen(facts(world))
    told = facts(world) | {"motor": False}
    assert "motor      none" in status.screen(told)


@pytest.mark.parametrize(
    ("age_s", "words"),
    [(119, "119 s ago"), (121, "3 min ago"), (89 * 60 + 29, "90 min ago"), (7201, "3 h ago")],
)
def test_no_age_on_the_screen_is_less_than_the_true_one(world, age_s, words):
    world.sees()
    told = facts(world)
    told["fix"]["age_s"] = told["heartbeat"]["answered_s"] = age_s
    assert f"within 6 m, {words}" in status.screen(told)
    assert f"answered {words}" in status.screen(told)


def test_in_an_alarm_it_says_which_and_how_far(world):
    world.holds()
    shown = status.screen(facts(world))
    assert f"panic alarm {world.outbox.alarm.id:08x}: over sms" in shown
    world.taps(2, 2)
    assert "withdrawal sent" in status.screen(facts(world))


@pytest.mark.parametrize("state", [s for s in Condition if not s.registered])
def test_every_condition_of_the_modem_that_carries_nothing_has_a_remedy(world, state):
    world.modem.snapshot = ModemStatus(state=state, reason="because")
    found = judge.attention(facts(world))
    assert found[0].remedy == judge.REMEDIES[state.value]
    assert status.screen(facts(world)).count(found[0].remedy) == 1
    assert "because" in found[0].words or state.value in found[0].words


@pytest.mark.parametrize("flag", judge.MARKS)
def test_every_mark_has_words(world, flag):
    told = facts(world) | {"marks": int(flag)}
    named = [each for each in judge.attention(told) if each.remedy == judge.MARKS[flag].remedy]
    assert [each.name for each in named] == [judge.MARKS[flag].name]
    assert judge.MARKS[flag].words in named[0].words


def test_hq_that_does_not_answer_is_noticed(world):
    world.fastens()
    world.data_goes(up=True)
    world.passes(600)
    world.sees()
    world.hq_answers()
    assert judge.attention(facts(world)) == []
    world.passes(1600)
    assert any("no answer from HQ" in each.words for each in judge.attention(facts(world)))


@pytest.mark.parametrize(("language", "missing"), [("en", False), ("uk", False), ("xx", True)])
def test_a_contact_who_gets_english_for_want_of_texts_is_noticed(world, language, missing):
    contacts = (*CONTACTS, Contact("Dina", "+447700900104", language))
    world.identity = replace(world.identity, contacts=contacts)
    world.starts()
    found = judge.attention(facts(world))
    assert any("language" in each.words for each in found) is missing


def test_nothing_on_the_screen_or_in_its_json_tells_on_anybody(world):
    world.sees(43.31780, 45.69490)
    world.holds()
    told = json.dumps(facts(world)) + status.screen(facts(world))
    for canary in ("43.3", "45.6", "Zarema", "Ana", "4477009", "hq.example"):
        assert canary not in told


def test_a_time_that_nothing_has_told_is_noticed_here_as_in_the_check(world):
    told = facts(world) | {"time_by": None}
    assert judge.clock(None) in judge.attention(told)
    assert "clock" in status.screen(told)
