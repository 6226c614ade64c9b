"""What the public is told of an alarm: composed from its history, once for each thing to say."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from outcry.report import AlarmKind, MessageType, Position, Report
from outcry.responder import formatting
from outcry.responder.dispatch.outbox import Call
from outcry.responder.maps import places
from outcry.responder.plans import repository, time_zone
from outcry.responder.plans.document import Terms
from outcry.responder.posting import wording
from outcry.responder.posting.performing import publication
from outcry.responder.posting.publisher import Draft, Limits
from outcry.responder.posting.wording import PostFacts, Where
from outcry.responder.rules.calls import Correction, FollowUp, Post, Publication, TakeBack
from outcry.responder.rules.case import Case
from outcry.responder.rules.episode import Episode
from outcry.responder.rules.model import OWN_PAGE, Disclosure
from outcry.responder.storage import alarms, event_log
from outcry.responder.storage.alarms import Received, received


@dataclass(frozen=True)
class Composer:
    """Writes in the organisation's name, within what the wearer's plan lets the public know."""

    organisation: str

    def __call__(self, connection: Connection, call: Call, limits: Limits) -> Draft:
        return self.said(connection, event_log.case_of(connection, call.alarm), call, limits)

    def said(
        self, connection: Connection, case: Case, call: Call, limits: Limits, page: str = ""
    ) -> Draft:
        """What is said in this case; ``page``: the own page's address, where none is out yet."""
        agreed = repository.of_alarm(connection, call.alarm)
        target = publication(call)
        episode = _episode(case, target)
        about = alarms.about(connection, call.alarm)
        raised = _raised_at(connection, episode)
        language = agreed.post_language(target.network)
        newest_first = sorted(
            received(connection, alarm=call.alarm), key=lambda each: -each.counter
        )
        zone = time_zone.in_public(connection, call.alarm, _told_place(newest_first, episode))
        facts = PostFacts(about.name, self.organisation, raised, raised, zone=zone)
        match target:
            case Post():
                decided = episode.last_ground
                assert decided is not None
                facts = replace(
                    facts,
                    made_at=decided.at,
                    strap=about.kind is AlarmKind.STRAP,
                    again=episode.again,
                    reopened=episode.number > 1 and not episode.again,
                    ground=decided.ground,
                    confirmed=episode.votes,
                    where=_where(agreed, [each.report for each in newest_first]),
                    link=(_link(episode, OWN_PAGE) or page) if target.network != OWN_PAGE else "",
                    dated=episode.opened_by is None or episode.opened_by.is_dated,
                )
                return wording.post_draft(facts, limits, language)
            case FollowUp():
                (found,) = received(connection, id=target.message)
                told, at = found.report, formatting.raised_at(found.report, found.received_at)
                moved = _where(agreed, [told]) if told.type is MessageType.POSITION else None
                if moved:
                    zone = time_zone.in_public(connection, call.alarm, told.place)
                facts = replace(facts, made_at=at, where=moved, at=at, zone=zone)
                return wording.follow_up_draft(facts, limits, language)
            case Correction():
                said = episode.corrections[target.number]
                facts = replace(facts, made_at=said.at, reason=said.reason)
                return wording.correction_draft(facts, limits, language)
            case TakeBack():
                public = _public_since(connection, call.alarm, episode)
                decided = public.last_ground
                assert decided is not None
                facts = replace(facts, made_at=decided.at, link=_link(public, target.network))
                return wording.take_back_draft(facts, limits, language)


def _episode(case: Case, target: Publication) -> Episode:
    """The episode that is spoken of: of a correction, the one that it ended."""
    match target:
        case Post() if target in case.begun:
            return case.episodes[case.begun[target] - 1]
        case Correction():
            return case.episodes[case.corrections[target.number - 1][1] - 1]
        case _:
            return case.now


def _public_since(connection: Connection, alarm: int, at_hand: Episode) -> Episode:
    """The episode that takes an earlier correction back: of a later alarm if one is public."""
    later = (event_log.case_of(connection, each.id).now for each in alarms.later(connection, alarm))
    return next((episode for episode in later if episode.ground is not None), at_hand)


def _raised_at(connection: Connection, episode: Episode) -> float:
    """When the report was made that an episode is about, Unix seconds."""
    assert episode.opened_by is not None
    (found,) = received(connection, id=episode.opened_by.message)
    return formatting.raised_at(found.report, found.received_at)


def _told_place(newest_first: Sequence[Received], episode: Episode) -> Position | None:
    """The newest position when the episode was posted first: all that is said of it goes by that."""
    until = min((each.at for each in episode.posts.values()), default=math.inf)
    places = (each.report.place for each in newest_first if each.received_at <= until)
    return next((place for place in places if isinstance(place, Position)), None)


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


def _link(episode: Episode, network: str) -> str:
    """The episode's post in a network, if it is out already and can be reached from outside."""
    posted = episode.posts.get(network)
    url = (posted and posted.url) or ""
    return url if url.startswith("https://") else ""
