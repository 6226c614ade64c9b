"""The packaged wearable on a Pi Zero's architecture: Debian's armel, emulated by qemu-arm.

Never booted: qemu looks up in the folder what the program opens.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from statistics import median

from bench.device.debian_folder import packaged
from bench.device.environment import without_habits
from bench.device.memory import IDLE_S, armed
from stage.stage import ROOT, NotSeen, PartMissing, Stage

_STARTS = 5
_LIMIT_S = 120.0
_FOLDER = ROOT / "build" / "armel"
_EMULATOR = "qemu-arm-static"
_GUEST_BYTES = 1 << 32
_MAPPING = re.compile(
    r"^([0-9a-f]+)-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)\n(?:[A-Z].*\n)*?Rss: +(\d+) kB$", re.MULTILINE
)


def armed_cpu_s_armel(starts: int = _STARTS) -> float:
    """CPU from exec of ``outcry run`` to READY=1, user and system, the median of its starts, s.

    The emulation of each instruction is in it; a Zero has none of that, and a slower clock.
    """
    command, variables = emulated()
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as name:
        stage = Stage(Path(name))
        stage.write_settings()
        stage.enrol()
        start = [*command, str(ROOT / "bench" / "device" / "until.py"), "ready"]
        start += ["--config", str(stage.folder / "outcry.toml"), "run"]
        environment = without_habits(os.environ) | {"PYTHONSAFEPATH": "1"} | variables
        environment["GPIOZERO_PIN_FACTORY"] = "mock"
        return median(_cpu_s(start, environment) for _ in range(starts))


def _cpu_s(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=_LIMIT_S, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise NotSeen(f"outcry run did not come to ready: {done.stderr.strip()[-200:]}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def armed_rss_mb_armel() -> float:
    """Resident memory of the packaged daemon on armel, armed and idle, MB of a million bytes.

    With a fix and a heartbeat answered, Debian's own Python and libraries, shared ones counted in
    full; the board's pins stand in for the kernel's. Read from the 4 GiB that the emulated program
    sees: the emulator's own memory and its translations lie elsewhere and are left out, a Zero has none.
    """
    command, variables = emulated()
    with armed(lambda _: command, variables) as process:
        time.sleep(IDLE_S)
        return guest_rss_bytes(Path(f"/proc/{process.pid}/smaps").read_text(), _FOLDER) / 1e6


def guest_rss_bytes(smaps: str, folder: Path) -> int:
    """What is resident of the 4 GiB that a 32-bit program sees, known by its own files.

    Raises :class:`NotSeen` if none of its files is mapped.
    """
    mappings = [(int(start, 16), name, int(kb)) for start, name, kb in _MAPPING.findall(smaps)]
    own = [start for start, name, _ in mappings if name.startswith(f"{folder}/")]
    if not own:
        raise NotSeen("the emulated program has mapped none of its files")
    base = min(own) & ~(_GUEST_BYTES - 1)
    return sum(kb for start, _, kb in mappings if base <= start < base + _GUEST_BYTES) * 1024


@cache
def emulated() -> tuple[list[str], dict[str, str]]:
    """An interpreter of the architecture and the variables by which it finds the package.

    Raises :class:`PartMissing`.
    """
    emulator = shutil.which(_EMULATOR)
    if emulator is None:
        raise PartMissing(f"{_EMULATOR} is not installed; tools/system-packages installs it")
    python = [emulator, "-L", str(_FOLDER), str(_FOLDER / "usr" / "bin" / "python3")]
    return python, packaged(_FOLDER, "armel", python)
