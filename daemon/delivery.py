"""Delivery: hands what the outbox holds to the modem and says what came back.

One post and one text are under way at a time, so that the newest report and
the next text in order can always go first. What failed stays in the outbox and
goes again; the rules of the alarm say when.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from outcry.daemon.alarm import Audience, Event
from outcry.daemon.identity import Identity, contact_link
from outcry.daemon.journal import Entry, Journal
from outcry.daemon.memory import Memory
from outcry.daemon.outbox import Outbox
from outcry.daemon.stored import HQ, StoredReport, StoredText, TextOutcome
from outcry.daemon.texts import Language, Template
from outcry.envelope import EnvelopeRefused, Header, from_text, to_text
from outcry.hw.modem import (
    Modem,
    Outcome,
    PostAnswered,
    PostFailed,
    SmsLeaving,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from outcry.receipt import RECEIPT_CHARS, ReceiptRefused, Status, header_of, verify
from outcry.report import AlarmKind, NoPosition, Position

TEXT_RETRIES_S = (5, 15, 30, 60, 120, 300)  # after a refusal; the last one repeats
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
    ) -> None:
        self._identity = identity
        self._outbox = outbox
        self._memory = memory
        self._languages = languages
        self._modem = modem
        self._journal = journal
        self._posting: StoredReport | None = None
        self._heartbeat: StoredReport | None = None
        self._texting: int | None = None  # the id of the text under way
        self._refusals: dict[int, int] = {}  # by report: answers that were no receipt
        self._failures: dict[int, int] = {}  # by text
        self._text_at: dict[int, float] = {}
        self._forget_closed()

    # Data

    def post(self) -> None:
        """Send the newest unanswered report, unless one is under way.

        One that was answered with no receipt lets the others go first: it may be at fault.
        """
        waiting = self._outbox.unanswered()
        if not waiting or self._posting is not None:
            return
        if self._heartbeat is not None:  # supervision never stands in an alarm's way
            self._modem.cancel_post(_ref(self._heartbeat))
            self._heartbeat = None
        report = min(waiting, key=lambda report: self._refusals.get(report.counter, 0))
        self._posting = report
        self._tell(Entry.POSTING, report, path="data")
        self._modem.post(_ref(report), report.sealed)

    def post_heartbeat(self, heartbeat: StoredReport) -> None:
        """Send a heartbeat, unless a report is under way. It is not kept and not sent again."""
        if self._posting is None and heartbeat.sealed:
            if self._heartbeat is not None:
                self._modem.cancel_post(_ref(self._heartbeat))
            self._heartbeat = heartbeat
            self._modem.post(_ref(heartbeat), heartbeat.sealed)

    def answered(self, event: PostAnswered) -> Answer:
        """HQ, or somebody in its place, answered a post."""
        report = self._finished_post(event.ref)
        if report is None:
            return NOTHING
        try:
            if event.status != _HTTP_OK:
                raise ReceiptRefused(f"HTTP {event.status}")
            status = verify(event.body, report.token, self._header(report))
        except ReceiptRefused as error:
            self._refusals[report.counter] = self._refusals.get(report.counter, 0) + 1
            return self._post_failed(report, str(error))
        if not report.alarm:
            self._journal.tell(Entry.HEARTBEAT, detail="answered")
            return Answer((), heartbeat=True)
        return self._received(report, status, "data", (Event.DATA_WORKS,))

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
    ) -> None:
        """Put this report's texts into the outbox, in the order people need them.

        The first contact hears first, then HQ, then the others, then everybody gets their link,
        or once, without HQ, words to publish: an alarm's, never a drill's.
        """
        contacts = range(1, len(self._identity.contacts) + 1)
        order: list[tuple[int, Template]] = []
        if audience is Audience.EVERYONE:
            order += [(contact, Template.ALERT) for contact in contacts]
        enrolment = self._identity.enrolment
        if enrolment is not None and report.sealed:
            if enrolment.hq.number is not None:
                order.insert(1, (HQ, Template.SEALED))
            if audience is Audience.EVERYONE:
                order += [(contact, Template.LINK) for contact in contacts]
        elif enrolment is None and audience is Audience.EVERYONE and kind is not AlarmKind.DRILL:
            publish = Template.PUBLISH
            order += [(each, publish) for each in contacts if not self._told(report, each, publish)]
        words = {}
        for recipient, template in order:
            text = self._outbox.add_text(report.counter, recipient, template.value, self._texting)
            self._failures.pop(text.id, None)  # a new report is tried at once
            self._text_at.pop(text.id, None)
            if recipient != HQ:
                words[text.id] = self._words(text, raised_at, place, kind)
        self._memory.remember_texts(words)

    def drop(self, alarm: int) -> None:
        """Send nothing more of this alarm; what is under way stays so. Call inside an outbox step."""
        mine = {report.counter for report in self._outbox.reports.values() if report.alarm == alarm}
        for text in self._outbox.open_texts():
            if text.counter in mine and text.id != self._texting:
                self._outbox.set_text(replace(text, outcome=TextOutcome.SUPERSEDED))
        for report in self._outbox.unanswered():
            if report.counter in mine:
                self._outbox.answer_report(report)

    def send_text(self, now: float) -> None:
        """Send the next text that is due, unless one is under way."""
        if self._texting is not None:
            return
        for text in self._sendable():
            if self._text_at.get(text.id, now) <= now:
                self._send(text, now)
                return

    def leaving(self, event: SmsLeaving) -> None:
        """The text is on its way into the modem: a kill from now on may lose its outcome.

        Call inside an outbox step. One that only waits in the modem has not been tried.
        """
        text = self._outbox.texts.get(_text_id(event.ref))
        if text is not None and text.is_open:
            self._outbox.set_text(text.begun())

    def _send(self, text: StoredText, now: float) -> None:
        try:
            number, words = self._number(text), self._final(text)
        except Exception:
            self._postpone(text, now)  # whatever is wrong with it, the next one must go
            raise
        self._tell_text(Entry.TEXT_OUT, text)
        self._texting = text.id
        self._modem.send_sms(f"text-{text.id}", number, words)

    def next_due(self, now: float) -> float | None:
        """When a text that was refused wants to be tried again, if none is under way."""
        if self._texting is not None:
            return None
        times = [self._text_at.get(text.id, now) for text in self._sendable()]
        return min(times, default=None)

    def texted(self, event: SmsOutcome, now: float) -> None:
        """The modem says what became of a text. Call inside an outbox step."""
        if self._texting is not None and event.ref == f"text-{self._texting}":
            self._texting = None
        text = self._outbox.texts.get(_text_id(event.ref))
        if text is None or (not text.is_open and event.outcome is not Outcome.DONE):
            return
        if event.outcome is Outcome.DONE:
            self._outbox.set_text(replace(text, outcome=TextOutcome.GIVEN))
            self._tell_text(Entry.TEXT_GIVEN, text)
        elif event.outcome is Outcome.UNKNOWN:
            self._outbox.set_text(text.lost())
            self._postpone(text, now)
            self._tell_text(Entry.TEXT_UNKNOWN, text)
        else:
            self._outbox.set_text(text.refused())
            self._postpone(text, now)
            self._tell_text(Entry.TEXT_FAILED, text, count=event.code)
        self._forget_closed()

    def reported(self, event: SmsReport) -> None:
        """The network says whether a text reached its phone."""
        text = self._outbox.texts.get(_text_id(event.ref))
        if text is not None:
            self._tell_text(Entry.TEXT_REACHED if event.delivered else Entry.TEXT_LOST, text)

    def _forget_closed(self) -> None:
        open_ids = {text.id for text in self._outbox.open_texts()}
        for id_ in self._failures.keys() - open_ids:
            del self._failures[id_], self._text_at[id_]
        self._memory.forget_texts(but=open_ids)

    def _postpone(self, text: StoredText, now: float) -> None:
        failures = self._failures[text.id] = self._failures.get(text.id, 0) + 1
        wait = TEXT_RETRIES_S[min(failures, len(TEXT_RETRIES_S)) - 1]
        self._text_at[text.id] = now + wait

    def _words(
        self,
        text: StoredText,
        raised_at: float | None,
        place: Position | NoPosition | None,
        kind: AlarmKind,
    ) -> str:
        wearer, enrolment = self._identity.wearer, self._identity.enrolment
        language = self._languages[self._identity.contacts[text.recipient - 1].language]
        report = self._outbox.reports[text.counter]
        if text.template == Template.ALERT.value:
            again = self._told(report, text.recipient, Template.ALERT)
            link_follows = enrolment is not None and bool(report.sealed)
            return language.alert(wearer, raised_at, place, kind, again, link_follows)
        if text.template == Template.PUBLISH.value:
            return language.publish(wearer, raised_at, place)
        assert enrolment is not None  # a link is only queued where there is an HQ to open it
        link = contact_link(enrolment, to_text(report.sealed), text.recipient)
        return language.link(wearer, link, kind)

    def _told(self, report: StoredReport, recipient: int, template: Template) -> bool:
        """Whether the network has taken such a text of this report's alarm before."""
        alarm = report.alarm
        same = {each.counter for each in self._outbox.reports.values() if each.alarm == alarm}
        return any(
            (text.recipient, text.template) == (recipient, template.value)
            and text.outcome is TextOutcome.GIVEN
            and text.counter in same
            for text in self._outbox.texts.values()
        )

    def _final(self, text: StoredText) -> str:
        if text.template == Template.SEALED.value:
            return to_text(self._outbox.reports[text.counter].sealed)
        words = self._memory.text(text.id)
        if words is None:  # a power cut: what was known is gone, that it happened is not
            words = self._words(text, None, None, self._outbox.alarm.kind)
            self._memory.remember_texts({text.id: words})
        return words

    def _sendable(self) -> list[StoredText]:
        """The open texts whose recipient is still there: an enrolment may have come in between."""
        enrolment = self._identity.enrolment
        hq_number = enrolment is not None and enrolment.hq.number is not None
        return [
            text
            for text in self._outbox.open_texts()
            if (hq_number if text.recipient == HQ else self._is_contact(text))
        ]

    def _is_contact(self, text: StoredText) -> bool:
        links_work = self._identity.enrolment is not None
        return text.recipient <= len(self._identity.contacts) and (
            links_work or text.template != Template.LINK.value
        )

    def _number(self, text: StoredText) -> str:
        if text.recipient == HQ:
            assert self._identity.enrolment is not None
            number = self._identity.enrolment.hq.number
            assert number is not None
            return number
        return self._identity.contacts[text.recipient - 1].number

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

    def _tell_text(self, entry: Entry, text: StoredText, count: int | None = None) -> None:
        self._journal.tell(
            entry,
            alarm=self._outbox.alarm.id,
            path="sms",
            recipient=text.recipient,
            detail=text.template,
            count=count,
        )


def _text_id(ref: str) -> int:
    return int(ref.removeprefix("text-"))


def _ref(report: StoredReport) -> str:
    return f"report-{report.counter}"
