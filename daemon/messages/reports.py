"""Makes reports of what is known now, and seals them."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from outcry.daemon.messages.identity import Identity
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.stored import StoredReport
from outcry.enrolment import Enrolment
from outcry.envelope import Header, seal
from outcry.hw import gps
from outcry.hw.modem import ModemStatus
from outcry.report import (
    MAX_ACCURACY_M,
    MAX_AGE_S,
    MAX_MILLIVOLTS,
    MAX_NEIGHBOURS,
    NO_FLAGS,
    REPORT_BYTES,
    TOKEN_BYTES,
    AlarmKind,
    Cell,
    Flag,
    MessageType,
    Neighbour,
    NoFixReason,
    NoPosition,
    Position,
    Report,
    ReportInvalid,
    encode,
)

OLD_FIX_S = 30  # any fresh fix is better than one this old
ROUGH_M = 50  # below this, better accuracy does not help a helper


@dataclass(eq=False, repr=False)
class Reporter:
    """Seals reports for one device. ``_random(n)`` gives n secret bytes.

    ``time()`` is Unix seconds, ``None`` while nothing vouches for them, ``_wall()`` what the system's
    clock says all the same.
    """

    _identity: Identity
    _outbox: Outbox
    time: Callable[[], float | None]
    _wall: Callable[[], float]
    _random: Callable[[int], bytes]

    def __post_init__(self) -> None:
        self._enrolment = self._identity.enrolment
        self.seals = True
        """Whether sealing worked when it was last tried."""

    def seal(
        self,
        type_: MessageType,
        kind: AlarmKind,
        alarm_id: int,
        sequence: int,
        place: Position | NoPosition,
        modem: ModemStatus,
        flags: Flag = NO_FLAGS,
        *,
        taps: tuple[int, ...] = (),
        drill_hours: int | None = None,
    ) -> StoredReport:
        """A sealed report with its own counter; without HQ an empty, answered one."""
        if self._enrolment is None:
            return self.unsealed(alarm_id, sequence)
        counter = self._outbox.take_counter()
        token = self._random(TOKEN_BYTES)
        withdrawal = type_ is MessageType.WITHDRAWAL
        now = self.time()
        report = Report(
            type=type_,
            kind=kind,
            alarm_id=alarm_id,
            sequence=sequence,
            sent_at=min(max(int(self._wall() if now is None else now), 0), 0xFFFFFFFF),
            place=_with_neighbours(place, modem),
            token=token,
            battery_percent=modem.battery_percent,
            supply_mv=None if withdrawal else _millivolts(modem),
            signal=modem.signal if modem.signal is not None and modem.signal <= 31 else None,
            cell=_cell(modem),
            flags=flags | (Flag.CLOCK_UNSET if now is None else Flag.CLOCK_VOUCHED),
            taps=taps,
            drill_hours=drill_hours,
        )
        sealed = self._sealed(encode(report), counter, self._enrolment)
        position = type_ is MessageType.POSITION
        return StoredReport(counter, alarm_id, sequence, sealed, token, position=position)

    @property
    def enrolled(self) -> bool:
        return self._enrolment is not None

    def try_seal(self) -> None:
        """Seal once and throw it away, so that the first report need not wait for imports.

        Raises whatever sealing with this device's keys raises.
        """
        if self._enrolment is not None:
            self._sealed(bytes(REPORT_BYTES), 0, self._enrolment)

    def _sealed(self, plain: bytes, counter: int, to: Enrolment) -> bytes:
        self.seals = False
        sealed = seal(plain, Header(to.device, counter), to.hq.public_key, to.psk, self._random)
        self.seals = True
        return sealed

    def unsealed(self, alarm_id: int, sequence: int) -> StoredReport:
        """A report that nobody can receive, to stand in the outbox: only its texts are sent."""
        counter = self._outbox.take_counter()
        return StoredReport(counter, alarm_id, sequence, b"", b"", answered=True)


def place(fix: gps.Fix | None, reading: gps.NoFix, now: float) -> Position | NoPosition:
    """The best position known, with its age, or why there is none."""
    if fix is None:
        return NoPosition(NoFixReason[reading.reason.name])
    try:
        accuracy = None if fix.accuracy_m is None else int(fix.accuracy_m) + 1
        if accuracy is not None and accuracy > MAX_ACCURACY_M:
            accuracy = None  # a smaller one, which is all that the layout holds, would not be true
        age_s = ceil(min(max(now - fix.taken_at, 0), MAX_AGE_S))  # never younger than it is
        known = fix.taken_at != gps.AGE_UNKNOWN
        return Position(fix.latitude, fix.longitude, accuracy, age_s, age_known=known)
    except (ValueError, OverflowError):  # a receiver may say anything; the report must leave
        return NoPosition(NoFixReason.UNKNOWN)


def is_better(known: Position | NoPosition, reported: Position | NoPosition | None) -> bool:
    """Whether this position helps more than the one last reported."""
    if reported is None or isinstance(known, NoPosition):
        return False
    if isinstance(reported, NoPosition):
        return True
    if reported.age_s > OLD_FIX_S and known.age_s <= OLD_FIX_S:
        return True
    if known.accuracy_m is None:
        return False
    return reported.accuracy_m is None or reported.accuracy_m > max(2 * known.accuracy_m, ROUGH_M)


def _millivolts(modem: ModemStatus) -> int | None:
    return min(modem.battery_mv, MAX_MILLIVOLTS) if modem.battery_mv else None


def _with_neighbours(place: Position | NoPosition, modem: ModemStatus) -> Position | NoPosition:
    """Without a fix, add the neighbour cells of the serving cell's operator."""
    if isinstance(place, Position) or modem.cell is None:
        return place
    serving = modem.cell
    heard: list[Neighbour] = []
    for cell in modem.neighbours:
        if (cell.mcc, cell.mnc) == (serving.mcc, serving.mnc) and len(heard) < MAX_NEIGHBOURS:
            with contextlib.suppress(ReportInvalid):  # line noise; the others may be true
                heard.append(Neighbour(cell.lac, cell.ci))
    return NoPosition(place.reason, tuple(heard))


def _cell(modem: ModemStatus) -> Cell | None:
    if modem.cell is not None:
        with contextlib.suppress(ReportInvalid):
            return Cell(modem.cell.mcc, modem.cell.mnc, modem.cell.lac, modem.cell.ci)
    return None
