"""What people are told of an alarm's time, and of a consent that does not count because of it."""

from __future__ import annotations

import pytest
from builders import CONTACTS
from ledger import Ledger, Network, Told
from quiet import Mouth

from outcry.report import Flag, MessageType
from outcry.responder.intake.device_clocks import CHECK_EVERY_S
from outcry.responder.plans import repository
from outcry.responder.posting.publisher import Limits
from outcry.responder.posting.wording import PostFacts, post_draft
from outcry.responder.rules.events import CameBy

pytestmark = pytest.mark.slow

YEAR_S = 365 * 86_400
LANGUAGES = ("ar", "en", "es", "fa", "fr", "ru", "uk")


@pytest.fixture
def ledger(world, monkeypatch, tmp_path):
    made = Ledger({contact.number: contact.name for contact in CONTACTS}, monkeypatch)
    officers = tmp_path / "officers.toml"
    officers.write_text('desk = "json://127.0.0.1/desk"')
    world.hq.restarts(
        {"telling": {"officers": str(officers)}},
        publishers=lambda *_: {"own page": Network("own page", made)},
        channels=Told(made),
    )
    with world.hq.store.write() as connection:
        consent = {"consent": {"minutes": 30, "given_on": "2026-01-01"}}
        repository.change(connection, world.device.enrolment.device, consent, 0.0)
    made.hears(world.hq)
    return made


def half_an_hour_passes(world):
    world.hq.works()
    for _ in range(19):
        world.clock.passes(100)
        world.hq.works()


def told(ledger):
    return [line for line in ledger if line.startswith(("Message to desk", "Ground"))]


def test_a_clock_a_year_behind_over_data_is_dated_by_hq_and_consent_counts(world, ledger):
    world.hq.takes(world.device.message(sent_at=world.clock() - YEAR_S))
    half_an_hour_passes(world)
    assert told(ledger) == [
        "Message to desk: ALARM: Ana, raised at 12:00 UTC, by HQ's clock",
        "Message to desk: ALARM: Ana, raised at 12:00 UTC: nobody has answered yet",
        "Ground: the wearer's consent",
    ]


def test_three_hours_without_a_network_are_told_and_consent_does_not_count(world, ledger):
    behind = world.clock() - 3 * 3600
    world.hq.takes(world.device.message(sent_at=behind, flags=Flag.CLOCK_VOUCHED))
    half_an_hour_passes(world)
    assert told(ledger) == [
        "Message to desk: ALARM: Ana, raised at 09:00 UTC",
        (
            "Message to desk: ALARM: Ana, raised at 09:00 UTC: the wearer's consent alone does not "
            "publish it: it came more than an hour after it was raised. Decide yourself"
        ),
        "Message to desk: ALARM: Ana, raised at 09:00 UTC: nobody has answered yet",
    ]


@pytest.mark.parametrize("path", [CameBy.LINK, CameBy.SMS])
def test_what_may_have_been_carried_for_hours_has_no_known_time_and_nobody_is_told_one(
    world, ledger, path
):
    world.hq.takes(world.device.message(flags=Flag.CLOCK_UNSET), path)
    half_an_hour_passes(world)
    assert told(ledger) == [
        "Message to desk: ALARM: Ana, received at 12:00 UTC; when it was raised is not known",
        (
            "Message to desk: ALARM: Ana, received at 12:00 UTC: the wearer's consent alone does not "
            "publish it: when it was raised is not known, for the device's clock was not set. "
            "Decide yourself"
        ),
        "Message to desk: ALARM: Ana, received at 12:00 UTC: nobody has answered yet",
    ]
    text = world.phones.to(CONTACTS[0].number)[0]
    assert text.startswith("ALARM from Ana, time not known, received 2026-11-22 13:00 UTC+1.")


def test_a_report_over_data_after_it_lets_consent_count_from_then_on(world, ledger):
    world.hq.takes(world.device.message(flags=Flag.CLOCK_UNSET), CameBy.LINK)
    world.hq.works()
    world.clock.passes(1800)
    world.hq.takes(world.device.message(MessageType.POSITION, sequence=1, flags=Flag.CLOCK_UNSET))
    world.hq.works()
    world.clock.passes(1700)
    world.hq.works()
    assert not any("Ground" in line for line in ledger)
    world.clock.passes(100)
    world.hq.works()
    assert "Ground: the wearer's consent" in ledger


def test_an_old_report_tells_its_day(world, ledger):
    behind = world.clock() - 3 * 86_400
    world.hq.takes(world.device.message(sent_at=behind, flags=Flag.CLOCK_VOUCHED))
    world.hq.works()
    assert told(ledger)[0].endswith("raised at 12:00 UTC, 19 November 2026")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_public_reads_when_it_was_received_where_nothing_else_is_known(language):
    known = PostFacts("Ana", "Example Org", 1_795_348_800.0, 1_795_348_800.0)
    unknown = PostFacts("Ana", "Example Org", 1_795_348_800.0, 1_795_348_800.0, dated=False)
    for limits in (Limits(280), Limits(5000)):
        said, also = (post_draft(facts, limits, language).text for facts in (known, unknown))
        assert said != also
        assert "12:00" in also
        assert "Ana" in also


def test_the_post_of_an_alarm_without_a_known_time_says_that_it_was_received(world):
    world.hq.takes(world.device.message(flags=Flag.CLOCK_UNSET), CameBy.LINK)
    for contact in (1, 2):
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")
    world.hq.works()
    (post,) = world.hq.own_page.newest()
    assert post.text.startswith(
        "We received an alarm from Ana on 22 November 2026 at 13:00 (12:00 UTC);"
    )


@pytest.mark.parametrize(("ahead_s", "words"), [(2 * 3600, "fast"), (-2 * 3600, "slow")])
def test_hqs_own_wrong_clock_is_told_to_the_officers_by_what_the_devices_say(
    world, tmp_path, ahead_s, words
):
    mouth = Mouth()
    officers = tmp_path / "officers.toml"
    officers.write_text('desk = "json://127.0.0.1/desk"')
    world.hq.restarts({"telling": {"officers": str(officers)}}, channels=mouth)
    for _ in range(3):
        world.clock.passes(CHECK_EVERY_S)
        beat = world.device.message(
            MessageType.HEARTBEAT, sent_at=world.clock() - ahead_s, flags=Flag.CLOCK_VOUCHED
        )
        world.hq.takes(beat)
    world.hq.parts.notices.look()
    ((_, title, body),) = mouth.said
    assert title == "HQ's clock may be wrong"
    assert f"HQ's clock is {words}" in body
