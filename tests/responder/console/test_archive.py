"""The archive of alarms that are over: found, paged, and taken out as files."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree

import pytest
from console_hand import Hand, token_in
from sqlalchemy import insert, select, update

from outcry.report import AlarmKind, Flag, MessageType, Position
from outcry.responder.console.watching.past import How, Wanted, found
from outcry.responder.storage import roll, store, verification
from stage.reports import NOON

pytestmark = pytest.mark.slow

DAY_S = 86_400.0


@pytest.fixture
def olga(people, world):
    """An officer, settled in through the link and logged in."""
    hand = Hand(people, world.clock)
    hand.settle(f"/console/welcome/{world.hq.parts.officers.add('olga')}")
    assert hand.login().status_code == 303
    yield hand
    hand.close()


@pytest.fixture
def past(world):
    """Puts alarms that are over into the archive, and tells how many of it are found."""

    def put(*rows):
        device = world.device.enrolment.device
        over = {"device": device, "kind": 1, "ending": "closed", "published": False}
        full = [
            over | {"arrived_at": NOON - 1.0, "settled_at": NOON} | row | {"device_alarm": 500 + n}
            for n, row in enumerate(rows)
        ]
        with world.hq.store.write() as connection:
            for row in full:
                connection.execute(insert(store.alarm).values(row))

    return put


def numbers(world, **query):
    with world.hq.store.read() as connection:
        return [each.alarm for each in found(connection, Wanted.of(query)).alarms]


def closed(world):
    """An alarm with a track of three places that an officer has closed."""
    world.hq.takes(world.device.message())
    for n in (1, 2):
        world.clock.passes(60)
        place = Position(52.52 + n / 100, 13.405, 12, 5)
        world.hq.takes(world.device.message(MessageType.POSITION, sequence=n, place=place))
    world.hq.parts.console.act(1, "close", "olga", "she is home")
    world.hq.works()


def lines_of_record(world):
    with world.hq.store.read() as connection:
        lines = select(store.record.c.data).filter_by(what="EXPORTED").order_by(store.record.c.n)
        return [json.loads(each) for each in connection.scalars(lines)]


def test_what_is_over_is_found_by_dates_kind_and_end(world, past):
    past(
        {"arrived_at": NOON - 3 * DAY_S, "ending": "released", "published": True},
        {"arrived_at": NOON - 2 * DAY_S, "kind": int(AlarmKind.DRILL)},
        {"arrived_at": NOON - 1 * DAY_S, "kind": int(AlarmKind.SILENCE), "ending": "heard"},
        {"settled_at": None, "ending": None, "published": None},
    )
    assert numbers(world) == [3, 2, 1]
    assert numbers(world, kind="drill") == [2]
    assert numbers(world, kind="panic") == [1]
    assert numbers(world, how="released") == numbers(world, how="published") == [1]
    assert numbers(world, how="heard") == [3]
    assert numbers(world, how=How.OPEN) == [4]
    assert numbers(world, since="2026-11-20", until="2026-11-20") == [2]  # NOON is 22 November
    assert numbers(world, since="2026-11-21") == [3]
    assert numbers(world, until="2026-11-19") == [1]
    assert numbers(world, q="ana") == [3, 2, 1]
    assert numbers(world, q="bea") == []
    assert numbers(world, since="yesterday", kind="'", how="x", page="-1") == [3, 2, 1]


def test_pages_lead_on_and_each_alarm_to_its_own_page(olga, world, past):
    past(*({"arrived_at": NOON - n} for n in range(60)))
    page = olga.get("/console/archive?how=closed&page=2").text
    assert "51 to 60 of 60" in page
    assert 'href="/console/alarm/60"' in page
    assert 'href="/console/archive?how=closed"' in page


def test_an_alarm_that_was_closed_is_in_the_archive_with_how_it_ended(olga, world):
    closed(world)
    page = olga.get("/console/archive").text
    assert "closed by a duty officer" in page
    assert "panic alarm" in page


def test_the_list_is_taken_as_csv_that_is_no_command_to_a_spreadsheet(olga, world):
    closed(world)
    with world.hq.store.write() as connection:
        connection.execute(update(store.wearer).values(name='=HYPERLINK("x","y"), Ana'))
    done = olga.send("/console/archive", "/console/archive/alarms.csv", how="over")
    assert done.headers["content-type"] == "text/csv; charset=utf-8"
    assert done.headers["content-disposition"] == 'attachment; filename="alarms.csv"'
    assert done.headers["cache-control"] == "no-store"
    assert done.content.startswith("\ufeff".encode())
    head, row = csv.reader(io.StringIO(done.content.decode("utf-8-sig")))
    assert row[head.index("wearer")] == '\'=HYPERLINK("x","y"), Ana'
    assert row[head.index("raised")] == "2026-11-22T12:00:30Z"
    assert "52.5" not in done.text
    assert lines_of_record(world) == [{"officer": "olga", "what": "a list of alarms", "alarms": 1}]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_begins_as_a_formula_does(world, past, first):
    past({})
    from outcry.responder.console.watching.past import as_csv

    with world.hq.store.write() as connection:
        connection.execute(update(store.wearer).values(name=f"{first}1"))
        text, _ = as_csv(connection, Wanted())
    (row,) = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_a_track_is_taken_as_gpx_and_geojson_and_the_record_says_by_whom(olga, world):
    closed(world)
    page = olga.get("/console/alarm/1").text
    assert "/console/archive/1/track.gpx" in page
    gpx = olga.send("/console/alarm/1", "/console/archive/1/track.gpx")
    assert gpx.headers["content-disposition"] == 'attachment; filename="alarm-1.gpx"'
    spots = ElementTree.fromstring(gpx.text).iter("{http://www.topografix.com/GPX/1/1}trkpt")
    assert [each.get("lat") for each in spots] == ["52.52000", "52.53000", "52.54000"]
    taken = olga.send("/console/alarm/1", "/console/archive/1/track.geojson")
    assert taken.headers["content-type"] == "application/geo+json"
    times = [each["properties"].get("time") for each in taken.json()["features"]]
    assert times == [None, *(f"2026-11-22T12:0{n}:25Z" for n in range(3))]
    said = {"officer": "olga", "what": "a track", "alarm": 1}
    assert lines_of_record(world) == [said, said]
    with world.hq.store.read() as connection:
        assert verification.verify(connection).problems == ()


def test_of_a_position_without_a_time_no_time_is_made_up(olga, world):
    place = Position(52.52, 13.405, None, 65_535, age_known=False)
    world.hq.takes(world.device.message(place=place, flags=Flag.CLOCK_UNSET))
    text = olga.send("/console/alarm/1", "/console/archive/1/track.gpx").text
    assert "<time>" not in text
    assert "accuracy_m>" not in text


@pytest.mark.parametrize("path", ["/console/archive/alarms.csv", "/console/archive/1/track.gpx"])
def test_nothing_is_taken_by_a_stranger_a_link_or_another_page(olga, people, world, path):
    closed(world)
    stranger = Hand(people, world.clock)
    assert stranger.post(path).headers["location"].startswith("/console/login")
    assert stranger.get("/console/archive").headers["location"].startswith("/console/login")
    stranger.close()
    assert olga.get(path).status_code in (404, 405)
    assert olga.post(path, "0" * 64).status_code == 403
    assert lines_of_record(world) == []


def test_a_track_that_is_not_there_is_none(olga, world):
    token = token_in(olga.get("/console").text)
    for path in ("/console/archive/9/track.gpx", "/console/archive/99999999999/track.gpx"):
        assert olga.post(path, token).status_code == 404
    assert olga.post("/console/archive/1/track.pdf", token).status_code == 404
    assert lines_of_record(world) == []


def test_the_roll_finds_wearers_of_the_archive(world, past):
    past({})
    with world.hq.store.write() as connection:
        roll.enter(connection, [world.device.enrolment.device])
    assert numbers(world, q=f"{world.device.enrolment.device:08x}") == [1]
