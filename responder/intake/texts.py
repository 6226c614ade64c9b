"""What arrives by SMS: a sealed report, a contact's answer, or nothing for us."""

from __future__ import annotations

from collections.abc import Callable

from outcry.envelope import EnvelopeRefused, from_text
from outcry.responder import journal
from outcry.responder.intake.inbox import CameBy, Inbox, Refused
from outcry.responder.intake.sms_answers import SmsAnswers

log = journal.Log("outcry.responder.texts")


class ArrivingTexts:
    """Takes texts in; used from one thread."""

    def __init__(
        self, inbox: Inbox, answers: SmsAnswers, on_answer: Callable[[], None] = lambda: None
    ) -> None:
        """``on_answer`` is called when an answer was written down."""
        self._inbox = inbox
        self._answers = answers
        self._on_answer = on_answer
        self._dropped = 0

    def take(self, sender: str, text: str) -> None:
        """A sealed report goes to the inbox; else it may be an answer, or is dropped."""
        try:
            self._inbox.take(from_text(text.strip()), CameBy.SMS)
        except (EnvelopeRefused, Refused):
            if self._answers.take(sender, text):
                self._on_answer()
            else:
                self._dropped += 1
                log.tell(journal.Entry.TEXT_DROPPED, count=self._dropped)
