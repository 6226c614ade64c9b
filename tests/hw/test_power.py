"""The wire that restarts the modem, on gpiozero's mock pins and on the simulated modem."""

from contextlib import ExitStack
from queue import SimpleQueue

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from outcry.daemon.service import adapters
from outcry.daemon.settings import read
from outcry.hw.board.sim800.power_wires import PowerWires
from outcry.hw.modem import ModemSettings
from outcry.hw.modem.ladder import RUNGS, Rung
from outcry.hw.pin_library import PinUnusable
from outcry.hw.power import PULSES, Power, Wire
from tests.support.rig import Rig

PIN = 22


KINDS = {Wire.SUPPLY: "supply_pin", Wire.POWER_KEY: "power_key_pin", Wire.RESET: "reset_pin"}


class Wiring:
    """A power wire on a mock pin, soldered to a simulated modem on the rig's clock."""

    def __init__(self, wire: Wire) -> None:
        self.rig = Rig()
        self.rig.modem.terminal.echo = False
        kind = KINDS[wire]
        self.wires = PowerWires(self.rig.board.schedule, self.rig.modem, **{kind: PIN})
        self.said = b""
        self.power = Power(PIN, wire, self.sleep)
        self.pin = gpiozero.Device.pin_factory.pin(PIN)

    def sleep(self, seconds: float) -> None:
        self.wires.level(PIN, int(self.pin.state))
        self.said += self.rig.passes(seconds)
        if not self.pin.state:
            self.wires.level(PIN, 0)

    def cycle(self) -> None:
        self.power.cycle()
        self.wires.level(PIN, int(self.pin.state))
        self.said += self.rig.passes(5.0)


@pytest.fixture(autouse=True)
def pins():
    factory = MockFactory()
    gpiozero.Device.pin_factory = factory
    yield factory
    factory.reset()
    gpiozero.Device.pin_factory = None


@pytest.mark.parametrize("wire", Wire)
def test_each_wire_brings_a_hung_modem_back(wire):
    wiring = Wiring(wire)
    wiring.rig.modem.hang()
    wiring.cycle()
    assert b"RDY" in wiring.said
    assert wiring.rig.say("AT").endswith(b"OK\r\n")


@pytest.mark.parametrize(("wire", "cycles"), [(Wire.SUPPLY, 1), (Wire.POWER_KEY, 1)])
def test_a_modem_that_has_switched_itself_off_is_on_again(wire, cycles):
    wiring = Wiring(wire)
    wiring.rig.say("AT+CBATCHK=1")
    wiring.rig.modem.set_supply(3390, wiring.rig.now)
    wiring.rig.modem.set_supply(3986, wiring.rig.now)
    assert not wiring.rig.modem.powered
    for _ in range(cycles):
        wiring.cycle()
    assert wiring.rig.modem.powered
    assert wiring.rig.say("AT").endswith(b"OK\r\n")


def test_reset_does_not_switch_on_a_modem_that_has_switched_itself_off():
    wiring = Wiring(Wire.RESET)
    wiring.rig.modem.power_off(wiring.rig.now)
    for _ in range(3):
        wiring.cycle()
        assert not wiring.rig.modem.powered


def test_a_supply_switched_off_too_shortly_is_not_noticed():
    wiring = Wiring(Wire.SUPPLY)
    wiring.wires.level(PIN, 1)
    wiring.rig.passes(0.5)
    wiring.wires.level(PIN, 0)
    assert wiring.rig.passes(5.0) == b""


@pytest.mark.parametrize("on", [True, False], ids=["on", "off"])
def test_of_two_turns_of_the_power_key_one_leaves_the_modem_on(on):
    """By the older papers a second switches it off as well as on."""
    wiring = Wiring(Wire.POWER_KEY)
    wiring.wires.key_off_s = 1.0
    if not on:
        wiring.rig.modem.power_off(wiring.rig.board.schedule.now)
    after = []
    for _ in range(2):
        wiring.cycle()
        after.append(wiring.rig.modem.powered)
    assert after == ([True, False] if on else [False, True])


def test_each_turn_of_the_power_key_leaves_on_a_modem_that_is_known_to_be_on():
    wiring = Wiring(Wire.POWER_KEY)
    for _ in range(3):
        wiring.power.cycle(is_on=True)
        wiring.wires.level(PIN, int(wiring.pin.state))
        wiring.rig.passes(5.0)
        assert wiring.rig.modem.powered
    assert wiring.said.count(b"NORMAL POWER DOWN") == 3


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ("", Wire.RESET),
        ("power_wire = 'reset'", Wire.RESET),
        ("power_wire = 'power key'", Wire.POWER_KEY),
        ("power_wire = 'pwrkey'", Wire.POWER_KEY),
        ("power_wire = 'supply'", Wire.SUPPLY),
    ],
)
def test_the_settings_say_where_the_wire_leads(monkeypatch, tmp_path, written, wire):
    made = []

    class Made(Power):
        def __init__(self, pin, wire):
            made.append((pin, wire))
            super().__init__(pin, wire)

    monkeypatch.setattr(adapters, "Power", Made)
    toml = f"[modem]\npower_pin = {PIN}\n{written}\n"
    with ExitStack() as life:
        parts = adapters.Adapters(read(toml, tmp_path / "outcry.toml"), SimpleQueue(), life, None)
        parts.modem(ModemSettings(), lambda: None)
    assert made == [(PIN, wire)]


def test_what_the_owner_knows_of_the_modem_reaches_the_wire(monkeypatch, tmp_path):
    turns, cycles = [], []
    monkeypatch.setattr(Power, "cycle", lambda self, is_on=False: turns.append(is_on))

    class Owner:
        def __init__(self, *_parts):
            cycles.append(_parts[-1])

        def stop(self, timeout_s): ...

    monkeypatch.setattr(adapters, "Modem", Owner)
    toml = f"[modem]\npower_pin = {PIN}\npower_wire = 'power key'\n"
    with ExitStack() as life:
        parts = adapters.Adapters(read(toml, tmp_path / "outcry.toml"), SimpleQueue(), life, None)
        parts.modem(ModemSettings(), lambda: None)
        for is_on in (True, False):
            cycles[0](is_on)
    assert turns == [True, False]


def test_the_line_is_let_go_whatever_happens():
    def broken(seconds):
        assert pin.state
        raise RuntimeError

    power = Power(PIN, Wire.RESET, broken)
    pin = gpiozero.Device.pin_factory.pin(PIN)
    with pytest.raises(PinUnusable):
        power.cycle()
    assert not pin.state


def test_a_pin_already_taken_is_told_by_number():
    Wiring(Wire.RESET)
    with pytest.raises(PinUnusable, match="GPIO 22"):
        Power(PIN, Wire.RESET)


@pytest.mark.parametrize("wire", Wire)
def test_pulling_the_wire_takes_no_longer_than_the_ladder_says(wire):
    slept = []
    power = Power(PIN, wire, slept.append)
    assert set(PULSES) == set(Wire)
    for _ in range(2):
        slept.clear()
        power.cycle()
        assert 0 < sum(slept) <= RUNGS[Rung.WIRE].bound_s
