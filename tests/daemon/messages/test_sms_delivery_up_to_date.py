"""What has not left is written with what is known now; what may have left keeps its words."""

from dataclasses import replace

import pytest

from outcry.daemon.outbox.stored import TextOutcome
from outcry.envelope import from_text
from outcry.hw.modem import Outcome
from outcry.receipt import Status
from outcry.report import MessageType, NoPosition
from simulation.wearable import SimulatedWorld
from simulation.world import ENROLMENT, NAMES, World

pytestmark = pytest.mark.slow

NO_FIX = "Position not known yet."
LINK = "https://hq.example/a/"
LOST = "The position was lost when the device restarted."


def alerts(world):
    return [text for _, _, text in world.modem.texts if world.kind(text) == "alert"]


def sealed_in(world):
    """Every report that a text carries: HQ's, and those in links."""
    for _, number, text in world.modem.texts:
        if NAMES[number] == "HQ":
            yield world.open(from_text(text))
        elif LINK in text:
            yield world.open(from_text(text.partition(LINK)[2].partition("/")[0]))


def test_a_position_known_before_the_network_is_there_is_in_every_text(world):
    world.holds()
    world.passes(3)
    world.sees()
    world.passes(27)
    world.takes_all_texts()
    assert len(world.modem.texts) == 7, "and nobody needs a second round"
    assert all("mlat=43.31780" in text for text in alerts(world))
    assert not any(isinstance(report.place, NoPosition) for report in sealed_in(world))
    world.phones_have_all()
    world.passes(1500)
    assert len(world.modem.texts) == 7


def test_the_next_round_counts_from_the_first_text_that_left(world):
    world.sees()
    world.holds()
    world.passes(600)
    world.takes_all_texts()
    world.phones_have_all()
    world.passes(1790)
    assert len(world.modem.texts) == 7
    world.passes(20)
    assert len(world.modem.texts) == 8


def test_while_a_text_waits_for_the_network_its_age_is_never_too_young(world):
    world.sees()
    seen_at = world.now
    world.holds()
    for _ in range(175):
        world.passes(4)
        age = int(world.now - seen_at)
        says = "seen just now" if age < 60 else f"seen {-(-age // 60)} min earlier"
        assert says in alerts(world)[0]


def test_the_wearer_who_moves_meanwhile_is_where_they_are_now(world):
    world.sees(43.0, 45.0)
    world.holds()
    for n in range(20):
        world.sees(43.0 + n / 100, 45.0)
        world.passes(5)
    assert "mlat=43.19000" in alerts(world)[0]


def test_the_battery_that_the_sealed_text_tells_is_todays(world):
    world.holds()
    world.modem.snapshot = replace(world.modem.snapshot, battery_percent=17)
    world.passes(100)
    world.takes_all_texts()
    assert {report.battery_percent for report in sealed_in(world)} == {17}


def test_what_is_on_its_way_keeps_its_words_and_is_followed_by_the_position(world):
    world.holds()
    first = world.modem.texts[0]
    world.leaves()
    world.sees()
    world.passes(5)
    assert world.modem.texts == [first]
    world.takes_all_texts()
    assert NO_FIX in alerts(world)[0]
    world.passes(60)
    world.takes_all_texts()
    assert [("43.3" in text) for text in alerts(world)] == [False, True, True, True]


def test_a_refused_text_is_tried_again_with_what_is_known_by_then(world):
    world.holds()
    world.network(Outcome.FAILED, 38)
    world.sees()
    world.passes(60)
    world.takes_all_texts()
    assert "43.3" in alerts(world)[-1]
    assert sum(NO_FIX in text for text in alerts(world)) == 1


def test_one_whose_outcome_was_lost_goes_again_in_the_same_words(world):
    world.sees(43.0, 45.0)
    world.holds()
    first = world.modem.texts[0]
    world.leaves()
    world.network(Outcome.UNKNOWN)
    world.sees(43.5, 45.0)
    world.passes(60)
    world.takes_all_texts()
    assert world.modem.texts.count(first) == 2
    assert sum("mlat=43.50000" in text for text in alerts(world)) == 2


@pytest.mark.parametrize("left", [False, True], ids=["not left", "may have left"])
def test_after_a_kill_only_what_may_have_left_keeps_its_words(world, left):
    world.holds()
    first = world.modem.texts[0]
    if left:
        world.leaves()
    world.starts()
    world.sees()
    world.takes_all_texts()
    assert (first in world.modem.texts) is left
    others = [text for text in alerts(world) if text != first[2]]
    assert others
    assert all("43.3" in text for text in others)


def test_after_a_kill_without_any_position_no_text_says_that_one_was_lost(world):
    world.holds()
    world.starts()
    world.takes_all_texts()
    assert all(NO_FIX in text for text in alerts(world))


def test_a_position_from_before_a_power_cut_is_not_exchanged_for_none(world):
    world.sees()
    world.holds()
    world.power_cut()
    world.passes(200)
    world.takes_all_texts()
    assert all(LOST in text for text in alerts(world))
    assert not any(isinstance(report.place, NoPosition) for report in sealed_in(world))


def test_a_position_found_after_a_power_cut_is_in_what_has_not_left(world):
    world.sees()
    world.holds()
    world.power_cut()
    world.passes(5)
    world.sees(44.5, 45.0)
    world.passes(30)
    world.takes_all_texts()
    assert all("mlat=44.50000" in text for text in alerts(world))
    assert {report.place.latitude for report in sealed_in(world)} == {44.5}


def test_hq_learns_of_a_second_hold_although_a_position_is_newer(world):
    """HQ may have closed the alarm: a hold opens it again, a position does not."""
    world.holds()
    world.takes_all_texts()
    world.phones_have_all()
    world.modem.texts.clear()
    world.modem.left.clear()
    world.passes(61)
    world.holds()
    world.passes(5)
    world.sees()
    world.passes(200)
    world.takes_all_texts()
    assert all("43.3" in text for text in alerts(world))
    by_sms = [world.open(from_text(text)) for _, to, text in world.modem.texts if NAMES[to] == "HQ"]
    assert [report.type for report in by_sms] == [
        MessageType.STILL_IN_DANGER,
        MessageType.POSITION,
    ]
    links = [report.type for report in sealed_in(world)]
    assert links.count(MessageType.STILL_IN_DANGER) == 1 + 3, "one link a contact, with the hold"


def test_a_receipt_meanwhile_changes_no_words(world):
    world.sees()
    world.holds()
    world.hq_texts_a_receipt(Status.STORED, world.modem.posts[0][1])
    world.takes_all_texts()
    assert world.heard()[0] == "alert to Ana"
    assert all(text.startswith("ALARM") for text in alerts(world))


def test_the_words_to_publish_say_when_the_alarm_was_raised_however_late_they_leave(tmp_path):
    world = World(tmp_path, enrolment=None)
    world.sees()
    world.holds(1.5)
    raised = world.modem.texts[0][2].partition(" UTC")[0][-5:]
    for _ in range(100):
        world.passes(60)
        world.wall += 60
    world.takes_all_texts()
    publish = [text for _, _, text in world.modem.texts if world.kind(text) == "words to publish"]
    assert len(publish) == 3
    assert all(f"{raised} UTC" in text for text in publish)


def test_no_two_plaintexts_ever_have_one_counter(world):
    """What is brought up to date is another report; none is sealed again."""
    world.holds()
    for n in range(30):
        world.sees(43.0 + n / 100, 45.0)
        world.passes(61)
        if n % 7 == 6:
            world.starts()
    world.takes_all_texts()
    sealed = {bytes(report.sealed) for report in world.outbox.reports.values()}
    sent = {post for _, post in world.modem.posts}
    by_counter = {}
    for message in sealed | sent:
        by_counter.setdefault(message[5:9], set()).add(message)
    assert len(by_counter) > 10
    assert all(len(messages) == 1 for messages in by_counter.values())


# Over the simulated SIM800 and its network

PRESS_AT, FIX_AT, NETWORK_AT = 400.0, 404.5, 431.5


def d7(tmp_path, **more):
    """No fix and no network at the press; a fix 3 s later, a network 30 s after the press."""
    world = SimulatedWorld(tmp_path, **more)
    world.at(300.0, lambda: world.sim.set_network(False, world.now))
    world.presses(PRESS_AT)
    world.at(FIX_AT, world.sees)
    world.at(NETWORK_AT, lambda: world.sim.set_gprs("dead", world.now))
    world.at(NETWORK_AT, lambda: world.sim.set_network(True, world.now))
    return world


def phones(world):
    return {NAMES[n]: [t.text for t in p.texts] for n, p in world.board.centre.phones.items()}


def test_no_fix_and_no_network_at_the_press_yet_every_phone_reads_where(tmp_path):
    world = d7(tmp_path)
    world.run(PRESS_AT + 100)
    read = phones(world)
    for name in ("Ana", "Boris", "Chiara"):
        alert, link = read[name]
        assert "mlat=43.31780" in alert
        sealed = link.partition(LINK)[2].partition("/")[0]
        assert not isinstance(world.open(from_text(sealed)).place, NoPosition)
    (sealed,) = read["HQ"]
    assert not isinstance(world.open(from_text(sealed)).place, NoPosition)
    assert len(world.texts_given()) == 7


def test_a_second_part_is_of_the_same_text_as_the_first(tmp_path):
    """The receiver's fixes come each second while texts of two parts leave."""
    world = d7(tmp_path)
    for n in range(80):
        at = FIX_AT + 1 + n
        world.at(at, lambda n=n: world.sees(43.0 + n / 1000, 45.0))
    world.run(PRESS_AT + 100)
    read = phones(world)
    for name in ("Ana", "Boris", "Chiara"):
        alert, _ = read[name]
        assert alert.count("mlat=43.0") == 1
        assert alert.endswith("PIN.")


def test_the_text_of_a_drill_that_waits_in_the_modem_is_taken_back_for_an_alarm(tmp_path):
    world = SimulatedWorld(tmp_path)
    world.at(300.0, lambda: world.sim.set_network(False, world.now))
    world.at(350.0, lambda: world.asks("drill"))
    world.presses(PRESS_AT)
    world.at(NETWORK_AT, lambda: world.sim.set_gprs("dead", world.now))
    world.at(NETWORK_AT, lambda: world.sim.set_network(True, world.now))
    world.run(PRESS_AT + 100)
    read = phones(world)
    assert not any("DRILL" in text for texts in read.values() for text in texts)
    assert len(read["Ana"]) == 2
    assert ENROLMENT.contacts[0].name in read
    drill = [text for text in world.outbox.texts.values() if text.counter == 0]
    assert all(text.outcome is TextOutcome.SUPERSEDED for text in drill)
