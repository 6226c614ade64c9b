"""Whatever is sent to the listeners: an answer as they are described, and nothing is changed."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from outcry.responder.contacts.app import contacts_app
from outcry.responder.contacts.dependencies import Parts
from outcry.responder.contacts.pages import Pages
from outcry.responder.contacts.public_pages import PublicPages
from outcry.responder.intake.app import DeviceApp
from outcry.responder.service.people_app import people_app
from outcry.responder.web.assets import Assets
from outcry.responder.web.own_words import OwnWords

pytestmark = pytest.mark.slow

EXAMPLES = 2000 if os.environ.get("OUTCRY_CAMPAIGNS") == "full" else 15
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
]


HTML = {"description": "a page", "content": {"text/html": {}}}
WORDS = {"description": "why not", "content": {"text/plain": {"schema": {"type": "string"}}}}
SEALED = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
A_REPORT = {
    "requestBody": {"required": True, "content": SEALED},
    "responses": {
        "200": {"description": "the receipt: a status byte and a MAC", "content": SEALED},
        **dict.fromkeys(("400", "408", "413", "500"), WORDS),
        "409": {"description": "where to go on", "content": SEALED},
    },
}
DEVICES = {
    "openapi": "3.1.0",
    "info": {"title": "devices' reports", "version": "1"},
    "paths": {"/v1/reports": {"post": A_REPORT}},
}
TYPES = {
    "png": "image/png",
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "xml": "application/xml",
    "txt": "text/plain",
    "/oembed": "application/json",
}  # others are pages


def description_of(app):
    """People's addresses and their fields, as the routes have them, and what each may answer."""
    described = app.openapi()
    del described["paths"]["/static/{digest}/{name}"]
    asked = described["paths"]["/oembed"]["get"]
    # Another format is refused with 501, as oEmbed has it: no server error.
    asked["parameters"] = [each for each in asked["parameters"] if each["name"] != "format"]
    for path, operations in described["paths"].items():
        kind = TYPES.get(path.rpartition(".")[2], "text/html")
        answers = {"200": {"description": "it", "content": {kind: {}}}, "404": HTML}
        if path == "/favicon.ico":
            answers = {"204": {"description": "nothing"}, "404": HTML}
        if path.startswith(("/a/", "/c/")) and kind == "text/html":
            answers["410"] = HTML  # the alarm is long over
        for operation in operations.values():
            operation["responses"] = answers
    return described


def fuzz(description, url, *methods):
    """Send what fits the description, and what hardly does, to every operation."""
    schema = schemathesis.openapi.from_dict(description).include(method=list(methods))
    seen = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in schemathesis.GenerationMode:

            @FUZZ
            @given(operation.as_strategy(generation_mode=mode))
            def answers_as_described(case):
                nonlocal seen
                seen += 1
                case.call_and_validate(base_url=url, checks=CHECKS)

            with suppress(Unsatisfiable):  # nothing could be wrong with a path without a field
                answers_as_described()
    return seen


def test_the_devices_listener_answers_as_it_is_described(world, serve):
    url = serve(DeviceApp(world.hq.inbox))
    assert fuzz(DEVICES, url, "POST") >= EXAMPLES
    assert world.hq.history() == []
    world.hq.takes(world.device.message())
    assert len(world.hq.history()) == 1  # alarm 1: nothing before it was taken for one


def test_reading_peoples_pages_changes_nothing_whatever_is_asked(world, serve):
    world.hq.takes(world.device.message())
    before = world.hq.entries()
    assets = Assets()
    pages = Pages("Example Org", "https://help.example.org", world.clock)
    public = PublicPages(pages.environment, pages.languages, assets.addresses, OwnWords(None))
    parts = Parts(world.hq.desk, world.hq.own_page, pages, public, assets)
    description = description_of(contacts_app(parts))
    assert fuzz(description, serve(people_app(world.hq.parts)), "GET") >= EXAMPLES
    assert world.hq.entries() == before


def test_no_listener_gives_its_description_away(world, serve):
    import httpx

    for app in (DeviceApp(world.hq.inbox), people_app(world.hq.parts)):
        url = serve(app)
        for path in ("/openapi.json", "/docs", "/redoc"):
            assert httpx.get(url + path).status_code == 404
