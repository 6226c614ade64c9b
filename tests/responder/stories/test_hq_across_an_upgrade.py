"""An alarm in the database of an older release goes on as that release would have gone on with it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from builders import BEN, CLEO, DANA, WEARER
from sqlalchemy import text

from outcry import enrolment
from outcry.envelope import from_text, read_header
from outcry.receipt import Status, verify
from outcry.report import MessageType
from outcry.responder.archive import case_file, proof
from outcry.responder.enrolment.hq_keys import KEY_FILE
from outcry.responder.rules.events import (
    CallEnded,
    CallPlanned,
    CameBy,
    Confirmed,
    GroundFound,
    Outcome,
    ReportArrived,
    ReportRepeated,
)
from outcry.responder.storage import verification
from outcry.responder.storage.store import DATABASE

pytestmark = pytest.mark.slow

LEFT = Path(__file__).with_name("mid_alarm")
PINS = ("656769", "858042", "687831")
# The report that raised the alarm, as the device sends it until it is answered.
FIRST = bytes.fromhex(
    "0177d36bc400000001b4b543de3eef41c9b1bf8f66a6838153489109505b7d92a819c2db5a5a917b"
    "0e6422ac3446c1a4c94aa630f54509247abb1b082a1b2fa4493c286f4ff2ad2b6bb1df4dfe5decc9"
    "4337576d5bc67a22bbbe76aae7b2c4acda27c77bc6c6a419e57f5551299083f05bbef0bf"
)
TOKEN = bytes.fromhex("9d34c477105c09bc835a27213586f765")
SECONDS = 20  # since the alarm came


@pytest.fixture
def world(tmp_path, world_in):
    """HQ on the files of an older release: see the first line of responder.sql."""
    directory = tmp_path / "state"
    directory.mkdir()
    with closing(sqlite3.connect(directory / DATABASE)) as database:
        database.executescript((LEFT / "responder.sql").read_text())
    shutil.copy(LEFT / KEY_FILE, directory)
    world = world_in(directory)
    world.clock.passes(SECONDS)
    world.pins = PINS
    world.device.enrolment = enrolment.read((LEFT / "enrolment.json").read_text())
    yield world
    world.hq.close()


def receipt_of(world, message):
    return verify(world.hq.takes(message), message.report.token, message.header)


def verified(world):
    with world.hq.store.read() as connection:
        return verification.verify(connection)


def test_what_was_written_is_read_and_found_as_it_was_written(world):
    assert verified(world).problems == ()
    assert verified(world).alarms == 1
    assert world.hq.history() == [
        ReportArrived,
        CallPlanned,
        CallPlanned,
        CallPlanned,
        Outcome.DONE,
        Confirmed,
        Outcome.UNKNOWN,
    ]
    assert isinstance(world.hq.entries()[-1], CallEnded), "what became of Cleo's text nobody knows"


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("update message set received_at = received_at + 1", "message 1: arrival time is not"),
        ("update message set report = zeroblob(56)", "message 1: receipt token is not"),
        ("update alarm set kind = 3", "alarm 1: kind is not"),
        ("update contact set name = 'Eve' where number_in_list = 1", "contact 1's name is not"),
        ("update wearer set psk = zeroblob(32)", "psk is not"),
    ],
)
def test_what_was_there_is_in_the_chain_from_the_upgrade_on(world, statement, says):
    with world.hq.store.write() as connection:
        connection.execute(text(statement))
    [problem] = verified(world).problems
    assert says in problem


def test_a_case_file_of_before_shows_and_proves_its_reports(world):
    file = case_file.write(world.hq.store, 1, "Example Org", world.clock())
    assert proof.check(file).alarm == 1
    assert "Position: " in file


def test_open_calls_go_on_and_nobody_is_texted_twice_but_who_may_not_have_got_it(world):
    world.hq.works()
    assert [number for _, number, _ in world.phones.sent] == [DANA, CLEO]
    assert world.phones.to(BEN) == []
    for contact, number in ((2, CLEO), (3, DANA)):
        [text] = world.phones.to(number)
        assert world.invitation(contact) in text
    assert "m7IPY6n6Od2mh-dw" in world.phones.to(CLEO)[0], "the link that Cleo may have already"
    assert world.hq.history()[7:] == [CallPlanned, Outcome.DONE, Outcome.DONE]


def test_a_confirmation_from_before_counts_and_reaches_the_wearer(world):
    world.hq.works()
    assert receipt_of(world, world.device.message(MessageType.POSITION, sequence=1, counter=2)) is (
        Status.ACKNOWLEDGED
    )
    assert GroundFound not in world.hq.history()
    world.answers(world.invitation(2), world.pins[1], "confirm")
    world.hq.works()
    assert world.hq.history()[-4:] == [Confirmed, GroundFound, CallPlanned, Outcome.DONE]
    assert len(world.phones.sent) == 2, "and no more texts"
    assert verified(world).problems == ()


def test_the_report_that_raised_it_is_known_again_and_the_wearer_hears_of_ben(world):
    world.hq.inbox.take(FIRST, CameBy.SMS)
    world.hq.works()
    assert world.hq.history()[7] is ReportRepeated
    assert world.hq.history(2) == [], "it is no other alarm"
    [answer] = world.phones.to(WEARER)
    assert verify(from_text(answer), TOKEN, read_header(FIRST)) is Status.ACKNOWLEDGED
