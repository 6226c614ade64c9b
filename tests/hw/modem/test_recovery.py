"""Silence, restarts, noise, a lost port, faults of our own: the owner goes on, the text leaves."""

import itertools
import sys
import threading
from importlib import import_module
from typing import Any

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import (
    Condition,
    Modem,
    ModemSettings,
    ModemState,
    Outcome,
    PortLost,
    PostAnswered,
    PostFailed,
    SmsOutcome,
)
from outcry.hw.modem.errors import Stopping
from outcry.hw.modem.link import FILL, Link

ANA = "+447700900201"


def test_a_modem_silent_at_start_is_awaited_and_the_text_leaves_when_it_comes(world: Any) -> None:
    w = world(timing=Timing(), host=None)
    w.sim.set_mute(True, w.now)
    w.modem.send_sms("t1", ANA, "help")
    seen: list[Any] = []
    w.at(500, lambda: seen.append(w.modem.status()))
    w.at(600, lambda: w.sim.set_mute(False, w.now))
    w.run(640)
    assert (seen[0].state, seen[0].queued_texts) == (Condition.SILENT, 1)
    assert ModemState(Condition.SILENT, "no answer to AT") in w.events
    (sent,) = [t for t, e in w.stamped if isinstance(e, SmsOutcome)]
    assert sent - 1600 < 20
    assert w.texts(ANA) == ["help"]


def test_looks_at_a_silent_modem_grow_rarer_while_nobody_needs_it(world: Any) -> None:
    w = world(host=None)
    w.sim.set_mute(True, w.now)
    w.run(1000)
    assert len(w.said("AT\r")) < 120


def test_a_modem_that_falls_silent_before_a_text_keeps_it(world: Any) -> None:
    w = world(timing=Timing(), host=None)
    w.at(20, lambda: w.sim.set_mute(True, w.now))
    w.at(21, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.at(32, lambda: w.sim.set_mute(False, w.now))
    w.run(60)
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]
    assert w.texts(ANA) == ["help"]


def test_a_text_that_twice_never_left_is_failed(world: Any) -> None:
    w = world(host=None)
    w.sim.faults.on("+CMGS", Fault(Kind.RESET), times=2)
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    (ended,) = w.got(SmsOutcome)
    assert (ended.outcome, ended.references) == (Outcome.FAILED, ())
    assert not w.texts(ANA)


def test_a_power_wire_is_used_when_the_modem_stays_silent(world: Any) -> None:
    w = world(host=None, power_wire=True, timing=Timing())
    w.modem.send_sms("t1", ANA, "help")
    w.sim.set_mute(True, w.now)
    cycled: list[float] = []

    def cycle() -> None:
        cycled.append(w.now)
        w.sim.set_mute(False, w.now)
        w.sim.reset(w.now)

    w.pull_wire = cycle
    w.run(60)
    assert len(cycled) == 1
    assert w.texts(ANA) == ["help"]


def test_a_data_path_wedged_in_an_alarm_is_freed_once_its_texts_have_left(world: Any) -> None:
    """Only a restart frees it, and no text refused or silent modem calls for one."""
    w = world(power_wire=True, timing=Timing())
    w.sim.faults.on("+CIPSTART", Fault(Kind.ERROR), times=None)
    restarts: list[float] = []

    def pull() -> None:
        restarts.append(w.now - 1000.0)
        w.sim.faults.clear()
        w.sim.reset(w.now)

    w.pull_wire = pull
    w.at(60, lambda: w.modem.set_urgent(True))
    w.at(60, lambda: w.modem.send_sms("t1", ANA, "help"))
    for turn in range(54):  # the alarm's report, each ten seconds until HQ has it
        ref = f"p{turn}"
        w.at(60 + 10 * turn, lambda ref=ref: w.got(PostAnswered) or w.modem.post(ref, b"sealed"))
    w.run(600)
    assert w.texts(ANA) == ["help"]
    assert len(restarts) == 1
    assert restarts[0] >= 180
    assert w.got(PostAnswered)


def test_one_that_no_restart_frees_is_restarted_rarely_in_an_alarm(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CIPSTART", Fault(Kind.ERROR), times=None)
    w.modem.set_urgent(True)
    w.modem.send_sms("t1", ANA, "help")
    for turn in range(350):
        ref = f"p{turn}"
        w.at(10 * turn, lambda ref=ref: w.modem.post(ref, b"sealed"))
    w.run(3500)
    restarts = [t for t, data in w.written if data == b"AT+CFUN=1,1\r"]
    assert 3 <= len(restarts) <= 6
    assert min(b - a for a, b in itertools.pairwise(restarts)) >= 600


@pytest.mark.parametrize("kind", ["UNDER", "OVER"])
def test_a_modem_that_switches_itself_off_is_told_with_what_to_do(world: Any, kind: str) -> None:
    """Firmware that does so by itself, whatever AT+CBATCHK says."""
    w = world(host=None, timing=Timing())
    w.at(50, lambda: w.sim.terminal.urc(f"{kind}-VOLTAGE POWER DOWN"))
    w.at(50.01, lambda: w.sim.power_off(w.now))
    w.run(130)
    told = [e.reason for e in w.got(ModemState) if e.state is Condition.SILENT]
    why = f"it switched itself off ({kind.lower()}-voltage power down)"
    assert told == [f"{why}: see to its supply, then take that away for a moment"]


def test_a_modem_that_has_answered_since_its_wire_was_pulled_is_known_to_be_on(world: Any) -> None:
    w, first = world(host=None, power_wire=True), list[bool]()
    w.pull_wire = lambda: None
    w.at(50, w.sim.hang)
    w.at(60, lambda: w.modem.set_urgent(True))
    w.at(200, lambda: w.sim.power_off(w.now))
    w.at(200.1, lambda: w.sim.power_on(w.now))
    w.at(260, w.known_on.clear)
    w.at(260, w.sim.hang)
    w.at(259, lambda: first.extend(w.known_on))
    w.run(400)
    assert first[:2] == [True, False]
    assert w.known_on[:2] == [True, False]


def test_one_that_says_it_switches_itself_off_is_not(world: Any) -> None:
    w = world(host=None, power_wire=True)
    w.pull_wire = lambda: None
    w.at(50, lambda: w.sim.terminal.urc("UNDER-VOLTAGE POWER DOWN"))
    w.at(50.01, lambda: w.sim.power_off(w.now))
    w.at(60, lambda: w.modem.set_urgent(True))
    w.run(100)
    assert w.known_on[:1] == [False]


def test_a_modem_that_switched_itself_off_is_left_alone_between_two_calls(world: Any) -> None:
    w = world(host=None, timing=Timing())
    w.at(50, lambda: w.sim.terminal.urc("UNDER-VOLTAGE POWER DOWN"))
    w.at(50.01, lambda: w.sim.power_off(w.now))
    w.run(600)
    called = [t for t in w.said("AT\r") if t > 1060]
    assert len(called) < 120, "the pauses grow to a minute"


def test_a_modem_that_restarts_whatever_it_is_told_has_its_supply_cycled(world: Any) -> None:
    w, pulled = world(host=None, power_wire=True), list[float]()
    w.pull_wire = lambda: pulled.append(w.now)
    w.modem.send_sms("t1", ANA, "help")
    for turn in range(60):
        w.at(5 + 2 * turn, lambda: pulled or w.sim.reset(w.now))
    w.run(140)
    assert len(pulled) == 1
    assert w.texts(ANA) == ["help"]


def test_one_that_ran_for_long_has_not_restarted_in_a_row(world: Any) -> None:
    w = world(host=None, power_wire=True)
    w.pull_wire = lambda: pytest.fail("pulled")
    for turn in range(12):
        w.at(100 + 100 * turn, lambda: w.sim.reset(w.now))
    before = len(w.said("AT+CLTS=1"))
    w.run(1400)
    assert len(w.said("AT+CLTS=1")) - before == 13


@pytest.mark.parametrize("each_s", [4, 8])
def test_nor_has_one_by_which_texts_leave(world: Any, each_s: int) -> None:
    w = world(host=None, power_wire=True)
    w.pull_wire = lambda: pytest.fail("pulled")
    for turn in range(20):
        at = 20 + 20 * turn
        w.at(at, lambda turn=turn: w.modem.send_sms(f"t{turn}", ANA, "help"))
        w.at(at + 10 + each_s, lambda: w.sim.reset(w.now))
    w.run(430)
    assert len(w.texts(ANA)) == 20


def test_a_wire_switches_on_at_once_what_switched_itself_off_in_need(world: Any) -> None:
    w = world(host=None, power_wire=True, timing=Timing())
    w.pull_wire = lambda: w.sim.power_on(w.now)
    w.at(50, lambda: w.sim.terminal.urc("UNDER-VOLTAGE POWER DOWN"))
    w.at(50.01, lambda: w.sim.power_off(w.now))
    w.at(50.02, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(70)
    assert w.texts(ANA) == ["help"]


def test_a_modem_that_falls_silent_on_a_low_supply_is_told_so(world: Any) -> None:
    w = world(host=None, timing=Timing())
    w.at(20, lambda: w.sim.set_supply(3420, w.now))
    w.at(200, lambda: w.sim.set_supply(2900, w.now))
    w.run(400)
    (told,) = (e.reason for e in w.got(ModemState) if e.state is Condition.SILENT)
    assert told.endswith("; its supply had fallen to 3.42 V: charge it")


def test_a_restart_while_idle_is_noticed_and_everything_is_told_anew(world: Any) -> None:
    w = world(timing=Timing())
    w.at(100, lambda: w.sim.reset(w.now))
    w.run(160)
    assert len(w.said("ATE0")) == 2
    assert len(w.said("AT+CNMI")) == 2
    assert len(w.said("AT+CIPSTART")) == 2
    states = [e.state for e in w.got(ModemState)]
    assert states[0] is states[-1] is Condition.REGISTERED
    assert Condition.STARTING in states


def test_a_post_that_is_out_when_the_modem_restarts_is_failed(world: Any) -> None:
    w = world(timing=Timing())
    w.at(100, lambda: w.modem.post("p1", b"sealed"))
    w.at(100.4, lambda: w.sim.reset(w.now))
    w.run(130)
    assert len(w.got(PostFailed)) == 1


def test_a_modem_left_counting_bytes_by_an_earlier_owner_is_freed(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.feed(b"ATE0\r", w.now)
    w.sim.advance(w.now + 1)
    w.sim.feed(b'AT+CIPSTART="TCP","192.0.2.1","8000"\r', w.now + 1)
    w.sim.advance(w.now + 5)
    w.sim.feed(b"AT+CIPSEND=1400\r", w.now + 5)
    w.sim.advance(w.now + 6)
    w.now += 6
    w.modem.send_sms("t1", ANA, "help")
    w.run(30)
    assert FILL in [data for _, data in w.written]
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]


def test_a_modem_left_at_the_prompt_by_an_earlier_owner_is_freed(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.feed(b"AT+CMGF=0\r", w.now)
    w.sim.advance(w.now + 1)
    w.sim.feed(b"AT+CMGS=18\r", w.now + 1)
    w.sim.advance(w.now + 2)
    w.now += 2
    w.modem.send_sms("t1", ANA, "help")
    w.run(30)
    assert w.texts(ANA) == ["help"]


def test_noise_on_the_line_costs_nothing(world: Any) -> None:
    w = world(timing=Timing(), host=None)
    for tenth in range(300):
        w.at(5 + tenth / 10, lambda: setattr(w, "noise", b"\xff\xfe\x00\x80\r\n\xf0"))
    w.at(20, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(60)
    assert w.texts(ANA) == ["help"]


def test_a_port_that_goes_away_and_comes_back_is_opened_again(world: Any) -> None:
    bell = Impatient()
    w = world(host=None, doorbell=bell)
    w.at(20, lambda: setattr(w, "unplugged", True))
    bell.when_waited = lambda: setattr(w, "unplugged", False)
    w.at(21, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(60)
    states = [e.state for e in w.got(ModemState)]
    assert Condition.SILENT in states
    assert states[-1] is Condition.REGISTERED
    assert w.texts(ANA) == ["help"]


class Impatient(threading.Event):
    """An event nobody really waits for."""

    when_waited: Any = staticmethod(lambda: None)

    def wait(self, timeout: float | None = None) -> bool:
        self.when_waited()
        return False


def test_a_port_lost_after_the_text_was_given_leaves_it_unknown(world: Any) -> None:
    bell = Impatient()
    w = world(host=None, timing=Timing(), doorbell=bell)
    w.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="answer"))
    bell.when_waited = lambda: setattr(w, "unplugged", False)
    w.at(20, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.at(22, lambda: setattr(w, "unplugged", True))
    w.run(60)
    assert [(e.outcome, e.ref) for e in w.got(SmsOutcome)] == [(Outcome.UNKNOWN, "t1")]


def test_a_fault_of_our_own_is_survived_and_its_content_kept_quiet(
    world: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    w = world(host=None, doorbell=Impatient())
    command = Link.command
    broken = iter([True])

    def faulty(self: Link, text: str, *args: Any, **more: Any) -> Any:
        if text == "AT+CSQ" and next(broken, False):
            raise KeyError("+447700900201")
        return command(self, text, *args, **more)

    monkeypatch.setattr(Link, "command", faulty)
    w.at(20, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(60)
    assert w.texts(ANA) == ["help"]
    assert "unexpected KeyError" in caplog.text
    assert "900201" not in caplog.text


def test_a_driver_that_cannot_be_loaded_is_tried_again_soon_while_a_text_waits(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card that cannot be read for a moment ends no thread, and costs no minute."""
    names = [f"outcry.hw.modem.{name}" for name in ("ladder", "recovery", "service")]
    loaded = {name: import_module(name) for name in names}
    waited: list[float] = []

    class Bell(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout or 0.0)
            w.now += timeout or 0.0
            if len(waited) == 2:
                sys.modules.update(loaded)
            return False

    w = world(host=None, doorbell=Bell())
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert w.texts(ANA) == ["help"]
    assert waited == [2.0, 2.0]


def test_a_listener_that_raises_costs_no_text(world: Any) -> None:
    w = world(host=None)

    def raises(event: object) -> None:
        raise RuntimeError(str(event))

    w.on_event = raises
    w.modem.send_sms("t1", ANA, "help")
    w.run(30)
    assert w.texts(ANA) == ["help"]


@pytest.mark.parametrize(
    ("when", "outcome"), [(0.02, []), (2.0, [Outcome.UNKNOWN]), (50.0, [Outcome.UNKNOWN])]
)
def test_told_to_stop_it_stops_at_once_and_says_what_became_of_the_text(
    world: Any, when: float, outcome: list[Outcome]
) -> None:
    w = world(host=None, timing=Timing(sms_submit=(59.0, 59.0), query=(0.1, 0.1)))
    w.at(20, lambda: w.modem.send_sms("t1", ANA, "help"))
    stopped: list[float] = []

    def stop() -> None:
        stopped.append(w.now)
        w.modem.stop(0)

    w.at(20 + when, stop)
    w.modem.run_until_stopped()
    assert w.now == stopped[0]
    assert [e.outcome for e in w.got(SmsOutcome)] == outcome
    assert w.port.closed


@pytest.mark.parametrize("end", ["stop", "reset", "unplug"])
def test_a_text_that_has_left_is_done_whatever_happens_before_its_ok(world: Any, end: str) -> None:
    bell = Impatient()
    w = world(host=None, doorbell=bell)
    w.sim.faults.on("+CMGS", Fault(Kind.ERROR, stage="answer", text="+CMGS: 9"))
    ends = {
        "stop": lambda: w.modem.stop(0),
        "reset": lambda: w.sim.reset(w.now),
        "unplug": lambda: setattr(w, "unplugged", True),
    }
    bell.when_waited = lambda: setattr(w, "unplugged", False)
    w.at(20, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.at(20.5, ends[end])
    w.run(60)
    assert [(e.outcome, e.references) for e in w.got(SmsOutcome)] == [(Outcome.DONE, (9,))]
    assert len(w.said("AT+CMGS")) == 1


def test_signs_of_life_come_at_least_every_three_seconds_even_in_a_minute_s_wait(
    world: Any,
) -> None:
    w = world(timing=Timing(sms_submit=(60.0, 60.0)))
    w.at(20, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(200)
    assert max(b - a for a, b in itertools.pairwise(w.beats)) < 3.01


def test_idle_it_wakes_less_than_once_in_two_seconds(world: Any) -> None:
    w = world(timing=Timing(), host=None)
    w.at(100, lambda: w.beats.clear())
    w.at(1000, lambda: w.modem.stop(0))
    w.modem.run_until_stopped()
    assert len(w.beats) / 900 < 0.5


def test_the_port_is_absent_until_it_is_there() -> None:
    opened: list[bool] = []

    def open_port() -> Any:
        opened.append(True)
        if len(opened) < 4:
            raise PortLost("absent")
        raise Stopping

    states: list[Any] = []
    beats: list[bool] = []
    modem = Modem(
        ModemSettings(),
        open_port,
        states.append,
        lambda: 0.0,
        lambda: beats.append(True),
        doorbell=Impatient(),
    )
    modem.run_until_stopped()
    assert len(opened) == 4
    assert len(beats) >= 3
    assert states[0] == ModemState(Condition.SILENT, "absent")
