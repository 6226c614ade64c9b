"""HQ takes the very messages of the shared vectors and answers the very receipts."""

import json
from pathlib import Path

import pytest
from sqlalchemy import insert
from tools_vectors import REPORTS

from outcry.envelope import from_text, to_text
from outcry.responder.intake.inbox import Inbox, Unreadable
from outcry.responder.rules.events import CameBy
from outcry.responder.storage import store
from outcry.responder.storage.store import Store

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "messages.json").read_text())


@pytest.fixture
def inbox(tmp_path):
    database = Store(tmp_path)
    with database.write() as connection:
        connection.execute(
            insert(store.wearer).values(
                device=VECTORS["device"],
                name="Z",
                psk=bytes.fromhex(VECTORS["psk"]),
                quorum=2,
                enrolled_at=0.0,
            )
        )
    yield Inbox(database, [bytes.fromhex(VECTORS["hq_private_key"])], lambda: 1_790_000_700.0)
    database.close()


def test_each_vector_is_taken_as_its_report_and_answered_with_its_receipt(inbox):
    for vector in VECTORS["messages"]:
        taken = inbox.take(from_text(vector["sealed"]), CameBy.DATA)
        assert taken.report == REPORTS[vector["name"]]
        assert to_text(taken.receipt) == vector["receipt_stored"]
        assert not taken.repeat


def test_a_vector_with_any_byte_changed_is_unreadable(inbox):
    sealed = from_text(VECTORS["messages"][0]["sealed"])
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        with pytest.raises(Unreadable):
            inbox.take(bytes(changed), CameBy.DATA)
