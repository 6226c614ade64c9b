"""Reports that come together are written together, as if each had come alone."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import func, select

from outcry import receipt
from outcry.receipt import Status
from outcry.report import MessageType
from outcry.responder.intake.batching import AT_ONCE, GroupCommit
from outcry.responder.intake.inbox import Outdated, Taken, Unreadable
from outcry.responder.rules.events import CameBy, ReportArrived
from outcry.responder.storage import store

ON_BOTH_DATABASES = True


def take(world, *messages, path=CameBy.DATA):
    return world.hq.inbox.take_all([message.sealed for message in messages], path)


def count(world, table):
    with world.hq.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_each_gets_its_own_receipt_in_the_order_of_arrival(world):
    messages = [world.device.message(alarm=n, sequence=m) for n in (1, 2) for m in (0, 1)]
    for message, taken in zip(messages, take(world, *messages), strict=True):
        assert receipt.verify(taken.receipt, message.report.token, message.header) is Status.STORED
    assert world.hq.history(1) == world.hq.history(2) == [ReportArrived] * 2
    assert count(world, store.message) == 4
    assert count(world, store.invitation) == 6


def test_a_repeat_beside_its_first_is_still_a_repeat(world):
    message = world.device.message()
    first, again = take(world, message, message)
    assert (first.repeat, again.repeat) == (False, True)
    assert first.receipt == again.receipt
    assert world.hq.history() == [ReportArrived]


def test_what_is_odd_is_marked_beside_others_as_when_alone(world):
    newer, older, twice = (world.device.message(counter=n, sequence=n) for n in (9, 8, 9))
    take(world, newer, older, twice)
    marks = [list(entry.marks) for entry in world.hq.entries()]
    assert marks == [[], ["out of order"], ["counter used before"]]


def test_an_old_heartbeat_and_garbage_take_nothing_from_the_others(world):
    beats = [world.device.message(MessageType.HEARTBEAT, counter=n) for n in (5, 4)]
    alarm = world.device.message(counter=6)
    garbage = b"\0" * len(alarm.sealed)
    sealed = [beats[0].sealed, garbage, beats[1].sealed, b"", alarm.sealed]
    taken = world.hq.inbox.take_all(sealed, CameBy.DATA)
    kinds = [type(one) for one in taken]
    assert kinds == [Taken, Unreadable, Outdated, Unreadable, Taken]
    with world.hq.store.read() as connection:
        assert connection.scalar(select(store.wearer.c.highest_counter)) == 6


def test_one_that_cannot_be_stored_takes_none_of_the_others_with_it(world, monkeypatch):
    from outcry.responder.intake import ingest

    real = ingest.encode

    def fails_for_one(report):
        if report.sequence == 1:
            raise OSError(28, "No space left on device")
        return real(report)

    monkeypatch.setattr(ingest, "encode", fails_for_one)
    messages = [world.device.message(sequence=n) for n in range(3)]
    taken = take(world, *messages)
    assert [isinstance(one, Taken) for one in taken] == [True, False, True]
    assert isinstance(taken[1], OSError)
    assert count(world, store.message) == 2


def test_what_comes_while_others_are_written_waits_for_one_more_commit(world):
    commits = []
    real = world.hq.inbox.take_all

    def counted(sealed, path):
        commits.append(len(sealed))
        return real(sealed, path)

    world.hq.inbox.take_all = counted
    messages = [world.device.message(sequence=n) for n in range(AT_ONCE + 40)]

    async def together():
        batches = GroupCommit(world.hq.inbox)
        return await asyncio.gather(*(batches.take(one.sealed) for one in messages))

    taken = asyncio.run(together())
    for message, one in zip(messages, taken, strict=True):
        assert receipt.verify(one, message.report.token, message.header) is Status.STORED
    assert sum(commits) == len(messages)
    assert len(commits) <= 3
    assert max(commits) == AT_ONCE


def test_a_sender_that_has_gone_away_holds_nobody_up(world):
    first, second = world.device.message(), world.device.message(sequence=1)

    async def one_leaves():
        batches = GroupCommit(world.hq.inbox)
        leaving, staying = batches.take(first.sealed), batches.take(second.sealed)
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        return await staying

    answer = asyncio.run(one_leaves())
    assert receipt.verify(answer, second.report.token, second.header) is Status.STORED
    assert count(world, store.message) == 2


class Breaks:
    """The inbox of a world, but what it does with its first batch is ``fault``."""

    def __init__(self, inbox, fault):
        self._inbox = inbox
        self._faults = [fault]

    def take_all(self, sealed, path):
        if self._faults:
            return self._faults.pop()(self._inbox, sealed, path)
        return self._inbox.take_all(sealed, path)


def stores_half_then_raises(inbox, sealed, path):
    inbox.take_all(sealed[: len(sealed) // 2], path)
    raise OSError(28, "No space left on device")


def forgets_one(inbox, sealed, path):
    return inbox.take_all(sealed, path)[1:]


@pytest.mark.parametrize(
    ("fault", "error"), [(stores_half_then_raises, OSError), (forgets_one, ValueError)]
)
def test_a_fault_costs_one_batch_and_the_next_is_taken(world, fault, error):
    messages = [world.device.message(sequence=n) for n in range(AT_ONCE + 4)]

    async def together():
        batches = GroupCommit(Breaks(world.hq.inbox, fault))
        sending = (batches.take(one.sealed) for one in messages)
        first = await asyncio.gather(*sending, return_exceptions=True)
        again = await asyncio.gather(*(batches.take(one.sealed) for one in messages[:AT_ONCE]))
        return first, again

    first, again = asyncio.run(together())
    assert {type(one) for one in first[:AT_ONCE]} == {error}
    for message, one in zip(messages, [*again, *first[AT_ONCE:]], strict=True):
        assert receipt.verify(one, message.report.token, message.header) is Status.STORED
    assert count(world, store.message) == len(messages)


def test_an_inbox_that_hangs_holds_up_its_own_batch_for_its_time_and_no_other(world):
    lost, others = world.device.message(), [world.device.message(sequence=n) for n in (1, 2)]
    lets_go, stored = threading.Event(), threading.Event()

    def hangs(inbox, sealed, path):
        lets_go.wait()
        taken = inbox.take_all(sealed, path)
        stored.set()
        return taken

    async def one_by_one():
        batches = GroupCommit(Breaks(world.hq.inbox, hangs), limit_s=0.05)
        try:
            with pytest.raises(TimeoutError):
                await batches.take(lost.sealed)
            batches.limit_s = 60
            return [await batches.take(one.sealed) for one in others]
        finally:
            lets_go.set()

    for message, one in zip(others, asyncio.run(one_by_one()), strict=True):
        assert receipt.verify(one, message.report.token, message.header) is Status.STORED
    assert stored.wait(60), "what hung goes on when it can"
    assert count(world, store.message) == 3


def test_two_processes_that_hear_the_same_device_at_once_take_everything_once(world):
    messages = [world.device.message(sequence=n) for n in range(40)]
    taken = []

    def hear():
        for n in range(0, 40, 4):
            taken.extend(take(world, *messages[n : n + 4]))

    threads = [threading.Thread(target=hear) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not one.repeat for one in taken) == 40
    assert len(taken) == 120
    assert world.hq.history() == [ReportArrived] * 40
