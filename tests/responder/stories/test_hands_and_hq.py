"""The wearer's hand and HQ: the device's real loop at one end, the real responder at the other."""

from __future__ import annotations

import pytest

from outcry.envelope import from_text
from outcry.hw.modem import PostAnswered, SmsReceived
from outcry.responder.intake.inbox import Outdated, Refused
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import CameBy, ReportArrived, Verdict
from simulation.world import World as Wearable

pytestmark = pytest.mark.slow

WEARER, HQ_NUMBER = "+447700900001", "+447700900002"
PERSON = "a person has it"


class Wire:
    """Carries posts to HQ and receipts back; cut, it carries nothing."""

    def __init__(self, wearable, world):
        self.wearable = wearable
        self.world = world
        self.refused = 0
        self.posted = 0

    def carries(self):
        """Everything that is posted, until the device has nothing more to say."""
        posts = self.wearable.modem.posts
        while self.posted < len(posts):
            self.posted = len(posts)
            ref, sealed = posts[-1]
            try:
                taken = self.world.hq.inbox.take(sealed, CameBy.DATA)
            except Refused as refused:
                self.refused += 1
                body = refused.args[0] if refused.args else b""
                self.wearable.happens(PostAnswered(ref, 409, body))
            else:
                self.wearable.happens(PostAnswered(ref, 200, taken.receipt))

    def time_passes(self, seconds):
        """At both ends."""
        for _ in range(int(seconds)):
            self.wearable.passes(1.0)
            self.world.clock.passes(1.0)
            self.carries()
        self.world.hq.works()


@pytest.fixture
def wire(world, enrolled, tmp_path):
    folder = tmp_path / "device"
    folder.mkdir()
    wearable = Wearable(folder, enrolled.enrolment, wall=world.clock(), strap=True)
    wearable.data_goes(up=True)
    return Wire(wearable, world)


def verdict(world, alarm=1):
    return Case.of(world.hq.entries(alarm)).withdrawal


@pytest.mark.parametrize("safe", [True, False])
def test_what_a_hand_tapped_is_judged_at_hq_and_felt_the_same(wire, world, safe):
    wire.wearable.holds()
    wire.time_passes(5)
    felt = len(wire.wearable.motor.pulses)
    wire.wearable.taps(*world.code[: None if safe else -1])
    wire.time_passes(5)
    assert wire.wearable.motor.pulses[felt:] == ["the code is on its way"]
    assert verdict(world) is (Verdict.SAFE if safe else Verdict.DURESS)


@pytest.mark.parametrize("safe", [True, False])
def test_a_strap_taken_off_on_purpose_is_judged_by_the_code_tapped_before(wire, world, safe):
    wire.wearable.fastens()
    wire.wearable.taps(*(world.code if safe else world.code[::-1][:3]))
    wire.wearable.is_torn()
    wire.time_passes(5)
    assert world.hq.history().count(ReportArrived) == 2
    assert "the alarm strap was cut" in world.phones.sent[0][2]
    assert verdict(world) is (Verdict.SAFE if safe else Verdict.DURESS)


def test_a_code_tapped_without_a_network_reaches_hq_once_and_the_device_falls_silent(wire, world):
    """It posts the newest report first: the withdrawal comes when later ones were heard."""
    wire.wearable.holds()
    wire.wearable.taps(*world.code)
    for n in range(3):
        wire.wearable.sees(52.5 + n / 100, 13.4)
        wire.wearable.passes(70)
    wire.time_passes(120)
    reports = [e.type.name for e in world.hq.entries() if isinstance(e, ReportArrived)]
    assert reports.index("WITHDRAWAL") > 0, "something later was heard before"
    assert reports.count("WITHDRAWAL") == 1
    assert reports.count("FIRST") == 1
    assert verdict(world) is Verdict.OLD
    assert wire.wearable.outbox.unanswered() == []
    assert wire.refused == 0


def test_when_data_dies_after_the_alarm_the_wearer_still_feels_that_a_person_has_it(wire, world):
    wire.wearable.holds()
    wire.time_passes(5)
    assert wire.wearable.motor.pulses == ["raised", "HQ has it"]
    wire.wearable.data_goes(up=False)
    world.answers(world.invitation(1), world.pins[0], "seen")
    for _ in range(100):
        world.clock.passes(1.0)
        world.hq.works()
    (text,) = world.phones.to(WEARER)
    wire.wearable.happens(SmsReceived(HQ_NUMBER, text))
    assert wire.wearable.motor.pulses[-1] == PERSON


def test_a_lost_acknowledgement_comes_again_and_is_felt_once(wire, world):
    wire.wearable.holds()
    _, sealed = wire.wearable.modem.posts[-1]
    world.hq.inbox.take(sealed, CameBy.SMS)
    world.hq.works()
    world.answers(world.invitation(1), world.pins[0], "seen")
    for _ in range(40):
        world.clock.passes(10)
        world.hq.works()
    _stored, lost, *again = world.phones.to(WEARER)
    assert again == [lost], "the same receipt once more, and no more"
    wire.wearable.happens(SmsReceived(HQ_NUMBER, again[0]))
    wire.wearable.happens(SmsReceived(HQ_NUMBER, lost))
    assert wire.wearable.motor.pulses.count(PERSON) == 1
    assert len(from_text(lost)) == 26


def test_a_withdrawal_after_the_alarm_does_not_hide_that_a_person_has_it(wire, world):
    """The receipt of a withdrawal is not felt; the alarm's own is what has to come back."""
    wire.wearable.holds()
    _, first = wire.wearable.modem.posts[-1]
    world.hq.inbox.take(first, CameBy.SMS)
    wire.wearable.taps(*world.code)
    wire.wearable.post_fails()
    withdrawal = next(
        report for report in wire.wearable.outbox.unanswered() if report.sealed != first
    )
    world.hq.inbox.take(withdrawal.sealed, CameBy.SMS)
    world.answers(world.invitation(1), world.pins[0], "seen")
    world.hq.works()
    for text in world.phones.to(WEARER):
        wire.wearable.happens(SmsReceived(HQ_NUMBER, text))
    assert wire.wearable.motor.pulses[-1] == PERSON


def test_a_real_press_in_a_drill_is_told_and_may_become_public(wire, world):
    wire.wearable.asks("drill")
    wire.time_passes(5)
    wire.wearable.holds()
    wire.time_passes(5)
    words = [text.split()[0] for _, number, text in world.phones.sent if number != WEARER]
    assert words == ["DRILL,"] * 3 + ["ALARM"] * 3
    for alarm in (1, 2):
        assert world.hq.own_page.newest() == []
        for contact in (1, 2):
            world.answers(world.invitation(contact, alarm), world.pins[contact - 1], "confirm")
        world.hq.works()
    assert len(world.hq.own_page.newest()) == 1


def test_a_device_that_has_lost_its_outbox_is_heard_again_by_itself(wire, world):
    """Counters begin again at nought, and HQ has heard a later one."""
    wire.time_passes(130)
    replayed = wire.wearable.modem.posts[-1][1]
    assert wire.refused == 0
    for file in wire.wearable.folder.glob("outbox.sqlite*"):
        file.unlink()
    wire.wearable.starts()
    wire.posted = 0
    wire.wearable.data_goes(up=True)
    wire.time_passes(1300)
    assert wire.refused == 1
    assert wire.wearable.data.trouble == ""
    with pytest.raises(Outdated):
        world.hq.inbox.take(replayed, CameBy.DATA)
    wire.wearable.holds()
    wire.time_passes(2)
    reports = [each for each in world.hq.entries() if isinstance(each, ReportArrived)]
    assert [each.marks for each in reports] == [()]
