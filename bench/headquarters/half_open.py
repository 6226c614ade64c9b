"""Half a request on each of 20,000 connections to the devices' port: who else is held up?"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from outcry import enrolment
from outcry.enrolment import Contact
from outcry.responder import settings
from outcry.responder.enrolment.enrol import Application, enrol
from outcry.settings_file import as_toml
from stage import reports
from stage.half_requests import Crowd, get, post
from stage.ports import free_port
from stage.stage import NotSeen

HALVES = 20_000
ROUNDS = 10
LIMIT_S = 60.0
KNOWN, STRANGER, READER = "127.0.0.7", "127.0.0.8", "127.0.0.9"


class Held(NamedTuple):
    """The longest waits in seconds: for a page, and for a receipt."""

    page_s: float
    receipt_s: float


@cache
def _held(halves: int) -> Held:
    """Beside the crowd from one address, as it comes and while it stays.

    Half of the reports come from an address that HQ has never heard.
    """
    with tempfile.TemporaryDirectory() as folder, _service(Path(folder)) as (device, people, file):
        wearer = enrolment.read(file.read_text())

        def sealed(counter: int) -> bytes:
            made = reports.report(sequence=counter, sent_at=int(time.time()))
            return reports.sealed(made, wearer, counter)

        post(device, sealed(1), KNOWN, LIMIT_S)
        pages, receipts = [], []
        with Crowd(device, halves) as crowd, ThreadPoolExecutor(1) as beside:
            opening = beside.submit(crowd.open)
            while not opening.done() or len(pages) < ROUNDS:
                n = len(pages)
                pages.append(get(people, "/", READER, LIMIT_S))
                receipts.append(post(device, sealed(n + 2), (KNOWN, STRANGER)[n % 2], LIMIT_S))
            opening.result()
            if crowd.opened < halves / 2:
                raise NotSeen("the crowd could not connect")
        return Held(max(pages), max(receipts))


def half_open_pages_s(halves: int = HALVES) -> float:
    """The longest wait for a page on people's port."""
    return _held(halves).page_s


def half_open_receipt_s(halves: int = HALVES) -> float:
    """The longest wait for a receipt on the port that is attacked, from another address."""
    return _held(halves).receipt_s


@contextmanager
def _service(folder: Path) -> Iterator[tuple[int, int, Path]]:
    """The real service; its devices' port, people's port, and a wearer's enrolment file."""
    device, people = free_port(), free_port()
    given = {
        "state": {"directory": str(folder / "state")},
        "device": {"port": device},
        "people": {"port": people, "public_url": f"http://127.0.0.1:{people}"},
    }
    config, file = folder / "responder.toml", folder / "wearer.json"
    lines = [
        f"{section}.{name} = {as_toml(value)}"
        for section, keys in given.items()
        for name, value in keys.items()
    ]
    config.write_text("\n".join(lines))
    contacts = (Contact("Ben", "+447700900111"), Contact("Cleo", "+447700900112"))
    enrol(settings.load(config), Application("Ana", "+447700900001", contacts, 2), file)
    command = "import sys; from outcry.responder.cli.main import main; sys.exit(main())"
    run = [sys.executable, "-c", command, "run", "--config", str(config)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(run, stdout=log, stderr=log, cwd=folder)
    try:
        get(people, "/", READER, LIMIT_S)
        yield device, people, file
    finally:
        process.kill()
        process.wait()
