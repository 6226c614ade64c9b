"""A week of a wearer's life: everything that happens to a device, drawn from a seed.

The device, its modem and HQ share one clock (:mod:`simulation.wearable`). The device's own clock
starts again at each boot, and its date is wrong until it is set. :mod:`simulation.books` observes
it all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from outcry.daemon.service.control_socket import Asked
from outcry.daemon.touch.edges import Edge, StrapEdge
from outcry.envelope import from_text, read_header, to_text
from outcry.hw.gps import Fix, NoFix, NoFixReason
from outcry.hw.modem import (
    Modem,
    ModemEvent,
    ModemSettings,
    Outcome,
    SmsOutcome,
    SmsReport,
    link,
    service,
)
from outcry.receipt import Status
from simulation.books import Books, Submission
from simulation.wearable import SimulatedWorld
from simulation.world import ENROLMENT, HOLD_S, WALL, RecordingMotor

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S
BEGIN_S = 100.0
CALM_AT_THE_END_S = 3 * HOUR_S  # by then nothing happens any more, and everything must be there
RESTART_S = 6.0  # from a kill until the daemon runs again
FIX_EVERY_S = 29.0  # older than 30 s, a fix is old to the device
POLL_S = 300.0  # of the modem's registration; each 30 s, as the device does, costs much time here
NAT_S = 300.0  # the carrier forgets an idle connection
HQ_NUMBER = str(ENROLMENT.hq.number)
WEARER_NUMBER = "+447700900001"
METRE = 1 / 111_320  # in degrees of latitude
NO_CLOCK = (0.0, 946_684_800.0)  # a Pi without a battery for its clock begins in 1970 or 2000
BOOT_S = (20.0, 40.0)  # from power to the daemon
ACKNOWLEDGED_AFTER_S = (120.0, 3 * HOUR_S)  # by a person at HQ
FULL = 2  # of PRAGMA synchronous: a commit is on the card when it returns
YEAR_S = 365.25 * DAY_S


@contextmanager
def coarsely() -> Iterator[None]:
    """Let the modem's owner look less often: for a lost network, for what cannot be done yet, and
    at the port for the watchdog."""
    kept = service.SEARCH_POLL_S, service.AT_LEAST_S, link.BEAT_S
    service.SEARCH_POLL_S, service.AT_LEAST_S, link.BEAT_S = 30.0, 5.0, 30.0
    try:
        yield
    finally:
        service.SEARCH_POLL_S, service.AT_LEAST_S, link.BEAT_S = kept


class Struck(BaseException):
    """The daemon's process ends here. ``power``: the device loses power too."""

    def __init__(self, power: bool) -> None:
        super().__init__()
        self.power = power


class _Wrist(RecordingMotor):
    def __init__(self, feel: Callable[[str], None]) -> None:
        super().__init__()
        self._feel = feel

    def play(self, pattern: object) -> None:
        super().play(pattern)
        self._feel(self.pulses[-1])


@dataclass
class Around:
    """What is around the device, and how it is there."""

    power: bool = True
    network: bool = True
    data: bool = True
    modem: bool = True
    hq: bool = True
    receiver: bool = True
    moving: bool = False

    @property
    def good(self) -> bool:
        return self.power and self.network and self.data and self.modem and self.hq


class Week(SimulatedWorld):
    """One wearer's week. :meth:`live` lives it, once."""

    def __init__(
        self, folder: Path, seed: int, length_s: float = WEEK_S, *, coarse: bool = False
    ) -> None:
        """``coarse``: the modem's owner looks for a lost network less often than it really does,
        which makes the week five times as fast."""
        self.books = Books()
        self.around = Around()
        self.wall_ahead_s = 0.0
        self.dice = Random(seed)
        self.length_s = length_s
        self.coarse = coarse
        self.place = [43.3178, 45.6949]
        self.refuses = False  # HQ, when it is down: 503, or no answer at all
        self.acknowledged: dict[int, float] = {}
        self._handed: dict[str, tuple[tuple[int, int, str], int]] = {}
        self._seen_up_to = 0
        self._texts_read = 0
        self._strikes_at_write: str | None = None
        super().__init__(folder, seed=seed, settings={"poll_interval_s": POLL_S})
        self.hq_says = self._hq_says
        self.sim.set_nat(NAT_S, self.now)
        self._changes()

    # The clocks

    @property
    def wall(self) -> float:
        """The date as the device believes it, Unix seconds."""
        return self.now + self.wall_ahead_s

    @wall.setter
    def wall(self, date: float) -> None:
        self.wall_ahead_s = date - self.now

    def clock(self) -> float:
        # So that what is due at a time of this clock is due despite the sum's rounding.
        return super().clock() + 1e-9

    def _true_date(self) -> float:
        return WALL + self.now

    # The life

    def live(self) -> Books:
        """Live the week; what was observed."""
        self._end = BEGIN_S + self.length_s
        self.at(self._end, lambda: self.modem.stop(0))
        self.at(BEGIN_S, self._sees_the_sky)
        with coarsely() if self.coarse else nullcontext():
            while self.now < self._end:
                self._lives_until_struck()
        self.books.faults = self.faults
        return self.books

    def _lives_until_struck(self) -> None:
        self._running = True
        try:
            self.modem.run_until_stopped()
        except Struck as struck:
            self._running = False
            self._dies(struck.power)
            self._sleeps()
            if self.now < self._end:
                self.starts()

    def starts(self) -> None:
        self.books.lives.append(self.now)
        self.books.disturbed.append(self.now)
        self.settings["strap"]["enabled"] = True
        super().starts()
        self.outbox.commit = self._striking(self.outbox.commit)  # type: ignore[method-assign]

    def strikes(self, power: bool) -> None:
        """Now: a kill, or the battery is empty."""
        if self._running:
            raise Struck(power)
        if power and self.around.power:
            self._goes_dark()

    def strikes_at_write(self, when: str) -> None:
        """The battery dies before or after the next write to the card."""
        self._strikes_at_write = when

    def _striking(self, write: Callable[[], None]) -> Callable[[], None]:
        def writes() -> None:
            when = self._strikes_at_write
            if when is None or self.outbox.durable:
                write()
                return
            self._strikes_at_write = None
            self.books.struck[len(self.books.lives) - 1] += 1
            if when == "after":
                write()
            self.at(self.now + self.dice.uniform(600, 9 * HOUR_S), self.is_switched_on)
            raise Struck(power=True)

        return writes

    def _dies(self, power: bool) -> None:
        """Only what was synced stays on a card whose power goes."""
        card = self.outbox.card
        files = {path: path.read_bytes() for path in self.folder.glob("outbox.sqlite*")}
        assert card.database is not None
        (synced,) = card.database.execute("PRAGMA synchronous").fetchone()
        card.database.close()
        for path, content in files.items():
            if path.name.endswith("-wal") and power and synced < FULL:
                path.unlink(missing_ok=True)
            elif not path.name.endswith("-shm"):
                path.write_bytes(content)
        if power:
            self._goes_dark()

    def _goes_dark(self) -> None:
        (self.folder / "memory.json").unlink(missing_ok=True)
        self.sim.power_off(self.now)
        self.changes(power=False)

    def is_switched_on(self) -> None:
        """The battery is full again. The clock knows no date until the sky or the net tells it."""
        if self.around.power:
            return
        self.sim.power_on(self.now)
        self.booted_at = math.floor(self.now)
        self.wall = self.dice.choice(NO_CLOCK)
        self.around.power = True
        self.at(self.now + self.dice.uniform(60, 600), self.learns_the_date)
        self._changes()

    def learns_the_date(self) -> None:
        self.wall = self._true_date()

    def steps_the_clock(self) -> None:
        """By a day or by years, into the past or the future."""
        years = self.dice.choice((-30, -12, -1, -1 / 365, 1 / 365, 1, 19, 80))
        self.wall = max(0.0, self._true_date() + years * YEAR_S)

    def forgets_the_date(self) -> None:
        self.wall = self.dice.choice(NO_CLOCK)

    def _sleeps(self) -> None:
        """The world goes on without the daemon, until there is power and it has started again."""
        ready = self.now + RESTART_S if self.around.power else math.inf
        while self.now < min(ready, self._end):
            times = [ready, self._end, *(plan[0] for plan in self._plans[:1])]
            due = self.line.due()
            self.now = max(self.now, min(times if due is None else [*times, due]))
            self.line.advance(self.now)
            while self._plans and self._plans[0][0] <= self.now:
                self._plans.pop(0)[2]()
            self._looks()
            if not self.around.power:
                ready = math.inf
            elif ready == math.inf:
                ready = self.now + self.dice.uniform(*BOOT_S)

    def pump(self) -> None:
        self._looks()
        super().pump()
        self._looks()

    # What is looked at, and HQ

    def make_motor(self) -> RecordingMotor:
        return _Wrist(lambda pulse: self.books.feel(self.now, pulse))

    def make_modem(self, settings: ModemSettings) -> Modem:
        modem = super().make_modem(settings)
        send = modem.send_sms

        def send_sms(ref: str, number: str, text: str) -> None:
            known = self.outbox.texts[int(ref.removeprefix("text-"))]
            key = (known.counter, known.recipient, known.template)
            self._handed[number] = (key, known.id)
            send(ref, number, text)

        modem.send_sms = send_sms  # type: ignore[method-assign]
        return modem

    def _on_event(self, event: ModemEvent) -> None:
        match event:
            case SmsOutcome(ref, Outcome.DONE):
                self.books.given.append((self.now, int(ref.removeprefix("text-"))))
            case SmsReport(ref, True):
                self.books.reached.append((self.now, int(ref.removeprefix("text-"))))
        super()._on_event(event)

    def _looks(self) -> None:
        made = self.outbox.next_counter
        if not self.books.made or self.books.made[-1][0] != made:
            self.books.made.append((made, self.now))
        if len(self.seen) == self._seen_up_to:
            return
        if self.around.hq:
            self._hq_reads_its_texts()
        for at, what, facts in self.seen[self._seen_up_to :]:
            number = str(facts.get("to"))
            if what == "sms-submitted" and facts["part"] == 1 and number in self._handed:
                self.books.submissions.append(Submission(at, *self._handed[number]))
        self._seen_up_to = len(self.seen)

    def _hq_reads_its_texts(self) -> None:
        centre = self.board.centre
        texts = centre.phone(HQ_NUMBER).texts
        for text in texts[self._texts_read :]:
            sealed = from_text(text.text)
            receipt = self.receipt(sealed, self._taken(sealed, "sms") or Status.STORED)
            centre.text(HQ_NUMBER, WEARER_NUMBER, to_text(receipt))
        self._texts_read = len(texts)

    def _hq_says(self, sealed: bytes) -> bytes:
        if not self.around.hq:
            if self.refuses:
                self.books.refused.add(read_header(sealed).counter)
            return _bare(503) if self.refuses else b""
        status = self._taken(sealed, "data")
        return _bare(409) if status is None else self.receipt_of(sealed, status)

    def _taken(self, sealed: bytes, path: str) -> Status | None:
        report, status = self.books.take(sealed, self.now, path)
        if report.alarm_id:
            seen_at = self.now + self.dice.uniform(*ACKNOWLEDGED_AFTER_S)
            if self.now >= self.acknowledged.setdefault(report.alarm_id, seen_at):
                return Status.ACKNOWLEDGED
        return status

    # What is around

    def changes(self, **how: Any) -> None:
        """Something around the device changes."""
        for name, value in how.items():
            setattr(self.around, name, value)
        self._changes()

    def _changes(self) -> None:
        around, books = self.around, self.books
        books.good.become(self.now, around.good)
        books.network.become(self.now, around.network)
        books.moving.become(self.now, around.moving and around.receiver)
        books.still.become(self.now, not around.moving and around.receiver)

    def has_network(self, on: bool) -> None:
        self.sim.set_network(on, self.now)
        self.changes(network=on)

    def has_data(self, how: Any) -> None:
        self.sim.set_gprs(how, self.now)
        self.changes(data=how == "on")

    def is_mute(self, on: bool) -> None:
        self.sim.set_mute(on, self.now)
        self.changes(modem=not on)

    def refuses_texts(self, code: int | None) -> None:
        self.sim.set_sms_refusal(code, self.now)

    def is_reset(self) -> None:
        """The modem alone; it is as good as new in seconds."""
        if self.around.power:
            self.sim.reset(self.now)

    def hq_is_up(self, up: bool) -> None:
        self.refuses = self.dice.random() < 0.5
        self.changes(hq=up)

    def _sees_the_sky(self) -> None:
        self.at(self.now + FIX_EVERY_S, self._sees_the_sky)
        if self.around.moving:
            self.place[0] += 5 * FIX_EVERY_S * METRE
        if self.around.receiver:
            self.messages.put(Fix(self.place[0], self.place[1], 8.0, self.clock()))
        else:
            self.messages.put(NoFix(NoFixReason.NO_SATELLITES))

    # What the wearer does

    def holds_it(self) -> None:
        self.books.disturbed.append(self.now)
        self.messages.put(Edge(True, self.clock()))
        self.at(self.now + HOLD_S + 0.5, lambda: self.messages.put(Edge(False, self.clock())))

    def taps_it(self, *groups: int) -> None:
        self.books.disturbed.append(self.now)
        at = self.now
        for count in groups:
            for _ in range(count):
                self.at(at, lambda: self.messages.put(Edge(True, self.clock())))
                self.at(at + 0.15, lambda: self.messages.put(Edge(False, self.clock())))
                at += 0.4
            at += 1.0

    def practises(self) -> None:
        """A drill, by ``outcry drill``."""
        self.messages.put(Asked("drill", lambda answer: None))

    def wears_it(self, on: bool) -> None:
        self.strap_closed = on
        if not on:
            self.books.disturbed.append(self.now)
        self.messages.put(StrapEdge(on, self.clock()))


def _bare(status: int) -> bytes:
    return b"HTTP/1.1 %d Nothing for you\r\nContent-Length: 0\r\n\r\n" % status
