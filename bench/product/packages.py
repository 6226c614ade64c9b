"""What the packages weigh, and how much of the machine the units leave open."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from stage.stage import ROOT, NotSeen, PartMissing

_SCORE = re.compile(r"Overall exposure level for \S+: ([\d.]+)")


def unit_score_device() -> float:
    """The wearable's unit by ``systemd-analyze security``: 0 nothing is open, 10 everything is."""
    return unit_score((ROOT / "systemd" / "outcry.service").as_posix())


def unit_score_responder() -> float:
    """The responder's unit, by the same measure."""
    return unit_score((ROOT / "systemd" / "outcry-responder.service").as_posix())


def unit_score(path: str) -> float:
    """The exposure of the unit in this file; its name has to end as a service's."""
    if shutil.which("systemd-analyze") is None:
        raise PartMissing("systemd-analyze is not installed; tools/system-packages installs it")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", path],
        capture_output=True,
        text=True,
        check=False,
    )
    found = _SCORE.search(done.stdout)
    if found is None:
        raise NotSeen(f"no score for {path}: {done.stderr.strip()}")
    return float(found[1])


def deb_size_kb() -> float:
    """The wearable's package, built from this tree, in 1000 bytes."""
    return wearables_package().stat().st_size / 1000


@cache
def wearables_package() -> Path:
    """The wearable's package, built from this tree once."""
    built = subprocess.run(["make", "-s", "deb"], cwd=ROOT, capture_output=True, check=False)
    packages = list((ROOT / "dist").glob("outcry_*_all.deb"))
    if built.returncode or len(packages) != 1:
        raise NotSeen("make deb did not make one package for the wearable")
    return packages[0]
