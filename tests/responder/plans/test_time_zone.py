"""By whose clock times are told: the plan's, that of the place, or of the number's country."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from importlib import resources
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from sqlalchemy import update

from outcry.report import MessageType, NoFixReason, NoPosition, Position
from outcry.responder import formatting
from outcry.responder.console.older_news import Act
from outcry.responder.contacts.desk import Answer
from outcry.responder.plans import repository, time_zone
from outcry.responder.plans.document import PlanInvalid
from outcry.responder.rules.events import Reason
from outcry.responder.storage import store
from stage.reports import NOON

GROZNY = Position(43.31700, 45.69800, 12, 0)
KABUL = Position(34.52800, 69.17200, 12, 0)
LOST = NoPosition(NoFixReason.NO_SATELLITES)


def told(zone, at=float(NOON)):
    return formatting.clock_time(at, zone)


def zone_of(world, alarm=1):
    with world.hq.store.read() as connection:
        return time_zone.now_of(connection, alarm)


def public_zone_of(world, place, alarm=1):
    with world.hq.store.read() as connection:
        return time_zone.in_public(connection, alarm, place)


def raises(world, *type_, **more):
    world.hq.takes(world.device.message(*type_, **more))


def publish(world):
    world.hq.parts.console.act(1, Act.PUBLISH, "olga")
    world.hq.works()


def agree(world, **sections):
    with world.hq.store.write() as connection:
        repository.change(connection, world.device.enrolment.device, sections, float(NOON))


def has_number(world, number):
    with world.hq.store.write() as connection:
        connection.execute(update(store.wearer).values(number=number))


def test_a_report_from_grozny_is_told_by_the_clocks_of_grozny(world):
    raises(world, place=GROZNY)
    assert told(zone_of(world)) == "15:00 (12:00 UTC)"


def test_the_newest_position_counts_wherever_an_older_one_was(world):
    raises(world, place=GROZNY)
    raises(world, MessageType.POSITION, sequence=1, place=KABUL)
    assert told(zone_of(world)) == "16:30 (12:00 UTC)"
    raises(world, MessageType.POSITION, sequence=2, place=LOST)
    assert told(zone_of(world)) == "16:30 (12:00 UTC)"


def test_without_a_fix_in_the_alarm_the_last_heartbeats_place_says_it(world):
    raises(world, MessageType.HEARTBEAT, place=KABUL)
    raises(world, place=LOST)
    assert told(zone_of(world)) == "16:30 (12:00 UTC)"


def test_the_plan_knows_better_than_any_place(world):
    agree(world, time={"time_zone": "Asia/Kathmandu"})
    raises(world, place=GROZNY)
    assert told(zone_of(world)) == "17:45 (12:00 UTC)"


@pytest.mark.parametrize(
    ("country", "said"),
    [
        ("GB", "12:00 UTC"),  # all of it has the time of Greenwich then
        ("UA", "14:00 (12:00 UTC)"),
        ("AF", "16:30 (12:00 UTC)"),
        ("RU", "12:00 UTC"),  # a country of eleven zones says nothing
    ],
)
def test_without_any_place_the_numbers_country_says_it_if_it_has_one_time(world, country, said):
    mobile = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    has_number(world, phonenumbers.format_number(mobile, phonenumbers.PhoneNumberFormat.E164))
    raises(world, place=LOST)
    assert told(zone_of(world)) == said


@pytest.mark.parametrize("number", [None, "", "+999", "0770"])
def test_without_place_and_number_times_are_told_by_utc(world, number):
    has_number(world, number)
    raises(world, place=LOST)
    assert zone_of(world) is None


def test_far_out_at_sea_no_town_says_the_time(world):
    has_number(world, None)
    raises(world, place=Position(-45.0, -120.0, 12, 0))
    assert zone_of(world) is None


@pytest.mark.parametrize(
    ("publication", "is_told"),
    [
        ({}, True),
        ({"position": "coordinates"}, True),
        ({"position": "nothing"}, False),
        ({"place_label": "the old port"}, False),
    ],
)
def test_the_public_reads_local_time_only_where_it_may_know_the_town(world, publication, is_told):
    agree(world, publication=publication, time={"time_zone": "Europe/Moscow"})
    raises(world, place=GROZNY)
    assert (public_zone_of(world, GROZNY) is not None) is is_told
    assert zone_of(world) is not None


def test_a_post_that_names_no_place_tells_utc_wherever_the_wearer_was_before(world):
    raises(world, MessageType.HEARTBEAT, place=KABUL)
    raises(world, place=LOST)
    assert public_zone_of(world, None) is None
    agree(world, time={"time_zone": "Europe/Moscow"})
    assert told(public_zone_of(world, None)) == "15:00 (12:00 UTC)"


def test_who_is_told_of_one_report_learns_nothing_of_where_another_was_made(world):
    has_number(world, None)
    raises(world, place=LOST)
    link = world.invitation(1)
    raises(world, MessageType.POSITION, sequence=1, place=KABUL)
    assert world.hq.desk.invitation(link).zone is None
    raises(world, MessageType.HEARTBEAT, place=GROZNY)
    assert world.hq.desk.invitation(link).zone is None
    stands = world.hq.desk.answer(
        world.hq.desk.invitation(link), Answer.SEEN, world.pins[0], "198.51.100.7"
    )
    assert told(stands.zone) == "16:30 (12:00 UTC)"


def test_a_text_says_the_same_time_at_every_try_whatever_came_meanwhile(world):
    has_number(world, None)
    raises(world, place=LOST)
    raises(world, MessageType.POSITION, sequence=1, place=KABUL)
    world.hq.works()
    assert all("2026-11-22 12:00 UTC." in text for _, _, text in world.phones.sent[:1])


def test_a_correction_dates_an_alarm_as_its_post_did(world):
    world.clock.now = float(NOON) - 36_000  # 02:00 UTC
    raises(world, place=GROZNY)
    publish(world)
    world.clock.passes(3 * 86_400)
    raises(world, MessageType.HEARTBEAT, place=Position(43.65, -79.38, 12, 0))
    world.hq.parts.console.act(1, Act.CORRECT, "olga", Reason.RELEASED, spoke="her brother")
    world.hq.works()
    post = world.hq.own_page.newest()[0]
    assert "on 22 November 2026 at 05:00 (02:00 UTC)" in post.text
    assert "alarm of 22 November 2026 is over" in post.correction


def test_no_fault_of_the_towns_keeps_anybody_from_being_told(world, monkeypatch, caplog):
    def gone():
        raise OSError("no such file")

    monkeypatch.setattr(time_zone.places, "load", gone)
    raises(world, place=Position(12.34567, 76.54321, 12, 0))
    world.hq.works()
    assert len(world.phones.sent) == 3
    assert "finding a time zone" in caplog.text
    assert "12.34567" not in caplog.text


def test_a_zone_that_does_not_exist_is_refused_with_one_that_does(world):
    with world.hq.store.read() as connection:
        with pytest.raises(PlanInvalid) as refused:
            repository.from_file(
                connection, world.device.enrolment.device, '[time]\ntime_zone = "Europe/Kyjiv"\n'
            )
        with pytest.raises(PlanInvalid) as wrong:
            repository.from_file(
                connection,
                world.device.enrolment.device,
                '[time]\ntime_zone = "../../etc/passwd"\n',
            )
    assert refused.value.problems == [
        'time.time_zone: Europe/Kyjiv: is not known; write a name such as "Europe/Kyiv", or nothing'
    ]
    assert "time.time_zone" in wrong.value.problems[0]


def test_a_zone_that_this_machine_has_lost_costs_the_plan_nothing_but_its_clock(world):
    agree(world, time={"time_zone": "Europe/Atlantis"}, confirming={"quorum": 1})
    raises(world, place=GROZNY)
    assert zone_of(world) is None
    with world.hq.store.read() as connection:
        assert repository.of_alarm(connection, 1).quorum == 1


def test_every_towns_zone_is_one_that_there_is():
    packed = resources.files("outcry.responder.maps").joinpath("data/towns.tsv.gz").read_bytes()
    names = {line.rsplit(b"\t", 1)[1].decode() for line in gzip.decompress(packed).splitlines()}
    assert len(names) > 350
    assert [name for name in names if time_zone.named(name) is None] == []


@pytest.mark.parametrize(
    ("zone", "at", "said", "day"),
    [
        (None, (2026, 11, 22, 12, 0), "12:00 UTC", "22 November 2026"),
        ("UTC", (2026, 11, 22, 12, 0), "12:00 UTC", "22 November 2026"),
        ("Europe/London", (2026, 11, 22, 12, 0), "12:00 UTC", "22 November 2026"),
        ("Europe/London", (2026, 7, 22, 12, 0), "13:00 (12:00 UTC)", "22 July 2026"),
        ("Asia/Kathmandu", (2026, 11, 22, 12, 0), "17:45 (12:00 UTC)", "22 November 2026"),
        ("America/St_Johns", (2026, 11, 22, 12, 0), "08:30 (12:00 UTC)", "22 November 2026"),
        # The day there is another one than that of UTC.
        ("Europe/Moscow", (2026, 11, 22, 21, 30), "00:30 (UTC+3)", "23 November 2026"),
        ("America/St_Johns", (2026, 11, 22, 2, 0), "22:30 (UTC-3:30)", "21 November 2026"),
        ("Pacific/Kiritimati", (2026, 12, 31, 11, 0), "01:00 (UTC+14)", "1 January 2027"),
        # Clocks are put back: the same hour comes twice, and UTC tells which it is.
        ("Europe/Kyiv", (2026, 10, 25, 0, 30), "03:30 (00:30 UTC)", "25 October 2026"),
        ("Europe/Kyiv", (2026, 10, 25, 1, 30), "03:30 (01:30 UTC)", "25 October 2026"),
    ],
)
def test_the_time_there_comes_first_and_utc_in_brackets(zone, at, said, day):
    moment = datetime(*at, tzinfo=UTC).timestamp()
    place = None if zone is None else ZoneInfo(zone)
    assert formatting.clock_time(moment, place) == said
    assert formatting.date(moment, place) == day
