"""What every publisher promises, against a server for each: real ones where there are any."""

from __future__ import annotations

import html
import itertools
import json
import logging
from contextlib import suppress
from urllib.parse import unquote_to_bytes

import pytest
from local_server import LocalServer
from x_endpoint import KEYS

from outcry.responder.posting.bluesky import Bluesky
from outcry.responder.posting.facebook import Facebook
from outcry.responder.posting.mastodon import Mastodon
from outcry.responder.posting.publisher import (
    Draft,
    OutcomeUnknown,
    PublishingFailed,
    PublishingRefused,
)
from outcry.responder.posting.x import X

pytestmark = pytest.mark.slow

_keys = (f"alarm-{n}" for n in itertools.count(1))
NAMES = {
    "right to left": "آنا الحرية",
    "cyrillic": "Анна Ковальчук",
    "marks": "Zoë̂ Nguyễn Thị Ánh",
    "emoji": "Ana 👩🏽‍🚀 🇺🇦",
    "signs": "Ana <b> & \"C%+~'",
}


@pytest.fixture
def key():
    return next(_keys)


def _same(network, one, other):
    """Whether both are one post. snac's ids begin with the second in which its file was touched."""
    return one == other or (network.name == "snac" and one is not None and one.url == other.url)


def test_a_post_is_found_by_its_key_and_a_post_never_made_is_not(network, key, draft):
    publisher = network.publisher()
    words = draft()
    assert publisher.find(key, words) is None
    posted = publisher.post(key, words)
    assert posted.url.startswith("http")
    assert _same(network, publisher.find(key, words), posted)


def test_a_post_is_found_whatever_letters_it_is_written_in(network, key, draft):
    publisher = network.publisher()
    for name in NAMES.values():
        words = draft(f"{name} raised an alarm. Please spread this. https://example.org/post/1 #x")
        posted = publisher.post(f"{key} {name}", words)
        assert _same(network, publisher.find(f"{key} {name}", words), posted)


def test_another_alarm_with_other_words_is_not_taken_for_this_one(network, key, draft):
    publisher = network.publisher()
    publisher.post(key, draft())
    assert publisher.find(next(_keys), draft()) is None


def test_a_post_is_answered_corrected_and_deleted(network, key, draft):
    publisher = network.publisher()
    posted = publisher.post(key, draft())
    more, wrong = draft("She is still in danger"), draft("Correction: she is free")
    answer = publisher.reply(f"{key}-1", posted, more)
    assert answer != posted
    assert _same(network, publisher.find(f"{key}-1", more), answer)
    correction = publisher.correct(f"{key}-2", posted, wrong)
    again = publisher.correct(f"{key}-2", posted, wrong)
    assert _same(network, again, correction)
    assert publisher.reply(f"{key}-3", posted, draft("She is home")) not in (answer, again)
    if network.name != "snac":  # which has no deleting
        publisher.delete(answer)
        publisher.delete(answer)
        assert publisher.find(f"{key}-1", more) is None


def test_a_picture_goes_along(network, key, draft, png):
    publisher = network.publisher()
    words = draft(picture=png, alt="A map of Grozny")
    posted = publisher.post(key, words)
    assert posted.pictured is not False  # None: snac's answer was lost, and it was found
    assert _same(network, publisher.find(key, words), posted)


REFUSED_WITH_A_PICTURE = {  # by its network: what comes with it in the request, and the status
    "bluesky": (b"app.bsky.embed.images", 400),
    "snac": (b"media_ids", 422),
    "mock": (b"media_ids", 422),
    "x": (b'"media_ids"', 400),
    "facebook": (b"alt_text_custom", 400),
}


def test_what_is_refused_with_a_picture_goes_without_it(network, key, draft, png, proxied):
    """The picture by itself was taken: nobody could know before."""
    proxy = proxied(network.url)
    sign, status = REFUSED_WITH_A_PICTURE[network.name]
    error = {"error": {"message": "Invalid parameter", "code": 100, "type": "OAuthException"}}
    said = error if network.name == "facebook" else {"error": "InvalidRequest", "message": "no"}
    proxy.refuses = lambda body: (status, said) if sign in body else None
    publisher = network.publisher(proxy.url)
    picture = draft(picture=png, alt="a map")
    posted = publisher.post(key, picture)
    assert _same(network, network.publisher().find(key, picture), posted)
    assert proxy.refused == 1
    assert (posted.text, posted.pictured) in ((picture.text, False), (None, None))


NO_POST = {  # with a 200: what a network, or somebody before it, answers to a post
    "an error": {"error": {"message": "no", "code": 1}, "errors": [{"title": "Bad", "type": "x"}]},
    "nothing": {},
    "no id": {"id": None, "url": None, "data": {"id": None, "text": ""}, "post_id": None},
}


@pytest.mark.parametrize("said", NO_POST.values(), ids=NO_POST)
def test_an_answer_that_names_no_post_is_no_proof_of_one(network, key, draft, proxied, said):
    """Neither where it never arrived nor where it is there: then it is found."""
    proxy = proxied(network.url)
    publisher, words = network.publisher(proxy.url, timeout_s=4.9), draft()
    proxy.refuses = lambda body: (200, said) if words.text.encode()[-9:-1] in _plain(body) else None
    with pytest.raises((OutcomeUnknown, PublishingFailed)):
        publisher.post(key, words)
    assert network.publisher().find(key, words) is None
    proxy.refuses = lambda body: None
    posts = ("putRecord", "/statuses", "/tweets", "/feed")
    answer = json.dumps(said).encode()
    proxy.rewords = lambda path, *came: (200, answer) if path.endswith(posts) else came
    with pytest.raises((OutcomeUnknown, PublishingFailed)):
        publisher.post(key, words)
    assert network.publisher().find(key, words) is not None
    assert _count(network, words) == 1


def _plain(body: bytes) -> bytes:
    return unquote_to_bytes(body.replace(b"+", b" "))


def test_what_is_there_though_it_was_refused_with_a_picture_is_not_said_again(
    network, key, draft, png, proxied
):
    """Somebody before the network puts a refusal in place of its answer."""
    proxy = proxied(network.url)
    _, status = REFUSED_WITH_A_PICTURE[network.name]
    posts = ("putRecord", "/statuses", "/tweets", "/photos")
    error = {"error": {"message": "Invalid parameter", "code": 100, "type": "OAuthException"}}
    answer = json.dumps(error).encode()
    proxy.rewords = lambda path, *came: (status, answer) if path.endswith(posts) else came
    picture = draft(picture=png, alt="a map")
    with suppress(OutcomeUnknown, PublishingRefused):  # Bluesky's is written again, in its place
        network.publisher(proxy.url).post(key, picture)
    assert _count(network, picture) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, {"error": "NotFound", "message": "nothing"}),
        (400, {"error": "InvalidRequest", "message": "Could not locate record: at://x"}),
        (400, {"error": "InvalidRequest", "message": "Der Eintrag fehlt"}),
    ],
)
def test_absent_is_absent_in_any_words_on_bluesky(
    bluesky_server, key, draft, proxied, status, said
):
    """In words that nobody here knows, the server's list decides: of what is there too."""
    proxy = proxied(bluesky_server.url)
    account = bluesky_server.handle, bluesky_server.app_password
    publisher, words = Bluesky(proxy.url, *account), draft()
    answer = json.dumps(said).encode()
    proxy.rewords = lambda path, *came: (status, answer) if "getRecord" in path else came
    assert publisher.find(key, words) is None
    posted = publisher.post(key, words)
    if status == 400 and "Der" in said["message"]:
        assert publisher.find(key, words) == posted


def test_a_post_on_x_is_found_whatever_x_makes_of_its_signs_and_addresses(x_server, key, draft):
    """X escapes three signs and puts addresses of its own in place of others."""
    words = draft("Amnesty.org & Ana <b>: see https://help.example.org/post/1 now")
    x = X(**KEYS, server=x_server.url)
    posted = x.post(key, words)
    text = html.escape(words.text, quote=False)
    text = text.replace("Amnesty.org", "https://t.co/Ab1").replace(
        "https://help.example.org/post/1", "https://t.co/Cd2"
    )
    x_server.posts[posted.id]["text"] = f"{text} https://t.co/Picture9"
    assert x.find(key, words) == posted
    assert x.find(key, draft("Amnesty.org & Eva")) is None


def test_a_post_whose_answer_was_lost_is_found_and_not_made_twice(network, key, draft, proxied):
    proxy = proxied(network.url)
    publisher = network.publisher(proxy.url, timeout_s=1.5)
    words = draft()
    posts = ("putRecord", "/statuses", "/tweets", "/feed")
    proxy.loses = lambda method, path: method == "POST" and path.endswith(posts)
    while not proxy.lost:  # on a busy machine the limit may pass before the post has left
        with pytest.raises(OutcomeUnknown):
            publisher.post(key, words)
    proxy.loses = lambda method, path: False
    network.publisher().check()
    found = network.publisher(timeout_s=15).find(key, words)
    assert found is not None
    assert _count(network, words) == 1


def test_saying_it_again_as_the_workflow_does_makes_no_second_post(network, key, draft):
    publisher = network.publisher()
    words = draft()
    first = publisher.post(key, words)
    if network.name in ("snac", "facebook"):  # no idempotency: the workflow looks first, always
        assert _same(network, publisher.find(key, words), first)
    else:
        assert publisher.post(key, words) == first
    assert _count(network, words) == 1


def test_a_refused_token_is_a_refusal_that_says_what_to_do_and_holds_no_secret(
    network, key, draft, caplog
):
    caplog.set_level(logging.DEBUG)
    publisher = network.publisher(secret="canary-of-a-token")
    for call in (lambda: publisher.post(key, draft()), lambda: publisher.find(key, draft())):
        with pytest.raises(PublishingRefused) as refused:
            call()
        assert "canary" not in _everything(refused.value)
    (finding,) = publisher.check()
    assert not finding.ok
    assert finding.remedy
    assert "canary" not in finding.what + finding.remedy
    assert not [r for r in caplog.records if r.name.startswith("outcry") and "canary" in r.message]


def test_a_network_that_is_down_has_certainly_not_posted(network, key, draft, closed_port):
    publisher = network.publisher(f"http://127.0.0.1:{closed_port}")
    with pytest.raises(PublishingFailed) as failed:
        publisher.post(key, draft())
    assert not isinstance(failed.value, PublishingRefused)
    (finding,) = publisher.check()
    assert not finding.ok


def test_a_good_account_says_who_posts(network):
    (finding,) = network.publisher().check()
    assert finding.ok, finding


def test_a_time_limit_is_at_most_a_minute(network):
    assert 0 < network.publisher().limit_s <= 60


def _everything(error: BaseException) -> str:
    said = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None:
            said.append(f"{one!r} {one.args}")
            waiting += [one.__cause__, None if one.__suppress_context__ else one.__context__]
    return " ".join(said)


def _count(network, words: Draft) -> int:
    """How many posts with these words are there."""
    match network.name:
        case "bluesky":
            client = network.request.getfixturevalue("bluesky_server").client()
            did = network.request.getfixturevalue("bluesky_server").did
            where = {"repo": did, "collection": "app.bsky.feed.post", "limit": 100}
            found = client.com.atproto.repo.list_records(where).records
            return sum(record.value.text == words.text for record in found)
        case "x":
            posts = network.request.getfixturevalue("x_server").posts.values()
            return sum(post["text"] == words.text for post in posts)
        case "facebook":
            posts = network.request.getfixturevalue("graph").posts.values()
            return sum(post["message"] == words.text for post in posts)
        case _:
            number = words.text[words.text.rindex("(") :]
            return sum(number in content for content in _contents(network.publisher()))


def _contents(publisher) -> list[str]:
    api = publisher.api()

    def look() -> list[str]:
        me = api.account_verify_credentials()
        return [status.content for status in api.account_statuses(me.id, limit=40)]

    return getattr(publisher, "_again", lambda work: work())(lambda: publisher.call(look))


class Busy(LocalServer):
    """Says "too many requests" to everything, and counts how often it had to."""

    def __init__(self):
        self.asked = 0
        super().__init__()

    def serve(self, request, body):
        self.asked += 1
        request.send_response(429)
        request.send_header("Retry-After", "40")
        request.send_header("Content-Type", "text/html")
        request.send_header("Content-Length", "0")
        request.end_headers()


@pytest.mark.parametrize(
    "made",
    [
        lambda url: Mastodon(url, "token"),
        lambda url: Bluesky(url, "org.example", "secret"),
        lambda url: X("a", "b", "c", "d", server=url),
        lambda url: Facebook("1", "token", "secret", url),
    ],
    ids=["mastodon", "bluesky", "x", "facebook"],
)
def test_a_network_that_has_too_many_requests_has_not_posted_and_says_when_to_ask_again(
    made, draft, png
):
    server = Busy()
    publisher = made(server.url)
    for say in (
        lambda: publisher.post("key", draft(picture=png)),
        lambda: publisher.find("key", draft()),
    ):
        with pytest.raises(PublishingFailed) as raised:
            say()
        assert "429" in str(raised.value)
        assert raised.value.wait_s == 40
    assert server.asked <= 4
    server.stop()
