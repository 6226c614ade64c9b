"""What the outbox keeps: a sealed report, a text to be sent, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

HQ = 0  # a text's recipient: HQ, or a contact's number in the enrolment, from 1


class TextOutcome(Enum):
    """What is known of one text; the value is what the card stores."""

    OPEN = "open"
    UNDER_WAY = "under way"  # with a modem that can send it: if the power goes now, it is lost
    MAYBE_SENT = "maybe sent"  # its outcome was lost once: it is sent once more, same words
    UNDER_WAY_AGAIN = "under way again"
    GIVEN = "given"  # the network took it
    UNKNOWN = "unknown"  # lost twice
    SUPERSEDED = "superseded"  # it was under way when a newer one said more


_ONCE_LOST = (TextOutcome.MAYBE_SENT, TextOutcome.UNDER_WAY_AGAIN)
_OPEN = (TextOutcome.OPEN, TextOutcome.UNDER_WAY, *_ONCE_LOST)


@dataclass(frozen=True)
class StoredReport:
    """A sealed report and whether HQ has answered it."""

    counter: int
    alarm: int
    sequence: int
    sealed: bytes
    token: bytes
    answered: bool = False


@dataclass(frozen=True)
class StoredText:
    """An SMS to be sent: which report it tells of, to whom, by which template."""

    id: int
    counter: int
    recipient: int
    template: str
    outcome: TextOutcome = TextOutcome.OPEN

    @property
    def is_open(self) -> bool:
        """Whether it still has to be sent."""
        return self.outcome in _OPEN

    @property
    def may_have_left(self) -> bool:
        """Whether it is open although it may have been sent before."""
        return self.outcome in _ONCE_LOST

    def begun(self) -> StoredText:
        """The text, now that it is with a modem that can send it."""
        again = self.outcome in _ONCE_LOST
        outcome = TextOutcome.UNDER_WAY_AGAIN if again else TextOutcome.UNDER_WAY
        return replace(self, outcome=outcome)

    def lost(self) -> StoredText:
        """The text, now that its outcome was lost: once, and it is sent again; twice is enough."""
        again = self.outcome in _ONCE_LOST
        return replace(self, outcome=TextOutcome.UNKNOWN if again else TextOutcome.MAYBE_SENT)

    def refused(self) -> StoredText:
        """The text, now that it is known not to have left this time."""
        again = self.outcome in _ONCE_LOST
        return replace(self, outcome=TextOutcome.MAYBE_SENT if again else TextOutcome.OPEN)
