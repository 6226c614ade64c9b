"""The embedded publisher keeps what every publisher promises."""

from __future__ import annotations

import pytest

from outcry.responder.posting.publisher import Draft, Posted, PublishingFailed

WORDS = Draft("words", "en", 0.0)
MORE = Draft("more", "en", 0.0)
NOT_SO = Draft("not so", "en", 0.0)
NOT_THERE = Posted("9", "http://127.0.0.1:8443/post/9")


@pytest.fixture
def page(world):
    return world.hq.own_page


def test_a_key_is_posted_once(page):
    first = page.post("alarm-1", WORDS)
    assert page.post("alarm-1", Draft("words again", "en", 0.0)) == first
    assert page.find("alarm-1", WORDS) == first
    assert [post.text for post in page.newest()] == ["words"]


def test_what_was_never_posted_is_not_found(page):
    assert page.find("alarm-1", WORDS) is None


def test_the_address_of_a_post_is_where_it_is_shown(page):
    posted = page.post("alarm-1", WORDS)
    assert posted.url == f"http://127.0.0.1:8443/post/{posted.id}"
    assert [post.text for post in page.thread(int(posted.id))] == ["words"]


def test_a_reply_stands_below_its_post(page):
    posted = page.post("alarm-1", WORDS)
    reply = page.reply("alarm-1-reply", posted, MORE)
    assert page.reply("alarm-1-reply", posted, MORE) == reply
    assert [post.text for post in page.thread(int(posted.id))] == ["words", "more"]


def test_a_correction_is_shown_and_moves_the_date_of_change(page, world):
    posted = page.post("alarm-1", WORDS)
    world.clock.passes(60)
    page.correct("alarm-1-correction", posted, NOT_SO)
    (post,) = page.newest()
    assert (post.correction, post.changed_at - post.published_at) == ("not so", 60)


def test_a_post_is_deleted_with_its_replies_and_deleting_twice_is_fine(page):
    posted = page.post("alarm-1", WORDS)
    page.reply("alarm-1-reply", posted, MORE)
    page.delete(posted)
    page.delete(posted)
    assert page.newest() == []


def test_a_post_that_is_not_there_cannot_be_corrected_or_answered(page):
    with pytest.raises(PublishingFailed):
        page.correct("c", NOT_THERE, WORDS)
    with pytest.raises(PublishingFailed):
        page.reply("k", NOT_THERE, WORDS)


def test_a_page_that_works_says_so(page):
    (finding,) = page.check()
    assert finding.ok


def test_the_same_correction_again_is_no_change(page, world):
    posted = page.post("alarm-1", WORDS)
    page.correct("c", posted, NOT_SO)
    world.clock.passes(60)
    assert page.correct("c", posted, NOT_SO) == posted
    (post,) = page.newest()
    assert post.changed_at == post.published_at


def test_a_picture_and_its_description_belong_to_the_post(page):
    posted = page.post("alarm-1", Draft("words", "ar", 0.0, b"png", "a map"))
    bare = page.post("alarm-2", WORDS)
    newer, older = page.newest()
    assert (older.language, older.has_picture, older.alt) == ("ar", True, "a map")
    assert (newer.has_picture, newer.alt) == (False, "")
    assert page.picture(int(posted.id)) == b"png"
    assert page.picture(int(bare.id)) is None
    assert page.picture(99) is None


def test_a_page_that_does_not_answer_says_so_and_does_not_raise(page, world):
    from outcry.responder.storage import store

    with world.hq.store.write() as connection:
        store.post.drop(connection)
    (finding,) = page.check()
    assert not finding.ok
    assert finding.remedy
