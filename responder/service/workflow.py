"""The workflow: performs what ``rules.decide`` asks for, across restarts and power cuts.

One thread decides and hands out; calls are made on lanes of their own, each by
the performer of its kind, under a lease (``dispatch/outbox.py``). What came of one is unknown when
its lease is over: a post is looked up, a text is sent once more. An alarm's ``due_at`` says when
it is looked at again, so no timer lives in memory.

On PostgreSQL any number of processes do this side by side: a due alarm is
decided by the process that locks it, a planned call made by the one that begins
it. A call of a kind that a process has no performer for is left to the others,
as texts are by one without a modem.
"""

import math
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, func, select

from outcry.responder import journal
from outcry.responder.dispatch import outbox
from outcry.responder.dispatch.outbox import Call
from outcry.responder.dispatch.workers import DECIDED_OTHERWISE, Lanes, May, Performer
from outcry.responder.intake.withdrawals import judge_next
from outcry.responder.part import Part
from outcry.responder.plans import repository
from outcry.responder.plans.repository import Means
from outcry.responder.rules.calls import TEXTS, ActionKind
from outcry.responder.rules.decide import decide, is_allowed, may_begin
from outcry.responder.rules.events import Came, GroundFound, Outcome
from outcry.responder.storage import alarms, event_log, exhibits, store
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.workflow")

LOOK_EVERY_S = 5.0  # also the beat a watchdog may count on
LOOK_FOR_OTHERS_S = 1.0  # where other processes may leave something to do, or end in the midst
TROUBLE_S = 60.0  # an alarm that cannot be decided is tried again after this long
LATE_S = 5.0  # between the lease and the call: then the lease may be over before the call is
LASTING_LEASE_S = 15.0  # of a call without a limit: it is renewed while the call lasts


class Workflow(Part):
    """Decides and acts. ``step`` does all there is to do now; ``start`` keeps doing it."""

    def __init__(
        self,
        database: Store,
        performers: Mapping[ActionKind, Performer],
        means: Means,
        clock: Callable[[], float],
        beat: Callable[[], None],
        lanes: Lanes,
        monotonic: Callable[[], float],
    ) -> None:
        """``clock`` gives Unix seconds; ``beat`` is called at least every ``LOOK_EVERY_S``."""
        super().__init__("workflow")
        self._store = database
        self._performers = performers
        self._means = means
        self._clock = clock
        self._beat = beat
        self._lanes = lanes
        self._monotonic = monotonic
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
        self._look_every_s = LOOK_FOR_OTHERS_S if database.shared else LOOK_EVERY_S
        self._lasting: set[Call] = set()  # made here now, without a limit
        self._woken = threading.Event()
        self._stopping = threading.Event()
        if not database.shared:  # the process that made these calls is gone: there is only one
            with database.read() as connection:
                found = outbox.under_way(connection)
            self._give_up(found)

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """Something new is on disk. Any thread."""
        self._woken.set()

    def hear(self, call_id: int, came: Came) -> None:
        """More is known of a call than its performer has returned. Any thread."""
        with self._store.read() as connection:
            call = outbox.by_id(connection, call_id)
        self._came(call, came)
        self.wake()

    def step(self) -> float | None:
        """Do all there is to do now; when to look again (Unix seconds), None: when woken."""
        self._look_at_leases()
        seen: list[int] = []
        while (alarm := self._decide_next(seen)) is not None:
            seen.append(alarm)
        self._make_calls()
        if judge_next(self._store, self._clock()):  # last, and one a step: nothing waits for it
            return self._clock()
        with self._store.read() as connection:
            at: float | None = connection.scalar(select(func.min(store.alarm.c.due_at)))
            return at

    def run(self) -> None:
        while not self._stopping.is_set():
            self._beat()
            wait = self._look_every_s
            try:
                at = self.step()
                if at is not None:
                    wait = min(self._look_every_s, max(0.0, at - self._clock()))
            except Exception as error:  # noqa: BLE001 - a full disk, say: there may be room soon
                log.tell(journal.Entry.CANNOT_WORK, error=journal.describe(error))
            self._beat()
            self._woken.wait(wait)
            self._woken.clear()

    def _look_at_leases(self) -> None:
        """Renew those of calls that last; give up what nobody makes any more."""
        ours = tuple(self._lasting)
        with self._store.read() as connection:
            lost = outbox.lost(connection)
            ending = outbox.lost(connection, LASTING_LEASE_S / 2) if ours else []
        for call in ending:
            if call in ours:
                with self._store.write() as connection:
                    outbox.renew(connection, call, LASTING_LEASE_S)
        self._give_up([call for call in lost if call not in ours])

    def _give_up(self, found: Sequence[Call]) -> None:
        """Calls that nobody will hear of any more: what came of them is unknown."""
        for call in found:
            with self._store.write() as connection:
                lost = Came(Outcome.UNKNOWN, outbox.LOST)
                given_up = outbox.note(connection, call, self._clock(), lost)
            if given_up:
                why = outbox.LOST
                log.tell(journal.Entry.INTERRUPTED, alarm=call.alarm, call=call.kind, why=why)

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
            log.tell(journal.Entry.CANNOT_DECIDE, alarm=alarm, error=journal.describe(error))
            with self._store.write() as connection:
                alarms.set_due(connection, alarm, self._clock() + TROUBLE_S)
        return alarm

    def _decide(self, connection: Connection, alarm: int) -> None:
        now = self._clock()
        exhibits.plan_in_force(connection, alarm, now)
        case = event_log.case_of(connection, alarm)
        plan = repository.load(connection, alarm, self._means)
        decision = decide(case, plan, now)
        if decision.ground is not None:
            event_log.append(connection, alarm, GroundFound(now, decision.ground))
            log.tell(journal.Entry.MAY_BE_PUBLISHED, alarm=alarm, ground=decision.ground)
        for action in decision.actions:
            outbox.plan(connection, alarm, action, now)
        if any(action.kind is ActionKind.PUBLISH for action in decision.actions):
            event_log.look_at_earlier(connection, alarm, now)  # after its posts: they are linked
        again = decision.look_again_at if decision.ground is None else now
        alarms.set_due(connection, alarm, again)
        alarms.settle(connection, alarm, plan.kind, case)

    def _make_calls(self) -> None:
        """Begin what is planned and can be made now, each on its own lane."""
        with self._store.read() as connection:
            planned = outbox.planned(connection)
        for call in planned:
            performer = self._performers.get(call.kind)
            lane = None if performer is None else performer.lane(call)
            if performer is not None and lane is not None and self._lanes.is_free(lane):
                limit_s = performer.limit_s(call) + LATE_S
                self._lanes.run(lane, limit_s, partial(self._make, performer, call), self.wake)

    def _make(self, performer: Performer, call: Call) -> None:
        """On the lane's thread."""
        try:
            self._perform(performer, call)
        except Exception as error:  # noqa: BLE001 - the database: its lease will run out
            why = journal.describe(error)
            log.tell(journal.Entry.CALL_FAULT, alarm=call.alarm, call=call.kind, error=why)

    def _perform(self, performer: Performer, planned: Call) -> None:
        limit_s = performer.limit_s(planned)
        lasts = math.isinf(limit_s)
        call = self._begin(planned, LASTING_LEASE_S if lasts else limit_s + LATE_S)
        if call is None:
            return
        if lasts:
            self._lasting.add(call)
        try:
            self._came(call, _outcome(performer, call, partial(self._why_not, call)))
        finally:
            self._lasting.discard(call)

    def _why_not(self, call: Call, connection: Connection | None = None) -> str | None:
        """Asked by who makes a call, right before anything leaves: why it may not, or None.

        In a transaction that writes, nobody can decide otherwise before that ends.
        """
        if connection is None:
            with self._store.read() as reading:
                return self._judge(reading, call)
        store.lock_alarms(connection, [call.alarm])
        return self._judge(connection, call)

    def _judge(self, connection: Connection, call: Call) -> str | None:
        if not outbox.is_ours(connection, call):
            return "its lease is over"
        case = event_log.case_of(connection, call.alarm)
        agreed = repository.load(connection, call.alarm, self._means)
        return None if is_allowed(call.target, case, agreed) else DECIDED_OTHERWISE

    def _came(self, call: Call, came: Came) -> None:
        with self._store.write() as connection:
            news = outbox.note(connection, call, self._clock(), came)
        outcome = came.outcome
        if news and call.kind in TEXTS:
            log.tell(journal.Entry.TEXT_CAME, alarm=call.alarm, text=call.id, outcome=outcome)
        elif news:
            log.tell(
                journal.Entry.CALL_CAME,
                alarm=call.alarm,
                call=call.kind,
                target=call.target,
                outcome=outcome,
            )

    def _begin(self, planned: Call, lease_s: float) -> Call | None:
        """Commit a planned call as ``calling``, if it may still be done and nobody was quicker."""
        started = self._monotonic()
        with self._store.write() as connection:
            store.lock_alarms(connection, [planned.alarm])
            case = event_log.case_of(connection, planned.alarm)
            agreed = repository.load(connection, planned.alarm, self._means)
            if not may_begin(planned.target, case, agreed):
                outbox.drop(connection, planned, self._clock(), DECIDED_OTHERWISE)
                return None
            call = outbox.begin(connection, planned, self._owner, lease_s, self._clock())
        if call is not None and self._monotonic() - started > LATE_S:  # stopped, or a slow disk
            with self._store.write() as connection:
                outbox.give_back(connection, call, self._clock())
            return None
        return call


def _outcome(performer: Performer, call: Call, may: May) -> Came:
    try:
        return performer.perform(call, may)
    except Exception as error:  # noqa: BLE001 - a library may raise anything, at any point
        return Came(Outcome.UNKNOWN, type(error).__name__)
