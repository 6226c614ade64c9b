"""What a start costs, in instructions: the one measure that is the same on a slow Pi.

Counted by ``valgrind --tool=cachegrind`` without its caches, over the whole
process: the interpreter, the libraries, our code. ``bench/device/until.py`` lets
``outcry run`` go exactly as far as the moment in question and ends the process
there, so nothing after it is counted and nothing in the product knows of it.

The environment is one as the device has it (``bench/device/environment.py``), byte code
compiled before. gpiozero's mock pins stand in for the kernel's, which are not here.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from bench.device.environment import environment, without_habits
from stage.stage import ROOT, NotSeen, PartMissing, Stage

_LIMIT_S = 600.0
_SUMMARY = re.compile(r"^summary: (\d+)", re.MULTILINE)


def start_to_armed_minstr() -> float:
    """Exec of ``outcry run`` until the button is watched, millions of instructions."""
    return _counted("armed")


def whole_start_minstr() -> float:
    """Exec of ``outcry run`` until READY=1 has reached the service manager, millions.

    The modem's and the gps's threads have begun by then, and load what they alone need as they go.
    """
    return _counted("ready")


def _counted(moment: str) -> float:
    if shutil.which("valgrind") is None:
        raise PartMissing("valgrind is not installed; tools/system-packages installs it")
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as name:
        folder = Path(name)
        stage = Stage(folder)
        stage.write_settings()
        stage.enrol()
        python = environment(folder / "device")
        command = [str(python), str(ROOT / "bench" / "device" / "until.py"), moment]
        command += ["--config", str(folder / "outcry.toml"), "run"]
        _run(command, folder, moment)  # compiles what has no byte code yet
        return instructions(_run([*_valgrind(folder), *command], folder, moment)) / 1e6


def _valgrind(folder: Path) -> list[str]:
    out = f"--cachegrind-out-file={folder / 'counted'}"
    return ["valgrind", "--quiet", "--tool=cachegrind", "--cache-sim=no", out]


def _run(command: list[str], folder: Path, moment: str) -> str:
    """Run to the moment's end; the counter's summary, empty if there was none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        address = folder / f"notify-{'counted' if 'valgrind' in command else 'plain'}"
        manager.bind(str(address))
        manager.setblocking(False)
        done = subprocess.run(
            command,
            env=_environment(address),
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:]
            raise NotSeen(f"outcry run did not come to {moment}: {' '.join(last)}")
        if moment == "ready" and b"READY=1" not in _told(manager):
            raise NotSeen("READY=1 did not reach the service manager; is systemd-python there?")
    counted = folder / "counted"
    return counted.read_text() if counted.exists() else ""


def _environment(notify: Path) -> dict[str, str]:
    return without_habits(os.environ) | {
        "GPIOZERO_PIN_FACTORY": "mock",
        "NOTIFY_SOCKET": str(notify),
        "PYTHONHASHSEED": "0",  # the same count each time
        "PYTHONSAFEPATH": "1",
    }


def _told(manager: socket.socket) -> list[bytes]:
    told = []
    try:
        while True:
            told.append(manager.recv(4096))
    except BlockingIOError:
        return told


def instructions(summary: str) -> int:
    """The count in a file written by cachegrind; raises :class:`NotSeen` if there is none."""
    found = _SUMMARY.search(summary)
    if found is None:
        raise NotSeen("valgrind counted nothing")
    return int(found[1])
