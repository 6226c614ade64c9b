"""The outbox: synced before anything leaves, readable after a kill, never in an alarm's way."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from outcry.daemon.alarm import Alarm, State
from outcry.daemon.outbox import COUNTER_BLOCK, Outbox, StoredReport, TextOutcome
from outcry.report import AlarmKind

ALARM = Alarm(State.RAISED, id=7, kind=AlarmKind.PANIC, next_sequence=1)


@pytest.fixture
def faults():
    return []


@pytest.fixture
def outbox(tmp_path, faults):
    return Outbox(tmp_path / "outbox.sqlite", faults.append)


def report(counter: int, alarm: int = 7) -> StoredReport:
    return StoredReport(counter, alarm, counter & 0xFF, b"sealed" * 10, b"t" * 16)


def test_what_was_written_is_there_after_a_kill(outbox, tmp_path, faults):
    with outbox.step():
        outbox.save_alarm(ALARM)
        outbox.add_report(report(1))
        outbox.add_text(1, 0, "sealed")
    again = Outbox(tmp_path / "outbox.sqlite", faults.append)  # nothing was closed
    assert (again.alarm.id, again.alarm.state) == (7, State.RAISED)
    assert again.unanswered() == [report(1)]
    assert [text.template for text in again.open_texts()] == ["sealed"]
    assert faults == []


def test_no_counter_is_ever_given_twice(tmp_path, faults):
    given = []
    for _ in range(5):
        outbox = Outbox(tmp_path / "outbox.sqlite", faults.append)
        given += [outbox.take_counter() for _ in range(3)]
    assert len(set(given)) == len(given)
    assert given == sorted(given)


def test_counters_go_on_past_a_block(outbox):
    for _ in range(COUNTER_BLOCK - 1):
        outbox.take_counter()
    assert outbox.take_counter() + 1 == outbox.take_counter()


def test_a_damaged_file_is_set_aside_and_told(tmp_path, faults):
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"not a database" * 500)
    outbox = Outbox(path, faults.append)
    with outbox.step():
        outbox.add_report(report(1))
    assert outbox.durable
    assert "cannot be read" in faults[0]
    assert (tmp_path / "damaged-outbox.sqlite").read_bytes().startswith(b"not a database")


def test_a_card_that_recovers_gets_all_that_it_missed(outbox, tmp_path, faults):
    path = tmp_path / "outbox.sqlite"
    hidden = tmp_path / "elsewhere"
    outbox._database.close()  # every write now fails
    with outbox.step():
        outbox.save_alarm(ALARM)
        outbox.add_report(report(1))
    assert not outbox.durable
    assert faults
    assert not hidden.exists()
    with outbox.step():
        outbox.add_report(report(2))
    assert outbox.durable
    again = Outbox(path, faults.append)
    assert again.unanswered() == [report(2), report(1)]
    assert again.alarm.id == 7


def test_without_any_card_the_outbox_works_in_memory(tmp_path, faults):
    outbox = Outbox(tmp_path / "no" / "such" / "folder" / "outbox.sqlite", faults.append)
    with outbox.step():
        outbox.save_alarm(ALARM)
        outbox.add_report(report(outbox.take_counter()))
    assert len(outbox.unanswered()) == 1
    assert not outbox.durable
    assert faults


def test_a_newer_text_of_a_kind_supersedes_the_open_older_one(outbox):
    with outbox.step():
        outbox.add_report(report(1))
        outbox.add_report(report(2))
        first = outbox.add_text(1, 1, "alert")
        other = outbox.add_text(1, 2, "alert")
        newer = outbox.add_text(2, 1, "alert")
    assert outbox.open_texts() == [other, newer]
    assert outbox.texts[first.id].outcome is TextOutcome.SUPERSEDED


def test_only_the_running_alarm_is_read_back_and_text_ids_go_on(outbox, tmp_path, faults):
    with outbox.step():
        outbox.save_alarm(ALARM)
        outbox.add_report(report(1))
        old = outbox.add_text(1, 1, "alert")
        outbox.save_alarm(Alarm(State.RAISED, id=8, kind=AlarmKind.PANIC, next_sequence=1))
        outbox.add_report(report(2, alarm=8))
    again = Outbox(tmp_path / "outbox.sqlite", faults.append)
    assert again.alarm.id == 8
    assert list(again.reports) == [2]
    assert again.texts == {}
    assert again.add_text(2, 1, "alert").id > old.id


SCRIPT = """
import sys
from pathlib import Path
from outcry.daemon.alarm import Alarm, State
from outcry.daemon.outbox import Outbox, StoredReport
from outcry.report import AlarmKind
outbox = Outbox(Path(sys.argv[1]), print)
with outbox.step():
    outbox.save_alarm(Alarm(State.RAISED, id=7, kind=AlarmKind.PANIC, next_sequence=1))
    outbox.add_report(StoredReport(1, 7, 0, b"sealed", b"token"))
print("LEAVES", flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_the_report_is_synced_before_anything_leaves(tmp_path):
    """Read from the system calls: the last write to the outbox is followed by a sync, then sends."""
    trace = tmp_path / "trace"
    subprocess.run(
        [
            *("strace", "-f", "-y", "-o", str(trace)),
            *("-e", "trace=write,pwrite64,fsync,fdatasync"),
            *(sys.executable, "-c", SCRIPT, str(tmp_path / "outbox.sqlite")),
        ],
        check=True,
        capture_output=True,
        env=os.environ,
        cwd=Path(tmp_path),
    )
    steps = []
    for line in trace.read_text().splitlines():
        if "LEAVES" in line:
            steps.append("leaves")
        elif re.search(r"pwrite64\(\d+<[^>]*outbox", line):
            steps.append("write")
        elif re.search(r"f(data)?sync\(\d+<[^>]*outbox", line):
            steps.append("sync")
    assert "write" in steps
    before = steps[: steps.index("leaves")]
    assert before[-1] == "sync"
