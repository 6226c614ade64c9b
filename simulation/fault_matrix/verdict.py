"""What came of a cell of the fault matrix, and which promises it broke."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from outcry.envelope import EnvelopeRefused
from outcry.hw.modem import Outcome, SmsOutcome
from outcry.report import Flag
from simulation.fault_matrix.cells import MEMORY, Cell
from simulation.wearable import SimulatedWorld
from simulation.world import WALL

LEAVES_S = 60.0
LEAVES_CMGS_S = 45.0
LEAVES_MINUTE_S = 90.0
FIRST_CMGS_S = 12.0
FIRST_CONTACT_S = 30.0
WATCHED_S = 150.0  # after the press: all that is promised, and the chain of texts
BOOTED_S = 15.0  # after power-on a modem is registered and ready for texts
CLOCK_S = 2.0  # the network tells whole seconds, and a look for it takes one
UNABORTABLE = ("AT+CIPSHUT", "AT+CGATT", "AT+CIICR", "AT+CFUN")
SENT = b"\r\n+CMGS: "
HELD_LINE = "AT+CIPSTART"  # where connecting holds the line

Given = list[tuple[str, str, str]]  # reference, number, words


@dataclass(frozen=True)
class Verdict:
    """What came of a cell; times in seconds after the press, None: never."""

    left: float | None
    """HQ's valid receipt, a +CMGS: of the simulated modem, or another proof of a text that the
    network did take."""
    answered: float | None
    first_cmgs: float | None
    first_contact: float | None
    ready: bool
    """Registered, and not restarted until the first AT+CMGS."""
    in_cmgs: bool
    """The fault struck during an AT+CMGS."""
    blocked: bool
    """A command that cannot be aborted was in flight at the press."""
    duplicates: int
    """Texts on a phone more often than once plus once for each unknown outcome."""
    faults: int
    """In Outcry itself."""
    cut_off: bool = False
    """The modem crashed amid an AT+CMGS, long after what it crashed for."""
    wrong_times: int = 0
    """Reports that reached HQ with a time that is not that of their making, told as known."""

    def text_was_due(self, limit_s: float) -> bool:
        """Whether HQ had not answered by then."""
        return self.answered is None or self.answered > limit_s


def live(cell: Cell) -> Verdict:
    """Live this cell and see."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        world = cell.life.world(Path(folder), cell.valid_at, cell.world, cell.clock)
        cell.arm(world)
        given, sent = _listen(world), _watch(world)
        world.run(cell.valid_at + WATCHED_S)
        return _judge(cell, world, given, sent)


def broken(cell: Cell, verdict: Verdict) -> list[str]:
    """The promises that were not kept, in words."""
    found = []
    if left_too_late(cell, verdict):
        found.append(f"left after {_shown(verdict.left)}")
    if verdict.duplicates:
        found.append(f"{verdict.duplicates} texts twice")
    if verdict.wrong_times:
        found.append(f"{verdict.wrong_times} reports with a wrong time")
    if verdict.faults:
        found.append("a fault in Outcry")
    if first_cmgs_counts(cell, verdict) and _late(verdict.first_cmgs, FIRST_CMGS_S):
        found.append(f"first AT+CMGS after {_shown(verdict.first_cmgs)}")
    if first_contact_counts(cell, verdict) and _late(verdict.first_contact, FIRST_CONTACT_S):
        found.append(f"first contact's text after {_shown(verdict.first_contact)}")
    return found


def left_too_late(cell: Cell, verdict: Verdict) -> bool:
    """Whether the alarm left too late by both ways."""
    return _late(verdict.left, leaves_by_s(cell, verdict))


def leaves_by_s(cell: Cell, verdict: Verdict) -> float:
    """By when the alarm has to have left, in seconds after the press.

    A fault in AT+CMGS has the shorter bound. A modem that it makes deaf has to be restarted: that
    begins when the modem could take a text, and of two faults in a row each may cost a restart.
    """
    if cell.has_its_minute:
        return LEAVES_MINUTE_S
    if not verdict.in_cmgs or (cell.deaf and cell.then is not None):
        return LEAVES_S
    starting_s = (verdict.first_cmgs or 0.0) if cell.deaf and not verdict.ready else 0.0
    return min(LEAVES_CMGS_S + starting_s, LEAVES_S)


def first_cmgs_counts(cell: Cell, verdict: Verdict) -> bool:
    """Whether the bound on the first AT+CMGS holds here; the others are counted apart."""
    free = verdict.ready and not (verdict.blocked or cell.deaf or cell.denies_network)
    return free and verdict.text_was_due(FIRST_CMGS_S)


def first_contact_counts(cell: Cell, verdict: Verdict) -> bool:
    """Whether the bound on the first contact's text holds here.

    A SIM that is opened with its PIN makes each start some 5 s longer, and there may be two. What a
    modem crashes for again and again, seconds later, can only be found by trying.
    """
    free = not (verdict.in_cmgs or cell.deaf or cell.denies_network or cell.life.pin)
    free = free and not (verdict.cut_off or (cell.fault == "crash" and cell.lasting))
    return free and verdict.text_was_due(FIRST_CONTACT_S)


def _late(at: float | None, limit_s: float) -> bool:
    return at is None or at > limit_s


def _shown(at: float | None) -> str:
    return "never" if at is None else f"{at:.1f} s"


def _listen(world: SimulatedWorld) -> Given:
    """What is handed to the modem's owner from now on."""
    given: Given = []
    send = world.modem.send_sms

    def heard(ref: str, number: str, text: str) -> None:
        given.append((ref, number, text))
        send(ref, number, text)

    world.modem.send_sms = heard
    return given


def _watch(world: SimulatedWorld) -> list[float]:
    """When the modem says +CMGS: from now on."""
    sent: list[float] = []
    output, last = world.line.output, b""

    def heard(now: float) -> bytes:
        nonlocal last
        data = output(now)
        sent.extend([now] * (last + data).count(SENT))
        last = (last + data)[-(len(SENT) - 1) :]
        return data

    world.line.output = heard  # type: ignore[method-assign]
    return sent


def _judge(cell: Cell, world: SimulatedWorld, given: Given, sent: Sequence[float]) -> Verdict:
    valid = cell.valid_at
    tried = [t for t in world.commands("AT+CMGS") if t >= valid]
    first = given[0][1] if given else None
    to_first = [
        t for t, what, facts in world.seen if what == "sms-submitted" and facts["to"] == first
    ]
    asked = [(t, facts["command"]) for t, what, facts in world.seen if what == "at"]
    at_press = [command for t, command in asked if t <= valid]
    at_fault = [command for t, command in asked if t <= cell.at]
    blocks = (*UNABORTABLE, HELD_LINE) if cell.life.holds_the_line else UNABORTABLE
    until = min(tried, default=valid + FIRST_CMGS_S)
    boots = [t for t, what, _ in world.seen if what == "boot"]
    return Verdict(
        left=_after(valid, [*world.receipts, *sent, *_proven(world)]),
        answered=_after(valid, world.receipts),
        first_cmgs=_after(valid, tried),
        first_contact=_after(valid, to_first),
        ready=not any(valid - BOOTED_S <= t <= until for t in boots),
        in_cmgs=cell.in_cmgs or at_fault[-1:] == ["AT+CMGS"],
        blocked=bool(at_press) and at_press[-1] in blocks,
        duplicates=_duplicates(world, given),
        faults=len(world.faults),
        cut_off=cell.fault == "crash" and _is_cut_off(asked, boots),
        wrong_times=_wrong_times(world, valid) if cell.clock else 0,
    )


def _is_cut_off(asked: Sequence[tuple[float, str]], boots: Sequence[float]) -> bool:
    return any([c for t, c in asked if t <= boot][-1:] == ["AT+CMGS"] for boot in boots)


def _wrong_times(world: SimulatedWorld, valid: float) -> int:
    """Of the alarm's reports. The network's clock, and GPS, say :data:`WALL` at 0."""
    wrong = 0
    for arrived, sealed in world.arrived:
        with suppress(EnvelopeRefused):  # it was hurt on the way, and HQ takes it for nobody's
            report = world.open(sealed)
            tells = report.alarm_id and Flag.CLOCK_UNSET not in report.flags
            true = valid - CLOCK_S <= report.sent_at - WALL <= arrived + CLOCK_S
            wrong += bool(tells) and not true
    return wrong


def _proven(world: SimulatedWorld) -> list[float]:
    """When the driver knew that a text had left, and the centre has as many."""
    known = [
        t
        for t, event in world.told
        if isinstance(event, SmsOutcome) and event.outcome is Outcome.DONE
    ]
    return known if len(world.texts_given()) >= len(known) else []


def _after(valid: float, times: Sequence[float]) -> float | None:
    return min((t - valid for t in times if t >= valid), default=None)


def _duplicates(world: SimulatedWorld, given: Given) -> int:
    words = {ref: (number, text) for ref, number, text in given}
    unknown = Counter(
        words[event.ref]
        for _, event in world.told
        if isinstance(event, SmsOutcome) and event.outcome is Outcome.UNKNOWN
    )
    shown = Counter(
        (phone.number, text.text)
        for phone in world.board.centre.phones.values()
        for text in phone.texts
    )
    return sum(max(0, count - 1 - unknown[key]) for key, count in shown.items())
