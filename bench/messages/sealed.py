"""Whether every report fits one SMS."""

from __future__ import annotations

from random import Random

from outcry.envelope import KEY_BYTES, Header, public_key, seal, to_text
from outcry.report import (
    MAX_ACCURACY_M,
    MAX_AGE_S,
    MAX_HOURS,
    MAX_MILLIVOLTS,
    MAX_NEIGHBOURS,
    MAX_TAP_GROUPS,
    MAX_TAPS,
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
    encode,
)
from stage import reports

RANDOM_REPORTS = 10_000
_MOST_32 = 0xFFFFFFFF
_ALL_FLAGS = Flag(0xFFFF)


def sealed_report_sms_chars_max(random_reports: int = RANDOM_REPORTS) -> float:
    """The longest text of a sealed report, characters; one SMS in GSM 03.38 holds 160.

    Over the extremes of every field and 10,000 random valid reports, sealed for real.
    """
    random = Random(1)
    keys = public_key(random.randbytes(KEY_BYTES)), random.randbytes(KEY_BYTES)
    longest = 0
    for report in (*extremes(), *(drawn(random) for _ in range(random_reports))):
        for header in (Header(0, 0), Header(_MOST_32, _MOST_32)):
            sealed = seal(encode(report), header, *keys, random.randbytes)
            longest = max(longest, len(to_text(sealed)))
    return longest


def extremes() -> list[Report]:
    """Reports with every field at its least, and at its most."""
    nowhere = NoPosition(NoFixReason.UNKNOWN)
    least = reports.report(MessageType.HEARTBEAT, sent_at=0, place=nowhere)
    far = [
        Position(latitude, longitude, accuracy, MAX_AGE_S)
        for latitude in (-90.0, 90.0)
        for longitude in (-180.0, 180.0)
        for accuracy in (None, MAX_ACCURACY_M)
    ]
    most = [
        Report(
            type=MessageType.WITHDRAWAL,
            kind=AlarmKind.DRILL,
            alarm_id=_MOST_32,
            sequence=0xFFFF,
            sent_at=_MOST_32,
            place=place,
            token=b"\xff" * TOKEN_BYTES,
            battery_percent=100,
            signal=31,
            cell=Cell(999, 999, 0xFFFF, _MOST_32),
            flags=_ALL_FLAGS,
            taps=(MAX_TAPS,) * MAX_TAP_GROUPS,
        )
        for place in far
    ]
    return [least, *most]


def drawn(random: Random) -> Report:
    """A valid report, any."""
    type_ = random.choice(list(MessageType))
    idle = type_ is MessageType.HEARTBEAT
    kinds = [AlarmKind.PANIC, AlarmKind.STRAP, AlarmKind.DRILL]
    withdrawal = type_ is MessageType.WITHDRAWAL
    taps = random.randint(0, MAX_TAP_GROUPS) if withdrawal else 0
    return Report(
        type=type_,
        kind=AlarmKind.NONE if idle else random.choice(kinds),
        alarm_id=0 if idle else random.randint(1, _MOST_32),
        sequence=random.randint(0, 0xFFFF),
        sent_at=random.randint(0, _MOST_32),
        place=_place(random),
        token=random.randbytes(TOKEN_BYTES),
        battery_percent=random.choice((None, random.randint(0, 100))),
        signal=random.choice((None, random.randint(0, 31))),
        cell=random.choice((None, _cell(random))),
        flags=Flag(random.randint(0, 0xFFFF)),
        taps=tuple(random.randint(1, MAX_TAPS) for _ in range(taps)),
        supply_mv=None if withdrawal else random.choice((None, random.randint(1, MAX_MILLIVOLTS))),
        drill_hours=None if withdrawal else random.choice((None, random.randint(1, MAX_HOURS))),
    )


def _place(random: Random) -> Position | NoPosition:
    if random.random() < 0.2:
        heard = (
            Neighbour(random.randint(1, 0xFFFE), random.randint(0, 0xFFFF))
            for _ in range(random.randint(0, MAX_NEIGHBOURS))
        )
        return NoPosition(random.choice(list(NoFixReason)), tuple(heard))
    return Position(
        random.uniform(-90, 90),
        random.uniform(-180, 180),
        random.choice((None, random.randint(0, MAX_ACCURACY_M))),
        random.randint(0, MAX_AGE_S),
    )


def _cell(random: Random) -> Cell:
    return Cell(
        random.randint(0, 999),
        random.randint(0, 999),
        random.randint(0, 0xFFFF),
        random.randint(0, _MOST_32),
    )
