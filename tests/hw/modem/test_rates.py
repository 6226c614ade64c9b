"""A modem at another rate than the settings say: found, told, and set; a mute one is no slower for it."""

import threading
from typing import Any

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import Condition, ModemState, PortLost
from outcry.hw.modem.port import RARE_RATES, RATES, SerialPort
from tests.support.simulated_modem import SimulatedModem

ANA = "+447700900201"
OTHERS = [rate for rate in RATES if rate != 115200]


def at(w: Any, rate: int) -> Any:
    """A modem that has this rate from its power-on."""
    w.sim.feed(f"AT+IPR={rate};&W\r".encode(), w.now)
    w.sim.advance(w.now + 1)
    w.sim.output(w.now)
    w.sim.feed(b"AT&W\r", w.now)
    w.sim.wire.modem_baud = rate
    return w


def told(w: Any) -> list[str]:
    return [e.reason for e in w.got(ModemState) if "baud" in e.reason]


@pytest.mark.parametrize("rate", OTHERS)
def test_a_modem_at_another_rate_is_found_told_and_set(world: Any, rate: int) -> None:
    w = at(world(host=None, timing=Timing()), rate)
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert w.texts(ANA) == ["help"]
    assert told(w) == [f"it talked at {rate} baud and was set to 115200, as modem.baud says"]
    assert w.port.rate == 115200
    assert w.said("AT&W")


@pytest.mark.parametrize("rate", RARE_RATES)
def test_one_at_a_rate_seldom_seen_is_found_after_the_usual_ones(world: Any, rate: int) -> None:
    w = at(world(host=None, timing=Timing()), rate)
    w.modem.send_sms("t1", ANA, "help")
    w.run(180)
    assert w.texts(ANA) == ["help"]
    assert told(w) == [f"it talked at {rate} baud and was set to 115200, as modem.baud says"]


def test_it_is_set_for_good(world: Any) -> None:
    w = at(world(host=None, timing=Timing()), 9600)
    w.at(40, lambda: w.sim.reset(w.now))
    w.run(80)
    assert len(told(w)) == 1
    assert w.sim.wire.modem_baud == 115200


def test_a_modem_that_takes_no_other_rate_is_talked_to_at_its_own(world: Any) -> None:
    w = at(world(host=None, timing=Timing()), 9600)
    w.sim.faults.on("+IPR", Fault(Kind.ERROR), times=None)
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert w.texts(ANA) == ["help"]
    assert told(w) == [
        "it talks at 9600 baud and not at 115200, as modem.baud says; going on at 9600"
    ]
    assert w.port.rate == 9600


@pytest.mark.parametrize("later", [115200, 19200])
def test_what_it_was_found_at_is_never_taken_for_the_setting(world: Any, later: int) -> None:
    w = at(world(host=None, timing=Timing()), 9600)
    w.sim.faults.on("+IPR", Fault(Kind.ERROR))
    w.at(100, lambda: setattr(w.sim.wire, "modem_baud", later))
    w.at(850, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(900)
    assert w.texts(ANA) == ["help"]
    assert told(w)[1:] == [
        "it talks at 115200 baud, as modem.baud says"
        if later == 115200
        else f"it talked at {later} baud and was set to 115200, as modem.baud says"
    ]
    assert w.port.rate == w.sim.wire.modem_baud == 115200


def test_a_rate_that_was_found_is_kept_when_the_port_is_opened_again(world: Any) -> None:
    class Bell(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            w.unplugged = False
            return False

    w = at(world(host=None, timing=Timing(), doorbell=Bell()), 9600)
    w.sim.faults.on("+IPR", Fault(Kind.ERROR), times=None)
    w.at(40, lambda: setattr(w, "unplugged", True))
    w.at(50, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(60)
    assert w.texts(ANA) == ["help"]
    assert len(told(w)) == 1


def test_one_that_says_that_it_took_the_rate_and_did_not_is_talked_to_at_its_own(
    world: Any,
) -> None:
    w = at(world(host=None, timing=Timing()), 9600)
    w.sim.faults.on("+IPR", Fault(Kind.ERROR, text="OK"), times=None)
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert w.texts(ANA) == ["help"]
    assert w.port.rate == 9600


def test_a_modem_that_changes_its_rate_by_itself_is_found_though_it_has_answered(
    world: Any,
) -> None:
    """Without a wire nothing else brings it back."""
    w = world(host=None, timing=Timing())

    def changes() -> None:
        w.sim.wire.modem_baud = 19200

    w.at(50, changes)
    w.run(240)
    assert len(told(w)) == 1
    assert w.modem.status().state is Condition.REGISTERED


def test_a_mute_modem_that_answered_before_is_called_as_soon_as_ever(world: Any) -> None:
    """Trying rates takes 3 s: it must not put off the wire."""
    w = world(host=None, power_wire=True, timing=Timing())
    pulled: list[float] = []
    w.pull_wire = lambda: pulled.append(w.now)
    w.at(50, lambda: w.sim.set_mute(True, w.now))
    w.at(50, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(70)
    assert pulled[0] - 1050 < 11
    assert w.sim.wire.host_baud == 115200


def test_a_mute_modem_is_left_at_the_rate_of_the_settings(world: Any) -> None:
    w = world(host=None, timing=Timing())
    w.sim.set_mute(True, w.now)
    w.at(100, lambda: w.sim.set_mute(False, w.now))
    w.run(200)
    assert w.port.rate == 115200
    assert told(w) == []
    assert w.modem.status().state is Condition.REGISTERED


def test_a_real_port_takes_another_rate() -> None:
    with SimulatedModem() as modem:
        port = SerialPort(modem.port, 115200)
        port.rate = 9600
        assert port.rate == 9600
        port.write(b"AT\r")  # the modem's thread sleeps until something comes
        modem.wait_for(lambda: modem.sim.wire.host_baud == 9600)
        port.close()
        with pytest.raises(PortLost):
            port.rate = -1


@pytest.mark.parametrize("rate", OTHERS)
def test_one_that_comes_back_at_another_rate_amid_a_text_is_found_by_its_noise(
    world: Any, rate: int
) -> None:
    """It was set without AT&W, or keeps nothing: a brown-out brings back the rate it had before."""
    w = world(host=None, timing=Timing())

    def browns_out() -> None:
        w.sim.reset(w.now)
        w.sim.wire.modem_baud = rate

    w.at(30, lambda: w.modem.set_urgent(True))
    w.at(30, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.at(30.3, browns_out)
    w.at(31, lambda: w.modem.send_sms("t2", ANA, "help again"))
    w.run(75)
    assert w.texts(ANA)
    assert w.port.rate == 115200
