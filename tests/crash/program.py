"""What both recorded programs need: to say a line, and to be made worse than they are."""

from __future__ import annotations

import os
import sqlite3
from functools import partial
from typing import Any


def say(line: str) -> None:
    """Tell somebody, in one system call: from here on they rely on it."""
    os.write(1, f"{line}\n".encode())


def weaken(synchronous: str) -> None:
    """From here on every connection of this process has this ``synchronous`` in place of FULL."""

    class Careless(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            return super().execute(
                sql.replace("synchronous=FULL", f"synchronous={synchronous}"), *parameters
            )

    connect = partial(sqlite3.connect, factory=Careless)
    for module in (sqlite3, sqlite3.dbapi2):  # SQLAlchemy calls the latter
        setattr(module, "connect", connect)  # noqa: B010 - its signature is not quite the old one
