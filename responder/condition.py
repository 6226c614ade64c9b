"""What a report says of the device that made it, in words for people."""

from __future__ import annotations

from outcry.report import Cell, Flag, NoPosition, Report

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
