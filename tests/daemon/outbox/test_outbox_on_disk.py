"""The outbox: synced before anything leaves, readable after a kill, never in an alarm's way."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.daemon.alarm.model import Alarm, State
from outcry.daemon.outbox import card
from outcry.daemon.outbox.card import Card
from outcry.daemon.outbox.outbox import COUNTER_BLOCK, Outbox
from outcry.daemon.outbox.stored import SENDS_MOST, StoredReport, StoredText, TextOutcome
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


def test_that_there_were_texts_is_known_when_none_is_in_memory_any_more(tmp_path, faults):
    path = tmp_path / "outbox.sqlite"
    first = Outbox(path, faults.append, device=1)
    with first.step():
        first.add_report(replace(report(1), answered=True))
        first.add_text(1, 0, "sealed")
        first.add_report(report(2, alarm=8))
    first.close()
    second = Outbox(path, faults.append, device=1)
    assert (first.texted_before, second.texted_before) == (False, True)
    assert second.texts == {}
    second.close()
    third = Outbox(path, faults.append, device=2)
    assert third.texted_before, "another device's, perhaps by this very SIM"
    third.close()
    path.write_bytes(b"not a database" * 100)
    assert Outbox(path, faults.append, device=2).texted_before


def test_no_counter_is_ever_given_twice(tmp_path, faults):
    given = []
    for _ in range(5):
        outbox = Outbox(tmp_path / "outbox.sqlite", faults.append)
        given += [outbox.take_counter() for _ in range(COUNTER_BLOCK // 2 + 600)]
    assert len(set(given)) == len(given)
    assert given == sorted(given)


def test_counters_go_on_past_a_block(outbox):
    for _ in range(COUNTER_BLOCK - 1):
        outbox.take_counter()
    assert outbox.take_counter() + 1 == outbox.take_counter()


def test_a_block_used_up_is_followed_by_one_that_is_reserved_too(outbox, tmp_path, faults):
    last = [outbox.take_counter() for _ in range(COUNTER_BLOCK + 1)][-1]
    assert Outbox(tmp_path / "outbox.sqlite", faults.append).take_counter() > last


def test_what_is_left_is_written_on_closing(outbox, tmp_path, faults):
    outbox.save_alarm(ALARM)
    outbox.add_report(report(1))
    outbox.close()
    assert Outbox(tmp_path / "outbox.sqlite", faults.append).unanswered() == [report(1)]


def test_a_hold_that_changes_nothing_but_what_is_to_be_answered_is_kept(outbox, tmp_path, faults):
    with outbox.step():
        outbox.save_alarm(ALARM)
        outbox.add_report(report(1))
    with outbox.step():
        outbox.save_alarm(replace(ALARM, to_be_answered=9))
    assert Outbox(tmp_path / "outbox.sqlite", faults.append).alarm.to_be_answered == 9


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
    before, outbox.card.database = outbox.card.database, sqlite3.connect(":memory:")
    outbox.card.database.close()  # every write now fails
    with outbox.step():
        outbox.save_alarm(ALARM)
        outbox.add_report(report(1))
    assert not outbox.durable
    assert faults
    before.close()
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


def test_a_newer_text_of_a_kind_takes_the_open_ones_place_in_line(outbox):
    with outbox.step():
        outbox.add_report(report(1))
        outbox.add_report(report(2))
        outbox.add_text(1, 1, "alert")
        other = outbox.add_text(1, 2, "alert")
        newer = outbox.add_text(2, 1, "alert")
    assert outbox.open_texts() == [newer, other]
    assert newer.counter == 2


def test_a_text_under_way_is_superseded_and_the_newer_goes_to_the_end(outbox):
    with outbox.step():
        outbox.add_report(report(1))
        outbox.add_report(report(2))
        first = outbox.add_text(1, 1, "alert")
        other = outbox.add_text(1, 2, "alert")
        newer = outbox.add_text(2, 1, "alert", under_way=first.id)
    assert outbox.open_texts() == [other, newer]
    assert outbox.texts[first.id].outcome is TextOutcome.SUPERSEDED


def test_a_text_under_way_at_a_kill_is_sent_once_more_after_the_others_and_then_no_more(
    outbox, tmp_path, faults
):
    with outbox.step():
        outbox.add_report(report(1))
        text = outbox.add_text(1, 1, "alert")
        other = outbox.add_text(1, 2, "alert")
        outbox.set_text(text.begun())
    again = Outbox(tmp_path / "outbox.sqlite", faults.append)
    assert [text.id for text in again.open_texts()] == [other.id, text.id]
    with again.step():
        again.set_text(again.texts[text.id].begun())
    third = Outbox(tmp_path / "outbox.sqlite", faults.append)
    assert third.open_texts() == [other]
    assert third.texts[text.id].outcome is TextOutcome.UNKNOWN


def test_a_refusal_is_not_a_loss(outbox):
    text = outbox.add_text(1, 1, "alert")
    assert text.begun().refused() == text == text.refused()
    lost = text.begun().lost()
    assert lost.begun().begun().refused() == lost == lost.refused()
    assert lost.begun().lost().outcome is TextOutcome.UNKNOWN
    assert text.lost().lost().outcome is TextOutcome.UNKNOWN


WHAT_CAN_BE_KNOWN = ("lost", "refused", "given", "reached", "unreached", "given_up", "closed")


@given(st.lists(st.sampled_from(("begun", *WHAT_CAN_BE_KNOWN)), max_size=12))
def test_whatever_becomes_known_of_a_text_in_whatever_order_it_leaves_twice_at_most(story):
    text, left = StoredText(1, 1, 1, "alert"), 0
    for what in story:
        if what == "begun" and (not text.is_open or text.outcome is TextOutcome.UNDER_WAY):
            continue  # it is only handed over when it is open, once at a time
        left += (what == "begun") - (what == "refused" and text.outcome is TextOutcome.UNDER_WAY)
        text = getattr(text, what)()
        assert left <= text.sends <= SENDS_MOST
    if text.sends == SENDS_MOST and text.outcome is not TextOutcome.UNDER_WAY:
        assert not text.needs_words


@pytest.mark.parametrize("outcome", TextOutcome)
def test_what_is_closed_is_not_sent_again_and_what_is_on_the_phone_stays_there(outcome):
    text = StoredText(1, 1, 1, "alert", outcome, sends=1)
    assert not text.closed().needs_words
    on_the_phone = StoredText(1, 1, 1, "alert", TextOutcome.REACHED, sends=1)
    for what in WHAT_CAN_BE_KNOWN:
        assert getattr(on_the_phone, what)() == on_the_phone


def test_of_what_is_closed_all_that_is_known_stays_known():
    text = StoredText(1, 1, 1, "alert")
    assert text.closed().outcome is TextOutcome.SUPERSEDED
    assert text.begun().lost().closed().outcome is TextOutcome.UNKNOWN
    assert text.begun().given().unreached().closed().outcome is TextOutcome.SENT
    assert text.begun().closed().given().outcome is TextOutcome.SENT


def test_a_text_the_network_did_not_take_whole_cannot_have_reached_a_phone():
    """The report is of its first part; the second was refused, or its outcome lost."""
    text = StoredText(1, 1, 1, "alert")
    for known in (text, text.begun(), text.begun().lost(), text.begun().lost().begun().lost()):
        assert known.reached() == known


def test_memory_stays_small_and_keeps_what_still_has_to_go(outbox, tmp_path, faults):
    with outbox.step():
        outbox.save_alarm(ALARM)
        for counter in range(1000):
            outbox.add_report(replace(report(counter), answered=counter not in (3, 5)))
            text = outbox.add_text(counter, 1 if counter == 4 else 2, "alert")
            if counter not in (4, 999):
                outbox.set_text(replace(text, outcome=TextOutcome.GIVEN))
    for box in (outbox, Outbox(tmp_path / "outbox.sqlite", faults.append)):
        assert len(box.reports) < 70
        assert len(box.texts) < 70
        assert {3, 4, 5, 999} <= box.reports.keys()
        assert [report.counter for report in box.unanswered()] == [5, 3]
        assert [text.counter for text in box.open_texts()] == [4, 999]
        assert box.add_text(999, 3, "alert").id > 900


def test_the_outbox_of_another_device_is_set_aside_and_its_numbers_go_on(tmp_path, faults):
    path = tmp_path / "outbox.sqlite"
    first = Outbox(path, faults.append, device=77)
    with first.step():
        first.save_alarm(ALARM)
        first.add_report(report(first.take_counter()))
    given = first.take_counter()
    first.close()
    other = Outbox(path, faults.append, device=78)
    assert (other.alarm.state, other.reports) == (State.IDLE, {})
    assert other.take_counter() > given
    assert "another device" in faults[0]
    assert (tmp_path / "other-outbox.sqlite").exists()


def test_what_a_killed_strangers_daemon_had_not_merged_yet_goes_aside_with_it(tmp_path, faults):
    stranger = Outbox(tmp_path / "outbox.sqlite", faults.append, device=77)
    with stranger.step():
        stranger.save_alarm(ALARM)
        stranger.add_report(report(1))
    ours = Outbox(tmp_path / "outbox.sqlite", faults.append, device=78)
    assert ours.durable
    assert (tmp_path / "other-outbox.sqlite").exists()
    again = Outbox(tmp_path / "outbox.sqlite", faults.append, device=78)
    assert (again.alarm.state, again.durable) == (State.IDLE, True)


@pytest.mark.parametrize(("before", "after"), [(0, 77), (77, 0), (77, 77)])
def test_the_same_device_with_hq_or_without_goes_on_with_its_alarm(tmp_path, faults, before, after):
    first = Outbox(tmp_path / "outbox.sqlite", faults.append, device=before)
    with first.step():
        first.save_alarm(ALARM)
        first.add_report(report(1))
    again = Outbox(tmp_path / "outbox.sqlite", faults.append, device=after)
    assert again.alarm.id == ALARM.id
    assert faults == []


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER TABLE text ADD COLUMN more INTEGER; PRAGMA user_version = 9",
        "DROP TABLE text; CREATE TABLE text (id INTEGER PRIMARY KEY); PRAGMA user_version = 9",
        "INSERT INTO text VALUES (1, 1, 1, 'alert', 'no such outcome', 0, 0)",
    ],
)
def test_of_a_file_that_cannot_be_read_whole_the_alarm_is_kept(outbox, tmp_path, faults, damage):
    with outbox.step():
        outbox.save_alarm(ALARM)
        outbox.add_report(report(1))
    given = outbox.take_counter()
    outbox.close()
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite")) as database:
        database.executescript(damage)
        database.commit()
    for _ in range(2):
        again = Outbox(tmp_path / "outbox.sqlite", faults.append)
        assert (again.alarm.id, again.alarm.state) == (7, State.RAISED)
        assert again.unanswered() == [report(1)]
        assert again.take_counter() > given
        assert again.durable
    assert len(faults) == 1


def test_a_card_that_has_lost_count_goes_on_above_all_that_hq_has_seen(tmp_path, faults):
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"not a database" * 500)
    assert Outbox(path, faults.append, 77, 1_790_000_000).take_counter() == 1_790_000_000


def test_a_card_that_went_read_only_still_says_which_alarm_is_open(
    outbox, tmp_path, faults, monkeypatch
):
    with outbox.step():
        outbox.save_alarm(ALARM)
        outbox.add_report(report(1))
    given = outbox.take_counter()

    def read_only(self, found):
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(Card, "_open", read_only)
    again = Outbox(tmp_path / "outbox.sqlite", faults.append)
    assert again.alarm.id == ALARM.id
    assert again.unanswered() == [report(1)]
    assert again.take_counter() > given
    assert not again.durable


def test_somebody_elses_lock_on_the_file_does_not_hold_up_an_alarm(outbox, tmp_path, faults):
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with outbox.step():
            outbox.save_alarm(ALARM)
        assert time.monotonic() - began < 4, "sqlite's own patience is 5 s"
        assert faults
    with outbox.step():
        outbox.add_report(report(1))
    assert outbox.durable


def test_of_an_older_alarm_only_what_hq_has_not_answered_is_read_back(outbox, tmp_path, faults):
    """One withdrawn: what HQ does not know of it must still go, whatever has happened since."""
    with outbox.step():
        outbox.save_alarm(ALARM)
        outbox.add_report(report(1))
        outbox.add_report(report(2))
        old = [outbox.add_text(counter, counter, "alert") for counter in (1, 2)]
        outbox.save_alarm(Alarm(State.RAISED, id=8, kind=AlarmKind.PANIC, next_sequence=1))
        outbox.add_report(report(3, alarm=8))
        outbox.answer_report(outbox.reports[1])
    again = Outbox(tmp_path / "outbox.sqlite", faults.append)
    assert again.alarm.id == 8
    assert again.unanswered() == [report(3, alarm=8), report(2)]
    assert list(again.texts) == [old[1].id]
    assert again.add_text(3, 1, "alert").id > old[1].id


def test_a_withdrawal_stays_with_its_alarm(outbox, tmp_path, faults):
    with outbox.step():
        outbox.save_alarm(replace(ALARM, withdrawn=True, withdrawals=(3, 10)))
        outbox.add_report(report(1))
    again = Outbox(tmp_path / "outbox.sqlite", faults.append).alarm
    assert (again.withdrawn, again.withdrawals) == (True, (3, 10))
    with outbox.step():
        outbox.save_alarm(Alarm(State.RAISED, id=8, kind=AlarmKind.PANIC, next_sequence=1))
        outbox.add_report(report(2, alarm=8))
    again = Outbox(tmp_path / "outbox.sqlite", faults.append).alarm
    assert (again.withdrawn, again.withdrawals) == (False, ())


def test_a_drill_that_is_over_is_not_resumed(outbox, tmp_path, faults):
    with outbox.step():
        outbox.save_alarm(replace(ALARM, kind=AlarmKind.DRILL))
        outbox.add_report(report(1))
    with outbox.step():
        outbox.save_alarm(Alarm())
    assert Outbox(tmp_path / "outbox.sqlite", faults.append).alarm.state is State.IDLE


LAYOUT_1 = """
PRAGMA user_version = 1;
CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 1), reserved INTEGER);
CREATE TABLE owner (id INTEGER PRIMARY KEY CHECK (id = 1), device INTEGER);
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY, kind INTEGER, state TEXT, next_sequence INTEGER, to_be_answered INTEGER
);
CREATE TABLE report (
    counter INTEGER PRIMARY KEY, alarm INTEGER, sequence INTEGER,
    sealed BLOB, token BLOB, answered INTEGER
);
CREATE TABLE text (
    id INTEGER PRIMARY KEY, counter INTEGER, recipient INTEGER, template TEXT, outcome TEXT
);
INSERT INTO counter VALUES (1, 65536);
INSERT INTO alarm VALUES (7, 1, 'over_sms', 3, 1);
INSERT INTO report VALUES (5, 7, 1, x'5ea1ed', x'70', 0);
"""
OF_LAYOUT_1 = {
    "open": ("open", 0),
    "under way": ("maybe sent", 1),
    "maybe sent": ("maybe sent", 1),
    "under way again": ("unknown", 2),
    "given": ("sent", 2),
    "unknown": ("unknown", 2),
    "superseded": ("superseded", 0),
}


@pytest.fixture
def of_layout_1(tmp_path):
    """What a device that had not been renewed left on the card in the midst of an alarm."""
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite")) as database:
        database.executescript(LAYOUT_1)
        for id_, outcome in enumerate(OF_LAYOUT_1, 1):
            database.execute("INSERT INTO text VALUES (?, 5, ?, 'alert', ?)", (id_, id_, outcome))
        database.commit()
    return tmp_path / "outbox.sqlite"


def test_software_renewed_in_the_midst_of_an_alarm_goes_on_with_it(of_layout_1, faults):
    for _ in range(2):
        outbox = Outbox(of_layout_1, faults.append)
        assert (outbox.alarm.id, outbox.alarm.state) == (7, State.OVER_SMS)
        assert outbox.unanswered() == [StoredReport(5, 7, 1, b"\x5e\xa1\xed", b"p")]
        found = [(text.outcome.value, text.sends) for _, text in sorted(outbox.texts.items())]
        assert found == list(OF_LAYOUT_1.values())
        with outbox.step():
            outbox.add_report(report(outbox.take_counter()))
        assert outbox.durable
        with outbox.step():
            outbox.answer_report(outbox.unanswered()[0])
    assert faults == []


def test_renewed_on_a_card_that_cannot_be_written_it_goes_on_in_memory_and_then_writes(
    of_layout_1, faults, monkeypatch
):
    """The file stays of the first layout until the card recovers."""
    with monkeypatch.context() as broken:
        locked = sqlite3.connect(of_layout_1, isolation_level=None)
        locked.execute("BEGIN EXCLUSIVE")
        broken.setattr(card, "LOCK_LIMIT_S", 0.01)
        outbox = Outbox(of_layout_1, faults.append)
        assert not outbox.durable
        locked.execute("ROLLBACK")
        locked.close()
    with outbox.step():
        outbox.add_report(report(outbox.take_counter()))
    assert outbox.durable


def test_a_file_of_an_old_layout_that_is_damaged_is_set_aside_and_its_alarm_kept(
    of_layout_1, faults
):
    with closing(sqlite3.connect(of_layout_1)) as database:
        database.executescript("DROP TABLE text")
    outbox = Outbox(of_layout_1, faults.append)
    assert (outbox.alarm.id, outbox.alarm.state) == (7, State.OVER_SMS)
    assert outbox.durable
    assert Outbox(of_layout_1, faults.append).alarm.id == 7
    assert len(faults) == 1
    assert "set aside" in faults[0]


SCRIPT = """
import sys
from pathlib import Path
from outcry.daemon.alarm.model import Alarm, State
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.stored import StoredReport
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
