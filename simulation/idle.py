"""What a device that nobody touches writes to its card."""

from __future__ import annotations

from pathlib import Path

from simulation.air import BEGIN_S
from simulation.clockwork import ClockedWorld

STARTED_S = 60.0  # what a start writes is written by then
HOUR_S = 3600.0
IN_MEMORY = ("memory.json", "memory.new")  # in /run, which is no card

State = dict[Path, tuple[int, int, bytes]]


def written(world: ClockedWorld, hours: float) -> int:
    """Live these hours; the bytes of all files that were written after the start."""
    before: State = {}
    world.at(BEGIN_S + STARTED_S, lambda: before.update(files(world.folder)))
    world.run(BEGIN_S + STARTED_S + hours * HOUR_S)
    after = files(world.folder)
    changed = [path for path in after if before.get(path) != after[path]]
    return sum(len(after[path][2]) for path in changed)


def files(folder: Path) -> State:
    """All files on the card: when each was changed last, its inode, and its content."""
    found = (path for path in folder.rglob("*") if path.name not in IN_MEMORY)
    return {
        path: (path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes())
        for path in found
        if path.is_file()
    }
