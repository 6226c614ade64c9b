"""Debian trixie as a folder, from the mirror that this machine itself uses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from stage.stage import ROOT, NotSeen, PartMissing

SUITE = "trixie"
_SCRATCH = ROOT / "build"  # a whole system is too large for /tmp, which may be memory
# The mirror is out of reach or lacks something; this user may not make a system.
_ABSENT = re.compile(
    r"^E: apt-get update .*|^E: unable to pick chroot mode.*|[\w.+-]+\.deb\s+404", re.MULTILINE
)


def build(target: Path, *options: str) -> None:
    """Make the folder with mmdebstrap and these options.

    Raises :class:`PartMissing` if it cannot be had here: no mirror, or one without a package that
    its own lists name, as some are for the rarer architectures. :class:`NotSeen` if making it
    failed.
    """
    if shutil.which("mmdebstrap") is None:
        raise PartMissing("mmdebstrap is not installed; tools/system-packages installs it")
    # A folder that is made again if a power cut spoils it need not be synced file by file.
    habits = ("--dpkgopt=force-unsafe-io", *(f"--aptopt={line}" for line in apt_habits()))
    _SCRATCH.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mmdebstrap", *options, *habits, SUITE, str(target), source()],
        capture_output=True,
        text=True,
        check=False,
        umask=0o022,
        env=os.environ | {"TMPDIR": str(_SCRATCH)},
    )
    if done.returncode:
        absent = _ABSENT.search(done.stderr)
        if absent:
            raise PartMissing(f"no Debian {SUITE} can be had here: {absent[0]}")
        raise NotSeen(f"mmdebstrap failed: {done.stderr[-1000:]}")


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
