"""HQ's receipts, by data or by SMS: verified, and noted in the outbox."""

from contextlib import suppress

from outcry.daemon.alarm.model import ReceiptCame
from outcry.daemon.journal import Entry, Journal
from outcry.daemon.messages.identity import Identity
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.stored import StoredReport
from outcry.envelope import EnvelopeRefused, Header, from_text
from outcry.hw.modem import SmsReceived
from outcry.receipt import OUTDATED, RECEIPT_CHARS, ReceiptRefused, Status, header_of, make, verify


class Receipts:
    def __init__(self, identity: Identity, outbox: Outbox, journal: Journal) -> None:
        self._enrolment = identity.enrolment
        self._outbox = outbox
        self._journal = journal

    def verified(self, receipt: bytes, report: StoredReport) -> Status:
        """What the receipt says. Raises ``ReceiptRefused`` if it is not one of this report."""
        if self._enrolment is None:
            raise ReceiptRefused("there is no HQ")
        return verify(receipt, report.token, Header(self._enrolment.device, report.counter))

    def note_outdated(self, refusal: bytes, heartbeat: StoredReport) -> None:
        """Go on above the counter that HQ has heard, if it says so of this very heartbeat."""
        with suppress(ReceiptRefused):
            latest = header_of(refusal)
            if refusal == make(heartbeat.token, OUTDATED, latest):  # a token is good for one guess
                self._outbox.skip_to(latest.counter + 1)

    def taken(self, report: StoredReport, status: Status, path: str) -> ReceiptCame:
        """Note that HQ has this report. Call inside an outbox step."""
        acknowledged = status is Status.ACKNOWLEDGED
        detail = "a person has it" if acknowledged else "HQ has it"
        self._outbox.answer_report(report)
        self._journal.tell(
            Entry.RECEIPT, alarm=report.alarm, path=path, count=report.sequence, detail=detail
        )
        return ReceiptCame(report.alarm, report.sequence, acknowledged)

    def by_sms(self, message: SmsReceived) -> list[ReceiptCame]:
        """The receipt in this SMS; nothing else that an SMS says counts."""
        try:
            text = message.text.strip()  # some gateways end a text with a line end
            if len(text) != RECEIPT_CHARS:
                raise ReceiptRefused("not a receipt's length")
            receipt = from_text(text)
            report = self._outbox.reports.get(header_of(receipt).counter)
            if report is None:
                raise ReceiptRefused("no such report")
            status = self.verified(receipt, report)
        except (ReceiptRefused, EnvelopeRefused):
            self._journal.tell(Entry.STRANGE_SMS)
            return []
        with self._outbox.step():
            return [self.taken(report, status, "sms")]
