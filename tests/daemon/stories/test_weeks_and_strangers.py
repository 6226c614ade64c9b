"""Alarms that last, wearers who hold again and again, recipients who are gone, rubbish in memory."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from outcry.daemon.messages.identity import Identity
from outcry.daemon.messages.reports import place
from outcry.daemon.outbox.stored import TextOutcome
from outcry.daemon.service import status
from outcry.enrolment import Contact
from outcry.hw.gps import AGE_UNKNOWN, Fix, NoFix, NoFixReason
from outcry.hw.modem import Outcome, SmsLeaving, SmsOutcome, SmsReport
from outcry.receipt import Status
from outcry.report import MAX_AGE_S, NoPosition, Position
from simulation.world import ENROLMENT, HOLD_S, World

MANY = tuple(Contact(f"Contact {n}", f"+4477009002{n:02}") for n in range(12))


def numbers(world):
    return Counter(number for _, number, _ in world.modem.texts)


def test_a_wearer_who_holds_again_and_again_keeps_no_contact_waiting(world):
    """Texts take six seconds each: a new round must not send the line back to its beginning."""
    world.identity = Identity("Zarema", MANY, ENROLMENT)
    world.starts()
    world.holds()
    for _ in range(60):
        world.passes(6 - HOLD_S)
        world.network(Outcome.DONE)
        world.holds(HOLD_S)
    assert {contact.number for contact in MANY} <= numbers(world).keys()


def test_a_contact_whose_text_dies_with_the_device_each_time_keeps_nobody_waiting(world):
    """The modem's burst pulls the supply down: each boot ends in the first text it tries."""
    world.registered = True
    world.starts()
    world.holds()
    tried = [world.heard()[-1]]
    for _ in range(20):
        world.starts()
        tried += world.heard()
    assert len(set(tried)) == 7, "everybody's turn comes"
    assert max(Counter(tried).values()) == 2, "and nobody is texted without end"


def test_a_text_that_only_waits_in_the_modem_is_not_lost_by_a_kill(world):
    world.holds()
    for _ in range(5):
        world.starts()
    assert world.heard() == ["alert to Ana"]
    assert {text.outcome for text in world.outbox.texts.values()} == {TextOutcome.OPEN}
    world.happens(SmsLeaving(world.modem.texts[-1][0]))
    assert world.outbox.open_texts()[0].outcome is TextOutcome.UNDER_WAY


def test_an_enrolment_with_fewer_contacts_stops_no_text_to_those_who_are_left(world):
    world.holds()
    world.identity = Identity(
        "Zarema",
        ENROLMENT.contacts[:1],
        replace(ENROLMENT, hq=replace(ENROLMENT.hq, number=None)),
    )
    world.starts()
    world.takes_all_texts()
    assert sorted(world.heard()) == ["alert to Ana", "link to Ana"]
    assert world.loop.next_due() > world.now


def test_without_its_enrolment_the_device_still_tells_the_contacts_it_knows(world):
    world.holds()
    world.identity = Identity("Zarema", ENROLMENT.contacts, None)
    world.starts()
    world.takes_all_texts()
    assert world.heard() == ["alert to Ana", "alert to Boris", "alert to Chiara"]


def test_a_text_that_cannot_be_made_lets_the_next_one_go(tmp_path):
    world = World(tmp_path)
    made = world.sms.recipients.words

    def breaks_for_ana(text, now):
        if text.recipient == 1:
            raise LookupError("+447700900101")
        return made(text, now)

    world.sms.recipients.words = breaks_for_ana
    world.holds()
    for _ in range(5):
        world.passes(1)
        world.network(Outcome.DONE)
    assert {"report 0 to HQ", "alert to Boris", "alert to Chiara"} <= set(world.heard())
    assert len(world.faults) < 20
    assert not any("4477" in line for line in world.journal)


def test_one_report_that_hq_cannot_take_holds_up_no_other(world):
    world.data_goes(up=True)
    world.holds()
    world.passes(21)
    world.post_fails()
    world.passes(1)
    poison, _ = world.modem.posts[-1]
    assert poison != world.modem.posts[0][0]
    for _ in range(10):
        if world.modem.posts[-1][0] == poison:
            world.somebody_answers(500, b"")
        else:
            world.hq_answers()
        world.passes(16)
    left = world.outbox.unanswered()
    assert [f"report-{report.counter}" for report in left] == [poison]


@pytest.mark.slow
def test_the_second_half_of_a_long_alarm_costs_no_more_memory_than_the_first(world):
    sizes = []
    world.data_goes(up=True)
    world.holds()
    for _ in range(2):
        for _ in range(120):
            world.passes(600)
            if world.data.under_way is not None:
                world.hq_answers()
            if world.modem.texts:
                world.takes_all_texts()
        held = (
            world.outbox.reports,
            world.outbox.texts,
            world.sms.waits,
            world.data.refusals,
            world.memory.texts,
        )
        sizes.append([len(each) for each in held])
    assert sizes[0] == sizes[1]
    assert max(sizes[1]) <= 60


def test_words_are_forgotten_once_they_are_on_the_phones(world):
    world.sees()
    world.holds()
    assert "43.31780" in (world.folder / "memory.json").read_text()
    world.takes_all_texts()
    assert "43.31780" in (world.folder / "memory.json").read_text(), "they may go again"
    world.phones_have_all()
    assert "Zarema" not in (world.folder / "memory.json").read_text()
    assert world.memory.texts == {}


def test_an_outcome_that_comes_after_all_is_believed(world):
    world.holds()
    ref = world.modem.texts[0][0]
    world.network(Outcome.UNKNOWN)
    world.happens(SmsReport(ref, True))
    world.happens(SmsReport("text-4711", True))
    text = world.outbox.texts[int(ref.removeprefix("text-"))]
    assert text.outcome is TextOutcome.MAYBE_SENT


def test_one_post_is_under_way_at_a_time(world):
    world.data_goes(up=True)
    world.holds()
    world.data_goes(up=True)
    world.passes(90)
    assert len(world.modem.posts) == 1


def test_a_new_round_tries_a_refused_contact_at_once_and_as_patiently_as_the_first(world):
    world.holds()
    refused = world.modem.texts[0][0]

    def tries():
        return [ref for ref, _, _ in world.modem.texts].count(refused)

    def refuses_it_and_takes_the_others():
        world.network(Outcome.FAILED, code=331)
        while world.sms.under_way is not None:
            world.network(Outcome.DONE)

    for times, wait in ((1, 5), (2, 15), (3, 30)):
        refuses_it_and_takes_the_others()
        world.passes(wait - 0.1)
        assert tries() == times
        world.passes(0.2)
        assert tries() == times + 1
    refuses_it_and_takes_the_others()
    world.holds()
    world.passes(20)
    assert tries() == 5, "60 s of patience belong to the older report"
    refuses_it_and_takes_the_others()
    world.passes(5.1)
    assert tries() == 6


def test_a_text_lost_twice_leaves_nothing_behind(world):
    world.holds()
    for _ in range(30):
        world.network(Outcome.UNKNOWN)
        world.passes(10)
    assert {text.outcome for text in world.outbox.texts.values()} == {TextOutcome.UNKNOWN}
    assert (world.sms.waits, world.memory.texts) == ({}, {})


def test_an_outcome_of_another_text_is_not_taken_for_this_ones(world):
    world.holds()
    first = world.modem.texts[0][0]
    world.network(Outcome.UNKNOWN)
    handed_over = len(world.modem.texts)
    world.happens(SmsOutcome(first, Outcome.DONE, (1,), None, "answered late"))
    assert len(world.modem.texts) == handed_over, "one text is under way at a time"
    assert world.outbox.texts[int(first.removeprefix("text-"))].outcome is TextOutcome.GIVEN


KEPT = {"texts": {}, "fix": [43.3, 45.7, 5.0, 1.0]}


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "[",
        "[" * 100_000,
        "null",
        "[]",
        json.dumps(KEPT | {"texts": {"x": "y"}}),
        json.dumps(KEPT | {"fix": ["north", "east", 1, 1]}),
        json.dumps(KEPT | {"fix": [None, None, None, None]}),
        json.dumps(KEPT | {"fix": [43.3]}),
        json.dumps(KEPT | {"fix": [float("nan"), 1, float("nan"), float("-inf")]}),
        json.dumps(KEPT | {"fix": [1e300, 1, float("inf"), 1]}),
        json.dumps(KEPT | {"fix": [43.3, 45.7, float("nan"), 1]}),
    ],
)
def test_whatever_memory_holds_the_alarm_goes(world, kept):
    (world.folder / "memory.json").write_text(kept)
    world.starts()
    world.holds()
    world.takes_all_texts()
    assert len(world.heard()) == 7
    assert len(world.modem.posts) == 1


@pytest.mark.parametrize("accuracy", [float("nan"), float("inf"), -float("inf"), -5.0, 1e300])
def test_an_accuracy_that_is_no_number_costs_no_report(accuracy):
    known = place(Fix(1.0, 2.0, accuracy, 10.0), NoFix(NoFixReason.NO_GPSD), 20.0)
    assert isinstance(known, NoPosition | Position)


def test_a_receipt_for_an_older_hold_is_not_felt_whatever_its_path(world):
    world.data_goes(up=True)
    world.holds()
    old = world.modem.posts[0][1]
    world.passes(1)
    world.holds()
    world.hq_texts_a_receipt(Status.ACKNOWLEDGED, old)
    world.hq_answers(Status.STORED, index=0)
    assert world.motor.pulses == ["raised", "raised"]
    assert world.modem.posts[-1][1] != old
    world.hq_answers()
    assert world.motor.pulses == ["raised", "raised", "HQ has it"]


def test_a_fix_each_second_is_kept_twice_a_minute_and_the_newest_is_known(world):
    kept = []
    world.memory.keep = lambda: kept.append(world.now)
    for _ in range(60):
        world.now += 1
        world.sees()
    assert len(kept) == 2
    assert world.memory.fix.taken_at == world.now


def test_no_alarm_has_the_number_that_means_none(world):
    world.random = bytes
    world.starts()
    world.holds()
    assert world.loop.alarm.id == 1
    assert world.report().alarm_id == 1


def test_a_fix_dated_by_another_boots_clock_is_not_believed(world):
    world.sees()
    world.now = 3.0
    world.starts()
    assert world.memory.fix is None


def test_what_memory_keeps_is_for_this_user_alone(world):
    world.sees()
    assert (world.folder / "memory.json").stat().st_mode & 0o077 == 0


def test_a_restart_beside_a_silent_receiver_makes_no_fix_younger(world):
    world.data_goes(up=True)
    world.sees()
    world.passes(306)
    world.starts()
    world.happens(Fix(43.3178, 45.6949, 5.0, AGE_UNKNOWN))
    world.holds()
    place = world.report().place
    assert isinstance(place, Position)
    assert 306 <= place.age_s <= 310


def test_a_fix_of_unknown_age_is_told_as_that_until_one_is_dated(world):
    world.happens(Fix(43.3178, 45.6949, 5.0, AGE_UNKNOWN))
    world.holds()
    world.takes_all_texts()
    assert "(within 6 m, time not known)" in world.modem.texts[0][2]
    assert world.parts.whereabouts.place(world.now).age_s == MAX_AGE_S
    world.sees()
    assert world.parts.whereabouts.place(world.now).age_s == 0


def test_a_fix_of_unknown_age_is_reported_and_again_at_once_when_it_is_dated(world):
    world.data_goes(up=True)
    world.happens(Fix(43.3178, 45.6949, 5.0, AGE_UNKNOWN))
    world.holds()
    assert world.report().place.age_s == MAX_AGE_S
    world.hq_answers()
    world.sees()
    assert world.report().place.age_s == 0


def test_where_no_fix_has_an_age_the_newest_of_unknown_age_is_told(world):
    for longitude in (45.0, 46.0):
        world.happens(Fix(43.3178, longitude, 5.0, AGE_UNKNOWN))
    assert world.parts.whereabouts.place(world.now).longitude == 46.0


def test_a_silent_receivers_old_place_replaces_no_newer_one_nor_moves_anybody(world):
    """gpsd repeats it for ever, and it alone once the better receiver has lost its fix."""
    world.sees()
    world.passes(3700)
    world.sees()
    before = world.parts.whereabouts.place(world.now), world.parts.whereabouts.moving
    world.happens(Fix(40.0, 20.0, 3.0, world.now - 3600))
    assert (world.parts.whereabouts.place(world.now), world.parts.whereabouts.moving) == before
    world.passes(30)
    world.starts()
    world.happens(Fix(40.0, 20.0, 3.0, world.now - 3600))
    world.holds()
    assert (world.report().place.latitude, world.report().place.age_s) == (before[0].latitude, 32)


def test_status_says_that_an_age_is_not_known(world):
    world.happens(Fix(43.3178, 45.6949, 5.0, AGE_UNKNOWN))
    facts = status.facts(world.parts, world.loop.alarm, world.now)
    assert facts["fix"]["age_s"] == MAX_AGE_S
    assert "old, or its age is not known" in status.screen(facts)
