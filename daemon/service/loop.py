"""The loop: one thread owns the alarm; everything that happens comes to it on one queue.

It turns edges into gestures, asks the alarm's rules what to do, writes that
down, and only then does it. It waits for nothing but the queue.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ParamSpec

from outcry.daemon.alarm import movement
from outcry.daemon.alarm.model import (
    Alarm,
    Audience,
    DropDrill,
    Effect,
    Event,
    MakeReport,
    Pulse,
    Rules,
    SendData,
    SendSms,
    State,
    Vibrate,
)
from outcry.daemon.alarm.rules import step
from outcry.daemon.journal import Entry
from outcry.daemon.messages import reports
from outcry.daemon.messages.delivery import Answer
from outcry.daemon.service import status
from outcry.daemon.service.control_socket import Asked
from outcry.daemon.service.drills import Hop
from outcry.daemon.service.parts import Message, Parts, Stop
from outcry.daemon.service.systemd import where
from outcry.daemon.touch.button import Held, Tapped
from outcry.daemon.touch.edges import Edge, StrapEdge
from outcry.daemon.touch.haptics import PATTERNS, TRIAL
from outcry.daemon.touch.inputs import WORDS
from outcry.daemon.touch.inputs import Event as Sensed
from outcry.daemon.touch.strap import StrapClosed, StrapOpened
from outcry.hw.gps import Fix, NoFix, NoFixReason
from outcry.hw.modem import (
    DataPath,
    ModemState,
    ModemWarning,
    Outcome,
    PostAnswered,
    PostFailed,
    SmsLeaving,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from outcry.hw.vibration import Pattern, VibrationUnusable
from outcry.report import AlarmKind, Flag, MessageType, NoPosition, Position

P = ParamSpec("P")
FAULT_PAUSE_S = 1.0  # what failed is due again at once: the loop must not run hot over it


class Loop:
    """Owns the alarm. ``clock()`` is monotonic seconds, ``random(n)`` n secret bytes."""

    def __init__(
        self,
        parts: Parts,
        rules: Rules,
        messages: queue.SimpleQueue[Message],
        clock: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        self._parts = parts
        self._rules = rules
        self._messages = messages
        self._clock = clock
        self._random = random
        self._no_fix = NoFix(NoFixReason.NOT_ASKED_YET)
        self._has_fix = False
        self._reported: Position | NoPosition | None = None
        self._movement = movement.Movement()
        self._heartbeats = 0
        self._flags = Flag(0)
        self._card_fails = False
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
            case Edge() | StrapEdge():
                self._sense(self._parts.senses.hear(message), now)
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
                if message.outcome is Outcome.DONE:
                    self._happen(Event.TEXT_LEFT, now)
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
                if message.delivered:
                    self._parts.drills.see(Hop.TEXT_REACHED, now)
            case Asked(question, answer):
                answer(self._answer(question, now))

    def tick(self) -> None:
        """Whatever time has made due."""
        now = self._clock()
        self._faulty = False
        self._safely(self._look_at_switches, now)
        self._safely(self._ring, now)
        self._safely(self._parts.delivery.send_text, now)
        self._safely(self._supervise, now)
        self._safely(self._tell_service, now)

    def next_due(self) -> float:
        """When :meth:`tick` wants to be called next, whatever else happens."""
        now = self._clock()
        times = [
            self._parts.senses.due(),
            self._alarm.next_due(),
            self._parts.delivery.next_due(now),
            self._parts.supervision.due,
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

    def _look_at_switches(self, now: float) -> None:
        # An edge older than now may wait in the queue: what looks like a hold was a tap.
        self._sense(self._parts.senses.look(now, self._messages.empty), now)

    def _sense(self, events: tuple[Sensed, ...], now: float) -> None:
        for event in events:
            match event:
                case Held():
                    self._happen(Event.HELD, now, Entry.HELD)
                    self._parts.gps.hurry(True)
                case StrapOpened():
                    self._parts.memory.remember_worn(False)
                    self._happen(Event.STRAP_OPENED, now, Entry.STRAP)
                    self._parts.gps.hurry(True)
                case Tapped(groups):
                    self._tapped(groups, now)
                case StrapClosed():
                    self._parts.memory.remember_worn(True)
                    self._parts.journal.tell(Entry.SENSED, detail=WORDS[StrapClosed])
                case _:
                    self._parts.journal.tell(Entry.SENSED, detail=WORDS[type(event)])

    def _answer(self, question: str, now: float) -> dict[str, Any]:
        match question:
            case "drill":
                return self._begin_drill(now)
            case "heartbeat" | "buzz" if self._alarm.state is not State.IDLE:
                return {"error": "an alarm or a drill is going on; it needs data path and motor"}
            case "heartbeat":
                self._beat(now)
                return {"heartbeat": "sent"}
            case "buzz":
                self._play(TRIAL)
                return {"buzz": "played"}
        return status.facts(
            self._parts, self._alarm, self._place(now), self._no_fix.reason, self._marks(), now
        )

    def _tapped(self, groups: tuple[int, ...], now: float) -> None:
        if self._alarm.state is State.IDLE and groups == self._parts.drill_taps:
            self._begin_drill(now)
            return
        self._alarm = replace(self._alarm, taps=groups)
        self._happen(Event.TAPPED, now, Entry.TAPPED)

    def _begin_drill(self, now: float) -> dict[str, Any]:
        if self._alarm.state is not State.IDLE:
            return {"error": "an alarm or a drill is going on; nothing was begun"}
        self._parts.drills.begin(now)
        self._happen(Event.DRILL_ASKED, now, Entry.DRILL)
        self._parts.gps.hurry(True)
        return {"drill": "begun"}

    def _ring(self, now: float) -> None:
        while (event := self._alarm.due_event(now)) is not None:
            self._happen(event, now)

    def _supervise(self, now: float) -> None:
        self._card_fails = not self._parts.outbox.durable
        flags = self._marks()
        self._parts.supervision.look(flags, now)
        if self._parts.supervision.due <= now:
            self._beat(now)

    def _beat(self, now: float) -> None:
        flags = self._marks()
        self._parts.supervision.sent(flags, now)
        self._send_heartbeat(flags, now)

    def _marks(self) -> Flag:
        """What is wrong, or worth knowing, at this moment."""
        modem = self._parts.modem.status()
        flags = self._flags | self._parts.senses.marks | reports.modem_marks(modem)
        flags |= self._parts.supervision.battery(modem.battery_mv)
        if self._movement.moving:
            flags |= Flag.MOVING
        return flags | Flag.CARD_FAULT if self._card_fails else flags

    def _tell_service(self, now: float) -> None:
        no_fix = None if self._has_fix else self._no_fix.reason
        self._parts.service.status(status.line(self._parts, self._alarm, no_fix))
        if self._parts.beats.all_alive(now):
            self._parts.service.alive()

    def _begin(self) -> None:
        now = self._clock()
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

    def _see(self, reading: Fix | NoFix, now: float) -> None:
        has_fix = isinstance(reading, Fix)
        if isinstance(reading, Fix):
            self._parts.memory.see(reading)
            self._follow(reading, now)
        if has_fix != self._has_fix or (isinstance(reading, NoFix) and reading != self._no_fix):
            detail = "fix" if isinstance(reading, Fix) else reading.reason.value
            self._parts.journal.tell(Entry.GPS, detail=detail)
        self._has_fix = has_fix
        if isinstance(reading, NoFix):
            self._no_fix = reading
        elif reports.is_better(self._place(now), self._reported):
            blind = isinstance(self._reported, NoPosition)
            self._happen(Event.FIRST_FIX if blind else Event.BETTER_FIX, now)

    def _follow(self, fix: Fix, now: float) -> None:
        before = self._movement.moving
        self._movement = movement.see(
            self._movement, fix.latitude, fix.longitude, fix.accuracy_m, fix.taken_at
        )
        if self._movement.moving is not before:
            self._happen(Event.MOVES if self._movement.moving else Event.RESTS, now)

    def _take(self, answer: Answer, now: float) -> None:
        for event in answer.events:
            receipt = event in (Event.RECEIPT_STORED, Event.RECEIPT_ACKNOWLEDGED)
            old = answer.sequence is not None and not self._alarm.is_answered_by(answer.sequence)
            if not (receipt and old):  # an old report's receipt says nothing of the last hold
                self._happen(event, now)
        if answer.heartbeat or Event.DATA_WORKS in answer.events:
            self._parts.supervision.answered_at = now

    def _happen(self, event: Event, now: float, entry: Entry | None = None) -> None:
        """Let the rules decide; first everything to the card, then everything else."""
        before = replace(self._named(self._alarm), thrifty=self._parts.delivery.is_thrifty)
        self._alarm, effects = step(before, event, now, self._rules)
        if entry is not None:
            self._parts.journal.tell(entry, alarm=self._alarm.id)
        self._safely(self._write_down, effects, now)
        for effect in effects:
            self._safely(self._carry_out, effect)
        if self._alarm.state is not before.state:
            self._parts.modem.set_urgent(self._is_urgent)
            self._parts.journal.tell(
                Entry.STATE, alarm=self._alarm.id, state=self._alarm.state, detail=event.value
            )
        self._note_drill(before, event, now)

    def _note_drill(self, before: Alarm, event: Event, now: float) -> None:
        """How far a drill has come; over once it has ended or something real has begun."""
        if self._alarm.kind is AlarmKind.DRILL:
            self._parts.drills.happened(event, now)
        if before.kind is AlarmKind.DRILL and self._alarm.kind is not AlarmKind.DRILL:
            words = self._parts.drills.end()
            self._parts.journal.tell(Entry.DRILL_OVER, alarm=before.id, detail=words)
            self._parts.gps.hurry(self._alarm.state is not State.IDLE)

    def _named(self, alarm: Alarm) -> Alarm:
        """The alarm with a name ready for the next one."""
        if alarm.next_id not in (0, alarm.id):
            return alarm
        return replace(alarm, next_id=int.from_bytes(self._random(4), "big") or 1)

    def _write_down(self, effects: tuple[Effect, ...], now: float) -> None:
        with self._parts.outbox.step():
            self._safely(self._parts.outbox.save_alarm, self._alarm)
            for effect in effects:
                self._safely(self._prepare, effect, now)

    def _prepare(self, effect: Effect, now: float) -> None:
        if isinstance(effect, DropDrill):
            self._parts.delivery.drop(effect.id)
        elif isinstance(effect, MakeReport):
            self._make_report(effect, now)
        elif isinstance(effect, SendSms):
            codes = self._alarm.withdrawals if effect.audience is Audience.EVERYONE else ()
            self._parts.delivery.queue_texts(
                self._parts.outbox.newest_report(but=codes),  # nobody's link is to be a code
                effect.audience,
                self._parts.reporter.time(),
                self._place(now),
                self._alarm.kind,
                effect.later,
            )

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, SendData):
            self._parts.delivery.post()
        elif isinstance(effect, Vibrate):
            self._vibrate(effect.pulse)
        elif isinstance(effect, MakeReport):
            self._parts.journal.tell(Entry.SEALED, alarm=self._alarm.id, count=effect.sequence)
            self._parts.drills.see(Hop.SEALED, self._clock())

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
                self._marks(),
                taps=effect.taps,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the plain texts must go
            self._parts.journal.tell(Entry.INTERNAL, alarm=alarm.id, detail=where(error))
            report = self._parts.reporter.unsealed(alarm.id, effect.sequence)
        self._parts.outbox.add_report(report)

    def _send_heartbeat(self, flags: Flag, now: float) -> None:
        self._heartbeats = (self._heartbeats + 1) & 0xFFFF
        heartbeat = self._parts.reporter.seal(
            MessageType.HEARTBEAT,
            AlarmKind.NONE,
            0,
            self._heartbeats,
            self._place(now),
            self._parts.modem.status(),
            flags,
            drill_hours=self._parts.drills.hours_ago(),
        )
        self._parts.delivery.post_heartbeat(heartbeat)

    def _vibrate(self, pulse: Pulse) -> None:
        if pulse in self._parts.felt:
            self._play(PATTERNS[pulse])

    def _play(self, pattern: Pattern) -> None:
        if self._parts.vibration is None:
            return
        try:
            self._parts.vibration.play(pattern)
        except VibrationUnusable as error:
            self._parts.journal.tell(Entry.PART_FAULT, detail=str(error))

    def _place(self, now: float) -> Position | NoPosition:
        return reports.place(self._parts.memory.fix, self._no_fix, now)

    def _safely(self, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            work(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - told, and the alarm goes on
            self._tell_fault(error)

    def _tell_fault(self, error: Exception) -> None:
        self._faulty = True
        self._parts.journal.tell(Entry.INTERNAL, alarm=self._alarm.id, detail=where(error))
