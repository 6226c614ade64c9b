"""Officers work on an alarm: one has it, it passes on, and they write down what the others need."""

from __future__ import annotations

import pytest

from outcry.responder.archive import case_file
from outcry.responder.plans import repository
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import (
    NOTE_LENGTH,
    Closed,
    HandedOver,
    Noted,
    Rang,
    Said,
    StillOnIt,
    Ticked,
)
from outcry.responder.storage import verification

pytestmark = pytest.mark.slow


@pytest.fixture
def officers(world):
    return world.hq.parts.officers


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
    assert "You have it still" in refused.text
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


@pytest.fixture
def agreed(world):
    """A plan with a checklist, and who Ben is to Ana."""
    with world.hq.store.write() as connection:
        device = world.device.enrolment.device
        known = {"1": {"relation": "her brother", "language": "uk"}}
        response = {"checklist": ["Call the lawyer", "Call the <embassy>"]}
        repository.change(
            connection, device, {"response": response, "contact": known}, world.clock()
        )


def test_an_item_is_ticked_with_name_and_time_and_taken_back(olga, hand, agreed, world, alarm):
    pavel = hand("pavel")
    assert "Call the &lt;embassy&gt;" in page(olga)
    world.clock.passes(60)
    assert olga.act(1, "work/tick", item="Call the <embassy>").status_code == 303
    assert world.hq.entries()[-1] == Ticked(world.clock(), "olga", "Call the <embassy>")
    assert "Done: olga, 13:02 (12:02 UTC)" in page(pavel)
    assert "Not ticked on the checklist: Call the lawyer." in page(pavel)
    assert pavel.act(1, "work/untick", item="Call the <embassy>").status_code == 303
    assert "Done: olga" not in page(olga)
    assert "Checklist, pavel takes the tick back: Call the &lt;embassy&gt;" in page(olga)


def test_what_is_not_on_the_list_or_ticked_already_is_not_ticked(olga, agreed, world, alarm):
    assert olga.act(1, "work/untick", item="Call the lawyer").status_code == 409
    olga.act(1, "work/tick", item="Call the lawyer")
    before = world.hq.history()
    for item in ("Call the lawyer", "", "Call the press"):
        assert olga.act(1, "work/tick", item=item).status_code == 409
    assert world.hq.history() == before


def test_what_was_ticked_is_shown_after_the_plan_has_lost_it(olga, agreed, world, alarm):
    olga.act(1, "work/tick", item="Call the lawyer")
    with world.hq.store.write() as connection:
        repository.change(connection, world.device.enrolment.device, {}, world.clock())
    assert "No longer in the plan" in page(olga)
    assert olga.act(1, "work/untick", item="Call the lawyer").status_code == 303
    assert "Checklist</h2>" not in page(olga)


def test_whom_to_call_is_shown_with_language_relation_and_what_came_of_it(
    olga, hand, agreed, world, alarm
):
    pavel = hand("pavel")
    assert "<strong>Ben</strong>, her brother:" in page(olga)
    assert "speaks Ukrainian" in page(olga)
    rang = olga.act(1, "work/rang/1", said="not real", note=" she is  at\r\n work ")
    assert rang.status_code == 303
    now = world.clock()
    assert world.hq.entries()[-1] == Rang(now, "olga", 1, Said.NOT_REAL, "she is at work")
    words = "says on the telephone that it is not real: she is at work"
    assert f"olga: {words}</li>" in page(pavel)
    assert f"Duty officer olga rang Ben: {words}" in page(pavel)


def test_real_on_the_telephone_confirms_nothing_and_says_what_would(olga, agreed, world, alarm):
    done = olga.act(1, "work/rang/1", said="real")
    assert "press “I confirm: it is real”" in olga.get(done.headers["location"]).text
    world.hq.works()
    now = Case.of(world.hq.entries()).now
    assert (now.votes, now.ground) == (0, None)


@pytest.mark.parametrize(
    ("contact", "fields", "status"),
    [
        (1, {}, 422),
        (1, {"said": "maybe"}, 422),
        (1, {"said": "reached", "note": "x" * 201}, 422),
        (4, {"said": "reached"}, 409),
        (2**64, {"said": "reached"}, 409),
    ],
)
def test_no_call_is_saved_that_makes_no_sense(olga, world, alarm, contact, fields, status):
    before = world.hq.history()
    assert olga.act(1, f"work/rang/{contact}", **fields).status_code == status
    assert world.hq.history() == before


def test_the_case_file_shows_what_officers_did(olga, agreed, world, alarm):
    olga.act(1, "acknowledge")
    olga.act(1, "work/tick", item="Call the lawyer")
    olga.act(1, "work/rang/2", said="no answer")
    olga.act(1, "work/note", note="she was seen at the station")
    olga.act(1, "give-back")
    text = case_file.write(world.hq.store, 1, "Example Org", world.clock())
    assert case_file.shows_its_proof(text)
    with world.hq.store.read() as connection:
        assert verification.verify(connection).problems == ()
    for words in (
        "Checklist, ticked by olga: Call the lawyer",
        "Duty officer olga rang Cleo: no answer",
        "Note by olga: she was seen at the station",
        "Duty officer olga gives it back: nobody has it",
    ):
        assert words in text, words
