"""A modem that answers everything and does nothing: whatever it refuses, it is restarted in time.

Recovery follows progress: for every constant refusal, of any command with any code, either the alarm
leaves, or the modem is restarted; and what was refused leaves as soon as the modem can.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from outcry.hw.board.modem.faults import Fault, Kind, Stage
from outcry.hw.board.modem.gprs import How
from outcry.hw.board.modem.options import Options
from simulation.cells import LIVES, steps
from simulation.wearable import SimulatedWorld

SEED = 20261126
PRESS_AT = 140.0
RESTART_S = 90.0
POWER_CYCLE_S = 300.0
FIRST_TEXT_S = 30.0
FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
CME = (*range(51), 100, *range(103, 113), *range(132, 135), *range(148, 151), 160, 161, 180, 797)
CMS = (1, 8, 10, *range(21, 51), 69, 81, *range(95, 128), 255, *range(300, 333), *range(500, 533))
CODES = ("ERROR", *(f"+CME ERROR: {n}" for n in CME), *(f"+CMS ERROR: {n}" for n in CMS))
PLACES: list[tuple[str, Stage]] = [("", "command"), ("+CMGS", "text")]
PLACES += [(command, "command") for command in sorted({s.command for x in LIVES for s in steps(x)})]
DECISIVE: list[tuple[str, Stage]] = [("+CPIN", "command"), ("+CMGS", "command"), ("+CMGS", "text")]


@dataclass(frozen=True)
class Refusal:
    """At this stage of this command, from the first time on, after so many seconds."""

    command: str
    stage: Stage
    text: str
    seconds: float = 0.1

    def begins(self, world: Story) -> None:
        """Before anything is asked of a modem that boots, else shortly before the press."""
        fault = Fault(Kind.ERROR, stage=self.stage, text=self.text, seconds=self.seconds)
        at = world.now if world.boots_at_press else PRESS_AT - 5
        world.at(at, lambda: world.sim.faults.on(self.command, fault, times=None))


class Story(SimulatedWorld):
    """GPRS is dead; what was done to the modem since the press, in seconds after it."""

    def __init__(
        self,
        folder: Path,
        *,
        wire: bool = False,
        cured: bool = False,
        boots_at_press: bool = False,
        options: Options | None = None,
    ) -> None:
        super().__init__(folder, power_wire=wire, warm=not boots_at_press, options=options)
        if boots_at_press:
            self.at(PRESS_AT - 2, lambda: self.sim.power_on(self.now))
        self.boots_at_press = boots_at_press
        self.cured = cured
        self.boots: list[float] = []
        self.pulls: list[float] = []
        self.ready_at: float | None = None
        reset = self.sim.reset

        def pulled(now: float) -> None:
            self.pulls.append(now - self.valid)
            reset(now)

        self.sim.reset = pulled  # type: ignore[method-assign]
        self.at(PRESS_AT - 5, lambda: self.sim.set_gprs("dead", self.now))
        self.valid = self.presses(PRESS_AT)
        self.at(self.valid, self._look)

    def _look(self) -> None:
        """Several times a second: a modem that has booted may be cured by that."""
        self.boots = [t - self.valid for t, what, _ in self.seen if what == "boot"]
        self.boots = [t for t in self.boots if t > 0]
        if self.boots and self.cured:
            self.sim.faults.clear()
        ready = self.sim.registration.registered and self.sim.registration.sms_ready
        if ready and not len(self.sim.faults) and self.ready_at is None:
            self.ready_at = self.now - self.valid
        self.at(self.now + 0.25, self._look)

    def lives(self, seconds: float) -> None:
        self.run(self.valid + seconds)
        assert self.faults == []

    @property
    def first_text(self) -> float | None:
        return min((t - self.valid for t, _ in self.texts_given() if t > self.valid), default=None)


def refused_for_ever(folder: Path, refusal: Refusal, wire: bool, boots: bool) -> None:
    world = Story(folder, wire=wire, boots_at_press=boots)
    refusal.begins(world)
    world.lives(POWER_CYCLE_S + 10)
    if world.first_text is None:
        assert world.boots, "never restarted"
        assert world.boots[0] <= RESTART_S
        assert not wire or world.pulls[0] <= POWER_CYCLE_S
    else:
        assert world.first_text <= FIRST_TEXT_S


def cured_by_a_restart(folder: Path, refusal: Refusal, wire: bool, boots: bool) -> None:
    world = Story(folder, wire=wire, cured=True, boots_at_press=boots)
    refusal.begins(world)
    world.lives(RESTART_S + 60)
    assert world.first_text is not None
    if world.boots:
        assert world.boots[0] <= RESTART_S
        assert world.ready_at is not None
        assert world.first_text - world.ready_at <= FIRST_TEXT_S
    assert {name for _, name in world.texts_given()} == {"Ana", "HQ", "Boris", "Chiara"}


Lived = Callable[[Path, Refusal, bool, bool], None]
LIVED = [refused_for_ever, cured_by_a_restart]


@pytest.mark.parametrize("lived", LIVED)
@pytest.mark.parametrize(("command", "stage"), PLACES, ids=lambda each: each or "AT")
def test_whatever_is_refused_the_alarm_leaves_or_the_modem_is_restarted(
    tmp_path: Path, command: str, stage: Stage, lived: Lived
) -> None:
    random = Random(f"{SEED} {command} {stage}")
    for boots in (False, True):
        folder = tmp_path / str(boots)
        folder.mkdir()
        code, wire = random.choice(CODES), random.choice([False, True])
        lived(folder, Refusal(command, stage, code), wire, boots)


@pytest.mark.slow
@pytest.mark.parametrize("lived", LIVED)
@pytest.mark.parametrize(("command", "stage"), PLACES if FULL else DECISIVE)
def test_every_code_there_is(tmp_path: Path, command: str, stage: Stage, lived: Lived) -> None:
    codes = CODES if FULL else Random(SEED).sample(CODES, 20)
    for number, code in enumerate(codes):
        folder = tmp_path / str(number)
        folder.mkdir()
        lived(folder, Refusal(command, stage, code), number % 2 == 1, number % 3 == 1)


@pytest.mark.parametrize(
    "seconds", [0.1, 5.0, 15.0, 22.0, 27.0, 31.0, 35.0, 39.0, 43.0, 50.0, 59.0]
)
@pytest.mark.parametrize("how", ["dead", "silent"])
@pytest.mark.parametrize("wire", [False, True], ids=["", "wire"])
def test_a_network_slow_to_refuse_puts_the_restart_off_by_no_more_than_the_text_that_is_out(
    tmp_path: Path, seconds: float, how: How, wire: bool
) -> None:
    world = Story(tmp_path, wire=wire)
    world.at(PRESS_AT - 4, lambda: world.sim.set_gprs(how, world.now))
    Refusal("+CMGS", "text", "+CMS ERROR: 332", seconds).begins(world)
    world.lives(RESTART_S + 10)
    assert world.boots
    assert world.boots[0] <= RESTART_S


def test_no_rung_is_taken_while_a_text_is_on_its_way(tmp_path: Path) -> None:
    world = Story(tmp_path)
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
    world = Story(tmp_path)
    Refusal("+CMGS", "text", "+CMS ERROR: 38", 1.5).begins(world)
    world.at(world.valid + lifted_after, world.sim.faults.clear)
    world.lives(lifted_after + 90)
    assert world.ready_at is not None
    assert world.first_text is not None
    assert world.first_text - world.ready_at <= FIRST_TEXT_S
    times = [t - world.valid for t, _ in world.texts_given()]
    assert len(times) == 7
    assert max(times) - world.first_text <= 30, "the waits of the others are over with the first"


def test_one_number_that_is_refused_is_tried_as_rarely_as_ever(tmp_path: Path) -> None:
    """It is not the network's fault, so it costs no battery and no restart."""
    world = Story(tmp_path)
    tried: list[float] = []

    hand_over = world.modem.send_sms

    def send(ref: str, number: str, text: str) -> None:
        bad = number == "+447700900101"
        tried.extend([world.now] * bad)
        world.sim.set_sms_refusal(28 if bad else None, world.now)
        hand_over(ref, number, text)

    world.modem.send_sms = send  # type: ignore[method-assign]
    world.lives(600)
    assert world.boots == []
    assert {name for _, name in world.texts_given()} == {"HQ", "Boris", "Chiara"}
    assert len(tried) <= 2 * 7, "two texts, each with the waits of the table"


def test_a_sim_that_is_gone_is_looked_for_by_a_restart(tmp_path: Path) -> None:
    world = Story(tmp_path, wire=True, boots_at_press=True, options=Options(sim=False))
    world.lives(120)
    assert world.boots
    assert world.boots[0] <= RESTART_S
    assert world.pulls


@pytest.mark.parametrize("answer", ["2,2", "2,3", "2,0", "2,4", "2,8", "2,11"])
def test_a_modem_that_wrongly_says_that_it_has_no_network_is_tried_all_the_same(
    tmp_path: Path, answer: str
) -> None:
    """Of both texts and data, one a minute; a text that leaves brings the others after it."""
    world = Story(tmp_path)
    Refusal("+CREG", "command", f"+CREG: {answer}\r\n\r\nOK").begins(world)
    world.at(90 + PRESS_AT, lambda: world.sim.set_gprs("on", world.now))
    world.at(PRESS_AT, lambda: world.sim.set_sms_refusal(331, world.now))
    world.at(PRESS_AT + 50, lambda: world.sim.set_sms_refusal(None, world.now))
    world.lives(200)
    assert len([t for t in world.commands("AT+CIPSTART") if t > world.valid]) >= 2
    assert {name for _, name in world.texts_given()} == {"Ana", "HQ", "Boris", "Chiara"}
    assert "HQ has it" in world.motor.pulses


def test_where_there_really_is_no_network_the_tries_are_one_a_minute(tmp_path: Path) -> None:
    world = Story(tmp_path)
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
