"""The executor: does what the rules call for, with the parts of this device."""

from collections.abc import Callable

from outcry.daemon.alarm import model
from outcry.daemon.journal import Entry
from outcry.daemon.outbox.stored import StoredReport
from outcry.daemon.service.drills import Hop
from outcry.daemon.service.parts import Parts
from outcry.daemon.service.systemd import where
from outcry.daemon.touch.haptics import PATTERNS
from outcry.hw.pin_library import PinUnusable
from outcry.hw.vibration import Pattern
from outcry.report import AlarmKind, MessageType


class Executor:
    """Carries effects out, in two steps: what belongs on the card, and then the rest."""

    def __init__(self, parts: Parts, clock: Callable[[], float]) -> None:
        self._parts = parts
        self._clock = clock
        self._heartbeats = 0

    def write_down(self, effect: model.Effect, alarm: model.Alarm, now: float) -> None:
        """Put what is to be sent into the outbox. Call inside an outbox step."""
        parts = self._parts
        match effect:
            case model.EndDrill(drill):
                parts.sms.drop(drill)
            case model.MakeReport():
                parts.outbox.add_report(self._report(effect, alarm, now))
            case model.SendSms():
                codes = alarm.withdrawals if effect.audience is model.Audience.EVERYONE else ()
                report = parts.outbox.newest_report(but=codes)  # nobody's link is to be a code
                parts.sms.queue(report, effect.audience, effect.later, now)

    def carry_out(self, effect: model.Effect, alarm: model.Alarm, now: float) -> None:
        """Do the rest, now that the card has what is to be sent."""
        parts = self._parts
        match effect:
            case model.BeginDrill():
                parts.drills.begin(now)
            case model.MakeReport():
                at = "on the card" if parts.outbox.durable else "in memory, not on the card"
                parts.journal.tell(Entry.SEALED, alarm=alarm.id, count=effect.sequence, detail=at)
                parts.drills.see(Hop.SEALED, self._clock())
            case model.SendData():
                parts.data.post()
            case model.Vibrate(pulse):
                if pulse in parts.felt:
                    self.play(PATTERNS[pulse])

    def beat(self, now: float) -> None:
        parts = self._parts
        marks = parts.marks.now()
        parts.supervision.sent(marks, now)
        self._heartbeats = (self._heartbeats + 1) & 0xFFFF
        heartbeat = parts.reporter.seal(
            MessageType.HEARTBEAT,
            AlarmKind.NONE,
            0,
            self._heartbeats,
            parts.whereabouts.place(now),
            parts.modem.status(),
            marks,
            drill_hours=parts.drills.hours_ago(),
        )
        parts.data.post_heartbeat(heartbeat)

    def play(self, pattern: Pattern) -> None:
        if self._parts.vibration is None:
            return
        try:
            self._parts.vibration.play(pattern)
        except PinUnusable as error:
            self._parts.journal.tell(Entry.PART_FAULT, detail=str(error))

    def _report(self, effect: model.MakeReport, alarm: model.Alarm, now: float) -> StoredReport:
        parts = self._parts
        place = parts.whereabouts.reported = parts.whereabouts.place(now)
        try:
            return parts.reporter.seal(
                effect.type,
                alarm.kind,
                alarm.id,
                effect.sequence,
                place,
                parts.modem.status(),
                parts.marks.now(),
                taps=effect.taps,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the plain texts must go
            parts.journal.tell(Entry.INTERNAL, alarm=alarm.id, detail=where(error))
            return parts.reporter.unsealed(alarm.id, effect.sequence)
