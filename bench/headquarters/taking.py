"""A responder's devices' port alone, for measuring: the real listener, inbox and database.

``python -m bench.headquarters.taking DIRECTORY URL CORE``; with ``plain`` for URL instead
the peer: the shortest honest FastAPI endpoint that inserts a row into SQLite
before it answers, on the same server with the same settings. Prints its port.
"""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path

from fastapi import FastAPI, Request, Response

from outcry.responder import settings
from outcry.responder.intake.app import DeviceApp
from outcry.responder.service.assemble import Adapters, assemble
from outcry.responder.web.listener import Listener


def plain(directory: Path) -> FastAPI:
    """One row a request, synced like ours."""
    app = FastAPI(openapi_url=None)
    lock = threading.Lock()
    database = sqlite3.connect(directory / "plain.sqlite", check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE report (id INTEGER PRIMARY KEY, at FLOAT, body BLOB)")

    def insert(body: bytes) -> None:
        with lock, database:
            database.execute("INSERT INTO report (at, body) VALUES (?, ?)", (time.time(), body))

    @app.post("/v1/reports")
    async def reports(request: Request) -> Response:
        from starlette.concurrency import run_in_threadpool

        await run_in_threadpool(insert, await request.body())
        return Response(b"x" * 26, media_type="application/octet-stream")

    return app


def main(directory: str, url: str, core: str) -> None:
    """Serve until killed, on one core."""
    os.sched_setaffinity(0, {int(core)})
    state = Path(directory)
    if url == "plain":
        app = plain(state)
    else:
        chosen = settings.check({"state": {"directory": directory, "database": url}})
        app = DeviceApp(assemble(chosen, Adapters()).inbox)
    listener = Listener("device", app, "127.0.0.1", 0)
    listener.start()
    gc.collect()
    gc.freeze()
    print(listener.port, flush=True)
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
