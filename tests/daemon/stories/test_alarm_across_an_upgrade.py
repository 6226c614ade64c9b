"""An alarm that an older release has raised goes on as that release would have gone on with it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from outcry.daemon.alarm.model import State
from outcry.daemon.journal import Entry
from outcry.daemon.outbox.stored import TextOutcome
from outcry.hw.modem import Outcome
from outcry.receipt import Status
from outcry.report import Flag
from simulation.world import World

LEFT = Path(__file__).with_name("mid_alarm")
ALARM = 2  # its id on the card


@pytest.fixture
def world(tmp_path):
    """A device whose files an older release wrote: see the first line of outbox.sql."""
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite")) as card:
        card.executescript((LEFT / "outbox.sql").read_text())
    shutil.copy(LEFT / "memory.json", tmp_path)
    world = World(tmp_path, seed=50)
    yield world
    assert world.faults == []


def test_the_same_alarm_and_the_same_report_go_on(world):
    with closing(sqlite3.connect(f"file:{world.folder}/outbox.sqlite?mode=ro", uri=True)) as card:
        [(sealed,)] = card.execute("SELECT sealed FROM report WHERE sequence = 0").fetchall()
    assert (world.outbox.alarm.id, world.outbox.alarm.state) == (ALARM, State.OVER_SMS)
    assert Entry.RESUMED.message_id in [fields["MESSAGE_ID"] for fields in world.fields]
    assert world.modem.posts[0][1] == sealed
    world.passes(20)
    world.hq_answers(index=0)
    assert world.motor.pulses == ["HQ has it"]
    later = world.report()
    assert (later.alarm_id, later.sequence) == (ALARM, 1)
    assert later.flags & Flag.RESTARTED
    world.hq_answers(Status.ACKNOWLEDGED)
    assert world.motor.pulses == ["HQ has it", "a person has it"]


def test_nobody_is_texted_twice_but_who_may_not_have_got_it(world):
    texts = world.outbox.texts.values()
    assert [text.id for text in texts if text.outcome is TextOutcome.GIVEN] == [1, 2]
    world.takes_all_texts()
    assert world.heard() == [
        "alert to Chiara",
        "link to Ana",
        "link to Boris",
        "link to Chiara",
        "alert to Boris",
    ]
    chiara, boris = (text for _, _, text in world.modem.texts if "Not a drill" in text)
    assert "in the next text" in boris, "which may have left, in the words of the older release"
    assert "in the next SMS" in chiara, "which has not, in today's"
    assert all("mlat=43.31780&mlon=45.69490" in words for words in (chiara, boris))
    world.network(Outcome.DONE)
    world.passes(20)
    assert len(world.modem.texts) == 5
