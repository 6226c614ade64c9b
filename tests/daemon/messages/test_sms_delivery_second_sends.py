"""A text that is not heard of again goes a second time, with the same words, and never a third."""

from collections import Counter

import pytest

from outcry.daemon.alarm.model import Audience
from outcry.daemon.outbox.stored import TextOutcome
from outcry.hw.modem import Outcome, SmsOutcome, SmsReport
from outcry.receipt import Status
from simulation.wearable import SimulatedWorld
from simulation.world import CONTACTS, ENROLMENT, World

pytestmark = pytest.mark.slow

WAIT_S = 300.0
ROUND = 7  # three alerts, HQ's sealed report, three links


@pytest.fixture
def world(world):
    """Everybody has been texted once; HQ answers nothing."""
    world.sees()
    world.holds()
    world.takes_all_texts()
    assert len(world.modem.texts) == ROUND
    return world


def reaches(world, delivered=True, but=()):
    for ref in {ref for ref, _, _ in world.modem.texts} - set(but):
        world.happens(SmsReport(ref, delivered))


def waits(world, seconds):
    """Time passes; the network takes whatever is sent, and tells nobody."""
    until = world.now + seconds
    while world.now < until:
        world.passes(min(10, until - world.now))
        if world.sms.under_way is not None:
            world.takes_all_texts()


def outcomes(world):
    return Counter(text.outcome for text in world.outbox.texts.values())


def test_without_a_delivery_report_the_same_words_go_once_more_in_time_and_no_more(world):
    first = list(world.modem.texts)
    assert world.sms.next_due(world.now) == world.now + WAIT_S, "nothing is due earlier"
    world.passes(WAIT_S - 3)
    assert world.modem.texts == first
    waits(world, 60)
    assert sorted(world.modem.texts[ROUND:]) == sorted(first)
    waits(world, 1300)  # until just before the next round
    assert len(world.modem.texts) == 2 * ROUND
    assert outcomes(world) == {TextOutcome.SENT: ROUND}


def test_words_that_tell_no_time_go_again_with_the_place_and_age_of_then(tmp_path):
    """Their age would be a false one: nothing in them says when they were written."""
    world = World(tmp_path, synchronised=False)
    world.sees()
    world.holds()
    world.takes_all_texts()
    first = {
        number: text for _, number, text in world.modem.texts if "ALARM" in text and "seen" in text
    }
    assert len(first) == len(CONTACTS)
    assert all("time not known" in text for text in first.values())
    for minute in range(5):
        world.passes(60)
        world.sees(43.4 + minute / 100)
    waits(world, 60)
    again = {number: text for _, number, text in world.modem.texts[ROUND:] if "seen" in text}
    assert again.keys() == first.keys()
    for text in again.values():
        assert "mlat=43.4" in text


@pytest.mark.parametrize("enrolment", [ENROLMENT, None], ids=["HQ", "contacts alone"])
@pytest.mark.parametrize("cut", [False, True])
def test_words_that_tell_neither_time_nor_place_say_lost_only_after_a_restart(
    tmp_path, enrolment, cut
):
    world = World(tmp_path, enrolment=enrolment, synchronised=False)
    world.holds()
    world.takes_all_texts()
    if cut:
        world.power_cut()
    before = len(world.modem.texts)
    waits(world, 400)
    again = [text for _, _, text in world.modem.texts[before:] if "osition" in text]
    assert len(again) >= len(CONTACTS)
    assert {"lost when the device restarted" in text for text in again} == {cut}
    assert {"Position not known yet." in text for text in again} == {not cut}


def test_the_wait_is_as_long_as_the_settings_say(tmp_path):
    world = World(tmp_path)
    world.settings["sms"]["again_after_minutes"] = 1.0
    world.starts()
    world.holds()
    world.takes_all_texts()
    waits(world, 90)
    assert len(world.modem.texts) == 2 * ROUND


def test_the_wait_begins_when_the_network_takes_it_not_when_the_line_is_free(tmp_path):
    world = World(tmp_path)
    world.holds()
    world.network(Outcome.DONE)
    world.passes(WAIT_S + 100)  # HQ's is with a modem that finds no network
    world.takes_all_texts()
    assert world.modem.texts.count(world.modem.texts[0]) == 2


def test_the_wait_for_one_answered_late_begins_with_the_answer(tmp_path):
    world = World(tmp_path)
    world.holds()
    first = world.modem.texts[0]
    world.leaves()
    world.network(Outcome.UNKNOWN)
    world.happens(SmsOutcome(first[0], Outcome.DONE, (1,), None, "answered late"))
    world.passes(WAIT_S + 100)  # HQ's is with a modem that finds no network
    world.takes_all_texts()
    assert world.modem.texts.count(first) == 2


def test_what_is_on_the_phones_does_not_go_again(world):
    reaches(world)
    waits(world, 1300)
    assert len(world.modem.texts) == ROUND
    assert outcomes(world) == {TextOutcome.REACHED: ROUND}


def test_what_the_network_gives_up_goes_once_more_at_once_and_then_no_more(world):
    first = list(world.modem.texts)
    ana = first[0][0]
    reaches(world, but={ana})
    world.happens(SmsReport(ana, False))
    assert world.modem.texts[ROUND:] == first[:1]
    world.takes_all_texts()
    world.happens(SmsReport(ana, False))
    waits(world, 1300)
    assert len(world.modem.texts) == ROUND + 1
    assert outcomes(world) == {TextOutcome.REACHED: ROUND - 1, TextOutcome.LOST: 1}


def test_a_report_that_comes_after_the_second_send_is_believed(world):
    waits(world, 360)
    reaches(world, delivered=False)
    assert outcomes(world) == {TextOutcome.LOST: ROUND}
    reaches(world)
    assert outcomes(world) == {TextOutcome.REACHED: ROUND}
    reaches(world, delivered=False)
    assert outcomes(world) == {TextOutcome.REACHED: ROUND}
    waits(world, 900)
    assert len(world.modem.texts) == 2 * ROUND


@pytest.mark.parametrize("how", ["starts", "power_cut"])
def test_over_restarts_too_nobody_is_texted_a_third_time_and_the_wait_begins_anew(world, how):
    first = sorted((number, text) for _, number, text in world.modem.texts)
    world.passes(WAIT_S - 30)
    getattr(world, how)()
    world.passes(60)
    assert world.modem.texts == []
    waits(world, WAIT_S)
    again = sorted((number, text) for _, number, text in world.modem.texts)
    assert [number for number, _ in again] == [number for number, _ in first]
    if how == "starts":
        assert again == first
    getattr(world, how)()
    waits(world, 1500)
    assert world.modem.texts == []


def test_after_a_power_cut_the_second_text_too_speaks_of_an_alarm_not_of_its_going_on(world):
    """Nobody can know whether the first was read."""
    world.power_cut()
    waits(world, 360)
    alerts = [text for _, _, text in world.modem.texts if world.kind(text) == "alert"]
    assert len(alerts) == 3
    assert not any("is still on" in text for text in alerts)


def test_the_second_send_counts_on_the_card_before_it_can_leave(world):
    waits(world, 10)
    world.passes(WAIT_S)
    world.leaves()
    again = world.modem.texts[-1][1:]
    world.starts()
    waits(world, 1300)
    assert again not in [text[1:] for text in world.modem.texts]


def test_one_refused_the_second_time_is_tried_until_the_network_takes_it(world):
    first = world.modem.texts[0]
    reaches(world, but={first[0]})
    world.passes(WAIT_S)
    for wait in (5, 15, 30):
        assert world.modem.texts[-1] == first
        world.leaves()
        world.network(Outcome.FAILED, code=331)
        world.passes(wait)
    world.network(Outcome.DONE)
    waits(world, 700)
    assert world.modem.texts.count(first) == 5
    text = world.outbox.texts[int(first[0].removeprefix("text-"))]
    assert (text.outcome, text.sends) == (TextOutcome.SENT, 2)


def test_a_newer_text_takes_the_place_of_the_second_send_of_an_older_one(world):
    world.passes(60)
    world.holds()  # still in danger
    world.takes_all_texts()
    newer = world.modem.texts[ROUND:]
    assert len(newer) == ROUND
    assert outcomes(world) == {TextOutcome.SENT: ROUND, TextOutcome.GIVEN: ROUND}
    waits(world, 400)
    assert sorted(world.modem.texts[2 * ROUND :]) == sorted(newer)


def test_a_link_waits_for_a_newer_link_alone(world):
    """HQ alone is told of a new position: the contacts' second sends are due all the same."""
    world.data_goes(up=True)
    world.hq_answers()
    for _ in range(20):
        world.passes(300)
        if world.data.under_way is not None:
            world.post_fails()
        world.takes_all_texts()
    heard = Counter(world.heard())
    assert heard["link to Ana"] == heard["alert to Ana"] == 2
    assert heard["report 0 to HQ"] == 1


def test_hq_is_not_texted_again_what_it_has_answered(world):
    world.hq_answers()
    waits(world, 900)
    heard = Counter(world.heard())
    assert heard["report 0 to HQ"] == 1
    assert heard["alert to Ana"] == heard["link to Boris"] == 2


def test_once_a_person_has_it_nobody_is_texted_a_second_time(world):
    world.hq_answers(Status.ACKNOWLEDGED)
    waits(world, 900)
    assert len(world.modem.texts) == ROUND
    assert outcomes(world) == {TextOutcome.SENT: ROUND}
    assert world.memory.texts == {}


def test_but_a_text_that_may_never_have_left_goes_although_a_person_has_it(tmp_path):
    world = World(tmp_path)
    world.holds()
    first = world.modem.texts[0]
    world.network(Outcome.UNKNOWN)
    world.takes_all_texts()
    world.hq_answers(Status.ACKNOWLEDGED)
    waits(world, 60)
    assert world.modem.texts.count(first) == 2


def test_a_lost_outcome_is_one_of_the_two_sends(tmp_path):
    world = World(tmp_path)
    world.holds()
    first = world.modem.texts[0]
    world.leaves()
    world.network(Outcome.UNKNOWN)
    world.takes_all_texts()
    waits(world, 1000)
    assert world.modem.texts.count(first) == 2


def test_an_answer_that_came_late_is_waited_with_like_any_other(tmp_path):
    world = World(tmp_path)
    world.holds()
    first = world.modem.texts[0]
    world.leaves()
    world.network(Outcome.UNKNOWN)
    world.happens(SmsOutcome(first[0], Outcome.DONE, (1,), None, "answered late"))
    world.takes_all_texts()
    assert world.modem.texts.count(first) == 1
    world.happens(SmsReport(first[0], True))
    waits(world, 1000)
    assert world.modem.texts.count(first) == 1


def test_a_round_for_the_very_same_report_texts_nobody_again(world):
    report = world.outbox.reports[max(world.outbox.reports)]
    with world.outbox.step():
        world.sms.queue(
            report,
            Audience.EVERYONE,
            False,
            world.now,
        )
    waits(world, 200)
    assert len(world.modem.texts) == ROUND


def test_the_journal_says_why_a_text_goes_again_and_to_whom_and_nothing_more(world):
    waits(world, 360)
    lines = [line for line in world.journal if "once more" in line]
    assert len(lines) == ROUND
    assert any(
        "alert to contact 1: no delivery report, sending it once more" in line for line in lines
    )
    assert not any("4477" in line or "43.3" in line for line in lines)


# Over the simulated SIM800 and its network, whose phones confirm what they get


PRESS_AT = 200.0


def given_to(world):
    """How often the network took a first part for each person."""
    return Counter(name for _, name in world.texts_given())


def test_phones_that_are_on_are_texted_once(tmp_path):
    world = SimulatedWorld(tmp_path)
    world.at(PRESS_AT - 50, lambda: world.sim.set_gprs("dead", world.now))
    world.presses(PRESS_AT)
    world.run(PRESS_AT + 1500)
    assert given_to(world) == {"Ana": 2, "Boris": 2, "Chiara": 2, "HQ": 1}, "alert and link"
    assert outcomes(world) == {TextOutcome.REACHED: ROUND}


def test_a_phone_that_is_off_is_texted_twice_and_what_it_gets_in_the_end_is_known(tmp_path):
    world = SimulatedWorld(tmp_path)
    ana = CONTACTS[0].number
    world.board.centre.switch(ana, on=False)
    world.at(PRESS_AT - 50, lambda: world.sim.set_gprs("dead", world.now))
    world.at(PRESS_AT + 1300, lambda: world.board.centre.switch(ana, on=True))
    world.presses(PRESS_AT)
    world.run(PRESS_AT + 1500)
    assert given_to(world) == {"Ana": 4, "Boris": 2, "Chiara": 2, "HQ": 1}
    assert outcomes(world) == {TextOutcome.REACHED: ROUND}
    assert {text.sends for text in world.outbox.texts.values() if text.recipient == 1} == {2}


def test_a_modem_that_restarts_in_between_makes_nobody_hear_a_third_time(tmp_path):
    world = SimulatedWorld(tmp_path)
    for contact in CONTACTS:
        world.board.centre.switch(contact.number, on=False)
    world.at(PRESS_AT - 50, lambda: world.sim.set_gprs("dead", world.now))
    for n in range(5):
        world.at(PRESS_AT + 50 + 250 * n, lambda: world.sim.reset(world.now))
    world.presses(PRESS_AT)
    world.run(PRESS_AT + 1700)
    heard = given_to(world)
    assert all(2 <= heard[contact.name] <= 4 for contact in CONTACTS)
    assert max(text.sends for text in world.outbox.texts.values()) == 2
    assert world.outbox.open_texts() == []
