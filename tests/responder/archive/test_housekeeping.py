"""The record is sealed and what is due deleted, without anybody asking."""

import pytest
from sqlalchemy import func, select, text

from outcry.responder.archive import housekeeping
from outcry.responder.archive.housekeeping import Housekeeping
from outcry.responder.part import Rounds
from outcry.responder.plans import repository
from outcry.responder.storage import store
from outcry.responder.storage.audit_chain import Noted


@pytest.fixture
def keeping(world):
    return Housekeeping(world.hq.store, world.clock)


def seals(world):
    with world.hq.store.read() as connection:
        found = select(func.count()).select_from(store.record).filter_by(what=Noted.SEALED.name)
        return connection.scalar(found)


def test_the_record_is_sealed_within_a_minute(world, keeping):
    keeping.look()
    assert seals(world) == 0
    world.hq.takes(world.device.message())
    world.clock.passes(housekeeping.SEAL_EVERY_S - 1)
    keeping.look()
    assert seals(world) == 0
    world.clock.passes(1)
    keeping.look()
    assert seals(world) == 1


def test_a_clock_set_back_by_a_year_stops_nothing(world, keeping):
    keeping.look()
    world.hq.takes(world.device.message())
    world.clock.passes(-365 * 86_400)
    keeping.look()
    assert seals(world) == 1


def test_what_is_over_for_long_goes(world, keeping):
    world.hq.takes(world.device.message())
    device = world.device.enrolment.device
    with world.hq.store.write() as connection:
        repository.change(connection, device, {"record": {"keep_days": 1}}, 0.0)
        connection.execute(
            text("update history set what = 'CLOSED', data = '{\"officer\": \"o\"}'")
        )
    world.clock.passes(86_401)
    keeping.look()
    with world.hq.store.read() as connection:
        assert connection.execute(select(store.alarm)).all() == []


def test_the_newest_link_stands_in_the_journal_once_a_day(world, keeping, caplog):
    caplog.set_level("INFO")
    for _ in range(48):
        keeping.look()
        world.clock.passes(3600)
    told = [line for line in caplog.messages if "newest link" in line]
    assert len(told) == 2


def test_a_round_that_fails_is_told_without_its_words_and_goes_on(caplog, wait_for):
    looks = []

    def look():
        looks.append(1)
        raise RuntimeError("+447700900111")

    rounds = Rounds("order", look)
    rounds.start()
    wait_for(lambda: "order: failed" in caplog.text)
    assert rounds.is_alive()
    assert rounds.stop(60)
    assert "447700900111" not in caplog.text
