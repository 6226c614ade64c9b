"""What a checkout asks of the machine of somebody who has just cloned it."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from pathlib import Path

from stage import trixie
from stage.stage import ROOT, NotSeen, PartMissing

TMP_OF_THE_TESTS = ROOT / "build" / "tmp-mb-of-the-tests"  # kept by tests/support/tmp_peak.py


def demo_packages() -> float:
    """Packages that ``make demo`` adds to a Debian 13 as its installer leaves it, no task chosen.

    With git and make, which the README asks for. Only counted, not installed.
    """
    adds = "apt-get -s install --no-install-recommends $(/root/system-packages -n demo)"
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        trixie.build(
            Path("/dev/null"),
            *("--variant=important", "--include=git,make"),
            f"--customize-hook=copy-in {ROOT / 'tools' / 'system-packages'} /root",
            f"--customize-hook=chroot \"$1\" sh -c '{adds}' > {said}",
        )
        return len(re.findall(r"^Inst ", said.read_text(), re.MULTILINE))


def check_s(arguments: str = "") -> float:
    """Seconds that ``make check`` takes, with what it needs installed."""
    subprocess.run(["make", "-s", ".venv/ready-check"], cwd=ROOT, capture_output=True, check=True)
    began = time.monotonic()
    command = ["make", "-s", "check", f"ARGS={arguments}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotSeen(f"make check failed: {done.stdout[-500:]}")
    return time.monotonic() - began


def tmp_mb_of_the_tests() -> float:
    """Megabytes of /tmp that the last ``make test`` here took at most."""
    if not TMP_OF_THE_TESTS.exists():
        raise PartMissing("make test has not been run in this checkout")
    return float(TMP_OF_THE_TESTS.read_text())
