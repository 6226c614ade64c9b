"""What the public is told of an alarm: composed from its history, once for each thing to say."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from outcry.report import AlarmKind, MessageType, Position, Report
from outcry.responder import formatting
from outcry.responder.dispatch.outbox import Call
from outcry.responder.maps import places
from outcry.responder.plans import repository
from outcry.responder.plans.document import Terms
from outcry.responder.posting import wording
from outcry.responder.posting.performing import publication
from outcry.responder.posting.publisher import Draft, Limits
from outcry.responder.posting.wording import PostFacts, Where
from outcry.responder.rules.calls import Correction, FollowUp, Post
from outcry.responder.rules.case import Case
from outcry.responder.rules.model import OWN_PAGE, Disclosure
from outcry.responder.storage import event_log
from outcry.responder.storage.alarms import opening, received


@dataclass(frozen=True)
class Composer:
    """Writes in the organisation's name, within what the wearer's plan lets the public know."""

    organisation: str

    def __call__(self, connection: Connection, call: Call, limits: Limits) -> Draft:
        case = event_log.case_of(connection, call.alarm)
        agreed = repository.of_alarm(connection, call.alarm)
        wearer, report, arrived_at = opening(connection, call.alarm)
        raised = formatting.raised_at(report, arrived_at)
        target = publication(call)
        language = agreed.post_language(target.network)
        match target:
            case Post():
                decided = case.last_ground
                assert decided is not None
                messages = received(connection, alarm=call.alarm)
                newest_first = sorted(messages, key=lambda each: -each.counter)
                facts = PostFacts(
                    wearer,
                    self.organisation,
                    raised,
                    decided.at,
                    strap=report.kind is AlarmKind.STRAP,
                    ground=decided.ground,
                    confirmed=case.now.votes,
                    where=_where(agreed, [each.report for each in newest_first]),
                    link=_link(case) if target.network != OWN_PAGE else "",
                )
                return wording.post_draft(facts, limits, language)
            case FollowUp():
                (found,) = received(connection, id=target.message)
                told, at = found.report, formatting.raised_at(found.report, found.received_at)
                moved = _where(agreed, [told]) if told.type is MessageType.POSITION else None
                facts = PostFacts(wearer, self.organisation, raised, at, where=moved, at=at)
                return wording.follow_up_draft(facts, limits, language)
            case Correction():
                said = case.corrections[target.number - 1]
                facts = PostFacts(wearer, self.organisation, raised, said.at, reason=said.reason)
                return wording.correction_draft(facts, limits, language)


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


def _link(case: Case) -> str:
    """The own page's post, if it is out already and can be reached from outside."""
    posted = case.posts.get(OWN_PAGE)
    url = (posted and posted.url) or ""
    return url if url.startswith("https://") else ""
