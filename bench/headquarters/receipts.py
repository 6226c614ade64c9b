"""How many reports a second are on disk and answered, and how long their devices wait."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import insert

from bench.headquarters.postgresql import cluster, programs
from outcry.envelope import KEY_BYTES, Header, public_key, seal
from outcry.report import TOKEN_BYTES, MessageType, encode
from outcry.responder.enrolment.hq_keys import load_or_create
from outcry.responder.storage import store
from outcry.responder.storage.store import Store
from stage.reports import report
from stage.stage import PartMissing

ROOT = Path(__file__).parents[2]
DEVICES = 200
REPORTS = 30  # of each
RUNS = 3
_LOAD_CORE, _CORES = "0", ("1", "0")


class Measured(NamedTuple):
    """Receipts a second, and the 99th percentile of the wait in milliseconds."""

    per_s: float
    p99_ms: float


def measure(url: str, processes: int = 1, rate: float = 0.0, reports: int = REPORTS) -> Measured:
    """One load on fresh state; ``url`` empty: SQLite, ``plain``: the peer.

    ``rate``: reports a second in all; 0: each device posts as soon as it has its receipt.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        state = Path(folder)
        file = _sealed(state, "" if url == "plain" else url, reports)
        ports = [running.enter_context(_taking(state, url, _CORES[n])) for n in range(processes)]
        loading = [
            sys.executable, "-m", "bench.headquarters.load", str(file), _LOAD_CORE, str(rate), *ports
        ]  # fmt: skip
        said = subprocess.run(loading, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return Measured(*map(float, said.split()))


@contextmanager
def _taking(state: Path, url: str, core: str) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.headquarters.taking", str(state), url, core],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def _sealed(state: Path, url: str, reports: int) -> Path:
    """A database with many wearers, and the file of what their devices will post."""
    key = public_key(load_or_create(state)[0])
    psks = {device: os.urandom(KEY_BYTES) for device in range(1, DEVICES + 1)}
    database = Store(state, url)
    with database.write() as connection:
        connection.execute(
            insert(store.wearer),
            [
                {"device": d, "name": f"W{d}", "psk": psk, "quorum": 2, "enrolled_at": 0.0}
                for d, psk in psks.items()
            ],
        )
    database.close()
    now = int(time.time())
    file = state / "reports"
    with file.open("wb") as out:
        for n in range(reports):
            type_ = MessageType.FIRST if n == 0 else MessageType.POSITION
            for device, psk in psks.items():
                token = os.urandom(TOKEN_BYTES)
                made = report(type_, alarm=1, sequence=n, sent_at=now, token=token)
                out.write(seal(encode(made), Header(device, n + 1), key, psk))
    return file


@cache
def _side_by_side(reports: int, runs: int) -> dict[str, Measured]:
    """Every way, one after the other in one run, so that the machine is the same for all.

    Of a few runs the best: whatever else the machine does only ever takes away.
    """
    ways = {"plain": ("plain", 1), "sqlite": ("", 1)}
    found = {name: _best(*way, reports, runs) for name, way in ways.items()}
    bin_ = programs()
    if bin_ is not None:
        with cluster(bin_, durable=True) as server:
            for name, processes in (("postgres_1", 1), ("postgres_2", 2)):
                found[name] = measure(server.database(), processes, reports=reports)
    return found


def _best(url: str, processes: int, reports: int, runs: int) -> Measured:
    measured = [measure(url, processes, reports=reports) for _ in range(runs)]
    return Measured(max(run.per_s for run in measured), min(run.p99_ms for run in measured))


def receipts_per_s_sqlite(reports: int = REPORTS, runs: int = RUNS) -> float:
    """On one core, at 100 kept connections."""
    return _side_by_side(reports, runs)["sqlite"].per_s


def receipts_p99_ms_100conn(reports: int = REPORTS, runs: int = RUNS) -> float:
    """Of the same load: the wait of all but one in a hundred."""
    return _side_by_side(reports, runs)["sqlite"].p99_ms


def receipts_per_s_postgres_1(reports: int = REPORTS, runs: int = RUNS) -> float:
    """The same on PostgreSQL, one process."""
    return _on_postgresql("postgres_1", reports, runs)


def receipts_per_s_postgres_2(reports: int = REPORTS, runs: int = RUNS) -> float:
    """Two processes, on two cores that the load and the server need too."""
    return _on_postgresql("postgres_2", reports, runs)


def plain_insert_per_s(reports: int = REPORTS, runs: int = RUNS) -> float:
    """The peer: an endpoint that inserts one row and nothing else."""
    return _side_by_side(reports, runs)["plain"].per_s


def _on_postgresql(way: str, reports: int, runs: int) -> float:
    if programs() is None:
        raise PartMissing("postgresql is not installed")
    return _side_by_side(reports, runs)[way].per_s
