"""Words that HQ's texts and pages share: times, spans and addresses of maps."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from outcry.letters import utc_offset
from outcry.report import Flag, NoFixReason, NoPosition, Position, Report
from outcry.responder import translations
from outcry.responder.translations import Words

ENGLISH = translations.words("en")
"""What people at HQ read: the words that contacts read, in English."""
NO_FIX = {reason: ENGLISH(f"no_fix_{reason.name}") for reason in NoFixReason}
NOT_KNOWN = ENGLISH("not_known")
span = ENGLISH.span
TODAY_S = 12 * 3600  # younger than this the date is plain, and a short line reads faster


def raised_at(report: Report, arrived_at: float) -> float:
    """When the report was made, Unix seconds: by the device's clock, or by HQ's where it is dated so.

    Never later than it arrived: a clock may be some minutes ahead.
    """
    return arrived_at if Flag.CLOCK_UNSET in report.flags else min(report.sent_at, arrived_at)


def least(report: Report) -> str:
    """What to say before an age that counts from :func:`raised_at`: it may have waited to be sent."""
    return "at least " if Flag.CLOCK_UNSET in report.flags else ""


def local(at: float, zone: tzinfo | None) -> datetime:
    """That moment by the clock of this zone, or by UTC where none is known."""
    return datetime.fromtimestamp(at, zone or UTC)


def clock_time(at: float, zone: tzinfo | None = None) -> str:
    """14:03 UTC; in a zone 17:03 (14:03 UTC), or 01:03 (UTC+3) where the day is not that of UTC."""
    here, there = local(at, zone), local(at, UTC)
    utc = f"{there:%H:%M} UTC"
    if not here.utcoffset():
        return utc
    return f"{here:%H:%M} ({utc if here.date() == there.date() else utc_offset(here)})"


def date(at: float, zone: tzinfo | None = None) -> str:
    """22 November 2026."""
    moment = local(at, zone)
    return f"{moment.day} {moment:%B %Y}"


def iso_date(at: float, zone: tzinfo | None = None) -> str:
    """2026-11-22: the same for readers of every language."""
    return f"{local(at, zone):%Y-%m-%d}"


def when(
    at: float,
    now: float,
    zone: tzinfo | None = None,
    day: Callable[[float, tzinfo | None], str] = date,
) -> str:
    """14:03 UTC; of longer ago with its date, which ``day`` writes. In a zone its time first."""
    time = clock_time(at, zone)
    return time if now - at < TODAY_S else f"{time}, {day(at, zone)}"


def rfc3339(at: float) -> str:
    """2026-11-22T14:03:00Z."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def accuracy(metres: int | None, say: Words = ENGLISH) -> str:
    """Within 12 m."""
    return say("accuracy_unknown") if metres is None else say("within", metres=metres)


def full_map(place: Position) -> str:
    """A map link that opens close to the place."""
    at = f"{place.latitude:.5f}/{place.longitude:.5f}"
    query = f"mlat={place.latitude:.5f}&mlon={place.longitude:.5f}"
    return f"https://www.openstreetmap.org/?{query}#map=17/{at}"


def geo(place: Position) -> str:
    """A link that opens the place in a map app of the reader's own (RFC 5870), with its uncertainty."""
    within = "" if place.accuracy_m is None else f";u={place.accuracy_m}"
    return f"geo:{place.latitude:.5f},{place.longitude:.5f}{within}"


def decimal_degrees(latitude: float, longitude: float) -> str:
    """52.52000, 13.40500: to the metre; south and west are negative."""
    return f"{latitude:.5f}, {longitude:.5f}"


def decimal_minutes(latitude: float, longitude: float) -> str:
    """52° 31.200' N, 13° 24.300' E: to two metres."""
    sides = (latitude, "N" if latitude >= 0 else "S"), (longitude, "E" if longitude >= 0 else "W")
    return ", ".join(f"{_minutes(abs(degrees))} {side}" for degrees, side in sides)


def _minutes(degrees: float) -> str:
    whole, thousandths = divmod(round(degrees * 60_000), 60_000)
    return f"{whole}° {thousandths / 1000:06.3f}'"


_MOST_SERIOUS_FIRST = (
    Flag.BUTTON_FAULT,
    Flag.JAMMING,
    Flag.BUTTON_STUCK,
    Flag.STRAP_OPEN,
    Flag.STRAP_LOOSE,
    Flag.STRAP_FAULT,
    Flag.BATTERY_LOW,
    Flag.UNDER_VOLTAGE,
    Flag.TEXTS_FAULT,
    Flag.CARD_FAULT,
    Flag.CLOCK_UNSET,
    Flag.RESTARTED,
    Flag.MOVING,
)


def marks(report: Report, say: Words = ENGLISH) -> list[str]:
    """What the report says about the device, the most serious first."""
    return [say(f"mark_{flag.name}") for flag in _MOST_SERIOUS_FIRST if flag in report.flags]


def battery(percent: int | None, supply_mv: int | None, say: Words = ENGLISH) -> str:
    """57 %, 3.81 V at the modem."""
    parts = [] if percent is None else [f"{percent} %"]
    if supply_mv is not None:
        parts.append(say("battery_volts", volts=f"{supply_mv / 1000:.2f}"))
    return ", ".join(parts) or say("not_known")


def signal(strength: int | None, say: Words = ENGLISH) -> str:
    """17 of 31, as AT+CSQ counts."""
    return say("not_known") if strength is None else say("signal_of", n=strength)


def cells(report: Report) -> list[str]:
    """The serving cell, then those heard beside it: roughly where a device without a fix is.

    For the duty officer alone.
    """
    serving = report.cell
    if serving is None:
        return []
    near = report.place.neighbours if isinstance(report.place, NoPosition) else ()
    where = f"country {serving.mcc} network {serving.mnc} area {serving.lac} cell {serving.ci}"
    return [where, *(f"area {cell.lac} cell {cell.ci}" for cell in near)]
