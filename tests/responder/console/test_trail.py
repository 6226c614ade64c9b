"""The audit trail in words: what officers did in alarms, and what was changed at HQ."""

from __future__ import annotations

import re

import pytest
from console_hand import Hand
from sqlalchemy import update

from outcry.responder.archive import case_file
from outcry.responder.console.desk import Act
from outcry.responder.console.team.shift_log import ShiftLog
from outcry.responder.console.team.trail import PAGE, trail
from outcry.responder.plans import repository
from outcry.responder.storage import store

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True


@pytest.fixture
def lived(world):
    """Two officers work on an alarm, change a plan, and write into the shift log."""
    console = world.hq.parts.console
    world.hq.takes(world.device.message())
    steps = [
        lambda: console.act(1, Act.ACKNOWLEDGE, "olga"),
        lambda: console.note(1, "pavel", "her brother knows nothing"),
        lambda: console.act(1, Act.CLOSE, "pavel", "she is home"),
        lambda: ShiftLog(world.hq.store, world.clock).write("olga", "the modem is new"),
        lambda: case_file.write(world.hq.store, 1, "Example Org", world.clock()),
    ]
    for step in steps:
        world.clock.passes(60)
        step()
    world.clock.passes(60)
    with world.hq.store.write() as connection:
        device = world.device.enrolment.device
        repository.change(connection, device, {}, world.clock(), "pavel")
    return world


def words(world, **which):
    return [line.words for line in trail(world.hq.store, **which).lines]


def test_everything_people_did_is_told_newest_first(lived):
    told = words(lived)
    assert told[:6] == [
        "Plan of Ana, as it is from then on: written by pavel",
        "A case file of alarm 1 was written",
        "Shift log, entry 1: written by olga",
        "Duty officer pavel closes the alarm: she is home",
        "Note by pavel: her brother knows nothing",
        "Duty officer olga has taken it",
    ]
    assert not any("modem" in line for line in told)  # the log itself says so, to those who read it


def test_of_one_officer_or_one_wearer_alone(lived):
    assert words(lived, officer="olga") == [
        "Shift log, entry 1: written by olga",
        "Duty officer olga has taken it",
    ]
    assert words(lived, officer="olg") == []
    device = lived.device.enrolment.device
    of_ana = words(lived, device=device)
    assert "Duty officer olga has taken it" in of_ana
    assert "A case file of alarm 1 was written" in of_ana
    assert "Shift log, entry 1: written by olga" not in of_ana
    assert words(lived, device=device + 1) == []
    assert words(lived, device=device, officer="pavel") == of_ana[:1] + of_ana[2:4]


def test_every_line_is_on_one_page_also_those_of_the_same_moment(lived):
    console = lived.hq.parts.console
    for n in range(2 * PAGE + 7):
        console.note(1, "olga", f"note {n}")
        if n % 3 == 0:
            lived.clock.passes(1)
    found, pages, before = [], 0, None
    while pages == 0 or before is not None:
        page = trail(lived.hq.store, before)
        found += [line.words for line in page.lines]
        before, pages = page.before, pages + 1
    assert pages >= 3
    for n in range(2 * PAGE + 7):
        assert found.count(f"Note by olga: note {n}") == 1
    assert found.count("Duty officer olga has taken it") == 1


def test_an_entry_that_somebody_has_spoilt_does_not_spoil_the_page(lived):
    with lived.hq.store.write() as connection:
        connection.execute(update(store.history).filter_by(what="NOTED").values(data="{}"))
    assert any("cannot be read" in line for line in words(lived))


def test_its_page_is_for_officers_alone_and_has_a_form_to_choose(lived, people):
    hand = Hand(people, lived.clock)
    assert hand.get("/console/trail").status_code == 303
    hand.settle(f"/console/welcome/{lived.hq.parts.officers.add('olga')}")
    hand.login()
    page = hand.get("/console/trail").text
    assert 'href="/console/alarm/1">Alarm 1</a>: Duty officer olga has taken it' in page
    assert "Account of olga: settled in" in page
    device = re.search(r'<option value="([0-9a-f]{8})">Ana', page)[1]
    chosen = hand.get(f"/console/trail?officer=olga&wearer={device}").text
    assert "<option selected>olga</option>" in chosen
    assert "Duty officer olga has taken it" in chosen
    assert "Note by pavel" not in chosen
    for odd in ("before=nan", "before=x", "wearer=zzzzzzzz", "wearer=1", "officer=%00%22"):
        assert hand.get(f"/console/trail?{odd}").status_code == 200
    hand.close()
