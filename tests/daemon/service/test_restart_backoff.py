"""A service that cannot start: it says so, waits longer each time, and never when it was well."""

import configparser
import json
import os
from errno import EBUSY
from itertools import pairwise
from pathlib import Path

import pytest
from builders import device_config
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from outcry.daemon.cli import main
from outcry.daemon.service import restart_backoff
from outcry.daemon.service.restart_backoff import LONGEST_S, LOOK_EVERY_S, Refusals
from outcry.hw.switch import Button

ROOT = Path(__file__).resolve().parents[3]
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


def start(service, mended=lambda: None, button_is_free=lambda: False):
    """A start up to where it is refused or goes on; the seconds it waited."""
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        mended()

    refusals = Refusals(service / "outcry.toml", sleep)
    refusals.wait(button_is_free)
    return refusals, sum(slept)


def refused(service, problems=PROBLEM, **how):
    refusals, waited = start(service)
    refusals.refuse("cannot start:", problems, **how)
    return waited


def test_the_first_start_waits_for_nothing(service, told):
    assert start(service)[1] == 0


@pytest.mark.slow
def test_each_refusal_doubles_the_pause_up_to_an_hour_and_it_never_gives_up(service, told):
    waits = [refused(service) for _ in range(20)]
    assert waits[:14] == [0, *(2**power for power in range(12)), LONGEST_S]
    assert set(waits[13:]) == {LONGEST_S}


def test_it_is_said_with_each_refusal_and_for_each_cause(service, told):
    for _ in range(5):
        refused(service)
    assert len(told) == 5
    other = ["button.pin: 99 is not valid", "gps.port: 0 is not valid"]
    assert [refused(service, other) for _ in range(3)] == [16, 1, 2], "and from the start again"
    assert len(told) == 5 + 6
    _, sentence, fields = told[0]
    assert sentence.startswith("NOT ARMED")
    assert PROBLEM[0] in sentence
    assert len(fields["MESSAGE_ID"]) == 32


OF_SYSTEMD = 6  # lines a restart: exited, failed, scheduled, stopped, starting, and the CPU used
START_LIMIT_S = 90.0  # systemd's own DefaultTimeoutStartSec=, since the unit has none
DAY_S = 86_400.0


def unit():
    """The wearable's unit, section and key."""
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str
    read.read(ROOT / "systemd" / "outcry.service")
    return read


@pytest.mark.slow
@pytest.mark.parametrize("of_button", [False, True], ids=["not enrolled", "no pin"])
def test_a_day_without_a_repair_is_a_few_restarts_that_systemd_does_not_cut_short(
    service, told, monkeypatch, of_button
):
    """As Debian 12's systemd 252 does it, which knows no RestartSteps=."""
    settings = unit()
    assert settings["Service"]["Restart"] == "always"
    assert settings["Unit"]["StartLimitIntervalSec"] == "0"
    assert not {"RestartSteps", "RestartMaxDelaySec", "TimeoutStartSec"} & set(settings["Service"])
    heard, now, starts = [], 0.0, []

    def sleep(seconds):
        nonlocal now
        now += seconds

    monkeypatch.setattr(
        "outcry.systemd.notify", lambda **words: heard.append((now, *words.items()))
    )
    while now < DAY_S / 4:  # by then the pauses have long stopped growing
        began = now
        refusals = Refusals(service / "outcry.toml", sleep)
        refusals.wait(lambda: False)
        alive = [began, *(at for at, *words in heard if at >= began and "EXTEND" in str(words))]
        gaps = [later - sooner for sooner, later in pairwise([*alive, now])]
        assert max(gaps) < min(START_LIMIT_S, restart_backoff.STARTING_S)
        refusals.refuse("cannot start:", PROBLEM, of_button=of_button)
        starts.append(now)
        now += float(settings["Service"]["RestartSec"])
    apart = {later - sooner for sooner, later in pairwise(starts[-4:])}
    assert len(apart) == 1
    of_a_day = len(starts) + (DAY_S - now) / apart.pop()
    assert of_a_day < (160 if of_button else 40)
    assert len(told) == len(starts)
    assert of_a_day * (OF_SYSTEMD + 1) < 1_200, "of about 100,000 lines before"
    assert OF_SYSTEMD < 10, "`systemctl status` shows ten lines: the reason is always among them"
    assert all(PROBLEM[0] in str(words) for _, *words in heard if "STATUS" in str(words))


def test_a_pin_that_was_only_lent_is_taken_within_seconds(service, told):
    for _ in range(12):
        refused(service, of_button=True)
    tries = []

    def is_free():
        tries.append(None)
        return len(tries) == 3

    _, waited = start(service, button_is_free=is_free)
    assert waited <= 3 * restart_backoff.TRY_BUTTON_EVERY_S + 2 * LOOK_EVERY_S


def test_the_button_is_not_tried_where_it_was_not_the_trouble(service, told):
    for _ in range(6):
        refused(service)
    assert start(service, button_is_free=lambda: pytest.fail("tried"))[1] == 32


def test_the_pause_without_a_pin_ends_sooner(service, told):
    waits = [refused(service, of_button=True) for _ in range(15)]
    assert waits[-1] == restart_backoff.LONGEST_WITHOUT_BUTTON_S < LONGEST_S


@pytest.mark.parametrize("path", ["outcry.toml", "state/enrolment.json"])
def test_whoever_mends_it_does_not_wait(service, told, path):
    for _ in range(8):
        refused(service)
    _, waited = start(service, mended=lambda: (service / path).write_text("mended"))
    assert waited == LOOK_EVERY_S


def test_whoever_gives_the_enrolment_to_the_service_does_not_wait(service, told):
    path = service / "state" / "enrolment.json"
    path.touch(mode=0o600)
    for _ in range(8):
        refused(service)
    _, waited = start(service, mended=lambda: path.chmod(0o640))
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
    assert note.keys() == {"problems", "pause", "files", "of_button"}


def test_outside_systemd_it_is_said_on_the_terminal_each_time(service, told, monkeypatch, capsys):
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    for _ in range(2):
        assert refused(service) == 0
        assert PROBLEM[0] in capsys.readouterr().err
    assert not told
    assert os.listdir(service / "run") == []


def test_the_buttons_pin_is_tried_and_given_back(tmp_path, monkeypatch):
    """In one process, as often as it takes: a try that failed leaves nothing behind."""
    config = device_config(tmp_path)
    factory = MockFactory()
    monkeypatch.setattr(Device, "pin_factory", factory)

    def refuses(*_args, **_kwargs):
        raise OSError(EBUSY, "Device or resource busy")

    with monkeypatch.context() as busy:
        busy.setattr(factory, "pin", refuses)  # as the kernel does when a line is claimed
        assert [main.button_is_free(config) for _ in range(3)] == [False] * 3
    assert [main.button_is_free(config) for _ in range(3)] == [True] * 3
    Button(17, lambda closed, at: None).close()
    factory.close()
