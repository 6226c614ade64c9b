"""The outbox: what has to leave this device, written and synced before any of it is sent.

On the card there is only what the card may reveal: sealed reports, receipt
tokens, contact indexes, template names, outcomes. No position, text, name or
number.

Everything is also held in memory, and memory leads: a card that refuses to
write is told about, and the alarm goes on without it. What could not be
written is tried again with the next step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from outcry.daemon.alarm import Alarm, State
from outcry.daemon.card import Card, Change
from outcry.daemon.stored import StoredReport, StoredText, TextOutcome

COUNTER_BLOCK = 65_536  # one write a start reserves numbers for years of reports
REMEMBERED = 50  # closed texts and answered reports: their receipts and outcomes may come late


class Outbox:
    """The device's only durable memory. One thread uses it.

    ``on_fault(reason)`` is told when the card cannot be used; the outbox goes on in memory.
    """

    def __init__(
        self,
        path: Path,
        on_fault: Callable[[str], None],
        device: int = 0,
        counter_after_damage: int = 0,
    ) -> None:
        """``device`` is whose reports these are, 0 if there is no HQ. A file of another device is
        set aside: its alarm is another wearer's. ``counter_after_damage`` is where counting goes
        on if the card has lost count; it should be above all that HQ has seen."""
        self._card = Card(path, on_fault, device)
        self._dirty: dict[tuple[str, int], Change] = {}
        found = self._card.read()
        self.alarm = found.alarm
        self.reports = found.reports
        self.texts = found.texts
        self._last_text = found.last_text
        self._next_counter = self._reserved = found.reserved
        for text in list(self.texts.values()):
            if text.outcome in (TextOutcome.UNDER_WAY, TextOutcome.UNDER_WAY_AGAIN):
                self.set_text(text.lost())
        self._forget()
        if found.damaged:
            self._next_counter = found.reserved or counter_after_damage
            self._put_all()
        if device:
            self._put("owner", 1, (1, device))
        self._reserve_counters()

    @property
    def durable(self) -> bool:
        """Whether all that is known here is on the card."""
        return self._card.is_open and not self._dirty

    @contextmanager
    def step(self) -> Iterator[None]:
        """Change things inside; on leaving they are on the card, synced, or a fault was told."""
        yield
        self._write()
        self._forget()

    def take_counter(self) -> int:
        """A number no message of this device has had before."""
        if self._next_counter >= self._reserved:
            self._reserve_counters()
        counter = self._next_counter
        self._next_counter += 1
        return counter & 0xFFFFFFFF

    def save_alarm(self, alarm: Alarm) -> None:
        """Keep the alarm's state; its timers begin anew after a restart."""
        before, self.alarm = self.alarm, alarm
        if alarm.state is State.IDLE:
            if before.state is not State.IDLE:  # a drill has ended: it is not to be resumed
                self._put_alarm(replace(before, state=State.IDLE))
        elif _kept(alarm) != _kept(before):
            self._put_alarm(alarm)
        if alarm.withdrawn and not (before.withdrawn and before.id == alarm.id):
            self._put("withdrawn", alarm.id, (alarm.id,))

    def _put_alarm(self, alarm: Alarm) -> None:
        self._put("alarm", alarm.id, _kept(alarm))

    def add_report(self, report: StoredReport) -> None:
        """Keep a sealed report to be sent."""
        self.reports[report.counter] = report
        self._put(
            "report",
            report.counter,
            (
                report.counter,
                report.alarm,
                report.sequence,
                report.sealed,
                report.token,
                int(report.answered),
            ),
        )

    def answer_report(self, report: StoredReport) -> None:
        """HQ has this report: it need not be sent again."""
        self.add_report(replace(report, answered=True))

    def add_text(
        self, counter: int, recipient: int, template: str, under_way: int | None = None
    ) -> StoredText:
        """Keep a text to be sent. An open one of this kind to this recipient is brought up to date
        in its place in line, so that round on round keeps nobody waiting; one that is
        ``under_way`` (its id) cannot be any more, and the new one goes to the end."""
        place = self._last_text + 1
        for text in self.open_texts():
            if (text.recipient, text.template) == (recipient, template):
                if text.id == under_way:
                    self.set_text(replace(text, outcome=TextOutcome.SUPERSEDED))
                else:
                    place = text.id
        self._last_text = max(self._last_text, place)
        text = StoredText(place, counter, recipient, template)
        self.set_text(text)
        return text

    def set_text(self, text: StoredText) -> None:
        """Keep what is now known of a text."""
        self.texts[text.id] = text
        self._put(
            "text",
            text.id,
            (text.id, text.counter, text.recipient, text.template, text.outcome.value),
        )

    def unanswered(self) -> list[StoredReport]:
        """Reports HQ has not answered, newest first."""
        return [
            report
            for _, report in sorted(self.reports.items(), reverse=True)
            if not report.answered
        ]

    def open_texts(self) -> list[StoredText]:
        """Texts still to be sent, in order: those that may have left already come last."""
        waiting = (text for text in self.texts.values() if text.is_open)
        return sorted(waiting, key=lambda text: (text.may_have_left, text.id))

    def close(self) -> None:
        """Write what is left and close the file."""
        self._write()
        self._card.close()

    def _forget(self) -> None:
        """Let go of what is over, but for the newest: an alarm may last for weeks."""
        closed = [text.id for text in self.texts.values() if not text.is_open]
        for id_ in sorted(closed)[:-REMEMBERED]:
            del self.texts[id_]
        needed = {text.counter for text in self.texts.values() if text.is_open}
        answered = [report.counter for report in self.reports.values() if report.answered]
        for counter in sorted(answered)[:-REMEMBERED]:
            if counter not in needed:
                del self.reports[counter]

    def _put_all(self) -> None:
        """What could still be read of a damaged file belongs into the new one."""
        if self.alarm.state is not State.IDLE:
            self._put_alarm(self.alarm)
            if self.alarm.withdrawn:
                self._put("withdrawn", self.alarm.id, (self.alarm.id,))
        for report in self.reports.values():
            self.add_report(report)
        for text in self.texts.values():
            self.set_text(text)

    def _reserve_counters(self) -> None:
        self._next_counter = max(self._next_counter, self._reserved)
        self._reserved = self._next_counter + COUNTER_BLOCK
        self._put("counter", 1, (1, self._reserved))
        self._write()

    def _put(self, table: str, key: int, row: tuple[object, ...]) -> None:
        marks = ", ".join("?" * len(row))
        self._dirty[table, key] = (f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)

    def _write(self) -> None:
        if self._dirty and self._card.write(self._dirty.values()):
            self._dirty.clear()


def _kept(alarm: Alarm) -> tuple[object, ...]:
    """What the card keeps of an alarm, as its row."""
    return (
        alarm.id,
        int(alarm.kind),
        alarm.state.value,
        alarm.next_sequence,
        alarm.to_be_answered,
    )
