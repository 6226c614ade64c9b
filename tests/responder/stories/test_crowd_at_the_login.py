"""Sixty strangers guess at the login at once: contacts, officers and the login itself are served."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from cheap_hashes import PASSWORDS
from console_hand import Hand, token_in

from outcry.responder.console.dependencies import FORM_COOKIE
from outcry.responder.service.people_app import people_app
from outcry.responder.web.throttle import MOST_WAIT

CROWD = 60
LIMIT_S = 60.0
GUESS = "a guess that takes its time"


class Slow:
    """Compares guesses only when the test says so, as an HQ does that has a slow machine."""

    def __init__(self):
        self.at_work, self.go_on = threading.Semaphore(0), threading.Event()
        self.hash = PASSWORDS.hash

    def verify(self, kept, password):
        if password == GUESS:
            self.at_work.release()
            assert self.go_on.wait(LIMIT_S)
        return PASSWORDS.verify(kept, password)


def browser(url, address):
    said = {"x-forwarded-for": address, "x-forwarded-proto": "https"}
    return httpx.Client(base_url=url, headers=said, timeout=LIMIT_S)


def comes_from(hand, address):
    url = hand.client.base_url
    hand.client.close()
    hand.client = browser(url, address)


@pytest.fixture
def crowd(world, serve, wait_for):
    """HQ's address, while the crowd waits for its guesses to be compared."""
    slow, refused = Slow(), []
    world.hq.restarts({"people": {"behind_proxy": True}}, hasher=slow)
    url = serve(people_app(world.hq.parts))
    olga = Hand(url, world.clock)

    comes_from(olga, "203.0.113.5")
    olga.settle(f"/console/welcome/{world.hq.parts.officers.add('olga')}")
    assert olga.login().status_code == 303
    with browser(url, "203.0.113.99") as one:
        token = token_in(one.get("/console/login").text)
    form = one.cookies.get(FORM_COOKIE) or token

    def guesses(n):
        with browser(url, f"198.18.0.{n + 1}") as stranger:
            cookie = {"cookie": f"{FORM_COOKIE}={form}"}
            fields = {"token": token, "name": "olga", "password": GUESS, "code": "000000"}
            answer = stranger.post("/console/login", data=fields, headers=cookie)
        if answer.status_code == 429:
            refused.append(answer.headers["retry-after"])
        return answer.status_code

    with ThreadPoolExecutor(CROWD) as strangers:
        guessed = [strangers.submit(guesses, n) for n in range(CROWD)]
        try:
            assert slow.at_work.acquire(timeout=LIMIT_S)
            wait_for(lambda: len(refused) == CROWD - MOST_WAIT)
            assert not slow.at_work.acquire(blocking=False), "strangers are compared one by one"
            yield url, olga
        finally:
            slow.go_on.set()
    olga.close()
    assert [each.result() for each in guessed].count(403) == MOST_WAIT
    assert set(refused) == {"2"}


def test_pages_and_who_was_right_before_wait_for_no_strangers_login(crowd, world):
    url, olga = crowd
    world.hq.takes(world.device.message())
    world.hq.works()
    link = f"/c/{world.invitation(1)}"
    with browser(url, "203.0.113.6") as contact:
        assert contact.get(link).status_code == 200
        assert contact.post(f"{link}/seen", data={"pin": world.pins[0]}).status_code == 200
        assert contact.get("/console/login").status_code == 200
    olga.cookies.clear()
    assert olga.login().status_code == 303, "her browser forgot; she comes from where she was"
    comes_from(olga, "203.0.113.7")
    assert olga.login().status_code == 303, "her browser remembers, on another network"
    olga.cookies.clear()
    comes_from(olga, "203.0.113.8")
    assert olga.login().status_code == 429


def test_settling_in_waits_like_a_stranger(crowd, world):
    _, olga = crowd
    link = f"/console/welcome/{world.hq.parts.officers.add('pavel')}"
    with pytest.raises(AssertionError, match="Nothing was saved"):
        olga.settle(link)
