"""The contact's page and the public pages, over HTTP, through a real listener."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET

import pytest
from builders import BEN, corrected, officer
from served import browser

from outcry.report import (
    AlarmKind,
    Cell,
    Flag,
    MessageType,
    Neighbour,
    NoFixReason,
    NoPosition,
    Position,
)
from outcry.responder.posting.publisher import Draft
from outcry.responder.rules.events import (
    AnsweredBy,
    Approved,
    CalledFalse,
    CameBy,
    Closed,
    Confirmed,
    ContactSaw,
    OfficerConfirmed,
    Reason,
    ReportArrived,
    Unclear,
    Unsure,
    Vetoed,
    WrongPinTried,
)
from outcry.responder.service.people_app import people_app
from outcry.responder.storage import alarms, event_log

pytestmark = pytest.mark.slow

ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "https://www.openstreetmap.org/?mlat=52.52000&amp;mlon=13.40500"


@pytest.fixture
def client(people):
    """A client that keeps no state of its own."""
    with browser(people) as client:
        yield client


@pytest.fixture
def proxied(world, serve):
    """The same, as a reverse proxy on this machine asks."""
    world.hq.restarts({"people": {"behind_proxy": True}})
    with browser(serve(people_app(world.hq.parts))) as client:
        yield client


def link_of(message, contact=1):
    return f"/a/{message.text}/{contact}"


def test_the_link_shows_who_when_where_age_and_accuracy(world, client):
    message = world.device.message()
    world.clock.passes(240)
    page = client.get(link_of(message))
    assert page.status_code == 200
    for words in ("Ana", "4 min ago", "12:00 UTC", "52.52000, 13.40500", "within 12 m",
                  "5 s before", MAP):  # fmt: skip
        assert words in page.text


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (-33.9, 18.4),
        (-34.6, -58.4),
        (40.7, -74.0),
        (-17.7, 180.0),
        (-17.7, -180.0),
        (90.0, 0.0),
        (-90.0, -135.0),
        (0.0, 32.5),
        (5.6, 0.0),
        (-0.000_001, -0.000_001),
    ],
)
def test_wherever_on_earth_it_is_texted_shown_drawn_and_published(
    world, client, latitude, longitude
):
    message = world.device.message(place=Position(latitude, longitude, 12, 5))
    world.hq.takes(message)
    world.hq.works()
    (text,) = world.phones.to(BEN)
    (written,) = re.findall(r"mlat=(\S+)&mlon=(\S+) ", text)
    assert [float(each) for each in written] == pytest.approx([latitude, longitude], abs=6e-6)
    assert "-0.00000" not in text
    page = client.get(f"/c/{world.invitation(1)}").text
    assert f"mlat={written[0]}&amp;mlon={written[1]}" in page
    for contact in (1, 2):
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")
    world.hq.works()
    (post,) = world.hq.own_page.newest()
    assert "Ana" in post.text
    assert post.alt
    picture = client.get(f"/post/{post.id}/picture.png")
    assert picture.content.startswith(b"\x89PNG")


def test_opening_the_link_delivers_the_alarm_and_decides_nothing(world, client):
    message = world.device.message()
    for _ in range(3):
        client.get(link_of(message))
    assert world.hq.history() == [ReportArrived]
    assert world.hq.entries()[0].path is CameBy.LINK


def test_without_a_fix_the_page_says_so_and_why(world, client):
    place = NoPosition(NoFixReason.NO_SATELLITES)
    page = client.get(link_of(world.device.message(place=place))).text
    assert "Position not known: no GPS signal" in page
    assert "openstreetmap" not in page


def test_a_clock_that_was_not_set_is_not_believed(world, client):
    message = world.device.message(sent_at=1_000_000, flags=Flag.CLOCK_UNSET)
    page = client.get(link_of(message)).text
    assert not re.search(r"\b1970\b", page)
    assert "the device's clock was not set" in html.unescape(page)


def test_a_drill_says_so_first(world, client):
    page = client.get(link_of(world.device.message(kind=AlarmKind.DRILL))).text
    assert page.index("THIS IS A DRILL") < page.index("<bdi>Ana</bdi> is testing the alarm")
    assert "needs help" not in page


@pytest.mark.parametrize(
    ("button", "noted", "entry"),
    [
        ("seen", "I have seen this alarm", ContactSaw),
        ("confirm", "It is real: make it public", Confirmed),
        ("unsure", "I do not know if it is real", Unsure),
        ("false", "I think it is a false alarm", CalledFalse),
    ],
)
def test_a_button_and_the_pin_say_it(world, client, button, noted, entry):
    link = link_of(world.device.message())
    page = client.post(f"{link}/{button}", data={"pin": world.pins[0]})
    assert page.status_code == 200
    assert f"Your answer is saved: “{noted}”" in page.text
    assert world.hq.entries()[-1] == entry(world.clock(), 1)


def test_every_button_on_the_page_leads_somewhere(world, client):
    page = client.get(link_of(world.device.message())).text
    targets = re.findall(r'(?:action|formaction)="([^"]+)"', page)
    assert len(targets) == 4
    for target in map(html.unescape, targets):
        assert client.post(target, data={"pin": world.pins[1]}).status_code == 200


def test_the_key_enter_presses_the_mildest_button(world, client):
    page = client.get(link_of(world.device.message())).text
    first = re.search(r"<button[^>]*>([^<]*)", page)
    assert first is not None
    assert first.group(1) == "I have seen this alarm"


@pytest.mark.parametrize("link", ["/a/{sealed}", "/a/{sealed}/1", "/a/{sealed}/3", "/a/{sealed}/9"])
def test_the_pin_alone_says_which_contact_answers(world, client, link):
    path = link.format(sealed=world.device.message().text)
    client.post(f"{path}/confirm", data={"pin": world.pins[2]})
    assert world.hq.entries()[-1] == Confirmed(world.clock(), 3)


def test_the_short_link_shows_the_same_page(world, client):
    message = world.device.message()
    world.hq.takes(message)
    token = world.invitation(1)
    short = client.get(f"/c/{token}").text
    long = client.get(link_of(message)).text
    assert short == long.replace(link_of(message), f"/c/{token}")
    assert client.post(f"/c/{token}/confirm", data={"pin": world.pins[0]}).status_code == 200


def test_without_the_pin_nothing_later_is_shown(world, client):
    first = world.device.message()
    world.hq.takes(first)
    later = world.device.message(
        MessageType.POSITION, sequence=1, place=Position(48.1, 11.5, 20, 1)
    )
    world.hq.takes(later)
    world.hq.takes(world.device.message(MessageType.WITHDRAWAL, sequence=2, taps=(1, 2)))
    world.answers(world.invitation(2), world.pins[1], "false")
    page = client.get(link_of(first)).text
    assert not re.search(r"48\.1|11\.5|[Ww]ithdraw|Cleo|People who", page)
    page = client.post(f"{link_of(first)}/seen", data={"pin": world.pins[0]}).text
    assert "mlat=48.10000&amp;mlon=11.50000" in page
    assert "Withdrawal received, not verified. Anyone who has the device can send one." in page
    assert "Call <bdi>Ana</bdi> and ask for the agreed word" in page
    assert "People who have seen this alarm: 2." in page
    assert "or think it is a false alarm: 1. This does not stop the alarm." in page


def test_the_published_post_is_linked_once_it_is_out(world, client):
    link = link_of(world.device.message())
    client.post(f"{link}/confirm", data={"pin": world.pins[0]})
    page = client.post(f"{link}/confirm", data={"pin": world.pins[1]}).text
    assert "This alarm is being published now" in page
    world.hq.works()
    page = client.post(f"{link}/seen", data={"pin": world.pins[1]}).text
    assert 'href="http://127.0.0.1:8443/post/1"' in page


def decided(world, *acts):
    """What a duty officer says at the console."""
    with world.hq.store.write() as connection:
        for act in acts:
            event_log.append(connection, 1, act)
            alarms.set_due(connection, 1, world.clock())
    world.hq.works()


@pytest.mark.parametrize("what", [Vetoed, Closed])
def test_nothing_is_said_to_become_public_that_is_not_going_to(world, client, what):
    link = link_of(world.device.message())
    client.post(f"{link}/confirm", data={"pin": world.pins[0]})
    decided(world, officer(what, world.clock()))
    page = client.post(f"{link}/confirm", data={"pin": world.pins[1]}).text
    assert "being published" not in page
    assert ("have closed this alarm" in page) is (what is Closed)


def test_one_contact_and_the_duty_officer_are_told_that_it_becomes_public(world, client):
    link = link_of(world.device.message())
    client.get(link)
    decided(world, officer(OfficerConfirmed, world.clock()))
    page = client.post(f"{link}/confirm", data={"pin": world.pins[1]}).text
    assert "being published" in page


def test_nobody_is_asked_to_share_a_post_that_was_corrected(world, client):
    link = link_of(world.device.message())
    client.get(link)
    decided(world, officer(Approved, world.clock()))
    decided(world, corrected(Reason.OTHER, world.clock()))
    page = client.post(f"{link}/seen", data={"pin": world.pins[1]}).text
    assert "read and share the post" in page
    decided(world, corrected(at=world.clock()))
    page = client.post(f"{link}/seen", data={"pin": world.pins[1]}).text
    assert "share the post" not in page
    assert "read the correction" in page


def test_answers_from_before_it_was_closed_are_not_counted_when_it_goes_on(world, client):
    link = link_of(world.device.message())
    client.post(f"{link}/confirm", data={"pin": world.pins[0]})
    decided(world, Closed(world.clock(), "olga", "she is home"))
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    page = client.post(f"{link}/seen", data={"pin": world.pins[1]}).text
    assert "People who say that it is real: 0. Needed to publish: 2." in page
    assert "have closed" not in page


def test_a_wrong_pin_notes_nothing_but_itself(world, client):
    link = link_of(world.device.message())
    page = client.post(f"{link}/confirm", data={"pin": "000000"})
    assert page.status_code == 403
    assert "Wrong PIN. Your answer was not saved" in page.text
    assert world.hq.history() == [ReportArrived, WrongPinTried]


@pytest.mark.parametrize("form", [{}, {"pin": ""}, {"nip": "123456"}, {"pin": "x" * 500}])
def test_a_form_without_a_pin_is_a_wrong_pin(world, client, form):
    link = link_of(world.device.message())
    assert client.post(f"{link}/confirm", data=form).status_code == 403


def test_many_wrong_pins_wait_and_the_right_one_works_after(world, client):
    link = link_of(world.device.message())
    for _ in range(3):
        client.post(f"{link}/confirm", data={"pin": "000000"})
    slowed = client.post(f"{link}/confirm", data={"pin": world.pins[0]})
    assert slowed.status_code == 429
    assert slowed.headers["retry-after"] == "5"
    assert "Wait 5 s" in slowed.text
    assert Confirmed not in world.hq.history()
    world.clock.passes(5)
    assert client.post(f"{link}/confirm", data={"pin": world.pins[0]}).status_code == 200


def test_a_phone_that_was_right_before_is_quick_however_many_guess(world, proxied):
    link = link_of(world.device.message())

    def tries(address, pin, **cookies):
        headers = {"x-forwarded-proto": "https", "x-forwarded-for": address}
        headers["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return proxied.post(f"{link}/seen", data={"pin": pin}, headers=headers)

    right = tries("203.0.113.9", world.pins[0])
    known = right.cookies["__Host-known"]
    (line,) = (each for each in right.headers.get_list("set-cookie") if "__Host-known" in each)
    assert all(
        word in line for word in ("HttpOnly", "Secure", "SameSite=strict", "Max-Age=34560000")
    )
    statuses = [tries(f"198.51.100.{n}", "999999").status_code for n in range(30)]
    assert statuses[-1] == 429
    assert tries("192.0.2.1", world.pins[0], **{"__Host-known": known}).status_code == 200
    waits = tries("192.0.2.1", world.pins[0])
    assert waits.status_code == 429
    place = {"__Host-place-1": waits.cookies["__Host-place-1"]}
    world.clock.passes(int(waits.headers["retry-after"]))
    assert tries("198.51.100.99", "999999").status_code == 429
    assert tries("192.0.2.2", world.pins[0], **place).status_code == 200, "its turn has come"
    assert tries("192.0.2.3", world.pins[0], **place).status_code == 429, "it had one"


def test_another_source_is_not_slowed(world, proxied):
    link = link_of(world.device.message())
    https = {"x-forwarded-proto": "https"}
    for _ in range(4):
        bad = proxied.post(
            f"{link}/confirm",
            data={"pin": "000000"},
            headers={**https, "x-forwarded-for": "203.0.113.9, 198.51.100.7"},
        )
    assert bad.status_code == 429
    good = proxied.post(
        f"{link}/confirm",
        data={"pin": world.pins[0]},
        headers={**https, "x-forwarded-for": "198.51.100.7, 203.0.113.9"},
    )
    assert good.status_code == 200


def test_a_form_from_another_site_is_refused(world, client):
    link = link_of(world.device.message())
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        answer = client.post(f"{link}/confirm", data={"pin": world.pins[0]}, headers=headers)
        assert answer.status_code == 403
    assert Confirmed not in world.hq.history()
    own = str(client.base_url).rstrip("/")
    headers = {"origin": own, "sec-fetch-site": "same-origin"}
    answer = client.post(f"{link}/confirm", data={"pin": world.pins[0]}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/a/", "/a/x", "/a/" + "A" * 155, "/a/%00", "/c/x", "/c/", "/post/1", "/post/x", "/a/x/y/z",
     "/docs", "/openapi.json", "/static/x", "/a/" + "A" * 8000, "/%ff", "/c/'%20or%201=1"],
)  # fmt: skip
def test_a_link_that_opens_nothing_says_so(client, path):
    page = client.get(path)
    assert page.status_code == 404
    assert "<h1>" in page.text


def test_an_answer_that_no_button_gives_is_refused_and_not_repeated(world, client):
    link = link_of(world.device.message())
    answer = client.post(f"{link}/murmur", data={"pin": world.pins[0]})
    assert answer.status_code == 404
    assert "<h1>" in answer.text
    assert "murmur" not in answer.text
    assert world.hq.history() == []


def test_what_is_wrong_is_said_in_the_readers_language(client):
    page = client.get("/c/nothing", headers={"accept-language": "fr"}).text
    assert '<html lang="fr"' in page


@pytest.mark.parametrize("path", ["/nothing", "/post/1"])
def test_what_is_wrong_with_a_public_address_is_said_in_the_readers_language(client, path):
    page = client.get(path, headers={"accept-language": "ar"}).text
    assert '<html lang="ar" dir="rtl">' in page


def test_a_heartbeat_in_a_link_shows_nothing(world, client):
    assert client.get(link_of(world.device.message(MessageType.HEARTBEAT))).status_code == 404


def test_a_heartbeat_older_than_what_was_heard_shows_nothing_either(world, client):
    old = world.device.message(MessageType.HEARTBEAT)
    world.hq.takes(world.device.message())
    assert client.get(link_of(old)).status_code == 404
    assert client.post(f"{link_of(old)}/seen", data={"pin": world.pins[0]}).status_code == 404


def test_a_withdrawal_in_a_link_shows_its_alarm(world, client):
    old = world.device.message(MessageType.WITHDRAWAL, taps=(1, 2))
    world.hq.takes(world.device.message())
    page = client.get(link_of(old))
    assert page.status_code == 200
    assert "<bdi>Ana</bdi> needs help" in page.text
    assert "withdraw" not in page.text.lower()


def test_with_the_pin_a_contact_sees_how_the_device_is_and_no_cells(world, client):
    place = NoPosition(NoFixReason.NO_SATELLITES, (Neighbour(4111, 5222), Neighbour(4111, 5333)))
    flags = Flag.JAMMING | Flag.BATTERY_LOW
    message = world.device.message(
        place=place, flags=flags, battery_percent=9, supply_mv=3412, signal=7,
        cell=Cell(262, 2, 4111, 5111),
    )  # fmt: skip
    page = client.get(link_of(message)).text
    page += client.post(f"{link_of(message)}/seen", data={"pin": world.pins[0]}).text
    assert "Last message: 0 s ago" in page
    assert "Battery: 9 %, 3.41 V at the modem. Signal: 7 of 31." in page
    assert "something is jamming the radio signal" in page
    assert not re.search(r"\b(4111|5111|5222|5333)\b", page)


def test_a_long_form_is_refused(world, client):
    link = link_of(world.device.message())
    assert client.post(f"{link}/confirm", data={"pin": "1" * 5000}).status_code == 413


def test_every_page_has_strict_headers_and_no_script(world, client):
    world.hq.own_page.post("k", Draft("words", "en", 0.0))
    for path in (link_of(world.device.message()), "/", "/post/1", "/feed.atom", "/nothing"):
        page = client.get(path)
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self' 'sha256-")
        assert "unsafe" not in policy
        assert "script" not in policy
        assert "unsafe" not in policy
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in page.text
        assert "server" not in page.headers


def test_the_pages_style_is_the_one_the_policy_allows(client):
    import base64
    import hashlib

    page = client.get("/")
    style = re.search("<style>(.*?)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.headers["content-security-policy"]


def test_a_page_fits_one_slow_answer(world, client):
    page = client.get(link_of(world.device.message()))
    assert len(page.content) < 7000


def test_behind_a_proxy_plain_http_is_refused(proxied):
    assert proxied.get("/").status_code == 403
    assert proxied.get("/", headers={"x-forwarded-proto": "http"}).status_code == 403
    answer = proxied.get("/", headers={"x-forwarded-proto": "https"})
    assert answer.status_code == 200
    assert "strict-transport-security" in answer.headers


def test_a_forwarded_header_is_not_believed_without_a_proxy(client):
    answer = client.get("/", headers={"x-forwarded-proto": "https"})
    assert "strict-transport-security" not in answer.headers


def test_names_are_shown_as_text_never_as_markup(world, client):
    from sqlalchemy import update

    from outcry.responder.storage import store

    with world.hq.store.write() as connection:
        connection.execute(update(store.wearer).values(name="<b>A&na</b>"))
    link = link_of(world.device.message())
    assert "<bdi>&lt;b&gt;A&amp;na&lt;/b&gt;</bdi> needs help" in client.get(link).text
    for pin in world.pins[:2]:
        client.post(f"{link}/confirm", data={"pin": pin})
    world.hq.works()
    assert "<b>A" not in client.get("/").text
    assert "&lt;b&gt;A&amp;na" in client.get("/feed.atom").text


def test_the_feed_is_valid_atom(world, client):
    first = world.hq.own_page.post("k1", Draft("one <&> 'two'", "en", 0.0))
    world.clock.passes(60)
    world.hq.own_page.post("k2", Draft("three", "en", 0.0))
    world.clock.passes(60)
    world.hq.own_page.correct("c", first, Draft("was found, safe", "en", 0.0))
    answer = client.get("/feed.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = ET.fromstring(answer.content)
    for name in ("id", "title", "updated", "author"):
        assert len(feed.findall(ATOM + name)) == 1
    entries = feed.findall(ATOM + "entry")
    assert [e.findtext(ATOM + "content") for e in entries] == [
        "three",
        "was found, safe - one <&> 'two'",
    ]
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    ids = set()
    for entry in entries:
        ids.add(entry.findtext(ATOM + "id"))
        assert entry.findtext(ATOM + "title")
        assert re.fullmatch(stamp, entry.findtext(ATOM + "updated"))
        assert re.fullmatch(stamp, entry.findtext(ATOM + "published"))
    assert len(ids) == 2
    newest = max(entry.findtext(ATOM + "updated") for entry in entries)
    assert feed.findtext(ATOM + "updated") == newest


def test_an_empty_feed_is_a_feed_too(client):
    feed = ET.fromstring(client.get("/feed.atom").content)
    assert feed.findall(ATOM + "entry") == []
    assert feed.findtext(ATOM + "updated") == "1970-01-01T00:00:00Z"


def test_an_error_inside_says_nothing_of_itself(world, client, caplog, monkeypatch, wait_for):
    def breaks(*_args):
        raise RuntimeError("+447700900111 stands at 52.52000")

    monkeypatch.setattr(world.hq.own_page, "newest", breaks)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "52.52" not in answer.text
    wait_for(lambda: "a request failed" in caplog.text)  # written after the answer has left
    assert "a request failed: RuntimeError at public.py" in caplog.text
    assert "52.52" not in caplog.text
    assert "00900111" not in caplog.text


def cookie_of(answer):
    """The cookie of this answer as the browser sends it back; it wants TLS, or this machine."""
    line = answer.headers["set-cookie"]
    for word in ("Secure", "HttpOnly", "SameSite=strict"):
        assert word in line
    return {"cookie": line.partition(";")[0]}


def test_with_the_pin_the_page_looks_again_by_itself_and_shows_what_is_new(world, client):
    link = link_of(world.device.message())
    page = client.post(f"{link}/seen", data={"pin": world.pins[0]})
    assert page.headers["refresh"] == f"60; url={link}"
    world.hq.takes(
        world.device.message(MessageType.POSITION, sequence=1, place=Position(48.1, 11.5, 20, 1))
    )
    before = world.hq.history()
    again = client.get(link, headers=cookie_of(page))
    assert "48.10000, 11.50000" in again.text
    assert "Your answer is saved" not in again.text
    assert world.hq.history() == before


def test_who_is_taken_back_to_the_beginning_by_each_update_can_stop_them(world, client):
    link = link_of(world.device.message())
    cookie = cookie_of(client.post(f"{link}/seen", data={"pin": world.pins[0]}))
    page = client.get(link, headers=cookie)
    assert page.headers["refresh"] == f"60; url={link}"
    (stop,) = re.findall(r'<a href="([^"]+)">Stop the updates</a>', page.text)
    still = client.get(html.unescape(stop), headers=cookie)
    assert "refresh" not in still.headers
    assert "updates itself" not in still.text
    assert f'<a href="{stop}">Update now</a>' in still.text


def test_no_answer_takes_back_another_and_the_page_says_so(world, client):
    link = link_of(world.device.message())
    stays = "“It is real: make it public” counts, whatever you answer later"
    page = html.unescape(client.post(f"{link}/seen", data={"pin": world.pins[0]}).text)
    assert "Your answers: <bdi><b>I have seen this alarm</b></bdi>. A new one" in page
    assert stays not in page
    client.post(f"{link}/confirm", data={"pin": world.pins[0]})
    page = html.unescape(client.post(f"{link}/false", data={"pin": world.pins[0]}).text)
    assert "People who say that it is real: 1." in page
    assert "or think it is a false alarm: 1." in page
    assert re.search("Your answers: .*seen.*; .*real.*; .*false.*. A new one takes back none", page)
    assert stays in page
    assert re.search(r'<a [^>]*\?again">Give another answer</a>', page)
    assert stays in html.unescape(client.get(link).text)


def test_what_an_answer_by_sms_said_is_among_a_contacts_answers(world, client):
    link = link_of(world.device.message())
    client.get(link)
    with world.hq.store.write() as connection:
        event_log.append(connection, 1, Unclear(world.clock(), 1, AnsweredBy.SMS))
    page = client.post(f"{link}/seen", data={"pin": world.pins[0]}).text
    assert "<b>I do not know if it is real</b>; <b>I have seen this alarm</b>" in page


def test_a_sign_that_cannot_be_read_keeps_no_page_from_anybody(world, serve, tmp_path):
    name = {"name": "Example Org", "sign": str(tmp_path / "none.png"), "phone": "+447700900100"}
    world.hq.restarts({"organisation": name})
    with browser(serve(people_app(world.hq.parts))) as client:
        page = client.get(link_of(world.device.message())).text
    assert "<bdi>Example Org</bdi> asks for your answer." in page
    assert '<a href="tel:+447700900100">' in page
    assert "<img" not in page


def test_looking_again_asks_for_the_pin_after_half_an_hour(world, client):
    link = link_of(world.device.message())
    cookie = cookie_of(client.post(f"{link}/seen", data={"pin": world.pins[0]}))
    world.clock.passes(30 * 60 - 1)
    assert "People who have seen" in client.get(link, headers=cookie).text
    world.clock.passes(2)
    assert "People who have seen" not in client.get(link, headers=cookie).text


@pytest.mark.parametrize("change", ["contact", "until", "proof", "shape", "alarm"])
def test_a_ticket_cannot_be_made_or_stretched_or_used_elsewhere(world, client, change):
    link = link_of(world.device.message())
    cookie = cookie_of(client.post(f"{link}/seen", data={"pin": world.pins[0]}))["cookie"]
    name, _, ticket = cookie.partition("=")
    contact, until, proof = ticket.split(".")
    if change == "alarm":
        link = link_of(world.device.message(alarm=78))
        client.get(link)
        name = name.replace("1", "2")
    made = {
        "contact": f"2.{until}.{proof}",
        "until": f"{contact}.{int(until) + 60}.{proof}",
        "proof": f"{contact}.{until}.{'0' * 64}",
        "shape": f"{contact}.\u0661.{proof}.x".encode().decode("latin-1"),
        "alarm": ticket,
    }[change]
    answer = client.get(link, headers={"cookie": f"{name}={made}".encode("latin-1")})
    assert answer.status_code == 200
    assert "People who have seen" not in answer.text


def test_looking_again_answers_nothing_without_the_pin(world, client):
    link = link_of(world.device.message())
    cookie = cookie_of(client.post(f"{link}/seen", data={"pin": world.pins[0]}))
    assert client.post(f"{link}/confirm", data={}, headers=cookie).status_code == 403
    assert Confirmed not in world.hq.history()


def test_from_what_is_known_one_gets_to_the_answers_again(world, client):
    link = link_of(world.device.message())
    page = client.post(f"{link}/seen", data={"pin": world.pins[0]})
    assert f'href="{link}?again"' in page.text
    assert 'name="pin"' in client.get(f"{link}?again", headers=cookie_of(page)).text


@pytest.mark.parametrize("short", [True, False])
def test_a_link_expires_some_days_after_the_last_report(world, client, short):
    message = world.device.message()
    world.hq.takes(message)
    link = f"/c/{world.invitation(1)}" if short else link_of(message)
    world.clock.passes(7 * 86_400)
    assert client.get(link).status_code == 200
    world.clock.passes(1)
    page = client.get(link)
    assert page.status_code == 410
    assert "This link has expired" in page.text
    assert not re.search(r"\bAna\b", page.text)
    assert client.post(f"{link}/confirm", data={"pin": world.pins[0]}).status_code == 410
    assert Confirmed not in world.hq.history()


def test_a_link_that_is_old_but_never_was_opened_still_brings_the_alarm(world, client):
    message = world.device.message()
    world.clock.passes(30 * 86_400)
    assert client.get(link_of(message)).status_code == 200
    assert world.hq.history()[0] is ReportArrived


def test_the_place_is_drawn_without_a_script_or_a_second_request(world, client):
    link = link_of(world.device.message())
    page = client.get(link).text
    assert "<svg viewBox" in page
    assert "<img" not in page
    nowhere = link_of(world.device.message(alarm=78, place=NoPosition(NoFixReason.UNKNOWN)))
    assert "<svg" not in client.get(nowhere).text


def test_a_long_track_does_not_make_a_long_page(world, client):
    first = world.device.message()
    world.hq.takes(first)
    for n in range(1, 200):
        world.clock.passes(60)
        place = Position(52.52 + n / 1000, 13.405 + n / 700, 12, 5)
        world.hq.takes(world.device.message(MessageType.POSITION, sequence=n, place=place))
    page = client.post(f"{link_of(first)}/seen", data={"pin": world.pins[0]})
    assert len(page.content) <= 14_000
    assert "Earlier reports, not shown here: 192." in page.text


def test_the_surroundings_are_named_and_drawn_here(world, client):
    link = link_of(world.device.message())
    page = client.get(link).text
    assert "Nearest town: <bdi>Mitte</bdi>, 0 km away." in page
    assert f'href="{link}/map.png"' in page
    png = client.get(f"{link}/map.png")
    assert png.headers["content-type"] == "image/png"
    assert png.content.startswith(b"\x89PNG")
    assert len(png.content) < 60_000
    assert client.get(f"/c/{world.invitation(1)}/map.png").content == png.content
    assert client.get("/c/nothing/map.png").status_code == 404
    nowhere = world.device.message(alarm=78, place=NoPosition(NoFixReason.UNKNOWN))
    assert client.get(f"{link_of(nowhere)}/map.png").status_code == 404


def test_only_the_pin_moves_the_picture_to_the_newest_place(world, client):
    link = link_of(world.device.message())
    page = client.post(f"{link}/seen", data={"pin": world.pins[0]})
    old = client.get(f"{link}/map.png").content
    later = world.device.message(
        MessageType.POSITION, sequence=1, place=Position(48.1, 11.5, 20, 1)
    )
    world.hq.takes(later)
    assert client.get(f"{link}/map.png").content == old
    assert client.get(f"{link}/map.png", headers=cookie_of(page)).content != old


@pytest.mark.parametrize(
    "path", ["/", "/feed.atom", "/a/{sealed}/1", "/c/{token}", "/nothing", "/post/1", "/console/x"]
)
def test_the_head_of_a_page_is_that_of_the_whole_page_and_nothing_follows_it(world, client, path):
    message = world.device.message()
    world.hq.takes(message)
    path = path.format(sealed=message.text, token=world.invitation(1))
    whole, head = client.get(path), client.head(path)
    assert head.status_code == whole.status_code
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.content == b""
    assert client.get(path).content == whole.content  # on the same connection


def test_a_head_to_where_answers_go_decides_nothing(world, client):
    message = world.device.message()
    world.hq.takes(message)
    assert client.head(f"{link_of(message)}/confirm").status_code == 404
    assert world.hq.history() == [ReportArrived]
