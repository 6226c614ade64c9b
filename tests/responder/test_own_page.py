"""The embedded publisher keeps what every publisher promises."""

from __future__ import annotations

import pytest

from outcry.responder.posting.publisher import PublishingFailed


@pytest.fixture
def page(world):
    return world.hq.own_page


def test_a_key_is_posted_once(page):
    first = page.post("alarm-1", "words")
    assert page.post("alarm-1", "words again") == first
    assert page.find("alarm-1") == first
    assert [post.text for post in page.newest()] == ["words"]


def test_what_was_never_posted_is_not_found(page):
    assert page.find("alarm-1") is None


def test_the_address_of_a_post_is_where_it_is_shown(page):
    posted = page.post("alarm-1", "words")
    assert posted.url == f"http://127.0.0.1:8443/post/{posted.id}"
    assert [post.text for post in page.thread(int(posted.id))] == ["words"]


def test_a_reply_stands_below_its_post(page):
    posted = page.post("alarm-1", "words")
    reply = page.reply("alarm-1-reply", posted.id, "more")
    assert page.reply("alarm-1-reply", posted.id, "more") == reply
    assert [post.text for post in page.thread(int(posted.id))] == ["words", "more"]


def test_a_correction_is_shown_and_moves_the_date_of_change(page, world):
    posted = page.post("alarm-1", "words")
    world.clock.passes(60)
    page.correct(posted.id, "not so")
    (post,) = page.newest()
    assert (post.correction, post.changed_at - post.published_at) == ("not so", 60)


def test_a_post_is_deleted_with_its_replies_and_deleting_twice_is_fine(page):
    posted = page.post("alarm-1", "words")
    page.reply("alarm-1-reply", posted.id, "more")
    page.delete(posted.id)
    page.delete(posted.id)
    assert page.newest() == []


def test_a_post_that_is_not_there_cannot_be_corrected_or_answered(page):
    with pytest.raises(PublishingFailed):
        page.correct("9", "words")
    with pytest.raises(PublishingFailed):
        page.reply("k", "9", "words")


def test_a_page_that_works_says_so(page):
    page.check()
