"""A command that fells the modem is left out, for a while, and then tried again."""

import itertools
from typing import Any

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import Condition, Outcome, PostAnswered, PostFailed, SmsOutcome
from outcry.hw.modem.errors import ModemReset, ModemSilent
from outcry.hw.modem.recovery import OFTEN_S, ONCE_S, Quarantine

ANA = "+447700900201"
PDUS = "+CMGF"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_a_restart_has_lost_is_said_again_by_a_clock_that_never_stands_still() -> None:
    ticks = itertools.count()
    quarantine = Quarantine(lambda: float(next(ticks)))
    quarantine.add(PDUS)
    assert quarantine.forgotten(PDUS, refused=False)
    quarantine.add(PDUS)
    assert not quarantine.forgotten(PDUS, refused=True), "it does not survive that"


def test_what_it_hung_in_is_said_again_only_once_it_refuses() -> None:
    quarantine = Quarantine(Clock())
    quarantine.add(PDUS, hung=True)
    assert not quarantine.forgotten(PDUS, refused=False)
    assert quarantine.forgotten(PDUS, refused=True)


def test_it_is_left_out_two_minutes_at_first_and_an_hour_when_it_goes_on() -> None:
    clock = Clock()
    quarantine = Quarantine(clock)
    assert not quarantine.skips("+CENG")
    quarantine.add("+CENG")
    assert quarantine.skips("+CENG")
    assert not quarantine.skips("+CSQ")
    clock.now = ONCE_S
    assert not quarantine.skips("+CENG")
    quarantine.add("+CENG")
    clock.now += OFTEN_S - 1
    assert quarantine.skips("+CENG")
    clock.now += 1
    assert not quarantine.skips("+CENG")


def test_what_is_spared_is_no_crash() -> None:
    clock = Clock()
    quarantine = Quarantine(clock)
    quarantine.spare_all_but({"+CSQ"})
    assert not any(quarantine.holds(name) for name in ("+CSQ", "+CIPSTART", ""))
    assert quarantine.holds(PDUS)
    assert not quarantine.forgotten(PDUS, refused=True)
    clock.now = ONCE_S
    assert not quarantine.holds(PDUS)
    quarantine.add(PDUS)
    assert not quarantine.often(PDUS), "a crash afterwards is the first"
    clock.now += ONCE_S
    assert not quarantine.holds(PDUS)


def test_what_was_left_out_is_owed_until_it_is_told_anew() -> None:
    quarantine = Quarantine(Clock())
    quarantine.add("+CNMI")
    assert quarantine.retry_at == float("inf"), "nothing has been left out yet"
    quarantine.skips("+CNMI")
    assert quarantine.retry_at == ONCE_S
    quarantine.forget_skipped()
    assert quarantine.retry_at == float("inf")


def test_a_restart_in_the_middle_of_a_command_is_blamed_on_it(port: Any) -> None:
    link = port.link()
    port.answers = [[b"\r\nRDY\r\n"]]
    with pytest.raises(ModemReset):
        link.command("AT+CENG=1,1")
    assert link.command("AT+CENG?").final == ""
    assert port.written == [b"AT+CENG=1,1\r"]


def test_a_silence_that_begins_with_a_command_is_blamed_on_it(port: Any) -> None:
    link = port.link()
    link.command("AT+CENG?", 2.0)
    with pytest.raises(ModemSilent):
        link.command("AT+CSQ")
    written = len(port.written)
    assert link.command("AT+CENG?").final == ""
    assert len(port.written) == written


def test_an_answer_that_only_got_lost_is_blamed_on_nothing(port: Any) -> None:
    link = port.link()
    link.command("AT+CENG?", 2.0)
    port.answers = [[b"\r\nOK\r\n"], [b"\r\n+CSQ: 9,0\r\n\r\nOK\r\n"], [b"\r\nOK\r\n"]]
    link.command("AT+CSQ")
    assert link.command("AT+CENG?").final == "OK"


def test_what_is_vital_is_asked_whatever_became_of_it(port: Any) -> None:
    link = port.link()
    port.answers = [[b"\r\nRDY\r\n"], [b"\r\nOK\r\n"]]
    with pytest.raises(ModemReset):
        link.command("AT+CIPSHUT", vital=True)
    assert link.command("AT+CIPSHUT", vital=True).final == "OK"


def test_a_setting_that_always_restarts_the_modem_costs_one_start(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CNMI", Fault(Kind.RESET), times=None)
    states = []
    w.at(60, lambda: states.append(w.modem.status().state))
    w.at(60, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(90)
    assert states == [Condition.REGISTERED]
    assert len(w.said("AT+CNMI")) == 1
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]


def test_a_setting_lost_to_one_bad_moment_is_made_later_on(world: Any) -> None:
    """Without AT+CNMI no delivery report would ever come again."""
    w = world(timing=Timing())
    w.sim.faults.on("+CNMI", Fault(Kind.RESET))
    w.run(300)
    assert len(w.said("AT+CNMI")) == 2


def test_a_setting_left_out_is_not_made_while_an_alarm_is_open(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CNMI", Fault(Kind.RESET))
    w.at(30, lambda: w.modem.set_urgent(True))
    w.run(300)
    assert len(w.said("AT+CNMI")) == 1


def test_after_one_restart_in_an_alarm_texts_that_come_in_are_read_and_the_time_is_asked(
    world: Any,
) -> None:
    w = world(timing=Timing())
    w.at(30, lambda: w.modem.set_urgent(True))
    w.at(31, lambda: w.sim.reset(w.now))
    w.run(120)
    for command in ("AT+CMEE", "AT+CNMI", "AT+CMGL", "AT+CLTS"):
        assert w.said(command)[-1] > 1031, command


def test_an_idle_command_gives_way_to_a_text_after_two_seconds(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CMGL", Fault(Kind.SILENT))
    asked: list[float] = []

    def as_soon_as_asked() -> None:
        if w.said("AT+CMGL"):
            asked.append(w.now)
            w.modem.send_sms("t1", ANA, "help")
        else:
            w.at(0.01, as_soon_as_asked)

    w.at(0.01, as_soon_as_asked)
    w.run(60)
    (given,) = w.said("AT+CMGS")
    assert given - asked[0] <= 3


def begins_in_text_mode(w: Any) -> None:
    """As a profile that AT&W has stored may have it."""
    w.sim._parameters._kept["+CMGF"] = ("1",)
    w.sim._parameters.restore()


def test_a_modem_that_begins_in_text_mode_is_told_of_pdus_again_after_one_restart_in_that(
    world: Any,
) -> None:
    """Left out, each text would be refused, or its digits go out as words and count as sent."""
    w = world(host=None, timing=Timing())
    begins_in_text_mode(w)
    w.sim.faults.on("+CMGF", Fault(Kind.RESET))
    w.modem.set_urgent(True)
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert w.texts(ANA) == ["help"]


def test_a_refused_text_has_pdu_mode_told_again_though_the_modem_once_fell_silent_in_that(
    world: Any,
) -> None:
    w = world(host=None, timing=Timing())
    w.sim.faults.on("+CMGF", Fault(Kind.LATE, seconds=20.0))
    w.sim.faults.on("+CMGS", Fault(Kind.ERROR, text="+CMS ERROR: 302"))
    w.modem.set_urgent(True)
    for number in range(2):
        w.modem.send_sms(f"t{number}", ANA, "help")
    w.run(60)
    first, second = w.said("AT+CMGS")
    assert [told for told in w.said("AT+CMGF=0") if first < told < second]


def test_one_that_begins_in_text_mode_and_hangs_once_in_that_sends_no_digits_as_words(
    world: Any,
) -> None:
    w = world(host=None, power_wire=True, timing=Timing())
    begins_in_text_mode(w)
    w.pull_wire = lambda: w.sim.power_on(w.now)
    w.sim.faults.on("+CMGF", Fault(Kind.LATE, seconds=999.0, effect=w.sim.hang))
    w.modem.set_urgent(True)
    w.modem.send_sms("t1", ANA, "help")
    w.run(90)
    assert w.texts(ANA) == ["help"]
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]


def test_one_that_stays_in_text_mode_sends_no_digits_as_words_and_data_goes_on(
    world: Any,
) -> None:
    w = world(power_wire=True, timing=Timing())
    begins_in_text_mode(w)
    w.pull_wire = lambda: w.sim.power_on(w.now)
    w.sim.faults.on("+CMGF", Fault(Kind.LATE, seconds=999.0, effect=w.sim.hang), times=None)
    w.modem.set_urgent(True)
    w.modem.send_sms("t1", ANA, "help")
    w.at(100, lambda: w.modem.post("p1", b"sealed"))
    w.run(200)
    assert [phone for phone, it in w.board.centre.phones.items() if it.texts] == []
    assert Outcome.DONE not in [e.outcome for e in w.got(SmsOutcome)]
    assert w.requests


def test_one_that_lists_texts_in_either_way_is_not_taken_for_one_in_text_mode(world: Any) -> None:
    w = world(host=None, timing=Timing())
    w.sim.faults.on("+CMGF", Fault(Kind.ERROR), times=None)
    w.sim.faults.on("+CMGL", Fault(Kind.ERROR, text="OK"), times=None)
    w.modem.set_urgent(True)
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert w.texts(ANA) == ["help"]


@pytest.mark.parametrize(
    ("kind", "stage", "times"),
    [
        *(("reset", "command", times) for times in (1, 2, None)),
        *(("hang", "command", times) for times in (1, 2, None)),
        *(("silent", "command", times) for times in (1, 2, None)),
        *(("silent", "answer", times) for times in (1, 2)),
    ],
)
def test_hq_s_answers_are_read_whatever_becomes_of_the_command_that_has_them_wait(
    world: Any, kind: str, stage: Any, times: int | None
) -> None:
    """Left out or unanswered, it says nothing of how they come: unasked, unless announced."""
    w = world(timing=Timing(), power_wire=True)
    w.pull_wire = lambda: w.sim.power_on(w.now)
    fault = {
        "reset": Fault(Kind.RESET, stage=stage),
        "hang": Fault(Kind.LATE, stage=stage, seconds=999.0, effect=w.sim.hang),
        "silent": Fault(Kind.SILENT, stage=stage),
    }[kind]
    w.sim.faults.on("+CIPRXGET", fault, times=times)
    for number in range(8):
        w.at(100 + 200 * number, lambda ref=f"p{number}": w.modem.post(ref, b"sealed"))
    w.run(1700)
    assert [e.ref for e in w.got(PostAnswered)] == [f"p{number}" for number in range(8)]
    assert len([what for _, what, _ in w.seen if what == "boot"]) <= 3
    if times is None:
        assert w.said("AT+CIPHEAD=1"), "with their number in front no byte of theirs is missed"


def test_an_answer_that_does_not_come_is_not_asked_for_with_what_restarts_the_modem(
    world: Any,
) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CIPRXGET", Fault(Kind.RESET), times=None)
    w.at(400, lambda: w.sim.set_gprs("silent", w.now))
    w.at(410, lambda: w.modem.post("p1", b"sealed"))
    w.run(500)
    assert len(w.got(PostFailed)) == 1
    assert [t for t, what, _ in w.seen if what == "boot" and t > 1400] == []


def test_a_modem_that_was_mute_as_it_was_asked_for_an_answer_is_asked_for_the_next(
    world: Any,
) -> None:
    """It has not restarted, so answers still wait in it, and it announces them."""
    w = world(timing=Timing())
    w.at(100, lambda: w.modem.post("p1", b"sealed"))

    def falls_mute() -> None:
        if not w.said("AT+CIPRXGET=2"):
            w.at(0.01, falls_mute)
            return
        w.sim.set_mute(True, w.now)
        w.at(20, lambda: w.sim.set_mute(False, w.now))

    w.at(100, falls_mute)
    w.at(150, lambda: w.modem.post("p2", b"sealed"))
    w.run(200)
    assert [e.ref for e in w.got(PostAnswered)] == ["p2"]
