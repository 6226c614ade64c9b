"""Calls into networks' libraries: limits, what an error means, and what it may not say."""

from __future__ import annotations

import builtins

import pytest

from outcry.responder.callers import retry_after
from outcry.responder.posting.bluesky import record_key
from outcry.responder.posting.broadcast import Broadcast
from outcry.responder.posting.calling import Calls, posted_as, said_the_same
from outcry.responder.posting.mastodon import Mastodon
from outcry.responder.posting.publisher import (
    Draft,
    NothingLeft,
    OutcomeUnknown,
    Posted,
    PublishingFailed,
    PublishingRefused,
)
from outcry.responder.rules.events import Outcome
from outcry.responder.transports.apprise import Came, Channels
from stage.reports import NOON

WORDS = Draft("words", "en", NOON)


class Answer:
    def __init__(self, status, headers):
        self.status_code = status
        self.headers = headers


class HTTPError(Exception):
    def __init__(self, status, **headers):
        super().__init__("canary in https://network.example/?access_token=canary")
        self.response = Answer(status, {k.replace("_", "-"): v for k, v in headers.items()})


def what_becomes_of(error):
    def fails():
        raise error

    with pytest.raises((PublishingFailed, OutcomeUnknown)) as raised:
        Calls("network", "make a new token")(fails)
    assert "canary" not in str(raised.value)
    assert raised.value.__context__ is None
    return type(raised.value), str(raised.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PublishingRefused), (401, PublishingRefused), (402, PublishingRefused),
        (403, PublishingRefused), (422, PublishingRefused), (429, PublishingFailed),
        (408, OutcomeUnknown), (500, OutcomeUnknown), (502, OutcomeUnknown), (504, OutcomeUnknown),
    ],
)  # fmt: skip
def test_a_status_says_whether_anything_can_have_happened(status, kind):
    assert what_becomes_of(HTTPError(status))[0] is kind


def wait_in(**headers):
    def fails():
        raise KeyError("canary") from HTTPError(429, **headers)

    with pytest.raises(PublishingFailed) as raised:
        Calls("network", "")(fails)
    return raised.value.wait_s


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [
        ("40", 40), ("0", 0), (" 7", None), ("soon", None), ("-5", None), ("1e9", None), ("", None),
        ("9" * 400, 3600), ("604800", 3600), ("3599", 3599), ("\u0664\u0660", 40), (None, None),
        ("Sun, 22 Nov 2026 12:02:00 GMT", 120), ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sunday, 22-Nov-26 12:00:40 GMT", 40), ("Sun, 99 Nov 2026 11:00:00 GMT", None),
    ],
)  # fmt: skip
def test_how_long_a_network_wants_to_be_left_alone_is_read(said, wait_s):
    """A date counts beside the answer's own, whatever the network's clock says."""
    assert wait_in(Retry_After=said, Date="Sun, 22 Nov 2026 12:00:00 GMT") == wait_s
    assert wait_in(**{"retry-after": said, "date": "Sun, 22 Nov 2026 12:00:00 GMT"}) == wait_s


@pytest.mark.parametrize(
    ("name", "said", "wait_s"),
    [
        ("x-rate-limit-reset", "1795349100", 300), ("X-RateLimit-Reset", "2026-11-22T12:05:00.5Z", 300.5),
        ("RateLimit-Reset", "1795348860", 60), ("ratelimit-reset", "30", 30), ("ratelimit-reset", "9" * 30, None),
        ("x-rate-limit-reset", "1795435200", 900), ("x-rate-limit-reset", "1795348000", 0),
        ("X-RateLimit-Reset", "2026-11-22T12:05:00", None), ("x-rate-limit-reset", "soon", None),
        ("x-rate-limit-reset", "5000", 900),
    ],
)  # fmt: skip
def test_networks_that_say_when_their_limit_ends_are_left_alone_until_then(name, said, wait_s):
    """No longer than the longest wait between tries: it may be the end of another limit."""
    headers = {name: said, "date": "Sun, 22 Nov 2026 12:00:00 GMT"}
    assert retry_after.wanted_s(headers, 429) == wait_s
    assert retry_after.wanted_s(headers, 503) is None, "Mastodon says it with every answer"
    assert retry_after.wanted_s({**headers, "retry-after": "7"}, 429) == 7
    assert retry_after.wanted_s({**headers, "retry-after": "7"}, 503) == 7
    assert retry_after.wanted_s({**headers, "retry-after": "7"}, 200) is None


@pytest.mark.parametrize("id_", [None, "", 0, [], {"a": 1}, "\ufffd\ufffd", "1 2", "9" * 300])
def test_an_answer_that_names_no_post_proves_none(id_):
    with pytest.raises(OutcomeUnknown):
        posted_as(id_, "https://network.example/1")


def test_an_address_that_is_none_is_no_link():
    assert posted_as(7, "javascript:alert(1)") == Posted("7", "")
    assert posted_as("7", "https://network.example/7").url == "https://network.example/7"


def test_a_date_beside_none_says_nothing():
    assert wait_in(Retry_After="Sun, 22 Nov 2026 12:02:00 GMT") is None


def test_a_refused_token_says_what_to_do():
    assert "make a new token" in what_becomes_of(HTTPError(401))[1]


def test_what_never_left_has_failed_and_what_broke_off_is_unknown():
    never = Exception("canary")
    never.__cause__ = ConnectionRefusedError("canary")
    assert what_becomes_of(never)[0] is NothingLeft
    assert what_becomes_of(ConnectionResetError("canary"))[0] is OutcomeUnknown
    assert what_becomes_of(KeyError("canary"))[0] is OutcomeUnknown


def test_a_missing_library_is_a_refusal_that_says_how_to_install_it(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **more):
        if name == "mastodon":
            raise ModuleNotFoundError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PublishingRefused, match=r"outcry\[networks\]"):
        Mastodon("https://social.example", "token").post("k", WORDS)


def test_posts_are_recognised_by_their_letters():
    assert said_the_same("Ana  raised,\nan alarm. More", "Ana raised an alarm")
    assert not said_the_same("Ana raised", "Ana raised an alarm")
    assert not said_the_same("Eva raised an alarm", "Ana raised an alarm")
    assert not said_the_same("anything", "...")


def test_a_record_key_is_a_tid_of_its_time_and_its_own_key():
    import re

    keys = {record_key(f"alarm-{n}", WORDS.made_at) for n in range(500)}
    assert len(keys) == 500
    assert all(re.fullmatch("[234567abcdefghij][2-7a-z]{12}", key) for key in keys)
    assert record_key("alarm-1", WORDS.made_at) == record_key("alarm-1", WORDS.made_at)
    assert record_key("alarm-1", WORDS.made_at + 2) > max(keys)


class Service(Channels):
    """Comes to what the test says."""

    def __init__(self, *came):
        super().__init__()
        self._came = list(came)
        self.sent = 0

    def attempt(self, url, title, body, may=lambda: None):
        self.sent += 1
        return self._came.pop(0)


def test_a_broadcast_is_tried_again_only_if_it_certainly_never_left():
    service = Service(Came(Outcome.FAILED, "refused"), Came(Outcome.UNKNOWN, "no answer"))
    news = Broadcast("news", "ntfy://canary", service)
    with pytest.raises(PublishingFailed):
        news.post("alarm-1", WORDS)
    assert news.find("alarm-1", WORDS) is None
    with pytest.raises(OutcomeUnknown):
        news.post("alarm-1", WORDS)
    with pytest.raises(PublishingRefused):
        news.find("alarm-1", WORDS)
    assert service.sent == 2


def test_a_broadcast_of_before_a_restart_is_not_sent_again():
    with pytest.raises(PublishingRefused):
        Broadcast("news", "ntfy://canary", Service()).find("alarm-1", WORDS)


def test_a_broadcast_has_no_address_and_cannot_be_taken_back():
    news = Broadcast("news", "ntfy://canary", Service(Came(Outcome.DONE), Came(Outcome.DONE)))
    assert news.post("alarm-1", WORDS) == Posted("alarm-1", "")
    news.correct("alarm-1-correct-1", Posted("alarm-1", ""), WORDS)
    with pytest.raises(PublishingRefused):
        news.delete(Posted("alarm-1", ""))
