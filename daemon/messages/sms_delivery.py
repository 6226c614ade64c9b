"""Delivery by SMS: sends the outbox's texts one by one, and a second time if need be.

One text is under way at a time, so that the order can still change. Until it
leaves, and the modem may wait long for a network, its words are brought up to
date. What the network took waits for its delivery report. Without one in time,
or if the network gives up, the same words go a second time, and never a third.
The count is on the card before a text can leave.
"""

from contextlib import suppress
from dataclasses import dataclass

from outcry.daemon.alarm.model import Audience, State
from outcry.daemon.journal import Entry, Journal
from outcry.daemon.messages.recipients import Recipients
from outcry.daemon.messages.texts import Template
from outcry.daemon.outbox.budget import Budget
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.runtime_cache import Memory
from outcry.daemon.outbox.stored import HQ, StoredReport, StoredText, TextOutcome
from outcry.hw.modem import Modem, Outcome, SmsLeaving, SmsOutcome, SmsReport

TEXT_RETRIES_S = (5, 15, 30, 60, 120, 300)  # after a refusal; the last one repeats
PROBE_S = 15  # while the network takes nothing, one of the refused is tried again this often
_PAID = (TextOutcome.MAYBE_SENT, TextOutcome.UNKNOWN)
_HEARD_NOTHING = (TextOutcome.GIVEN, TextOutcome.UNREACHED)


class Wait:
    """What one text waits for, in seconds of the loop's clock."""

    def __init__(self) -> None:
        self.failures = 0
        self.send_at: float | None = None  # after a failure
        self.unheard_at: float | None = None  # it goes again if no delivery report came by then


@dataclass(eq=False, repr=False)
class SmsDelivery:
    """The texts of one device. ``_again_after_s``: how long a delivery report is waited for."""

    recipients: Recipients
    _outbox: Outbox
    _memory: Memory
    _modem: Modem
    _journal: Journal
    _budget: Budget
    _again_after_s: float

    def __post_init__(self) -> None:
        self._told_spent = False
        self.under_way: int | None = None
        """The id of the text that the modem has now."""
        self._dropped: int | None = None  # the text that was with the modem when its drill ended
        self._amend_at: float | None = None
        self.waits: dict[int, Wait] = {}
        """By text; one that is settled has none."""
        self._refused: set[int] = set()
        """The recipients whose texts were refused since one left."""
        self._refused_at = 0.0
        self._left_in: int | None = None
        """The alarm in which a text left last."""
        self._forget_settled()

    def queue(self, report: StoredReport, audience: Audience, later: bool, now: float) -> None:
        """Put this report's texts into the outbox. Call inside an outbox step.

        With ``later`` they come from the budget, unless the recipient knows nothing of the alarm.
        """
        words = {}
        self._amend(now)
        for recipient, template in self.recipients.order(report, audience):
            apart = self.recipients.apart(recipient, template, report)
            if apart and template is Template.LINK:
                continue  # one link is enough, and the position is in the alert
            costs = later and self.recipients.told(report, recipient, template)
            if costs and not self._affords(recipient, template.value):
                continue
            text = self._outbox.add_text(
                report.counter, recipient, template.value, self.under_way, later=costs, apart=apart
            )
            if text is None:
                continue
            self.waits.pop(text.id, None)  # a new report is tried at once
            if recipient != HQ:
                with suppress(Exception):  # it is told when the text's turn comes
                    words[text.id] = self.recipients.words(text, now)
        self._memory.remember_texts(words)

    def _affords(self, recipient: int, template: str) -> bool:
        """Whether the budget allows one more; one that replaces an unsent text costs nothing."""
        alike = self._outbox.texts_to(recipient, template)
        if any(each.outcome is TextOutcome.OPEN and each.id != self.under_way for each in alike):
            return True
        waiting = sum(text.later for text in self._outbox.open_texts())
        affords = self._budget.left > waiting
        if not affords and not self._told_spent:
            self._journal.tell(Entry.BUDGET_SPENT, path="sms", detail="positions by SMS wait")
        self._told_spent = not affords
        return affords

    def drop(self, alarm: int) -> None:
        """Send nothing more of this alarm than may be leaving. Call inside an outbox step."""
        if self.under_way is not None and self._modem.amend_sms(_ref(self.under_way), None):
            self.under_way = None
        self._outbox.drop_alarm(alarm, self.under_way)
        self._dropped = self.under_way
        self._forget_settled()

    def send(self, now: float) -> None:
        """Send the next text that is due, or see that what the modem has is up to date."""
        if self.under_way is not None:
            if self._amend(now):
                self._outbox.commit()
            return
        self._settle(now)
        for text in self._sendable():
            if self._send_at(text, now) <= now:
                self._send(text, now)
                return

    def next_due(self, now: float) -> float | None:
        """When :meth:`send` has something to do."""
        if self.under_way is not None:
            return self._amend_at
        times = [self._send_at(text, now) for text in self._sendable()]
        times += [self._deadline(text, now) for text in self._given()]
        return min(times, default=None)

    def _settle(self, now: float) -> None:
        """Mark for a second send what got no delivery report in time, if that is wanted."""
        known = list(self._outbox.texts.values())
        dropped = [text for text in known if text.sends > 0 and not self._wanted_again(text)]
        overdue = [text for text in self._given() if self._deadline(text, now) <= now]
        if not dropped and not overdue:
            return
        with self._outbox.step():
            for text in dropped:
                self._outbox.set_text(text.closed())
            for text in overdue:
                if text not in dropped:
                    self._outbox.set_text(text.unreached())
                    self._tell(Entry.TEXT_UNREACHED, text)
        self._forget_settled()

    def _wanted_again(self, text: StoredText) -> bool:
        """Whether a second send could still help."""
        if not text.needs_words:
            return True
        if text.recipient == HQ and self._outbox.reports[text.counter].answered:
            return False
        seen = self._outbox.alarm.state is State.ACKNOWLEDGED
        return not (seen and text.outcome in _HEARD_NOTHING)

    def _given(self) -> list[StoredText]:
        return [text for text in self._outbox.texts.values() if text.outcome is TextOutcome.GIVEN]

    def _send_at(self, text: StoredText, now: float) -> float:
        wait = self.waits.get(text.id)
        if wait is None or wait.send_at is None:
            return now
        if self._is_stuck() and wait.failures <= min(map(self._failures, self._sendable())):
            return min(wait.send_at, self._refused_at + PROBE_S)
        return wait.send_at

    def _failures(self, text: StoredText) -> int:
        wait = self.waits.get(text.id)
        return 0 if wait is None else wait.failures

    def _is_stuck(self) -> bool:
        """Whether it is the network that takes no text, and not one recipient's number."""
        one_has_left = self._left_in == self._outbox.alarm.id
        return len(self._refused) > (1 if one_has_left else 0)

    def hurry(self) -> None:
        """Things have changed for the modem: what was refused is due now."""
        for wait in self.waits.values():
            wait.send_at = None

    def _deadline(self, text: StoredText, now: float) -> float:
        """When the wait for the delivery report ends; it starts again after a restart."""
        wait = self.waits.setdefault(text.id, Wait())
        if wait.unheard_at is None:
            wait.unheard_at = now + self._again_after_s
        return wait.unheard_at

    def _send(self, text: StoredText, now: float) -> None:
        try:
            text = self.recipients.current(text, now)
            number, words = self.recipients.number(text), self.recipients.words(text, now)
        except Exception:
            self._postpone(text, now)  # whatever is wrong, the next text must go
            raise
        self._tell(Entry.TEXT_OUT, text)
        if self._keep(text, words):
            self._outbox.commit()
        self.under_way, self._amend_at = text.id, self.recipients.ages_at(now)
        self._modem.send_sms(_ref(text.id), number, words)

    def _keep(self, text: StoredText, words: str) -> bool:
        """Keep what the modem is to send; whether the card has to learn of it."""
        if text.recipient != HQ and self._memory.texts.get(text.id) != words:
            self._memory.remember_texts({text.id: words})
        changed = self._outbox.texts[text.id] != text
        self._outbox.set_text(text)
        return changed

    def _amend(self, now: float) -> bool:
        """Bring what the modem has up to date, if it cannot have left; whether the card has to
        learn of it."""
        self._amend_at = None
        text = self._outbox.texts.get(self.under_way or 0)
        if text is None or text.outcome is not TextOutcome.OPEN:
            return False
        with suppress(Exception):  # what the modem has is good, and others wait
            text = self.recipients.current(text, now)
            words = self.recipients.words(text, now)
            if self._modem.amend_sms(_ref(text.id), words):
                self._amend_at = self.recipients.ages_at(now)
                return self._keep(text, words)
        return False

    # What the modem says

    def leaving(self, event: SmsLeaving) -> None:
        """The modem is about to send the text: a kill from now on may lose its outcome.

        One that only waits in the modem has not been tried.
        """
        text = self._text(event.ref)
        if text is not None:
            with self._outbox.step():
                self._outbox.set_text(text.begun())

    def outcome(self, event: SmsOutcome, now: float) -> None:
        if self.under_way is not None and event.ref == _ref(self.under_way):
            self.under_way = None
        text = self._text(event.ref)
        if text is not None:
            with self._outbox.step():
                self._note(text, event, now)
                if text.id == self._dropped and self._outbox.texts[text.id].needs_words:
                    self._outbox.set_text(self._outbox.texts[text.id].closed())
            self._forget_settled()

    def _note(self, text: StoredText, event: SmsOutcome, now: float) -> None:
        if event.outcome is Outcome.DONE:
            self._pay(text)
            if len(self._refused) > 1:
                self.hurry()
            self._refused.clear()
            self._left_in = self._outbox.alarm.id
            self._outbox.set_text(text.given())
            self.waits.setdefault(text.id, Wait()).unheard_at = now + self._again_after_s
            self._tell(Entry.TEXT_GIVEN, text)
        elif not text.is_open:
            return
        elif event.outcome is Outcome.UNKNOWN:
            self._pay(text)
            self._outbox.set_text(text.lost())
            self._postpone(text, now)
            self._tell(Entry.TEXT_UNKNOWN, text)
        else:
            self._outbox.set_text(text.refused())
            self._postpone(text, now)
            self._refused.add(text.recipient)
            self._refused_at = now
            self._tell(Entry.TEXT_FAILED, text, count=event.code)

    def reported(self, event: SmsReport) -> None:
        """The network reports whether a text reached its phone."""
        text = self._text(event.ref)
        if text is None:
            return
        with self._outbox.step():
            self._outbox.set_text(text.reached() if event.delivered else text.given_up())
        self._tell(Entry.TEXT_REACHED if event.delivered else Entry.TEXT_LOST, text)
        self._forget_settled()

    def _pay(self, text: StoredText) -> None:
        """Count one more send; one whose outcome was lost has been counted."""
        if text.later and text.outcome not in _PAID:
            self._budget.spend(1)

    def _text(self, ref: str) -> StoredText | None:
        return self._outbox.texts.get(int(ref.removeprefix("text-")))

    def _sendable(self) -> list[StoredText]:
        return [text for text in self._outbox.open_texts() if self.recipients.has(text)]

    def _forget_settled(self) -> None:
        needed = {text.id for text in self._outbox.texts.values() if text.needs_words}
        self.waits = {id_: wait for id_, wait in self.waits.items() if id_ in needed}
        self._memory.forget_texts(but=needed)

    def _postpone(self, text: StoredText, now: float) -> None:
        wait = self.waits.setdefault(text.id, Wait())
        wait.failures += 1
        wait.send_at = now + TEXT_RETRIES_S[min(wait.failures, len(TEXT_RETRIES_S)) - 1]

    def _tell(self, entry: Entry, text: StoredText, count: int | None = None) -> None:
        self._journal.tell(
            entry,
            alarm=self._outbox.alarm.id,
            path="sms",
            recipient=text.recipient,
            detail=text.template,
            count=count,
        )


def _ref(id_: int) -> str:
    return f"text-{id_}"
