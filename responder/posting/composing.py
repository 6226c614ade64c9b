"""What the public is told of an alarm: composed from its history, once for each thing to say."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from outcry.report import AlarmKind, MessageType, Position, Report, decode
from outcry.responder import formatting
from outcry.responder.dispatch.outbox import Call
from outcry.responder.maps import places
from outcry.responder.plans import repository
from outcry.responder.plans.document import Terms
from outcry.responder.posting import wording
from outcry.responder.posting.publisher import Draft, Limits
from outcry.responder.posting.wording import PostFacts, Where
from outcry.responder.rules.calls import ActionKind
from outcry.responder.rules.decide import confirmations
from outcry.responder.rules.events import Entry, Ground, What
from outcry.responder.rules.model import OWN_PAGE, Disclosure, network_and_number
from outcry.responder.storage import event_log, store
from outcry.responder.storage.alarms import opening


class Composer:
    """Writes in the organisation's name, within what the wearer's plan lets the public know."""

    def __init__(self, organisation: str) -> None:
        self._organisation = organisation

    def __call__(self, connection: Connection, call: Call, limits: Limits) -> Draft:
        """The words of a call that publishes."""
        entries = event_log.load(connection, call.alarm)
        agreed = repository.of_alarm(connection, call.alarm)
        wearer, report, arrived_at = opening(connection, call.alarm)
        raised = formatting.raised_at(report, arrived_at)
        if call.kind == ActionKind.PUBLISH:
            decided = _last(entries, What.GROUND)
            facts = PostFacts(
                wearer,
                self._organisation,
                raised,
                decided.at,
                strap=report.kind is AlarmKind.STRAP,
                ground=Ground(decided.data["ground"]),
                confirmed=confirmations(entries),
                where=_where(agreed, _newest(connection, call.alarm)),
                link=_link(entries) if call.target != OWN_PAGE else "",
            )
            return wording.post_draft(facts, limits, agreed.post_language(call.target))
        network, number = network_and_number(call.target)
        language = agreed.post_language(network)
        if call.kind == ActionKind.FOLLOW_UP:
            told, came_at = _message(connection, number)
            at = formatting.raised_at(told, came_at)
            moved = _where(agreed, [told]) if told.type is MessageType.POSITION else None
            facts = PostFacts(wearer, self._organisation, raised, at, where=moved, at=at)
            return wording.follow_up_draft(facts, limits, language)
        entry = [entry for entry in entries if entry.what is What.CORRECTED][number - 1]
        reason = entry.data["reason"]
        facts = PostFacts(wearer, self._organisation, raised, entry.at, reason=reason)
        return wording.correction_draft(facts, limits, language)


def _last(entries: Sequence[Entry], what: What) -> Entry:
    return next(entry for entry in reversed(entries) if entry.what is what)


def _where(agreed: Terms, reports: Sequence[Report]) -> Where | None:
    """What the plan lets the public know of the newest position in these reports."""
    seen = next((one.place for one in reports if isinstance(one.place, Position)), None)
    if seen is None or agreed.position is Disclosure.NOTHING:
        return None
    place = places.load().find(seen.latitude, seen.longitude)
    if agreed.position is Disclosure.TOWN:
        return Where(place, agreed.place_label)
    exact = (seen.latitude, seen.longitude)
    return Where(place, agreed.place_label, exact, float(seen.accuracy_m or 0))


def _link(entries: Sequence[Entry]) -> str:
    """The own page's post, if it is out already and can be reached from outside."""
    for entry in entries:
        about = (entry.data.get("kind"), entry.data.get("target"))
        if entry.what is What.DONE and about == (ActionKind.PUBLISH, OWN_PAGE):
            url = entry.data["url"]
            return url if url.startswith("https://") else ""
    return ""


def _newest(connection: Connection, alarm: int) -> list[Report]:
    """The alarm's reports in the order of their making, the newest first."""
    rows = connection.scalars(
        select(store.message.c.report)
        .where(store.message.c.alarm == alarm)
        .order_by(store.message.c.counter.desc())
    )
    return [decode(report) for report in rows]


def _message(connection: Connection, message: int) -> tuple[Report, float]:
    row = connection.execute(
        select(store.message.c.report, store.message.c.received_at).where(
            store.message.c.id == message
        )
    ).one()
    return decode(row.report), row.received_at
