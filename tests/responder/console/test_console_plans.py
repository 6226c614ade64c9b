"""A wearer's plan at the console: the file it is, with the file's own refusals, by name in the record."""

from __future__ import annotations

import html
import json
import re

import pytest
from console_hand import Hand, token_in
from sqlalchemy import select

from outcry.responder import daily_check
from outcry.responder.findings import Finding
from outcry.responder.plans import repository
from outcry.responder.rules.events import GroundFound
from outcry.responder.storage import store

pytestmark = pytest.mark.slow


@pytest.fixture
def olga(world, people):
    hand = Hand(people, world.clock)
    hand.settle(f"/console/welcome/{world.hq.parts.officers.add('olga')}")
    hand.login()
    yield hand
    hand.close()


def address(world):
    return f"/console/wearer/{world.device.enrolment.device:08x}/plan"


def shown(page):
    """The file in the text field, as a browser reads it."""
    return html.unescape(re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)[1])


def agreed(world):
    with world.hq.store.read() as connection:
        return repository.of_device(connection, world.device.enrolment.device)


def test_the_overview_leads_to_each_wearers_plan(olga, world):
    assert f'href="{address(world)}"' in olga.get("/console").text
    page = olga.get(address(world))
    assert page.status_code == 200
    assert "The plan of Ana" in page.text


def test_what_is_shown_can_be_sent_back_unchanged(olga, world):
    before = agreed(world)
    text = shown(olga.get(address(world)).text)
    answer = olga.send("/console", address(world), plan=text.replace("\n", "\r\n"))
    assert answer.status_code == 303, answer.text
    assert agreed(world) == before


def test_a_change_counts_and_stands_in_the_record_with_the_officers_name(olga, world):
    text = shown(olga.get(address(world)).text)
    changed = text.replace("quorum = 2", "quorum = 3")
    assert changed != text
    answer = olga.send("/console", address(world), plan=changed)
    assert olga.get(answer.headers["location"]).status_code == 200
    assert agreed(world).quorum == 3
    with world.hq.store.read() as connection:
        said = connection.scalars(
            select(store.record.c.data).where(store.record.c.what == "PLAN")
        ).all()
    assert json.loads(said[-1])["by"] == "olga"


def test_every_problem_is_told_in_the_files_words_and_nothing_is_changed(olga, world):
    before = agreed(world)
    wrong = "[record]\nkeep_days = -1\nkeep_day = 3\n<b>"
    for text in (wrong, "[record]\nkeep_days = -1\nkeep_day = 3\n"):
        answer = olga.send("/console", address(world), plan=text)
        assert answer.status_code == 422
        assert "Not saved" in answer.text
        assert shown(answer.text).strip() == text.strip()
    assert "keep_days" in answer.text
    assert "keep_day " in html.unescape(answer.text)
    assert "<b>" not in answer.text
    assert agreed(world) == before


def test_a_plan_goes_through_the_form_alone(olga, world):
    before = agreed(world)
    text = "[record]\nkeep_days = 3\n"
    assert olga.post(address(world), None, plan=text).status_code == 403
    token = token_in(olga.get("/console").text)
    origin = {"origin": "https://evil.example"}.items()
    assert olga.post(address(world), token, origin, plan=text).status_code == 403
    olga.cookies.clear()
    assert olga.post(address(world), token, plan=text).status_code == 303
    assert agreed(world) == before


@pytest.mark.parametrize("device", ["00000000", "zz", "0000000g", "..%2f", "1" * 40])
def test_nobody_is_found_by_a_wrong_address(olga, device):
    assert olga.get(f"/console/wearer/{device}/plan").status_code == 404


def test_an_endless_plan_is_refused(olga, world):
    answer = olga.send("/console", address(world), plan="#" * 200_000)
    assert answer.status_code == 413


def test_an_alarm_under_way_goes_on_by_the_new_plan_at_once(olga, world):
    world.hq.takes(world.device.message())
    world.hq.works()
    with world.hq.store.write() as connection:
        connection.execute(store.alarm.update().values(due_at=world.clock() + 3600))
    olga.send("/console", address(world), plan=shown(olga.get(address(world)).text))
    with world.hq.store.read() as connection:
        assert connection.scalar(select(store.alarm.c.due_at)) == world.clock()


def test_an_alarm_that_waits_for_nothing_but_an_answer_goes_on_by_the_new_plan_too(olga, world):
    world.hq.takes(world.device.message())
    world.hq.works()
    world.answers(world.invitation(1), world.pins[0], "confirm")
    world.hq.works()
    assert GroundFound not in world.hq.history()
    text = shown(olga.get(address(world)).text)
    olga.clock.passes(30)
    weaker = text.replace("quorum = 2", "quorum = 1")
    olga.send("/console", address(world), plan=weaker, code=olga.code())
    world.hq.works()
    assert GroundFound in world.hq.history()


@pytest.mark.parametrize("text", ["a = " + "[" * 20_000, "a = " + "1" * 5_000])
def test_a_plan_that_no_reader_can_stomach_is_refused_like_any_other(olga, world, text):
    answer = olga.send("/console", address(world), plan=text)
    assert answer.status_code == 422
    assert "not TOML" in answer.text


def test_a_form_with_too_many_fields_is_refused(olga, world):
    fields = {f"f{n}": "1" for n in range(30)}
    assert olga.send("/console", address(world), plan="", **fields).status_code == 413


def test_the_daily_check_is_on_the_first_page(olga, world):
    assert "The check has never run" in olga.get("/console").text
    findings = (
        Finding(True, "own page: can be written"),
        Finding(False, "mastodon: the token is refused", "make a new one"),
    )
    with world.hq.store.write() as connection:
        daily_check.keep(connection, findings, world.clock())
    page = olga.get("/console").text
    assert re.search(r"2 checks, 0 s ago \(.+\): 1 needs attention\.", page)
    assert "NOT OK: mastodon: the token is refused; make a new one" in page
    assert "own page" not in page
