"""The rooms of the house, and what each may import: one literal table for each end.

A row names a room (a folder), or a single module at the top of its end, and the rooms and modules
of the same end that it may import. ``tests/house/test_rooms.py`` holds the code to it, and
``docs/architecture.md`` draws it. What is not in a row's list is not there to be imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

Rooms = Mapping[str, tuple[str, ...]]

# Small modules that every room of HQ may use. They import no room.
SHARED = ("findings", "formatting", "hosts", "journal", "part", "settings", "translations")

RESPONDER: Rooms = {
    "findings": (),
    "hosts": (),
    "journal": (),
    "part": ("journal",),
    "translations": (),
    "formatting": ("translations",),
    "rules": (),
    "sentences": ("formatting", "rules"),
    "maps": (),
    "settings": ("hosts",),
    "web": SHARED,
    "storage": (*SHARED, "rules"),
    "readiness": (*SHARED, "storage"),
    "callers": SHARED,
    "transports": (*SHARED, "callers", "rules.events"),
    "dispatch": (*SHARED, "rules", "storage"),
    "plans": (*SHARED, "rules", "storage", "maps", "transports"),
    "enrolment": (*SHARED, "storage", "plans"),
    "notify": (*SHARED, "rules", "storage", "dispatch", "plans", "transports"),
    "posting": (*SHARED, "rules", "storage", "dispatch", "plans", "maps", "callers", "transports"),
    "archive": (*SHARED, "rules", "sentences", "storage", "plans", "maps", "callers", "web"),
    "intake": (*SHARED, "rules", "storage", "enrolment", "web"),
    "daily_check": (
        *SHARED,
        "readiness",
        "storage",
        "plans",
        "enrolment",
        "notify",
        "posting",
        "transports",
        "web",
    ),
    "contacts": (
        *SHARED,
        "rules",
        "storage",
        "plans",
        "intake",
        "posting.own_page",
        "maps",
        "web",
        "enrolment",
    ),
    "console": (
        *SHARED,
        "rules",
        "sentences",
        "readiness",
        "storage",
        "plans",
        "posting.preview",
        "maps",
        "web",
        "daily_check",
    ),
    "service": (
        *SHARED,
        "rules",
        "web",
        "storage",
        "transports",
        "dispatch",
        "plans",
        "enrolment",
        "notify",
        "posting",
        "archive",
        "intake",
        "readiness",
        "daily_check",
        "contacts",
        "console",
    ),
    "cli": (
        *SHARED,
        "rules",
        "sentences",
        "web",
        "callers",
        "storage",
        "transports",
        "plans",
        "enrolment",
        "notify",
        "posting",
        "archive",
        "intake",
        "readiness",
        "daily_check",
        "console",
        "service",
    ),
}

DAEMON: Rooms = {
    "settings": (),
    "alarm": ("settings",),
    "journal": ("alarm",),
    "touch": ("settings", "alarm"),
    "outbox": ("settings", "journal", "alarm", "touch"),
    "messages": ("settings", "journal", "alarm", "touch", "outbox"),
    "service": ("settings", "journal", "alarm", "touch", "outbox", "messages"),
    "check": ("settings", "journal", "alarm", "touch", "outbox", "messages", "service"),
    "cli": ("settings", "journal", "alarm", "touch", "outbox", "messages", "service", "check"),
    "__main__": ("cli",),
}

BOARD: Rooms = {
    "meeting": (),
    "waiting": (),
    "modem": (),
    "sim800": ("modem",),
    "pins": ("meeting", "modem"),
    "receiver": (),
    "replay": ("waiting", "modem"),
    "process": ("meeting", "waiting", "modem", "sim800", "pins", "receiver", "replay"),
}

ENDS: Mapping[str, Rooms] = {"responder": RESPONDER, "daemon": DAEMON, "hw/board": BOARD}


class WrongImport(NamedTuple):
    """An import that its room's row does not allow."""

    importer: str
    imported: str
    row: str

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported}; the row says {self.row}"


def wrong_imports(end: str, rooms: Rooms, root: Path = ROOT) -> Iterator[WrongImport]:
    """Every import between modules of ``end`` (a folder below ``root``) that is not allowed.

    Imports inside functions count too: where a module is loaded changes nothing about who knows
    whom.
    """
    package = f"outcry.{end.replace('/', '.')}"
    modules = dict(_modules(root / end, package))
    for name, path in sorted(modules.items()):
        if name == package:
            continue
        room = name.removeprefix(f"{package}.").split(".")[0]
        row = rooms.get(room, ())
        for imported in sorted(_imports(path, modules)):
            if imported == package or not imported.startswith(f"{package}."):
                continue
            part = imported.removeprefix(f"{package}.")
            if part.split(".")[0] != room and not _allowed(part, row):
                yield WrongImport(
                    str(path.relative_to(root)),
                    str(modules[imported].relative_to(root)),
                    f"{room!r}: {row}" if room in rooms else f"no room named {room!r}",
                )


def _modules(folder: Path, package: str) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        yield ".".join((package, *parts)), path


def _imports(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """The modules among ``modules`` that the file at ``path`` imports."""
    return {
        name if name in modules else name.rpartition(".")[0] for name in imported_names(path)
    } & modules.keys()


def imported_names(path: Path) -> Iterator[str]:
    """Everything that a file imports, by its full dotted name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _allowed(part: str, row: tuple[str, ...]) -> bool:
    return any(part == allowed or part.startswith(f"{allowed}.") for allowed in row)
