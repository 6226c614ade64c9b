"""The real processes again: the modem's last wire, the strap's, a drill, and the status screen."""

import json
import subprocess

import pytest

from demo.contact import Contact
from stage.stage import CONTACTS, Stage, program

pytestmark = [pytest.mark.slow]
BUTTON, STRAP, MOTOR, RESET = 17, 27, 18, 22
QUICK = ("--instant", "--warm")


@pytest.fixture
def stage(tmp_path_factory):
    """Near the root: a UNIX socket's path has at most 107 bytes."""
    folder = tmp_path_factory.getbasetemp() / "wires"
    with Stage(folder, (*QUICK, "--reset-pin", str(RESET))) as stage:
        yield stage
    for left in sorted(folder.rglob("*"), reverse=True):
        left.rmdir() if left.is_dir() else left.unlink()


@pytest.fixture
def started(stage):
    def start(**changes):
        stage.write_settings()
        stage.write_device_settings(
            {tuple(key.split("_", 1)): value for key, value in changes.items()}
        )
        stage.enrol()
        stage.start_board()
        stage.board("release", "--pin", str(BUTTON))
        stage.start_responder()
        stage.start_daemon()
        stage.wait("data path", lambda: list(stage.events("tcp-connected")), 40)
        return stage

    return start


def outcry(stage, *arguments):
    """Exit code and what was printed."""
    done = subprocess.run(
        [program("outcry"), "--config", str(stage.folder / "outcry.toml"), *arguments],
        capture_output=True,
        text=True,
        env=stage.environment(),
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def status(stage):
    return json.loads(outcry(stage, "status", "--json")[1])


def test_a_hung_modem_is_restarted_by_its_wire_and_the_alarm_leaves(started):
    stage = started(modem_power_pin=RESET)
    stage.board("fault", "hang")
    stage.board("press", "1.8")
    stage.wait("the wire", lambda: [e for e in stage.events("pin-out") if e["pin"] == RESET], 60)
    stage.wait("a report at HQ", lambda: status(stage)["alarm"]["state"] == "stored", 60)


def test_a_torn_strap_is_told_to_everybody_in_its_own_words(started):
    stage = started(strap_enabled=True)
    stage.board("hold", "--pin", str(STRAP))
    stage.wait("the strap on", lambda: status(stage)["worn"], 20)
    stage.board("gprs", "off")
    stage.board("release", "--pin", str(STRAP))
    contact = Contact(stage, next(iter(CONTACTS)))
    stage.wait("the text", lambda: any("strap" in text for text in contact.texts()), 40)
    assert status(stage)["alarm"]["kind"] == "strap"


def test_a_drill_by_command_shows_its_hops_and_says_drill_to_contacts(started):
    stage = started()
    code, said = outcry(stage, "drill", "--no-wait")
    assert (code, "begun" in said) == (0, True)
    stage.wait("HQ", lambda: "HQ has it" in status(stage)["drill"]["hops"], 30)
    contact = Contact(stage, next(iter(CONTACTS)))
    stage.wait("the text", lambda: contact.texts(), 40)
    assert all(text.upper().startswith("DRILL") for text in contact.texts())
    code, said = outcry(stage, "status")
    assert "drill: stored" in said
    assert outcry(stage, "drill")[0] == 1
    stage.board("press", "1.8")
    stage.wait("the alarm", lambda: status(stage)["alarm"]["kind"] == "panic", 20)
