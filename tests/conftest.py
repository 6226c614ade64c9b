"""What every test may rely on, and what CI insists on."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings
from parts import RECORDINGS
from tmp_peak import TmpPeak

# Texts tell the time by the machine's own zone.
os.environ["TZ"] = "UTC"
time.tzset()

# Long campaigns: a seeded sample in CI, in full by `make nightly`.
# How long an example takes is a matter of what else the machine does.
TIMELESS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("sample", TIMELESS, derandomize=True, max_examples=50)
settings.register_profile("full", TIMELESS, max_examples=2000)
settings.load_profile("full" if os.environ.get("OUTCRY_CAMPAIGNS") == "full" else "sample")


pytest_plugins = ["slow_modules"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--hardware", action="store_true", help="run the tests for real parts, alone")
    parser.addoption("--modem", help="the real modem's serial port, with --hardware")
    parser.addoption("--modem-number", help="its SIM's own number, to which it sends itself texts")
    parser.addoption("--modem-apn", default="internet", help="its data path's access point")
    parser.addoption("--modem-peer", help="HOST:PORT of an HTTP server its data path can reach")
    parser.addoption(
        "--nothing-missing",
        action="store_true",
        help="fail if a test was skipped or did not run: for a machine with every part",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    on_the_bench, recordings = config.getoption("--hardware"), RECORDINGS.is_dir()
    chosen: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        fits = bool(item.get_closest_marker("hardware")) == on_the_bench
        fits = fits and (recordings or not item.get_closest_marker("recordings"))
        (chosen if fits else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    # Modules with slow tests first, so that processes that share the work end together; those of
    # whole systems before all, since they wait while others compute.
    slow = {item.path for item in chosen if item.get_closest_marker("slow")}
    items[:] = sorted(
        chosen, key=lambda item: (item.path not in slow, "system" not in item.path.parts)
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: to look through it for garbage costs minutes of a run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_report_header() -> str:
    here = "beside this checkout" if RECORDINGS.is_dir() else "not here: their tests are left out"
    return f"real receivers' recordings: {here}"


class Count:
    """Selected against ran: a green run that left something out is not green."""

    def __init__(self) -> None:
        self.selected = 0
        self.ran = 0
        self.skipped: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.selected = len(session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self.selected = len(ids)  # each process collects them all and runs a part

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and not report.skipped:
            self.ran += 1
        elif report.skipped:
            self.skipped.append(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for node in self.skipped:
            terminalreporter.line(f"missing: {node} was skipped", red=True)
        terminalreporter.line(f"{self.selected} selected, {self.ran} ran")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.ran < self.selected or self.skipped:
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_configure(config: pytest.Config) -> None:
    # A shell's background job ignores it, and every program that a test starts would too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("OUTCRY_PATIENCE", "4")  # other tests run beside this one
    if hasattr(config, "workerinput"):
        return  # pytest-xdist's part of a run: the whole run is counted and measured
    if config.getoption("--nothing-missing"):
        config.pluginmanager.register(Count(), "outcry-count")
    if os.environ.get("OUTCRY_MAKE_TEST"):
        config.pluginmanager.register(TmpPeak(config.rootpath / "build" / "tmp-mb-of-the-tests"))
