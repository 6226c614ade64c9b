"""The runbook: ten questions, each with a command that works, and answers that fit what is shown."""

import itertools
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from parts import needs_gpsd

from outcry.daemon.cli import log
from outcry.daemon.journal import Entry
from outcry.hw.modem import Outcome, SmsReport
from simulation.world import World
from stage.stage import NotSeen, Stage, program

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
QUESTIONS = re.split(r"^## ", RUNBOOK, flags=re.MULTILINE)[1:]
ALARM = "7f3a90c1"


def command(question):
    blocks = re.findall(r"```sh\n(.*?)\n```", question, re.DOTALL)
    assert len(blocks) == 1, "one command a question"
    assert "\n" not in blocks[0]
    return blocks[0]


COMMANDS = [command(question) for question in QUESTIONS]


def test_there_are_ten_questions_in_order():
    assert [int(question.split(".")[0]) for question in QUESTIONS] == list(range(1, 11))


# Why did a contact get no SMS?


def rows(number):
    """The first column of a question's table, without its markup, and the whole row."""
    for line in QUESTIONS[number - 1].splitlines():
        if line.startswith("| ") and "---" not in line and not line.endswith("| do |"):
            yield re.findall(r"`([^`]+)`", line.split("|")[1]), line


def answers(shown, number=4):
    """The rows that fit this line of `outcry log`."""
    return [row for phrases, row in rows(number) if phrases and any(p in shown for p in phrases)]


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.registered = True
    world.starts()
    world.holds()
    world.passes(10)
    assert world.heard() == ["alert to Ana"]
    return world


def reached(world, delivered):
    world.network(Outcome.DONE)
    world.happens(SmsReport(world.modem.texts[0][0], delivered))


CAUSES = {
    "no network": lambda world: None,
    "refused": lambda world: world.network(Outcome.FAILED, 28),
    "lost": lambda world: world.network(Outcome.UNKNOWN),
    "on its way": lambda world: world.network(Outcome.DONE),
    "no report": lambda world: (world.takes_all_texts(), world.passes(301)),
    "given up": lambda world: reached(world, False),
    "reached": lambda world: reached(world, True),
}


def shown(world, contact):
    """The last thing `outcry log` shows of a contact, with what stands below it."""
    told = [
        log.Line(
            place,
            next(entry.name for entry in Entry if entry.message_id == fields["MESSAGE_ID"]),
            message,
            count=fields.get("OUTCRY_COUNT", ""),
        )
        for place, (message, fields) in enumerate(zip(world.journal, world.fields, strict=True))
    ]
    about = [line.text() for line in told if f"to {contact}" in line.words]
    return about[-1] if about else ""


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_of_a_missing_text_has_its_own_row(world, cause):
    before = ": sending"
    CAUSES[cause](world)
    last = shown(world, "contact 1")
    if cause == "no report":
        last = next(line for line in reversed(world.journal) if "once more" in line)
    found = answers(last)
    assert len(found) == 1, (last, found)
    assert (before in last) is (cause == "no network")


def test_no_two_causes_share_a_row(tmp_path):
    entries = [
        entry.value[2].format(detail="alert", recipient="contact 1", count=1)
        for entry in Entry
        if entry.name.startswith("TEXT_")
    ]
    fits = [answers(sentence) for sentence in entries]
    assert all(len(each) == 1 for each in fits)
    assert all(one != other for one, other in itertools.combinations(fits, 2))


def test_a_contact_whom_hq_told_itself_has_a_row(tmp_path):
    world = World(tmp_path)
    world.data_goes(up=True)
    world.holds()
    world.hq_answers()
    assert shown(world, "contact 1") == ""
    assert any("now stored" in line for line in world.journal)
    assert any("now stored" in row and "HQ had the alarm" in row for _, row in rows(4))


@pytest.mark.parametrize(
    "reason",
    [
        "no network",
        "no connection to HQ in time",
        "the modem refuses to connect",
        "no connection to HQ: the network opens no data connection",
        "HQ closed the connection before its answer's end",
        "TLS answers, not HTTP",
        "the answer is not HTTP",
        "a web page answers, HTTP 400",
        "no answer from HQ",
        "HTTP 400",
        "HTTP 409",
        "HTTP 502",
        "HTTP 302",
        "a receipt is 26 bytes, this is 3",
    ],
)
def test_each_reason_for_no_receipt_has_a_row(reason):
    assert answers(reason, number=5)


# The commands themselves


@pytest.fixture(scope="module")
def armed(tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "rb"
    with Stage(folder, ("--instant", "--warm")) as stage:
        stage.write_settings()
        stage.enrol()
        stage.start_board()
        stage.board("release")
        stage.start_gpsd()
        stage.start_responder()
        stage.start_daemon()
        stage.wait("a position at gpsd", stage.has_fix, 60)
        stage.wait("the control socket", (folder / "run" / "control").exists, 40)
        stage.wait("the check to be well", lambda: is_well(stage), 60)
        yield stage


def is_well(stage):
    try:
        stage.run("outcry", "--config", str(stage.folder / "outcry.toml"), "check")
    except NotSeen:
        return False
    return True


@pytest.mark.slow
@needs_gpsd
@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_does_what_it_says(armed, line, tmp_path):
    words = shlex.split(line)
    assert words[:1] == ["sudo"]
    words = words[3:] if words[1] == "-u" else words[1:]
    if words[0] == "outcry" and words[1] != "log":
        words = [program("outcry"), "--config", str(armed.folder / "outcry.toml"), *words[1:]]
    elif words[0] == "outcry-responder":
        words = [program(words[0]), *words[1:], "--config", str(armed.folder / "responder.toml")]
    elif words[0] == "outcry":
        words = [program("outcry"), *words[1:]]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        env=armed.environment() | {"LC_ALL": "C"},
        timeout=100,
        check=False,
    )
    said = done.stdout + done.stderr
    if "--config" in words:
        assert done.returncode == 0, said
    elif words[1] == "log":
        assert done.returncode in (0, 1), said  # nothing of that is in this machine's journal
    elif os.path.basename(words[0]) == "journalctl":
        assert done.returncode in (0, 1), said
        assert "invalid" not in said.lower()
    for complaint in ("usage:", "unrecognized", "unknown option", "invalid option"):
        assert complaint not in said.lower()


def test_the_messages_asked_for_are_the_ones_meant():
    ids = {entry.message_id: entry for entry in Entry}
    asked = re.findall(r"MESSAGE_ID=([0-9a-f]+)", RUNBOOK)
    assert [ids[each] for each in asked] == [Entry.GPS]
