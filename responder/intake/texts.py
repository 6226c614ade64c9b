"""What arrives by SMS: a sealed report, a contact's answer, or nothing for us."""

from collections.abc import Callable
from dataclasses import dataclass

from outcry.envelope import EnvelopeRefused, from_text
from outcry.responder import journal
from outcry.responder.intake.inbox import Inbox, Refused
from outcry.responder.intake.sms_answers import SmsAnswers
from outcry.responder.rules.events import CameBy

log = journal.Log("outcry.responder.texts")


@dataclass(eq=False)
class ArrivingTexts:
    """Takes texts in; used from one thread. ``on_answer`` is called when an answer was kept."""

    inbox: Inbox
    answers: SmsAnswers
    on_answer: Callable[[], None] = lambda: None
    dropped: int = 0

    def take(
        self, sender: str, text: str, whole: bool = True, sent_at: float | None = None
    ) -> None:
        """A sealed report goes to the inbox; else it may be an answer, or is dropped.

        ``whole``: it is not a part of a longer text. ``sent_at``: Unix seconds by the clock of the
        sender's SMS centre, if that said any.
        """
        try:
            self.inbox.take(from_text(text.strip()), CameBy.SMS)
        except (EnvelopeRefused, Refused):
            if self.answers.take(sender, text, whole, sent_at):
                self.on_answer()
            else:
                self.dropped += 1
                log.tell(journal.Entry.TEXT_DROPPED, count=self.dropped)
