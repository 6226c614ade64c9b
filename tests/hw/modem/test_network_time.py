"""The network's time through the modem: what vouches for a time, what only looks like one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.network_time import NetworkTime

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


def unix(*fields: int) -> float:
    return datetime(*fields, tzinfo=UTC).timestamp()  # type: ignore[arg-type]


# Lines of public logs of SIM800s and SIM808s, each with what the log itself shows the time to be.
@pytest.mark.parametrize(
    ("line", "time"),
    [
        # The host's clock said 16:04:19 in Poland's summer, UTC+2.
        ('*PSUTTZ: 2024,7,24,14,4,19,"+8",1', unix(2024, 7, 24, 14, 4, 19)),
        # A text sent 5 s before bears 19:03:40+04.
        ('*PSUTTZ: 2020,12,16,18,3,45,"+4",0', unix(2020, 12, 16, 18, 3, 45)),
        # AT+CCLK? said "16/12/28,16:01:27+22" a minute later: India, UTC+5:30.
        ('*PSUTTZ: 2016,12,28,10,30,7,"+22",0', unix(2016, 12, 28, 10, 30, 7)),
        ('*PSUTTZ: 2013, 12, 16, 15, 45, 17, "+32", 1', unix(2013, 12, 16, 15, 45, 17)),
    ],
)
def test_public_logs_are_read_as_utc(line: str, time: float) -> None:
    assert NetworkTime().told(line) == time


@pytest.mark.parametrize(
    "line",
    [
        "*PSUTTZ: ",
        "*PSUTTZ: 2024,13,24,14,4,19",
        '*PSUTTZ: 2024,13,24,14,4,19,"+8",1',
        '*PSUTTZ: 2024,2,30,14,4,19,"+8",1',
        '*PSUTTZ: 0,0,0,0,0,0,"+0",0',
        '*PSUTTZ: 2024,7,24,99999999999999999999,4,19,"+8",1',
        '*PSUTTZ: 25/04/02,09:49:27","+08",1',  # of a SIM7000; whether it is UTC nobody says
    ],
)
def test_what_is_no_time_is_none(line: str) -> None:
    assert NetworkTime().told(line) is None


@pytest.mark.parametrize(
    ("shown", "time"),
    [
        ('"25/07/24,16:05:01+08"', unix(2025, 7, 24, 14, 5, 1)),  # as a log of 2024 has it
        ('"16/12/28,16:01:27+22"', None),  # before anything of ours ran
        ('"26/11/22,17:45:00+23"', unix(2026, 11, 22, 12, 0, 0)),  # Nepal
        ('"26/11/22,02:30:00-38"', unix(2026, 11, 22, 12, 0, 0)),  # the Marquesas
        ('"26/11/22,02:30:00"', None),
        ('"26/02/30,02:30:00+00"', None),
        ('"80/01/06,00:00:12+00"', None),
        ('"70/01/01,00:00:12+00"', None),
        ("", None),
    ],
)
def test_a_clock_that_was_unset_shows_local_time(shown: str, time: float | None) -> None:
    modems = NetworkTime()
    assert modems.shown('"04/01/01,00:00:50+00"') is None
    assert modems.shown(shown) == time


def test_a_clock_that_had_a_date_before_we_looked_vouches_for_nothing() -> None:
    modems = NetworkTime()
    assert modems.shown('"26/10/23,12:00:00+04"') is None
    assert modems.shown('"26/11/22,13:00:00+04"') is None


# The driver beside the board


def wrong_by(w: Any, *seconds: float) -> list[float | None]:
    """By how much the driver's time is off after so many seconds each; None: it knows none."""
    seen: list[float | None] = []
    for at in seconds:
        w.at(at, lambda: seen.append(w.modem.status().network_zero))
    w.run(max(seconds) + 1)
    return [None if zero is None else zero - NOON for zero in seen]


@pytest.mark.parametrize("zone", [0, 4, -20, 22, 23, -38, 48])
def test_a_modem_that_starts_brings_the_time_whatever_its_zone(
    world: Callable[..., Any], zone: int
) -> None:
    w = world(timing=Timing(), warm=False, options=Options(network_zone=zone))
    assert wrong_by(w, 30) == [pytest.approx(0, abs=1)]


def test_a_network_that_tells_no_time_leaves_it_unknown_and_is_not_asked_for_ever(
    world: Callable[..., Any],
) -> None:
    w = world(timing=Timing(), warm=False, options=Options(network_time=False))
    assert wrong_by(w, 1000) == [None]
    assert len(w.said("AT+CCLK?")) <= 8


def test_a_clock_left_running_by_an_earlier_boot_is_not_believed(world: Callable[..., Any]) -> None:
    w = world(options=Options(network_time=False))
    w.sim.feed(b'AT+CCLK="26/10/23,12:00:00+04"\r', w.now)
    assert wrong_by(w, 300) == [None]


def test_a_modem_that_registers_again_brings_the_time_then(world: Callable[..., Any]) -> None:
    w = world(timing=Timing())
    w.at(101, lambda: w.sim.set_network(False, w.now))
    w.at(120, lambda: w.sim.set_network(True, w.now))
    assert wrong_by(w, 100, 160) == [None, pytest.approx(0, abs=1)]


def test_a_time_whose_line_was_lost_is_found_by_asking(world: Callable[..., Any]) -> None:
    w = world(timing=Timing(registration_again=(5.0, 5.0), network_time=(3.0, 3.0)))

    def hear_nothing() -> None:
        w.sim.set_mute(True, w.now)

    def hear_again() -> None:
        w.sim.output(w.now)
        w.sim.set_mute(False, w.now)

    w.at(100, lambda: w.sim.set_network(False, w.now))
    w.at(120, lambda: w.sim.set_network(True, w.now))
    w.at(127.9, hear_nothing)
    w.at(128.1, hear_again)
    assert wrong_by(w, 129, 230) == [None, pytest.approx(0, abs=2)]


def test_a_time_told_in_the_middle_of_a_text_is_dated_by_its_arrival(
    world: Callable[..., Any],
) -> None:
    w = world(timing=Timing(sms_submit=(30.0, 30.0)))
    w.at(200, lambda: w.modem.send_sms("t1", "+447700900201", "help"))
    for second in (5, 7):
        told = f'*PSUTTZ: 2026,11,22,12,20,{second},"+4",0'
        w.at(200 + second, lambda told=told: w.sim.terminal.urc(told))
    assert wrong_by(w, 300) == [pytest.approx(0, abs=1)]


@pytest.mark.parametrize("damaged", ["2,18,20", "12,1,20", "12,18,2", "12,8,20"])
def test_a_time_that_has_lost_a_digit_on_the_line_is_not_believed(
    world: Callable[..., Any], damaged: str
) -> None:
    w = world(options=Options(network_time=False))
    w.at(100, lambda: w.sim.terminal.urc(f'*PSUTTZ: 2026,11,22,{damaged},"+4",0'))
    assert wrong_by(w, 300) == [None]


def test_nor_is_it_where_the_time_is_known(world: Callable[..., Any]) -> None:
    w = world(timing=Timing(), warm=False)
    w.at(100, lambda: w.sim.terminal.urc('*PSUTTZ: 2026,11,22,2,18,20,"+4",0'))
    assert wrong_by(w, 90, 300) == [pytest.approx(0, abs=1)] * 2


def tells(w: Any, at: float, error_s: float = 0.0) -> None:
    def urc() -> None:
        time = datetime.fromtimestamp(NOON + w.now + error_s, UTC)
        fields = ",".join(map(str, time.timetuple()[:6]))
        w.sim.terminal.urc(f'*PSUTTZ: {fields},"+4",0')

    w.at(at, urc)


def texts_in_a_row(world: Callable[..., Any], **options: object) -> Any:
    w = world(timing=Timing(sms_submit=(5.0, 5.0)), options=Options(**options))  # type: ignore[arg-type]
    for number in range(6):
        w.at(200, lambda ref=f"t{number}": w.modem.send_sms(ref, "+447700900201", "help"))
    return w


def test_a_time_told_among_texts_is_looked_at_after_the_next(world: Callable[..., Any]) -> None:
    w = texts_in_a_row(world, network_time=False)
    shown = datetime.fromtimestamp(NOON + 1100, UTC).strftime("%y/%m/%d,%H:%M:%S+00")
    w.at(100, lambda: w.sim.feed(f'AT+CCLK="{shown}"\r'.encode(), w.now))
    tells(w, 203)
    assert wrong_by(w, 204, 212) == [None, pytest.approx(0, abs=1)]


@pytest.mark.parametrize(("answers", "looks"), [(True, 2), (False, 1)])
def test_between_texts_each_telling_is_looked_at_once_while_that_is_answered(
    world: Callable[..., Any], answers: bool, looks: int
) -> None:
    w = texts_in_a_row(world, network_time=False)
    feed = w.sim.feed

    def goes_mute() -> None:
        w.sim.feed = lambda said, now: (answers or b"CCLK" not in said) and feed(said, now)

    w.at(199, goes_mute)
    tells(w, 203)
    tells(w, 216, 7200)
    w.run(240)
    submitted = w.said("AT+CMGS")
    assert len(submitted) == 6
    asked = [at for at in w.said("AT+CCLK?") if submitted[0] < at < submitted[-1]]
    assert len(asked) == looks


def test_another_network_that_tells_otherwise_twice_over_is_believed(
    world: Callable[..., Any],
) -> None:
    w = world(timing=Timing(), options=Options(network_time=False))
    tells(w, 100, -7200)
    tells(w, 110, -7200)
    w.at(190, lambda: w.sim.feed(b'AT+CCLK="26/11/22,12:19:50+00"\r', w.now))
    tells(w, 200)
    tells(w, 400, 5000)  # nothing shows that
    wrong = wrong_by(w, 150, 300, 500)
    assert wrong == [pytest.approx(e, abs=1) for e in (-7200, 0, 0)]


def test_networks_that_contradict_each_other_by_turns_are_each_believed_while_here(
    world: Callable[..., Any],
) -> None:
    w = world(options=Options(network_time=False))
    for at, error_s in ((100, 0), (200, 7200), (300, 0)):
        tells(w, at, error_s)
        tells(w, at + 10, error_s)
    wrong = wrong_by(w, 150, 250, 350)
    assert wrong == [pytest.approx(e, abs=1) for e in (0, 7200, 0)]
