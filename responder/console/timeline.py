"""An alarm's history in plain words, for the duty officer: one line an event, oldest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from outcry.responder import sentences
from outcry.responder.rules.events import (
    CallEnded,
    CallPlanned,
    Event,
    Outcome,
    Verdict,
    WithdrawalJudged,
    WrongPinTried,
)

_GRAVE = (Outcome.FAILED, Outcome.UNKNOWN, Outcome.UNDELIVERED)


@dataclass(frozen=True)
class Line:
    """One line: when (Unix seconds), what, and whether it wants a person's attention."""

    at: float
    words: str
    grave: bool = False


def tell(history: Sequence[Event], contacts: Mapping[int, str]) -> list[Line]:
    """The history; ``contacts`` names each number in the list. A call that has ended is one line."""
    ended = {event.action for event in history if isinstance(event, CallEnded)}
    return [
        Line(event.at, sentences.told(event, contacts), _is_grave(event))
        for event in history
        if not (isinstance(event, CallPlanned) and event.action in ended)
    ]


def _is_grave(event: Event) -> bool:
    match event:
        case WithdrawalJudged():
            return event.verdict is Verdict.DURESS
        case CallEnded():
            return event.outcome in _GRAVE
        case _:
            return isinstance(event, WrongPinTried)
