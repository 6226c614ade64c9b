"""The packaged wearable on Debian 13: its Python and libraries, as Debian has them, without root.

The folder is never booted: its own loader starts its own interpreter, which finds everything in it.
"""

from __future__ import annotations

import platform

from bench.device.debian_folder import packaged
from bench.device.memory import armed, idle_rss_mb
from stage.stage import ROOT, PartMissing

_FOLDER = ROOT / "build" / "debian13"
# As the unit has it; without it OpenSSL's old algorithms are loaded.
_UNIT = {"CRYPTOGRAPHY_OPENSSL_NO_LEGACY": "1"}


def armed_rss_mb_debian13() -> float:
    """Resident memory of the packaged daemon on Debian 13 amd64, armed and idle, MB of a million bytes.

    As ``armed_rss_mb``, with gpiozero 1.6.2 and all else that Debian has of it. What systemd's own
    journal takes, half a megabyte of a shared library, is left out: entries go to stderr here.
    """
    if platform.machine() != "x86_64":
        raise PartMissing("this machine does not run programs for amd64")
    libraries = _FOLDER / "usr" / "lib"
    python = [
        *("env", f"PYTHONHOME={_FOLDER / 'usr'}"),
        *(str(_FOLDER / "usr" / "lib64" / "ld-linux-x86-64.so.2"), "--library-path"),
        *(str(libraries / "x86_64-linux-gnu"), str(_FOLDER / "usr" / "bin" / "python3")),
    ]
    variables = packaged(_FOLDER, "amd64", python) | _UNIT
    with armed(lambda _: python, variables) as process:
        return idle_rss_mb(process)
