"""What the outbox keeps: sealed reports, texts to be sent, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

HQ = 0  # a text's recipient: HQ, or a contact's number in the enrolment, from 1
SENDS_MOST = 2  # of one text: the second if the first was lost or no delivery report came


class TextOutcome(StrEnum):
    """What is known of one text; the value is what the card stores."""

    OPEN = "open"  # it has not left yet
    UNDER_WAY = "under way"  # with a modem that can send it: a power cut now loses the outcome
    MAYBE_SENT = "maybe sent"  # its outcome was lost: send it once more, same words
    GIVEN = "given"  # the network took it; a delivery report is awaited
    UNREACHED = "not reached"  # no delivery report came: send it once more, same words
    SENT = "sent"  # the network took it; it is never sent again
    REACHED = "reached"  # it is on the phone
    LOST = "lost"  # the network gave up; it is never sent again
    UNKNOWN = "unknown"  # its outcome was lost; it is never sent again
    SUPERSEDED = "superseded"  # it had not left when a newer one took its place


_OPEN = (TextOutcome.OPEN, TextOutcome.UNDER_WAY, TextOutcome.MAYBE_SENT, TextOutcome.UNREACHED)
_TAKEN = (
    TextOutcome.GIVEN,
    TextOutcome.UNREACHED,
    TextOutcome.SENT,
    TextOutcome.REACHED,
    TextOutcome.LOST,
)


@dataclass(frozen=True)
class StoredReport:
    """A sealed report and whether HQ has answered it; the fields are the card's columns.

    ``position``: it only says where the wearer is now; a long track may lose some of these.
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
    """An SMS to be sent: about which report, to whom, by which template. Columns, as above.

    ``sends`` counts how often it may have left. ``later``: its recipient already knows of the
    alarm, and this is a position from the budget.
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
        return self.outcome in _TAKEN

    @property
    def needs_words(self) -> bool:
        """Whether it may still have to be sent or sent again."""
        return self.is_open or self.outcome is TextOutcome.GIVEN

    def begun(self) -> StoredText:
        """Now it is with a modem that can send it."""
        if self.outcome is TextOutcome.UNDER_WAY:
            return self
        outcome = TextOutcome.UNDER_WAY if self.is_open else self.outcome
        return replace(self, outcome=outcome, sends=self.sends + 1)

    def lost(self) -> StoredText:
        """Its outcome was lost. It is sent again once."""
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
        """The network says that it is on the phone, which counts if it took all of it."""
        return replace(self, outcome=TextOutcome.REACHED) if self.is_taken else self

    def unreached(self) -> StoredText:
        """No delivery report came in time."""
        if self.outcome is TextOutcome.GIVEN:
            return replace(self, outcome=TextOutcome.UNREACHED)
        return self

    def given_up(self) -> StoredText:
        """The network has given up delivering it."""
        if self.outcome is TextOutcome.SENT:
            return replace(self, outcome=TextOutcome.LOST)
        return self.unreached()

    def closed(self) -> StoredText:
        """It is not sent again, whatever is known of it."""
        if self.is_taken:
            final = self.outcome in (TextOutcome.REACHED, TextOutcome.LOST)
            return self if final else replace(self, outcome=TextOutcome.SENT)
        if self.outcome is TextOutcome.MAYBE_SENT:
            return replace(self, outcome=TextOutcome.UNKNOWN)
        return replace(self, outcome=TextOutcome.SUPERSEDED) if self.is_open else self
