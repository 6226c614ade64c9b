"""The outbox: what has to leave this device, written and synced before any of it is sent.

The card holds only what it may reveal: sealed reports, receipt tokens, contact
indexes, template names, outcomes. No position, text, name or number.

Everything is also in memory, and memory leads: a card that cannot be written is
reported, and the alarm goes on without it. What could not be written is tried
again with the next step.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from pathlib import Path

from outcry.daemon.alarm.model import Alarm, State
from outcry.daemon.outbox.card import Card, Change
from outcry.daemon.outbox.stored import StoredReport, StoredText, TextOutcome

COUNTER_BLOCK = 65_536  # each start reserves numbers for years of reports in one write
REMEMBERED = 50  # closed texts and answered reports: their receipts and outcomes may come late
TRACK_MOST = 1000  # unanswered reports kept whole: a week of positions every ten minutes


class Outbox:
    """The device's only durable memory. For one thread.

    If the card cannot be used, ``on_fault(reason)`` is called and the outbox goes on in memory.
    """

    def __init__(
        self,
        path: Path,
        on_fault: Callable[[str], None],
        device: int = 0,
        counter_after_damage: int = 0,
        lacks: Path | None = None,
    ) -> None:
        """``device`` is the enrolled device, 0 if there is no HQ. A file of another device is set
        aside: its alarm is another wearer's. ``counter_after_damage`` is the next counter if the
        card has lost it; it should be above all that HQ has seen. ``lacks`` is a file that outlives
        a restart of the service, for what the card does not take."""
        self.card = Card(path, on_fault, device, lacks or path.with_suffix(".lacks"))
        self._dirty: dict[tuple[str, int], Change] = {}
        found = self.card.read()
        self.alarm = found.alarm
        self.reports: dict[int, StoredReport] = {}  # by their counters, and so in their order
        self.texts = found.texts
        self._unanswered: dict[int, StoredReport] = {}  # likewise
        self._answered: set[int] = set()
        self._thin_at = TRACK_MOST
        self._last_text = found.last_text
        self.texted_before = found.last_text > 0 or found.damaged
        """Whether there were texts before this start, as far as is known; few are still in ``texts``."""
        self.next_counter = self._reserved = found.reserved
        for report in found.reports.values():
            self._file(report)
        for text in list(self.texts.values()):
            if text.outcome is TextOutcome.UNDER_WAY:
                self.set_text(text.lost())
        self._forget()
        self._device = device
        if found.damaged:
            self.next_counter = found.reserved or counter_after_damage
            self._put_all()
        self._put_owner()
        self.first_counter = max(self.next_counter, self._reserved)
        """A report with a lower counter is from before this start."""
        self.resumed = self.alarm.id
        """The alarm that was open at this start, 0 if none was."""
        self._reserve_counters()

    @property
    def durable(self) -> bool:
        """Whether all that is known here is on the card."""
        return self.card.is_open and not self._dirty

    @contextmanager
    def step(self) -> Iterator[None]:
        """Make changes inside; afterwards they are on the card, synced, or a fault was reported."""
        yield
        self.commit()
        self._forget()

    def commit(self) -> None:
        """Write to the card what it has not got yet, and sync it: all that is known, if its file was
        lost or could not be written, for the next one may be empty."""
        self.notices_loss()
        if not self._dirty or self._write():
            return
        self._put_all()
        if not (self.card.is_set_aside and self._write()):
            self.card.keep(self._dirty.values())

    def _write(self) -> bool:
        is_written = self.card.write(self._dirty.values())
        if is_written:
            self._dirty.clear()
        return is_written

    def notices_loss(self) -> bool:
        """Whether the card's file was lost; then all that is known has to be committed again."""
        if not self.card.is_lost():
            return False
        self._put_all()
        return True

    def take_counter(self) -> int:
        """A counter that no message of this device has had before."""
        if self.next_counter >= self._reserved:
            self._reserve_counters()
        counter = self.next_counter
        self.next_counter += 1
        return counter & 0xFFFFFFFF

    def skip_to(self, counter: int) -> None:
        """Give out no counter below this one from now on."""
        if counter > self.next_counter:
            self.next_counter = counter
            self._reserve_counters()

    def save_alarm(self, alarm: Alarm) -> None:
        """Keep what is known of the alarm. Its timers start again after a restart."""
        before, self.alarm = self.alarm, alarm
        if alarm.state is State.IDLE:
            if before.state is not State.IDLE:  # a drill has ended: do not resume it
                self._put("alarm", before.id, _row(replace(before, state=State.IDLE)))
        elif _row(alarm) != _row(before):
            self._put("alarm", alarm.id, _row(alarm))

    def add_report(self, report: StoredReport) -> None:
        """Keep a sealed report to be sent. A track that is too long is thinned."""
        self._file(report)
        self._put("report", report.counter, astuple(report))
        if len(self._unanswered) > self._thin_at:
            self._thin()

    def answer_report(self, report: StoredReport) -> None:
        """HQ has this report: it need not be sent again."""
        self.add_report(replace(report, answered=True))

    def add_text(
        self,
        counter: int,
        recipient: int,
        template: str,
        under_way: int | None = None,
        later: bool = False,
        apart: Collection[int] = (),
    ) -> StoredText | None:
        """Keep a text to be sent, unless there has been one of this kind to this recipient for
        this very report: then ``None``. Older ones are not sent again. One that has not left yet
        is brought up to date in its place in line, so that repeated rounds keep nobody waiting;
        one that is ``under_way`` (its id) cannot be any more, and the new one goes to the end.
        Those in ``apart`` (their ids) stay as they are: this one says something else."""
        alike = self.texts_to(recipient, template)
        if any(text.counter == counter for text in alike):
            return None
        place = self._last_text + 1
        for text in alike:
            if text.id in apart:
                continue
            if text.outcome is TextOutcome.OPEN and text.id != under_way:
                place = text.id
                later = later and text.later  # what had to be said then still has to be
            elif text.needs_words:
                self.set_text(text.closed())
        self._last_text = max(self._last_text, place)
        text = StoredText(place, counter, recipient, template, later=later)
        self.set_text(text)
        return text

    def texts_to(self, recipient: int, template: str) -> list[StoredText]:
        """The texts of one kind to one recipient that are still remembered."""
        kind = recipient, template
        return [each for each in self.texts.values() if (each.recipient, each.template) == kind]

    def set_text(self, text: StoredText) -> None:
        if self.texts.get(text.id) != text:
            self.texts[text.id] = text
            self._put("text", text.id, astuple(text))

    def drop_alarm(self, id_: int, under_way: int | None) -> None:
        """Nothing of this alarm has to be sent any more; a text ``under_way`` (its id) stays so."""
        dropped = {counter for counter, report in self.reports.items() if report.alarm == id_}
        for text in list(self.texts.values()):
            if text.counter in dropped and text.needs_words and text.id != under_way:
                self.set_text(text.closed())
        for report in self.unanswered():
            if report.counter in dropped:
                self.answer_report(report)

    def unanswered(self) -> list[StoredReport]:
        """Reports HQ has not answered, newest first."""
        return list(self.newest_unanswered())

    def newest_report(self, but: tuple[int, ...] = ()) -> StoredReport:
        """The newest report, leaving out these sequences of the open alarm; there always is one."""
        return next(
            report
            for report in reversed(self.reports.values())
            if report.alarm != self.alarm.id or report.sequence not in but
        )

    def newest_unanswered(self) -> Iterator[StoredReport]:
        """As :meth:`unanswered`, one by one: there may be a thousand, and one is wanted."""
        return reversed(self._unanswered.values())

    def open_texts(self) -> list[StoredText]:
        """Texts still to be sent, in order: those that may have left already come last."""
        waiting = (text for text in self.texts.values() if text.is_open)
        return sorted(waiting, key=lambda text: (text.goes_again, text.id))

    def close(self) -> None:
        self.commit()
        self.card.close()

    def _file(self, report: StoredReport) -> None:
        """Put the report where it is found without a search through all of them."""
        self.reports[report.counter] = report
        if report.answered:
            self._unanswered.pop(report.counter, None)
            self._answered.add(report.counter)
        else:
            self._unanswered[report.counter] = report

    def _thin(self) -> None:
        """Drop positions of the older half where they are closest to one another."""
        needed = self._needed()
        older = list(self._unanswered)[: len(self._unanswered) // 2]
        positions = [at for at in older if self.reports[at].position and at not in needed]
        for counter in _closest(positions, TRACK_MOST // 4):
            del self.reports[counter], self._unanswered[counter]
            self._change("report", counter, "DELETE FROM report WHERE counter = ?", (counter,))
        self._thin_at = max(TRACK_MOST, len(self._unanswered) + TRACK_MOST // 4)

    def _needed(self) -> set[int]:
        """The reports that texts may still have to be made from."""
        return {text.counter for text in self.texts.values() if text.needs_words}

    def _forget(self) -> None:
        """Drop all but the newest of what is over: an alarm may last for weeks."""
        if len(self.texts) > REMEMBERED:
            over = [text.id for text in self.texts.values() if not text.needs_words]
            for id_ in sorted(over)[:-REMEMBERED]:
                del self.texts[id_]
        if len(self._answered) > REMEMBERED:
            needed = self._needed()
            for counter in sorted(self._answered)[:-REMEMBERED]:
                if counter not in needed:
                    del self.reports[counter]
                    self._answered.remove(counter)

    def _put_all(self) -> None:
        """Write what is known into a new file, where the old one was damaged or lost."""
        if self.alarm.state is not State.IDLE:
            self._put("alarm", self.alarm.id, _row(self.alarm))
        for report in list(self.reports.values()):
            self.add_report(report)
        for text in self.texts.values():
            self._put("text", text.id, astuple(text))
        self._put_owner()
        self._put_counter()

    def _reserve_counters(self) -> None:
        self.next_counter = max(self.next_counter, self._reserved)
        self._reserved = self.next_counter + COUNTER_BLOCK
        self._put_counter()
        self.commit()

    def _put_owner(self) -> None:
        if self._device:
            self._put("owner", 1, (1, self._device))

    def _put_counter(self) -> None:
        most = "max(?, coalesce((SELECT reserved FROM counter), 0))"  # it never goes back
        statement = f"INSERT OR REPLACE INTO counter VALUES (1, {most})"
        self._change("counter", 1, statement, (self._reserved,))

    def _put(self, table: str, key: int, row: tuple[object, ...]) -> None:
        marks = ", ".join("?" * len(row))
        self._change(table, key, f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)

    def _change(self, table: str, key: int, statement: str, row: tuple[object, ...]) -> None:
        self._dirty[table, key] = (statement, row)


def _closest(counters: list[int], wanted: int) -> list[int]:
    """The counters closest to their neighbours: ``wanted`` or more, if there are so many."""
    close: list[int] = []
    spacing = 2
    while len(close) < min(wanted, len(counters) - 1):
        close, kept = [], counters[0]
        for counter in counters[1:]:
            if counter - kept < spacing:
                close.append(counter)
            else:
                kept = counter
        spacing *= 2
    return close


def _row(alarm: Alarm) -> tuple[object, ...]:
    return (
        alarm.id,
        alarm.kind,
        alarm.state.value,
        alarm.next_sequence,
        alarm.to_be_answered,
        alarm.withdrawn,
        " ".join(map(str, alarm.withdrawals)),
    )
