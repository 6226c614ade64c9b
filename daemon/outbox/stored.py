"""What the outbox keeps: a sealed report, a text to be sent, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

HQ = 0  # a text's recipient: HQ, or a contact's number in the enrolment, from 1
SENDS_MOST = 2  # of one text, ever: the second when the first was lost or not heard of again


class TextOutcome(Enum):
    """What is known of one text; the value is what the card stores."""

    OPEN = "open"  # it has not left yet
    UNDER_WAY = "under way"  # with a modem that can send it: if the power goes now, it is lost
    MAYBE_SENT = "maybe sent"  # its outcome was lost: it is sent once more, same words
    GIVEN = "given"  # the network took it and is to say that it reached the phone
    UNREACHED = "not reached"  # the network did not say so: it is sent once more, same words
    SENT = "sent"  # the network took it, and it is not sent again whatever comes
    REACHED = "reached"  # it is on the phone
    LOST = "lost"  # the network gave it up, and it is not sent again
    UNKNOWN = "unknown"  # its outcome was lost, and it is not sent again
    SUPERSEDED = "superseded"  # it had not left when a newer one said more


_OPEN = frozenset(
    {TextOutcome.OPEN, TextOutcome.UNDER_WAY, TextOutcome.MAYBE_SENT, TextOutcome.UNREACHED}
)
_TAKEN = frozenset(
    {
        TextOutcome.GIVEN,
        TextOutcome.UNREACHED,
        TextOutcome.SENT,
        TextOutcome.REACHED,
        TextOutcome.LOST,
    }
)


@dataclass(frozen=True)
class StoredReport:
    """A sealed report and whether HQ has answered it.

    ``position``: it only says where the wearer is now, as many do; of a long track some may go.
    """

    counter: int
    alarm: int
    sequence: int
    sealed: bytes
    token: bytes
    answered: bool = False
    position: bool = False


@dataclass(frozen=True)
class StoredText:
    """An SMS to be sent: which report it tells of, to whom, by which template.

    ``sends`` counts how often it may have left. ``later``: its recipient has been told of the
    alarm before, and this is a position from the budget.
    """

    id: int
    counter: int
    recipient: int
    template: str
    outcome: TextOutcome = TextOutcome.OPEN
    sends: int = 0
    later: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it still has to be sent, or sent again."""
        return self.outcome in _OPEN

    @property
    def goes_again(self) -> bool:
        """Whether it is open although it may have left before."""
        return self.is_open and self.sends > (self.outcome is TextOutcome.UNDER_WAY)

    @property
    def is_taken(self) -> bool:
        """Whether the network took it."""
        return self.outcome in _TAKEN

    @property
    def needs_words(self) -> bool:
        """Whether it may have to be sent again, from what is known now."""
        return self.is_open or self.outcome is TextOutcome.GIVEN

    def begun(self) -> StoredText:
        """Now it is with a modem that can send it."""
        if self.outcome is TextOutcome.UNDER_WAY:
            return self
        outcome = TextOutcome.UNDER_WAY if self.is_open else self.outcome
        return replace(self, outcome=outcome, sends=self.sends + 1)

    def lost(self) -> StoredText:
        """Its outcome was lost: once, and it is sent again; twice is enough."""
        if not self.is_open:
            return self
        sends = self.begun().sends
        outcome = TextOutcome.MAYBE_SENT if sends < SENDS_MOST else TextOutcome.UNKNOWN
        return replace(self, outcome=outcome, sends=sends)

    def refused(self) -> StoredText:
        """It is known not to have left this time."""
        if self.outcome is not TextOutcome.UNDER_WAY:
            return self
        outcome = TextOutcome.MAYBE_SENT if self.sends > 1 else TextOutcome.OPEN
        return replace(self, outcome=outcome, sends=self.sends - 1)

    def given(self) -> StoredText:
        """The network took it."""
        sends = max(self.sends, 1)
        if self.is_open and sends < SENDS_MOST:
            return replace(self, outcome=TextOutcome.GIVEN, sends=sends)
        if self.is_taken and not self.is_open:
            return self
        return replace(self, outcome=TextOutcome.SENT, sends=sends)

    def reached(self) -> StoredText:
        """The network says that it is on the phone; of one it did not take whole it cannot."""
        return replace(self, outcome=TextOutcome.REACHED) if self.is_taken else self

    def unreached(self) -> StoredText:
        """The network has not said for too long that it is on the phone."""
        if self.outcome is TextOutcome.GIVEN:
            return replace(self, outcome=TextOutcome.UNREACHED)
        return self

    def given_up(self) -> StoredText:
        """The network says that it will never be on the phone."""
        if self.outcome is TextOutcome.SENT:
            return replace(self, outcome=TextOutcome.LOST)
        return self.unreached()

    def closed(self) -> StoredText:
        """Whatever is known of it, it is not sent again."""
        if self.is_taken:
            final = self.outcome in (TextOutcome.REACHED, TextOutcome.LOST)
            return self if final else replace(self, outcome=TextOutcome.SENT)
        if self.outcome is TextOutcome.MAYBE_SENT:
            return replace(self, outcome=TextOutcome.UNKNOWN)
        return replace(self, outcome=TextOutcome.SUPERSEDED) if self.is_open else self
