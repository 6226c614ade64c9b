"""A folder with Debian's own Python and libraries and the wearable's package, as it is installed.

It needs no root and is never booted; its byte code is compiled.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from bench.product.packages import wearables_package
from stage import trixie
from stage.stage import ROOT

_WITHOUT_SETUPTOOLS = Path(__file__).with_name("without_setuptools")


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
