"""The list of wearers: found by what an officer knows of them, sorted, and a page at a time."""

from __future__ import annotations

import pytest
from asked_plans import plans_asked
from sqlalchemy import delete, insert, update

from outcry.report import AlarmKind, Flag, MessageType, NoFixReason, NoPosition
from outcry.responder.console.watching.wearers import ON_A_PAGE, Asked
from outcry.responder.storage import alarms, roll, store
from outcry.responder.storage.roll import Show, Sort
from stage.reports import NOON

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True
ON_SQLITE_ALONE = ("test_no_table_is_read_whole_for_an_overview",)
NAMES = ["Zarema Ibrahimova", "Олена Ковальчук", "Zoé D'Arc", "ليلى حداد", "anatol zhuk"]


@pytest.fixture
def console(world):
    return world.hq.parts.console


@pytest.fixture
def many(world):
    """Enrols wearers by these names, from device 1 on."""

    def enrol(names, **more):
        row = {"psk": bytes(32), "quorum": 1, "enrolled_at": NOON} | more
        rows = [{"device": 1 + n, "name": name, **row} for n, name in enumerate(names)]
        with world.hq.store.write() as connection:
            connection.execute(insert(store.wearer), rows)
            roll.enter(connection, [each["device"] for each in rows])

    return enrol


def names(console, **asked):
    query = {name: str(value) for name, value in asked.items()}
    return [each.name for each in console.overview(Asked.of(query)).listed.wearers]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("zar", ["Zarema Ibrahimova"]),
        ("IBRA zare", ["Zarema Ibrahimova"]),
        ("ковал", ["Олена Ковальчук"]),
        ("ОЛЕНА", ["Олена Ковальчук"]),
        ("zoe d'arc", ["Zoé D'Arc"]),
        ("ليلى", ["ليلى حداد"]),
        ("zarema ковал", []),
        ("arema", []),  # words are known by how they begin
        ("00000003", ["Zoé D'Arc"]),
        ("%", []),
        ("ana", ["Ana", "anatol zhuk"]),
    ],
)
def test_wearers_are_found_by_how_words_begin_in_any_script(console, many, words, found):
    many(NAMES)
    assert names(console, q=words) == found


def test_a_number_is_known_by_its_last_four_digits_and_not_by_fewer(console, many):
    many(["Zarema"], number="+447700900123")
    assert names(console, q="0123") == ["Zarema"]
    assert names(console, q="+447700900123") == ["Zarema"]
    for words in ("123", "4477", "0124"):
        assert names(console, q=words) == [], words


def test_names_are_sorted_whatever_their_case_and_accents(console, many):
    many(["zoë", "Émile", "anna", "Boris"])
    assert names(console) == ["Ana", "anna", "Boris", "Émile", "zoë"]


def test_who_was_not_heard_for_longest_comes_first_and_who_never_was_last(console, many, world):
    many(["Boris", "Clara"])
    world.hq.takes(world.device.message(MessageType.HEARTBEAT))
    with world.hq.store.write() as connection:
        early = update(store.wearer).filter_by(device=2).values(heard_at=NOON - 7200.0)
        connection.execute(early)
    assert names(console, sort="heard") == ["Clara", "Ana", "Boris"]
    assert names(console, show="silent") == ["Clara"]


def test_the_lowest_battery_comes_first_and_one_that_is_not_known_last(console, many, world):
    many(["Boris"])
    beat = world.device.message(MessageType.HEARTBEAT, battery_percent=roll.LOW_PERCENT)
    world.hq.takes(beat)
    assert names(console, sort="battery") == ["Ana", "Boris"]
    assert names(console, show="low") == ["Ana"]
    world.hq.takes(world.device.message(MessageType.HEARTBEAT, battery_percent=21))
    assert names(console, show="low") == []
    flagged = world.device.message(MessageType.HEARTBEAT, flags=Flag.BATTERY_LOW)
    world.hq.takes(flagged)
    assert names(console, show="low") == ["Ana"]


def test_who_is_in_alarm_and_who_never_had_a_drill(console, many, world):
    many(["Boris"])
    assert names(console, show="undrilled") == ["Ana", "Boris"]
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL))
    assert names(console, show="undrilled") == ["Boris"]
    assert names(console, show="alarm") == []
    world.hq.takes(world.device.message(alarm=78))
    listed = console.overview(Asked(show=Show.ALARM)).listed
    assert [each.name for each in listed.wearers] == ["Ana"]
    assert listed.alarmed == {listed.wearers[0].device}
    assert listed.numbers[Show.ALL] == 2
    console.act(2, "close", "olga", "she is home")
    world.hq.works()
    assert names(console, show="alarm") == []


def test_each_page_has_fifty_and_one_past_the_end_is_the_last(console, many):
    many([f"W{n:03}" for n in range(119)])
    listed = console.overview(Asked(page=2)).listed
    assert (len(listed.wearers), listed.pages) == (ON_A_PAGE, 3)
    assert listed.wearers[0].name == "W049"  # after Ana and 49 more
    last = console.overview(Asked(page=99)).listed
    assert (last.asked.page, len(last.wearers)) == (3, 20)
    assert names(console, q="w11", page=7) == [f"W{n}" for n in range(110, 119)]


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, Asked()),
        ({"q": "  a   b "}, Asked("a b")),
        ({"show": "everything", "sort": "'", "page": "-1"}, Asked()),
        ({"show": "low", "sort": "heard", "page": "3"}, Asked("", Show.LOW, Sort.HEARD, 3)),
        ({"page": "0"}, Asked()),
        ({"page": "²"}, Asked()),
        ({"page": "99999999"}, Asked()),
    ],
)
def test_an_address_that_makes_no_sense_counts_as_not_said(query, asked):
    assert Asked.of(query) == asked
    assert Asked.of(query).address(page=asked.page).startswith("/console")


def test_a_place_is_kept_no_longer_than_the_report_that_has_it(world):
    nowhere = NoPosition(NoFixReason.NO_SATELLITES)
    world.hq.takes(world.device.message(MessageType.HEARTBEAT, place=nowhere, battery_percent=80))
    world.hq.takes(world.device.message(battery_percent=70))
    world.hq.takes(world.device.message(MessageType.WITHDRAWAL, sequence=1, taps=(1,)))
    device = world.device.enrolment.device
    kept = roll.CONDITION

    def known():
        with world.hq.store.read() as connection:
            row = connection.execute(store.wearer.select().filter_by(device=device)).one()
        return [row._mapping[name] for name in kept]

    assert known() == [70, False, 52.52, 13.405]
    with world.hq.store.write() as connection:
        alarms.forget(connection, 1, world.clock(), "asked for")
    assert known() == [80, False, None, None]
    with world.hq.store.write() as connection:
        connection.execute(delete(store.heartbeat))
        roll.refresh(connection, [device])
    assert known() == [None, False, None, None]


def test_a_report_that_cannot_be_read_stops_no_upgrade(world):
    world.hq.takes(world.device.message(battery_percent=70))
    device = world.device.enrolment.device
    with world.hq.store.write() as connection:
        connection.execute(update(store.message).values(report=bytes(1)))
        roll.refresh(connection, [device])
        row = connection.execute(store.wearer.select().filter_by(device=device)).one()
    assert (row.battery, row.latitude) == (None, None)


def test_what_overtook_a_newer_report_changes_nothing_in_the_list(world, console):
    first, later = (
        world.device.message(sequence=n, battery_percent=90 - n, type_=type_)
        for n, type_ in enumerate((MessageType.FIRST, MessageType.POSITION))
    )
    world.hq.takes(later)
    world.hq.takes(first)
    assert names(console, sort="battery") == ["Ana"]
    with world.hq.store.read() as connection:
        assert (
            connection.scalar(store.wearer.select().with_only_columns(store.wearer.c.battery)) == 89
        )


def test_no_table_is_read_whole_for_an_overview(world, console, many):
    many(NAMES)
    world.hq.takes(world.device.message(MessageType.HEARTBEAT))
    world.hq.takes(world.device.message())
    for asked in (Asked(), Asked("zar ibr"), *(Asked(show=show) for show in Show)):
        with plans_asked() as plans:
            console.overview(asked)
        whole = {
            said: step
            for said, plan in plans.items()
            for step in plan
            if step.startswith("SCAN") and step.split()[1] in ("wearer", "heartbeat", "message",
                                                              "history", "wearer_word")
            and not ("wearer" in step and "INDEX" in step)
        }  # fmt: skip
        assert whole == {}, asked
