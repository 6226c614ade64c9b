"""Words that HQ's texts and pages share: times, spans and addresses of maps."""

from __future__ import annotations

from datetime import UTC, datetime

from outcry.report import Flag, NoFixReason, Position, Report

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
