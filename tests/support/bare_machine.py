"""A bare Debian trixie in a container with its own systemd: built once, booted in seconds.

The packages that ours depend on are downloaded while the tree is built; the
booted machine has no network but its own loopback. What a test does to it goes
into an overlay that is thrown away; its mounts live in a namespace of their own
and end with it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from stage import trixie

BOOT_LIMIT_S = 60.0
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class NotHere(Exception):
    """Why this machine cannot run a bare one: who may not, or what is missing."""


def check_possible(folder: Path) -> None:
    """Raises :class:`NotHere` with the reason if no bare machine can run with its files here.

    Tried with a container of this machine's own files, which needs all that a bare one needs.
    """
    if os.geteuid() != 0:
        raise NotHere("only root can boot a container")
    if shutil.which("systemd-nspawn") is None:
        raise NotHere("systemd-nspawn is not installed")
    with tempfile.TemporaryDirectory(dir=folder) as changes, _groups() as groups:
        tried = subprocess.run(
            _container(Path("/"), Path(changes), groups, "--as-pid2", "true"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=_environment(),
            check=False,
        )
    if tried.returncode:
        why = tried.stderr.strip().splitlines() or ["it says nothing"]
        raise NotHere(f"this machine cannot run a container: {why[-1]}")


@contextmanager
def _groups() -> Iterator[Path]:
    """Control groups for one machine: systemd in there takes those that it finds for its own."""
    root = Path("/sys/fs/cgroup")
    root = root / "unified" if (root / "unified").is_dir() else root
    own = re.findall(r"^0::/(.*)$", Path("/proc/self/cgroup").read_text(), re.MULTILINE)
    try:
        groups = Path(tempfile.mkdtemp(prefix="outcry-", dir=root.joinpath(*own)))
    except OSError as error:
        raise NotHere(f"no control group can be made here: {error.strerror}") from None
    if not (groups / "cgroup.procs").exists():
        groups.rmdir()
        raise NotHere("there are no control groups of one hierarchy here (cgroup2)")
    try:
        yield groups
    finally:
        for folder, _, _ in os.walk(groups, topdown=False):
            with suppress(OSError):  # somebody is still in there, or it went by itself
                os.rmdir(folder)


def _container(base: Path, folder: Path, groups: Path, *boot: str) -> list[str]:
    """The command that runs a container of the files of ``base`` in these control groups.

    ``folder`` takes its changes.
    """
    changes, work, root = (folder / name for name in ("changes", "work", "root"))
    for each in (changes, work, root):
        each.mkdir(parents=True)
        each.chmod(0o755)  # it becomes the machine's /, which services must be let into
    layers = f"lowerdir={base},upperdir={changes},workdir={work}"
    script = 'echo $$ >"$1/cgroup.procs" && mount -t overlay outcry -o "$2" "$3" && shift 3'
    return [
        *("unshare", "--mount", "sh", "-c", f'{script} && exec "$@"', "sh"),
        *(str(groups), layers, str(root)),
        *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--link-journal=no"),
        *("--private-network", "-D", str(root)),
        # systemd in there limits devices and addresses by programs for the kernel; memory is locked.
        *("--system-call-filter=bpf @memlock", "--capability=CAP_BPF,CAP_PERFMON,CAP_NET_ADMIN"),
        *boot,
    ]


def _environment() -> dict[str, str]:
    # A host without the unified hierarchy has one to lend all the same.
    return os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}


def tree(folder: Path, packages: Iterable[str]) -> Path:
    """The bare system, with what ``packages`` need downloaded but not installed.

    Built when ``folder`` has none that was made for the same packages.
    """
    wanted = " ".join(sorted(packages))
    made, note = folder / "tree", folder / "made-for"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be building it
        if not (note.exists() and note.read_text() == wanted):
            note.unlink(missing_ok=True)
            subprocess.run(["rm", "-rf", "--one-file-system", str(made)], check=True)
            _build(made, wanted)
            note.write_text(wanted)
    return made


def _build(target: Path, wanted: str) -> None:
    # With what they recommend, as apt takes it too unless told otherwise.
    download = "APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get install -qy --download-only"
    download += f" -o APT::Install-Recommends=true {wanted}"
    trixie.build(
        target,
        *("--variant=minbase", "--include=systemd,systemd-sysv", f"--customize-hook={download}"),
        *("--skip=cleanup/apt/lists", "--skip=cleanup/apt/cache"),
        '--aptopt=APT::Keep-Downloaded-Packages "true";',
    )


class Machine:
    """A booted bare system. Use as a context manager."""

    def __init__(self, base: Path, folder: Path) -> None:
        """``folder`` takes what the machine writes."""
        self._console = folder / "console.log"
        self._open = ExitStack()
        command = _container(base, folder, self._open.enter_context(_groups()), "--boot")
        with self._console.open("wb") as console:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,
                umask=0o022,
            )

    def __enter__(self) -> Self:
        try:
            self.wait("the machine to be up", self._is_up, BOOT_LIMIT_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        init = self._init()
        if init:
            os.kill(init, signal.SIGKILL)  # takes everything in there along
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._open.close()

    def run(
        self, *command: str, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in there as root; raises ``RuntimeError`` if it fails and ``check``."""
        done = subprocess.run(
            [*self._entered(), *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def started(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in there as root, its output a pipe."""
        return subprocess.Popen([*self._entered(), *command], stdout=subprocess.PIPE, text=True)

    def said(self, *command: str, timeout: float = 120) -> str:
        """What a command in there printed."""
        return self.run(*command, timeout=timeout).stdout

    def write(self, path: str, text: str) -> None:
        """Put a file into the machine, with the folders above it."""
        script = 'mkdir -p "$(dirname "$1")" && cat > "$1"'
        command = [*self._entered(), "sh", "-c", script, "sh", path]
        subprocess.run(command, input=text, text=True, check=True)

    def copy(self, source: Path, path: str) -> None:
        """Put a file of this machine into that one."""
        with source.open("rb") as file:
            command = [*self._entered(), "sh", "-c", 'cat > "$1"', "sh", path]
            subprocess.run(command, stdin=file, check=True)

    def wait(self, what: str, seen: Callable[[], Any], limit_s: float) -> Any:
        """Look until there is something to see, and return it."""
        until = time.monotonic() + limit_s
        while not (found := seen()):
            if self._process.poll() is not None:
                raise RuntimeError(f"the machine is gone: {self._console.read_text()[-1000:]}")
            if time.monotonic() > until:
                raise AssertionError(f"{what}: not within {limit_s:g} s")
            time.sleep(0.1)
        return found

    def _entered(self) -> list[str]:
        habits = (f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")
        inside = ["nsenter", "-t", str(self._init()), "-a", "env", "-i", *habits]
        # As a login there would have it, whatever the umask of whoever runs the tests.
        return [*inside, "sh", "-c", 'umask 022 && exec "$@"', "sh"]

    def _init(self) -> int | None:
        """The machine's first process, as this machine numbers it."""
        number = self._process.pid
        try:
            children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        except OSError:
            return None
        return int(children[0]) if children else None

    def _is_up(self) -> bool:
        if self._init() is None:
            return False
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")
