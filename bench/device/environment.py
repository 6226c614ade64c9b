"""A Python environment as the wearable has it: Outcry and what it needs, and nothing else.

The environment one works in is heavier at every start: an editable install
brings an import hook, test tools bring start-up files, and gpiozero looks
through every installed distribution for pin factories. None of that is on the
device, so the figures of the start are taken in a fresh environment that links
to the same files.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from importlib.metadata import (
    Distribution,
    PackageNotFoundError,
    PackagePath,
    distribution,
)
from pathlib import Path

from stage.stage import ROOT, PartMissing

SERVICE_EXTRA = "systemd"  # as the unit wants it
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def environment(folder: Path) -> Path:
    """Make the environment in ``folder``; returns its interpreter.

    Raises :class:`PartMissing` if Outcry itself is not installed here.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = Path(
        sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)})
    )
    (packages / "outcry").symlink_to(ROOT / "outcry")
    _link_entry_points(packages)
    for needed in dependencies("outcry", SERVICE_EXTRA):
        for name in top_level(needed):
            (packages / name).symlink_to(_found(needed, name))
    return folder / "bin" / "python"


def _link_entry_points(packages: Path) -> None:
    """Where gpiozero finds the board's pins, as it does on the device."""
    outcry = distribution("outcry")
    [entry_points] = [file for file in outcry.files or () if file.name == "entry_points.txt"]
    information = _found(outcry, entry_points).parent
    (packages / information.name).symlink_to(information)


def _found(installed: Distribution, file: str | PackagePath) -> Path:
    return Path(str(installed.locate_file(file))).absolute()


def without_habits(variables: Mapping[str, str]) -> dict[str, str]:
    """Environment variables without those that change how this user's Python works."""
    return {
        name: value
        for name, value in variables.items()
        if name == "PYTHONSAFEPATH" or not name.startswith(("PYTHON", "COVERAGE", "VIRTUAL_ENV"))
    }


def dependencies(name: str, extra: str | None = None) -> list[Distribution]:
    """Every distribution that this one needs, directly or not, of those installed here."""
    found: dict[str, Distribution] = {}
    waiting = list(_wanted_by(name, extra))
    while waiting:
        wanted = waiting.pop()
        try:
            needed = distribution(wanted)
        except PackageNotFoundError:  # for another Python or another system
            continue
        if needed.name not in found:
            found[needed.name] = needed
            waiting += _wanted_by(wanted, None)
    return list(found.values())


def _wanted_by(name: str, extra: str | None) -> Iterator[str]:
    try:
        requirements = distribution(name).requires or []
    except PackageNotFoundError:
        raise PartMissing(f"{name} is not installed; `make bench` installs it") from None
    for requirement in requirements:
        condition = requirement.partition(";")[2]
        if "extra" in condition and (extra is None or extra not in condition):
            continue
        wanted = _NAME.match(requirement)
        if wanted:
            yield wanted[0]


def top_level(installed: Distribution) -> set[str]:
    """The names that a distribution has put into the folder of packages."""
    names = {file.parts[0] for file in installed.files or ()}
    return {name for name in names if name not in ("..", "__pycache__")}
