"""Whole responses, told as one ordered list of what HQ's collaborators did."""

from __future__ import annotations

import pytest
from builders import CONTACTS, WEARER
from ledger import Ledger, Network, Told

from outcry.report import AlarmKind, Flag, MessageType
from outcry.responder.console.desk import Act
from outcry.responder.plans import repository

pytestmark = pytest.mark.slow


@pytest.fixture
def ledger(world, monkeypatch, tmp_path):
    """What HQ does, with a duty officer's channel and two networks, in one list."""
    people = {contact.number: contact.name for contact in CONTACTS}
    made = Ledger(people, monkeypatch)
    officers = tmp_path / "officers.toml"
    officers.write_text('desk = "json://127.0.0.1/desk"')
    networks = {name: Network(name, made) for name in ("own page", "mastodon")}
    world.hq.restarts(
        {"telling": {"officers": str(officers)}},
        publishers=lambda *_: networks,
        channels=Told(made),
    )
    made.hears(world.hq)
    return made


def confirms(world, *contacts):
    for contact in contacts:
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")


RAISED = [
    "Arrived by data: FIRST",
    "Receipt over data: stored",
    "Text to Ben: ALARM",
    "Text to Cleo: ALARM",
    "Text to Dana: ALARM",
    "Message to desk: ALARM: Ana, raised at 12:00 UTC",
]
PUBLIC = ["own page has the post", "mastodon has the post"]


def test_from_the_button_to_the_posts_and_back_to_the_wearer(world, ledger):
    world.hq.takes(world.device.message())
    world.hq.works()
    confirms(world, 1, 2)
    world.hq.works()
    world.clock.passes(60)
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    world.hq.works()
    assert ledger == [
        *RAISED,
        "Ben: Confirmed",
        "Cleo: Confirmed",
        "Ground: quorum",
        *PUBLIC,
        "Arrived by data: STILL_IN_DANGER",
        "Receipt over data: acknowledged",
        "own page has the answer to the post",
        "mastodon has the answer to the post",
    ]


def test_by_sms_the_wearer_hears_back_right_after_the_first_contact(world, ledger):
    world.hq.texts.take(WEARER, world.device.message().text)
    world.hq.works()
    confirms(world, 1)
    world.hq.works()
    world.hq.parts.console.act(1, Act.CONFIRM, "olga")
    world.hq.works()
    assert ledger == [
        "Arrived by sms: FIRST",
        "Text to Ben: ALARM",
        "Receipt by SMS: stored",
        "Text to Cleo: ALARM",
        "Text to Dana: ALARM",
        "Message to desk: ALARM: Ana, raised at 12:00 UTC",
        "Ben: Confirmed",
        "Receipt by SMS: acknowledged",
        "olga: OfficerConfirmed",
        "Ground: quorum",
        *PUBLIC,
    ]


def test_taken_back_closed_and_pressed_again(world, ledger):
    world.hq.takes(world.device.message())
    confirms(world, 1, 2)
    world.hq.works()
    before = len(ledger)
    world.hq.parts.console.act(1, Act.CORRECT, "olga", "released")
    world.hq.parts.console.act(1, Act.CLOSE, "olga", "she is home")
    world.hq.works()
    world.clock.passes(60)
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    world.hq.works()
    assert ledger[before:] == [
        "olga: Corrected",
        "olga: Closed",
        "mastodon has the correction",
        "own page has the correction",
        "Arrived by data: STILL_IN_DANGER",
        "Receipt over data: acknowledged",
        "Text to Ben: STILL IN DANGER",
        "Text to Cleo: STILL IN DANGER",
        "Text to Dana: STILL IN DANGER",
        "Message to desk: ALARM: Ana, pressed again at 12:01 UTC, after it was closed",
    ]
    before = len(ledger)
    confirms(world, 1, 2)
    world.hq.works()
    assert ledger[before:] == [
        "Ben: Confirmed",
        "Cleo: Confirmed",
        "Ground: quorum",
        *PUBLIC,
        "mastodon has the correction",
        "own page has the correction",
    ]


def test_under_duress_consent_publishes_nothing_and_people_decide(world, ledger):
    with world.hq.store.write() as connection:
        consent = {"consent": {"minutes": 30, "given_on": "2026-01-01"}}
        repository.change(connection, world.device.enrolment.device, consent, 0.0)
    world.hq.takes(world.device.message())
    world.hq.works()
    world.hq.takes(world.device.message(MessageType.WITHDRAWAL, sequence=1, taps=(1, 2)))
    world.hq.works()
    world.clock.passes(3600)
    world.hq.works()
    world.hq.parts.console.act(1, Act.VETO, "olga")
    confirms(world, 1, 2)
    world.hq.works()
    world.hq.parts.console.act(1, Act.LIFT, "olga")
    world.hq.works()
    assert ledger == [
        *RAISED,
        "Arrived by data: WITHDRAWAL",
        "Receipt over data: stored",
        "Judged: duress",
        "Message to desk: ALARM: Ana, raised at 12:00 UTC: withdrawal received, not verified",
        "Message to desk: ALARM: Ana, raised at 12:00 UTC: nobody has answered yet",
        "olga: Vetoed",
        "Ben: Confirmed",
        "Cleo: Confirmed",
        "olga: VetoLifted",
        "Ground: quorum",
        *PUBLIC,
    ]


@pytest.mark.parametrize("flags", [Flag.CLOCK_UNSET, Flag(0)], ids=["it says so", "it does not"])
def test_a_fresh_press_is_of_now_whatever_the_devices_clock_says(world, ledger, flags):
    """It is told as of its arrival, and the wearer's consent makes it public."""
    with world.hq.store.write() as connection:
        consent = {"consent": {"minutes": 30, "given_on": "2026-01-01"}}
        repository.change(connection, world.device.enrolment.device, consent, 0.0)
    world.hq.takes(world.device.message(MessageType.HEARTBEAT))
    ledger.clear()
    world.hq.takes(world.device.message(sent_at=world.clock() - 30 * 86_400, flags=flags))
    world.hq.works()
    for _ in range(19):
        world.clock.passes(100)
        world.hq.works()
    assert ledger == [
        *RAISED[:-1],
        "Message to desk: ALARM: Ana, raised at 12:00 UTC, by HQ's clock",
        "Message to desk: ALARM: Ana, raised at 12:00 UTC: nobody has answered yet",
        "Ground: the wearer's consent",
        *PUBLIC,
    ]


def test_a_drill_is_told_and_answered_and_never_public(world, ledger):
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL))
    world.hq.works()
    confirms(world, 1, 2, 3)
    world.hq.works()
    assert ledger == [
        "Arrived by data: FIRST",
        "Receipt over data: stored",
        "Text to Ben: DRILL",
        "Text to Cleo: DRILL",
        "Text to Dana: DRILL",
        "Message to desk: DRILL, not an alarm: Ana, raised at 12:00 UTC",
        "Ben: Confirmed",
        "Cleo: Confirmed",
        "Dana: Confirmed",
    ]
