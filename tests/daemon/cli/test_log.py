"""`outcry log`: the night, read back by the person who has to explain it."""

import json
import os
import re
import subprocess
import sys

import pytest

from outcry.daemon.cli import log
from outcry.daemon.cli.main import main
from outcry.daemon.journal import Entry
from outcry.hw import sms_errors
from outcry.hw.modem import Outcome
from simulation.world import World

NIGHT = 1_790_000_000


class Night:
    """A journal: what the service wrote in its world, and what else stands under its unit."""

    def __init__(self):
        self.lines = []

    def wrote(self, at, message, **fields):
        told = {"__REALTIME_TIMESTAMP": str(int(at * 1e6)), "MESSAGE": message, "_PID": "77"}
        self.lines.append(json.dumps(told | fields))

    def keeps(self, world):
        """Everything a world's journal holds, a second apart."""
        for place, (message, fields) in enumerate(zip(world.journal, world.fields, strict=True)):
            self.wrote(NIGHT + place, message, **fields)


@pytest.fixture
def night():
    return Night()


@pytest.fixture
def journalctl(tmp_path, monkeypatch, night):
    """A journalctl that has this night's lines, and keeps what it was asked."""

    def kept(code=0, complaint=""):
        (tmp_path / "lines").write_text("".join(f"{line}\n" for line in night.lines))
        program = tmp_path / "journalctl"
        program.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked\ncat {tmp_path}/lines\n'
            f'echo "{complaint}" >&2\nexit {code}\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        return lambda: (tmp_path / "asked").read_text().splitlines()

    return kept


@pytest.fixture
def world(tmp_path):
    folder = tmp_path / "world"
    folder.mkdir()
    world = World(folder)
    world.registered = True
    return world


def shown(capsys, *arguments, code=0):
    assert main(["log", *arguments]) == code
    return capsys.readouterr().out


def test_an_alarm_is_told_a_line_an_event(night, journalctl, world, capsys):
    world.holds()
    world.data_goes(up=False)
    night.keeps(world)
    asked = journalctl()
    lines = shown(capsys).splitlines()
    alarm = f"{world.outbox.alarm.id:08x}"
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \S", line) for line in lines)
    assert f"  {alarm}  the button was held" in "\n".join(lines)
    assert not any(f"alarm {alarm}:" in line for line in lines), "the id has its own column"
    assert "--unit=outcry.service" in asked()


def test_why_a_contact_got_no_sms_stands_below_the_refusal(night, journalctl, world, capsys):
    world.holds()
    world.passes(12)
    world.network(Outcome.FAILED, 330)
    night.keeps(world)
    journalctl()
    said = shown(capsys)
    assert "contact 1: not sent" in said
    assert "the SIM has no SMS centre: put the SIM into a phone" in said


def test_one_alarm_comes_with_what_befell_the_device_meanwhile(night, journalctl, capsys):
    night.wrote(NIGHT, "data path: down", MESSAGE_ID=Entry.DATA_PATH.message_id)
    for second, id_ in enumerate(("7f3a90c1", "0000aaaa", "7f3a90c1"), 1):
        night.wrote(
            NIGHT + 2 * second,
            f"alarm {id_}: the button was held",
            MESSAGE_ID=Entry.HELD.message_id,
            OUTCRY_ALARM=id_,
        )
        night.wrote(NIGHT + 2 * second + 1, f"gps: {second}", MESSAGE_ID=Entry.GPS.message_id)
    journalctl()
    lines = shown(capsys, "--alarm", "7F3").splitlines()
    assert [line.split("  ", 2)[2].strip() for line in lines] == [
        "the button was held",
        "gps: 1",
        "gps: 2",
        "the button was held",
    ]
    shown(capsys, "--alarm", "bbbb", code=1)


def test_heartbeats_are_left_out_unless_asked_for(night, journalctl, capsys):
    night.wrote(NIGHT, "heartbeat: answered", MESSAGE_ID=Entry.HEARTBEAT.message_id)
    journalctl()
    shown(capsys, code=1)
    assert "heartbeat: answered" in shown(capsys, "--all")


def test_systemd_is_heard_and_nobody_else(night, journalctl, capsys):
    night.wrote(NIGHT, "outcry.service: Watchdog timeout (limit 30s)!", _PID="1", MESSAGE_ID="ab")
    night.wrote(NIGHT, "Traceback: +447700900101", MESSAGE_ID="cd")
    night.wrote(NIGHT, "no id: 43.3178")
    night.lines += ["", "{}", "not json", "[]", '{"MESSAGE": [1, 2]}', "7"]
    journalctl()
    said = shown(capsys)
    assert "Watchdog timeout" in said
    assert len(said.splitlines()) == 1


def test_nothing_of_anybody_is_in_it(night, journalctl, world, capsys):
    world.sees(43.31780, 45.69490)
    world.holds()
    world.passes(12)
    world.takes_all_texts()
    night.keeps(world)
    journalctl()
    for options in ((), ("--json",)):
        said = shown(capsys, *options)
        for canary in ("43.3", "45.6", "Zarema", "Ana", "4477009", "hq.example"):
            assert canary not in said


def test_as_json_a_script_gets_every_field(night, journalctl, capsys):
    night.wrote(
        NIGHT,
        "alarm 7f3a90c1: alert to contact 2: not sent, will be tried again (modem code 28)",
        MESSAGE_ID=Entry.TEXT_FAILED.message_id,
        OUTCRY_ALARM="7f3a90c1",
        OUTCRY_PATH="sms",
        OUTCRY_RECIPIENT="contact 2",
        OUTCRY_COUNT="28",
    )
    journalctl()
    assert json.loads(shown(capsys, "--json")) == {
        "at": NIGHT,
        "entry": "TEXT_FAILED",
        "words": "alert to contact 2: not sent, will be tried again (modem code 28)",
        "alarm": "7f3a90c1",
        "path": "sms",
        "recipient": "contact 2",
        "count": "28",
        "why": "the network does not know the number: ask the contact for the right number",
    }


def test_since_is_handed_on_as_one_word(night, journalctl, capsys):
    asked = journalctl()
    shown(capsys, "--since", "2 hours ago", code=1)
    assert "--since=2 hours ago" in asked()


def test_what_journalctl_complains_of_is_said(journalctl, capsys):
    journalctl(code=1, complaint="Failed to parse timestamp: soon")
    assert main(["log", "--since", "soon"]) == 69
    assert "Failed to parse timestamp: soon" in capsys.readouterr().err


def test_without_a_journal_it_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["log"]) == 69
    assert "no journalctl" in capsys.readouterr().err


def test_an_id_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["log", "--alarm", "the last"])
    assert "7f3a90c1" in capsys.readouterr().err


def test_a_reader_who_has_seen_enough_ends_it_quietly(night, journalctl):
    for second in range(20_000):
        night.wrote(NIGHT + second, "gps: fix", MESSAGE_ID=Entry.GPS.message_id)
    journalctl()
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m outcry.daemon log | head -1"],
        capture_output=True,
        text=True,
        env=os.environ,
        check=True,
    )
    assert "gps: fix" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("code", [*map(str, sms_errors.REFUSALS), "?", "999", ""])
def test_every_code_has_words(code):
    assert len(": ".join(sms_errors.told(code))) > 20


def test_every_entry_can_be_read_back():
    fields = {"__REALTIME_TIMESTAMP": "1", "MESSAGE": "x"}
    for entry in Entry:
        text = json.dumps(fields | {"MESSAGE_ID": entry.message_id})
        (line,) = log.lines([text], everything=True)
        assert line.entry == entry.name
