"""A service that cannot start: it says so once, waits longer each time, and never when it was well."""

import json
import os

import pytest

from outcry.daemon.service import restart_backoff
from outcry.daemon.service.restart_backoff import LONGEST_S, LOOK_EVERY_S, Refusals

PROBLEM = ["there is no enrolment"]


@pytest.fixture
def service(tmp_path, monkeypatch):
    """The folders systemd gives, and settings that somebody may mend."""
    for name in ("run", "state"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    (tmp_path / "outcry.toml").write_text("")
    return tmp_path


@pytest.fixture
def told(monkeypatch):
    entries = []
    monkeypatch.setattr(
        "outcry.daemon.service.systemd.journal_sink", lambda: lambda *entry: entries.append(entry)
    )
    return entries


def start(service, mended=lambda: None):
    """A start up to where it is refused or goes on; the seconds it waited."""
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        mended()

    refusals = Refusals(service / "outcry.toml", sleep)
    refusals.wait()
    return refusals, sum(slept)


def refused(service, problems=PROBLEM):
    refusals, waited = start(service)
    refusals.refuse("cannot start:", problems)
    return waited


def test_the_first_start_waits_for_nothing(service, told):
    assert start(service)[1] == 0


def test_each_refusal_doubles_the_pause_up_to_a_minute_and_it_never_gives_up(service, told):
    waits = [refused(service) for _ in range(20)]
    assert waits[:8] == [0, 1, 2, 4, 8, 16, 32, 60]
    assert set(waits[8:]) == {LONGEST_S}


def test_it_is_said_once_for_each_cause(service, told):
    for _ in range(5):
        refused(service)
    assert len(told) == 1
    other = ["button.pin: 99 is not valid", "gps.port: 0 is not valid"]
    assert [refused(service, other) for _ in range(3)] == [16, 1, 2], "and from the start again"
    assert len(told) == 3
    _, sentence, fields = told[0]
    assert sentence.startswith("NOT ARMED")
    assert PROBLEM[0] in sentence
    assert len(fields["MESSAGE_ID"]) == 32


@pytest.mark.parametrize("path", ["outcry.toml", "state/enrolment.json"])
def test_whoever_mends_it_does_not_wait(service, told, path):
    for _ in range(8):
        refused(service)
    _, waited = start(service, mended=lambda: (service / path).write_text("mended"))
    assert waited == LOOK_EVERY_S


def test_a_start_after_one_that_was_not_refused_is_at_once(service, told):
    """Killed in the middle of an alarm, say: with nothing changed since the refusals before."""
    for _ in range(8):
        refused(service)
    start(service)
    assert start(service)[1] == 0


def test_a_note_that_is_torn_holds_nobody_up(service, told):
    refused(service)
    (service / "run" / restart_backoff.FILE_NAME).write_text('{"pau')
    assert refused(service) == 0
    assert start(service)[1] == 1


def test_the_note_says_nothing_of_people(service, told):
    refused(service)
    note = json.loads((service / "run" / restart_backoff.FILE_NAME).read_text())
    assert note.keys() == {"problems", "pause", "files"}


def test_outside_systemd_it_is_said_on_the_terminal_each_time(service, told, monkeypatch, capsys):
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    for _ in range(2):
        assert refused(service) == 0
        assert PROBLEM[0] in capsys.readouterr().err
    assert not told
    assert os.listdir(service / "run") == []
