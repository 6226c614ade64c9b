"""A private PostgreSQL server in a folder of its own, for tests and measurements."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

USER = "outcry"
_ACCOUNT = "postgres"  # Debian's own; the server refuses to be root


def programs() -> Path | None:
    """Where the newest server's programs are; Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_release)
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _release(path: Path) -> int:
    name = path.parent.parent.name
    return int(name) if name.isdigit() else 0


class Cluster:
    """One running server, reached through a socket in its folder."""

    def __init__(self, folder: Path, bin_: Path) -> None:
        self._folder = folder
        self._bin = bin_
        self._names = itertools.count(1)

    def database(self, copied: str = "template1") -> str:
        """A new database's URL: empty, or a copy of one that nobody is connected to."""
        name = f"outcry_{next(self._names)}"
        self.run("createdb", "-h", str(self._folder), "-U", USER, "-T", copied, name)
        return f"postgresql+psycopg://{USER}@/{name}?host={quote(str(self._folder))}"

    def drop(self, url: str) -> None:
        """Remove a database, even while somebody is connected."""
        name = urlsplit(url).path.removeprefix("/")
        self.run("dropdb", "--force", "-h", str(self._folder), "-U", USER, name)

    def run(self, program: str, *arguments: str) -> str:
        """Run one of the server's programs as the server's user."""
        done = subprocess.run(
            [self._bin / program, *arguments],
            cwd=self._folder,
            check=True,
            capture_output=True,
            text=True,
            user=_ACCOUNT if os.geteuid() == 0 else None,
            group=_ACCOUNT if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
        )
        return done.stdout


@contextmanager
def cluster(bin_: Path, durable: bool) -> Iterator[Cluster]:
    """A server from here to there; ``durable``: it syncs, as in production."""
    folder = Path(tempfile.mkdtemp(prefix="outcry-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, _ACCOUNT, _ACCOUNT)
    made = Cluster(folder, bin_)
    data = str(folder / "data")
    sync = "on" if durable else "off"
    log = "" if durable else " -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=16MB"
    segments = [] if durable else ["--wal-segsize=1"]  # in MB: what tests write is soon forgotten
    options = (
        f"-c listen_addresses= -c unix_socket_directories={folder} -c max_connections=200 "
        f"-c fsync={sync} -c full_page_writes={sync}{log}"
    )
    try:
        made.run(
            *("initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"),
            *segments,
        )
        made.run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield made
        finally:
            made.run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
