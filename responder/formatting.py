"""Words that HQ's texts and pages share: times, spans and addresses of maps."""

from __future__ import annotations

from datetime import UTC, datetime

from outcry.report import Cell, Flag, NoFixReason, NoPosition, Position, Report

NO_FIX = {
    NoFixReason.UNKNOWN: "reason unknown",
    NoFixReason.NO_GPSD: "the position service was not running",
    NoFixReason.NO_RECEIVER: "the position receiver was not found",
    NoFixReason.NO_SATELLITES: "the satellites could not be seen",
    NoFixReason.NOT_ASKED_YET: "the device had just started",
}


def raised_at(report: Report, arrived_at: float) -> float:
    """When the report was made, Unix seconds: by the device's clock if it was set and is credible."""
    if Flag.CLOCK_UNSET in report.flags or report.sent_at > arrived_at + 3600:
        return arrived_at
    return float(report.sent_at)


def clock_time(at: float) -> str:
    """14:03 UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M} UTC"


def date(at: float) -> str:
    """22 November 2026."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%B %Y}"


def rfc3339(at: float) -> str:
    """2026-11-22T14:03:00Z."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def span(seconds: float) -> str:
    """A duration as people say it: 5 s, 3 min, 2 h, 4 days."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{round(seconds / 3600)} h"
    return f"{round(seconds / 86400)} days"


def full_map(place: Position) -> str:
    """A map link that opens close to the place."""
    at = f"{place.latitude:.5f}/{place.longitude:.5f}"
    query = f"mlat={place.latitude:.5f}&mlon={place.longitude:.5f}"
    return f"https://www.openstreetmap.org/?{query}#map=17/{at}"


MARKS = {
    Flag.JAMMING: "something jams the radio",
    Flag.BUTTON_STUCK: "the button has been down for very long",
    Flag.STRAP_OPEN: "the strap is open",
    Flag.STRAP_LOOSE: "the strap's wire has a loose contact",
    Flag.STRAP_FAULT: "the strap cannot be watched",
    Flag.BATTERY_LOW: "the battery is low",
    Flag.UNDER_VOLTAGE: "the modem's supply is too low",
    Flag.CARD_FAULT: "the card cannot be written",
    Flag.CLOCK_UNSET: "the device does not know the time",
    Flag.RESTARTED: "the device has restarted",
    Flag.MOVING: "moving",
}

NOT_KNOWN = "not known"


def marks(report: Report) -> list[str]:
    """The report's marks, the gravest first."""
    return [words for flag, words in MARKS.items() if flag in report.flags]


def battery(percent: int | None, supply_mv: int | None) -> str:
    """57 %, 3.81 V at the modem."""
    parts = [] if percent is None else [f"{percent} %"]
    if supply_mv is not None:
        parts.append(f"{supply_mv / 1000:.2f} V at the modem")
    return ", ".join(parts) or NOT_KNOWN


def signal(strength: int | None) -> str:
    """17 of 31, as AT+CSQ counts."""
    return NOT_KNOWN if strength is None else f"{strength} of 31"


def cells(report: Report) -> list[str]:
    """The serving cell, then those heard beside it: roughly where a device without a fix is.

    For the duty officer alone.
    """
    if report.cell is None:
        return []
    near = report.place.neighbours if isinstance(report.place, NoPosition) else ()
    return [_cell(report.cell), *(f"area {cell.lac} cell {cell.ci}" for cell in near)]


def _cell(cell: Cell) -> str:
    return f"country {cell.mcc} network {cell.mnc} area {cell.lac} cell {cell.ci}"
