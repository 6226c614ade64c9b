"""The workflow: performs what ``response.decide`` asks for, across restarts and power cuts.

One thread decides and begins; calls are made on lanes of their own. Each
outside call is a row that is committed as ``planned``, then as ``calling``
under a lease, before the call is made; what came of it is committed after. A
row whose lease is over is unknown: a post is looked up, a text is sent once
more. An alarm's ``due_at`` says when it is looked at again, so no timer lives
in memory.

On PostgreSQL any number of processes do this side by side: a due alarm is
decided by whoever locks it, a planned call made by whoever begins it. Texts
are left to those who have a modem.
"""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, func, select

from outcry.envelope import EnvelopeRefused, from_text
from outcry.responder import journal
from outcry.responder.dispatch import outbox
from outcry.responder.dispatch.outbox import Call
from outcry.responder.dispatch.performer import Performer
from outcry.responder.dispatch.workers import Inline, Lanes
from outcry.responder.intake.inbox import CameBy, Inbox, Refused
from outcry.responder.intake.sms_answers import SmsAnswers
from outcry.responder.intake.withdrawals import judge_next
from outcry.responder.notify.by_sms import KINDS as TEXTS
from outcry.responder.notify.by_sms import Texting
from outcry.responder.plans import repository
from outcry.responder.plans.repository import Means
from outcry.responder.rules.decide import ActionKind, decide, is_allowed
from outcry.responder.rules.events import Entry, What
from outcry.responder.safe_errors import describe
from outcry.responder.storage import alarms, event_log, store
from outcry.responder.storage.alarms import opening
from outcry.responder.storage.store import Store
from outcry.responder.transports.sms import Came, Notifier, NotifierEvent, TextArrived

__all__ = ["LOOK_EVERY_S", "Workflow", "opening"]

log = journal.Log("outcry.responder.workflow")

LOOK_EVERY_S = 5.0  # also the beat a watchdog may count on
LOOK_FOR_OTHERS_S = 1.0  # where other processes may leave something to do, or end in the midst
TROUBLE_S = 60.0  # an alarm that cannot be decided is tried again after this long
LATE_S = 5.0  # between the lease and the call: then the lease may be over before the call is
TEXT_LEASE_S = 15.0  # a text may take minutes, so its lease is renewed at every look
ALONE_S = 3600.0  # no other process looks at leases, and the next one does at its start


class Workflow:
    """Decides and acts. ``step`` does all there is to do now; ``start`` keeps doing it."""

    def __init__(
        self,
        database: Store,
        performers: Mapping[ActionKind, Performer],
        texting: Texting,
        means: Means,
        clock: Callable[[], float],
        beat: Callable[[], None] = lambda: None,
        lanes: Lanes | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``clock`` gives Unix seconds; ``beat`` is called at least every ``LOOK_EVERY_S``."""
        self._store = database
        self._performers = performers
        self._texting = texting
        self._means = means
        self._clock = clock
        self._beat = beat
        self._lanes = lanes or Inline()
        self._monotonic = monotonic
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
        self._look_every_s = LOOK_FOR_OTHERS_S if database.shared else LOOK_EVERY_S
        self._text_lease_s = TEXT_LEASE_S if database.shared else ALONE_S
        self._notifier: Notifier | None = None
        self._inbox: Inbox | None = None
        self._in_hand: Call | None = None  # the text that is with the notifier
        self._events: queue.SimpleQueue[NotifierEvent | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._dropped_texts = 0
        self._answers = SmsAnswers(database, clock)
        if not database.shared:  # whoever made these calls is gone, for there is only one of us
            with database.read() as connection:
                found = outbox.under_way(connection)
            self._give_up(found)

    def connect(self, inbox: Inbox, notifier: Notifier | None) -> None:
        """Where arriving texts go, and what texts leave by. Call before ``start``."""
        self._inbox = inbox
        self._notifier = notifier

    def start(self) -> None:
        """Work on a thread of its own until ``stop``."""
        self._thread = threading.Thread(target=self._run, name="workflow", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Finish the step in hand; False if that took longer than ``timeout_s``."""
        self._stopping.set()
        self.wake()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def wake(self) -> None:
        """Something new is on disk. Any thread."""
        self._events.put(None)

    def on_event(self, event: NotifierEvent) -> None:
        """Something came from the notifier. Any thread."""
        self._events.put(event)

    def step(self) -> float | None:
        """Do all there is to do now; when to look again (Unix seconds), None: when woken."""
        with self._store.read() as connection:
            lost = outbox.lost(connection)
        self._give_up([call for call in lost if call != self._in_hand])
        seen: list[int] = []
        while (alarm := self._decide_next(seen)) is not None:
            seen.append(alarm)
        self._make_calls()
        if judge_next(self._store, self._clock()):  # last, and one a step: nothing waits for it
            return self._clock()
        with self._store.read() as connection:
            at: float | None = connection.scalar(select(func.min(store.alarm.c.due_at)))
            return at

    def hear(self, event: NotifierEvent) -> None:
        """Take in what came from the notifier."""
        match event:
            case Came():
                self._came(event)
            case TextArrived():
                self._text_arrived(event)
            case _:
                pass  # Ready: the step that follows looks by itself

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._beat()
            wait = self._look_every_s
            try:
                at = self.step()
                if at is not None:
                    wait = min(self._look_every_s, max(0.0, at - self._clock()))
            except Exception as error:  # noqa: BLE001 - a full disk, say: it may be mended soon
                log.tell(journal.Entry.CANNOT_WORK, error=describe(error))
            self._listen(wait)

    def _listen(self, wait_s: float) -> None:
        """Take in all that has come, waiting for the first."""
        try:
            event = self._events.get(timeout=wait_s)
            while True:
                if event is not None:
                    self.hear(event)
                event = self._events.get_nowait()
        except queue.Empty:
            pass

    def _give_up(self, found: list[Call]) -> None:
        """Calls that nobody will hear of any more: what came of them is unknown."""
        for call in found:
            with self._store.write() as connection:
                given_up = outbox.note(
                    connection, call, self._clock(), What.UNKNOWN, why=outbox.LOST
                )
            if given_up:
                log.tell(
                    journal.Entry.INTERRUPTED, alarm=call.alarm, call=call.kind, why=outbox.LOST
                )

    def _decide_next(self, seen: list[int]) -> int | None:
        """Decide the alarm that has been due for longest, but for those seen; None: there is none.

        Another process may be deciding one at this moment: that one is passed over.
        """
        table = store.alarm
        due = (
            select(table.c.id)
            .where(table.c.due_at <= self._clock(), table.c.id.not_in(seen))
            .order_by(table.c.due_at)
            .limit(1)
            .with_for_update(skip_locked=True, key_share=True)
        )
        alarm: int | None = None
        try:
            with self._store.write() as connection:
                alarm = connection.scalar(due)
                if alarm is not None:
                    self._decide(connection, alarm)
        except Exception as error:  # one alarm's trouble must not hold the others
            if alarm is None:
                raise
            log.tell(journal.Entry.CANNOT_DECIDE, alarm=alarm, error=describe(error))
            with self._store.write() as connection:
                alarms.set_due(connection, alarm, self._clock() + TROUBLE_S)
        return alarm

    def _decide(self, connection: Connection, alarm: int) -> None:
        now = self._clock()
        entries = event_log.load(connection, alarm)
        decision = decide(entries, repository.load(connection, alarm, self._means), now)
        if decision.ground is not None:
            entry = Entry(now, What.GROUND, {"ground": decision.ground.value})
            event_log.append(connection, alarm, entry)
            log.tell(journal.Entry.MAY_BE_PUBLISHED, alarm=alarm, ground=decision.ground)
        for action in decision.actions:
            outbox.plan(connection, alarm, action, now)
        again = decision.look_again_at if decision.ground is None else now
        alarms.set_due(connection, alarm, again)

    def _make_calls(self) -> None:
        """Begin what is planned: each lane's on its own, and one text, if there is a modem."""
        with self._store.read() as connection:
            planned = outbox.planned(connection)
        if self._in_hand is not None:
            self._keep_in_hand()
        elif self._notifier is not None and self._notifier.ready():
            text = next((call for call in planned if call.kind in TEXTS), None)
            if text is not None:
                self._text(self._notifier, text)
        for call in planned:
            performer = self._performers.get(ActionKind(call.kind))
            if performer is not None and self._lanes.is_free(performer.lane(call)):
                limit_s = performer.limit_s(call) + LATE_S
                self._lanes.run(performer.lane(call), limit_s, self._making(performer, call))

    def _keep_in_hand(self) -> None:
        """Other processes see that somebody still waits to hear of the text."""
        if self._store.shared:
            with self._store.write() as connection:
                outbox.renew(connection, self._owner, TEXTS, self._text_lease_s)

    def _making(self, performer: Performer, call: Call) -> Callable[[], None]:
        def make() -> None:
            try:
                self._perform(performer, call)
            except Exception as error:  # noqa: BLE001 - the database: its lease will run out
                why = describe(error)
                log.tell(journal.Entry.CALL_FAULT, alarm=call.alarm, call=call.kind, error=why)
            self.wake()

        return make

    def _perform(self, performer: Performer, planned: Call) -> None:
        limit_s = performer.limit_s(planned)
        call = self._begin(planned, limit_s + LATE_S)
        if call is None:
            return
        try:
            what, more = performer.perform(call)
        except Exception as error:  # noqa: BLE001 - a library may raise anything, at any point
            what, more = What.UNKNOWN, {"why": type(error).__name__}
        with self._store.write() as connection:
            outbox.note(connection, call, self._clock(), what, **more)
        log.tell(
            journal.Entry.CALL_CAME,
            alarm=call.alarm,
            call=call.kind,
            target=call.target,
            outcome=what.name.lower(),
        )

    def _begin(self, planned: Call, lease_s: float) -> Call | None:
        """Commit a planned call as ``calling``, if it may still be done and nobody was quicker."""
        started = self._monotonic()
        with self._store.write() as connection:
            store.lock_alarm(connection, planned.alarm)
            entries = event_log.load(connection, planned.alarm)
            agreed = repository.load(connection, planned.alarm, self._means)
            if not is_allowed(ActionKind(planned.kind), entries, agreed):
                outbox.drop(connection, planned, self._clock(), "people have decided otherwise")
                return None
            call = outbox.begin(connection, planned, self._owner, lease_s, self._clock())
        if call is not None and self._monotonic() - started > LATE_S:  # stopped, or a slow disk
            with self._store.write() as connection:
                outbox.give_back(connection, call, self._clock())
            return None
        return call

    def _text(self, notifier: Notifier, planned: Call) -> None:
        """Hand a text to the notifier. One at a time, so at most one is ever in doubt."""
        call = self._begin(planned, self._text_lease_s)
        if call is None:
            self.wake()
            return
        try:
            number, text = self._texting.write(call)
        except Exception as error:  # noqa: BLE001 - nothing has left; let the next text go
            why = describe(error)
            log.tell(journal.Entry.TEXT_FAULT, alarm=call.alarm, text=call.id, error=why)
            with self._store.write() as connection:
                outbox.note(connection, call, self._clock(), What.FAILED, why=type(error).__name__)
            return
        log.tell(journal.Entry.TEXT_LEAVES, alarm=call.alarm, call=call.kind, text=call.id)
        self._in_hand = call
        notifier.send(str(call.id), number, text)

    def _came(self, event: Came) -> None:
        if self._in_hand is not None and event.ref == str(self._in_hand.id):
            self._in_hand = None
        with self._store.write() as connection:
            call = outbox.by_id(connection, int(event.ref))
            known = outbox.note(connection, call, self._clock(), event.what, why=event.why)
        if known:
            outcome = event.what.name.lower()
            log.tell(journal.Entry.TEXT_CAME, alarm=call.alarm, text=call.id, outcome=outcome)

    def _text_arrived(self, event: TextArrived) -> None:
        """A sealed report goes to the inbox; else it may be a contact's answer, or is dropped."""
        assert self._inbox is not None
        try:
            self._inbox.take(from_text(event.text.strip()), CameBy.SMS)
        except (EnvelopeRefused, Refused):
            if not self._answers.take(event.sender, event.text):
                self._dropped_texts += 1
                log.tell(journal.Entry.TEXT_DROPPED, count=self._dropped_texts)
