"""Officers work on an alarm: one has it, it passes on, and they write down what the others need."""

from __future__ import annotations

import pytest
from console_hand import Hand

from outcry.responder.rules.case import Case
from outcry.responder.rules.events import NOTE_LENGTH, Closed, HandedOver, Noted, StillOnIt

pytestmark = pytest.mark.slow


@pytest.fixture
def officers(world):
    return world.hq.parts.officers


@pytest.fixture
def hand(people, world, officers):
    """Makes officers who have settled in, each with a browser of their own."""
    made = []

    def make(name):
        one = Hand(people, world.clock)
        made.append(one)
        one.settle(f"/console/welcome/{officers.add(name)}")
        assert one.login(name).status_code == 303
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def olga(hand):
    return hand("olga")


@pytest.fixture
def alarm(world):
    world.hq.takes(world.device.message())
    return 1


def holder(world):
    return Case.of(world.hq.entries()).now.holder


def page(hand):
    return hand.get("/console/alarm/1").text


def test_who_has_taken_it_hands_it_over_to_a_named_officer(olga, hand, world, alarm):
    pavel = hand("pavel")
    assert "Hand it over" not in page(olga)
    assert olga.act(1, "acknowledge").status_code == 303
    assert "<strong>You have this alarm.</strong>" in page(olga)
    assert "<option>pavel</option>" in page(olga)
    assert "<option>olga</option>" not in page(olga)
    assert "<strong>olga</strong> has this alarm" in page(pavel)
    assert "Hand it over" not in page(pavel)
    assert olga.act(1, "hand-over", reason="pavel").status_code == 303
    assert world.hq.entries()[-1] == HandedOver(world.clock(), "olga", "pavel")
    assert "<strong>You have this alarm.</strong>" in page(pavel)
    assert "Duty officer olga hands it over to pavel" in page(olga)


@pytest.mark.parametrize("to", ["", "olga", "nobody", "newcomer", "PAVEL"])
def test_it_is_handed_to_nobody_who_cannot_have_it(olga, officers, world, alarm, to):
    officers.add("newcomer")  # who has never logged in
    olga.act(1, "acknowledge")
    before = world.hq.history()
    refused = olga.act(1, "hand-over", reason=to)
    assert refused.status_code == 409
    assert "You have the alarm still" in refused.text
    assert world.hq.history() == before
    assert holder(world) == "olga"


@pytest.mark.parametrize("act", ["hand-over", "give-back", "work/still"])
def test_only_who_has_it_passes_it_on(olga, hand, world, alarm, act):
    pavel = hand("pavel")
    olga.act(1, "acknowledge")
    assert pavel.act(1, act, reason="pavel").status_code == 409
    assert holder(world) == "olga"


def test_given_back_it_is_as_if_nobody_had_taken_it_and_says_who_had_it(olga, world, alarm):
    olga.act(1, "acknowledge")
    assert "<title>Console" in olga.get("/console").text
    assert olga.act(1, "give-back").status_code == 303
    overview = olga.get("/console").text
    assert "<title>(1) Console" in overview
    assert "Nobody has it: olga gave it back." in overview
    assert "Take this alarm" in page(olga)
    assert holder(world) is None


def test_a_second_officer_takes_it_over_and_reads_from_whom(olga, hand, world, alarm):
    pavel = hand("pavel")
    olga.act(1, "acknowledge")
    assert "Take it over from olga" in page(pavel)
    done = pavel.act(1, "take-over")
    assert done.headers["location"].endswith("?done=take-over")
    assert holder(world) == "pavel"
    assert "Taken by pavel" in page(olga)
    assert "Duty officer pavel takes it over from olga" in page(olga)
    assert "Take it over from pavel" in page(olga)


def test_a_closed_alarm_passes_to_nobody(olga, world, alarm):
    olga.act(1, "acknowledge")
    olga.act(1, "close", sure="yes", reason="she is home")
    for act in ("acknowledge", "take-over", "give-back", "hand-over"):
        assert olga.act(1, act, reason="olga").status_code == 409
    assert world.hq.history()[-1] is Closed


def test_who_has_it_says_that_they_are_still_on_it(olga, world, alarm):
    assert "I am still on it" not in page(olga)
    olga.act(1, "acknowledge")
    assert "I am still on it" in page(olga)
    assert olga.act(1, "work/still").status_code == 303
    assert world.hq.entries()[-1] == StillOnIt(world.clock(), "olga")
    assert "Duty officer olga is still on it" in page(olga)


def test_a_note_stands_in_the_history_as_it_was_written(olga, world, alarm, caplog):
    note = "Her brother:\r\n“she <left> at nine”\u200c\x07"
    assert olga.act(1, "work/note", note=f"  {note} ").status_code == 303
    written = "Her brother:\n“she <left> at nine”\u200c"
    assert world.hq.entries()[-1] == Noted(world.clock(), "olga", written)
    assert "Note by olga: Her brother:\n“she &lt;left&gt; at nine”" in page(olga)
    assert holder(world) is None
    assert "brother" not in caplog.text


def test_a_note_is_written_after_the_end_too(olga, world, alarm):
    olga.act(1, "close", sure="yes", reason="she is home")
    assert olga.act(1, "work/note", note="she rang herself").status_code == 303
    assert world.hq.history()[-1] is Noted


@pytest.mark.parametrize("letter", ["x", "ы", "\U0001f6a8"])
def test_a_note_has_so_many_letters_in_any_script(olga, world, alarm, letter):
    assert olga.act(1, "work/note", note=letter * NOTE_LENGTH).status_code == 303
    assert world.hq.entries()[-1].text == letter * NOTE_LENGTH


@pytest.mark.parametrize("note", ["", "  \r\n ", "\x00", "x" * (NOTE_LENGTH + 1)])
def test_no_note_and_too_long_a_note_are_not_saved(olga, world, alarm, note):
    before = world.hq.history()
    refused = olga.act(1, "work/note", note=note)
    assert refused.status_code == 422
    assert "Nothing was saved" in refused.text
    assert world.hq.history() == before


@pytest.mark.parametrize("act", ["work/note", "work/still", "hand-over"])
def test_an_alarm_that_is_not_there_is_not_worked_on(olga, act):
    assert olga.act(9, act, note="x").status_code == 404
