"""Where a network's own limits are, and what a token's end does in the midst of an alarm."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from graph_endpoint import APP_SECRET, PAGE, TOKEN
from x_endpoint import KEYS

from outcry.responder.maps import places
from outcry.responder.posting import graphemes
from outcry.responder.posting.bluesky import Bluesky, record_key
from outcry.responder.posting.facebook import Facebook
from outcry.responder.posting.mastodon import Mastodon
from outcry.responder.posting.publisher import (
    Draft,
    OutcomeUnknown,
    PublishingFailed,
    PublishingRefused,
    Unit,
)
from outcry.responder.posting.wording import PostFacts, Where, post_draft
from outcry.responder.posting.x import X

pytestmark = pytest.mark.slow

FAMILY = "👨‍👩‍👧‍👦"
WAVE = "👋🏽"


@pytest.fixture
def bluesky(bluesky_server):
    return Bluesky(bluesky_server.url, bluesky_server.handle, bluesky_server.app_password)


def said(text):
    return Draft(text, "en", time.time())


@pytest.mark.parametrize(
    "letters", ["a", "é", "e\u0301", "ب", "ي\u064e", "漢", "🇺🇦", WAVE, "கி", "한"], ids=ascii
)
def test_bluesky_takes_as_many_letters_as_we_count(bluesky, letters):
    text = letters * 300
    assert graphemes.length(text, Unit.GRAPHEMES) == 300
    bluesky.post(f"alarm-{letters}", said(text))
    with pytest.raises(PublishingRefused):
        bluesky.post(f"alarm-{letters}-more", said(text + "a"))


def test_bluesky_s_bytes_are_counted_too(bluesky):
    most = 3000 // len(FAMILY.encode())
    assert graphemes.length(FAMILY * most, Unit.GRAPHEMES) <= 300
    bluesky.post("alarm-family", said(FAMILY * most))
    assert graphemes.length(FAMILY * (most + 1), Unit.GRAPHEMES) > 300
    with pytest.raises(PublishingRefused):
        bluesky.post("alarm-families", said(FAMILY * (most + 1)))


@pytest.mark.parametrize("language", ["ar", "en", "fa", "ru"])
def test_our_longest_texts_are_taken_by_bluesky(bluesky, language):
    where = Where(places.load().find(0.0, -30.0))
    for name in ("آنا الحرية" * 20, FAMILY * 80, "Ana"):
        facts = PostFacts(
            name, "An organisation " * 5, time.time(), time.time(), where=where, confirmed=2,
            link="https://help.example.org/post/1",
        )  # fmt: skip
        draft = post_draft(facts, Bluesky.limits, language)
        assert bluesky.post(f"alarm-{language}-{name[:3]}", draft)


def test_a_link_on_bluesky_can_be_opened(bluesky, bluesky_server):
    draft = said("Anna Ковальчук: https://help.example.org/post/1 now")
    posted = bluesky.post("alarm-link", draft)
    record = _record(bluesky_server, posted)
    (facet,) = record.facets
    begin, end = facet.index.byte_start, facet.index.byte_end
    assert draft.text.encode()[begin:end] == b"https://help.example.org/post/1"


def test_a_picture_on_bluesky_has_its_description_and_its_shape(bluesky, bluesky_server, png):
    draft = replace(said("with a picture"), picture=png, alt="A map of Grozny", language="fr")
    posted = bluesky.post("alarm-picture", draft)
    assert bluesky.post("alarm-picture", draft) == posted
    record = _record(bluesky_server, posted)
    (image,) = record.embed.images
    assert (image.alt, image.image.mime_type) == ("A map of Grozny", "image/png")
    assert record.langs == ["fr"]


def test_an_answer_to_an_answer_stays_in_the_thread_on_bluesky(bluesky, bluesky_server):
    first = bluesky.post("alarm-thread", said("first"))
    second = bluesky.reply("alarm-thread-1", first, said("second"))
    third = bluesky.correct("alarm-thread-2", second, said("third"))
    record = _record(bluesky_server, third)
    assert (record.reply.root.uri, record.reply.parent.uri) == (first.id, second.id)


def test_a_bluesky_session_that_ends_in_the_midst_of_an_alarm_is_made_anew(bluesky):
    posted = bluesky.post("alarm-session", said("before"))
    client, _ = bluesky.session
    client._session.access_jwt = client._session.access_jwt[:-6] + "AAAAAA"
    client._session.refresh_jwt = client._session.refresh_jwt[:-6] + "AAAAAA"
    assert bluesky.reply("alarm-session-1", posted, said("after"))


def test_a_session_that_names_another_account_is_not_kept(bluesky_server, proxied):
    """An answer that was reworded once would have each post refused for as long as it is used."""
    proxy = proxied(bluesky_server.url)
    did, other = bluesky_server.did.encode(), b"did:plc:" + 24 * b"a"
    reworded = []

    def once(path, status, said):
        if "getSession" not in path or reworded:
            return status, said
        reworded.append(path)
        return status, said.replace(did, other)

    proxy.rewords = once
    bluesky = Bluesky(proxy.url, bluesky_server.handle, bluesky_server.app_password)
    assert bluesky.post("alarm-other", said("words")).id.startswith(f"at://{bluesky_server.did}/")
    assert reworded


def test_an_answer_about_another_record_proves_no_post_on_bluesky(bluesky_server, draft, proxied):
    proxy = proxied(bluesky_server.url)
    account = bluesky_server.handle, bluesky_server.app_password
    publisher, words = Bluesky(proxy.url, *account), draft()
    other = publisher.post("alarm-one", draft())
    said = {"uri": other.id, "cid": "bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454"}
    proxy.refuses = lambda body: (200, said) if words.text.encode() in body else None
    with pytest.raises(OutcomeUnknown):
        publisher.post("alarm-two", words)
    proxy.refuses = lambda body: None
    assert publisher.find("alarm-two", words) is None


def test_an_app_password_taken_back_in_the_midst_of_an_alarm_is_a_refusal(bluesky_server):
    from atproto import Client

    owner = Client(base_url=f"{bluesky_server.url}/xrpc")
    owner.login(bluesky_server.handle, bluesky_server.password, fetch_bsky_profile=False)
    password = owner.com.atproto.server.create_app_password({"name": "short"}).password
    bluesky = Bluesky(bluesky_server.url, bluesky_server.handle, password)
    posted = bluesky.post("alarm-revoked", said("before"))
    owner.com.atproto.server.revoke_app_password({"name": "short"})
    bluesky.session = None
    with pytest.raises(PublishingRefused) as refused:
        bluesky.reply("alarm-revoked-1", posted, said("after"))
    assert password not in str(refused.value)


def test_mastodon_takes_500_characters_and_no_more(mock_server):
    mastodon = Mastodon(mock_server, "mock_token")
    mastodon.post("alarm-500", said("a" * 500))
    with pytest.raises(PublishingRefused):
        mastodon.post("alarm-501", said("a" * 501))


def test_a_picture_on_mastodon_has_its_description(mock_server, png):
    mastodon = Mastodon(mock_server, "mock_token")
    posted = mastodon.post("k", replace(said("a picture here"), picture=png, alt="A map"))
    (media,) = mastodon.api().status(posted.id).media_attachments
    assert media.description == "A map"


def test_an_edited_post_on_mastodon_says_the_correction_and_keeps_its_address(snac_account):
    mastodon = snac_account
    posted = mastodon.post("k", said("Ana is in danger"))
    corrected = mastodon.correct("k-1", posted, said("CORRECTION: Ana is free"))
    assert corrected.url == posted.url
    content = mastodon._again(
        lambda: mastodon.call(lambda: mastodon.api().status(posted.id))
    ).content
    assert "Ana is free" in content
    assert "danger" not in content


def test_keys_of_x_that_are_taken_back_in_the_midst_of_an_alarm_are_a_refusal(x_server):
    x = X(**KEYS, server=x_server.url)
    posted = x.post("k", said("before"))
    x_server.validator.revoked = True
    with pytest.raises(PublishingRefused, match="balance"):
        x.reply("k-1", posted, said("after"))


def test_an_empty_account_at_x_is_a_refusal_that_says_so(x_server):
    x_server.broke = True
    with pytest.raises(PublishingRefused, match="demands payment"):
        X(**KEYS, server=x_server.url).post("k", said("words"))


def test_signatures_for_x_hold_for_every_letter_and_pictures_have_their_description(x_server, png):
    x = X(**KEYS, server=x_server.url)
    draft = replace(said("Анна آنا % & + ~ \" ' \u2068x\u2069"), picture=png, alt="A map")
    x.post("k", draft)
    (post,) = x_server.posts.values()
    assert post["text"] == draft.text
    (media,) = x_server.media.values()
    assert post["media"]["media_ids"] == list(x_server.media)
    assert (media["bytes"], media["alt"]) == (png, "A map")


def test_an_answer_on_x_is_tied_to_its_post(x_server):
    x = X(**KEYS, server=x_server.url)
    posted = x.post("k", said("first"))
    x.reply("k-1", posted, said("second"))
    assert [post.get("reply") for post in x_server.posts.values()] == [
        None,
        {"in_reply_to_tweet_id": posted.id},
    ]


def test_a_page_s_token_that_expires_in_the_midst_of_an_alarm_is_a_refusal(graph):
    facebook = Facebook(PAGE, TOKEN, APP_SECRET, graph.url)
    posted = facebook.post("k", said("before"))
    graph.expired = True
    for call in (
        lambda: facebook.reply("k-1", posted, said("after")),
        lambda: facebook.find("k", said("before")),
        lambda: facebook.correct("k-2", posted, said("not so")),
    ):
        with pytest.raises(PublishingRefused) as refused:
            call()
        assert TOKEN not in str(refused.value)


def test_a_picture_on_a_page_has_its_description_or_is_left_away(graph, png):
    facebook = Facebook(PAGE, TOKEN, APP_SECRET, graph.url)
    facebook.post("k", replace(said("one"), picture=png, alt="A map"))
    graph.takes_pictures = False
    facebook.post("k2", replace(said("two"), picture=png, alt="A map"))
    one, two = graph.posts.values()
    assert (bytes.fromhex(one["picture"]), one["alt"]) == (png, "A map")
    assert (two["message"], two["picture"]) == ("two", None)


@pytest.mark.parametrize(
    ("said", "access", "told", "words"),
    [
        (1_800_000_000, 0, 1_800_000_000.0, ""),
        (0, 1_790_000_000, 1_790_000_000.0, ""),
        (1_800_000_000, 1_790_000_000, 1_790_000_000.0, ""),
        (0, 0, None, "its token has no end date"),
        (None, 0, None, "when its token ends cannot be known"),
    ],
)
def test_the_check_says_when_facebooks_token_ends(graph, said, access, told, words):
    graph.token_until, graph.access_until = said, access
    (finding,) = Facebook(PAGE, TOKEN, APP_SECRET, graph.url).check()
    assert finding.ok
    assert finding.expires_at == told
    assert words in finding.what


def test_what_visitors_write_on_a_page_is_not_taken_for_ours_and_buries_nothing(graph):
    facebook = Facebook(PAGE, TOKEN, APP_SECRET, graph.url)
    words = said("Ana raised an alarm")
    graph.visitors = [words.text] * 200
    assert facebook.find("k", words) is None
    posted = facebook.post("k", words)
    assert facebook.find("k", words) == posted


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1, OutcomeUnknown), (2, OutcomeUnknown), (506, OutcomeUnknown), (4, PublishingFailed),
        (341, PublishingFailed), (368, PublishingFailed), (80001, PublishingFailed),
        (190, PublishingRefused), (200, PublishingRefused), (100, PublishingRefused),
    ],
)  # fmt: skip
def test_facebooks_codes_say_whether_anything_can_have_happened(graph, code, kind):
    """As its reference has them: graph-api/using-graph-api/error-handling."""
    graph.says = code
    with pytest.raises((OutcomeUnknown, PublishingFailed)) as raised:
        Facebook(PAGE, TOKEN, APP_SECRET, graph.url).post("k", said("words"))
    assert type(raised.value) is kind or (
        kind is PublishingRefused and isinstance(raised.value, kind)
    )


def test_an_edit_that_facebook_does_not_say_it_has_made_is_unknown(graph):
    facebook = Facebook(PAGE, TOKEN, APP_SECRET, graph.url)
    posted = facebook.post("k", said("words"))
    graph.edits = False
    with pytest.raises(OutcomeUnknown):
        facebook.correct("k-1", posted, said("not so"))


def test_a_token_of_another_page_is_found_by_the_check(graph):
    graph.owner = "9"
    (finding,) = Facebook(PAGE, TOKEN, APP_SECRET, graph.url).check()
    assert not finding.ok


def test_a_secret_of_another_app_does_not_prove_the_token(graph):
    with pytest.raises(PublishingRefused):
        Facebook(PAGE, TOKEN, "another", graph.url).post("k", said("words"))


def test_a_record_key_is_one_that_bluesky_takes(bluesky):
    for n in range(5):
        draft = said(f"key {n}")
        assert bluesky.post(f"key {n}", draft).id.endswith(record_key(f"key {n}", draft.made_at))


def _record(server, posted):
    where = {
        "repo": server.did,
        "collection": "app.bsky.feed.post",
        "rkey": posted.id.rsplit("/", 1)[-1],
    }
    return server.client().com.atproto.repo.get_record(where).value
