"""What the armed wearable takes of the Pi's memory."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.alarm.press import wait_for_data_path, wait_for_fix
from bench.device.environment import environment, without_habits
from stage.stage import STOP_LIMIT_S, Stage

IDLE_S = 10.0  # two rounds of the gps thread
HEARTBEAT_MINUTES = 0.3  # the shortest: the first receipt loads what checks receipts, for good
KILOBYTES = 3300  # as much as such heartbeats need
_HEARTBEAT_LIMIT_S = 60.0
_RSS = re.compile(r"^Rss: +(\d+) kB$", re.MULTILINE)
_MB = 1e6


def armed_rss_mb() -> float:
    """Resident memory of the armed, idle daemon after its first heartbeat, MB of a million bytes.

    By then all is loaded that a day of idling needs. Shared libraries count in full. The board's
    pins stand in for the kernel's.
    """
    with armed() as process:
        return idle_rss_mb(process)


def idle_rss_mb(process: subprocess.Popen[bytes]) -> float:
    """What is resident of a daemon that has idled for a while, MB of a million bytes."""
    time.sleep(IDLE_S)
    return rss_bytes(Path(f"/proc/{process.pid}/smaps_rollup").read_text()) / _MB


def rss_bytes(smaps_rollup: str) -> int:
    """The ``Rss`` of a process; raises ``ValueError`` if the kernel wrote none."""
    found = _RSS.search(smaps_rollup)
    if found is None:
        raise ValueError("smaps_rollup tells no Rss")
    return int(found[1]) * 1024


def _as_on_the_device(folder: Path) -> list[str]:
    return [str(environment(folder))]


@contextmanager
def armed(
    python: Callable[[Path], list[str]] = _as_on_the_device,
    variables: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon in an environment like the device's, armed, with a fix and a heartbeat answered.

    ``python`` gives the interpreter's command, and may use the folder it is given; ``variables``
    are those it needs.
    """
    with (
        tempfile.TemporaryDirectory(prefix="outcry-bench-") as name,
        Stage(Path(name), ("--instant", "--warm")) as stage,
    ):
        stage.write_settings()
        stage.write_device_settings(
            {
                ("supervision", "heartbeat_minutes"): HEARTBEAT_MINUTES,
                ("supervision", "kilobytes_per_day"): KILOBYTES,
            }
        )
        stage.enrol()
        stage.start_board()
        stage.start_gpsd()
        stage.start_responder()
        command = [*python(stage.folder / "device"), "-m", "outcry.daemon"]
        command += ["--config", str(stage.folder / "outcry.toml"), "run"]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=without_habits(os.environ | stage.environment()) | dict(variables or {}),
            cwd=stage.folder,
        )
        try:
            wait_for_data_path(stage)
            wait_for_fix(stage)
            stage.wait("a heartbeat's receipt", lambda: _answered(stage), _HEARTBEAT_LIMIT_S)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answered(stage: Stage) -> bool:
    return any(event["modem"] == "wearer" for event in stage.events("tcp-received"))
