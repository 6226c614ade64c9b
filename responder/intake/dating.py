"""When a report was made: by its device's clock where that can be believed, else by its arrival.

A wearable may have no time of its own, or a wrong one. Its arrival dates a report that was made
just before: one that is newer than everything heard of its device and came straight over data, or
was made after a heartbeat of the last hour. Of any other report whose clock tells nothing it is not
known when it was made, for a text or a contact's link may have carried it for days.
"""

from dataclasses import replace
from typing import NamedTuple

from outcry.report import Flag, Report
from outcry.responder.rules.events import Mark

LATE_S = 3600.0  # a report older on arrival is told to people, but is no ground by consent
WAITS_S = 2 * 86_400.0  # as long as a wearable's battery may last while its report finds no way


class Dated(NamedTuple):
    """A report, and what is odd about its time. ``CLOCK_UNSET`` is among its flags where it is
    dated by its arrival, whatever the device says itself."""

    report: Report
    marks: tuple[Mark, ...]


def agrees(report: Report, now: float) -> bool:
    """Whether the device has a clock, and it says that the report was made within the hour."""
    return Flag.CLOCK_UNSET not in report.flags and abs(now - report.sent_at) <= LATE_S


def dated(
    report: Report, now: float, beat_at: float | None, newest: bool, over_data: bool
) -> Dated:
    """A report that has arrived now (Unix seconds).

    ``beat_at``: when that heartbeat came before which it cannot have been made, if there was one.
    ``newest``: its counter is above all that were heard.
    """
    if agrees(report, now):
        return Dated(report, ())
    fresh = beat_at is not None and now - beat_at <= LATE_S
    if not fresh and _is_credible(report, now, beat_at, newest):
        return Dated(report, (Mark.LATE,))
    ahead = Flag.CLOCK_UNSET not in report.flags and report.sent_at > now
    mark = Mark.CLOCK_AHEAD if ahead else Mark.CLOCK_UNSET
    known = fresh or (newest and over_data)
    marks = (mark,) if known else (mark, Mark.TIME_UNKNOWN)
    return Dated(replace(report, flags=report.flags | Flag.CLOCK_UNSET), marks)


def _is_credible(report: Report, now: float, beat_at: float | None, newest: bool) -> bool:
    """Whether it was made more than an hour ago, as its clock says.

    A device that says nothing of what its clock rests on is believed within what is likely, or
    where its counter says so too.
    """
    behind = now - report.sent_at
    if Flag.CLOCK_UNSET in report.flags or behind < 0:
        return False
    if beat_at is not None and report.sent_at < beat_at - LATE_S:
        return False  # it was made after that
    return Flag.CLOCK_VOUCHED in report.flags or behind <= WAITS_S or not newest
