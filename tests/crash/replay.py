"""What a power cut could leave of the files that a recorded program wrote.

After every system call the disk is rebuilt as it could be found: with nothing
that was not synced, with everything, with the last write torn, and with seeded
random parts of what was not synced. Writes tear between sectors of 512 bytes.
A name made, moved or removed is certain once its folder was synced; in all
variants but one, syncing the file itself makes its name certain too, as on
ext4. The folder is assumed to exist already.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from random import Random

from crash.recording import Call, Event, Said, Unreplayable

SECTOR = 512  # a disk writes a sector whole or not at all


class Loss(Enum):
    """What becomes of that which was not synced."""

    ALL = "nothing un-synced is kept"
    NAMES_TOO = "nothing un-synced is kept, nor a name whose folder was not synced"
    NONE = "everything is kept"
    LAST_TORN = "everything is kept but the last write, which is torn"
    SOME = "some of it is kept, torn"


VARIANTS = (Loss.ALL, Loss.NAMES_TOO, Loss.NONE, Loss.LAST_TORN, *(Loss.SOME,) * 3)


@dataclass(frozen=True)
class Write:
    """Bytes written at an offset."""

    at: int
    data: bytes


@dataclass(frozen=True)
class Cut:
    """The file's length set."""

    size: int


Edit = Write | Cut


@dataclass(eq=False)
class File:
    """One inode: what is certain to be on the disk, and what is not yet."""

    synced: bytes = b""
    pending: list[Edit] = field(default_factory=list)
    mapped: bool = False  # written through memory, where strace sees nothing: anything may be in it

    def length(self) -> int:
        size = len(self.synced)
        for edit in self.pending:
            size = edit.size if isinstance(edit, Cut) else max(size, edit.at + len(edit.data))
        return size


@dataclass
class Change:
    """Names given to files or, with None, taken away; all of them or none."""

    names: dict[str, File | None]
    file_synced: bool = False


@dataclass(frozen=True)
class Crash:
    """The files as a power cut could leave them, and what the program had said until then."""

    after: int
    loss: Loss
    said: tuple[str, ...]
    files: Mapping[str, bytes]

    def __str__(self) -> str:
        return f"after call {self.after}, {self.loss.value}"


class Disk:
    """The files of one folder; follows the calls of one process after another."""

    def __init__(self, folder: Path, files: Mapping[str, bytes]) -> None:
        self._folder = folder
        self._certain: dict[str, File | None] = {n: File(data) for n, data in files.items()}
        self._changes: list[Change] = []
        self._open: dict[int, tuple[File, int]] = {}  # handle: file and position
        self._last: Write | None = None

    def apply(self, call: Call) -> None:
        """Follow one call; raises :class:`Unreplayable` for one that cannot be followed."""
        match call.name:
            case "open" | "openat":
                self._opened(call)
            case "close":
                self._open.pop(call.handle(), None)
            case "lseek" if call.handle() in self._open:
                self._open[call.handle()] = (self._file(call), call.result)
            case "lseek":
                pass
            case "write":
                file, position = self._file(call), self._open[call.handle()][1]
                self._wrote(file, Write(position, call.text(1)[: call.result]))
                self._open[call.handle()] = (file, position + call.result)
            case "pwrite64":
                offset = int(call.arguments[3])
                self._wrote(self._file(call), Write(offset, call.text(1)[: call.result]))
            case "ftruncate":
                self._file(call).pending.append(Cut(int(call.arguments[1])))
            case "mmap":
                if "MAP_SHARED" in call.arguments[3] and "PROT_WRITE" in call.arguments[2]:
                    self._file(call, 4).mapped = True
            case "fsync" | "fdatasync":
                self._synced(call)
            case _:
                self._renamed(call)

    def after(self, loss: Loss, random: Random) -> dict[str, bytes]:
        """The files as they are found when the power returns."""
        names = self._names(loss, random)
        return {
            name: self._content(file, loss, random)
            for name, file in names.items()
            if file is not None
        }

    def _file(self, call: Call, at: int = 0) -> File:
        try:
            return self._open[call.handle(at)][0]
        except KeyError:
            raise Unreplayable(f"{call.name} on a file nobody saw opened") from None

    def _wrote(self, file: File, write: Write) -> None:
        file.pending.append(write)
        self._last = write

    def _opened(self, call: Call) -> None:
        at = 0 if call.name == "open" else 1
        path, flags = Path(os.fsdecode(call.text(at))), call.arguments[at + 1].split("|")
        self._open.pop(call.result, None)
        if path == self._folder or "O_RDONLY" in flags:
            return
        if "O_APPEND" in flags or path.parent != self._folder:
            raise Unreplayable(f"{path} is opened in a way that is not understood")
        file = self._current().get(path.name)
        if file is None:
            file = File()
            self._changes.append(Change({path.name: file}))
        elif "O_TRUNC" in flags:
            file.pending.append(Cut(0))
        self._open[call.result] = (file, 0)

    def _synced(self, call: Call) -> None:
        if call.path() == self._folder:
            for change in self._changes:
                self._certain |= change.names
            self._changes.clear()
            return
        file = self._file(call)
        file.synced = _applied(file.synced, file.pending)
        file.pending.clear()
        touched: set[str] = set()
        for change in reversed(self._changes):  # its names, and what became of them before
            if file in change.names.values() or touched & change.names.keys():
                change.file_synced = True
                touched |= change.names.keys()

    def _renamed(self, call: Call) -> None:
        paths = [
            Path(os.fsdecode(call.text(at)))
            for at, argument in enumerate(call.arguments)
            if argument.startswith('"')
        ]
        if any(path.parent != self._folder for path in paths):
            raise Unreplayable(f"{call.name} reaches outside the folder")
        current = self._current()
        first = paths[0].name
        if call.name.startswith("unlink"):
            self._changes.append(Change({first: None}))
        elif call.name.startswith("link"):
            self._changes.append(Change({paths[1].name: current[first]}))
        else:
            self._changes.append(Change({paths[1].name: current[first], first: None}))

    def _current(self) -> dict[str, File | None]:
        names = dict(self._certain)
        for change in self._changes:
            names |= change.names
        return names

    def _names(self, loss: Loss, random: Random) -> dict[str, File | None]:
        if loss in (Loss.NONE, Loss.LAST_TORN):
            return self._current()
        names = dict(self._certain)
        held_up: set[str] = set()  # what happened to one name stays in order
        for change in self._changes:
            kept = change.file_synced and loss is not Loss.NAMES_TOO
            if loss is Loss.SOME and not kept:
                kept = random.random() < 0.5 and not held_up & change.names.keys()
            if kept:
                names |= change.names
            else:
                held_up |= change.names.keys()
        return names

    def _content(self, file: File, loss: Loss, random: Random) -> bytes:
        if loss in (Loss.ALL, Loss.NAMES_TOO):
            return file.synced
        if loss is Loss.SOME and file.mapped:
            return random.randbytes(file.length())
        edits: list[Edit] = []
        for edit in file.pending:
            if loss is Loss.SOME:
                edits += _some_of(edit, random)
            elif loss is Loss.LAST_TORN and isinstance(edit, Write) and edit is self._last:
                edits += _beginning_of(edit, random)
            else:
                edits.append(edit)
        return _applied(file.synced, edits)


def crashes(
    events: Sequence[Event],
    folder: Path,
    before: Mapping[str, bytes],
    seed: int,
    share: float = 1.0,
    said: Sequence[str] = (),
) -> Iterator[Crash]:
    """Every state, each once, that a power cut after any call of a recording could leave.

    ``folder`` is the recorded one and held ``before`` at the start, all of it synced; ``said``
    is what somebody relied on by then. ``share`` (0 to 1) takes a seeded sample.
    """
    disk, random = Disk(folder, before), Random(seed)
    lines = list(said)
    seen = set()
    for n, event in enumerate(events):
        if isinstance(event, Said):
            lines.append(event.line)
        else:
            disk.apply(event)
        for loss in VARIANTS:
            if random.random() >= share:
                continue
            files = disk.after(loss, random)
            state = (len(lines), _digest(files))
            if state not in seen:
                seen.add(state)
                yield Crash(n, loss, tuple(lines), files)


def _digest(files: Mapping[str, bytes]) -> bytes:
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.digest()


def _applied(content: bytes, edits: Sequence[Edit]) -> bytes:
    if not edits:
        return content
    result = bytearray(content)
    for edit in edits:
        end = edit.size if isinstance(edit, Cut) else edit.at
        result.extend(bytes(max(0, end - len(result))))
        if isinstance(edit, Cut):
            del result[edit.size :]
        else:
            result[edit.at : edit.at + len(edit.data)] = edit.data
    return bytes(result)


def _sectors(write: Write) -> list[Write]:
    end = write.at + len(write.data)
    edges = [write.at, *range((write.at // SECTOR + 1) * SECTOR, end, SECTOR), end]
    return [
        Write(start, write.data[start - write.at : stop - write.at])
        for start, stop in itertools.pairwise(edges)
    ]


def _beginning_of(write: Write, random: Random) -> list[Write]:
    sectors = _sectors(write)
    return sectors[: random.randrange(len(sectors))]


def _some_of(edit: Edit, random: Random) -> list[Edit]:
    """Nothing, all of it, or some of its sectors, with or without the length it gave the file."""
    choices: list[list[Edit]] = [[], [edit]]
    if isinstance(edit, Cut):
        return random.choice(choices)
    sectors = [sector for sector in _sectors(edit) if random.random() < 0.5]
    length = Write(edit.at + len(edit.data), b"")
    return random.choice([*choices, [*sectors], [length, *sectors]])
