"""The duty officers' console over HTTP, through a real listener."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from builders import ended
from console_hand import PASSWORD, Hand, token_in
from quiet import Quiet
from served import browser
from written import LINES

from outcry.report import AlarmKind, Flag, MessageType, NoFixReason, NoPosition, Position
from outcry.responder import sentences
from outcry.responder.console.desk import Act
from outcry.responder.console.pages import content_policy
from outcry.responder.rules.calls import ActionKind, target_of
from outcry.responder.rules.events import (
    Acknowledged,
    Approved,
    Closed,
    Corrected,
    OfficerConfirmed,
    Outcome,
    Reason,
    Vetoed,
    VetoLifted,
)
from outcry.responder.service.people_app import people_app
from outcry.responder.storage.event_log import from_row
from stage.reports import NOON

pytestmark = pytest.mark.slow


@pytest.fixture
def officers(world):
    return world.hq.parts.officers


@pytest.fixture
def stranger(people, world):
    """A browser nobody has logged in with."""
    hand = Hand(people, world.clock)
    yield hand
    hand.close()


@pytest.fixture
def olga(officers, stranger):
    """An officer, settled in through the link and logged in."""
    stranger.settle(f"/console/welcome/{officers.add('olga')}")
    answer = stranger.login()
    assert answer.status_code == 303, answer.text
    return stranger


@pytest.fixture
def alarm(world):
    world.hq.takes(world.device.message())
    return 1


PAGES = [
    "/console",
    "/console/alarm/1",
    "/console/alarm/1/map.png",
    "/console/alarm/1/preview",
    "/console/alarm/1/corrections",
    "/console/alarm/1/preview/0.png",
    "/console/land/5/50/10.json",
    "/console/towns/1/52/13.json",
    "/console/live",
]
WORK = ("work/note", "work/still", "work/tick", "work/untick", "work/rang/1")
FORMS = ["/console/logout", *(f"/console/alarm/1/{act}" for act in (*Act, *WORK))]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_asks_who_you_are(stranger, alarm, path):
    answer = stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/login?next=/console")


def test_a_watchdog_that_asks_for_the_head_alone_is_answered(stranger):
    assert stranger.client.head("/console/login").status_code == 200


@pytest.mark.parametrize("path", ["/console/", "/console/nothing", "/console/alarm/x"])
def test_what_is_not_there_is_said_by_the_console_itself(stranger, path):
    page = stranger.get(path)
    assert page.status_code == 404
    assert 'href="/console"' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("path", FORMS)
def test_nothing_is_done_for_somebody_who_is_not_logged_in(stranger, world, alarm, path):
    before = world.hq.history()
    stranger.cookies["__Host-console"] = "x" * 43
    assert stranger.post(path, "x", sure="yes", reason="other").status_code == 303
    assert world.hq.history() == before


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("token", [None, "", "0" * 64])
def test_a_form_without_its_token_does_nothing(olga, world, alarm, path, token):
    before = world.hq.history()
    assert olga.post(path, token, sure="yes", reason="other").status_code == 403
    assert world.hq.history() == before
    assert olga.get("/console").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
)
def test_a_form_from_a_strangers_page_does_nothing_even_with_the_token(olga, world, alarm, headers):
    token = token_in(olga.get("/console").text)
    before = world.hq.history()
    answer = olga.post("/console/alarm/1/acknowledge", token, headers=headers.items())
    assert answer.status_code == 403
    assert world.hq.history() == before


def test_another_officers_token_does_not_fit(people, officers, olga, world, alarm):
    other = Hand(people, world.clock)
    other.settle(f"/console/welcome/{officers.add('pavel')}")
    other.login("pavel")
    token = token_in(other.get("/console").text)
    assert olga.post("/console/alarm/1/acknowledge", token).status_code == 403
    other.close()


def test_the_login_form_is_tied_to_its_browser(people, world, olga):
    fields = {"name": "olga", "password": PASSWORD, "code": olga.code(), "token": "x"}
    world.clock.passes(30)
    with browser(people) as client:
        assert client.post("/console/login", data=fields).status_code == 403
        cookie = {"cookie": "__Host-form=y"}
        assert client.post("/console/login", data=fields, headers=cookie).status_code == 403


def test_the_cookie_is_for_this_site_alone_and_no_script_reads_it(olga):
    page = olga.client.get("/console/login")
    olga.clock.passes(30)
    olga.cookies = {"__Host-form": page.cookies.get("__Host-form") or
                    re.search("__Host-form=([^;]+)", page.headers["set-cookie"])[1]}  # fmt: skip
    answer = olga.client.post(
        "/console/login",
        data={"name": "olga", "password": PASSWORD, "code": olga.code(),
              "token": token_in(page.text)},
        headers={"cookie": f"__Host-form={olga.cookies['__Host-form']}"},
    )  # fmt: skip
    cookie = next(c for c in answer.headers.get_list("set-cookie") if "__Host-console" in c)
    for word in ("Secure", "HttpOnly", "SameSite=strict", "Path=/", "Max-Age="):
        assert word in cookie
    assert "Domain" not in cookie


def test_after_wrong_tries_the_login_says_how_long_to_wait(olga):
    for _ in range(3):
        assert olga.login(password="not my password").status_code == 403
    slowed = olga.post(
        "/console/login", token_in(olga.get("/console/login").text), name="olga", password=PASSWORD
    )
    assert slowed.status_code in (403, 429)
    olga.clock.passes(3600)
    assert olga.login().headers["location"].startswith("/console?refused=")
    assert (
        "Failed logins with your name since you last logged in: 3."
        in olga.get("/console?refused=3").text
    )


@pytest.mark.parametrize("next_", ["https://evil.example", "//evil.example", "/console/../x", "/"])
def test_the_login_leads_nowhere_but_to_the_console(stranger, next_):
    page = stranger.client.get("/console/login", params={"next": next_}).text
    assert 'name="next" value="/console"' in page


def test_the_one_time_link_opens_once(officers, stranger):
    link = f"/console/welcome/{officers.add('olga')}"
    for _ in range(3):  # a preview looks, too
        assert stranger.get(link).status_code == 200
    assert len(stranger.settle(link)) == 8
    assert stranger.get(link).status_code == 404


def test_two_different_passwords_settle_nothing(officers, stranger):
    link = f"/console/welcome/{officers.add('olga')}"
    answer = stranger.send(link, link, password=PASSWORD, again=PASSWORD + "s", code="000000")
    assert answer.status_code == 422
    assert "two passwords differ" in answer.text
    assert stranger.get(link).status_code == 200


def test_a_new_alarm_stands_on_top_and_says_that_nobody_has_it(olga, world, alarm):
    page = olga.get("/console").text
    assert page.index("Ana: panic alarm") < page.index('id="wearers-h"')
    assert "No duty officer has taken it yet" in page
    assert "<title>(1) Console" in page


def test_the_overview_shows_everybodys_health(olga, world):
    flags = Flag.STRAP_FAULT | Flag.BATTERY_LOW
    beat = world.device.message(
        MessageType.HEARTBEAT, battery_percent=9, supply_mv=3600, signal=7, flags=flags
    )
    world.hq.takes(beat)
    world.clock.passes(120)
    page = olga.get("/console").text
    for words in (
        "2 min ago",
        "9 %, 3.60 V",
        "within 12 m, 5 s old when sent",
        '<td data-is="Strap">sensor does not work</td>',
        "the battery is low",
        "never",
    ):
        assert words in page, words
    assert '<tr class="fine">' in page
    world.clock.passes(1500)
    assert '<tr class="silent">' in olga.get("/console").text


def test_of_a_place_in_a_report_without_a_time_the_least_age_is_told(olga, world):
    world.hq.takes(world.device.message(flags=Flag.CLOCK_UNSET))
    assert "The device was there at least 5 s ago" in olga.get("/console/alarm/1").text


def test_a_drill_stands_apart_and_can_never_be_published(olga, world):
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL))
    page = olga.get("/console").text
    assert "No alarm is open" in page
    assert "data-new" not in page
    assert "/publish" not in olga.get("/console/alarm/1").text
    assert olga.act(1, "publish", sure="yes").status_code == 409
    assert Approved not in world.hq.history()


@pytest.mark.parametrize(
    ("act", "fields", "entry"),
    [
        ("acknowledge", {}, Acknowledged(NOON, "olga")),
        ("confirm", {}, OfficerConfirmed(NOON, "olga")),
        ("publish", {"sure": "yes"}, Approved(NOON, "olga")),
        ("veto", {}, Vetoed(NOON, "olga")),
        (
            "close",
            {"sure": "yes", "reason": " she\n is home "},
            Closed(NOON, "olga", "she is home"),
        ),
    ],
)
def test_every_act_is_written_down_with_the_officers_name(olga, world, alarm, act, fields, entry):
    answer = olga.act(1, act, **fields)
    assert answer.headers["location"] == f"/console/alarm/1?done={act}"
    assert replace(world.hq.entries()[-1], at=NOON) == entry
    assert "Saved: " in olga.get(answer.headers["location"]).text
    assert "Duty officer olga" in olga.get("/console/alarm/1").text


def test_a_veto_can_be_lifted_and_not_twice(olga, world, alarm):
    assert olga.act(1, "lift").status_code == 409
    olga.act(1, "veto")
    assert olga.act(1, "veto").status_code == 409
    assert "Publishing is forbidden" in olga.get("/console/alarm/1").text
    assert olga.act(1, "lift").status_code == 303
    assert world.hq.history()[-2:] == [Vetoed, VetoLifted]


@pytest.mark.parametrize("act", ["publish", "close"])
def test_what_is_grave_is_not_done_without_the_tick(olga, world, alarm, act):
    before = world.hq.history()
    answer = olga.act(1, act, reason="other")
    assert answer.status_code == 422
    assert "Tick the box" in answer.text
    assert world.hq.history() == before


def test_an_alarm_is_not_closed_without_a_reason(olga, world, alarm):
    assert olga.act(1, "close", sure="yes", reason="  ").status_code == 422


def test_nothing_that_is_not_public_can_be_corrected(olga, world, alarm):
    assert (
        olga.act(1, "correct", sure="yes", reason="released", spoke="Vera, by phone").status_code
        == 409
    )


def test_a_post_that_nobody_is_sure_of_can_be_corrected(olga, world, alarm, monkeypatch):
    """The network took it and then kept silent; the duty officer forbids the next try."""
    page = world.hq.own_page
    post = page.post

    def lost(key, draft):
        post(key, draft)
        raise TimeoutError

    monkeypatch.setattr(page, "post", lost)
    olga.act(1, "publish", sure="yes")
    world.hq.works()
    olga.act(1, "veto")
    assert page.newest()[0].correction is None
    assert 'action="/console/alarm/1/correct"' in olga.get("/console/alarm/1").text
    assert (
        olga.act(1, "correct", sure="yes", reason="false_alarm", spoke="Vera, by phone").status_code
        == 303
    )
    world.hq.works()
    assert "false alarm" in page.newest()[0].correction


def test_what_is_public_is_corrected_with_one_of_the_reasons(olga, world, alarm):
    olga.act(1, "publish", sure="yes")
    world.hq.works()
    assert olga.act(1, "correct", sure="yes", reason="because").status_code == 422
    spoke = "Vera, by phone"
    assert olga.act(1, "correct", sure="yes", reason="released", spoke=spoke).status_code == 303
    assert world.hq.entries()[-1] == Corrected(world.clock(), "olga", Reason.RELEASED, spoke)


def test_a_closed_alarm_is_no_longer_on_top(olga, world, alarm):
    olga.act(1, "close", sure="yes", reason="she is home")
    page = olga.get("/console").text
    assert "No alarm is open" in page
    assert "Closed in the last" in page
    assert olga.act(1, "acknowledge").status_code == 409


def test_an_alarm_that_goes_on_after_it_was_closed_is_new_again(olga, world, alarm):
    olga.act(1, "acknowledge")
    olga.act(1, "close", sure="yes", reason="she is home")
    world.clock.passes(60)
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    page = olga.get("/console").text
    assert "STILL IN DANGER: pressed again after the alarm was closed" in page
    assert "data-new" in page
    assert olga.act(1, "acknowledge").status_code == 303
    assert "data-new" not in olga.get("/console").text


def test_a_silence_is_an_alarm_that_is_never_published(olga, world):
    world.hq.takes(world.device.message(MessageType.HEARTBEAT))
    Quiet(world).passes(2 * 3600 - 60, 3570)
    page = olga.get("/console").text
    assert "Ana: silence, no signal from the device" in page
    assert "data-new" in page
    view = olga.get("/console/alarm/1").text
    assert "No signal from the device for too long" in view
    assert "/publish" not in view
    assert olga.act(1, "publish", sure="yes").status_code == 409
    assert olga.act(1, "acknowledge").status_code == 303


def test_the_alarm_shows_track_accuracy_age_and_whom_to_call(olga, world, alarm):
    world.clock.passes(60)
    world.hq.takes(
        world.device.message(MessageType.POSITION, sequence=1, place=Position(52.53, 13.41, 40, 20))
    )
    page = olga.get("/console/alarm/1").text
    for words in ("52.53000, 13.41000", "within 40 m", "tel:+447700900111", "<svg",
                  "Alarm raised, by mobile data", "Position, by mobile data"):  # fmt: skip
        assert words in page, words
    assert page.index("Position, by mobile data") < page.index("Alarm raised, by mobile data")


def test_the_newest_position_opens_in_a_map_app_and_on_openstreetmap(olga, alarm):
    page = olga.get("/console/alarm/1").text
    assert 'href="geo:52.52000,13.40500;u=12"' in page
    assert 'href="https://www.openstreetmap.org/?mlat=52.52000&amp;mlon=13.40500#' in page


@pytest.mark.parametrize(
    ("coordinates", "words"),
    [
        ("degrees", "52.52000, 13.40500"),
        ("minutes", "52° 31.200' N, 13° 24.300' E"),
        ("mgrs", "33U UU 91779 20072"),
    ],
)
def test_positions_are_written_as_the_settings_say(world, serve, coordinates, words):
    world.hq.restarts({"console": {"coordinates": coordinates}})
    hand = Hand(serve(people_app(world.hq.parts)), world.clock)
    hand.settle(f"/console/welcome/{world.hq.parts.officers.add('olga')}")
    hand.login()
    world.hq.takes(world.device.message())
    page = html.unescape(hand.get("/console/alarm/1").text)
    assert f"<strong>{words}</strong>" in page


def test_what_lies_around_is_drawn_from_what_is_shipped(olga, world, alarm):
    png = olga.get("/console/alarm/1/map.png")
    assert png.content.startswith(b"\x89PNG")
    land = olga.get("/console/land/5/50/10.json").json()
    assert {kind for kind, lines in land.items() if lines} >= {"land", "rivers", "borders"}
    assert "Berlin" in [town[2] for town in olga.get("/console/towns/1/52/13.json").json()]
    for nowhere in ("5/51/10", "4/52/12", "5/90/0", "5/50/x", "90/-90/180"):
        assert olga.get(f"/console/land/{nowhere}.json").status_code == 404
        assert olga.get(f"/console/towns/{nowhere}.json").status_code == 404


def test_an_age_that_nobody_knows_is_told_as_unknown(olga, world):
    world.hq.takes(world.device.message(place=Position(52.52, 13.405, 12, 65_535)))
    world.hq.takes(world.device.message(MessageType.HEARTBEAT, place=Position(1, 2, 12, 65_535)))
    assert "The device was there at an unknown time." in olga.get("/console/alarm/1").text
    assert "within 12 m, age not known" in olga.get("/console").text


def test_without_a_fix_the_cells_are_shown_to_the_officer(olga, world):
    from outcry.report import Cell

    place = NoPosition(NoFixReason.NO_SATELLITES)
    world.hq.takes(world.device.message(place=place, cell=Cell(262, 1, 4711, 815)))
    page = olga.get("/console/alarm/1").text
    assert "No position was received. In the last report: none (no GPS" in page
    assert "area 4711 cell 815" in page


@pytest.mark.parametrize("path", ["/console/alarm/999", "/console/alarm/99999999999999999999999"])
def test_an_alarm_that_is_not_there_is_said_so(olga, path):
    assert olga.get(path).status_code == 404


def test_every_event_a_history_can_have_is_told_in_words():
    for line in LINES:  # every kind of event is among them
        event = from_row(line["at_unix"], line["what"], line["data"])
        words = sentences.timeline([event], {1: "Ben", 2: "Cleo"})[0].words
        assert words[0].isupper()
        assert line["what"] not in words
        assert "_" not in words


@pytest.mark.parametrize(
    ("kind", "target", "words"),
    [
        ("tell", "1", "Text to Ben"),
        ("notify", "contact:1:matrix", "Message to Ben by matrix"),
        ("notify", "officer:mail:raised", "Message to the duty officers by mail"),
        ("publish", "mastodon", "Post on mastodon"),
        ("follow up", "mastodon:3", "Follow-up on mastodon"),
        ("correct", "own page:1", "Correction on own page"),
        ("receipt", "4:1:1", "Receipt to the device"),
    ],
)
def test_every_call_is_told_in_words(kind, target, words):
    event = ended(target_of(ActionKind(kind), target), Outcome.DONE)
    assert sentences.timeline([event], {1: "Ben"})[0].words == f"{words}: done"


def test_strict_headers_stand_on_every_page(olga, alarm):
    for path in ("/console", "/console/alarm/1", "/console/login", "/console/welcome/x"):
        headers = olga.get(path).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"


def test_no_page_has_a_style_or_a_script_of_its_own(olga, alarm):
    for path in ("/console", "/console/alarm/1", "/console/login"):
        page = olga.get(path).text
        assert "style=" not in page
        assert "<style" not in page
        assert not re.search(r"<script(?! src=)", page)
        assert " on" + "click" not in page


def test_a_long_form_is_refused_unread(olga, alarm):
    assert olga.post("/console/alarm/1/close", "x", reason="x" * 100_000).status_code == 413
    assert olga.post("/console/login", "x", password="x" * 100_000).status_code == 413


def test_names_are_never_markup(olga, world):
    from sqlalchemy import update

    from outcry.responder.storage import store

    with world.hq.store.write() as connection:
        connection.execute(update(store.wearer).values(name='<b>"Ana"</b>\u202e'))
    world.hq.takes(world.device.message())
    for path in ("/console", "/console/alarm/1"):
        page = olga.get(path).text
        assert "<b>" not in page
        assert "&lt;b&gt;" in page


def test_the_console_hears_of_news_at_once(olga, world, alarm):
    headers = olga.headers()
    with olga.client.stream("GET", "/console/live", headers=headers, timeout=60) as events:
        lines = events.iter_lines()
        assert next(lines) == ": here"
        world.hq.takes(world.device.message(alarm=78))
        assert next(line for line in lines if line.startswith("data: "))


def test_logging_out_ends_the_session(olga):
    assert olga.send("/console", "/console/logout").headers["location"] == "/console/login"
    assert olga.get("/console").status_code == 303


def test_no_secret_is_written_to_the_log(officers, stranger, world, alarm, caplog):
    caplog.set_level("DEBUG")
    link = officers.add("olga")
    stranger.settle(f"/console/welcome/{link}")
    stranger.login()
    cookie = stranger.cookies["__Host-console"]
    stranger.act(1, "acknowledge")
    stranger.login(password="a wrong password")
    said = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("outcry"))
    assert said
    for secret in (link, cookie, PASSWORD, "a wrong password", stranger.secret, "Ana", "+4477"):
        assert secret not in said


def test_only_the_pages_own_files_are_served(stranger):
    page = stranger.get("/console/login").text
    address = re.search(r'href="(/static/[^"]+)"', page)[1]
    served = stranger.get(address)
    assert served.headers["content-type"].startswith("text/css")
    assert "immutable" in served.headers["cache-control"]
    for other in ("/static/x/console.css", "/static/x/..%2Fstore.py", "/static/x/leaflet.LICENSE"):
        assert stranger.get(other).status_code == 404


@pytest.mark.parametrize(
    ("tiles", "allowed"),
    [
        ("", "img-src 'self';"),
        ("https://tiles.example.org/{z}/{x}/{y}.png", "img-src 'self' https://tiles.example.org;"),
        ("https://{s}.example.org:8/{z}/{x}/{y}.png", "img-src 'self' https://*.example.org:8;"),
    ],
)
def test_only_a_tile_server_that_was_set_may_be_asked(tiles, allowed):
    assert allowed in content_policy(tiles)
