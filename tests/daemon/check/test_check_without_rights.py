"""`outcry check` without rights: it shows what it may see, and for the rest how to see it."""

import multiprocessing
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from builders import device_config

from outcry.daemon.check import check, connectivity, hardware
from outcry.daemon.check.sheet import Patience
from outcry.daemon.messages import texts
from outcry.daemon.service import control_socket
from outcry.daemon.service.true_time import synchronised_at
from outcry.daemon.settings import read
from outcry.enrolment import write
from simulation.world import ENROLMENT, TEXTS

pytestmark = pytest.mark.slow
SEEN = {"texts", "swap", "watchdog"} | ({"clock"} if synchronised_at() is not None else set())


@pytest.fixture
def config():
    """A device's folders, closed to others, whose daemon answers its owner alone."""
    with tempfile.TemporaryDirectory(prefix="oc-") as path:
        folder = Path(path)
        folder.chmod(0o755)
        for name in ("state", "run"):
            (folder / name).mkdir(mode=0o700)
        (folder / "state" / "enrolment.json").write_text(write(ENROLMENT))
        for path in shutil.copytree(TEXTS, folder / "texts").iterdir():
            path.chmod(0o644)  # as the package has them, whoever checked this out
        (folder / "texts").chmod(0o755)
        config = device_config(folder, gps={"port": 1})
        served = control_socket.Control(folder / "run", lambda asked: asked.answer({}))
        yield config
        served.close()


def looked_at_by_nobody(config, answers):
    settings = read(config.read_text(), config)
    texts.check(TEXTS, None)  # what it loads late may be out of reach once the rights are gone
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    else:
        (config.parent / "state").chmod(0)
        (config.parent / "run").chmod(0)
    found = check.findings(settings, False, Patience(time.monotonic, time.sleep, print))
    answers.put([(each.name, each.result.value, each.remedy) for each in found])


def test_without_the_right_to_look_it_says_so_and_goes_on(config):
    processes = multiprocessing.get_context("spawn")
    answers = processes.Queue()
    other = processes.Process(target=looked_at_by_nobody, args=(config, answers))
    other.start()
    try:
        found = answers.get(timeout=120)
    finally:
        other.join(60)
        for name in ("state", "run"):
            (config.parent / name).chmod(0o700)
    assert [name for name, _, _ in found] == [
        *("service", "button", "strap", "motor", "gpsd", "fix", *connectivity.NAMES),
        *("clock", "keys", "contacts", "texts", "disk", "swap", "watchdog"),
    ]
    for name, result, remedy in found:
        if name in SEEN:
            assert result in ("ok", "left out"), name
        elif name not in ("gpsd", "fix"):
            assert result == "unknown", name
            assert "sudo" in remedy


def looked_at_from_a_home_that_is_closed(folder, answers):
    """As root whose shell stands in somebody's home: the check goes on as the service's user."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    os.chdir(home)
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    else:
        home.chmod(0)
    os.environ["GPIOZERO_PIN_FACTORY"] = "mock"
    found = hardware.by_itself(
        read("", folder / "outcry.toml"), False, Patience(time.monotonic, time.sleep, print)
    )
    answers.put([each.name for each in found])


def test_the_parts_can_be_looked_at_from_a_home_that_the_service_cannot_enter(config):
    processes = multiprocessing.get_context("spawn")
    answers = processes.Queue()
    other = processes.Process(
        target=looked_at_from_a_home_that_is_closed, args=(config.parent, answers)
    )
    other.start()
    try:
        assert answers.get(timeout=120) == ["button", "strap", "motor"]
    finally:
        other.join(60)
        (config.parent / "home").chmod(0o700)
