"""The texts HQ sends through its modem: to whom, and their words."""

from __future__ import annotations

from sqlalchemy import Connection, select

from outcry.envelope import Header, to_text
from outcry.receipt import make
from outcry.report import decode
from outcry.responder.dispatch.outbox import Call
from outcry.responder.notify.messages import Briefer
from outcry.responder.rules.decide import ActionKind, receipt_of
from outcry.responder.storage import store
from outcry.responder.storage.store import Store

KINDS = (ActionKind.TELL.value, ActionKind.RECEIPT.value)


class Texting:
    """Writes each text anew from what is on disk."""

    def __init__(self, database: Store, public_url: str) -> None:
        self._store = database
        self._briefer = Briefer(public_url)

    def write(self, call: Call) -> tuple[str, str]:
        """The number and the words of a call to tell somebody, or of a receipt."""
        with self._store.read() as connection:
            if call.kind == ActionKind.TELL:
                return self._briefer.text(connection, call.alarm, call.target)
            return self._receipt(connection, call)

    def _receipt(self, connection: Connection, call: Call) -> tuple[str, str]:
        message, status = receipt_of(call.target)
        row = connection.execute(
            select(
                store.wearer.c.number,
                store.message.c.device,
                store.message.c.counter,
                store.message.c.report,
            )
            .join(store.wearer, store.wearer.c.device == store.message.c.device)
            .where(store.message.c.id == message)
        ).one()
        header = Header(row.device, row.counter)
        return row.number, to_text(make(decode(row.report).token, status, header))
