"""The workflow: performs what ``response.decide`` asks for, across restarts and power cuts.

One thread. Each outside call is a row that is committed as ``planned``, then
as ``calling``, before the call is made; what came of it is committed after.
A row found in ``calling`` at start is unknown: a post is looked up, a text is
sent once more. An alarm's ``due_at`` says when it is looked at again, so no
timer lives in memory.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, func, select

from outcry.envelope import EnvelopeRefused, Header, from_text, to_text
from outcry.receipt import make
from outcry.report import AlarmKind, Report, decode
from outcry.responder import calls, history, store, texts
from outcry.responder.calls import Call, State
from outcry.responder.faults import describe
from outcry.responder.history import Entry, What
from outcry.responder.inbox import CameBy, Inbox, Refused
from outcry.responder.judging import judge_next
from outcry.responder.notifier import Came, Notifier, NotifierEvent, TextArrived
from outcry.responder.posting.publisher import Publisher, PublishingFailed
from outcry.responder.response import ActionKind, Plan, confirmations, decide, receipt_of
from outcry.responder.store import Store

log = logging.getLogger("outcry.responder.workflow")

LOOK_EVERY_S = 5.0  # also the beat a watchdog may count on
TROUBLE_S = 60.0  # an alarm that cannot be decided is tried again after this long
_TEXTS = (ActionKind.TELL.value, ActionKind.RECEIPT.value)


class Workflow:
    """Decides and acts. ``step`` does all there is to do now; ``start`` keeps doing it."""

    def __init__(
        self,
        database: Store,
        publishers: Mapping[str, Publisher],
        organisation: str,
        public_url: str,
        clock: Callable[[], float],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """``clock`` gives Unix seconds; ``beat`` is called at least every ``LOOK_EVERY_S``."""
        self._store = database
        self._publishers = publishers
        self._organisation = organisation
        self._public_url = public_url
        self._clock = clock
        self._beat = beat
        self._notifier: Notifier | None = None
        self._inbox: Inbox | None = None
        self._events: queue.SimpleQueue[NotifierEvent | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._dropped_texts = 0
        self._recover()

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
        for alarm in self._due():
            try:
                self._decide(alarm)
            except Exception as error:  # noqa: BLE001 - one alarm's trouble must not hold the others
                log.error("alarm %d: cannot decide: %s", alarm, describe(error))
                self._put_off(alarm)
        while call := self._begin(ActionKind.PUBLISH.value):
            self._publish(call)
        if self._notifier is not None and self._notifier.ready() and not self._texting():
            self._text(self._notifier)
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
                self._text_arrived(event.text)
            case _:
                pass  # Ready: the step that follows looks by itself

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._beat()
            wait = LOOK_EVERY_S
            try:
                at = self.step()
                if at is not None:
                    wait = min(LOOK_EVERY_S, max(0.0, at - self._clock()))
            except Exception as error:  # noqa: BLE001 - a full disk, say: it may be mended soon
                log.error("cannot work: %s", describe(error))
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

    def _recover(self) -> None:
        """A call that was under way when the last process ended: nobody knows what came of it."""
        with self._store.write() as connection:
            for call in calls.found(connection, State.CALLING):
                log.warning("alarm %d: %s was under way at the restart", call.alarm, call.kind)
                calls.note(
                    connection, call, self._clock(), What.UNKNOWN, why="restarted during the call"
                )

    def _due(self) -> list[int]:
        table = store.alarm
        with self._store.read() as connection:
            due = select(table.c.id).where(table.c.due_at <= self._clock())
            return list(connection.scalars(due.order_by(table.c.due_at)))

    def _decide(self, alarm: int) -> None:
        now = self._clock()
        with self._store.write() as connection:
            entries = history.load(connection, alarm)
            decision = decide(entries, self._plan(connection, alarm), now)
            if decision.ground is not None:
                entry = Entry(now, What.GROUND, {"ground": decision.ground.value})
                history.append(connection, alarm, entry)
            for action in decision.actions:
                calls.plan(connection, alarm, action, now)
            again = decision.look_again_at if decision.ground is None else now
            calls.set_due(connection, alarm, again)
        if decision.ground is not None:
            log.info("alarm %d: may be published, by %s", alarm, decision.ground)

    def _put_off(self, alarm: int) -> None:
        with self._store.write() as connection:
            calls.set_due(connection, alarm, self._clock() + TROUBLE_S)

    def _plan(self, connection: Connection, alarm: int) -> Plan:
        row = connection.execute(
            select(store.alarm.c.kind, store.wearer.c.quorum, store.wearer.c.number)
            .join(store.wearer, store.wearer.c.device == store.alarm.c.device)
            .where(store.alarm.c.id == alarm)
        ).one()
        contacts = connection.scalars(
            select(store.contact.c.number_in_list)
            .join(store.alarm, store.alarm.c.device == store.contact.c.device)
            .where(store.alarm.c.id == alarm)
            .order_by(store.contact.c.number_in_list)
        )
        return Plan(
            AlarmKind(row.kind),
            tuple(contacts),
            row.quorum,
            can_text=self._notifier is not None,
            wearer_number=row.number is not None,
        )

    def _begin(self, *kinds: str) -> Call | None:
        """Commit the next planned call of these kinds as ``calling``."""
        with self._store.write() as connection:
            call = next(calls.found(connection, State.PLANNED, *kinds), None)
            if call is not None:
                calls.set_state(connection, call, State.CALLING.value, self._clock())
            return call

    def _publish(self, call: Call) -> None:
        publisher = self._publishers[call.target]
        key = f"alarm-{call.alarm}"
        try:
            posted = publisher.find(key) or publisher.post(key, self._post_text(call.alarm))
        except PublishingFailed as error:
            what, more = What.FAILED, {"why": str(error)}
        except Exception as error:  # noqa: BLE001 - a library may raise anything, at any point
            what, more = What.UNKNOWN, {"why": type(error).__name__}
        else:
            what, more = What.DONE, {"url": posted.url}
        with self._store.write() as connection:
            calls.note(connection, call, self._clock(), what, **more)
        log.info("alarm %d: post to %s: %s", call.alarm, call.target, what.name.lower())

    def _post_text(self, alarm: int) -> str:
        with self._store.read() as connection:
            wearer, report, arrived_at = opening(connection, alarm)
            confirmed = confirmations(history.load(connection, alarm))
        raised = texts.raised_at(report, arrived_at)
        return texts.post_text(wearer, self._organisation, raised, confirmed)

    def _texting(self) -> bool:
        """Whether a text is with the notifier: one at a time, so at most one is ever in doubt."""
        with self._store.read() as connection:
            return next(calls.found(connection, State.CALLING, *_TEXTS), None) is not None

    def _text(self, notifier: Notifier) -> None:
        """Hand the next text to the notifier, if there is one."""
        call = self._begin(*_TEXTS)
        if call is None:
            return
        try:
            with self._store.read() as connection:
                if call.kind == ActionKind.TELL:
                    number, text = self._tell(connection, call)
                else:
                    number, text = self._receipt(connection, call)
        except Exception as error:  # noqa: BLE001 - nothing has left; let the next text go
            log.error("alarm %d: text %d cannot be made: %s", call.alarm, call.id, describe(error))
            with self._store.write() as connection:
                calls.note(connection, call, self._clock(), What.FAILED, why=type(error).__name__)
            return
        log.info("alarm %d: %s, text %d leaves", call.alarm, call.kind, call.id)
        notifier.send(str(call.id), number, text)

    def _tell(self, connection: Connection, call: Call) -> tuple[str, str]:
        row = connection.execute(
            select(store.contact.c.number, store.invitation.c.token)
            .join(store.invitation, store.invitation.c.contact == store.contact.c.id)
            .where(
                store.invitation.c.alarm == call.alarm,
                store.contact.c.number_in_list == int(call.target),
            )
        ).one()
        wearer, report, arrived_at = opening(connection, call.alarm)
        link = f"{self._public_url}/c/{row.token}"
        return row.number, texts.tell_text(wearer, report, arrived_at, link)

    def _receipt(self, connection: Connection, call: Call) -> tuple[str, str]:
        message, status = receipt_of(call.target)
        row = connection.execute(
            select(
                store.wearer.c.number,
                store.message.c.device,
                store.message.c.counter,
                store.message.c.report,
            )
            .join(store.wearer, store.wearer.c.device == store.message.c.device)
            .where(store.message.c.id == message)
        ).one()
        header = Header(row.device, row.counter)
        return row.number, to_text(make(decode(row.report).token, status, header))

    def _came(self, event: Came) -> None:
        with self._store.write() as connection:
            call = calls.by_id(connection, int(event.ref))
            calls.note(connection, call, self._clock(), event.what, why=event.why)
        log.info("alarm %d: text %d: %s", call.alarm, call.id, event.what.name.lower())

    def _text_arrived(self, text: str) -> None:
        """A sealed report goes to the inbox; every other text is dropped without a look at it."""
        assert self._inbox is not None
        try:
            self._inbox.take(from_text(text.strip()), CameBy.SMS)
        except (EnvelopeRefused, Refused):
            self._dropped_texts += 1
            log.info("a text that is no report was dropped (%d so far)", self._dropped_texts)


def opening(connection: Connection, alarm: int) -> tuple[str, Report, float]:
    """Who, and the report that opened the alarm here, with its arrival (Unix seconds)."""
    row = connection.execute(
        select(store.wearer.c.name, store.message.c.report, store.message.c.received_at)
        .join(store.wearer, store.wearer.c.device == store.message.c.device)
        .where(store.message.c.alarm == alarm)
        .order_by(store.message.c.id)
        .limit(1)
    ).one()
    return row.name, decode(row.report), row.received_at
