"""Whether a form was made from older news: what has happened since its page was made that matters."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from outcry.responder.rules import events
from outcry.responder.rules.events import Event


class Act(StrEnum):
    """What a duty officer can do; the value stands in the address the button posts to."""

    ACKNOWLEDGE = "acknowledge"
    TAKE_OVER = "take-over"
    HAND_OVER = "hand-over"
    GIVE_BACK = "give-back"
    CONFIRM = "confirm"
    PUBLISH = "publish"
    VETO = "veto"
    LIFT = "lift"
    CORRECT = "correct"
    CLOSE = "close"
    REOPEN = "reopen"


_DECISIONS = (
    events.Approved,
    events.Vetoed,
    events.VetoLifted,
    events.Corrected,
    events.Closed,
    events.Reopened,
    events.WithdrawalJudged,
)
_REAL = (events.Confirmed, events.OfficerConfirmed)
_DOUBTS = (events.CalledFalse, events.Unsure)
_SPEAKS: Mapping[Act, tuple[type[Event], ...]] = {
    Act.ACKNOWLEDGE: (),  # it contradicts nobody
    Act.TAKE_OVER: (events.Acknowledged, events.TakenOver, events.HandedOver),
    Act.HAND_OVER: (),  # they have it, or it cannot be done
    Act.GIVE_BACK: (),
    Act.CONFIRM: (*_DECISIONS, *_DOUBTS),
    Act.PUBLISH: (*_DECISIONS, *_DOUBTS, events.Noted),
    Act.LIFT: (*_DECISIONS, *_DOUBTS),
    Act.VETO: (*_DECISIONS, *_REAL),
    Act.CORRECT: (*_DECISIONS, *_REAL, events.Noted),
    Act.CLOSE: (*_DECISIONS, *_REAL, events.Noted),
    Act.REOPEN: _DECISIONS,
}
"""What an officer has to know before each act, and from anyone."""
_ENDS = (Act.VETO, Act.CORRECT, Act.CLOSE)
"""Acts that say it is not to be public, not true, or over: holding the button says otherwise."""


_RINGS: Mapping[events.Said, type[Event]] = {
    events.Said.REAL: events.Confirmed,
    events.Said.NOT_REAL: events.CalledFalse,
}
"""What a contact said on the telephone speaks of the same as their own answer would."""


class OlderNews(Exception):
    """Nothing was done: this has happened since, oldest first, and the history is so long now."""

    def __init__(self, news: Sequence[Event], seen: int) -> None:
        super().__init__()
        self.news = news
        self.seen = seen


def require_seen(history: Sequence[Event], seen: int, act: Act) -> None:
    """Raise :class:`OlderNews` if what came after the first ``seen`` events speaks of this act."""
    since = [event for event in history[seen:] if _speaks(event, act)]
    if since:
        raise OlderNews(since, len(history))


def _speaks(event: Event, act: Act) -> bool:
    if isinstance(event, events.ReportArrived):
        return act in _ENDS and event.is_still_in_danger
    if isinstance(event, events.Rang):
        return event.said in _RINGS and _RINGS[event.said] in _SPEAKS[act]
    return isinstance(event, _SPEAKS[act])
