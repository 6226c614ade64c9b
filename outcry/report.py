"""A report's fields and their bytes.

One fixed layout serves every message, so that an observer who counts bytes
cannot tell an alarm from a heartbeat. The first byte is the layout's version.
All integers are big-endian.

=======  =====  ==========================================================
offset   bytes  field
=======  =====  ==========================================================
0        1      layout version (1)
1        1      message type (high four bits), alarm kind (low four bits)
2        2      flags
4        4      alarm id (0: none, in a heartbeat)
8        2      sequence within the alarm
10       4      time of the report, Unix seconds by the device's clock
14       1      0: a fix follows; 1-15: no fix, and why
15       12     the place, see below
27       1      battery in percent, 255: unknown
28       1      signal as AT+CSQ gives it (0-31), 99: unknown
29       10     cell: MCC 2, MNC 2, LAC 2, cell id 4; all ones: unknown
39       4      in a withdrawal: the tapped code, a group of taps in each four bits;
                else: supply in millivolts 2, hours since the last drill 2, 0: unknown
43       16     receipt token
=======  =====  ==========================================================

The place, with a fix: latitude 4 and longitude 4 in 1e-5 degree, accuracy 2 in
metres (65535: unknown), fix age 2 in seconds when the report was made (65535:
or more, or unknown). Without one the same bytes name up to three neighbour cells of the
serving cell's operator, strongest first, each LAC 2 and cell id 2; LAC 0 and
65535, which no cell has (3GPP TS 23.003 4.1), mean none.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

LAYOUT_VERSION = 1
TOKEN_BYTES = 16
_LAYOUT = struct.Struct(f">BBHIHIB12sBBHHHI4s{TOKEN_BYTES}s")
_FIX = struct.Struct(">iiHH")
_NEIGHBOURS = struct.Struct(">HHHHHH")
_CONDITION = struct.Struct(">HH")
REPORT_BYTES = _LAYOUT.size

_E5 = 100_000  # 1e-5 degree is 1.1 m at the equator: finer than any receiver worn on a wrist
_UNKNOWN_16 = 0xFFFF
_UNKNOWN_BATTERY = 255
_UNKNOWN_SIGNAL = 99  # AT+CSQ's own word for it
_UNKNOWN_CELL = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF)
_NO_LAC = (0, 0xFFFF)
MAX_NEIGHBOURS = 3
MAX_MILLIVOLTS = 0xFFFF
MAX_HOURS = 0xFFFF
MAX_TAP_GROUPS = 8
MAX_TAPS = 15
MAX_AGE_S = _UNKNOWN_16
MAX_ACCURACY_M = _UNKNOWN_16 - 1


class ReportInvalid(ValueError):
    """These bytes or fields are not a report; the message names the field, never its value."""


def _check(what: str, value: float | None, low: int, high: int, unit: str = "") -> None:
    """Raise :class:`ReportInvalid` unless the value is in range, or ``None``: not known."""
    if value is not None and not low <= value <= high:
        raise ReportInvalid(f"{what} is not within {low} to {high} {unit}".rstrip())


class MessageType(IntEnum):
    FIRST = 1
    POSITION = 2
    STILL_IN_DANGER = 3
    WITHDRAWAL = 4
    HEARTBEAT = 5


class AlarmKind(IntEnum):
    """What raised the alarm. ``SILENCE`` is HQ's own and never travels: four bits cannot hold it."""

    NONE = 0
    PANIC = 1
    STRAP = 2
    DRILL = 3
    SILENCE = 16


class NoFixReason(IntEnum):
    UNKNOWN = 1
    NO_GPSD = 2
    NO_RECEIVER = 3
    NO_SATELLITES = 4
    NOT_ASKED_YET = 5


class Flag(IntFlag):
    CLOCK_UNSET = 1
    BUTTON_STUCK = 2
    MOVING = 4
    JAMMING = 8
    UNDER_VOLTAGE = 16
    RESTARTED = 32
    STRAP_OPEN = 64
    STRAP_LOOSE = 128
    BATTERY_LOW = 256
    CARD_FAULT = 512
    STRAP_FAULT = 1024
    TEXTS_FAULT = 2048
    CLOCK_VOUCHED = (
        4096  # something in this boot vouched for the time; older wearables never say so
    )
    BUTTON_FAULT = 8192


NO_FLAGS = Flag(0)


@dataclass(frozen=True)
class Position:
    """Where the wearer was seen: degrees (WGS 84), metres, seconds before the report."""

    latitude: float
    longitude: float
    accuracy_m: int | None
    age_s: int
    age_known: bool = field(default=True, compare=False)  # not in the layout: travels as MAX_AGE_S

    def __post_init__(self) -> None:
        _check("latitude", self.latitude, -90, 90, "degrees")
        _check("longitude", self.longitude, -180, 180, "degrees")
        _check("accuracy", self.accuracy_m, 0, MAX_ACCURACY_M, "m")
        _check("fix age", self.age_s, 0, MAX_AGE_S, "s")

    def __repr__(self) -> str:  # a position must not reach a log by way of a traceback
        return f"Position(<hidden>, age_s={self.age_s})"


@dataclass(frozen=True, repr=False)
class Neighbour:
    """A cell heard beside the serving one: location area 1 to 65534, cell id 0 to 65535."""

    lac: int
    ci: int

    def __post_init__(self) -> None:
        _check("a neighbour's location area", self.lac, 1, 0xFFFE)
        _check("a neighbour's cell id", self.ci, 0, 0xFFFF)


@dataclass(frozen=True)
class NoPosition:
    """There is no position, and why; up to three neighbour cells tell roughly where."""

    reason: NoFixReason
    neighbours: tuple[Neighbour, ...] = ()

    def __post_init__(self) -> None:
        if len(self.neighbours) > MAX_NEIGHBOURS:
            raise ReportInvalid(f"more than {MAX_NEIGHBOURS} neighbour cells")


@dataclass(frozen=True, repr=False)  # a cell is a position, which must not reach a log
class Cell:
    """The serving GSM cell (3GPP TS 23.003): MCC, MNC, location area, cell id."""

    mcc: int
    mnc: int
    lac: int
    ci: int

    def __post_init__(self) -> None:
        _check("MCC", self.mcc, 0, 999)
        _check("MNC", self.mnc, 0, 999)
        _check("location area", self.lac, 0, 0xFFFF)
        _check("cell id", self.ci, 0, 0xFFFFFFFF)


@dataclass(frozen=True)
class Report:
    """One message of a wearer's device, before sealing.

    ``sent_at`` is Unix seconds; ``battery_percent`` 0 to 100; ``supply_mv`` 1 to
    65535 millivolts; ``signal`` 0 to 31 as AT+CSQ gives it; ``drill_hours`` 1 to
    65535 since the last drill; ``taps`` up to eight groups of 1 to 15. A
    withdrawal carries taps in the place of supply and drill. Raises
    :class:`ReportInvalid` on anything the layout cannot carry.
    """

    type: MessageType
    kind: AlarmKind
    alarm_id: int
    sequence: int
    sent_at: int
    place: Position | NoPosition
    token: bytes
    battery_percent: int | None = None
    signal: int | None = None
    cell: Cell | None = None
    flags: Flag = NO_FLAGS
    taps: tuple[int, ...] = ()
    supply_mv: int | None = None
    drill_hours: int | None = None

    def __post_init__(self) -> None:
        if (self.type is MessageType.HEARTBEAT) != (self.kind is AlarmKind.NONE):
            raise ReportInvalid("a heartbeat, and only a heartbeat, has no alarm kind")
        if self.kind is AlarmKind.SILENCE:
            raise ReportInvalid("silence is HQ's own word: no report says it")
        if (self.type is MessageType.HEARTBEAT) != (self.alarm_id == 0):
            raise ReportInvalid("a heartbeat, and only a heartbeat, has no alarm id")
        _check("alarm id", self.alarm_id, 0, 0xFFFFFFFF)
        _check("sequence", self.sequence, 0, 0xFFFF)
        _check("time", self.sent_at, 0, 0xFFFFFFFF, "s")
        _check("flags", self.flags, 0, 0xFFFF)
        _check("battery", self.battery_percent, 0, 100, "percent")
        _check("signal", self.signal, 0, 31)
        _check("supply", self.supply_mv, 1, MAX_MILLIVOLTS, "millivolts")
        _check("last drill", self.drill_hours, 1, MAX_HOURS, "hours ago")
        if len(self.token) != TOKEN_BYTES:
            raise ReportInvalid(f"receipt token is not {TOKEN_BYTES} bytes")
        if len(self.taps) > MAX_TAP_GROUPS or any(not 1 <= n <= MAX_TAPS for n in self.taps):
            raise ReportInvalid(f"taps are not up to {MAX_TAP_GROUPS} groups of 1 to {MAX_TAPS}")
        if self.type is not MessageType.WITHDRAWAL:
            if self.taps:
                raise ReportInvalid("taps belong to a withdrawal")
        elif self.supply_mv is not None or self.drill_hours is not None:
            raise ReportInvalid("a withdrawal carries taps in the place of supply and drill")

    def __repr__(self) -> str:  # no token, no position
        return f"Report({self.type.name}, {self.kind.name}, sequence={self.sequence})"


def encode(report: Report) -> bytes:
    """The report's ``REPORT_BYTES`` bytes."""
    cell = report.cell
    return _LAYOUT.pack(
        LAYOUT_VERSION,
        report.type << 4 | report.kind,
        report.flags,
        report.alarm_id,
        report.sequence,
        report.sent_at,
        report.place.reason if isinstance(report.place, NoPosition) else 0,
        _pack_place(report.place),
        _UNKNOWN_BATTERY if report.battery_percent is None else report.battery_percent,
        _UNKNOWN_SIGNAL if report.signal is None else report.signal,
        *(_UNKNOWN_CELL if cell is None else (cell.mcc, cell.mnc, cell.lac, cell.ci)),
        _pack_taps(report.taps)
        if report.type is MessageType.WITHDRAWAL
        else _CONDITION.pack(report.supply_mv or 0, report.drill_hours or 0),
        report.token,
    )


def decode(data: bytes) -> Report:
    """The report in these bytes; raises :class:`ReportInvalid` unless every field is in range."""
    if len(data) != REPORT_BYTES:
        raise ReportInvalid(f"a report is {REPORT_BYTES} bytes, this is {len(data)}")
    version, type_and_kind, *fields, last, token = _LAYOUT.unpack(data)
    flags, alarm_id, sequence, sent_at, no_fix, place, battery, signal, *cell = fields
    if version != LAYOUT_VERSION:
        raise ReportInvalid(f"layout version {version} is not known here")
    try:
        type_ = MessageType(type_and_kind >> 4)
        kind = AlarmKind(type_and_kind & 0x0F)
        where = _unpack_place(NoFixReason(no_fix) if no_fix else None, place)
    except ReportInvalid:
        raise
    except ValueError:
        raise ReportInvalid("message type, kind or no-fix reason is not known here") from None
    withdrawal = type_ is MessageType.WITHDRAWAL
    supply, drill = (0, 0) if withdrawal else _CONDITION.unpack(last)
    return Report(
        type=type_,
        kind=kind,
        alarm_id=alarm_id,
        sequence=sequence,
        sent_at=sent_at,
        place=where,
        token=token,
        battery_percent=None if battery == _UNKNOWN_BATTERY else battery,
        signal=None if signal == _UNKNOWN_SIGNAL else signal,
        cell=None if tuple(cell) == _UNKNOWN_CELL else Cell(*cell),
        flags=Flag(flags),
        taps=_unpack_taps(last) if withdrawal else (),
        supply_mv=supply or None,
        drill_hours=drill or None,
    )


def _pack_place(place: Position | NoPosition) -> bytes:
    if isinstance(place, Position):
        return _FIX.pack(
            round(place.latitude * _E5),
            round(place.longitude * _E5),
            _UNKNOWN_16 if place.accuracy_m is None else place.accuracy_m,
            place.age_s,
        )
    cells = [number for cell in place.neighbours for number in (cell.lac, cell.ci)]
    return _NEIGHBOURS.pack(*cells, *[0] * (2 * MAX_NEIGHBOURS - len(cells)))


def _unpack_place(no_fix: NoFixReason | None, packed: bytes) -> Position | NoPosition:
    if no_fix is None:
        latitude, longitude, accuracy, age_s = _FIX.unpack(packed)
        accuracy_m = None if accuracy == _UNKNOWN_16 else accuracy
        known = age_s < MAX_AGE_S
        return Position(latitude / _E5, longitude / _E5, accuracy_m, age_s, age_known=known)
    numbers = _NEIGHBOURS.unpack(packed)
    heard = zip(numbers[::2], numbers[1::2], strict=True)
    return NoPosition(no_fix, tuple(Neighbour(*cell) for cell in heard if cell[0] not in _NO_LAC))


def _pack_taps(taps: tuple[int, ...]) -> bytes:
    return bytes.fromhex("".join(f"{group:x}" for group in taps).ljust(MAX_TAP_GROUPS, "0"))


def _unpack_taps(packed: bytes) -> tuple[int, ...]:
    groups = packed.hex().rstrip("0")  # a zero inside is out of range and refused by Report
    return tuple(int(group, 16) for group in groups)
