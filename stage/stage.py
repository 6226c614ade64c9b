"""Everything an alarm passes through, as real processes in one folder, found from outside.

The real gpsd, the simulated board with the wearer's modem and HQ's, the
responder, and the wearable's daemon. What happened is read from files, phones
and pages; nobody asks the daemon what it believes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from stage.ports import free_port

if TYPE_CHECKING:
    from stage.networks.accounts import Accounts

WEARER = "Zarema"
WEARER_NUMBER = "+447700900001"
HQ_NUMBER = "+447700900002"
CONTACTS = {"Ana": "+447700900101", "Boris": "+447700900102", "Chiara": "+447700900103"}
ROOT = Path(__file__).resolve().parents[1]
STOP_LIMIT_S = 8.0
_BOARD_READY = "outcry-board ready"


class PartMissing(Exception):
    """A program the stage needs is not installed."""


class NotSeen(Exception):
    """Something that had to be observed was not, in the time it was given."""


def program(name: str) -> str:
    """The path of an installed program; raises :class:`PartMissing`."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name, path=_search_path())
    if not found:
        raise PartMissing(f"{name} is not installed; tools/system-packages installs it")
    return found


def end(
    process: subprocess.Popen[Any], limit_s: float = STOP_LIMIT_S, number: int = signal.SIGTERM
) -> None:
    """Send a process a signal, and kill what has not ended in time."""
    process.send_signal(number)
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _search_path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # where Debian keeps gpsd


class Stage:
    """The processes and what can be seen of them. Use as a context manager."""

    def __init__(
        self,
        folder: Path,
        board_options: tuple[str, ...] = (),
        networks: Accounts | None = None,
    ) -> None:
        """``networks``: servers that HQ is to post to, started and ended with the rest."""
        self.folder = folder
        self.networks = networks
        self.board_folder = folder / "board"
        self.pins: dict[str, str] = {}
        self._board_options = board_options
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.gpsd_port, self.device_port, self.people_port = (free_port() for _ in range(3))
        self.people_url = f"http://127.0.0.1:{self.people_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Starting and stopping

    def start(self) -> None:
        """All of it, in order; returns when each has begun."""
        if self.networks is not None:
            self.networks.start()
        self.write_settings()
        self.enrol()
        self.start_board()
        self.start_gpsd()
        self.start_responder()
        self.start_daemon()

    def write_settings(self) -> None:
        """The responder's and the wearable's settings, from the shipped ones."""
        self.folder.mkdir(parents=True, exist_ok=True)
        networks = "" if self.networks is None else str(self.networks.file)
        _rewrite(
            ROOT / "config" / "responder.toml",
            self.folder / "responder.toml",
            {
                ("publishing", "networks"): networks,
                ("state", "directory"): str(self.folder / "responder"),
                ("device", "port"): self.device_port,
                ("people", "port"): self.people_port,
                ("people", "public_url"): self.people_url,
                ("modem", "port"): str(self.board_folder / "modem-hq"),
                ("modem", "number"): HQ_NUMBER,
            },
        )
        self.write_device_settings({})

    def write_device_settings(self, changes: dict[tuple[str, str], object]) -> None:
        """The wearable's settings, with these changes."""
        _rewrite(
            ROOT / "config" / "outcry.toml",
            self.folder / "outcry.toml",
            {
                ("gps", "port"): self.gpsd_port,
                ("modem", "port"): str(self.board_folder / "modem-wearer"),
                ("texts", "folder"): str(ROOT / "config" / "texts"),
                ("storage", "state"): str(self.folder / "state"),
                ("storage", "runtime"): str(self.folder / "run"),
            }
            | changes,
        )

    def enrol(self) -> None:
        """HQ makes the wearer and prints the PINs; the device takes the file in."""
        file = self.folder / "enrolment.json"
        contacts = [f"--contact={name}={number}" for name, number in CONTACTS.items()]
        said = self.run(
            *(
                "outcry-responder",
                "enrol",
                "--anyway",
                WEARER,
                "--number",
                WEARER_NUMBER,
                *contacts,
            ),
            *("--out", str(file), "--config", str(self.folder / "responder.toml")),
        )
        for name in CONTACTS:
            pin = re.search(rf"(\d{{6,}})\s+{name},", said)
            if pin is None:
                raise NotSeen(f"no PIN was printed for contact {name}")
            self.pins[name] = pin[1]
        self.run("outcry", "--config", str(self.folder / "outcry.toml"), "enrol", str(file))
        file.unlink()

    def start_board(self) -> None:
        """The simulated board; returns when all its files are there.

        gpsd never looks again for a receiver that was not there when it started.
        """
        before = self.log("board").count(_BOARD_READY)
        self._start(
            "board",
            *("outcry-board", "run", "--dir", str(self.board_folder), "--seed", "1"),
            *("--modem", f"wearer={WEARER_NUMBER}", "--modem", f"hq={HQ_NUMBER}"),
            *self._board_options,
        )
        self.wait("the board", lambda: self.log("board").count(_BOARD_READY) > before, 20)

    def start_gpsd(self) -> None:
        """The real gpsd on the board's receiver."""
        self._start(
            *("gpsd", "gpsd", "-N", "-n", "-S", str(self.gpsd_port)),
            *("-F", str(self.folder / "gpsd.sock"), str(self.board_folder / "receiver")),
        )

    def start_responder(self) -> None:
        """HQ; returns when both listeners answer."""
        self._start(
            *("responder", "outcry-responder", "run", "--config"),
            str(self.folder / "responder.toml"),
        )
        for port in (self.device_port, self.people_port):
            self.wait("the responder", lambda port=port: _listens(port), 20)  # type: ignore[misc]

    def start_daemon(self, *options: str) -> None:
        """The wearable's daemon on the board's pins."""
        self._start(
            *("daemon", "outcry", "--config", str(self.folder / "outcry.toml"), "run", *options),
        )

    def _start(self, name: str, command: str, *arguments: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        with log:
            self._processes[name] = subprocess.Popen(
                [program(command), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment(),
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C is ours to handle
            )

    def environment(self) -> dict[str, str]:
        """The processes' environment: pins come from the board."""
        return os.environ | {
            "GPIOZERO_PIN_FACTORY": "board",
            "OUTCRY_BOARD": str(self.board_folder),
            "PYTHONSAFEPATH": "1",
        }

    def send_signal(self, name: str, number: int) -> None:
        """Send a signal to one of the processes."""
        self._processes[name].send_signal(number)

    def stop(self, name: str, number: int = signal.SIGTERM) -> float:
        """End a process and wait for it; returns the seconds it took."""
        process = self._processes.pop(name)
        began = time.monotonic()
        end(process, number=number)
        return time.monotonic() - began

    def pid(self, name: str) -> int:
        """A process's number."""
        return self._processes[name].pid

    def close(self) -> None:
        """End every process, the wearable first."""
        for name in ("daemon", "responder", "gpsd", "board"):
            if name in self._processes:
                self.stop(name)
        if self.networks is not None:
            self.networks.stop()

    # Acting and looking, from outside

    def board(self, *arguments: str) -> Any:
        """A command of outcry-board; its answer."""
        answer = self.run("outcry-board", "--dir", str(self.board_folder), "--json", *arguments)
        return json.loads(answer)

    def run(self, command: str, *arguments: str) -> str:
        """Run a command to its end; raises :class:`NotSeen` if it failed."""
        done = subprocess.run(
            [program(command), *arguments],
            capture_output=True,
            text=True,
            env=self.environment(),
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise NotSeen(f"{command} {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def events(self, what: str | None = None, since: float = 0.0) -> Iterator[dict[str, Any]]:
        """What the board saw, in order: one event a line of its events.jsonl."""
        for event in witnessed(self.board_folder):
            if event["t"] >= since and what in (None, event["what"]):
                yield event

    def texts(self, number: str) -> list[str]:
        """The texts on a phone, oldest first."""
        known = {phone["number"] for phone in self.board("phones")}
        return [text["text"] for text in self.board("sms", number)] if number in known else []

    def has_fix(self) -> bool:
        """Whether gpsd itself says that it has a position; a gpsd too busy to answer has none."""
        try:
            return self._asked_gpsd()
        except OSError:
            return False

    def _asked_gpsd(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.gpsd_port), 5) as connection:
            connection.sendall(b'?WATCH={"enable":true};?POLL;')
            with connection.makefile() as answers:
                for line in answers:
                    answer = json.loads(line)
                    if answer["class"] == "POLL":
                        return any(tpv.get("mode", 0) >= 2 for tpv in answer["tpv"])
        return False

    def log(self, name: str) -> str:
        """What a process has printed so far."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait(self, what: str, seen: Callable[[], Any], limit_s: float) -> Any:
        """Look until there is something to see, and return it; :class:`NotSeen` if never.

        A busy machine is given more time: OUTCRY_PATIENCE times ``limit_s``.
        """
        limit_s *= float(os.environ.get("OUTCRY_PATIENCE", "1"))
        until = time.monotonic() + limit_s
        while not (found := seen()):
            for name, process in self._processes.items():
                if process.poll() is not None:
                    last = self.log(name).strip().splitlines()[-3:]
                    raise NotSeen(f"{name} ended by itself: {' / '.join(last)}")
            if time.monotonic() > until:
                raise NotSeen(f"{what}: not seen within {limit_s:g} s")
            time.sleep(0.02)
        return found


def witnessed(folder: Path) -> Iterator[dict[str, Any]]:
    """Each event in a board's folder, in order; none while it has not begun to write."""
    path = folder / "events.jsonl"
    for line in path.read_text().splitlines(keepends=True) if path.exists() else ():
        if line.endswith("\n"):  # the board may be in the midst of the last one
            yield json.loads(line)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _rewrite(source: Path, target: Path, changes: dict[tuple[str, str], object]) -> None:
    """A TOML file with some values changed and everything else, comments too, as it was."""
    left = dict(changes)
    section, lines = "", []
    for line in source.read_text(encoding="utf-8").splitlines():
        header = re.match(r"\[(\w+)\]", line)
        section = header[1] if header else section
        key = re.match(r"(\w+) *=", line)
        if key and (section, key[1]) in left:
            line = f"{key[1]} = {json.dumps(left.pop((section, key[1])))}"
        lines.append(line)
    if left:
        raise KeyError(f"{source.name} has no {sorted(left)}")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
