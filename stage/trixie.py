"""Debian trixie as a folder, from the mirror that this machine itself uses."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from stage.stage import PartMissing

SUITE = "trixie"


def build(target: Path, *options: str) -> None:
    """Make the folder with mmdebstrap and these options.

    Raises :class:`PartMissing` if that cannot be here, and ``CalledProcessError``.
    """
    if shutil.which("mmdebstrap") is None:
        raise PartMissing("mmdebstrap is not installed; tools/system-packages installs it")
    habits = (f"--aptopt={line}" for line in apt_habits())
    subprocess.run(
        ["mmdebstrap", *options, *habits, SUITE, str(target), source()],
        capture_output=True,
        check=True,
        umask=0o022,
    )


def apt_habits() -> list[str]:
    """How apt reaches its mirror from this machine: proxies, certificates, clocks."""
    said = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True)
    wanted = r'^Acquire::(?:https?|Check)\S* ".+";$'
    return re.findall(wanted, said.stdout, re.MULTILINE | re.IGNORECASE)


def source() -> str:
    """The mirror that this machine itself uses for Debian."""
    said = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    )
    for uri in said.stdout.split():
        if urlsplit(uri).path.strip("/").endswith("debian"):
            return f"deb {uri} {SUITE} main"
    raise PartMissing("no mirror of Debian is in this machine's apt sources")
