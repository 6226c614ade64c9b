"""What tests let a caller do: imported there by its name."""

from __future__ import annotations

import os
import signal
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from outcry.responder.callers import gate


def fetch(url: str, body: str | None = None) -> int:
    """Ask for this, or post it; the status."""
    with urllib.request.urlopen(url, None if body is None else body.encode(), 60) as answer:
        return answer.status


def fetch_all(urls: list[str]) -> list[int]:
    """One after the other."""
    return [fetch(url) for url in urls]


def post_all(urls: list[str]) -> None:
    """Post to one after the other, whatever they answer."""
    for url in urls:
        with suppress(urllib.error.HTTPError):
            fetch(url, "words")


def post_much(url: str, bytes_: int) -> int:
    """More than any buffer holds."""
    with urllib.request.urlopen(url, b"x" * bytes_, 600) as answer:
        return answer.status


def stay(pid_file: str) -> None:
    """Say who this is, and then hold on to the interpreter for ever."""
    Path(pid_file).write_text(str(os.getpid()))
    (1 << 40_000_000) // 3  # in C: no other thread runs meanwhile
    time.sleep(3600)


def hoard(bytes_: int) -> int:
    """Keep as much as this in memory."""
    return len(bytearray(bytes_))


def pid() -> int:
    """Who makes calls here."""
    return os.getpid()


def die() -> None:
    """As a library does that has a bug in C."""
    os.abort()


def fetch_and_die(url: str) -> None:
    """The same, when the answer is here."""
    fetch(url)
    os.abort()


def fail() -> None:
    """With a secret, as a library would."""
    raise KeyError("canary")


def fetch_stopped(url: str, pid_file: str) -> int:
    """Post; stopped after the yes, right before the request is sent."""
    forgets = gate._forgets

    def stops(used: object, now: bool) -> None:
        forgets(used, now)
        if Path(pid_file).exists():
            os.kill(os.getpid(), signal.SIGSTOP)
        Path(pid_file).write_text(str(os.getpid()))

    gate._forgets = stops
    return fetch(url, "words")


def fetch_as(url: str, pid_file: str) -> int:
    """Say who this is, and post."""
    Path(pid_file).write_text(str(os.getpid()))
    return fetch(url, "words")
