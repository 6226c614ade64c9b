"""Whole alarms over a modem that shares nothing with the simulated SIM800 but the manual."""

import os
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from quirky import Quirks, QuirkyModem

from outcry.hw.modem import Outcome, SmsOutcome
from simulation.clockwork import ClockedWorld, HqListener
from simulation.world import NAMES

pytestmark = pytest.mark.slow

PRESS_AT = 140.0
OPTIONAL = [
    *("E", "+CMEE", "+CBATCHK", "+CFUN", "+CPIN", "+CREG", "+CENG", "+CSQ", "+CBC", "+SJDR"),
    *("+SPIC", "+CSCS", "+CPMS", "+CNMI", "+CMGF", "+CMGL", "+CIPMUX", "+CIPQSEND", "+CIPRXGET"),
    *("+CIPCSGP", "+CIPSTATUS", "+CIPCLOSE", "+CIPSHUT", "+CLTS", "+CCLK"),
]
WAYS = {
    "ordinary": Quirks(),
    "nothing optional known": Quirks(lacks=frozenset(OPTIONAL)),
    "no space after colons": Quirks(tight=True),
    "no line ends before answers": Quirks(bare=True),
    "tight and bare": Quirks(tight=True, bare=True),
    "prompt without space": Quirks(prompt=b"\r\n>"),
    "prompt on a line": Quirks(prompt=b"\r\n>\r\n"),
    "prompt and space on a line": Quirks(prompt=b"> \r\n"),
    "prompt at once": Quirks(prompt=b">"),
    "echo stays": Quirks(echo_stays=True),
    "STATE before OK": Quirks(state_first=True),
    "CONNECT OK before OK": Quirks(connect_first=True),
    "CONNECT OK without OK": Quirks(connect_alone=True),
    "SEND OK": Quirks(send_ok=True),
    "data comes unannounced": Quirks(announces_data=False),
    "data comes after +IPD": Quirks(lacks=frozenset({"+CIPRXGET"})),
    "data comes bare": Quirks(lacks=frozenset({"+CIPRXGET", "+CIPHEAD"})),
    "data comes bare, byte by byte": Quirks(
        lacks=frozenset({"+CIPRXGET", "+CIPHEAD"}), trickles=True
    ),
    "+CMGS without OK": Quirks(sent_alone=True),
    "OK without +CMGS": Quirks(ok_alone=True),
    "no texts beside data": Quirks(texts_need_idle_data=True),
    "byte by byte": Quirks(trickles=True),
    "in bursts": Quirks(bursts=True),
    "chatters": Quirks(chatters=True),
    "noisy": Quirks(noisy=True),
    "slow": Quirks(takes_s=1.0),
    "registered late": Quirks(registered_at=PRESS_AT + 45),
    "registered late, and says so": Quirks(registered_at=PRESS_AT + 45, tells_creg="1"),
    "says where it is": Quirks(registered_at=110, tells_creg='1,"00E6","7A9F"'),
    "says where it is, unquoted": Quirks(registered_at=110, tells_creg="5,00e6,7a9f", creg="0,5"),
    "CREG without a mode": Quirks(creg="1"),
    "CREG with a space": Quirks(creg="0, 1"),
    "CREG with technology": Quirks(creg='2,1,"00E6","7A9F",7'),
    "CREG unquoted": Quirks(creg="2,1,00E6,7A9F"),
}


class QuirkyWorld(ClockedWorld):
    def __init__(self, folder, quirks, data=True, seed=0):
        self.line = QuirkyModem(quirks, (lambda: HqListener(self)) if data else None, seed)
        self.quirks = quirks
        super().__init__(folder)


def lives(folder, quirks, data=True, press_at=PRESS_AT, seed=0):
    world = QuirkyWorld(folder, quirks, data, seed)
    world.valid = world.presses(press_at)
    world.run(world.valid + 200)
    assert world.faults == []
    return world


def left_after(world):
    """Seconds from the press, or from when the network was there, until it was out."""
    began = max(world.valid, world.quirks.registered_at)
    out = [t for t in (*world.receipts, *(t for t, _ in world.line.texts)) if t >= world.valid]
    return min(out) - began if out else None


def nobody_is_told_twice(world):
    unknown = sum(
        isinstance(event, SmsOutcome) and event.outcome is Outcome.UNKNOWN
        for _, event in world.told
    )
    told = Counter(number for _, number in world.line.texts)
    parts = 2 if len(told) else 0  # an alert and a link to each contact, of at most two parts
    return sum(max(0, count - 2 * parts) for count in told.values()) <= unknown * parts


@pytest.mark.parametrize("way", WAYS)
def test_hq_has_it_however_the_modem_speaks(tmp_path, way):
    world = lives(tmp_path, WAYS[way])
    assert "HQ has it" in world.motor.pulses
    assert left_after(world) <= 15
    assert nobody_is_told_twice(world)


@pytest.mark.parametrize("way", WAYS)
def test_everybody_is_texted_however_the_modem_speaks(tmp_path, way):
    world = lives(tmp_path, WAYS[way], data=False)
    told = {NAMES[number] for _, number in world.line.texts}
    assert told == {"Ana", "HQ", "Boris", "Chiara"}
    assert left_after(world) <= 30
    if not world.quirks.registered_at:
        assert world.line.tried[0] - world.valid <= 12
    assert nobody_is_told_twice(world)


@pytest.mark.parametrize("way", WAYS)
def test_a_press_while_it_starts_up_is_no_different(tmp_path, way):
    world = lives(tmp_path, WAYS[way], press_at=100.0)
    assert left_after(world) <= 30


@pytest.mark.parametrize("command", OPTIONAL)
@pytest.mark.parametrize("how", ["lacks", "ignores"])
def test_no_single_optional_command_is_missed(tmp_path, command, how):
    world = lives(tmp_path, replace(Quirks(), **{how: frozenset({command})}))
    assert left_after(world) <= 30
    assert nobody_is_told_twice(world)


def test_texts_go_first_and_data_afterwards_where_they_exclude_each_other(tmp_path):
    """HQ's answers are lost, so texts are due beside an open connection."""
    world = QuirkyWorld(tmp_path, Quirks(texts_need_idle_data=True))
    world.hq_says = lambda sealed: b""
    world.valid = world.presses(PRESS_AT)
    world.run(world.valid + 120)
    told = [NAMES[number] for _, number in world.line.texts]
    assert {"Ana", "HQ", "Boris", "Chiara"} <= set(told)
    assert world.line.texts[0][0] - world.valid <= 30


@pytest.mark.parametrize("gone_s", [0.5, 20.0])
def test_a_port_that_goes_away_and_comes_back_loses_no_alarm(tmp_path, gone_s):
    """A USB adapter on a bad contact."""
    world = QuirkyWorld(tmp_path, Quirks(), data=False)
    world.valid = world.presses(PRESS_AT)
    world.at(world.valid + 1, lambda: setattr(world, "unplugged", True))
    world.at(world.valid + 1 + gone_s, lambda: setattr(world, "unplugged", False))
    world.run(world.valid + 120)
    assert {NAMES[number] for _, number in world.line.texts} == {"Ana", "HQ", "Boris", "Chiara"}
    assert world.line.texts[0][0] - world.valid <= 20 + gone_s


def of_random_quirks(random):
    """Any mixture."""
    flags = ["tight", "bare", "echo_stays", "state_first", "connect_first", "send_ok"]
    flags += ["announces_data", "sent_alone", "trickles", "bursts", "chatters", "noisy"]
    lacking = random.sample(OPTIONAL, random.choice([0, 0, 1, 3, 10]))
    return Quirks(
        **{flag: random.random() < 0.3 for flag in flags},
        lacks=frozenset(lacking),
        prompt=random.choice([b"\r\n> ", b">", b"\r\n>", b"> \r\n", b"\r\n>\r\n"]),
        creg=random.choice(["0,1", "1", "0, 1", '2,5,"00e6","7a9f"', "2,1,00E6,7A9F"]),
        takes_s=random.choice([0.0, 0.05, 0.3, 1.0]),
    )


SEEDS = 1000 if os.environ.get("OUTCRY_CAMPAIGNS") == "full" else 20


@pytest.mark.slow
@pytest.mark.parametrize("data", [True, False], ids=["data", "no data"])
def test_whatever_quirks_come_together_the_alarm_leaves(tmp_path, data):
    for seed in range(SEEDS):
        random = Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        world = lives(folder, of_random_quirks(random), data, 100 + random.uniform(0, 60), seed)
        left = left_after(world)
        assert left is not None, world.quirks
        assert left <= 60, world.quirks
        assert nobody_is_told_twice(world), world.quirks
