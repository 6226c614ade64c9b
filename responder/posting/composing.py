"""What the public is told of an alarm: composed from its history, once for each thing to say."""

from __future__ import annotations

from sqlalchemy import Connection, select

from outcry.report import decode
from outcry.responder import history, store, texts
from outcry.responder.calls import Call
from outcry.responder.history import Entry, What
from outcry.responder.opening import opening
from outcry.responder.posting.publisher import Draft, Limits
from outcry.responder.response import confirmations
from outcry.responder.wants import ActionKind, network_and_number


class Composer:
    """Writes in the organisation's name."""

    def __init__(self, organisation: str) -> None:
        self._organisation = organisation

    def __call__(self, connection: Connection, call: Call, limits: Limits) -> Draft:
        """The words of a call that publishes."""
        entries = history.load(connection, call.alarm)
        wearer, report, arrived_at = opening(connection, call.alarm)
        raised = texts.raised_at(report, arrived_at)
        match call.kind:
            case ActionKind.PUBLISH:
                confirmed = confirmations(entries)
                text = texts.post_text(wearer, self._organisation, raised, confirmed)
                made_at = _last(entries, What.GROUND).at
            case ActionKind.FOLLOW_UP:
                made_at = _made_at(connection, network_and_number(call.target)[1])
                text = texts.follow_up_text(wearer, made_at)
            case _:
                corrected = [entry for entry in entries if entry.what is What.CORRECTED]
                entry = corrected[network_and_number(call.target)[1] - 1]
                text = texts.correction_text(wearer, raised, entry.data["reason"])
                made_at = entry.at
        return Draft(text, "en", made_at)


def _last(entries: tuple[Entry, ...], what: What) -> Entry:
    return next(entry for entry in reversed(entries) if entry.what is what)


def _made_at(connection: Connection, message: int) -> float:
    row = connection.execute(
        select(store.message.c.report, store.message.c.received_at).where(
            store.message.c.id == message
        )
    ).one()
    return texts.raised_at(decode(row.report), row.received_at)
