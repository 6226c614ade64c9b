"""How the bench reads what the wearer felt, what an idle daemon did, and what came of a week."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.alarm import felt, week
from bench.alarm.troubles import Gpsd
from bench.device import idle
from bench.figures import FIGURES
from simulation.week import Week
from stage.stage import NotSeen

PROMISED = {
    "raised_pulse_worst_ms": "<= 200",
    "first_report_worst_s": "<= 1",
    "week_alarms_lost": "<= 0",
    "week_duplicates": "<= 0",
    "idle_wakeups_per_s": "<= 2",
    "idle_bytes_written_per_day": "<= 0",
    "air_bytes_per_day": "<= 250000",
    "gesture_false_alarms": "<= 0",
    "gesture_missed_alarms": "<= 0",
    "contact_text_parts_max": "<= 2",
}

STATE = Path("/tmp/stage/state")
TRACE = """\
101 write(7</dev/pts/3>, ""..., 9) = 9
101 pwrite64(12</tmp/stage/state/outbox.sqlite-wal>, ""..., 4096, 32) = 4096
102 write(9</tmp/stage/run/memory.new>, ""..., 74) = 74
101 rename("/tmp/stage/state/drill.new", "/tmp/stage/state/drill.json") = 0
101 pwrite64(12</tmp/stage/state/outbox.sqlite-wal>, ""..., 24, 32) = -1 ENOSPC (No space)
"""


def test_what_the_wearer_is_promised_is_in_the_table_with_its_bound():
    table = {each.name: str(each.bound) for each in FIGURES}
    assert {name: table.get(name) for name in PROMISED} == PROMISED


def test_only_what_goes_to_the_card_is_counted():
    assert idle.written(TRACE, STATE) == 4096 + 1
    assert idle.written("", STATE) == 0


@pytest.mark.slow
def test_a_write_is_seen_in_what_strace_says(tmp_path):
    if idle.shutil.which("strace") is None:
        pytest.skip("strace is not installed; tools/system-packages installs it")
    trace = tmp_path / "trace"
    (tmp_path / "state").mkdir()
    program = f"open({str(tmp_path / 'state' / 'file')!r}, 'w').write('x' * 500)"
    command = ["strace", *idle.OPTIONS, "-o", str(trace), sys.executable, "-c", program]
    subprocess.run(command, check=True)
    assert idle.written(trace.read_text(), tmp_path / "state") == 500


def test_a_threads_switches_are_both_kinds(tmp_path):
    (tmp_path / "11").mkdir()
    status = "Name:\toutcry\nvoluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n"
    (tmp_path / "11" / "status").write_text(status)
    assert idle.switches(tmp_path) == {"11": 42}


def pin(t, what, number, level):
    return {"t": t, "what": what, "pin": number, "level": level}


HOLDS = [
    *(pin(10.0, "pin-in", 17, 0), pin(11.6, "pin-in", 17, 1)),
    *(pin(11.52, "pin-out", 18, 1), pin(12.0, "pin-out", 18, 0)),
    *(pin(20.0, "pin-in", 17, 0), pin(21.6, "pin-in", 17, 1)),
    *(pin(21.9, "pin-out", 18, 1), pin(22.4, "pin-out", 18, 0)),
]


def test_each_hold_has_a_pulse_and_a_report_of_its_own():
    first, second = felt.signs(HOLDS, [11.51, 22.0])
    assert (first.pulse_s, first.sealed_s) == pytest.approx((0.02, 0.01))
    assert (second.pulse_s, second.sealed_s) == pytest.approx((0.4, 0.5))


@pytest.mark.parametrize(
    ("events", "sealed", "missing"),
    [(HOLDS, [11.51], "left no report"), (HOLDS[:-2], [11.51, 21.6], "was never felt")],
)
def test_a_hold_without_a_sign_is_an_error_and_not_left_out(events, sealed, missing):
    with pytest.raises(NotSeen, match=missing):
        felt.signs(events, sealed)


def test_enough_presses_are_made_in_every_trouble():
    assert felt.PRESSES * len(felt.CASES) >= 36
    assert {case.gpsd for case in felt.CASES} == set(Gpsd)
    assert {case.modem for case in felt.CASES} == {"well", "mute", "restarting"}
    assert any(case.card_busy for case in felt.CASES)


# A week


def test_what_a_weeks_books_say_is_what_the_figures_count(monkeypatch):
    def live(lived):
        lived.books.felt = [(101.0, 0, "raised"), (102.0, 0, "raised")]
        lived.books.faults = ["a fault"]
        return lived.books

    monkeypatch.setattr(Week, "live", live)
    found = week.live(0)
    assert (found.raised, found.lost, found.complaints[0]) == (2, 2, "fault: a fault")
    twice = week.Found(1, 0, ("twice",), ())
    monkeypatch.setattr(week, "weeks", lambda *_: [found, twice])
    assert (week.week_alarms_lost(), week.week_duplicates()) == (2, 1)
    assert week.week_promises_broken() == len(found.complaints)


def test_a_week_that_the_bench_lives_is_a_whole_one_and_not_coarse(monkeypatch):
    lived = []

    def live(one):
        lived.append((one.length_s, one.coarse))
        return one.books

    monkeypatch.setattr(Week, "live", live)
    week.live(0)
    assert lived == [(7 * 86_400, False)]
    assert week.WEEKS >= 8
