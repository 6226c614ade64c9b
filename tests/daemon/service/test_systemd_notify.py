"""What systemd hears, on a real socket from the real daemon: ready, status, watchdog, stopping."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from builders import device_config

from outcry.daemon.service.systemd import Service
from outcry.enrolment import write
from simulation.world import ENROLMENT

pytest.importorskip("systemd.daemon", reason="systemd-python is not installed")
pytestmark = [pytest.mark.slow]
WATCHDOG_S = 10.0


@pytest.fixture
def systemd(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(30)
        yield listener


@pytest.fixture
def daemon(tmp_path, systemd):
    """The daemon on a bare machine: no modem, no gpsd, no texts, no motor."""
    missing = {"modem": {"port": f"{tmp_path}/no-modem"}, "gps": {"port": 9}}
    config = device_config(tmp_path, vibration={"enabled": False}, **missing)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "enrolment.json").write_text(write(ENROLMENT))
    process = subprocess.Popen(
        [
            "prlimit",
            "--memlock=65536",
            sys.executable,
            "-m",
            "outcry.daemon",
            "--config",
            config,
            "run",
        ],
        env=os.environ
        | {
            "GPIOZERO_PIN_FACTORY": "mock",
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)),
            "PYTHONSAFEPATH": "1",
        },
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    yield process
    process.kill()
    process.wait()


def hears(systemd, wanted, limit_s=30.0):
    """Everything up to and including a message that begins with this."""
    heard, until = [], time.monotonic() + limit_s
    while time.monotonic() < until:
        heard.append((time.monotonic(), systemd.recv(4096).decode()))
        if heard[-1][1].startswith(wanted):
            return heard
    raise AssertionError(f"never heard {wanted}: {heard}")


def test_a_bare_machine_is_armed_tells_the_truth_and_stops_in_time(daemon, systemd, tmp_path):
    heard = hears(systemd, "READY=1")
    assert len(heard) == 1, "nothing is said before the button is watched"
    status = hears(systemd, "STATUS=armed")[-1][1]
    assert "no fix" in status
    assert "data down" in status
    fed = [hears(systemd, "WATCHDOG=1")[-1][0] for _ in range(3)]
    assert all(later - sooner < WATCHDOG_S for sooner, later in pairwise(fed))
    for path in (*(tmp_path / "state").glob("outbox*"), *(tmp_path / "run").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name
    began = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    hears(systemd, "STOPPING=1")
    assert daemon.wait(10) == 0
    assert time.monotonic() - began < 5
    said = daemon.stderr.read().decode()
    assert "Traceback" not in said
    assert said.count("its memory may be swapped out: only 64 kB may be locked") == 1
    assert "texts" in said, "English went in place of a folder that is not there, and that is told"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.2, 0.35])
def test_a_signal_at_any_moment_of_the_start_ends_it(daemon, number, after_s):
    time.sleep(after_s)  # the moment is what this test varies
    daemon.send_signal(number)
    daemon.wait(6)


def test_a_socket_that_nobody_reads_any_more_costs_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    service = Service()
    service.ready()
    service.status("armed")
    service.alive()
    service.stopping()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_as_often_as_systemd_wants(monkeypatch, environment, seconds):
    for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Service().watchdog_s == seconds
