"""The loop: one thread owns the alarm; everything that happens comes to it on one queue.

It turns edges into holds, asks the alarm's rules what to do, writes that down,
and only then does it. It waits for nothing but the queue.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ParamSpec

from outcry.beats import Beats
from outcry.daemon import hold, reporter
from outcry.daemon.alarm import (
    Effect,
    Event,
    MakeReport,
    Pulse,
    Rules,
    SendData,
    SendSms,
    State,
    Vibrate,
    step,
)
from outcry.daemon.delivery import Answer, Delivery
from outcry.daemon.edge import Edge
from outcry.daemon.journal import Entry, Journal
from outcry.daemon.memory import Memory
from outcry.daemon.outbox import Outbox
from outcry.daemon.service import Service, where
from outcry.hw.gps import Fix, Gps, NoFix, NoFixReason
from outcry.hw.modem import (
    DataPath,
    Modem,
    ModemEvent,
    ModemState,
    ModemWarning,
    PostAnswered,
    PostFailed,
    SmsLeaving,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from outcry.hw.vibration import Pattern, Vibration, VibrationUnusable
from outcry.report import AlarmKind, Flag, MessageType, NoPosition, Position

P = ParamSpec("P")
FAULT_PAUSE_S = 1.0  # what failed is due again at once: the loop must not run hot over it
PATTERNS = {  # told apart by count and length, blind, through a jacket
    Pulse.RAISED: Pattern(pulses=1, on_s=0.5, off_s=0.2),
    Pulse.STORED: Pattern(pulses=2, on_s=0.2, off_s=0.2),
    Pulse.ACKNOWLEDGED: Pattern(pulses=3, on_s=0.6, off_s=0.3),
}


@dataclass(frozen=True)
class Stop:
    """The service is asked to stop."""

    reason: str


Message = Edge | Stop | Fix | NoFix | ModemEvent


@dataclass
class Parts:
    """All the loop works with. ``vibration`` is ``None`` when nothing may or can buzz."""

    outbox: Outbox
    memory: Memory
    reporter: reporter.Reporter
    delivery: Delivery
    modem: Modem
    gps: Gps
    vibration: Vibration | None
    journal: Journal
    service: Service
    beats: Beats


class Loop:
    """Owns the alarm. ``clock()`` is monotonic seconds, ``random(n)`` n secret bytes."""

    def __init__(
        self,
        parts: Parts,
        rules: Rules,
        hold_s: float,
        heartbeat_s: float,
        messages: queue.SimpleQueue[Message],
        clock: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        self._parts = parts
        self._rules = rules
        self._hold_s = hold_s
        self._heartbeat_s = heartbeat_s
        self._messages = messages
        self._clock = clock
        self._random = random
        self._button = hold.Button()
        self._no_fix = NoFix(NoFixReason.NOT_ASKED_YET)
        self._has_fix = False
        self._reported: Position | NoPosition | None = None
        self._heartbeat_at: float | None = None
        self._heartbeats = 0
        self._flags = Flag(0)
        self._stopping = False
        self._faulty = False
        self._alarm = parts.outbox.alarm

    def run(self) -> None:
        """Until a :class:`Stop` comes. No fault in one thing ends the loop or holds up another."""
        self._safely(self._begin)
        self._safely(self._parts.reporter.try_seal)
        while not self._stopping:
            message = self._next()
            if message is not None:
                self._safely(self.handle, message)
            self.tick()

    def handle(self, message: Message) -> None:
        """One thing that happened."""
        now = self._clock()
        match message:
            case Edge(closed, at):
                self._button, held = hold.edge(self._button, closed, at, self._hold_s)
                if held:
                    self._held(now)
            case Fix() | NoFix():
                self._see(message, now)
            case PostAnswered():
                with self._parts.outbox.step():
                    answer = self._parts.delivery.answered(message)
                self._take(answer, now)
            case PostFailed():
                self._take(self._parts.delivery.failed(message), now)
            case SmsLeaving():
                with self._parts.outbox.step():
                    self._parts.delivery.leaving(message)
            case SmsOutcome():
                with self._parts.outbox.step():
                    self._parts.delivery.texted(message, now)
            case SmsReceived():
                with self._parts.outbox.step():
                    answer = self._parts.delivery.received(message)
                self._take(answer, now)
            case DataPath(up):
                self._parts.journal.tell(Entry.DATA_PATH, detail="up" if up else "down")
                self._happen(Event.DATA_UP if up else Event.DATA_DOWN, now)
            case ModemWarning(under_voltage, jamming):
                words = [w for w, on in (("low supply", under_voltage), ("jamming", jamming)) if on]
                detail = " and ".join(words) or "no more warnings"
                self._parts.journal.tell(Entry.MODEM, detail=detail)
            case ModemState(state, reason):
                self._parts.journal.tell(Entry.MODEM, detail=reason or state.value)
            case Stop(reason):
                self._parts.journal.tell(Entry.STOPPING, detail=reason)
                self._stopping = True
            case SmsReport():
                self._parts.delivery.reported(message)

    def tick(self) -> None:
        """Whatever time has made due."""
        now = self._clock()
        self._faulty = False
        self._safely(self._look_at_button, now)
        self._safely(self._ring, now)
        self._safely(self._parts.delivery.send_text, now)
        self._safely(self._supervise, now)
        self._safely(self._tell_service, now)

    def next_due(self) -> float:
        """When :meth:`tick` wants to be called next, whatever else happens."""
        now = self._clock()
        times = [
            hold.due(self._button, self._hold_s),
            self._alarm.next_due(),
            self._parts.delivery.next_due(now),
            self._heartbeat_at,
            now + self._parts.beats.interval_s,
        ]
        soonest = now + FAULT_PAUSE_S if self._faulty else now
        return max(soonest, min(time for time in times if time is not None))

    def _next(self) -> Message | None:
        wait = FAULT_PAUSE_S
        try:
            wait = max(self.next_due() - self._clock(), 0)
        except Exception as error:  # noqa: BLE001 - told, and the alarm goes on
            self._tell_fault(error)
        try:
            return self._messages.get(timeout=wait)
        except queue.Empty:
            return None

    def _look_at_button(self, now: float) -> None:
        if not self._messages.empty():  # an edge older than now may wait there: a tap is no hold
            return
        self._button, held = hold.look(self._button, now, self._hold_s)
        if held:
            self._held(now)

    def _ring(self, now: float) -> None:
        while (event := self._alarm.due_event(now)) is not None:
            self._happen(event, now)

    def _supervise(self, now: float) -> None:
        if self._heartbeat_at is not None and self._heartbeat_at <= now:
            self._heartbeat_at = now + self._heartbeat_s
            self._send_heartbeat(now)

    def _tell_service(self, now: float) -> None:
        self._parts.service.status(self._status())
        if self._parts.beats.all_alive(now):
            self._parts.service.alive()

    def _begin(self) -> None:
        now = self._clock()
        self._heartbeat_at = now + self._heartbeat_s
        if self._alarm.state is not State.IDLE:
            self._parts.journal.tell(Entry.RESUMED, alarm=self._alarm.id, state=self._alarm.state)
            self._flags = Flag.RESTARTED
            self._parts.gps.hurry(True)
            self._parts.modem.set_urgent(self._is_urgent)
            self._happen(Event.RESUMED, now)

    @property
    def _is_urgent(self) -> bool:
        """Whether nobody has answered what the wearer last said."""
        return self._alarm.state in (State.RAISED, State.OVER_SMS)

    def _held(self, now: float) -> None:
        alarm = self._alarm
        if alarm.state is State.IDLE:
            id_ = int.from_bytes(self._random(4), "big") or 1
            self._alarm = replace(alarm, id=id_, kind=AlarmKind.PANIC)
        self._parts.journal.tell(Entry.HELD, alarm=self._alarm.id)
        self._happen(Event.HELD, now)
        self._parts.gps.hurry(True)

    def _see(self, reading: Fix | NoFix, now: float) -> None:
        has_fix = isinstance(reading, Fix)
        if isinstance(reading, Fix):
            self._parts.memory.see(reading)
        if has_fix != self._has_fix or (isinstance(reading, NoFix) and reading != self._no_fix):
            detail = "fix" if isinstance(reading, Fix) else reading.reason.value
            self._parts.journal.tell(Entry.GPS, detail=detail)
        self._has_fix = has_fix
        if isinstance(reading, NoFix):
            self._no_fix = reading
        elif reporter.is_better(self._place(now), self._reported):
            blind = isinstance(self._reported, NoPosition)
            self._happen(Event.FIRST_FIX if blind else Event.BETTER_FIX, now)

    def _take(self, answer: Answer, now: float) -> None:
        for event in answer.events:
            receipt = event in (Event.RECEIPT_STORED, Event.RECEIPT_ACKNOWLEDGED)
            old = answer.sequence is not None and not self._alarm.is_answered_by(answer.sequence)
            if not (receipt and old):  # an old report's receipt says nothing of the last hold
                self._happen(event, now)

    def _happen(self, event: Event, now: float) -> None:
        """Let the rules decide; first everything to the card, then everything else."""
        before = self._alarm
        self._alarm, effects = step(before, event, now, self._rules)
        self._safely(self._write_down, effects, now)
        for effect in effects:
            self._safely(self._carry_out, effect)
        if self._alarm.state is not before.state:
            self._parts.modem.set_urgent(self._is_urgent)
            self._parts.journal.tell(
                Entry.STATE, alarm=self._alarm.id, state=self._alarm.state, detail=event.value
            )

    def _write_down(self, effects: tuple[Effect, ...], now: float) -> None:
        with self._parts.outbox.step():
            self._safely(self._parts.outbox.save_alarm, self._alarm)
            for effect in effects:
                self._safely(self._prepare, effect, now)

    def _prepare(self, effect: Effect, now: float) -> None:
        if isinstance(effect, MakeReport):
            self._make_report(effect, now)
        elif isinstance(effect, SendSms):
            report = max(self._parts.outbox.reports.values(), key=lambda report: report.counter)
            self._parts.delivery.queue_texts(
                report,
                effect.audience,
                self._parts.reporter.time(),
                self._place(now),
                self._alarm.kind,
            )

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, SendData):
            self._parts.delivery.post()
        elif isinstance(effect, Vibrate):
            self._vibrate(effect.pulse)
        elif isinstance(effect, MakeReport):
            self._parts.journal.tell(Entry.SEALED, alarm=self._alarm.id, count=effect.sequence)

    def _make_report(self, effect: MakeReport, now: float) -> None:
        alarm, place = self._alarm, self._place(now)
        self._reported = place
        try:
            report = self._parts.reporter.seal(
                effect.type,
                alarm.kind,
                alarm.id,
                effect.sequence,
                place,
                self._parts.modem.status(),
                self._flags,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the plain texts must go
            self._parts.journal.tell(Entry.INTERNAL, alarm=alarm.id, detail=where(error))
            report = self._parts.reporter.unsealed(alarm.id, effect.sequence)
        self._parts.outbox.add_report(report)

    def _send_heartbeat(self, now: float) -> None:
        self._heartbeats = (self._heartbeats + 1) & 0xFFFF
        heartbeat = self._parts.reporter.seal(
            MessageType.HEARTBEAT,
            AlarmKind.NONE,
            0,
            self._heartbeats,
            self._place(now),
            self._parts.modem.status(),
        )
        self._parts.delivery.post_heartbeat(heartbeat)

    def _vibrate(self, pulse: Pulse) -> None:
        if self._parts.vibration is None:
            return
        try:
            self._parts.vibration.play(PATTERNS[pulse])
        except VibrationUnusable as error:
            self._parts.journal.tell(Entry.PART_FAULT, detail=str(error))

    def _place(self, now: float) -> Position | NoPosition:
        return reporter.place(self._parts.memory.fix, self._no_fix, now)

    def _status(self) -> str:
        alarm = self._alarm
        modem = self._parts.modem.status()
        what = "armed" if alarm.state is State.IDLE else f"alarm {alarm.id:08x} {alarm.state.value}"
        fix = "fix" if self._has_fix else f"no fix ({self._no_fix.reason.value})"
        data = "data up" if modem.data_up else "data down"
        card = "" if self._parts.outbox.durable else "; the card cannot be written"
        return f"{what}; {fix}; modem {modem.state.value}; {data}{card}"

    def _safely(self, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            work(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - told, and the alarm goes on
            self._tell_fault(error)

    def _tell_fault(self, error: Exception) -> None:
        self._faulty = True
        self._parts.journal.tell(Entry.INTERNAL, alarm=self._alarm.id, detail=where(error))
