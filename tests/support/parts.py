"""The parts a machine may lack: tests that need one are skipped by its name, or left out."""

import os
import shutil
from pathlib import Path

import pytest

# Real receivers' recordings lie beside a checkout, or not; they are never part of it.
RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "recordings" / "gpsd"


def _needs(program):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # where Debian keeps gpsd
    missing = shutil.which(program, path=path) is None
    return pytest.mark.skipif(missing, reason=f"{program} is not installed")


needs_gpsd = _needs("gpsd")
needs_gammu = _needs("gammu")
needs_smstools = _needs("smsd")
needs_strace = _needs("strace")
needs_systemd_analyze = _needs("systemd-analyze")
needs_chromium = _needs("chromium")
needs_chromedriver = _needs("chromedriver")
needs_nginx = _needs("nginx")
needs_caddy = _needs("caddy")
needs_nft = _needs("nft")
needs_dot = _needs("dot")
