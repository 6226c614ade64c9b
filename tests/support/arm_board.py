"""An emulated Arm board with a real GPIO chip's driver: Debian's kernel, Python and libraries.

QEMU's ``virt`` board has a PrimeCell GPIO (PL061). On it run Debian trixie's own arm64 kernel, its
Python and gpiozero, and the wearable as it is packaged. There is no systemd and no disk: everything
lies in memory, and the first process is a shell's script. Its clock counts instructions, and what
the board waits for comes at once: however busy this machine is, an edge has the same time.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from stage import trixie
from stage.stage import ROOT, PartMissing

FOLDER = ROOT / "build" / "gpiochip"
EMULATOR = "qemu-system-aarch64"
NEWER_GPIOZERO = "gpiozero==2.0.1"  # Raspberry Pi OS's
BOOT_LIMIT_S = 1500.0  # all of it with both took 8 minutes on a busy machine
PINS = "4 5 6"  # button, motor, strap: the chip has eight lines, and the fourth is a power key

_PACKAGES = (
    *("python3", "python3-gpiozero", "python3-serial", "python3-h11", "python3-cryptography"),
    *("python3-systemd", "python3-pytest", "python3-pytest-timeout"),
    "busybox-static",
)
_KERNEL = r"""
cd "$1"; export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
kernel=$(apt-cache depends linux-image-arm64 | sed -n 's/ *Depends: //p')
apt-get -qq download "$kernel"
dpkg-deb --fsys-tarfile linux-image-*.deb | tar -x --wildcards './boot/vmlinuz-*'
rm linux-image-*.deb; mv boot/vmlinuz-* boot/vmlinuz
"""
_INIT = """#!/usr/bin/busybox sh
b=/usr/bin/busybox
export PATH=/usr/bin HOME=/root
$b mount -t proc proc /proc; $b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev; $b mount -t tmpfs tmp /tmp
cd /opt/outcry
export OUTCRY_BENCH=registers OUTCRY_BENCH_PINS="@PINS@"
run() {  # run NAME PATH TEST...
    name=$1; export PYTHONPATH=$2; shift 2
    echo "begin $name"
    python3 -c 'import gpiozero, importlib.metadata as m; print("gpiozero", m.version("gpiozero"))'
    python3 -m pytest --color=no -p no:cacheprovider -p no:typeguard --assert=plain \\
        -W ignore --confcutdir=tests/hw -k registers "$@"
    echo "end $name $?"
}
@RUNS@
$b poweroff -f
"""


def check_possible() -> None:
    """Raises :class:`PartMissing` if a program is missing."""
    for program in (EMULATOR, "cpio", "mmdebstrap", "dpkg-deb"):
        if shutil.which(program) is None:
            raise PartMissing(f"{program} is not installed; tools/system-packages installs it")


def debian() -> Path:
    """The board's root with Debian's parts, made once. Raises :class:`PartMissing`."""
    check_possible()
    root, note = FOLDER / "root", FOLDER / "made-for"
    wanted = " ".join((*_PACKAGES, NEWER_GPIOZERO))
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be making it
        if not (note.exists() and note.read_text() == wanted):
            note.unlink(missing_ok=True)
            shutil.rmtree(FOLDER / "root", ignore_errors=True)
            trixie.build(
                root,
                *("--variant=extract", "--architectures=arm64"),
                *(f"--include={','.join(_PACKAGES)}", f"--extract-hook={_KERNEL}"),
            )
            for name in ("bin", "lib", "sbin"):
                (root / name).symlink_to(f"usr/{name}")
            _pip("install", "--target", str(root / "opt" / "newer"), NEWER_GPIOZERO)
            note.write_text(wanted)
    return root


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "-q", *arguments[:1], "--no-deps", *arguments[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PartMissing(f"{arguments[-1]} cannot be had here: {done.stderr.strip()[-300:]}")


def boot(package: Path, runs: dict[str, list[str]], folder: Path) -> str:
    """Boot the board with this package, do what ``runs`` says and return what its console said.

    ``runs``: of ``debian`` and ``newer`` gpiozero each, the files of tests. ``folder`` takes the
    board's files: 100 MB.
    """
    root, own = debian(), folder / "own"
    subprocess.run(["dpkg-deb", "-x", str(package), str(own)], check=True)
    for name in ("hw", "support"):
        shutil.copytree(ROOT / "tests" / name, own / "opt" / "outcry" / "tests" / name)
    shutil.copy(ROOT / "pyproject.toml", own / "opt" / "outcry")
    paths = {"debian": "/usr/lib/outcry", "newer": "/usr/lib/outcry:/opt/newer"}
    lines = "\n".join(" ".join(("run", name, paths[name], *tests)) for name, tests in runs.items())
    for name in ("proc", "sys", "dev", "tmp", "run", "root"):
        (own / name).mkdir(exist_ok=True)
    (own / "init").write_text(_INIT.replace("@PINS@", PINS).replace("@RUNS@", lines))
    (own / "init").chmod(0o755)
    image = folder / "initramfs"
    with image.open("wb") as file:
        for top in (root, own):  # the later one is unpacked over the earlier one
            _archive(top, file)
    done = subprocess.run(
        [
            *(EMULATOR, "-M", "virt", "-cpu", "cortex-a53", "-m", "768"),
            *("-icount", "shift=1,sleep=off", "-nodefaults", "-display", "none", "-no-reboot"),
            *("-kernel", str(root / "boot" / "vmlinuz"), "-initrd", str(image)),
            # The chip's registers are the driver's; the bench's hand writes them, too.
            *("-append", "console=ttyAMA0 quiet panic=-1 iomem=relaxed"),
            *("-serial", "stdio", "-monitor", "none"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=BOOT_LIMIT_S,
        check=True,
    )
    return done.stdout.decode(errors="replace").replace("\r", "")


_LEFT_OUT = re.compile(
    r"^usr/(?!bin/(?:python3|busybox)|lib/(?:python3|aarch64-linux-gnu/[^/]*\.so|ld-|outcry))"
    r"|^(?:var|etc|boot|dev|tmp)/|/config-3|san\.so|/gconv/|/share/"
)


def _archive(top: Path, file: object) -> None:
    """What of a folder the board needs, as the kernel unpacks it."""
    names = []
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = os.path.relpath(os.path.join(folder, name), top)
            if not _LEFT_OUT.search(path) or os.path.isdir(top / path):
                names.append(path)
    subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet"],
        input="\n".join(sorted(names)).encode(),
        stdout=file,
        cwd=top,
        check=True,
    )
