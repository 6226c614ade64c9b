"""An organisation with no server: the contacts' texts are all there is, and they are enough."""

from dataclasses import replace

import pytest

from outcry.daemon.alarm.model import Alarm, Audience, State
from outcry.daemon.messages.identity import Identity
from outcry.daemon.outbox.outbox import TextOutcome
from outcry.hw.modem import Outcome
from outcry.hw.modem.pdu import encode
from outcry.report import AlarmKind
from simulation.world import CONTACTS, ENROLMENT, World

pytestmark = pytest.mark.slow

LANGUAGES = ("ru", "ar", "es")
OPENING = {"ru": "ТРЕВОГА: ", "ar": "استغاثة من ", "es": "ALARMA de "}
PUBLISH = {"ru": "Опубликуйте: ", "ar": "يرجى النشر: ", "es": "Por favor, publique: "}


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, enrolment=None)
    world.data_goes(up=False)
    world.sees()
    return world


def by_contact(world):
    return {
        contact.name: [text for _, number, text in world.modem.texts if number == contact.number]
        for contact in CONTACTS
    }


def test_who_when_where_a_map_and_words_to_publish_reach_every_contact(world):
    world.holds()
    world.takes_all_texts()
    for alert, publish in by_contact(world).values():
        assert alert.startswith("ALARM from Zarema, 2026-09-21 ")
        assert "https://osm.org/?mlat=43.31780&mlon=45.69490\n" in alert
        assert alert.endswith("Now call the people you agreed to call.")
        assert publish.startswith("Please publish: Zarema, a human rights defender,")
        assert "2026-09-21" in publish


def test_everybody_knows_before_anybody_is_asked_to_publish(world):
    world.holds()
    world.takes_all_texts()
    assert [heard.split(" to ")[0] for heard in world.heard()] == ["alert"] * 3 + ["words"] * 3


def test_no_text_speaks_of_a_link_or_a_pin(world):
    world.holds()
    world.takes_all_texts()
    for _, _, text in world.modem.texts:
        assert "PIN" not in text
        assert "link" not in text


def test_later_rounds_say_that_the_alarm_goes_on_and_ask_to_publish_no_more(world):
    world.holds()
    world.takes_all_texts()
    world.phones_have_all()
    world.passes(1800)
    world.takes_all_texts()
    for alert, _, *later in by_contact(world).values():
        assert "is still on" not in alert
        assert later
        assert all(text.startswith("ALARM from Zarema is still on, 2026-09-21 ") for text in later)


def test_a_contact_who_never_got_the_first_text_hears_of_an_alarm_not_of_its_going_on(world):
    world.holds()
    world.network(Outcome.DONE)
    world.network(Outcome.FAILED, 38)
    world.passes(1800)  # Chiara's is still with the modem
    world.takes_all_texts()
    heard = by_contact(world)
    assert len([text for text in heard["Boris"] if text.startswith("ALARM")]) == 2
    assert not any("is still on" in text for text in heard["Boris"])
    assert any("is still on" in text for text in heard["Ana"])


def test_words_to_publish_that_were_refused_go_again(world):
    world.holds()
    for _ in CONTACTS:
        world.network(Outcome.DONE)
    world.network(Outcome.FAILED, 38)
    world.passes(10)
    world.takes_all_texts()
    publish = by_contact(world)["Ana"][1:]
    assert len(publish) == 2
    assert publish[0] == publish[1]


def test_after_a_power_cut_the_words_still_go_and_name_no_wrong_hour(world):
    world.holds()
    for _ in CONTACTS:
        world.network(Outcome.DONE)
    world.power_cut()
    world.takes_all_texts()
    publish = [text for _, _, text in world.modem.texts if text.startswith("Please publish")]
    assert len(publish) == 3
    assert all("(time not known)" in text for text in publish)


def test_each_contact_is_written_to_in_their_own_language(tmp_path):
    world = World(tmp_path, enrolment=None)
    people = zip(CONTACTS, LANGUAGES, strict=True)
    contacts = tuple(replace(contact, language=language) for contact, language in people)
    world.identity = Identity("Зарема", contacts, None)
    world.starts()
    world.sees()
    world.holds()
    world.takes_all_texts()
    for language, (alert, publish) in zip(LANGUAGES, by_contact(world).values(), strict=True):
        name = "Zarema" if language == "es" else "Зарема"
        assert alert.startswith(OPENING[language] + name)
        assert publish.startswith(PUBLISH[language])
        assert name in publish
        for text in (alert, publish):
            assert len(encode("+447700900101", text, reference=0)) <= 2


def queued(world, kind):
    report = world.parts.reporter.unsealed(0xA1A1A1A1, 0)
    with world.outbox.step():
        world.outbox.add_report(report)
        world.outbox.save_alarm(Alarm(State.RAISED, id=report.alarm, kind=kind))
        world.sms.queue(report, Audience.EVERYONE, False, world.now)
    return [(text.recipient, text.template) for text in world.outbox.open_texts()]


def test_a_drill_asks_nobody_to_publish(world):
    assert queued(world, AlarmKind.DRILL) == [(1, "alert"), (2, "alert"), (3, "alert")]


def test_an_alarm_after_another_asks_to_publish_again(world):
    world.holds()
    world.takes_all_texts()
    assert all(text.outcome is TextOutcome.GIVEN for text in world.outbox.texts.values())
    assert (2, "publish") in queued(world, AlarmKind.STRAP)
    assert [text for _, _, text in world.modem.texts if "is still on" in text] == []


def test_with_a_responder_nobody_is_asked_to_publish_on_their_own(tmp_path):
    world = World(tmp_path, enrolment=ENROLMENT)
    world.holds()
    world.takes_all_texts()
    assert {heard.split(" to ")[0] for heard in world.heard()} == {"alert", "link", "report 0"}
    alert = by_contact(world)["Ana"][0]
    assert alert.endswith("Now open the link in the next SMS and answer with your PIN.")


def test_with_a_responder_that_cannot_be_written_to_the_alert_promises_no_link(tmp_path):
    world = World(tmp_path, enrolment=ENROLMENT)
    assert queued(world, AlarmKind.PANIC) == [(1, "alert"), (2, "alert"), (3, "alert")]
    world.tick()
    assert world.modem.texts[0][2].endswith("Now call the people you agreed to call.")
