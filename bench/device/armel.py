"""The packaged wearable on a Pi Zero's architecture: Debian's armel, emulated by qemu-arm.

The folder needs no root and is never booted: qemu looks up in it what the
program opens. It is Debian's own Python and libraries, and the package as it is
installed, byte code compiled.
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

from bench.device.environment import without_habits
from bench.device.memory import IDLE_S, armed
from bench.product.packages import wearables_package
from stage import trixie
from stage.stage import ROOT, NotSeen, PartMissing, Stage

_STARTS = 5
_LIMIT_S = 120.0
_FOLDER = ROOT / "build" / "armel"
_EMULATOR = "qemu-arm-static"
_WITHOUT_SETUPTOOLS = Path(__file__).with_name("without_setuptools")
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
    full; the board's pins stand in for lgpio's. Read from the 4 GiB that the emulated program sees:
    the emulator's own memory and its translations lie elsewhere and are left out, a Zero has none.
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


def packaged(folder: Path, architecture: str, python: list[str]) -> dict[str, str]:
    """Make the folder hold the package and what of Debian its process needs, byte code compiled.

    ``python`` is how its interpreter is started; returns the variables by which that finds all.
    """
    libraries = folder / "usr" / "lib"
    package = wearables_package()
    _make_folder(folder, architecture, python, _debian_parts())
    shutil.rmtree(libraries / "outcry", ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
    _compile(python, libraries / "outcry")
    path = [_WITHOUT_SETUPTOOLS, libraries / "outcry", libraries / "python3/dist-packages"]
    return {"PYTHONPATH": ":".join(map(str, path))}


def _debian_parts() -> str:
    """What the package takes from Debian for its own process: gpsd runs beside it."""
    control = (ROOT / "debian" / "control").read_text()
    [paragraph] = re.findall(r"^Package: outcry\n.*?^Suggests", control, re.MULTILINE | re.DOTALL)
    return ",".join(sorted(set(re.findall(r"\bpython3(?:-[a-z0-9-]+)?\b(?= \()", paragraph))))


def _make_folder(folder: Path, architecture: str, python: list[str], parts: str) -> None:
    note = folder / "made-for"
    if note.exists() and note.read_text() == parts:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    # Extracted and no more: configuring would need the kernel to know this architecture.
    trixie.build(
        folder, "--variant=extract", f"--architectures={architecture}", f"--include={parts}"
    )
    libraries = folder / "usr" / "lib"
    for name in ("bin", "lib", "lib64", "sbin"):
        if (folder / "usr" / name).exists() and not (folder / name).exists():
            (folder / name).symlink_to(f"usr/{name}")
    _compile(python, *libraries.glob("python3*"))
    note.write_text(parts)


def _compile(python: list[str], *folders: Path) -> None:
    """As the packages' scripts do when they are configured; what is no Python 3 is left out."""
    command = [*python, "-W", "ignore", "-m", "compileall", "-q", *map(str, folders)]
    subprocess.run(command, capture_output=True, check=False)
