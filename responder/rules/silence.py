"""When a device has been silent for too long."""

from dataclasses import dataclass

from outcry.report import Flag

INTERVALS = 2.5  # one heartbeat lost and the next one late

INTERVALS_VANISHED = 1.5  # of a device that moved, or that something jammed: the least there is

VANISHED = Flag.MOVING | Flag.JAMMING

PATIENCE_DOUBLES = 3  # at most: eight times the first


@dataclass(frozen=True)
class Watched:
    """What HQ knows of a device's heartbeats; times are in seconds that HQ has listened.

    ``heard_at``: or since when HQ listens, if that is later. ``vanished``: its last word was that
    it moved, or that something jammed it. ``lately``: silences of the last day that have ended.
    """

    heard_at: float
    interval_s: float
    vanished: bool = False
    lately: int = 0


def silent_at(watched: Watched) -> float:
    """When HQ minds its silence, if nothing is heard of it before."""
    return watched.heard_at + patience_s(watched)


def patience_s(watched: Watched) -> float:
    intervals = INTERVALS_VANISHED if watched.vanished else INTERVALS
    doubled = 2 ** min(watched.lately, PATIENCE_DOUBLES)
    return float(intervals * watched.interval_s * doubled)
