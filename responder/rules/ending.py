"""Whether an alarm is past, and how it ended."""

from enum import StrEnum

from outcry.report import AlarmKind
from outcry.responder.rules import events
from outcry.responder.rules.calls import Topic
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import Reason
from outcry.responder.rules.model import NEVER_PUBLIC


class Ending(StrEnum):
    """How an alarm ended."""

    RELEASED = "released"
    FALSE_ALARM = "false_alarm"
    HEARD = "heard"  # a silence, by itself
    CLOSED = "closed"  # by a duty officer, without a word to the public


def is_contradicted(case: Case, kind: AlarmKind) -> bool:
    """Whether somebody says that it is real since it was ended."""
    return Topic.CONTRADICTED in case.now.topics and kind not in NEVER_PUBLIC


def is_past(case: Case, kind: AlarmKind) -> bool:
    """Whether it is over, and nobody says that it is real."""
    return case.now.over and not is_contradicted(case, kind)


def ending(case: Case) -> Ending:
    """How an alarm that is past has ended."""
    reasons = [each.reason for each in case.now.corrections.values()]
    if Reason.RELEASED in reasons[-1:]:
        return Ending.RELEASED
    if Reason.FALSE_ALARM in reasons[-1:]:
        return Ending.FALSE_ALARM
    return Ending.CLOSED if case.now.has(events.Closed) else Ending.HEARD


def was_published(case: Case) -> bool:
    """Whether any of its episodes was made public anywhere."""
    return any(episode.posts for episode in case.episodes)
