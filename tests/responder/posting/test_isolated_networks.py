"""Each network's library in a process of its own: what it does there, and what it cannot do."""

from __future__ import annotations

import itertools

import pytest
from local_server import LocalServer

from outcry.responder.callers.patience import MOST
from outcry.responder.callers.processes import Callers
from outcry.responder.posting import last_look
from outcry.responder.posting.bluesky import Bluesky
from outcry.responder.posting.facebook import Facebook
from outcry.responder.posting.isolated import Isolated
from outcry.responder.posting.mastodon import Mastodon
from outcry.responder.posting.publisher import OutcomeUnknown, PublishingFailed, Withheld
from outcry.responder.posting.x import X

pytestmark = pytest.mark.slow

OTHERWISE = "people have decided otherwise"
_keys = (f"isolated-{n}" for n in itertools.count(1))


@pytest.fixture
def key():
    return next(_keys)


def say_twice_at_most(publisher, key, words):
    """snac resets some connections as it answers: then what is there is looked for."""
    while True:
        try:
            return publisher.post(key, words)
        except OutcomeUnknown:
            found = publisher.find(key, words)
            if found is not None:
                return found


def test_a_network_posts_finds_and_answers_there_as_here(network, key, draft, callers):
    publisher = network.isolated(callers)
    words = draft()
    posted = say_twice_at_most(publisher, key, words)
    assert network.publisher().find(key, words).url == posted.url
    (finding,) = publisher.check()
    assert finding.ok or network.name == "snac"
    publisher._caller.end()


def test_whenever_people_decide_otherwise_what_is_withheld_is_not_there(
    network, key, draft, callers, png
):
    """After each number of requests that were still allowed, until it was posted."""
    publisher = network.isolated(callers)
    words = draft(picture=png, alt="a map")
    for allowed in itertools.count():
        left = itertools.count(allowed, -1)
        with last_look.under(lambda _=None, left=left: None if next(left) > 0 else OTHERWISE):
            try:
                publisher.post(key, words)
                break
            except Withheld:
                assert network.publisher().find(key, words) is None
            except OutcomeUnknown:  # snac resets some connections as it answers
                if network.publisher().find(key, words) is not None:
                    break
    assert allowed >= 2, "a connection, and what posts"
    assert network.publisher().find(key, words) is not None
    publisher._caller.end()


def test_a_call_over_its_limit_is_ended_and_never_posts(network, key, draft, callers, proxied):
    """The network hung before it took the post; when it goes on, nobody is there any more."""
    proxy = proxied(network.url)
    publisher = network.isolated(callers, proxy.url)
    publisher.check()  # the library is loaded
    publisher.limit_s = 3.0
    held = []

    def refuses(body):
        if b"hangs-here" in body:
            held.append(True)
            proxy.over.wait(60)  # it never reaches the server
            return 503, {}
        return None

    proxy.refuses = refuses
    words = draft("hangs-here")
    while not held:  # a busy machine may need the limit for less
        with pytest.raises(OutcomeUnknown):
            publisher.post(key, words)
    assert not publisher._caller.is_alive()
    proxy.over.set()
    assert network.publisher().find(key, words) is None


class Refusing(LocalServer):
    """Says no to everything, in one way, and counts how often it had to."""

    def __init__(self, status):
        self.asked = 0
        self._status = status
        super().__init__()

    def serve(self, request, body):
        self.asked += 1
        if self._status == 0:
            request.close_connection = True
            return
        request.send_response(self._status)
        request.send_header("Content-Length", "0")
        request.end_headers()


NETWORKS = {
    "mastodon": (Mastodon, {"token": "t"}),
    "bluesky": (Bluesky, {"handle": "org.example", "app_password": "p"}),
    "x": (X, dict.fromkeys(("api_key", "api_secret", "access_token", "access_token_secret"), "k")),
    "facebook": (Facebook, {"page": "1", "token": "t", "app_secret": "s"}),
}


@pytest.mark.parametrize("status", [0, 429, 503])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_refuses_is_asked_ten_times_a_minute_however_much_there_is_to_say(
    name, status, draft, png
):
    server, now = Refusing(status), [0.0]
    kind, account = NETWORKS[name]
    callers = Callers(clock=lambda: now[0])
    publisher = Isolated(kind, {**account, "server": server.url}, callers)
    words = draft(picture=png, alt="a map")
    for n in range(25):  # that many alarms in one minute, each looked for and said
        for say in (publisher.find, publisher.post):
            with pytest.raises((PublishingFailed, OutcomeUnknown)):
                say(f"alarm-{n}", words)
        now[0] += 2.3
    assert 1 <= server.asked <= MOST
    server.stop()
    publisher._caller.end()
    callers.close()
