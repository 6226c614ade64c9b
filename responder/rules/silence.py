"""When a device has been silent for too long."""

from dataclasses import dataclass
from enum import Enum

from outcry.report import Flag

INTERVALS = 2.5  # one heartbeat lost and the next one late

INTERVALS_VANISHED = 1.5  # of a device that moved, or that something jammed

VANISHED = Flag.MOVING | Flag.JAMMING

PATIENCE_DOUBLES = 3  # at most: eight times the first


class Judgement(Enum):
    """What is to be done about a device."""

    NOTHING = "nothing"
    RAISE = "raise"
    END = "end"


@dataclass(frozen=True)
class Watched:
    """What HQ knows of a device's heartbeats; times are Unix seconds.

    ``since``: when HQ began to listen. ``vanished``: its last word was that it moved, or that
    something jammed it. ``raised_at``: of a silence that has not ended. ``lately``: silences of the
    last day that have.
    """

    heard_at: float
    interval_s: float
    since: float = 0.0
    vanished: bool = False
    raised_at: float | None = None
    lately: int = 0
    in_alarm: bool = False


def judge(watched: Watched, now: float) -> Judgement:
    if watched.raised_at is not None:
        heard = watched.heard_at > watched.raised_at
        return Judgement.END if heard else Judgement.NOTHING
    if watched.in_alarm:  # people are at it already
        return Judgement.NOTHING
    silent = now - max(watched.heard_at, watched.since)
    return Judgement.RAISE if silent > patience_s(watched) else Judgement.NOTHING


def patience_s(watched: Watched) -> float:
    intervals = INTERVALS_VANISHED if watched.vanished else INTERVALS
    doubled = 2 ** min(watched.lately, PATIENCE_DOUBLES)
    return float(intervals * watched.interval_s * doubled)
