"""Two duty officers and one plan: the second factor again, and the other officer's word."""

from __future__ import annotations

import html
import re

import pytest
from console_hand import Hand
from sqlalchemy import select

from outcry.responder.callers import outgoing
from outcry.responder.console.accounts import CodeRefused
from outcry.responder.plans import repository
from outcry.responder.storage import store
from outcry.responder.web.throttle import TooSoon

pytestmark = pytest.mark.slow
SECRET = "hush-3141"


@pytest.fixture
def officers(world, people):
    """Settles officers in and logs them in; their hands."""
    made = []

    def settle(*names):
        for name in names:
            hand = Hand(people, world.clock)
            hand.settle(f"/console/welcome/{world.hq.parts.officers.add(name)}")
            hand.login(name)
            made.append(hand)
        world.clock.passes(30)  # each has a new code
        return made

    yield settle
    for hand in made:
        hand.close()


def address(world):
    return f"/console/wearer/{world.device.enrolment.device:08x}/plan"


def agreed(world):
    with world.hq.store.read() as connection:
        return repository.of_device(connection, world.device.enrolment.device)


def shown(page):
    return html.unescape(re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)[1])


def saves(hand, world, *swap, **fields):
    """Open the plan, change it, press the button."""
    page = hand.get(address(world)).text
    version = re.search(r'name="version" value="([^"]*)"', page)[1]
    text = shown(page).replace(*swap) if swap else shown(page)
    return hand.send("/console", address(world), plan=text, version=version, **fields)


WEAKER = ("quorum = 2", "quorum = 1")


def test_it_asks_for_the_six_digits_again_and_says_what_gets_weaker(officers, world):
    olga, _ = officers("olga", "petr")
    answer = saves(olga, world, *WEAKER)
    assert answer.status_code == 403
    assert "confirming.quorum: 2 becomes 1" in answer.text
    assert "quorum = 1" in shown(answer.text)
    assert saves(olga, world, *WEAKER, code="000000").status_code == 403
    assert agreed(world).quorum == 2


def test_the_second_officer_sees_it_on_the_first_page_and_confirms(officers, world):
    olga, petr = officers("olga", "petr")
    assert saves(olga, world, *WEAKER, code=olga.code()).headers["location"].endswith("done=waits")
    assert agreed(world).quorum == 2
    assert "olga asks to weaken a plan" in petr.get("/console").text
    page = petr.get(address(world)).text
    assert "confirming.quorum: 2 becomes 1" in page
    assert "lapses in 24 h" in page
    path = re.search(r'action="([^"]*/confirm)"', page)[1]
    seen = re.search(r'name="seen" value="([^"]*)"', page)[1]
    assert petr.send("/console", path, seen=seen, code="000000").status_code == 403
    assert agreed(world).quorum == 2
    answer = petr.send("/console", path, seen=seen, code=petr.code())
    assert "The plan applies from now on" in petr.get(answer.headers["location"]).text
    assert agreed(world).quorum == 1
    world.clock.passes(30)
    assert petr.send("/console", path, seen=seen, code=petr.code()).status_code == 409


def test_the_officer_who_asked_is_given_no_button_and_no_way(officers, world):
    olga, petr = officers("olga", "petr")
    saves(olga, world, *WEAKER, code=olga.code())
    mine, theirs = olga.get(address(world)).text, petr.get(address(world)).text
    assert "/confirm" not in mine
    path = re.search(r'action="([^"]*/confirm)"', theirs)[1]
    seen = re.search(r'name="seen" value="([^"]*)"', theirs)[1]
    world.clock.passes(30)
    assert olga.send("/console", path, seen=seen, code=olga.code()).status_code == 409
    assert agreed(world).quorum == 2
    assert olga.send("/console", path.replace("confirm", "refuse")).status_code == 303
    assert petr.send("/console", path, seen=seen, code=petr.code()).status_code == 409


def test_a_code_that_let_somebody_in_proves_nothing_again(officers, world):
    (olga,) = officers("olga")
    code = olga.code()
    assert saves(olga, world, *WEAKER, code=code).status_code == 303
    back = ("quorum = 1", "quorum = 2")
    assert saves(olga, world, *back).status_code == 303
    assert saves(olga, world, *WEAKER, code=code).status_code == 403


def test_guessing_the_code_is_slowed_from_everywhere(world):
    officers = world.hq.parts.officers
    officers.add("olga")
    for _ in range(3):
        with pytest.raises(CodeRefused):
            officers.prove("olga", "000000")
    with pytest.raises(TooSoon):
        officers.prove("olga", "000000")


def test_a_form_made_from_an_older_plan_changes_nothing(officers, world):
    olga, petr = officers("olga", "petr")
    page = olga.get(address(world)).text
    version = re.search(r'name="version" value="([^"]*)"', page)[1]
    saves(petr, world, "quorum = 2", "quorum = 3")
    fields = {"plan": shown(page), "version": version, "code": olga.code()}
    answer = olga.send("/console", address(world), **fields)
    assert answer.status_code == 422
    assert "the plan was changed after you opened this page" in answer.text
    assert agreed(world).quorum == 3


def test_an_address_is_written_and_never_shown(officers, world):
    olga, petr = officers("olga", "petr")
    with world.hq.store.write() as connection:
        channels = {"contact": {"1": {"channels": {"mail": f"ntfys://ntfy.sh/{SECRET}"}}}}
        repository.change(connection, world.device.enrolment.device, channels, 0.0)
    page = olga.get(address(world)).text
    assert "ntfys://(kept)" in shown(page)
    assert saves(olga, world, "quorum = 2", "quorum = 3").status_code == 303
    assert agreed(world).people[1].channels == {"mail": f"ntfys://ntfy.sh/{SECRET}"}
    new = ("ntfys://(kept)", "ntfys://203.0.113.7/other")
    assert saves(olga, world, *new, code=olga.code()).status_code == 303
    for hand in (olga, petr):
        for path in ("/console", address(world)):
            said = hand.get(path).text
            assert SECRET not in said
            assert "203.0.113.7" not in said
    assert "ntfys://(kept) becomes another ntfys://(kept)" in petr.get(address(world)).text
    answer = saves(olga, world, "ntfys://(kept)", "signal://(kept)")
    assert "there is no such address to keep" in answer.text


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ntfy://169.254.169.254/x", "private address"),
        ("gotify://2130706433/AbCdEfGhIjKlMnO", "private address"),
        ("mailtos://u:p@example.org?smtp=127.0.0.1&amp;to=a@example.org", "private address"),
        ("syslog://", "not for people"),
        ("jsons://sink.example.org/x", "not for people"),
    ],
)
def test_an_address_inside_or_of_no_person_is_refused(officers, world, url, why, monkeypatch):
    monkeypatch.setattr(outgoing, "_named", set())
    (olga,) = officers("olga")
    channels = ("channels = {}", f'channels = {{ a = "{html.unescape(url)}" }}')
    answer = saves(olga, world, *channels, code=olga.code())
    assert answer.status_code == 422
    assert why in answer.text
    with world.hq.store.read() as connection:
        assert connection.scalar(select(store.proposal.c.id)) is None
