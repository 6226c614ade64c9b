"""Delivery over data: posts reports and heartbeats to HQ, and says what came back.

One post is under way at a time, so that the newest report can always go first.
What failed stays in the outbox and goes again when the alarm's rules say so.
"""

from outcry.daemon.alarm.model import Event, Happening
from outcry.daemon.journal import Entry, Journal
from outcry.daemon.messages.receipts import Receipts
from outcry.daemon.outbox.budget import EXCHANGE_BYTES, Budget, Budgets
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.stored import StoredReport
from outcry.hw.modem import Modem, PostAnswered, PostFailed
from outcry.receipt import ReceiptRefused

_HTTP_OK, _HTTP_CONFLICT = 200, 409


class DataDelivery:
    def __init__(
        self, outbox: Outbox, receipts: Receipts, modem: Modem, journal: Journal, budgets: Budgets
    ) -> None:
        self._outbox = outbox
        self._receipts = receipts
        self._modem = modem
        self._journal = journal
        self._budgets = budgets
        self._told_spent: set[str] = set()
        self._paid = False  # for the post under way
        self.under_way: StoredReport | None = None
        """What the modem posts now: a report, or a heartbeat, which is of no alarm."""
        self.refusals: dict[int, int] = {}
        """How often each report was answered with something that is no receipt."""
        self.trouble = ""
        """Why the last report or heartbeat that was posted got no receipt; empty if it got one."""
        self.answered_at: float | None = None
        """When HQ last answered, a heartbeat or a report."""

    @property
    def is_thrifty(self) -> bool:
        """Whether the day's budget for positions is spent: then they are few."""
        return self._budgets.positions.is_spent

    def post(self) -> None:
        """Send the newest unanswered report, unless one is under way.

        One that was answered with no receipt lets the others go first: it may itself be at fault.
        Positions keep to their budget; what the wearer has said has none.
        """
        if self._is_busy:
            return
        report = self._next_report()
        if report is not None:
            self._tell(Entry.POSTING, report)
            self._hand_over(report)

    def post_heartbeat(self, heartbeat: StoredReport) -> None:
        """Send a heartbeat, unless a report is under way or the day's budget for heartbeats is
        spent. It is not kept and not sent again."""
        if self._is_busy or not heartbeat.sealed:
            return
        if not self._allows(self._budgets.heartbeats, "no heartbeats"):
            self.trouble = self.trouble or "the day's budget for heartbeats is spent"
            return
        self._hand_over(heartbeat)

    def answered(self, event: PostAnswered, now: float) -> list[Happening]:
        """HQ, or something in its place, answered a post; what that means to the alarm."""
        report = self._finished(event.ref)
        if report is None:
            return []
        if not self._paid:
            self._pay(report)
        try:
            if event.status == _HTTP_CONFLICT and not report.alarm:
                self._receipts.note_outdated(event.body, report)
            if event.status != _HTTP_OK:
                raise ReceiptRefused(_refusal(event))
            status = self._receipts.verified(event.body, report)
        except ReceiptRefused as error:
            self._refuse(report)
            return self._failed(report, str(error), Event.POST_REFUSED)
        self.answered_at, self.trouble = now, ""
        if not report.alarm:
            self._journal.tell(Entry.HEARTBEAT, detail="answered")
            return []
        self.refusals.pop(report.counter, None)
        with self._outbox.step():
            return [Event.DATA_WORKS, self._receipts.taken(report, status, "data")]

    def failed(self, event: PostFailed) -> list[Happening]:
        report = self._finished(event.ref)
        return [] if report is None else self._failed(report, event.reason, Event.POST_FAILED)

    def _next_report(self) -> StoredReport | None:
        positions = self._allows(self._budgets.positions, "fewer positions by data")
        refused: list[StoredReport] = []
        for report in self._outbox.newest_unanswered():
            if report.position and not positions:
                continue
            if report.counter not in self.refusals:
                return report
            refused.append(report)
        return min(refused, key=lambda report: self.refusals[report.counter], default=None)

    @property
    def _is_busy(self) -> bool:
        """Whether a report is under way; a heartbeat gives way to anything."""
        return self.under_way is not None and self.under_way.alarm != 0

    def _allows(self, budget: Budget, meanwhile: str) -> bool:
        if not budget.is_spent:
            self._told_spent.discard(meanwhile)
        elif meanwhile not in self._told_spent:
            self._told_spent.add(meanwhile)
            self._journal.tell(Entry.BUDGET_SPENT, path="data", detail=meanwhile)
        return budget.allows

    def _hand_over(self, report: StoredReport) -> None:
        """With a connection the bytes leave at once and are paid for; otherwise when answered."""
        if self.under_way is not None:
            self._modem.cancel_post(_ref(self.under_way))
        self.under_way = report
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

    def _refuse(self, report: StoredReport) -> None:
        known = self._outbox.reports  # a long track loses some
        refusals = {at: n for at, n in self.refusals.items() if at in known}
        self.refusals = refusals | {report.counter: refusals.get(report.counter, 0) + 1}

    def _finished(self, ref: str) -> StoredReport | None:
        """The report or heartbeat of this post, no longer under way."""
        report = self.under_way
        if report is None or ref != _ref(report):
            return None
        self.under_way = None
        return report

    def _failed(self, report: StoredReport, reason: str, failure: Event) -> list[Happening]:
        self.trouble = reason
        if not report.alarm:
            self._journal.tell(Entry.HEARTBEAT, detail=f"unanswered: {reason}")
            return []
        self._tell(Entry.POST_FAILED, report, detail=reason)
        return [failure]

    def _tell(self, entry: Entry, report: StoredReport, detail: str = "") -> None:
        self._journal.tell(
            entry, alarm=report.alarm, path="data", count=report.sequence, detail=detail
        )


def _ref(report: StoredReport) -> str:
    return f"report-{report.counter}"


def _refusal(event: PostAnswered) -> str:
    """HQ's own words have no page; a proxy's have one, also when HQ itself is down."""
    if event.status < 500 and event.body.lstrip().startswith(b"<"):
        return f"a web page answers, HTTP {event.status}"
    return f"HTTP {event.status}"
