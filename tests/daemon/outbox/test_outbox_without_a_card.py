"""A card that takes nothing: the newest alarm survives a restart of the service all the same."""

import errno
import multiprocessing
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from outcry.daemon.alarm.model import State
from outcry.daemon.journal import Entry
from outcry.daemon.outbox import card as card_module
from outcry.daemon.outbox.card import Card
from outcry.daemon.outbox.last_refusal import LastRefusal
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.stored import TextOutcome
from outcry.daemon.service import judge
from outcry.envelope import read_header
from outcry.hw.modem import ModemStatus, Outcome
from outcry.report import Flag
from simulation.world import World

TROUBLES = {
    "full": ("database or disk is full", sqlite3.SQLITE_FULL),
    "worn out": ("disk I/O error", sqlite3.SQLITE_IOERR),
    "read-only": ("attempt to write a readonly database", sqlite3.SQLITE_READONLY),
}


class _Refuses:
    """A connection to a card that can be read, and takes no change."""

    def __init__(self, database, trouble):
        self._database = database
        self._trouble = trouble

    def execute(self, statement, *values):
        if statement.startswith(("BEGIN", "INSERT", "PRAGMA journal")):
            self._fails()
        return self._database.execute(statement, *values)

    def executescript(self, statements):
        self._fails()

    def close(self):
        self._database.close()

    def _fails(self):
        words, code = TROUBLES[self._trouble]
        error = sqlite3.OperationalError(words)
        error.sqlite_errorcode = code
        raise error


class Trouble:
    """The card's, from :meth:`begins` until :meth:`ends`; copies elsewhere have none."""

    def __init__(self, monkeypatch, folder, kind):
        self.kind = kind
        self.writes_left = 0
        self._on = False
        connect = sqlite3.connect

        def opened(path, *args, **more):
            database = connect(path, *args, **more)
            ours = str(path) == str(folder / "outbox.sqlite")
            return _Refuses(database, kind) if ours and self._on else database

        monkeypatch.setattr(card_module.sqlite3, "connect", opened)

    def begins(self, world):
        self._on = True
        world.outbox.card.close()

    def ends(self):
        self._on = False


@pytest.fixture(params=[*TROUBLES, "locked"])
def trouble(request, monkeypatch, tmp_path):
    if request.param != "locked":
        return Trouble(monkeypatch, tmp_path, request.param)
    monkeypatch.setattr(card_module, "LOCK_LIMIT_S", 0.0)
    return Lock(tmp_path)


class Lock:
    """Another program holds the file."""

    kind = "locked"

    def __init__(self, folder):
        self._path = folder / "outbox.sqlite"

    def begins(self, world):
        world.outbox.card.close()
        self._other = sqlite3.connect(self._path, isolation_level=None)
        self._other.execute("BEGIN EXCLUSIVE")

    def ends(self):
        self._other.close()


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.breaks_on_purpose = True
    return world


def journal_of(world, entry):
    pairs = zip(world.journal, world.fields, strict=True)
    return [line for line, f in pairs if f.get("MESSAGE_ID") == entry.message_id]


def withdrawn_and_held_again(world):
    """An older alarm is on the card, and then another begins."""
    world.holds()
    world.takes_all_texts()
    world.phones_have_all()
    world.taps(2, 3)
    return world.outbox.alarm.id


def of_disk(world):
    facts = world.asks("status") | {"marks": Flag.CARD_FAULT}
    return next(each for each in judge.attention(facts) if each.name == "disk")


def test_the_journal_says_what_is_so(world, trouble):
    world.holds()
    assert "is on the card" in journal_of(world, Entry.SEALED)[-1]
    trouble.begins(world)
    world.passes(60)
    assert "in memory, not on the card" in journal_of(world, Entry.SEALED)[-1]
    assert "card cannot be written" in journal_of(world, Entry.CARD_FAULT)[-1]
    assert "'The card is broken'" in of_disk(world).remedy
    world.outbox.card.trouble = "the service may not (EACCES) -> `chown`"
    assert (of_disk(world).words, of_disk(world).remedy) == (
        "the service may not (EACCES)",
        "`chown`",
    )
    trouble.ends()
    world.passes(60)
    assert world.outbox.card.trouble == ""
    assert "is on the card" in journal_of(world, Entry.SEALED)[-1]


def test_the_newest_alarm_is_the_open_one_after_a_restart_and_goes_on(world, trouble):
    older = withdrawn_and_held_again(world)
    trouble.begins(world)
    world.holds()
    newest, sealed = world.outbox.alarm.id, set(world.outbox.reports)
    assert newest != older
    world.starts()
    assert (world.outbox.alarm.id, world.outbox.alarm.state) == (newest, State.OVER_SMS)
    assert sealed <= set(world.outbox.reports)
    world.takes_all_texts()
    assert [heard for heard in world.heard() if heard.startswith("alert")] == [
        "alert to Ana",
        "alert to Boris",
        "alert to Chiara",
    ]
    trouble.ends()
    world.passes(60)
    assert world.outbox.durable
    world.power_cut()
    assert world.outbox.alarm.id == newest


def test_a_card_that_fails_in_the_midst_of_an_alarm_costs_nothing_of_it(world, trouble):
    world.sees()
    world.holds()
    world.network(Outcome.DONE)
    trouble.begins(world)
    world.network(Outcome.DONE)
    world.leaves()
    world.network(Outcome.UNKNOWN)
    before = {each.id: each for each in world.outbox.texts.values()}
    world.starts()
    assert {each.id: each.outcome for each in world.outbox.texts.values()} == {
        each.id: each.outcome for each in before.values()
    }
    outcomes = [before[id_].outcome for id_ in sorted(before)]
    assert outcomes[:3] == [TextOutcome.GIVEN, TextOutcome.GIVEN, TextOutcome.MAYBE_SENT]
    world.takes_all_texts()
    assert len(world.modem.texts) == 5


def test_one_write_that_fails_is_made_up_for_by_the_next(world, trouble, tmp_path):
    trouble.begins(world)
    world.holds()
    trouble.ends()
    assert (tmp_path / "outbox.lacks").exists()
    world.network(Outcome.DONE)
    assert world.outbox.durable
    assert not (tmp_path / "outbox.lacks").exists()


def test_no_number_is_given_twice_over_restarts_with_a_card_that_fails(world, trouble):
    seen = []
    trouble.begins(world)
    for _ in range(4):
        world.asks("heartbeat")
        seen.append(read_header(world.modem.posts[-1][1]).counter)
        world.starts()
    trouble.ends()
    world.starts()
    world.asks("heartbeat")
    seen.append(read_header(world.modem.posts[-1][1]).counter)
    assert seen == sorted(set(seen))


def test_what_the_card_lacks_says_no_more_than_the_card_may(world, trouble, tmp_path):
    trouble.begins(world)
    world.sees()
    world.holds()
    kept = (tmp_path / "outbox.lacks").read_bytes()
    assert os.stat(tmp_path / "outbox.lacks").st_mode & 0o077 == 0
    for secret in (b"Zarema", b"4477", b"43.3", b"ALARM"):
        assert secret not in kept


def test_reports_say_that_the_card_fails(world, trouble):
    trouble.begins(world)
    world.holds()
    world.passes(60)
    assert world.report().flags & Flag.CARD_FAULT


def opened_by_the_service(path, answers):
    if os.getuid() == 0:
        os.setuid(65534)
    faults = []
    answers.put((faults, Outbox(path, faults.append).card.trouble))


@pytest.mark.parametrize("whose", ["outbox.sqlite", ""])
def test_what_is_another_users_is_told_from_a_broken_card(whose):
    """As `sudo outcry run` by hand leaves it: the runbook would have a good card thrown away."""
    processes = multiprocessing.get_context("spawn")
    answers = processes.Queue()
    with tempfile.TemporaryDirectory(prefix="oc-") as parent:
        os.chmod(parent, 0o755)
        folder = Path(parent) / "state"
        folder.mkdir(mode=0o700)
        path = folder / "outbox.sqlite"
        Outbox(path, print).close()
        if os.getuid() == 0:
            for each, owner in ((folder, 65534), (path, 65534), (folder / whose, 0)):
                os.chown(each, owner, owner)
        (folder / whose).chmod(0o400 if whose else 0o555)
        other = processes.Process(target=opened_by_the_service, args=(path, answers))
        other.start()
        faults, trouble = answers.get(timeout=30)
        other.join(60)
        chown = f"`sudo chown -R outcry:outcry {folder}`"
        assert f"may not write {folder / whose} (EACCES) -> {chown}" in trouble
    assert trouble in faults
    assert not any("card cannot be written" in fault for fault in faults)


def test_rubbish_in_the_runtime_directory_keeps_no_alarm_off_the_card(world, tmp_path):
    (tmp_path / "outbox.lacks").write_bytes(b"\xff{[")
    world.starts()
    world.holds()
    assert world.outbox.durable
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite")) as card:
        assert card.execute("SELECT count(*) FROM report").fetchone() == (1,)


def test_a_runtime_directory_that_is_full_too_is_told(world, monkeypatch, tmp_path):
    def full(path, text, synced=False):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(card_module, "write_whole", full)
    Trouble(monkeypatch, tmp_path, "full").begins(world)
    world.holds()
    assert any("a restart of the service would lose it" in line for line in world.journal)
    assert world.heard() == ["alert to Ana"]


def test_a_strangers_changes_are_not_made(world, tmp_path, monkeypatch):
    """Enrolled again while the card failed."""
    trouble = Trouble(monkeypatch, tmp_path, "full")
    trouble.begins(world)
    world.starts()
    world.holds()
    trouble.ends()
    faults = []
    found = Card(tmp_path / "outbox.sqlite", faults.append, 78, tmp_path / "outbox.lacks").read()
    assert found.alarm.state is State.IDLE
    assert not (tmp_path / "outbox.lacks").exists()


LASTING = [(code, code) for code in ("8", "515", "322", "208", "513", "304", "512")]


def test_a_refusal_outlives_what_passes_and_is_kept_once_the_card_takes_it(tmp_path):
    path = tmp_path / "card" / "last-refusal"
    refusal = LastRefusal(path)
    refusal.keep("529")
    path.parent.mkdir()
    passing = [(code, "529") for code in ("529", "38", "310", "330")]
    for code, kept in (*passing, *LASTING, ("", "")):
        refusal.keep(code)
        assert LastRefusal(path).code == kept
    for damaged in (b"Ana", b"9" * 6000, b"\xff", b"529\n+447700900101"):
        path.write_bytes(damaged)
        assert LastRefusal(path).code == ""


def test_what_no_text_was_refused_with_is_not_kept_over_restarts(world, tmp_path):
    path = tmp_path / "last-refusal"
    for foreseen, code, kept in ((True, "300", ""), (False, "322", "322"), (True, "300", "")):
        world.modem.snapshot = ModemStatus(text_refusal=code, text_foreseen=foreseen)
        world.tick()
        assert LastRefusal(path).code == kept


def removed(folder, names="outbox.sqlite*"):
    for file in folder.glob(names):
        file.unlink()


def folder_made_again(folder):
    folder.rename(folder.with_name("old"))
    folder.mkdir()


def renamed_over(folder):
    shutil.copy(folder / "outbox.sqlite", folder / "copy")
    (folder / "copy").replace(folder / "outbox.sqlite")


def anothers(folder):
    Outbox(folder / "copy", print, device=78).close()
    (folder / "copy").replace(folder / "outbox.sqlite")


def no_outbox(folder):
    (folder / "copy").write_bytes(b"not a database" * 500)
    (folder / "copy").replace(folder / "outbox.sqlite")


def rots(folder):
    """All but the first page, and what SQLite still remembers of them."""
    with closing(sqlite3.connect(folder / "outbox.sqlite")) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with (folder / "outbox.sqlite").open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(4096)
            file.write(b"\xa5" * (size - 4096))
        other.execute("PRAGMA user_version = 2")  # so that the service reads it again


LOSSES = {
    "its log removed": lambda folder: removed(folder, "*-wal"),
    "another device's put there": anothers,
    "something else put there": no_outbox,
    "removed": removed,
    "folder emptied": lambda folder: removed(folder, "*"),
    "removed but for its log": lambda folder: removed(folder, "*sqlite"),
    "folder made again": folder_made_again,
    "renamed over": renamed_over,
}


@pytest.fixture
def lost(tmp_path):
    (tmp_path / "state").mkdir()
    world = World(tmp_path / "state")
    world.breaks_on_purpose = True
    return world


def losses_told(world):
    return len([line for line in journal_of(world, Entry.CARD_FAULT) if "was removed" in line])


def is_kept_over_a_power_cut(world):
    outbox = world.outbox
    known = outbox.durable, outbox.alarm.id, {*outbox.reports}, outbox.texts, True
    counter = outbox.next_counter
    world.power_cut()
    outbox = world.outbox
    is_new = outbox.next_counter >= counter  # so that none is used twice
    return known == (True, outbox.alarm.id, {*outbox.reports}, outbox.texts, is_new)


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_under_the_service_is_written_again_before_it_is_called_kept(lost, loss):
    LOSSES[loss](lost.folder)
    lost.holds()
    assert "is on the card" in journal_of(lost, Entry.SEALED)[-1]
    assert (losses_told(lost), lost.outbox.alarm.state) == (1, State.OVER_SMS)
    assert is_kept_over_a_power_cut(lost)
    assert lost.outbox.alarm.state is State.OVER_SMS
    faults, other = [], lost.folder / "outbox.sqlite"
    assert Card(other, faults.append, 78, lost.folder / "lacks").read().alarm.id == 0
    assert "another device's" in faults[0]


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_in_an_alarm_is_written_again_though_nothing_happens(lost, loss):
    lost.holds()
    lost.takes_all_texts()
    LOSSES[loss](lost.folder)
    for _ in range(3):
        lost.loop.tick()
    assert losses_told(lost) == 1
    assert is_kept_over_a_power_cut(lost)


@pytest.mark.parametrize("loss", [*LOSSES, "nothing"])
def test_what_is_lost_while_the_card_takes_nothing_is_written_again(lost, monkeypatch, loss):
    """Somebody makes room on a full card."""
    trouble = Trouble(monkeypatch, lost.folder, "full")
    lost.holds()
    lost.takes_all_texts()
    trouble.begins(lost)
    lost.passes(60)
    assert not lost.outbox.durable
    LOSSES.get(loss, Path.exists)(lost.folder)
    trouble.ends()
    lost.passes(60)
    assert is_kept_over_a_power_cut(lost)


@pytest.mark.parametrize("again", ["starts", "power_cut"])
def test_a_file_that_rots_under_the_service_is_set_aside_and_all_is_in_the_new_one(lost, again):
    lost.holds()
    lost.takes_all_texts()
    rots(lost.folder)
    lost.passes(60)
    assert (lost.folder / "damaged-outbox.sqlite").exists()
    known = {*lost.outbox.reports}, lost.outbox.texts
    getattr(lost, again)()
    assert ({*lost.outbox.reports}, lost.outbox.texts) == known
    assert lost.outbox.alarm.state is State.OVER_SMS


def test_a_file_found_damaged_at_a_start_is_followed_by_all_that_it_was_owed(lost, monkeypatch):
    trouble = Trouble(monkeypatch, lost.folder, "full")
    trouble.begins(lost)
    lost.holds()
    lost.outbox.card.close()
    trouble.ends()
    (lost.folder / "outbox.sqlite").write_bytes(b"not a database" * 500)
    lost.starts()
    assert lost.outbox.alarm.state is State.OVER_SMS
    assert is_kept_over_a_power_cut(lost)


@pytest.mark.parametrize("touch", [lambda file: file.touch(), lambda file: file.chmod(0o640)])
def test_a_file_that_others_have_only_touched_is_not_lost(lost, touch):
    lost.holds()
    touch(lost.folder / "outbox.sqlite")
    with closing(sqlite3.connect(lost.folder / "outbox.sqlite")) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    lost.passes(60)
    assert losses_told(lost) == 0
    assert is_kept_over_a_power_cut(lost)


def test_a_folder_that_is_gone_is_told_and_gets_all_when_it_is_back(lost):
    lost.holds()
    shutil.rmtree(lost.folder)
    lost.passes(120)
    assert "in memory, not on the card" in journal_of(lost, Entry.SEALED)[-1]
    assert (lost.parts.marks.now() & Flag.CARD_FAULT, losses_told(lost)) == (Flag.CARD_FAULT, 1)
    lost.folder.mkdir()
    lost.passes(60)
    assert is_kept_over_a_power_cut(lost)


def test_a_folder_that_cannot_be_seen_into_keeps_no_report_off_the_open_file(lost, monkeypatch):
    lost.holds()
    with monkeypatch.context() as closed:
        closed.setattr(card_module, "os", SimpleNamespace(stat=lambda path: os.stat(-1)))
        lost.passes(60)
        assert losses_told(lost) == 0
    assert is_kept_over_a_power_cut(lost)
