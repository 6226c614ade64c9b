"""The marks of the map of all wearers: where each is said to be, and how many they are at most."""

from __future__ import annotations

import pytest
from console_hand import Hand
from sqlalchemy import insert

from outcry.report import MessageType, NoFixReason, NoPosition, Position
from outcry.responder.console.watching.watch_map import Asked, marks_of
from outcry.responder.storage import store
from outcry.responder.storage.roll import View
from stage.reports import NOON

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True
WORLD = View(-180.0, -90.0, 180.0, 90.0)


@pytest.fixture
def scattered(world):
    """Puts wearers at these places, heard a minute ago or as said."""

    def put(places, **more):
        row = {"psk": bytes(32), "quorum": 1, "enrolled_at": NOON, "heard_at": NOON - 60.0} | more
        rows = [
            {"device": 1 + n, "name": f"W{n}", "latitude": y, "longitude": x, **row}
            for n, (y, x) in enumerate(places)
        ]
        with world.hq.store.write() as connection:
            connection.execute(insert(store.wearer), rows)

    return put


def marks(world, view=WORLD, zoom=2):
    with world.hq.store.read() as connection:
        return marks_of(connection, Asked(view, zoom), world.clock())


def test_a_heartbeat_or_report_says_where_and_one_without_a_position_says_nothing(world):
    assert marks(world) == {"marks": [], "nowhere": 1, "bounds": None}
    beat = world.device.message(MessageType.HEARTBEAT, place=Position(50.0, 30.0, 12, 5))
    world.hq.takes(beat)
    (ana,) = marks(world)["marks"]
    assert (ana["name"], ana["state"], ana["at"]) == ("Ana", "fine", [50.0, 30.0])
    world.clock.passes(3600)
    assert marks(world)["marks"][0]["state"] == "silent"
    nowhere = NoPosition(NoFixReason.NO_SATELLITES)
    world.hq.takes(world.device.message(MessageType.HEARTBEAT, place=nowhere))
    assert marks(world) == {"marks": [], "nowhere": 1, "bounds": None}


def test_who_presses_indoors_stays_on_the_map_where_they_were_last_known_to_be(world):
    nowhere = NoPosition(NoFixReason.NO_SATELLITES)
    world.hq.takes(world.device.message(MessageType.HEARTBEAT, place=Position(50.0, 30.0, 12, 5)))
    world.hq.takes(world.device.message(place=nowhere))
    (ana,) = marks(world)["marks"]
    assert (ana["name"], ana["state"], ana["at"]) == ("Ana", "alarm", [50.0, 30.0])


def test_who_is_in_alarm_has_a_mark_of_their_own_wherever_the_others_are(world, scattered):
    scattered([(52.52, 13.405)] * 20)
    world.hq.takes(world.device.message())
    found = marks(world)["marks"]
    assert [(each["state"], each.get("name")) for each in found] == [
        ("alarm", "Ana"),
        ("fine", None),
    ]
    assert found[1]["number"] == 20


def test_wearers_that_are_near_share_a_mark_until_the_map_is_closer(world, scattered):
    scattered([(50.0, 10.0), (50.1, 10.1), (50.2, 10.2)])
    (one,) = marks(world)["marks"]
    assert one["number"] == 3
    assert one["at"] == pytest.approx([50.1, 10.1])
    close = marks(world, View(9.5, 49.5, 10.5, 50.5), 12)["marks"]
    assert sorted(each["name"] for each in close) == ["W0", "W1", "W2"]


def test_there_are_never_too_many_marks(world, scattered):
    scattered([(-80 + n * 7 % 160 + n / 9000, -175 + n * 13 % 350) for n in range(2000)])
    for zoom in (0, 3, 9, 19):
        found = marks(world, WORLD, zoom)["marks"]
        assert len(found) <= 400
        assert sum(each["number"] for each in found) == 2000


def test_a_map_pushed_round_the_world_has_what_is_there(world, scattered):
    scattered([(0.0, 179.0), (0.0, -179.0), (0.0, 0.0)])
    for west, east in ((178.0, 182.0), (-182.0, -178.0), (538.0, 540.0)):
        found = marks(world, View(west, -10.0, east, 10.0), 8)["marks"]
        names = {each["name"] for each in found}
        assert names == ({"W0", "W1"} if abs(west) < 360 else {"W0"}), west


def test_the_map_is_for_officers_and_takes_no_nonsense(people, world):
    world.hq.takes(world.device.message())
    hand = Hand(people, world.clock)
    square = "90/-90/-180.json"
    paths = ("/console/map.json", f"/console/land/{square}", f"/console/towns/{square}")
    for path in paths:
        assert hand.get(path).status_code == 303
    hand.settle(f"/console/welcome/{world.hq.parts.officers.add('olga')}")
    hand.login()
    for path in paths:
        assert hand.get(path).status_code == 200
    for query in ("zoom=x", "west=nan&east=90", "west=9&east=1", "zoom=1e9", "south=91&north=-91"):
        answer = hand.get(f"/console/map.json?{query}").json()
        assert [each["state"] for each in answer["marks"]] == ["alarm"], query
    hand.close()
