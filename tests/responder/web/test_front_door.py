"""The daily check asks for HQ's pages from outside, through the shipped proxies."""

from __future__ import annotations

import time

import pytest
from starlette.responses import PlainTextResponse

from outcry.responder import daily_check, settings
from outcry.responder.web import front_door
from stage.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def believed(front, monkeypatch):
    """The proxy, whose authority this machine believes."""
    monkeypatch.setenv("SSL_CERT_FILE", str(front.proxy.authority))
    return front


def test_pages_that_can_be_opened_are_well_until_their_certificate_expires(believed):
    found = front_door.look(believed.proxy.url)
    assert found.ok, found.what
    assert found.expires_at > time.time()
    assert believed.asked == ["HEAD /"]


def test_it_is_a_part_of_the_daily_check(believed, world):
    people = {"behind_proxy": True, "public_url": believed.proxy.url}
    given = settings.check(world.hq.given | {"people": people})
    said = [each.what for each in daily_check.look(given, world.hq.store, dict, world.clock())]
    assert f"pages can be opened at {believed.proxy.url}" in said


def test_a_certificate_that_phones_do_not_believe_is_named(front):
    found = front_door.look(front.proxy.url)
    assert not found.ok
    assert "do not believe the certificate" in found.what


@pytest.mark.parametrize(
    ("status", "words"), [(200, "another site answers"), (404, "answers 404"), (503, "answers 503")]
)
def test_what_answers_in_hqs_place_is_not_taken_for_it(believed, status, words):
    believed.people.app = PlainTextResponse("It works!", status)
    found = front_door.look(believed.proxy.url)
    assert not found.ok
    assert words in found.what


@pytest.mark.parametrize(
    ("host", "why"), [("localhost", "Connection refused"), ("nowhere.invalid", "nobody can open")]
)
def test_an_address_that_leads_nowhere_is_told(host, why):
    found = front_door.look(f"https://{host}:{free_port()}")
    assert not found.ok
    assert why in found.what
