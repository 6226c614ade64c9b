"""The packages as they are built here, and a bare machine that has them installed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from bare_machine import Machine, NotHere, check_possible, tree
from bare_stage import ROOT, BareStage, from_guide

from stage.stage import PartMissing


@pytest.fixture(scope="session")
def storage():
    """Where bare machines' files are kept: they are too large for /tmp, which may be memory."""
    folder = ROOT / "build" / "bare-trixie"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        check_possible(folder)
    except NotHere as error:
        pytest.skip(str(error))
    return folder


@pytest.fixture(scope="session")
def debs():
    """The wearable's package and the responder's, built from this tree."""
    for program in ("dpkg-buildpackage", "dh", "dh_python3"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if not Path(sys.executable).with_name("argparse-manpage").exists():
        pytest.skip("argparse-manpage is not installed beside this Python: the deb extra")
    built = subprocess.run(
        [str(ROOT / "tools" / "make-deb"), sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-3000:]
    return sorted(
        (ROOT / "dist").glob("outcry*_all.deb"), key=lambda path: "responder" in path.name
    )


@pytest.fixture(scope="session")
def base(storage, debs):
    """A bare trixie with what ours and the tests' packages depend on ready to be installed."""
    needed = {"gpsd", "postgresql", "smstools"}  # with services, for tools/apt-install
    needed |= {"caddy", "certbot", "nginx", "pebble"}  # before HQ; Pebble plays Let's Encrypt
    for deb in debs:
        field = subprocess.run(
            ["dpkg-deb", "-f", str(deb), "Depends"], capture_output=True, text=True, check=True
        ).stdout
        needed |= {re.match(r"[a-z0-9+.-]+", each.strip())[0] for each in field.split(",")}
    try:
        return tree(storage, needed)
    except PartMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def machine(base, storage):
    """A bare machine, booted."""
    with TemporaryDirectory(dir=storage) as folder, Machine(base, Path(folder)) as machine:
        yield machine


@pytest.fixture(scope="module")
def installed(machine, debs):
    """Both packages installed with apt from one file each, as the guide says; what apt said."""
    said = ""
    for deb in debs:
        machine.copy(deb, f"/root/{deb.name}")
    for name in ("outcry", "outcry-responder"):
        [command] = re.findall(
            rf"^apt install \./{name}_\S+", from_guide(f"./{name}_"), re.MULTILINE
        )
        done = machine.run("sh", "-ec", f"cd /root; {command} -qy", timeout=900)
        said += done.stdout + done.stderr
    return said


@pytest.fixture(scope="module")
def stage(machine, installed):
    """The board, HQ and gpsd run; the wearable waits to be enrolled."""
    stage = BareStage(machine)
    stage.set_up()
    return stage


@pytest.fixture
def armed(stage):
    """A wearer newly enrolled, armed and connected."""
    stage.start_anew()
    return stage
