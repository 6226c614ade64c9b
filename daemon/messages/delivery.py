"""Delivery: hands what the outbox holds to the modem and says what came back.

One post and one text are under way at a time, so that the newest report and
the next text in order can always go first. What failed stays in the outbox and
goes again; the rules of the alarm say when.
"""

from __future__ import annotations

from dataclasses import dataclass

from outcry.daemon.alarm.model import Audience, Event
from outcry.daemon.journal import Entry, Journal
from outcry.daemon.messages.identity import Identity
from outcry.daemon.messages.recipients import Addressees
from outcry.daemon.messages.sms_delivery import Texting
from outcry.daemon.messages.texts import Language
from outcry.daemon.outbox.budget import EXCHANGE_BYTES, Budget, Budgets
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.runtime_cache import Memory
from outcry.daemon.outbox.stored import StoredReport
from outcry.envelope import EnvelopeRefused, Header, from_text
from outcry.hw.modem import (
    Modem,
    PostAnswered,
    PostFailed,
    SmsLeaving,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from outcry.receipt import RECEIPT_CHARS, ReceiptRefused, Status, header_of, verify
from outcry.report import AlarmKind, NoPosition, Position

_HTTP_OK = 200


@dataclass(frozen=True)
class Answer:
    """What a message from the modem means to the alarm: a report's sequence and the events.

    ``heartbeat``: it was HQ's receipt of a heartbeat.
    """

    events: tuple[Event, ...]
    sequence: int | None = None
    heartbeat: bool = False


NOTHING = Answer(())


class Delivery:
    """Posts and texts of one device."""

    def __init__(
        self,
        identity: Identity,
        outbox: Outbox,
        memory: Memory,
        languages: dict[str, Language],
        modem: Modem,
        journal: Journal,
        budgets: Budgets,
        again_after_s: float,
    ) -> None:
        self._identity = identity
        self._outbox = outbox
        self._modem = modem
        self._journal = journal
        self._budgets = budgets
        self._told_spent: set[str] = set()
        self._posting: StoredReport | None = None
        self._heartbeat: StoredReport | None = None
        self._paid = False  # for the post under way
        self._refusals: dict[int, int] = {}  # by report: answers that were no receipt
        self.heartbeat_trouble = ""
        """Why the last heartbeat got no receipt; empty when it got one, or may yet."""
        addressees = Addressees(identity, outbox, memory, languages)
        self._texting = Texting(
            addressees, outbox, memory, modem, journal, budgets.texts, again_after_s
        )

    # Data

    @property
    def is_thrifty(self) -> bool:
        """Whether the day's budget for positions is spent: they are to be few until it is not."""
        return self._budgets.positions.is_spent

    def post(self) -> None:
        """Send the newest unanswered report, unless one is under way.

        One that was answered with no receipt lets the others go first: it may be at fault.
        Positions keep to their budget, and what the wearer has said has none.
        """
        if self._posting is not None:
            return
        report = self._next_report()
        if report is None:
            return
        if self._heartbeat is not None:  # supervision never stands in an alarm's way
            self._modem.cancel_post(_ref(self._heartbeat))
            self._heartbeat = None
        self._posting = report
        self._tell(Entry.POSTING, report, path="data")
        self._hand_over(report)

    def _next_report(self) -> StoredReport | None:
        positions = self._allows(self._budgets.positions, "positions by data are few")
        refused: list[StoredReport] = []
        for report in self._outbox.newest_unanswered():
            if report.position and not positions:
                continue
            if report.counter not in self._refusals:
                return report
            refused.append(report)
        return min(refused, key=lambda report: self._refusals[report.counter], default=None)

    def post_heartbeat(self, heartbeat: StoredReport) -> None:
        """Send a heartbeat, unless a report is under way or the day's budget for heartbeats is
        spent. It is not kept and not sent again."""
        if self._posting is not None or not heartbeat.sealed:
            return
        if not self._allows(self._budgets.heartbeats, "no heartbeats"):
            self.heartbeat_trouble = "the day's budget for heartbeats is spent"
            return
        self.heartbeat_trouble = ""
        if self._heartbeat is not None:
            self._modem.cancel_post(_ref(self._heartbeat))
        self._heartbeat = heartbeat
        self._hand_over(heartbeat)

    def _allows(self, budget: Budget, meanwhile: str) -> bool:
        if not budget.is_spent:
            self._told_spent.discard(meanwhile)
        elif meanwhile not in self._told_spent:
            self._told_spent.add(meanwhile)
            self._journal.tell(Entry.BUDGET_SPENT, path="data", detail=meanwhile)
        return budget.allows

    def _hand_over(self, report: StoredReport) -> None:
        """Bytes go out at once where there is a connection; otherwise if one comes about."""
        self._paid = False
        if self._modem.status().data_up:
            self._pay(report)
        self._modem.post(_ref(report), report.sealed)

    def _pay(self, report: StoredReport) -> None:
        if not report.alarm:
            self._budgets.heartbeats.spend(EXCHANGE_BYTES)
        elif report.position:
            self._budgets.positions.spend(EXCHANGE_BYTES)
        self._paid = True

    def answered(self, event: PostAnswered) -> Answer:
        """HQ, or somebody in its place, answered a post."""
        report = self._finished_post(event.ref)
        if report is None:
            return NOTHING
        if not self._paid:
            self._pay(report)
        try:
            if event.status != _HTTP_OK:
                raise ReceiptRefused(f"HTTP {event.status}")
            status = verify(event.body, report.token, self._header(report))
        except ReceiptRefused as error:
            self._refuse(report)
            return self._post_failed(report, str(error))
        if not report.alarm:
            self._journal.tell(Entry.HEARTBEAT, detail="answered")
            return Answer((), heartbeat=True)
        return self._received(report, status, "data", (Event.DATA_WORKS,))

    def _refuse(self, report: StoredReport) -> None:
        reports = self._outbox.reports  # some of a long track are let go
        self._refusals = {at: times for at, times in self._refusals.items() if at in reports}
        self._refusals[report.counter] = self._refusals.get(report.counter, 0) + 1

    def failed(self, event: PostFailed) -> Answer:
        """A post got no answer."""
        report = self._finished_post(event.ref)
        return NOTHING if report is None else self._post_failed(report, event.reason)

    def _finished_post(self, ref: str) -> StoredReport | None:
        if self._heartbeat is not None and ref == _ref(self._heartbeat):
            heartbeat, self._heartbeat = self._heartbeat, None
            return heartbeat
        if self._posting is not None and ref == _ref(self._posting):
            report, self._posting = self._posting, None
            return report
        return None

    def _post_failed(self, report: StoredReport, reason: str) -> Answer:
        if not report.alarm:
            self.heartbeat_trouble = reason
            self._journal.tell(Entry.HEARTBEAT, detail=f"unanswered: {reason}")
            return NOTHING
        self._tell(Entry.POST_FAILED, report, path="data", detail=reason)
        return Answer((Event.POST_FAILED,), report.sequence)

    # Texts

    def queue_texts(
        self,
        report: StoredReport,
        audience: Audience,
        raised_at: float | None,
        place: Position | NoPosition,
        kind: AlarmKind,
        later: bool = False,
    ) -> None:
        """See :meth:`Texting.queue`."""
        self._texting.queue(report, audience, raised_at, place, kind, later)

    def drop(self, alarm: int) -> None:
        """See :meth:`Texting.drop`; its reports are not sent either."""
        self._texting.drop(alarm)

    def send_text(self, now: float) -> None:
        """See :meth:`Texting.send`."""
        self._texting.send(now)

    def next_due(self, now: float) -> float | None:
        """See :meth:`Texting.next_due`."""
        return self._texting.next_due(now)

    def leaving(self, event: SmsLeaving) -> None:
        """See :meth:`Texting.leaving`."""
        self._texting.leaving(event)

    def texted(self, event: SmsOutcome, now: float) -> None:
        """See :meth:`Texting.texted`."""
        self._texting.texted(event, now)

    def reported(self, event: SmsReport) -> None:
        """See :meth:`Texting.reported`."""
        self._texting.reported(event)

    # Receipts by SMS

    def received(self, event: SmsReceived) -> Answer:
        """The one thing an SMS can say to this device: a receipt of an open report."""
        try:
            if len(event.text) != RECEIPT_CHARS:
                raise ReceiptRefused("not a receipt's length")
            receipt = from_text(event.text)
            report = self._outbox.reports.get(header_of(receipt).counter)
            if report is None:
                raise ReceiptRefused("no such report")
            status = verify(receipt, report.token, self._header(report))
        except (ReceiptRefused, EnvelopeRefused):
            self._journal.tell(Entry.STRANGE_SMS)
            return NOTHING
        return self._received(report, status, "sms", ())

    def _received(
        self, report: StoredReport, status: Status, path: str, events: tuple[Event, ...]
    ) -> Answer:
        person = status is Status.ACKNOWLEDGED
        self._outbox.answer_report(report)
        self._refusals.pop(report.counter, None)
        self._tell(
            Entry.RECEIPT, report, path=path, detail="a person has it" if person else "HQ has it"
        )
        if report.alarm != self._outbox.alarm.id:  # of one withdrawn or drilled before
            return Answer(events)
        receipt = Event.RECEIPT_ACKNOWLEDGED if person else Event.RECEIPT_STORED
        return Answer((*events, receipt), report.sequence)

    def _header(self, report: StoredReport) -> Header:
        if self._identity.enrolment is None:
            raise ReceiptRefused("there is no HQ")
        return Header(self._identity.enrolment.device, report.counter)

    def _tell(self, entry: Entry, report: StoredReport, path: str, detail: str = "") -> None:
        self._journal.tell(
            entry, alarm=report.alarm, path=path, count=report.sequence, detail=detail
        )


def _ref(report: StoredReport) -> str:
    return f"report-{report.counter}"
