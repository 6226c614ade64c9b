"""Contacts and duty officers told by a whole HQ: by text in their language, and by real channels."""

from __future__ import annotations

import http.server
import json
import threading
from dataclasses import replace

import pytest
from builders import corrected, kind_of, officer, says
from inline_lanes import Inline
from quiet import Quiet

from outcry.report import AlarmKind, Flag, MessageType
from outcry.responder import settings
from outcry.responder.notify import officer_channels
from outcry.responder.plans import repository
from outcry.responder.rules.events import (
    Acknowledged,
    Approved,
    CalledFalse,
    Closed,
    Event,
    GivenBack,
    HandedOver,
    Outcome,
    Reopened,
    TakenOver,
    WrongPinTried,
)
from outcry.responder.storage import event_log
from outcry.settings_file import SettingsInvalid

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True
URL = "http://127.0.0.1:8443"


@pytest.fixture
def web():
    """A real server that takes what Apprise posts to json:// addresses."""
    taken: list[tuple[str, str, str]] = []

    class Taker(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            taken.append((self.path, said["title"], said["message"]))
            self.send_response(404 if "gone" in self.path else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    server.taken = taken
    server.url = f"json://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Never(Inline):
    """Every lane is busy."""

    def is_free(self, lane):
        return False


@pytest.fixture
def staffed(world, web, tmp_path):
    """HQ with a duty officer's channel."""
    officers = tmp_path / "officers.toml"
    officers.write_text(f'desk = "{web.url}/desk"')
    world.hq.restarts({"telling": {"officers": str(officers)}})
    return world


def agrees(world, document: dict[str, object]) -> None:
    with world.hq.store.write() as connection:
        repository.change(connection, world.device.enrolment.device, document, 0.0)


def notes(world, event: Event) -> None:
    from outcry.responder.storage.alarms import set_due

    with world.hq.store.write() as connection:
        event_log.append(connection, 1, replace(event, at=world.clock.now))
        set_due(connection, 1, world.clock.now)


def test_the_duty_officer_is_told_who_and_when_and_where_to_look_but_not_where(staffed, web):
    staffed.hq.takes(staffed.device.message())
    staffed.hq.works()
    assert web.taken == [
        ("/desk", "ALARM: Ana", f"ALARM: Ana, raised at 12:00 UTC. {URL}/console"),
    ]


def test_contacts_are_told_by_their_own_channels_and_in_their_language(staffed, web):
    agrees(
        staffed,
        {
            "contact": {
                "1": {"channels": {"signal": f"{web.url}/ben"}, "sms": False},
                "2": {"language": "uk", "channels": {"mail": f"{web.url}/cleo"}},
                "3": {"language": "fr"},
            }
        },
    )
    staffed.hq.takes(staffed.device.message())
    staffed.hq.works()
    told = {path: (title, body) for path, title, body in web.taken}
    assert told["/ben"][0] == "ALARM: Ana"
    addresses = [word for word in told["/ben"][1].split() if "://" in word]
    assert addresses[0] == f"{URL}/c/{staffed.invitation(1)}"
    assert told["/cleo"][0] == "ТРИВОГА: Ana"
    assert "52.52000" in told["/cleo"][1]
    words = [text.split()[0] for _, _, text in staffed.phones.sent]
    assert words == ["ТРИВОГА:", "ALARME"]


def test_a_drill_begins_with_the_word_on_every_channel(staffed, web):
    agrees(staffed, {"contact": {"1": {"channels": {"x": f"{web.url}/ben"}}}})
    staffed.hq.takes(staffed.device.message(kind=AlarmKind.DRILL))
    staffed.hq.works()
    assert len(web.taken) == 2
    assert all(t.startswith("DRILL") and b.startswith("DRILL") for _, t, b in web.taken)


def test_who_wants_no_texts_is_texted_when_their_channel_is_gone(staffed, web):
    agrees(staffed, {"contact": {"1": {"sms": False, "channels": {"x": f"{web.url}/gone"}}}})
    staffed.hq.takes(staffed.device.message())
    staffed.hq.works()
    assert len(staffed.phones.sent) == 3
    failed = [e.came.why for e in staffed.hq.entries() if kind_of(e) is Outcome.FAILED]
    assert failed == ["error=404"]


def test_a_channel_that_was_taken_out_of_the_plan_fails_and_holds_nobody(staffed, web):
    agrees(staffed, {"contact": {"1": {"channels": {"x": f"{web.url}/ben"}}}})
    staffed.hq.takes(staffed.device.message())
    staffed.hq.another(lanes=Never()).workflow.step()  # planned, and its turn has not come
    agrees(staffed, {"contact": {"1": {"channels": {}}}})
    staffed.hq.works()
    failed = [e.came.why for e in staffed.hq.entries() if kind_of(e) is Outcome.FAILED]
    assert failed == ["this channel is in no plan any more"]
    assert len(staffed.phones.sent) == 3


def test_held_again_after_closing_everybody_hears_that_it_goes_on(staffed, web):
    staffed.hq.takes(staffed.device.message())
    staffed.hq.works()
    notes(staffed, officer(Closed))
    staffed.clock.passes(600)
    held = staffed.device.message(MessageType.STILL_IN_DANGER, sequence=5)
    staffed.hq.takes(held)
    staffed.hq.works()
    last = [text for _, _, text in staffed.phones.sent][3:]
    assert len(last) == 3
    again = "STILL IN DANGER: Ana pressed the alarm again, 2026-11-22 13:10 UTC+1"
    assert all(text.startswith(again) for text in last)
    assert "pressed again at 12:10 UTC, after it was closed" in web.taken[-1][2]


def told_after(staffed, web, *events: Event) -> list[str]:
    staffed.hq.works()
    before = len(web.taken)
    for event in events:
        notes(staffed, event)
        staffed.hq.works()
    return [f"{title} {body}" for _, title, body in web.taken[before:]]


@pytest.mark.parametrize(
    ("ends", "begins", "told"),
    [
        (officer(Closed), officer(Reopened), "opened again by a duty officer after it was closed"),
        (corrected(), officer(Reopened), "opened again by a duty officer after it was corrected"),
        (corrected(), officer(Approved), "is to be made public after it was corrected"),
    ],
)
def test_officers_are_told_how_what_was_ended_began_again(staffed, web, ends, begins, told):
    staffed.hq.takes(staffed.device.message())
    (said,) = [one for one in told_after(staffed, web, ends, begins) if "raised at" in one]
    assert f"raised at 12:00 UTC, {told}" in said


def test_the_officers_are_told_once_that_somebody_contradicts_an_end(staffed, web):
    staffed.hq.takes(staffed.device.message())
    (said,) = told_after(staffed, web, officer(Closed), says(0), says(1))
    assert "it was ended, and somebody says it is real; if it is, open it again" in said


@pytest.mark.parametrize(
    ("passes", "said"),
    [
        (HandedOver(0.0, "night", "day"), "night has handed it over to day, who has it now"),
        (TakenOver(0.0, "day", "night"), "day has taken it over from night"),
        (GivenBack(0.0, "night"), "night has given it back: nobody has it. Take it"),
    ],
)
def test_the_officers_are_told_who_has_it_now(staffed, web, passes, said):
    staffed.hq.takes(staffed.device.message())
    told = told_after(staffed, web, officer(Acknowledged), passes)
    assert told == [f"ALARM: Ana ALARM: Ana, raised at 12:00 UTC: {said}. {URL}/console"]


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (
            [],
            "night has it, and has done nothing since 12:00 UTC. Call them, or take it over",
        ),
        ([GivenBack(0.0, "night")], "nobody has it since 12:00 UTC. Take it"),
    ],
)
def test_the_officers_are_told_that_it_is_left_alone(staffed, web, then, said):
    staffed.hq.takes(staffed.device.message())
    told_after(staffed, web, officer(Acknowledged), *then)
    before = len(web.taken)
    staffed.clock.passes(899)
    staffed.hq.works()
    assert web.taken[before:] == []
    staffed.clock.passes(1)
    staffed.hq.works()
    ((_, _, body),) = web.taken[before:]
    assert body == f"ALARM: Ana, raised at 12:00 UTC: {said}. {URL}/console"


def test_who_has_a_silence_is_told_as_of_a_silence(staffed, web):
    staffed.hq.takes(staffed.device.message(MessageType.HEARTBEAT))
    Quiet(staffed).passes(2000, 500)
    (said,) = told_after(staffed, web, officer(Acknowledged), officer(HandedOver))
    assert "no signal from the device since 12:00 UTC: night has handed it over to day" in said


def test_a_silence_that_an_officer_opens_again_is_told_as_the_silence_it_is(staffed, web):
    staffed.hq.takes(staffed.device.message(MessageType.HEARTBEAT))
    Quiet(staffed).passes(2000, 500)
    (said,) = told_after(staffed, web, officer(Closed), officer(Reopened))
    assert said.startswith("SILENCE: Ana SILENCE: Ana, no signal from the device since 12:00 UTC")


def test_of_a_silence_the_officer_hears_at_once_and_contacts_later_without_a_link(staffed, web):
    staffed.hq.takes(staffed.device.message(MessageType.HEARTBEAT, flags=Flag.JAMMING))
    Quiet(staffed).passes(1000, 500)
    staffed.hq.works()
    ((_, title, body),) = web.taken
    assert title == "SILENCE: Ana"
    assert (
        "no signal from the device since 12:00 UTC, something is jamming the radio signal" in body
    )
    assert staffed.phones.sent == []
    staffed.clock.passes(900)
    staffed.hq.works()
    texts = [text for _, _, text in staffed.phones.sent]
    assert len(texts) == 3
    assert all(text.startswith("No signal from Ana's device since") for text in texts)
    assert not any("http" in text for text in texts)


def test_a_wrong_pin_and_a_doubt_are_told_to_the_officer_once(staffed, web):
    staffed.hq.takes(staffed.device.message())
    staffed.hq.works()
    for _ in range(3):
        notes(staffed, WrongPinTried(0.0, 1))
        notes(staffed, says(1, CalledFalse))
        staffed.hq.works()
    said = [body for _, _, body in web.taken[1:]]
    assert len(said) == 2
    assert any("a contact has doubts; the alarm goes on" in body for body in said)
    assert any("wrong PINs or codes" in body for body in said)


def loaded(tmp_path, text: str) -> dict[str, str]:
    path = tmp_path / "officers.toml"
    path.write_text(text)
    return officer_channels.load(settings.check({"telling": {"officers": str(path)}}))


def test_officers_channels_come_from_a_file_or_a_credential(tmp_path, monkeypatch):
    assert loaded(tmp_path, 'desk = "ntfy://127.0.0.1/word"') == {"desk": "ntfy://127.0.0.1/word"}
    (tmp_path / "telling.officers").write_text('phone = "ntfy://127.0.0.1/word"')
    assert officer_channels.load(settings.check({})) == {}
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert officer_channels.load(settings.check({})).keys() == {"phone"}


def test_what_is_wrong_with_officers_channels_is_told_at_once_without_an_address(tmp_path):
    text = '"a b" = "ntfy://h/hush"\nc = 3\nd = "hush://hush"\ne = "ntfy://h/hush/two"'
    with pytest.raises(SettingsInvalid) as refused:
        loaded(tmp_path, text)
    assert len(refused.value.problems) == 4
    assert "hush" not in str(refused.value)
    for text in ("desk = hush", "\x00"):
        with pytest.raises(SettingsInvalid) as refused:
            loaded(tmp_path, text)
        assert "hush" not in str(refused.value)
