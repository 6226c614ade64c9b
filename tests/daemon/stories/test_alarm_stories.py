"""Whole alarms through the real loop, rules, outbox and delivery, told as the wearer lives them."""

import json

import pytest

from outcry.daemon.outbox.stored import TextOutcome
from outcry.envelope import to_text
from outcry.hw.gps import NoFix, NoFixReason
from outcry.hw.modem import Outcome, SmsReceived
from outcry.receipt import Status
from outcry.report import AlarmKind, Flag, MessageType, NoPosition, Position
from outcry.report import NoFixReason as Reason
from simulation.world import CONTACTS, ENROLMENT, World

ROUND = [
    "alert to Ana",
    "report 0 to HQ",
    "alert to Boris",
    "alert to Chiara",
    "link to Ana",
    "link to Boris",
    "link to Chiara",
]


def test_with_data_up_hq_hears_in_one_report_and_nobody_gets_an_sms(world):
    world.data_goes(up=True)
    world.sees()
    world.holds()
    first = world.report()
    assert (first.type, first.kind, first.sequence) == (MessageType.FIRST, AlarmKind.PANIC, 0)
    assert first.place == Position(43.3178, 45.6949, 6, 2)
    world.hq_answers()
    world.passes(19)
    assert world.motor.pulses == ["raised", "HQ has it"]
    assert world.modem.texts == []


def test_a_tap_raises_nothing(world):
    world.holds(seconds=1.4)
    world.passes(100)
    assert world.all_reports() == []
    assert world.modem.texts == []
    assert world.motor.pulses == []


def test_the_report_is_on_the_card_before_the_wearer_feels_it_and_before_it_leaves(world):
    world.data_goes(up=True)
    order = []
    commit = world.outbox.commit

    def written():
        commit()
        order.append("disk")

    world.outbox.commit = written
    world.motor.play = lambda pattern: order.append("pulse")
    world.modem.post = lambda ref, body: order.append("post")
    world.holds()
    assert order[:3] == ["disk", "pulse", "post"]


def test_with_data_down_everyone_is_texted_at_once_in_the_order_people_need(world):
    world.sees()
    world.holds()
    world.takes_all_texts()
    assert world.heard() == ROUND
    assert "mlat=43.31780&mlon=45.69490" in world.modem.texts[0][2]


def test_a_silent_hq_is_given_eight_seconds_and_then_sms_goes(world):
    world.data_goes(up=True)
    world.holds()
    world.passes(7.4)
    assert world.heard() == []
    world.passes(0.2)
    assert world.heard() == ["alert to Ana"]


@pytest.mark.parametrize(
    ("http_status", "body"),
    [(200, b"<html>captive portal</html>"), (500, b""), (200, bytes(26)), (404, b"x" * 26)],
)
def test_rubbish_or_a_forged_receipt_is_no_receipt(world, http_status, body):
    world.data_goes(up=True)
    world.holds()
    world.somebody_answers(http_status, body)
    assert world.motor.pulses == ["raised"]
    for _ in range(3):
        world.passes(8)
        world.somebody_answers(http_status, body)
    assert world.heard()[0] == "alert to Ana"
    assert len(world.modem.posts) == 4, "and the data path is tried again in between"


def test_a_receipt_for_another_message_is_no_receipt(world):
    world.data_goes(up=True)
    world.holds()
    old = world.modem.posts[-1]
    world.post_fails()
    world.passes(1)
    world.holds()
    world.post_fails()
    world.passes(2)
    assert world.modem.posts[-1][0] != old[0]
    world.somebody_answers(200, world.receipt(old[1], Status.STORED))
    assert "HQ has it" not in world.motor.pulses


def test_after_a_restart_at_once_after_the_pulse_the_same_alarm_goes_on(world):
    world.data_goes(up=True)
    world.sees()
    world.holds()
    assert world.motor.pulses == ["raised"]
    alarm_id, sealed = world.report().alarm_id, world.modem.posts[-1][1]
    world.starts()
    assert world.modem.posts[0][1] == sealed, "the very same report goes again"
    world.takes_all_texts()
    assert world.heard() == ROUND
    world.passes(20)
    world.hq_answers(index=0)
    assert world.report().alarm_id == alarm_id
    assert world.report().flags & Flag.RESTARTED


def test_a_text_whose_outcome_was_lost_in_a_kill_is_sent_again_with_the_same_words(world):
    world.sees()
    world.holds()
    before = world.modem.texts[-1]
    world.leaves()
    world.wall += 300
    world.starts()
    world.takes_all_texts()
    assert world.modem.texts[-1] == before, "and those that have not left go first"


def test_after_a_power_cut_the_text_says_to_open_the_link(world):
    world.sees()
    world.holds()
    world.power_cut()
    assert "open the link" in world.modem.texts[0][2]
    assert "43.3" not in world.modem.texts[0][2]
    world.takes_all_texts()
    assert world.heard() == ROUND


def test_an_unknown_outcome_is_repeated_once_with_the_same_words_and_no_more(world):
    world.holds()
    first = world.modem.texts[-1]
    world.network(Outcome.UNKNOWN)
    assert world.heard()[-1] == "report 0 to HQ", "the others do not wait for it"
    for _ in range(20):
        if world.modem.texts[-1] == first:
            break
        world.network(Outcome.DONE)
        world.passes(1)
    assert world.modem.texts[-1] == first
    world.network(Outcome.UNKNOWN)
    world.passes(1000)
    assert [text for text in world.modem.texts if text == first] == [first, first]


def test_a_refused_text_is_tried_until_the_network_takes_it(world):
    world.holds()
    for _ in range(12):
        world.network(Outcome.FAILED, code=331)
        world.passes(310)
    alerts = [text for text in world.modem.texts if text[1] == CONTACTS[0].number]
    assert len(alerts) >= 2
    world.takes_all_texts()
    outcomes = {text.outcome for text in world.outbox.texts.values()}
    assert outcomes <= {TextOutcome.GIVEN, TextOutcome.SENT, TextOutcome.SUPERSEDED}


def test_a_person_seeing_it_is_felt_over_data(world):
    world.data_goes(up=True)
    world.holds()
    world.hq_answers()
    world.passes(20)
    world.hq_answers(Status.ACKNOWLEDGED)
    assert world.motor.pulses == ["raised", "HQ has it", "a person has it"]


def test_a_receipt_by_sms_is_felt_and_ends_nothing(world):
    world.holds()
    sealed = next(iter(world.outbox.reports.values())).sealed
    world.hq_texts_a_receipt(Status.STORED, sealed)
    world.hq_texts_a_receipt(Status.ACKNOWLEDGED, sealed)
    assert world.motor.pulses == ["raised", "HQ has it", "a person has it"]
    made = len(world.outbox.reports)
    world.passes(120)
    assert len(world.outbox.reports) > made


@pytest.mark.parametrize("end", ["\r\n", "\n", " "])
def test_a_line_end_that_a_gateway_adds_costs_no_receipt(world, end):
    world.holds()
    sealed = next(iter(world.outbox.reports.values())).sealed
    words = to_text(world.receipt(sealed, Status.STORED))
    world.happens(SmsReceived("+447700900002", words + end))
    assert world.motor.pulses == ["raised", "HQ has it"]


@pytest.mark.parametrize(
    "text", ["STOP", "reset", "x" * 35, "A" * 35, "", "\x00" * 35, "\u06f1" * 35]
)
def test_no_other_sms_changes_anything(world, text):
    world.holds()
    before = (world.loop.alarm, dict(world.outbox.reports), dict(world.outbox.texts))
    world.happens(SmsReceived("+447700900002", text))
    assert (world.loop.alarm, world.outbox.reports, world.outbox.texts) == before
    assert not any(text and text in line for line in world.journal if len(text) > 1)


def test_holding_again_says_still_in_danger(world):
    world.data_goes(up=True)
    world.holds()
    world.hq_answers()
    world.passes(5)
    world.holds()
    still = world.report()
    assert still.type is MessageType.STILL_IN_DANGER
    assert still.alarm_id == world.report(0).alarm_id
    assert world.motor.pulses == ["raised", "HQ has it", "raised"]


def test_without_a_fix_the_report_says_why_and_the_fix_follows_at_once(world):
    world.data_goes(up=True)
    world.happens(NoFix(NoFixReason.NO_SATELLITES))
    world.holds()
    assert world.report().place == NoPosition(Reason.NO_SATELLITES)
    world.hq_answers()
    world.sees()
    assert isinstance(world.report().place, Position)
    assert world.report().type is MessageType.POSITION


def test_contacts_texted_without_a_position_get_it_a_minute_later_not_half_an_hour(world):
    world.happens(NoFix(NoFixReason.NO_SATELLITES))
    world.holds()
    world.takes_all_texts()
    assert "not known" in world.modem.texts[0][2]
    world.passes(15)
    world.sees()
    world.passes(60)
    world.takes_all_texts()
    assert world.heard()[7] == "alert to Ana"
    assert "mlat=43.31780" in world.modem.texts[7][2]
    assert len(world.heard()) == 14


def test_an_old_fix_is_sent_with_its_age_and_a_rolled_over_date_changes_nothing(world):
    world.data_goes(up=True)
    world.sees()
    world.happens(NoFix(NoFixReason.NO_RECEIVER))
    world.passes(3600)
    world.holds()
    place = world.report().place
    assert isinstance(place, Position)
    assert 3600 <= place.age_s <= 3603


def test_a_device_without_a_clock_says_so_and_the_text_names_no_wrong_hour(tmp_path):
    world = World(tmp_path, wall=60.0)
    world.data_goes(up=True)
    world.holds()
    assert world.report().flags & Flag.CLOCK_UNSET
    world.post_fails()
    world.passes(8)
    assert "1970" not in world.modem.texts[0][2]


def test_without_a_responder_the_contacts_text_is_complete(tmp_path):
    world = World(tmp_path, enrolment=None)
    world.sees()
    world.holds()
    world.takes_all_texts()
    assert world.heard() == [
        f"{what} to {who}"
        for what in ("alert", "words to publish")
        for who in ("Ana", "Boris", "Chiara")
    ]
    assert world.modem.posts == []
    text = world.modem.texts[0][2]
    assert all(part in text for part in ("Zarema", "2026-", "UTC", "mlat=43.31780"))


def test_after_hours_without_network_hq_gets_the_track_newest_first(world):
    world.data_goes(up=True)
    world.holds()
    for _ in range(30):
        world.post_fails()
        world.passes(60)
    if world.data.under_way is None:
        world.data_goes(up=True)
    got = []
    for _ in range(100):
        if not world.outbox.unanswered():
            break
        got.append(world.report().sequence)
        world.hq_answers()
    assert got[1:] == sorted(got[1:], reverse=True)
    assert set(got) == {report.sequence for report in world.outbox.reports.values()}


def test_heartbeats_go_while_idle_and_stand_back_for_an_alarm(tmp_path):
    world = World(tmp_path, heartbeat_s=600)
    world.data_goes(up=True)
    world.passes(601)
    assert world.report().type is MessageType.HEARTBEAT
    assert world.report().alarm_id == 0
    heartbeat = world.modem.posts[-1][0]
    world.holds()
    assert heartbeat in world.modem.cancelled
    assert world.report().type is MessageType.FIRST


def test_a_card_that_cannot_be_written_costs_durability_and_not_the_alarm(world):
    world.outbox.card.database.close()
    world.data_goes(up=True)
    world.holds()
    assert world.report().type is MessageType.FIRST
    assert any("card" in line for line in world.journal)


def test_a_fault_in_sealing_still_lets_the_plain_texts_go(world):
    def broken(*args, **kwargs):
        raise RuntimeError("secret +447700900101")

    world.breaks_on_purpose = True
    world.parts.reporter.seal = broken
    world.holds()
    world.takes_all_texts()
    assert world.heard() == ["alert to Ana", "alert to Boris", "alert to Chiara"]
    assert not any("447700" in line for line in world.journal)


def test_journal_and_card_hold_no_position_no_number_no_name_and_no_words(world):
    world.data_goes(up=True)
    world.sees()
    world.holds()
    world.post_fails()
    world.passes(30)
    world.takes_all_texts()
    world.outbox.close()
    card = b"".join(path.read_bytes() for path in world.folder.glob("outbox.sqlite*"))
    said = "\n".join(world.journal) + json.dumps(world.fields)
    canaries = ["43.3", "45.69", "Zarema", "ALARM from", "hq.example"]
    canaries += [part for contact in CONTACTS for part in (contact.name, contact.number[1:])]
    for canary in canaries:
        assert canary not in said, canary
        assert canary.encode() not in card, canary
        assert canary.encode("utf-16-le") not in card, canary
    assert ENROLMENT.psk not in card


def test_every_journal_entry_has_a_message_id_and_an_open_alarm_its_id(world):
    world.data_goes(up=True)
    world.holds()
    world.hq_answers()
    assert all(len(fields["MESSAGE_ID"]) == 32 for fields in world.fields)
    alarms = {fields["OUTCRY_ALARM"] for fields in world.fields if "OUTCRY_ALARM" in fields}
    assert alarms == {f"{world.report(0).alarm_id:08x}"}
