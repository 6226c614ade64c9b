"""Whether a post is there is asked of an account that has posted a lot since: all of it is read."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from graph_endpoint import APP_SECRET, PAGE, TOKEN
from x_endpoint import KEYS

from outcry.responder.callers.patience import MOST
from outcry.responder.posting.bluesky import Bluesky, record_key
from outcry.responder.posting.calling import MOST_PAGES, back_to
from outcry.responder.posting.facebook import Facebook
from outcry.responder.posting.isolated import Isolated
from outcry.responder.posting.mastodon import Mastodon
from outcry.responder.posting.publisher import Draft, OutcomeUnknown, PublishingFailed
from outcry.responder.posting.x import X

pytestmark = pytest.mark.slow

WORDS = Draft("Bea is in danger, 14:03 UTC", "en", time.time())
ABSENT = replace(WORDS, text="Eva is in danger, 14:03 UTC")
AN_HOUR_S = 3600.0


def on_x(server, n, at=None):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    for _ in range(n):
        id_ = str(1000 + len(server.posts))
        server.posts[id_] = {"id": id_, "text": f"another alarm {id_}", "created_at": stamp}


def on_facebook(server, n):
    for number in range(n):
        server._add({"message": f"another alarm {number}"})


def test_a_post_on_x_that_many_came_after_is_found_and_not_said_again(x_server):
    x = X(**KEYS, server=x_server.url)
    posted = x.post("k", WORDS)
    on_x(x_server, 250)
    assert x.find("k", WORDS) == posted
    assert x.post("k", WORDS) == posted, "refused as said already, and shown nowhere"
    assert x.find("k2", ABSENT) is None


def test_a_post_on_a_page_that_many_came_after_is_found(graph):
    facebook = Facebook(PAGE, TOKEN, APP_SECRET, graph.url)
    posted = facebook.post("k", WORDS)
    on_facebook(graph, 250)
    assert facebook.find("k", WORDS) == posted
    assert facebook.find("k2", ABSENT) is None


def test_a_post_on_mastodon_that_many_came_after_is_found(mock_server):
    mastodon = Mastodon(mock_server, "mock_token")
    posted = mastodon.post("k", WORDS)
    api = mastodon.api()
    for n in range(45):
        api.status_post(f"another alarm {n}")
    assert mastodon.find("k", WORDS) == posted
    assert mastodon.find("k2", ABSENT) is None


def test_a_post_on_snac_that_many_came_after_is_found(snac_server, snac_account, proxied):
    """It shows its newest 256, here 3, whatever it is asked for; the others in another list."""
    posted = snac_account.post("k", WORDS)
    for n in range(5):
        snac_account.post(f"k{n}", replace(WORDS, text=f"another alarm {n}"))
    proxy = proxied(snac_server.url)
    proxy.rewords = lambda path, status, said: (
        (status, json.dumps(json.loads(said)[:3]).encode() if path.endswith("/statuses") else said)
    )
    behind = type(snac_account)(Mastodon(proxy.url, snac_server.token))
    assert behind.find("k", WORDS).url == posted.url
    assert behind.find("k2", ABSENT) is None


def test_a_post_on_bluesky_is_found_in_a_long_list_too(bluesky_server, proxied):
    """Where the server's words for "absent" are such that nobody here knows them."""
    proxy = proxied(bluesky_server.url)
    account = bluesky_server.handle, bluesky_server.app_password
    bluesky, words = Bluesky(proxy.url, *account), replace(WORDS, made_at=time.time() + 1)
    posted = bluesky.post("k", words)
    made = {"text": "another alarm", "createdAt": "2026-11-22T14:03:00Z"}
    writes = [
        {
            "$type": "com.atproto.repo.applyWrites#create",
            "collection": "app.bsky.feed.post",
            "rkey": record_key(f"other {n}", words.made_at + 2),
            "value": {"$type": "app.bsky.feed.post", **made},
        }
        for n in range(120)
    ]
    client, did = bluesky_server.client(), bluesky_server.did
    client.com.atproto.repo.apply_writes({"repo": did, "writes": writes})
    said = json.dumps({"error": "InvalidRequest", "message": "Der Eintrag fehlt"}).encode()
    proxy.rewords = lambda path, *came: (400, said) if "getRecord" in path else came
    assert bluesky.find("k", words) == posted
    assert bluesky.find("k2", words) is None


def test_what_is_too_far_back_to_be_read_is_not_said_to_be_absent(x_server, graph):
    """Nobody knows: "absent" would have it posted twice."""
    on_x(x_server, 100 * MOST_PAGES + 1)
    on_facebook(graph, 501)
    for publisher in (
        X(**KEYS, server=x_server.url),
        Facebook(PAGE, TOKEN, APP_SECRET, graph.url),
    ):
        with pytest.raises(OutcomeUnknown, match="too many"):
            publisher.find("k", ABSENT)


def test_pages_are_read_until_one_is_all_old_and_an_empty_one_ends_nothing():
    read = []

    def pages():
        for page in ([9, 2, 8], [], [7], [1, 2], [6]):
            read.append(page)
            yield page

    assert [*back_to(pages(), lambda post: post > 5)] == [9, 8, 7]
    assert read == [[9, 2, 8], [], [7], [1, 2]]
    assert [*back_to([[9]] * 3, lambda post: True, most=4)] == [9, 9, 9]
    with pytest.raises(OutcomeUnknown):
        list(back_to([[9]] * 3, lambda post: True, most=3))


def test_older_posts_are_not_paid_for(x_server):
    x = X(**KEYS, server=x_server.url)
    on_x(x_server, 250, at=WORDS.made_at - AN_HOUR_S)
    x_server.asked.clear()
    assert x.find("k", WORDS) is None
    assert len(x_server.asked) == 2, "whose account it is, and one page"


def test_a_network_that_refuses_a_later_page_is_left_alone_like_any_other(x_server, callers):
    on_x(x_server, 250)
    x_server.refuses_pages = True
    x = Isolated(X, {**KEYS, "server": x_server.url}, callers)
    for _ in range(MOST + 5):
        with pytest.raises(PublishingFailed):
            x.find("k", WORDS)
    assert sum("pagination_token" in path for path in x_server.asked) == MOST
    x._caller.end()
