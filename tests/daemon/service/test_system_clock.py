"""The system's clock is set only if that is wanted, needed, and told by the service itself."""

import os
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest
from builders import device_config

from outcry.daemon.service import system_clock
from outcry.daemon.service.true_time import FILE_NAME, TrueTime
from outcry.daemon.settings import load
from outcry.hw.gps import CLOCK_SET_AFTER, CREDIBLE_UNTIL
from simulation.world import WALL

UPTIME = 5000.0
ZERO = WALL - UPTIME


@pytest.fixture
def settings(tmp_path):
    settings = load(device_config(tmp_path, clock={"set_system": True}))
    settings.path("storage", "runtime").mkdir()
    return settings


@pytest.fixture
def clock(monkeypatch):
    """The system's clock, 30 days behind; what it was set to."""
    done = []
    pretended = SimpleNamespace(
        time=lambda: WALL - 30 * 86_400,
        monotonic=lambda: UPTIME,
        clock_settime=lambda which, now: done.append((which, now)),
        CLOCK_REALTIME=time.CLOCK_REALTIME,
    )
    # For this module alone: an event loop on another thread would wait by it for hours.
    monkeypatch.setattr(system_clock, "time", pretended)
    return done


def write(settings, text, mode=0o600):
    path = settings.path("storage", "runtime") / FILE_NAME
    path.write_text(text)
    path.chmod(mode)
    return path


def test_it_is_set_to_the_time_of_that_moment(settings, clock):
    """What is written is when the monotonic clock was 0, so that the file may be old."""
    write(settings, f"{ZERO}\n")
    assert "set to" in system_clock.put_right(settings)
    assert clock == [(time.CLOCK_REALTIME, WALL)]


def test_unless_it_is_wanted_it_is_left_alone(tmp_path, settings, clock):
    write(settings, f"{ZERO}\n")
    off = load(device_config(tmp_path))
    assert "set_system is false" in system_clock.put_right(off)
    assert clock == []


def test_a_clock_that_is_right_is_left_alone(settings, clock, monkeypatch):
    write(settings, f"{ZERO}\n")
    monkeypatch.setattr(system_clock.time, "time", lambda: WALL + 0.5)
    assert "right" in system_clock.put_right(settings)
    assert clock == []


@pytest.mark.parametrize(
    "zero",
    [0, -1, "nan", "inf", CLOCK_SET_AFTER - UPTIME - 1, CREDIBLE_UNTIL - UPTIME + 1],
)
def test_what_is_not_credible_is_not_believed(settings, clock, zero):
    write(settings, f"{zero}\n")
    assert "not credible" in system_clock.put_right(settings)
    assert clock == []


@pytest.mark.parametrize("text", ["", "soon", "1 2", "9" * 5000, "\x00"])
def test_what_is_no_number_sets_nothing(settings, clock, text):
    write(settings, text)
    with suppress(ValueError):
        system_clock.put_right(settings)
    assert clock == []


@pytest.mark.parametrize("mode", [0o660, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_believed(settings, clock, mode):
    write(settings, f"{ZERO}\n", mode)
    assert "not the service's own" in system_clock.put_right(settings)
    assert clock == []


def test_a_file_of_somebody_else_is_not_believed(settings, clock, monkeypatch):
    write(settings, f"{ZERO}\n")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert "not the service's own" in system_clock.put_right(settings)
    assert clock == []


def test_neither_a_link_nor_a_pipe_nor_nothing_is_believed(settings, clock):
    path = write(settings, f"{ZERO}\n")
    other = path.rename(path.with_name("other"))
    with pytest.raises(FileNotFoundError):
        system_clock.put_right(settings)
    path.symlink_to(other)
    with pytest.raises(OSError, match="symbolic link"):
        system_clock.put_right(settings)
    path.unlink()
    os.mkfifo(path, 0o600)
    assert "not the service's own" in system_clock.put_right(settings)
    assert clock == []


# What the daemon writes


@pytest.fixture
def gps():
    return SimpleNamespace(zero=None)


def true_time(gps, path):
    modem = SimpleNamespace(status=lambda: SimpleNamespace(network_zero=None))
    memory = SimpleNamespace(time=None, remember_time=lambda zero, source: None)
    return TrueTime(lambda: UPTIME, lambda: 0.0, lambda: None, gps, modem, memory, path)


def test_the_daemon_writes_when_it_first_knows_and_when_it_knows_better(tmp_path, gps):
    path = tmp_path / FILE_NAME
    known = true_time(gps, path)
    known.told()
    assert not path.exists()
    for zero, written in ((ZERO, ZERO), (ZERO + 0.5, ZERO), (ZERO + 1.5, ZERO + 1.5)):
        gps.zero = zero
        known.told()
        assert float(path.read_text()) == written
    path.unlink()
    known.told()
    assert not path.exists(), "and not each second"


def test_unless_it_is_wanted_the_daemon_writes_nothing(tmp_path, gps):
    gps.zero = ZERO
    assert true_time(gps, None).told() == (WALL, "GPS")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_costs_no_alarm_its_time(tmp_path, gps):
    gps.zero = ZERO
    assert true_time(gps, tmp_path / "gone" / FILE_NAME).told() == (WALL, "GPS")
