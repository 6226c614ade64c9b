"""The enrolment guide, followed word for word on a stage: each command does what the page says."""

import json
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from parts import needs_gpsd

from demo.contact import Contact
from outcry.daemon.messages.identity import FILE_NAME
from outcry.enrolment import read
from stage.stage import Stage, program

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "enrolment.md").read_text(encoding="utf-8")
COMMANDS = [
    line.strip()
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    for line in block.strip().splitlines()
]
EXAMPLE = "0a1b2c3d"
pytestmark = [pytest.mark.slow, needs_gpsd]


class Officer:
    """Types the guide's lines into a shell whose folders are the stage's."""

    def __init__(self, stage):
        self.stage = stage
        self.typed = []
        self.device = EXAMPLE
        self._left = list(COMMANDS)
        self._bin = stage.folder / "bin"
        self.folders = {
            "/var/lib/outcry-responder/": stage.folder / "hq",
            "/media/stick/": stage.folder / "stick",
            "/etc/outcry/": stage.folder,
        }
        for folder in (*self.folders.values(), self._bin):
            folder.mkdir(exist_ok=True)
        self._program("sudo", '[ "$1" = -u ] && shift 2; exec "$@"')
        self._program("systemctl", f'echo "$@" >> {stage.folder}/systemctl')
        self._program("timedatectl", 'test -e "/usr/share/zoneinfo/$2" && [ "$1" = set-timezone ]')
        device = f"{program('outcry')} --config {stage.folder}/outcry.toml"
        self._program("outcry", f'exec {device} "$@"')
        hq = program("outcry-responder")
        self._program(
            "outcry-responder",
            # This HQ is on loopback, which the guide's may not be.
            '[ "$1" = enrol ] && set -- "$@" --anyway; command=$1; shift; '
            f'exec {hq} "$command" --config {stage.folder}/responder.toml "$@"',
        )

    def _program(self, name, script):
        path = self._bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def types(self, begins, code=0, keys=""):
        """The guide's next line, which must begin so; what it printed."""
        process = self.begins(begins)
        said, _ = process.communicate(keys, timeout=120)
        assert process.returncode == code, f"{self.typed[-1]}: {said}"
        return said

    def begins(self, begins):
        """The guide's next line, under way."""
        line = self._left.pop(0)
        assert line.startswith(begins), line
        self.typed.append(line)
        line = line.replace(EXAMPLE, self.device)
        for folder, here in self.folders.items():
            line = line.replace(folder, f"{here}/")
        environment = self.stage.environment()
        return subprocess.Popen(
            ["sh", "-c", line],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment | {"PATH": f"{self._bin}:{environment['PATH']}"},
        )

    @property
    def done(self):
        return not self._left


def time_known_by(stage):
    """Who has told the device the time, once somebody has."""
    asked = [program("outcry"), "--config", str(stage.folder / "outcry.toml"), "status", "--json"]
    said = subprocess.run(asked, capture_output=True, env=stage.environment(), check=False)
    return json.loads(said.stdout)["time_by"]


@pytest.fixture
def stage(tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "eg"
    with Stage(folder, ("--instant", "--warm")) as stage:
        stage.write_settings()
        stage.start_board()
        stage.board("release")
        stage.start_gpsd()
        stage.start_responder()
        stage.wait("a position at gpsd", stage.has_fix, 60)
        yield stage
    shutil.rmtree(folder)


def test_the_guide_leads_from_a_new_box_to_a_drill_and_from_a_lost_box_to_a_new_key(stage):
    officer = Officer(stage)
    hq = "sudo -u outcry-responder outcry-responder"

    said = officer.types(f"{hq} enrol Zarema")
    officer.device = re.search(r"device ([0-9a-f]{8})", said)[1]
    stage.pins = {
        name: pin for pin, name in re.findall(r"^  \d  (\d+)  (\w+), ", said, re.MULTILINE)
    }
    assert list(stage.pins) == ["Ana", "Boris", "Chiara"]
    assert "means safe" in said

    officer.types("sudo mv")
    assert "3 contacts" in officer.types("sudo outcry enrol")
    officer.types("sudo shred")
    assert list(officer.folders["/media/stick/"].iterdir()) == []
    officer.types("sudo systemctl restart outcry")
    kept = read((stage.folder / "state" / FILE_NAME).read_text())
    assert [contact.language for contact in kept.contacts] == ["ru", "en", "fr"]

    officer.types("sudo sh", keys="1234\n")
    pin = stage.folder / "modem.pin"
    assert stat.S_IMODE(pin.stat().st_mode) == 0o600
    officer.types("sudo systemctl restart outcry")
    officer.types("sudo timedatectl set-timezone")
    officer.types("sudo systemctl restart outcry")

    stage.start_daemon()
    stage.wait("the control socket", (stage.folder / "run" / "control").exists, 40)
    stage.wait("the data path", lambda: list(stage.events("tcp-connected")), 40)
    stage.wait("the time", lambda: time_known_by(stage), 60)
    assert officer.types("sudo outcry check --buzz").rstrip().endswith("All is well.")

    drill = officer.begins("sudo outcry drill")
    contact = Contact(stage, "Boris")
    link = stage.wait("a drill's link", lambda: contact.link("/c/"), 60)
    assert all(text.startswith("DRILL") for text in contact.texts())
    contact.opens(link)
    contact.confirms(link)
    said, _ = drill.communicate(timeout=120)
    assert "HQ has it" in said
    assert "a person has it" in said

    assert "means safe" in officer.types(f"{hq} code")
    assert "is retired" in officer.types(f"{hq} retire")
    assert "new key" in officer.types(f"{hq} key new")
    officer.types("sudo systemctl restart outcry-responder")
    assert "1 left" in officer.types(f"{hq} key forget")
    officer.types("sudo systemctl restart outcry-responder")
    assert officer.done

    stage.stop("daemon")  # a drill is open for a while; without the daemon the check goes by itself
    checked = subprocess.run(
        [program("outcry"), "--config", str(stage.folder / "outcry.toml"), "check"],
        capture_output=True,
        text=True,
        env=stage.environment(),
        timeout=120,
        check=False,
    )
    assert "HTTP 400" in checked.stdout, "a retired device is told to be enrolled again"
    assert "docs/enrolment.md" in checked.stdout
