"""A drill at HQ: told as a drill, never public, and never to be mistaken for an alarm."""

from __future__ import annotations

import itertools

import pytest
from builders import ground
from sqlalchemy import select

from outcry.envelope import seal, to_text
from outcry.report import AlarmKind, MessageType, encode
from outcry.responder.intake.inbox import Unreadable
from outcry.responder.rules.calls import ActionKind
from outcry.responder.rules.events import CallPlanned, CameBy
from outcry.responder.storage import event_log, store
from outcry.responder.storage.alarms import set_due

pytestmark = pytest.mark.slow

DRILL = AlarmKind.DRILL


def kinds(world):
    found = select(store.alarm.c.kind).order_by(store.alarm.c.id)
    with world.hq.store.read() as connection:
        return [AlarmKind(kind) for kind in connection.scalars(found)]


def everybody_confirms(world, alarm=1):
    for contact in (1, 2, 3):
        world.answers(world.invitation(contact, alarm), world.pins[contact - 1], "confirm")


def contacts_texts(world):
    return [text for _, number, text in world.phones.sent if number != "+447700900001"]


@pytest.mark.parametrize("type_", [MessageType.FIRST, MessageType.POSITION, MessageType.WITHDRAWAL])
@pytest.mark.parametrize("path", CameBy)
def test_whatever_of_a_drill_comes_first_its_texts_begin_with_the_word(world, type_, path):
    world.hq.takes(world.device.message(type_, kind=DRILL), path)
    world.hq.works()
    texts = contacts_texts(world)
    assert len(texts) == 3
    assert all(text.startswith("DRILL") for text in texts)
    assert all("ALARM" not in text for text in texts)


def test_nothing_whatever_makes_a_drill_public(world):
    reports = [world.device.message(kind=DRILL)]
    for n, type_ in enumerate((MessageType.STILL_IN_DANGER, MessageType.WITHDRAWAL), 1):
        reports.append(world.device.message(type_, kind=DRILL, sequence=n))
    for message, path in itertools.product(reports, CameBy):
        world.hq.takes(message, path)
        everybody_confirms(world)
        world.hq.works()
    with world.hq.store.write() as connection:
        event_log.append(connection, 1, ground(world.clock()))
        set_due(connection, 1, world.clock())
    for _ in range(50):
        world.clock.passes(3600)
        world.hq.works()
    world.hq.restarts()
    world.hq.works()
    assert world.hq.own_page.newest() == []
    planned = [e.action.kind for e in world.hq.entries() if isinstance(e, CallPlanned)]
    assert planned
    assert ActionKind.PUBLISH not in planned


def test_no_changed_byte_turns_a_drill_into_an_alarm_or_the_reverse(world):
    for kind in (DRILL, AlarmKind.PANIC):
        message = world.device.message(kind=kind, alarm=kind)
        world.hq.takes(message)
        for index, bit in itertools.product(range(len(message.sealed)), (1, 2, 128)):
            forged = bytearray(message.sealed)
            forged[index] ^= bit
            with pytest.raises(Unreadable):
                world.hq.inbox.take(bytes(forged), CameBy.SMS)
    assert kinds(world) == [DRILL, AlarmKind.PANIC]


def test_who_lacks_the_devices_key_can_make_neither(world):
    drill = world.device.message(kind=DRILL)
    world.hq.takes(drill)
    hq = world.device.enrolment.hq
    for kind in (AlarmKind.PANIC, DRILL):
        report = world.device.message(kind=kind).report
        for psk in (bytes(32), b"x" * 32, hq.public_key):
            forged = seal(encode(report), drill.header, hq.public_key, psk)
            with pytest.raises(Unreadable):
                world.hq.inbox.take(forged, CameBy.DATA)
    assert kinds(world) == [DRILL]


@pytest.mark.parametrize("alarm", [77, 78])
def test_a_real_alarm_in_a_drill_is_a_new_one_and_acts_fully(world, alarm):
    """Also if a device ever used one id for both."""
    world.hq.takes(world.device.message(kind=DRILL, alarm=77))
    world.hq.works()
    everybody_confirms(world)
    real = world.device.message(alarm=alarm)
    world.hq.texts.take("", real.text)
    world.hq.works()
    assert kinds(world) == [DRILL, AlarmKind.PANIC]
    assert [text.split()[0] for text in contacts_texts(world)] == ["DRILL,"] * 3 + ["ALARM"] * 3
    assert world.hq.own_page.newest() == [], "what was confirmed was the drill"
    everybody_confirms(world, alarm=2)
    world.hq.works()
    (post,) = world.hq.own_page.newest()
    assert "Ana raised an alarm" in post.text
    assert world.phones.to("+447700900001"), "and the wearer is answered"


def test_a_drill_in_an_alarm_takes_nothing_from_it(world):
    world.hq.takes(world.device.message())
    world.hq.takes(world.device.message(kind=DRILL))
    world.hq.works()
    everybody_confirms(world, alarm=2)
    assert world.hq.own_page.newest() == []
    everybody_confirms(world, alarm=1)
    world.hq.works()
    assert len(world.hq.own_page.newest()) == 1


def test_a_link_to_a_drill_cannot_be_used_to_confirm_an_alarm(world):
    drill = world.device.message(kind=DRILL)
    real = world.device.message()
    world.hq.takes(real)
    shown = world.hq.desk.sealed_link(to_text(drill.sealed), 1)
    assert shown.report.kind is DRILL
    assert shown.alarm != 1
