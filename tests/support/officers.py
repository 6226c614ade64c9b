"""Officers of an HQ that a test did not enrol through its pages."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from outcry.responder.storage import store, versions
from outcry.responder.storage.store import Store


def settle_an_officer(directory: Path, name: str = "olga") -> None:
    """An account of somebody who has opened their one-time link, in HQ's state directory."""
    row = {"name": name, "made_at": 0.0, "totp_secret": "A", "password_hash": "x", "refused": 0}
    database = Store(directory)
    with database.write() as connection:
        connection.execute(insert(store.officer).values(row))
        versions.note(connection, versions.OFFICER, name, 0.0, what="settled in")
    database.close()
