"""Writes tests/vectors/messages.json: one known answer for each message type.

Run it only when the wire format changes on purpose, together with the layout's
version; a difference in this file without that is a break of the format.
"""

from __future__ import annotations

import json
from pathlib import Path

from outcry import receipt
from outcry.envelope import Header, public_key, seal, to_text
from outcry.report import (
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

HQ_PRIVATE_KEY = bytes(range(1, 33))
PSK = bytes(range(101, 133))
SEED = bytes(range(201, 233))
DEVICE = 0x0A0B0C0D

REPORTS = {
    "first report with a fix": Report(
        type=MessageType.FIRST,
        kind=AlarmKind.PANIC,
        alarm_id=0x7F3A0001,
        sequence=0,
        sent_at=1_790_000_000,
        place=Position(43.31780, 45.69490, accuracy_m=12, age_s=3),
        token=bytes(range(16)),
        battery_percent=81,
        signal=17,
        cell=Cell(250, 1, 0x0816, 0xF9A1),
        supply_mv=3986,
    ),
    "first report without a fix, clock not set": Report(
        type=MessageType.FIRST,
        kind=AlarmKind.STRAP,
        alarm_id=0x7F3A0002,
        sequence=0,
        sent_at=0,
        place=NoPosition(
            NoFixReason.NO_SATELLITES, (Neighbour(0x0816, 0xF2A1), Neighbour(0x0817, 0x0001))
        ),
        token=bytes(range(16, 32)),
        flags=Flag.CLOCK_UNSET | Flag.RESTARTED,
    ),
    "position, at the edge of the map": Report(
        type=MessageType.POSITION,
        kind=AlarmKind.PANIC,
        alarm_id=0xFFFFFFFF,
        sequence=0xFFFF,
        sent_at=0xFFFFFFFF,
        place=Position(-90.0, -180.0, accuracy_m=None, age_s=0xFFFF),
        token=b"\xff" * 16,
        battery_percent=100,
        signal=31,
        cell=Cell(999, 999, 0xFFFF, 0xFFFFFFFE),
        flags=Flag.MOVING,
    ),
    "still in danger": Report(
        type=MessageType.STILL_IN_DANGER,
        kind=AlarmKind.PANIC,
        alarm_id=0x7F3A0001,
        sequence=4,
        sent_at=1_790_000_300,
        place=Position(43.32001, 45.70002, accuracy_m=8, age_s=0),
        token=bytes(range(32, 48)),
    ),
    "withdrawal": Report(
        type=MessageType.WITHDRAWAL,
        kind=AlarmKind.PANIC,
        alarm_id=0x7F3A0001,
        sequence=5,
        sent_at=1_790_000_400,
        place=NoPosition(NoFixReason.NO_GPSD),
        token=bytes(range(48, 64)),
        taps=(2, 4, 1),
    ),
    "drill": Report(
        type=MessageType.FIRST,
        kind=AlarmKind.DRILL,
        alarm_id=0x7F3A0003,
        sequence=0,
        sent_at=1_790_000_500,
        place=Position(0.0, 0.0, accuracy_m=5, age_s=1),
        token=bytes(range(64, 80)),
    ),
    "heartbeat": Report(
        type=MessageType.HEARTBEAT,
        kind=AlarmKind.NONE,
        alarm_id=0,
        sequence=9,
        sent_at=1_790_000_600,
        place=Position(43.3178, 45.6949, accuracy_m=20, age_s=2),
        token=bytes(range(80, 96)),
        battery_percent=40,
        signal=9,
        supply_mv=3560,
        drill_hours=49,
        flags=Flag.STRAP_OPEN | Flag.BATTERY_LOW,
    ),
}


def vector(name: str, counter: int, report: Report) -> dict[str, object]:
    header = Header(DEVICE, counter)
    plain = encode(report)
    sealed = seal(plain, header, public_key(HQ_PRIVATE_KEY), PSK, random=lambda n: SEED[:n])
    return {
        "name": name,
        "counter": counter,
        "report": plain.hex(),
        "sealed": to_text(sealed),
        "receipt_stored": to_text(receipt.make(report.token, receipt.Status.STORED, header)),
        "receipt_acknowledged": to_text(
            receipt.make(report.token, receipt.Status.ACKNOWLEDGED, header)
        ),
    }


def main() -> None:
    vectors = {
        "device": DEVICE,
        "hq_private_key": HQ_PRIVATE_KEY.hex(),
        "psk": PSK.hex(),
        "ephemeral_seed": SEED.hex(),
        "messages": [
            vector(name, counter, report)
            for counter, (name, report) in enumerate(REPORTS.items(), start=65_536)
        ],
    }
    path = Path(__file__).parents[1] / "tests" / "vectors" / "messages.json"
    path.write_text(json.dumps(vectors, indent=2) + "\n")


if __name__ == "__main__":
    main()
