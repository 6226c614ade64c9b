"""Records what a program does to the files of one folder, and what it says, call by call.

The program is a black box: strace tells its system calls. A call that writes in
a way the replay does not know is refused, so that no write is ever overlooked.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_UNDERSTOOD = (
    *("open", "openat", "close", "lseek", "write", "pwrite64", "ftruncate", "mmap"),
    *("fsync", "fdatasync", "link", "linkat", "unlink", "unlinkat"),
    *("rename", "renameat", "renameat2"),
)
_REFUSED = (
    *("creat", "openat2", "dup", "dup2", "dup3", "writev", "pwritev", "pwritev2", "truncate"),
    *("fallocate", "copy_file_range", "sendfile", "splice", "msync", "io_uring_setup"),
    *("sync", "syncfs", "sync_file_range", "mkdir", "mkdirat", "rmdir", "symlink", "symlinkat"),
)
_LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)")
_FILE = re.compile(r"(\d+|AT_FDCWD)<([^>]*)>")
_STDOUT = 1


class Unreplayable(Exception):
    """The program did something to its files that the replay would get wrong."""


@dataclass(frozen=True)
class Call:
    """A system call that succeeded: its arguments as strace wrote them, and its result."""

    name: str
    arguments: tuple[str, ...]
    result: int

    def handle(self, at: int = 0) -> int:
        """The file descriptor in an argument; -1 for the working folder or none."""
        found = _FILE.match(self.arguments[at])
        return int(found[1]) if found and found[1] != "AT_FDCWD" else -1

    def path(self, at: int = 0) -> Path | None:
        """The path behind a file descriptor in an argument."""
        found = _FILE.match(self.arguments[at])
        return Path(_bytes(found[2]).decode()) if found else None

    def text(self, at: int) -> bytes:
        """The bytes of a string argument."""
        if self.arguments[at].endswith("..."):
            raise Unreplayable(f"strace cut the data of a {self.name} short")
        return _bytes(self.arguments[at].strip('"'))


@dataclass(frozen=True)
class Said:
    """A line on standard output: from here on somebody relies on it."""

    line: str


Event = Call | Said


def record(
    command: Sequence[str], folder: Path, log: Path, environment: dict[str, str]
) -> list[Event]:
    """Run a program to its end; what it did to ``folder`` and said, in order.

    Raises :class:`Unreplayable`, and CalledProcessError for a program that fails.
    """
    calls = ",".join(f"?{name}" for name in (*_UNDERSTOOD, *_REFUSED))
    subprocess.run(
        [
            *("strace", "-f", "-y", "-xx", "-s", "1000000", "-o", str(log)),
            *("-e", f"trace={calls}", "-e", "signal=none"),
            *command,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        env=environment,
    )
    with log.open() as lines:
        return list(_events(lines, str(folder).encode()))


def _events(lines: Iterator[str], folder: bytes) -> Iterator[Event]:
    inside = re.compile(rf'["<]{folder.hex()}(2f[^">]*)?[">]')
    processes = set()
    for line in lines:
        if "unfinished" in line:
            raise Unreplayable("two threads made calls at once: their order is not known")
        if not (found := _LINE.match(line)):
            continue
        process, name, arguments, result = found.groups()
        processes.add(process)
        if int(result) < 0:
            continue
        call = Call(name, tuple(arguments.split(", ")), int(result))
        if name == "write" and call.handle() == _STDOUT:
            yield from map(Said, call.text(1).decode().splitlines())
        elif inside.search(line.replace("\\x", "")):
            if name in _REFUSED:
                raise Unreplayable(f"{name} is not understood")
            yield call
    if len(processes) > 1:
        raise Unreplayable("only programs of one thread can be replayed")


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
