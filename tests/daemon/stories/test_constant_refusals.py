"""A modem that answers everything and does nothing: whatever it refuses, it is restarted in time.

Recovery follows progress: for every constant refusal, of any command with any code, either the alarm
leaves, or the modem is restarted; and what was refused leaves as soon as the modem can.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from outcry.hw.board.modem.faults import Fault, Kind, Stage
from outcry.hw.board.modem.gprs import How
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.power import Wire
from simulation.refusals import (
    CODES,
    DECISIVE,
    FIRST_TEXT_S,
    POWER_CYCLE_S,
    PRESS_AT,
    RESTART_S,
    WIRES,
    Case,
    Place,
    Refusal,
    RefusedWorld,
    draw,
    places,
)
from simulation.wearable import SimulatedWorld

pytestmark = pytest.mark.slow

SEED = 20261126
FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
NAMES = {"Ana", "HQ", "Boris", "Chiara"}
SLOW = [
    (seconds, how, wire)
    for seconds in (0.1, 5.0, 15.0, 22.0, 27.0, 31.0, 35.0, 39.0, 43.0, 50.0, 59.0)
    for how in ("dead", "silent")
    for wire in (None, *Wire)
]


def lives_up_to_it(case: Case) -> None:
    """The alarm leaves in time, or the modem is restarted in time and it leaves then."""
    world = case.live()
    left_before = world.first_text is not None and world.first_text <= FIRST_TEXT_S
    if world.boots and not left_before:
        assert world.boots[0] <= RESTART_S
        assert not case.wire or world.pulled[0] <= POWER_CYCLE_S
    elif world.first_text is not None:
        assert world.first_text <= FIRST_TEXT_S
    assert world.boots or world.first_text is not None, "never restarted"
    if case.cured:
        assert {name for _, name in world.texts_given()} == NAMES
        assert world.first_text is not None
        assert world.ready_at is not None or not world.boots
        assert world.first_text - (world.ready_at or 0.0) <= FIRST_TEXT_S


@pytest.mark.parametrize("cured", [False, True], ids=["for ever", "until restarted"])
@pytest.mark.parametrize("place", places(), ids=lambda each: f"AT{each[0]} at {each[1]}")
@pytest.mark.parametrize("turn", "abcd" if FULL else "a")
def test_whatever_is_refused_the_alarm_leaves_or_the_modem_is_restarted(
    place: Place, cured: bool, turn: str
) -> None:
    lives_up_to_it(draw(f"{SEED}{turn}", place, cured))


@pytest.mark.parametrize("said", ["ERROR", "SEND FAIL", "+CME ERROR: 100"])
@pytest.mark.parametrize("after_s", [-5.0, 140.0], ids=["open", "answered"])
def test_a_connection_that_takes_no_request_is_no_data_path(
    tmp_path: Path, said: str, after_s: float
) -> None:
    """Each connects, and each request is refused until the modem restarts; the texts are well."""
    world = SimulatedWorld(tmp_path)
    refuses = Fault(Kind.ERROR, text=said)
    valid = world.presses(PRESS_AT)
    begins = valid + after_s
    world.at(begins, lambda: world.sim.faults.on("+CIPSEND", refuses, times=None))

    def booted() -> bool:
        return any(what == "boot" and at > begins for at, what, _ in world.seen)

    def look() -> None:
        if booted():
            world.sim.faults.clear()
        else:
            world.at(world.now + 0.5, look)

    world.at(begins + 1.0, look)
    world.run(valid + 3600.0)
    assert booted(), "never restarted"
    assert len(world.commands("AT+CIPSEND")) < 150, "it connects again and again"
    assert world.outbox.unanswered() == []


@pytest.mark.slow
@pytest.mark.parametrize("cured", [False, True], ids=["for ever", "until restarted"])
@pytest.mark.parametrize("place", places() if FULL else DECISIVE)
def test_every_code_there_is(place: Place, cured: bool) -> None:
    codes = CODES if FULL else Random(SEED).sample(CODES, 6)  # one for each wire
    for number, code in enumerate(codes):
        lives_up_to_it(Case(Refusal(*place, code), WIRES[number % 6], number % 4 > 1, cured))


@pytest.mark.parametrize(
    ("seconds", "how", "wire"), SLOW if FULL else Random(SEED).sample(SLOW, len(SLOW) // 3)
)
def test_a_network_slow_to_refuse_puts_the_restart_off_by_no_more_than_the_text_that_is_out(
    tmp_path: Path, seconds: float, how: How, wire: Wire | None
) -> None:
    world = RefusedWorld(tmp_path, wire=wire)
    world.at(PRESS_AT - 4, lambda: world.sim.set_gprs(how, world.now))
    Refusal("+CMGS", "text", "+CMS ERROR: 332", seconds).begins(world)
    world.lives(RESTART_S + 10)
    assert world.boots
    assert world.boots[0] <= RESTART_S


ENDS = [
    (stage, said, how, wire)
    for stage in ("command", "prompt", "text")
    for said in ("", "OK", "NO CARRIER", "COMMAND NOT SUPPORT", "+CMS ERROR:38")
    for how in ("dead", "refused", "connecting", "silent", "rubbish")
    for wire in (None, Wire.SUPPLY)
]


@pytest.mark.parametrize(
    ("stage", "said", "how", "wire"), ENDS if FULL else Random(SEED).sample(ENDS, len(ENDS) // 3)
)
def test_texts_that_end_in_no_refusal_put_the_restart_off_by_half_a_minute(
    tmp_path: Path, stage: Stage, said: str, how: How, wire: Wire | None
) -> None:
    """Each is followed by a turn of data, which carries nothing either; a restart cures the texts."""
    world = RefusedWorld(tmp_path, wire=wire, cured=True)
    world.at(PRESS_AT - 4, lambda: world.sim.set_gprs(how, world.now))
    fault = Fault(Kind.ERROR if said else Kind.SILENT, stage=stage, text=said)
    world.at(PRESS_AT - 4, lambda: world.sim.faults.on("+CMGS", fault, times=None))
    world.lives(RESTART_S + 60)
    assert world.boots
    assert world.boots[0] <= RESTART_S
    assert world.ready_at is not None
    assert world.first_text is not None
    assert world.first_text - world.ready_at <= FIRST_TEXT_S
    assert {name for _, name in world.texts_given()} == NAMES


def test_no_rung_is_taken_while_a_text_is_on_its_way(tmp_path: Path) -> None:
    world = RefusedWorld(tmp_path)
    Refusal("+CMGS", "text", "+CMS ERROR: 332", 40.0).begins(world)
    world.lives(600)
    given = [t - world.valid for t in world.commands("AT+CMGS") if t > world.valid]
    radio = [t - world.valid for t in world.commands("AT+CFUN") if t > world.valid]
    assert radio
    for at in radio:
        assert not any(begun + 1 < at < begun + 39 for begun in given)


@pytest.mark.parametrize("lifted_after", [10.0, 50.0, 100.0, 250.0, 500.0, 1000.0])
def test_once_the_network_takes_texts_again_the_first_leaves_soon_and_the_rest_at_once(
    tmp_path: Path, lifted_after: float
) -> None:
    """Without any sign: only trying tells."""
    world = RefusedWorld(tmp_path)
    Refusal("+CMGS", "text", "+CMS ERROR: 38", 1.5).begins(world)
    world.at(world.valid + lifted_after, world.sim.faults.clear)
    world.lives(lifted_after + 90)
    assert world.ready_at is not None
    assert world.first_text is not None
    assert world.first_text - world.ready_at <= FIRST_TEXT_S
    times = [t - world.valid for t, _ in world.texts_given()]
    assert len(times) == 7
    # Until the last one's first part, eight parts: one after the other, whatever chance draws.
    one_after_another_s = 8 * Timing().sms_submit[1] + 1.0
    assert max(times) - world.first_text <= one_after_another_s, "their waits are over with it"


def test_one_number_that_is_refused_is_tried_as_rarely_as_ever(tmp_path: Path) -> None:
    """It is not the network's fault, so it costs no battery and no restart.

    The dead data path costs one, minutes later.
    """
    world = RefusedWorld(tmp_path)
    tried: list[float] = []

    hand_over = world.modem.send_sms

    def send(ref: str, number: str, text: str) -> None:
        bad = number == "+447700900101"
        tried.extend([world.now] * bad)
        world.sim.set_sms_refusal(28 if bad else None, world.now)
        hand_over(ref, number, text)

    world.modem.send_sms = send  # type: ignore[method-assign]
    world.lives(500)
    assert world.boots == []
    assert {name for _, name in world.texts_given()} == NAMES - {"Ana"}
    assert len(tried) <= 2 * 7, "two texts, each with the waits of the table"


def test_a_sim_that_is_gone_is_looked_for_by_a_restart(tmp_path: Path) -> None:
    world = RefusedWorld(
        tmp_path, wire=Wire.SUPPLY, boots_at_press=True, options=Options(sim=False)
    )
    world.lives(120)
    assert world.boots
    assert world.boots[0] <= RESTART_S
    assert world.pulls


@pytest.mark.parametrize("answer", ["2,2", "2,3", "2,0", "2,4", "2,8", "2,11"])
def test_a_modem_that_wrongly_says_that_it_has_no_network_is_tried_all_the_same(
    tmp_path: Path, answer: str
) -> None:
    """Of both texts and data, one a minute; a text that leaves brings the others after it."""
    world = RefusedWorld(tmp_path)
    Refusal("+CREG", "command", f"+CREG: {answer}\r\n\r\nOK").begins(world)
    world.at(150 + PRESS_AT, lambda: world.sim.set_gprs("on", world.now))
    world.at(PRESS_AT, lambda: world.sim.set_sms_refusal(331, world.now))
    world.at(PRESS_AT + 50, lambda: world.sim.set_sms_refusal(None, world.now))
    world.lives(200)
    assert len([t for t in world.commands("AT+CIPSTART") if t > world.valid]) >= 2
    assert {name for _, name in world.texts_given()} == NAMES
    assert "HQ has it" in world.motor.pulses


def test_where_there_really_is_no_network_the_tries_are_one_a_minute(tmp_path: Path) -> None:
    world = RefusedWorld(tmp_path)
    world.at(PRESS_AT - 10, lambda: world.sim.set_network(False, world.now))
    world.at(world.valid + 900, lambda: world.sim.set_network(True, world.now))
    world.lives(960)
    for command in ("AT+CMGS", "AT+CIPSTART"):
        tries = [t - world.valid for t in world.commands(command) if 0 < t - world.valid < 900]
        assert 9 <= len(tries) <= 16
    assert world.first_text is not None
    assert world.first_text - 900 <= FIRST_TEXT_S
    connects = [t - world.valid - 900 for t in world.commands("AT+CIPSTART")]
    assert min(after for after in connects if after > 0) <= 15, "its wait is over, too"
    assert len(world.boots) <= 5, "restarts grow rare"
