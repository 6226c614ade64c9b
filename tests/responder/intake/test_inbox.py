"""The inbox: what is taken, what is refused, and what a repeat does."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from outcry import receipt
from outcry.envelope import SEALED_BYTES, Header, seal
from outcry.receipt import Status
from outcry.report import AlarmKind, Flag, MessageType, encode
from outcry.responder.intake.inbox import Outdated, Unreadable
from outcry.responder.rules.events import CameBy, ReportArrived, ReportRepeated
from outcry.responder.storage import store

ON_BOTH_DATABASES = True


def marks(world, alarm=1):
    return [list(e.marks) for e in world.hq.entries(alarm) if isinstance(e, ReportArrived)]


def count(world, table):
    with world.hq.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_a_report_is_on_disk_before_its_receipt_exists(world):
    message = world.device.message()
    answer = world.hq.takes(message)
    assert receipt.verify(answer, message.report.token, message.header) is Status.STORED
    world.hq.restarts()
    assert world.hq.history() == [ReportArrived]


def test_a_receipt_is_not_made_when_the_commit_fails(world, monkeypatch):
    from outcry.responder.storage import event_log as history_module

    def full_disk(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(history_module, "append_all", full_disk)
    with pytest.raises(OSError, match="No space"):
        world.hq.takes(world.device.message())
    assert count(world, store.alarm) == 0
    assert count(world, store.message) == 0


def test_an_exact_repeat_gets_the_same_receipt_and_acts_on_nothing(world):
    message = world.device.message()
    first = world.hq.takes(message)
    assert world.hq.takes(message) == first
    assert world.hq.history() == [ReportArrived]


def test_a_repeat_over_another_path_is_told_once(world):
    message = world.device.message()
    world.hq.takes(message)
    for _ in range(5):
        world.hq.takes(message, CameBy.LINK)
    assert world.hq.history() == [ReportArrived, ReportRepeated]


def test_a_replayed_sms_cannot_fill_the_history(world):
    message = world.device.message()
    for _ in range(50):
        world.hq.takes(message, CameBy.SMS)
    assert world.hq.history() == [ReportArrived, *[ReportRepeated] * 3]


def test_the_receipt_says_when_a_person_has_it(world):
    message = world.device.message()
    world.hq.takes(message)
    world.answers(world.invitation(1), world.pins[0], "seen")
    later = world.device.message(MessageType.POSITION, sequence=1)
    for each in (later, message):
        answer = world.hq.takes(each)
        assert receipt.verify(answer, each.report.token, each.header) is Status.ACKNOWLEDGED


def test_an_alarm_with_an_old_counter_is_taken_and_marked(world):
    world.hq.takes(world.device.message(MessageType.HEARTBEAT, counter=70_000))
    world.hq.takes(world.device.message(counter=5))
    assert marks(world) == [["out of order"]]


def test_an_alarm_with_a_counter_used_before_is_taken_and_marked(world):
    world.hq.takes(world.device.message(counter=9))
    world.hq.takes(world.device.message(counter=9, alarm=78))
    assert marks(world, 2) == [["counter used before"]]


@pytest.mark.parametrize(
    ("seconds", "flags", "mark"),
    [
        (-7200, Flag(0), ["late"]),
        (7200, Flag(0), ["clock ahead"]),
        (-30, Flag(0), []),
        (-1_000_000_000, Flag.CLOCK_UNSET, ["clock not set"]),
        (-365 * 86_400, Flag(0), ["clock not set"]),
        (-365 * 86_400, Flag.CLOCK_VOUCHED, ["late"]),
        (-3 * 3600, Flag.CLOCK_VOUCHED, ["late"]),
        (0, Flag.CLOCK_UNSET, ["clock not set"]),
    ],
)
def test_no_clock_stops_an_alarm(world, seconds, flags, mark):
    sent_at = world.clock() + seconds
    world.hq.takes(world.device.message(sent_at=sent_at, flags=flags))
    assert marks(world) == [mark]


DAY_S = 86_400


@pytest.mark.parametrize("path", CameBy)
@pytest.mark.parametrize(
    ("heard_s_ago", "counter", "behind_s", "mark"),
    [
        (300, 11, 30 * DAY_S, ["clock not set"]),  # made after a heartbeat of five minutes ago
        (300, 11, 7200, ["clock not set"]),  # an operator's clock, two hours off
        (300, 11, 30, []),
        (3601, 11, 7200, ["late"]),  # it may have lain for an hour
        (300, 9, 30 * DAY_S, ["late", "out of order"]),  # made before the heartbeat
    ],
)
def test_what_was_made_after_a_fresh_heartbeat_is_fresh_whatever_its_clock_says(
    world, path, heard_s_ago, counter, behind_s, mark
):
    world.hq.takes(world.device.message(MessageType.HEARTBEAT, counter=10))
    world.clock.passes(heard_s_ago)
    message = world.device.message(counter=counter, sent_at=world.clock() - behind_s)
    world.hq.takes(message, path)
    assert sorted(marks(world)[0]) == mark


def test_a_position_that_overtakes_its_first_report_opens_the_alarm(world):
    first = world.device.message()
    position = world.device.message(MessageType.POSITION, sequence=1)
    world.hq.takes(position)
    world.hq.takes(first)
    assert count(world, store.alarm) == 1
    assert marks(world) == [[], ["out of order"]]


def test_a_drill_and_an_alarm_with_the_same_id_are_two(world):
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL))
    world.hq.takes(world.device.message(kind=AlarmKind.PANIC))
    assert count(world, store.alarm) == 2


def test_a_repeated_heartbeat_proves_nothing(world):
    beat = world.device.message(MessageType.HEARTBEAT)
    answer = world.hq.takes(beat)
    assert receipt.verify(answer, beat.report.token, beat.header) is Status.STORED
    with world.hq.store.read() as connection:
        heard = connection.scalar(select(store.wearer.c.heard_at))
    world.clock.passes(600)
    with pytest.raises(Outdated):
        world.hq.takes(beat)
    with world.hq.store.read() as connection:
        assert connection.scalar(select(store.wearer.c.heard_at)) == heard


def test_an_older_heartbeat_proves_nothing(world):
    old = world.device.message(MessageType.HEARTBEAT)
    world.hq.takes(world.device.message())
    with pytest.raises(Outdated):
        world.hq.takes(old)


def test_the_refusal_of_a_heartbeat_tells_its_device_alone_which_counter_was_heard(world):
    old = world.device.message(MessageType.HEARTBEAT)
    newer = world.device.message()
    world.hq.takes(newer)
    with pytest.raises(Outdated) as refused:
        world.hq.takes(old)
    (answer,) = refused.value.args
    assert answer == receipt.make(old.report.token, receipt.OUTDATED, newer.header)
    with pytest.raises(receipt.ReceiptRefused):
        receipt.verify(answer, old.report.token, newer.header)


def test_a_withdrawal_stops_nothing_and_its_repeat_counts_once(world):
    world.hq.takes(world.device.message())
    withdrawal = world.device.message(MessageType.WITHDRAWAL, sequence=1, taps=(2, 3))
    assert world.hq.takes(withdrawal) == world.hq.takes(withdrawal)
    assert world.hq.history() == [ReportArrived, ReportArrived]


def test_an_old_hq_key_still_opens(world, tmp_path):
    from outcry.envelope import to_text
    from outcry.responder.enrolment.hq_keys import KEY_FILE, load_or_create

    path = world.hq.directory / KEY_FILE
    path.write_text(to_text(os.urandom(32)) + "\n" + path.read_text())
    assert len(load_or_create(world.hq.directory)) == 2
    world.hq.restarts()
    world.hq.takes(world.device.message())
    assert world.hq.history() == [ReportArrived]


def test_each_refusal_uses_the_same_words(world):
    good = world.device.message()
    enrolled = world.device.enrolment
    unknown = Header(enrolled.device ^ 1, 1)
    other_key = seal(encode(good.report), good.header, enrolled.hq.public_key, os.urandom(32))
    stranger = seal(encode(good.report), unknown, enrolled.hq.public_key, enrolled.psk)
    # what HQ opens with when it knows no such device must open nothing either
    nobody = seal(encode(good.report), unknown, enrolled.hq.public_key, bytes(32))
    not_a_report = seal(bytes(59), good.header, enrolled.hq.public_key, enrolled.psk)
    words = set()
    for bad in (b"", b"\0" * 8, good.sealed[:-1], good.sealed + b"\0", other_key, stranger, nobody,
                not_a_report, os.urandom(SEALED_BYTES)):  # fmt: skip
        with pytest.raises(Unreadable) as refused:
            world.hq.inbox.take(bad, CameBy.DATA)
        words.add(str(refused.value))
    assert len(words) == 1
    assert count(world, store.message) == 0


@pytest.mark.slow
@given(data=st.data())
@hypothesis_settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_changed_byte_is_refused(world, data):
    sealed = bytearray(world.device.message().sealed)
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Unreadable):
        world.hq.inbox.take(bytes(sealed), CameBy.DATA)


TYPES = st.sampled_from([MessageType.FIRST, MessageType.POSITION, MessageType.STILL_IN_DANGER])


@pytest.mark.slow
@given(data=st.data())
@hypothesis_settings(max_examples=25, deadline=None)
def test_whatever_is_repeated_or_reordered_each_alarm_acts_once(enrolled, world_in, data):
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "state"
        shutil.copytree(enrolled.directory, directory)
        world = world_in(directory)
        hq, device = world.hq, world.device
        sent = [
            device.message(type_, alarm=alarm, sequence=n)
            for n, (type_, alarm) in enumerate(
                data.draw(st.lists(st.tuples(TYPES, st.integers(1, 3)), min_size=1, max_size=6))
            )
        ]
        arriving = data.draw(st.lists(st.sampled_from(sent), max_size=20)) + data.draw(
            st.permutations(sent)
        )
        receipts = {}
        for message in arriving:
            path = data.draw(st.sampled_from(CameBy))
            answer = hq.takes(message, path)
            assert receipts.setdefault(message.header, answer) == answer
            if data.draw(st.booleans()):
                hq.works()
            if data.draw(st.integers(0, 9)) == 0:
                hq.restarts()
        hq.works()
        alarms = {message.report.alarm_id for message in sent}
        reports = sum(hq.history(n).count(ReportArrived) for n in range(1, len(alarms) + 1))
        assert reports == len(sent)
        for contact in enrolled.enrolment.contacts:
            assert len(world.phones.to(contact.number)) == len(alarms)
        hq.store.close()


def test_a_contacts_link_has_nothing_that_a_phone_would_leave_off(world):
    for alarm in range(1, 13):
        world.hq.takes(world.device.message(alarm=alarm))
    links = [world.invitation(contact, alarm) for alarm in range(1, 13) for contact in (1, 2, 3)]
    assert {len(link) for link in links} == {16}
    assert len(set(links)) == len(links)
    assert "".join(links).isalnum()


def test_a_link_that_was_texted_before_still_opens_its_alarm(world):
    world.hq.takes(world.device.message())
    with world.hq.store.write() as connection:
        mine = store.invitation.c.token == world.invitation(1)
        connection.execute(update(store.invitation).where(mine).values(token="Zk3_x-9aQwErTy_-"))
    assert world.hq.parts.desk.invitation("Zk3_x-9aQwErTy_-").alarm == 1
