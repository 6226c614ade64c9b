"""The fault matrix: every step the modem is really asked, struck by every fault, in whole alarms.

In full by OUTCRY_CAMPAIGNS=full and in `make bench`; else a seeded sample that has every fault at
every command and stage at least once.
"""

import os
from dataclasses import replace

import pytest

from outcry.hw.power import Wire
from simulation.fault_matrix import campaign
from simulation.fault_matrix.cells import (
    CLOCKS,
    LIVES,
    REGISTRATIONS,
    cells,
    data_works,
    sample,
    steps,
)
from simulation.fault_matrix.verdict import Verdict, broken, leaves_by_s

pytestmark = pytest.mark.slow

SEED = 20261122
SAMPLE = 1025
KEPT = {
    "left": 45.0,
    "answered": None,
    "first_cmgs": 12.0,
    "first_contact": 30.0,
    "ready": True,
    "in_cmgs": False,
    "blocked": False,
    "duplicates": 0,
    "faults": 0,
}


@pytest.mark.timeout(3600)
def test_whatever_fault_strikes_whichever_step_the_alarm_leaves_in_time(capsys):
    full = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
    lived = campaign.run(list(cells()) if full else sample(SEED, SAMPLE))
    with capsys.disabled():
        print(f"\n{lived}")
    assert lived.broken == []
    assert lived.duplicates == 0
    assert max(at or 0 for at in lived.first_cmgs) <= 12


@pytest.mark.parametrize(
    ("name", "worlds"),
    [
        ("pressed while it boots, SIM with a PIN: deact at AT+CMGS no. 1, prompt", range(12)),
        ("pressed at each step of connecting again: reset at AT+CIPSTART no. 2, result", range(12)),
        (
            "pressed while it boots, SIM with a PIN: reset at AT+CMGS no. 1, prompt",
            (1287489453, 1048386555),
        ),
    ],
)
def test_whatever_the_chances_of_a_world(name, worlds):
    """Of each of these some never left, or left too late, in many worlds.

    Each text takes the connection with it: data has a try of its own. Each connecting restarts the
    modem: that is not laid to the text beside it. Each text restarts it: that is not laid to the
    connecting beside it again and again.
    """
    (cell,) = (c for c in cells() if c.lasting and str(c).startswith(name))
    assert campaign.run([replace(cell, world=world) for world in worlds]).broken == []


def test_the_steps_are_those_of_boot_data_path_and_sms():
    """What the matrix is made of is what a modem is really asked; this only looks at it."""
    asked = {step.command for life in LIVES for step in steps(life)}
    assert {"E", "+CPIN", "+CMGF", "+CNMI", "+CREG"} <= asked, "boot"
    assert {"+CIPSTART", "+CIPSEND", "+CIPRXGET", "+CIPCLOSE", "+CIPSHUT"} <= asked, "data"
    stages = {step.stage for life in LIVES for step in steps(life) if step.command == "+CMGS"}
    assert stages == {"command", "prompt", "text", "answer", "after"}
    assert {"+CGATT"} <= asked, "recovery"


def test_the_matrix_has_what_a_world_that_differs_does():
    """Wires of three kinds, two faults in a row, faults after +CMGS:, all registration values."""
    all_cells = list(cells())
    assert {cell.life.wire for cell in all_cells} == {None, *Wire}
    assert sum(cell.then is not None for cell in all_cells) > 500
    assert {
        cell.step.command for cell in all_cells if cell.step and cell.step.stage == "after"
    } == {"+CMGS"}
    told = {(cell.text, cell.lasting) for cell in all_cells if cell.text in REGISTRATIONS}
    assert len(told) == 2 * 12
    assert {cell.clock for cell in all_cells} == {"", *CLOCKS}
    assert len(CLOCKS) == 6


def test_of_two_faults_the_second_strikes_the_next_time(tmp_path):
    (cell, *_) = (
        cell
        for cell in cells()
        if cell.then is not None and (cell.fault, cell.step.command) == ("silent", "+CMGF")
    )
    world = cell.life.world(tmp_path, cell.valid_at)
    cell.arm(world)
    take = world.sim.faults.take
    skipped = cell.step.number
    struck = [take("+CMGF", cell.step.stage) for _ in range(skipped + 3)]
    assert [fault is not None for fault in struck] == [*[False] * skipped, True, True, False]


def test_the_sample_has_every_fault_at_every_command_and_stage():
    def kinds(some):
        return {(c.fault, c.step and (c.step.command, c.step.stage)) for c in some}

    assert kinds(sample(SEED, SAMPLE)) == kinds(cells())


def test_the_old_connection_is_old(tmp_path):
    """No heartbeat has used it lately; so it is closed after three seconds, and opened once."""
    (life,) = (life for life in LIVES if life.name == "pressed, connection forgotten")
    world = life.world(tmp_path, life.valid_at)
    world.run(life.until)
    (closed,) = [t - life.valid_at for t in world.commands("AT+CIPCLOSE")]
    assert 3 <= closed <= 4
    opened = [t for t in world.commands("AT+CIPSTART") if t > life.valid_at]
    assert len(opened) <= 2, "once from where it was closed, if the modem lets it, or after a shut"
    assert world.receipts[0] - life.valid_at <= 8
    assert world.commands("AT+CMGS") == []


def test_a_modem_that_takes_its_minute_for_a_text_has_it_only_where_no_wire_ends_that():
    minute = [cell for cell in cells() if cell.has_its_minute]
    assert minute
    assert all(cell.in_cmgs and cell.deaf and cell.life.wire is None for cell in minute)


def test_only_a_modem_that_can_carry_nothing_is_left_out():
    """The cells of a life are all there but for AT itself, and CMGS where data is dead too."""
    (down,) = (life for life in LIVES if life.name == "pressed, data down")
    assert not data_works(down)
    kept = {
        (cell.step.command, cell.lasting) for cell in cells() if cell.life is down and cell.step
    }
    assert ("+CMGS", False) in kept
    assert ("+CMGS", True) not in kept
    assert {(step.command, False) for step in steps(down)} <= kept


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"left": None}, "left after never"),
        ({"left": 60.1}, "left after 60.1 s"),
        ({"duplicates": 1}, "1 texts twice"),
        ({"faults": 1}, "a fault in Outcry"),
        ({"wrong_times": 2}, "2 reports with a wrong time"),
        ({"first_cmgs": 12.1}, "first AT+CMGS after 12.1 s"),
        ({"first_cmgs": None}, "first AT+CMGS after never"),
        ({"first_contact": 30.1}, "first contact's text after 30.1 s"),
        ({"in_cmgs": True, "left": 45.1}, "left after 45.1 s"),
    ],
)
def test_a_broken_promise_is_told(wrong, words):
    cell = next(cell for cell in cells() if cell.fault == "silent" and not cell.in_cmgs)
    kept = {**KEPT, "left": 60.0}
    assert broken(cell, Verdict(**kept)) == []
    assert broken(cell, Verdict(**{**kept, **wrong})) == [words]


def test_a_modem_that_hangs_in_a_text_has_its_45_s_from_when_it_could_take_one():
    hangs = next(c for c in cells() if c.in_cmgs and c.fault == "hang" and c.then is None)
    twice = next(c for c in cells() if c.in_cmgs and c.deaf and c.then is not None)
    other = next(c for c in cells() if c.in_cmgs and not c.deaf)
    in_cmgs = {**KEPT, "in_cmgs": True}
    assert leaves_by_s(hangs, Verdict(**in_cmgs)) == 45
    starting = Verdict(**{**in_cmgs, "ready": False, "first_cmgs": 9.0})
    assert leaves_by_s(hangs, starting) == 54
    assert leaves_by_s(hangs, replace(starting, first_cmgs=16.0)) == 60, "never more than that"
    assert leaves_by_s(twice, starting) == 60
    assert leaves_by_s(other, starting) == 45
