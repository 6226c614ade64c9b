"""The bench itself: its table, its lines, its bounds, and how it reads the board's record."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as bench
from bench.alarm import dead_path, forger, press
from bench.device import environment as device
from bench.device import memory, start
from bench.figure import Bound, Figure, line, percentile
from bench.figures import FIGURES
from bench.messages import sealed
from outcry.envelope import Header
from outcry.hw.board.process.arguments import WAYS_TO_FAIL
from outcry.receipt import RECEIPT_BYTES, ReceiptRefused, verify
from outcry.report import TOKEN_BYTES, MessageType, decode, encode
from stage.stage import ROOT, NotSeen, PartMissing, Stage, witnessed

PROMISED = {  # design, section 9
    "press_to_uart_p99_ms": "<= 50",
    "press_to_receipt_warm_p95_s": "<= 3",
    "first_cmgs_gprs_dead_max_s": "<= 12",
    "start_to_armed_minstr": "<= 450",
    "refusals_recovered": ">= 100",
    "findings_named_first": ">= 100",
    "refusal_restart_worst_s": "<= 90",
    "after_recovery_first_text_worst_s": "<= 30",
    "cmgs_lost_answer_worst_s": "<= 20",
    "cmgs_two_lost_worst_s": "<= 45",
    "whole_start_minstr": "<= 700",
    "armed_rss_mb": "<= 40",
    "armed_rss_mb_debian13": "<= 40",
    "sealed_report_sms_chars_max": "<= 160",
}


def figure(value: float, bound: Bound, name: str = "some_figure_s") -> Figure:
    return Figure(name, "s", bound, lambda: value)


def unmeasurable() -> float:
    raise NotSeen("the board is not there")


def missing() -> float:
    raise PartMissing("no mirror has it")


# The table and its lines


def test_every_promised_figure_is_in_the_table_with_its_bound() -> None:
    table = {each.name: str(each.bound) for each in FIGURES}
    assert {name: table.get(name) for name in PROMISED} == PROMISED


def test_no_two_figures_share_a_name() -> None:
    names = [each.name for each in FIGURES]
    assert sorted(names) == sorted(set(names))


def test_a_line_is_name_value_unit_bound_and_verdict_with_tabs_between() -> None:
    assert line(figure(2.5, Bound("<=", 3)), 2.5, "holds") == "some_figure_s\t2.5\ts\t<= 3\tholds"


@pytest.mark.parametrize(
    ("bound", "value", "verdict"),
    [
        (Bound("<=", 3), 3.0, "holds"),
        (Bound("<=", 3), 3.0001, "short"),
        (Bound(">=", 1000), 1000.0, "holds"),
        (Bound(">=", 1000), 999.9, "short"),
        (Bound("<=", 3), float("nan"), "short"),
    ],
)
def test_a_figure_holds_up_to_its_bound_and_not_beyond(
    bound: Bound, value: float, verdict: str
) -> None:
    assert figure(0, bound).verdict(value) == verdict


def test_a_whole_number_is_printed_whole() -> None:
    assert line(figure(0, Bound("<=", 160)), 155, "holds").split("\t")[1] == "155"
    assert line(figure(0, Bound("<=", 160)), 100, "holds").split("\t")[1] == "100"


# The command


def test_without_names_all_are_measured_in_the_tables_order() -> None:
    assert bench.choose([], FIGURES) == list(FIGURES)


def test_named_figures_are_measured_alone() -> None:
    assert [each.name for each in bench.choose(["armed_rss_mb"], FIGURES)] == ["armed_rss_mb"]


def test_an_unknown_name_ends_with_2_and_says_what_there_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bench.main(["armed_rss"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "armed_rss_mb" in err


def test_all_holding_ends_with_0_and_prints_nothing_but_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bench.measure([figure(1, Bound("<=", 3)), figure(5, Bound(">=", 3))]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "some_figure_s\t1\ts\t<= 3\tholds",
        "some_figure_s\t5\ts\t>= 3\tholds",
    ]


def test_one_short_ends_with_1_and_the_rest_is_still_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bench.measure([figure(9, Bound("<=", 3)), figure(1, Bound("<=", 3))]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


def breaking() -> float:
    raise TypeError("a dataclass got another field")


@pytest.mark.parametrize(
    ("measuring", "verdict", "said"),
    [
        (unmeasurable, "broken", "the board is not there"),
        (breaking, "broken", "a dataclass got another field"),
        (missing, "absent", "no mirror has it"),
    ],
)
def test_a_figure_that_cannot_be_measured_says_why_and_is_not_the_end(
    capsys: pytest.CaptureFixture[str], measuring: Any, verdict: str, said: str
) -> None:
    lost = Figure("lost_s", "s", Bound("<=", 3), measuring)
    bench.measure([lost, figure(1, Bound("<=", 3))])
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"lost_s\t-\ts\t<= 3\t{verdict}",
        "some_figure_s\t1\ts\t<= 3\tholds",
    ]
    assert said in err


def test_what_breaks_fails_the_bench_and_what_is_absent_does_not() -> None:
    held = figure(1, Bound("<=", 3))
    assert bench.measure([held, Figure("lost_s", "s", Bound("<=", 3), breaking)]) == 1
    assert bench.measure([held, Figure("lost_s", "s", Bound("<=", 3), missing)]) == 0


def test_the_smallest_form_is_measured_where_it_is_asked_for() -> None:
    both = Figure("some_s", "s", Bound("<=", 3), lambda: 2.0, lambda: 1.0)
    assert bench.measured(both, smallest=True) == (1.0, "holds")
    assert bench.measured(both, smallest=False) == (2.0, "holds")
    assert bench.measured(figure(2, Bound("<=", 3)), smallest=True) == (2, "holds")


@pytest.mark.slow
@pytest.mark.parametrize("name", [each.name for each in FIGURES])
def test_every_figure_can_be_measured(name: str) -> None:
    """What it comes to is for ``make bench`` to say; that it can be measured must not rot.

    What must never happen does not happen in the small either.
    """
    [chosen] = bench.choose([name], FIGURES)
    value, verdict = bench.measured(chosen, smallest=True)
    assert verdict != "broken"
    assert chosen.bound != Bound("<=", 0) or verdict in ("holds", "absent")
    assert (value is None) == (verdict == "absent")


# Percentiles


def test_a_percentile_is_a_value_that_was_measured_and_never_a_kinder_one() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert percentile(hundred, 99) == 99
    assert percentile([*hundred, 1000.0], 99) == 100
    assert percentile([7.0], 99) == 7
    assert percentile([3.0, 1.0, 2.0], 50) == 2


def test_the_99th_of_few_presses_is_the_worst() -> None:
    assert percentile([float(number) for number in range(50)], 99) == 49


def test_enough_presses_are_made() -> None:
    assert press.UART_STAGES * press.UART_PRESSES >= 100
    assert press.RECEIPT_PRESSES >= 20


# Reading the board's record


def pin(t: float, level: int) -> dict[str, Any]:
    return {"t": t, "what": "pin-in", "pin": 17, "level": level}


def motor(t: float, level: int) -> dict[str, Any]:
    return {"t": t, "what": "pin-out", "pin": 18, "level": level}


def at(t: float, command: str, modem: str = "wearer") -> dict[str, Any]:
    return {"t": t, "what": "at", "modem": modem, "command": command}


def received(t: float, modem: str = "wearer") -> dict[str, Any]:
    return {"t": t, "what": "tcp-received", "modem": modem, "bytes": 180}


def felt(*times: float) -> list[dict[str, Any]]:
    return [motor(t + more, level) for t in times for more, level in ((0, 1), (0.2, 0))]


def test_of_a_line_that_the_board_is_still_writing_nothing_is_read(tmp_path: Path) -> None:
    whole, begun = '{"t": 1.0, "what": "at"}\n', '{"t": 2.0, "what": "sms-deliv'
    (tmp_path / "events.jsonl").write_text(whole + begun)
    assert list(witnessed(tmp_path)) == [{"t": 1.0, "what": "at"}]


def record(*events: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: float(event["t"]))


def test_a_press_is_timed_from_the_moment_the_hold_was_long_enough() -> None:
    events = record(
        *(pin(10.0, 0), pin(11.6, 1)),
        *(at(11.504, "AT+CIPSEND"), received(12.5), *felt(11.51, 12.6, 13.0)),
    )
    assert press.valid_holds(events) == [11.5]
    assert press.uart_delays(events) == [pytest.approx(0.004)]
    assert press.receipt_delays(events) == [pytest.approx(1.0)]


def test_a_tap_is_no_press() -> None:
    assert press.valid_holds([pin(10.0, 0), pin(11.4, 1)]) == []


def test_a_poll_of_the_modem_is_not_taken_for_the_alarm() -> None:
    events = record(
        *(pin(10.0, 0), pin(11.6, 1), at(11.501, "AT+CSQ"), at(11.502, "AT+CIPSEND", "hq")),
        *(at(11.53, "AT+CIPSEND"), received(12.5), *felt(11.51, 12.6, 13.0)),
    )
    assert press.uart_delays(events) == [pytest.approx(0.03)]


def test_the_receipt_of_an_earlier_report_is_not_taken_for_this_ones() -> None:
    events = record(
        *(pin(10.0, 0), pin(11.6, 1), at(11.2, "AT+CIPSEND"), received(11.9)),
        *(at(12.0, "AT+CIPSEND"), received(13.0), received(13.1), received(13.05, "hq")),
        *(at(13.2, "AT+CIPSEND"), received(14.2), *felt(11.51, 13.2, 13.6)),
    )
    assert press.uart_delays(events) == [pytest.approx(0.5)]
    assert press.receipt_delays(events) == [pytest.approx(1.6)]


def test_every_press_counts_for_itself() -> None:
    one = [pin(10.0, 0), pin(11.6, 1), at(11.51, "AT+CIPSEND"), received(12.0)]
    one += felt(11.51, 12.1, 12.5)
    other = [pin(20.0, 0), pin(21.6, 1), at(21.52, "AT+CIPSEND"), received(22.5)]
    other += felt(21.51, 22.6, 23.0)
    assert press.uart_delays(record(*one, *other)) == [pytest.approx(0.01), pytest.approx(0.02)]


def test_a_press_that_sent_nothing_is_an_error_and_not_left_out() -> None:
    with pytest.raises(NotSeen, match="nothing was sent"):
        press.uart_delays([pin(10.0, 0), pin(11.6, 1), *felt(11.51)])


def test_an_answer_that_the_wearer_never_felt_is_no_receipt() -> None:
    events = record(
        *(pin(10.0, 0), pin(11.6, 1), at(11.5, "AT+CIPSEND"), received(12.0), *felt(11.51))
    )
    with pytest.raises(NotSeen, match="no receipt"):
        press.receipt_delays(events)


# The ways in which the data path dies


def test_every_way_of_the_board_is_tried_before_the_press_and_after_the_hold() -> None:
    tried = {
        (case.way.told[-1][0], case.failed_for_s is None)
        for case in dead_path.cases()
        if case.way is not None
    }
    assert tried == set(itertools.product(WAYS_TO_FAIL, (False, True)))


def test_an_old_connection_and_both_forgeries_are_tried() -> None:
    cases = dead_path.cases()
    assert any(case.idle_s > 60 and case.way and case.way.told[-1][1] for case in cases)
    assert {case.forgery for case in cases} - {None} == set(forger.Forgery)


@pytest.mark.parametrize("forgery", forger.Forgery)
def test_a_forged_receipt_has_the_right_length_and_never_verifies(
    forgery: forger.Forgery,
) -> None:
    header, token = Header(7, 65_536), bytes(TOKEN_BYTES)
    receipt = forger.forged(header.pack() + bytes(107), forgery)
    assert len(receipt) == RECEIPT_BYTES
    with pytest.raises(ReceiptRefused):
        verify(receipt, token, header)


# Sealed reports


def test_the_random_reports_are_valid_and_of_every_type() -> None:
    from random import Random

    random = Random(3)
    reports = [sealed.drawn(random) for _ in range(200)]
    assert {report.type for report in reports} == set(MessageType)
    for report in (*reports, *sealed.extremes()):
        assert decode(encode(report)).token == report.token


# What the counters say


def test_the_instruction_count_is_read_from_the_counters_summary() -> None:
    assert start.instructions("desc: x\nevents: Ir\nsummary: 383456789\n") == 383_456_789
    with pytest.raises(NotSeen):
        start.instructions("")


def test_resident_memory_is_read_from_smaps_rollup_in_bytes() -> None:
    rollup = "55d0-7ffe ---p 00000000 00:00 0   [rollup]\nRss:           40624 kB\nPss: 9 kB\n"
    assert memory.rss_bytes(rollup) == 40_624 * 1024
    with pytest.raises(ValueError, match="Rss"):
        memory.rss_bytes("Pss: 9 kB\n")


def test_the_device_needs_its_few_libraries_and_no_test_tools() -> None:
    needed = {each.name.lower() for each in device.dependencies("outcry", device.SERVICE_EXTRA)}
    assert {"gpiozero", "pyserial", "h11", "pyhpke", "cryptography", "gpsd-py3"} <= needed
    assert not needed & {"pytest", "fastapi", "sqlalchemy", "uvicorn", "hypothesis"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "later"), [("armed", "outcry.daemon.service.life"), ("ready", "pyhpke")]
)
def test_the_counted_start_ends_at_its_moment_in_an_environment_like_the_devices(
    moment: str, later: str, tmp_path: Path
) -> None:
    stage = Stage(tmp_path)
    stage.write_settings()
    stage.enrol()
    python = device.environment(tmp_path / "device")
    options = ("--config", str(tmp_path / "outcry.toml"), "run")
    done = subprocess.run(
        [
            str(python),
            "-X",
            "importtime",
            str(ROOT / "bench" / "device" / "until.py"),
            moment,
            *options,
        ],
        capture_output=True,
        text=True,
        env={"GPIOZERO_PIN_FACTORY": "mock", "PYTHONSAFEPATH": "1"},
        timeout=60,
        check=True,
    )
    imported = {entry.rpartition("|")[2].strip() for entry in done.stderr.splitlines()}
    assert {"gpiozero", "outcry.hw.switch"} <= imported
    assert later not in imported
    assert not {name for name in imported if "editable" in name}


def test_a_users_python_habits_do_not_reach_what_is_measured() -> None:
    habits = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "x", "COVERAGE_PROCESS_START": "y"}
    kept = {"PATH": "/usr/bin", "PYTHONSAFEPATH": "1"}
    assert device.without_habits(habits | kept) == kept
