"""Both packages on a bare machine, beside a simulated board: enrolled, armed, and seen from outside."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from bare_machine import Machine

from outcry.daemon.journal import Entry

ROOT = Path(__file__).resolve().parents[2]
BOARD = "/run/outcry-board"
WEARER, WEARER_NUMBER, HQ_NUMBER = "Zarema", "+447700900001", "+447700900002"
POSITION = "55.75,37.61"
WATCHDOG_S = 8  # instead of 30, so that a test need not wait so long

# Beside what the guide says of a simulated board: less waiting.
_DEVICE_DROP_IN = f"""
[Service]
WatchdogSec={WATCHDOG_S}
"""
_BOARD_DROP_IN = f"""
[Service]
ExecStart=
ExecStart=/usr/bin/outcry-board run --dir {BOARD} --seed 1 --instant --warm \\
    --modem wearer={WEARER_NUMBER} --modem hq={HQ_NUMBER} --position {POSITION}
"""


class BareStage:
    """What a test does to the installed services and sees of them."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._enrolled = 0
        self.contacts: list[str] = []
        self.pins: list[str] = []

    # Setting up

    def set_up(self) -> None:
        """Settings and drop-ins for the board; the board, HQ and gpsd run when it returns."""
        machine = self.machine
        machine.write("/run/systemd/system/outcry.service.d/tests.conf", _DEVICE_DROP_IN)
        machine.write("/run/systemd/system/outcry-board.service.d/tests.conf", _BOARD_DROP_IN)
        machine.run("sh", "-ec", from_guide("simulated-board.conf"))

    def enrol(self) -> None:
        """HQ makes a wearer with three contacts whose phones are new; the device takes it in."""
        first = 100 + 10 * self._enrolled
        self._enrolled += 1
        self.contacts = [f"+447700900{first + n}" for n in range(3)]
        file = f"/var/lib/outcry-responder/wearer-{self._enrolled}.json"
        said = self.machine.said(
            *("runuser", "-u", "outcry-responder", "--"),
            *("outcry-responder", "enrol", "--anyway", WEARER),
            *("--number", WEARER_NUMBER, "--out", file),
            *(f"--contact=Contact {n}={number}" for n, number in enumerate(self.contacts)),
        )
        self.pins = re.findall(r"^ +\d +(\d{6,}) ", said, re.MULTILINE)
        self.machine.run("outcry", "enrol", file)
        self.machine.run("rm", file)

    def start_anew(self) -> None:
        """A new wearer on an empty card, armed and connected."""
        self.machine.run("systemctl", "stop", "outcry")
        self.machine.run("sh", "-c", "rm -rf /var/lib/outcry/*")
        self.board("network", "on")
        self.board("gprs", "on")
        self.enrol()
        self.machine.run("systemctl", "reset-failed", "outcry", check=False)
        self.machine.run("systemctl", "start", "outcry")
        self.machine.wait("the data path", lambda: "data up" in self.status(), 60)

    # Acting

    def board(self, *arguments: str) -> Any:
        """A command of the simulated board; its answer."""
        return json.loads(self.machine.said("outcry-board", "--dir", BOARD, "--json", *arguments))

    def raise_alarm(self) -> str:
        """Hold the button; returns the alarm's id once it is sealed on the card."""
        since = self.cursor()
        self.board("press", "1.8")

        def sealed() -> str | None:
            for entry in self.journal(since):
                is_sealed = entry.get("MESSAGE_ID") == Entry.SEALED.message_id
                if is_sealed and "OUTCRY_ALARM" in entry:
                    return str(entry["OUTCRY_ALARM"])
            return None

        alarm: str = self.machine.wait("the alarm", sealed, 20)
        return alarm

    # Looking

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.machine.said("systemctl", "show", "--value", "-p", name, unit).strip()

    def status(self) -> str:
        """What systemctl status shows of the wearable."""
        return self.show("outcry", "StatusText")

    def cursor(self) -> str:
        """The journal's end, to read on from there."""
        said = self.machine.said("journalctl", "-n", "0", "--show-cursor")
        return said.rpartition("-- cursor: ")[2].strip()

    def journal(self, since: str | None = None, unit: str = "outcry") -> list[dict[str, Any]]:
        """The entries of a unit and of systemd about it, oldest first."""
        after = ["--after-cursor", since] if since else []
        said = self.machine.said("journalctl", "-u", unit, "-o", "json", "--all", *after)
        return [json.loads(line) for line in said.splitlines()]

    def texts(self, number: str) -> list[str]:
        """The texts on a phone, oldest first."""
        known = {phone["number"] for phone in self.board("phones")}
        return [text["text"] for text in self.board("sms", number)] if number in known else []

    def everybody_heard(self) -> bool:
        """Whether each contact has a text."""
        return all(self.texts(number) for number in self.contacts)

    def alarms_at_hq(self) -> int:
        """How many alarms this wearer's device has at HQ."""
        code = (
            "import sqlite3, json, sys;"
            "db = sqlite3.connect('file:/var/lib/outcry-responder/responder.sqlite?mode=ro', uri=True);"
            "print(db.execute('select count(*) from alarm where device = ?', [int(sys.argv[1])])"
            ".fetchone()[0])"
        )
        said = self.machine.said("cat", "/var/lib/outcry/enrolment.json")
        device = str(json.loads(said)["device"])
        return int(self.machine.said("python3", "-c", code, device))

    def finished(self, alarm: str, since: str) -> bool:
        """Whether HQ's receipt for this alarm has come, and every contact has heard."""
        receipts = [
            entry
            for entry in self.journal(since)
            if entry.get("OUTCRY_ALARM") == alarm and "HQ has it" in entry["MESSAGE"]
        ]
        return bool(receipts) and self.everybody_heard()


def from_guide(word: str) -> str:
    """The commands of the first block of docs/install.md with this word in it, as root types them."""
    guide = (ROOT / "docs" / "install.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    found = str(next(block for block in blocks if word in block))
    return re.sub(r"sudo -u (\S+) ", r"runuser -u \1 -- ", found).replace("sudo ", "")


def newer(package: Path, folder: Path) -> Path:
    """The same package as the next release: a higher version, and more said in its settings file."""
    tree = folder / package.stem
    subprocess.run(["dpkg-deb", "-R", str(package), str(tree)], check=True)
    for settings in (tree / "etc" / "outcry").glob("*.toml"):
        settings.write_text(f"{settings.read_text()}\n# A comment that is new.\n")
    control = tree / "DEBIAN" / "control"
    control.write_text(
        re.sub(r"^Version: .*$", r"\g<0>+next", control.read_text(), flags=re.MULTILINE)
    )
    made = folder / package.name
    subprocess.run(["dpkg-deb", "-b", str(tree), str(made)], check=True, capture_output=True)
    return made
