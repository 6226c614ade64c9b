"""The loop: one thread owns the alarm; everything that happens comes to it on one queue.

It turns edges into gestures, asks the alarm's rules what to do, writes that
down, and only then does it. It waits only for the queue.
"""

import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, ParamSpec

from outcry.daemon.alarm import model
from outcry.daemon.alarm.rules import step
from outcry.daemon.journal import Entry
from outcry.daemon.service import status
from outcry.daemon.service.control_socket import Asked
from outcry.daemon.service.drills import Hop
from outcry.daemon.service.executor import Executor
from outcry.daemon.service.findings import OPEN
from outcry.daemon.service.parts import Message, Parts, Stop
from outcry.daemon.service.systemd import where
from outcry.daemon.touch.button import Press
from outcry.daemon.touch.edges import Edge, StrapEdge
from outcry.daemon.touch.haptics import TRIAL
from outcry.daemon.touch.inputs import Event as Sensed
from outcry.daemon.touch.strap import StrapEvent
from outcry.hw import modem
from outcry.hw.gps import Fix, NoFix

P = ParamSpec("P")
TELL_EVERY_S = 1.0  # the line for systemd costs a Pi Zero milliseconds, and an alarm has many turns
FAULT_PAUSE_S = 1.0  # what failed is due again at once, and the loop must not spin
_ENTRIES = {
    model.Event.HELD: Entry.HELD,
    model.Event.STRAP_OPENED: Entry.STRAP,
    model.Event.TAPPED: Entry.TAPPED,
    model.Event.DRILL_TAPPED: Entry.TAPPED,
}


@dataclass(eq=False, repr=False)
class Loop:
    """Owns the alarm. ``clock()`` is monotonic seconds, ``random(n)`` n secret bytes."""

    parts: Parts
    _rules: model.Rules
    _messages: queue.SimpleQueue[Message]
    _clock: Callable[[], float]
    _random: Callable[[int], bytes]

    def __post_init__(self) -> None:
        self.alarm = self.parts.outbox.alarm
        self._executor = Executor(self.parts, self._clock)
        self._stopping = False
        self._faulty = False
        self._tell_at = 0.0

    def run(self) -> None:
        """Run until a :class:`Stop`. A fault in one thing neither ends the loop nor holds up another."""
        self._safely(self.resume)
        self._safely(self.parts.reporter.try_seal)
        while not self._stopping:
            if (message := self._next()) is not None:
                self._safely(self.handle, message)
            for _ in range(self._messages.qsize()):  # a contact that chatters hides no other's hold
                self._safely(self.handle, self._messages.get())
            self.tick()

    def resume(self) -> None:
        """Go on with an alarm that was open when the daemon ended."""
        if self.alarm.state is not model.State.IDLE:
            self.parts.journal.tell(Entry.RESUMED, alarm=self.alarm.id, state=self.alarm.state)
            self.parts.marks.restarted = True
            self._hurry()
        self._happen(model.Event.RESUMED, self._clock())

    def handle(self, message: Message) -> None:
        now, parts = self._clock(), self.parts
        match message:
            case Edge() | StrapEdge():
                self._sense(parts.senses.hear(message), now)
            case Fix() | NoFix():
                self._happen_all(parts.whereabouts.see(message, now), now)
            case modem.PostAnswered():
                self._happen_all(parts.data.answered(message, now), now)
            case modem.PostFailed():
                self._happen_all(parts.data.failed(message), now)
            case modem.SmsLeaving():
                parts.sms.leaving(message)
            case modem.SmsOutcome():
                parts.sms.outcome(message, now)
                if message.outcome is modem.Outcome.DONE:
                    self._happen(model.Event.TEXT_LEFT, now)
            case modem.SmsReport():
                parts.sms.reported(message)
                if message.delivered:
                    parts.drills.see(Hop.TEXT_REACHED, now)
            case modem.SmsReceived():
                self._happen_all(parts.receipts.by_sms(message), now)
                message.kept()
            case modem.DataPath(up):
                parts.journal.tell(Entry.DATA_PATH, detail="up" if up else "down")
                self._happen(model.Event.DATA_UP if up else model.Event.DATA_DOWN, now)
            case modem.ModemWarning(under_voltage, jamming):
                words = [w for w, on in (("low supply", under_voltage), ("jamming", jamming)) if on]
                detail = " and ".join(words) or "no more warnings"
                parts.journal.tell(Entry.MODEM, detail=detail)
            case modem.ModemState(state, reason):
                parts.journal.tell(Entry.MODEM, detail=reason or state.value)
                if state.registered:
                    parts.sms.hurry()
            case Asked(question, answer):
                reply: dict[str, Any] = {"error": "a fault in Outcry itself, in the journal"}
                try:
                    reply = self._answer(question, now)
                finally:
                    answer(reply)
            case Stop(reason):
                parts.journal.tell(Entry.STOPPING, detail=reason)
                self._stopping = True

    def tick(self) -> None:
        now = self._clock()
        self._faulty = False
        self._safely(self._look_at_switches, now)
        self._safely(self._ring, now)
        self._safely(self.parts.sms.send, now)
        self._safely(self._supervise, now)
        self._safely(self._tell_service, now)

    def next_due(self) -> float:
        """When to call :meth:`tick` next, if no message comes before."""
        now = self._clock()
        times = [
            self.parts.senses.due(),
            self.alarm.next_due(),
            self.parts.sms.next_due(now),
            self.parts.supervision.due,
            now + self.parts.beats.interval_s,
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
        # With an older edge still in the queue, what looks like a hold may have been a tap.
        self._sense(self.parts.senses.look(now, self._messages.empty), now)

    def _sense(self, events: tuple[Sensed, ...], now: float) -> None:
        for event in events:
            match event:
                case Press.HELD:
                    self._happen(model.Event.HELD, now)
                case StrapEvent.OPENED:
                    self.parts.memory.remember_worn(False)
                    self._happen(model.Event.STRAP_OPENED, now)
                case model.CodeTapped():
                    self._happen(event, now)
                case _:
                    if event is StrapEvent.CLOSED:
                        self.parts.memory.remember_worn(True)
                    self.parts.journal.tell(Entry.SENSED, detail=event.value)

    def _answer(self, question: str, now: float) -> dict[str, Any]:
        match question:
            case "drill":
                if model.BeginDrill() in self._happen(model.Event.DRILL_ASKED, now):
                    return {"drill": "begun"}
                return {"error": f"{OPEN}; nothing was begun"}
            case "heartbeat" | "buzz" if self.alarm.state is not model.State.IDLE:
                return {"error": f"{OPEN}; it needs the data path and the motor"}
            case "heartbeat":
                self._executor.beat(now)
                return {"heartbeat": "sent"}
            case "buzz":
                self._executor.play(TRIAL)
                return {"buzz": "played"}
        return status.facts(self.parts, self.alarm, now)

    def _ring(self, now: float) -> None:
        while (event := self.alarm.due_event(now)) is not None:
            self._happen(event, now)

    def _supervise(self, now: float) -> None:
        idle = self.alarm.state is model.State.IDLE
        self.parts.supervision.look(now, idle and self.parts.data.trouble != "")
        if self.parts.supervision.due <= now:
            self._executor.beat(now)

    def _tell_service(self, now: float) -> None:
        if now >= self._tell_at:
            self._tell_at = now + TELL_EVERY_S
            self.parts.service.status(status.line(self.parts, self.alarm, now))
        if not self.parts.beats.silent(now):
            self.parts.service.alive()

    def _happen_all(self, happenings: Iterable[model.Happening], now: float) -> None:
        for happening in happenings:
            self._happen(happening, now)

    def _happen(self, happening: model.Happening, now: float) -> tuple[model.Effect, ...]:
        """Let the rules decide; first everything to the card, then everything else."""
        before = replace(self._named(self.alarm), thrifty=self.parts.data.is_thrifty)
        event = before.event_of(happening, self._rules)
        self.alarm, effects = step(before, happening, now, self._rules)
        entry = Entry.DRILL if model.BeginDrill() in effects else _ENTRIES.get(event)
        if entry is not None:
            self.parts.journal.tell(entry, alarm=self.alarm.id)
        self._safely(self._write_down, effects, now)
        for effect in effects:
            self._safely(self._executor.carry_out, effect, self.alarm, now)
        if self.alarm.state is not before.state:
            self._hurry()
            self.parts.journal.tell(
                Entry.STATE, alarm=self.alarm.id, state=self.alarm.state, detail=event.value
            )
        self.parts.drills.happened(event, now)
        for effect in effects:
            if isinstance(effect, model.EndDrill):  # last: an alarm does not wait for its file
                words = self.parts.drills.end()
                self.parts.journal.tell(Entry.DRILL_OVER, alarm=effect.id, detail=words)
        return effects

    def _write_down(self, effects: tuple[model.Effect, ...], now: float) -> None:
        with self.parts.outbox.step():
            self._safely(self.parts.outbox.save_alarm, self.alarm)
            for effect in effects:
                self._safely(self._executor.write_down, effect, self.alarm, now)

    def _hurry(self) -> None:
        """Let modem and receiver hurry while it matters."""
        self.parts.modem.set_urgent(self.alarm.state.is_unanswered)
        self.parts.gps.hurry(self.alarm.state is not model.State.IDLE)

    def _named(self, alarm: model.Alarm) -> model.Alarm:
        """The alarm with an id ready for the next one."""
        if alarm.next_id not in (0, alarm.id):
            return alarm
        return replace(alarm, next_id=int.from_bytes(self._random(4), "big") or 1)

    def _safely(self, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            work(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - told, and the alarm goes on
            self._tell_fault(error)

    def _tell_fault(self, error: Exception) -> None:
        self._faulty = True
        self.parts.journal.tell(Entry.INTERNAL, alarm=self.alarm.id, detail=where(error))
