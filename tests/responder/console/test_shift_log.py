"""The shift log: entries of no alarm, and a hand-over that stands until it was read."""

from __future__ import annotations

import pytest
from console_hand import Hand
from sqlalchemy import update

from outcry.responder.console.team.shift_log import PAGE, ShiftLog
from outcry.responder.storage import store, verification

pytestmark = pytest.mark.slow


@pytest.fixture
def olga(hand):
    return hand("olga")


@pytest.fixture
def shift_log(world):
    return ShiftLog(world.hq.store, world.clock)


def send(hand, path, **fields):
    return hand.send("/console/shift", f"/console/shift/{path}", **fields)


def problems(world):
    with world.hq.store.read() as connection:
        return verification.verify(connection).problems


def test_an_entry_is_there_for_all_and_handed_to_nobody(olga, hand, world):
    pavel = hand("pavel")
    assert "Nothing was written yet" in olga.get("/console/shift").text
    assert send(olga, "write", note="The <modem> is\r\nnew").status_code == 303
    page = pavel.get("/console/shift").text
    assert "<strong>olga</strong>" in page
    assert "The &lt;modem&gt; is\nnew" in page
    assert "modem" not in pavel.get("/console").text
    assert problems(world) == ()


def test_a_shift_that_is_handed_over_stands_on_the_first_page_until_it_is_read(olga, hand, world):
    pavel = hand("pavel")
    assert "<option>pavel</option>" in olga.get("/console/shift").text
    assert send(olga, "end", note="Ana travels to Minsk", to="pavel").status_code == 303
    for one in (olga, pavel):
        first = one.get("/console").text
        assert "olga hands the shift over to pavel" in first
        assert "Ana travels to Minsk" in first
    assert "I have read it" not in olga.get("/console").text
    assert send(olga, "1/read").status_code == 409
    assert send(pavel, "1/read").status_code == 303
    assert "Ana travels" not in olga.get("/console").text
    assert "Read by pavel," in olga.get("/console/shift").text
    assert send(pavel, "1/read").status_code == 409
    assert problems(world) == ()


def test_who_comes_instead_reads_it_in_their_own_name(olga, hand, shift_log):
    hand("pavel")
    shift_log.write("olga", "Ana travels", "pavel")
    assert send(hand("dasha"), "1/read").status_code == 303
    assert "Read by dasha," in olga.get("/console/shift").text


@pytest.mark.parametrize("to", ["", "olga", "nobody", "newcomer"])
def test_a_shift_is_handed_to_nobody_who_cannot_have_it(olga, hand, world, shift_log, to):
    hand("pavel")
    world.hq.parts.officers.add("newcomer")
    refused = send(olga, "end", note="Ana travels", to=to)
    assert refused.status_code == 409
    assert shift_log.page("olga").entries == ()


@pytest.mark.parametrize("note", ["", " \r\n", "x" * 1001])
def test_nothing_and_too_much_is_not_saved(olga, shift_log, note):
    assert send(olga, "write", note=note).status_code == 422
    assert shift_log.page("olga").entries == ()


@pytest.mark.parametrize("number", [1, 2, 2**70])
def test_what_was_not_handed_over_is_not_read(olga, shift_log, number):
    shift_log.write("pavel", "The modem is new")
    assert send(olga, f"{number}/read").status_code == 409


def test_a_long_log_is_read_page_by_page(olga, world, shift_log):
    for n in range(PAGE + 2):
        world.clock.passes(1)
        shift_log.write("olga", f"entry {n:03}")
    first = olga.get("/console/shift").text
    assert "entry 051" in first
    assert "entry 001" not in first
    older = olga.get("/console/shift?before=3").text
    assert 'href="/console/shift?before=3"' in first
    assert "entry 001" in older
    assert "entry 002" not in older
    assert "Older entries" not in older
    assert '<section id="log" data-live' in first
    assert '<section id="log" data-live' not in older  # else the newest would take its place
    assert olga.get("/console/shift?before=99999999999999999999").status_code == 200


def test_an_open_console_hears_of_it(world, shift_log):
    console = world.hq.parts.console
    marks = [console.mark()]
    shift_log.write("olga", "Ana travels")
    marks.append(console.mark())
    assert len({*marks, console.mark()}) == 2


@pytest.mark.parametrize("column", ["text", "officer", "to", "at"])
def test_what_is_changed_past_outcry_is_found(olga, hand, world, shift_log, column):
    hand("pavel")
    shift_log.write("olga", "Ana travels", "pavel")
    assert problems(world) == ()
    with world.hq.store.write() as connection:
        other = 1.0 if column == "at" else "other"
        connection.execute(update(store.shift).values({column: other}))
    assert problems(world) == (f"shift 1: {column} is not as it was written",)


@pytest.mark.parametrize("path", ["write", "end", "1/read"])
def test_a_form_of_nobody_who_is_logged_in_does_nothing(olga, people, world, shift_log, path):
    stranger = Hand(people, world.clock)
    assert stranger.post(f"/console/shift/{path}", "x", note="x").status_code == 303
    assert olga.post(f"/console/shift/{path}", "x", note="x").status_code == 403
    assert stranger.get("/console/shift").status_code == 303
    assert shift_log.page("olga").entries == ()
    stranger.close()
