"""By which clock a wearer's people live: the plan's, that of the place, or of the number's country."""

from datetime import datetime, tzinfo
from functools import lru_cache
from itertools import chain
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone
from sqlalchemy import Connection, select

from outcry.report import Position, decode
from outcry.responder.maps import places
from outcry.responder.plans import repository
from outcry.responder.rules.model import Disclosure
from outcry.responder.storage import alarms, store

_LOOKED_AT = 50  # reports; an hour of them, and more
_DECIMALS = 2  # of degrees: a kilometre, and most of a wearer's reports ask for the same


def of_alarm(connection: Connection, alarm: int) -> tzinfo | None:
    """The zone to tell an alarm's times in; None where nothing says one: then UTC alone.

    The plan says it; else the newest position heard, in this alarm or before it; else the country of
    the wearer's number, if it has one time.
    """
    about = alarms.about(connection, alarm)
    agreed = repository.of_device(connection, about.device)
    if agreed.time_zone:
        return named(agreed.time_zone)
    place = _newest_place(connection, alarm, about.device)
    found = None if place is None else at(place)
    return found or of_number(about.number, about.arrived_at)


def in_public(connection: Connection, alarm: int) -> tzinfo | None:
    """The same for everybody to read: None wherever a clock says more of the place than the plan."""
    agreed = repository.of_alarm(connection, alarm)
    is_told_where = agreed.position is not Disclosure.NOTHING and not agreed.place_label
    return of_alarm(connection, alarm) if is_told_where else None


@lru_cache(1000)
def named(name: str) -> tzinfo | None:
    """The zone of an IANA name; None where this machine's list does not have it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def at(place: Position) -> tzinfo | None:
    """The zone of the nearest town; None far out, where nobody lives by a clock."""
    return _at(round(place.latitude, _DECIMALS), round(place.longitude, _DECIMALS))


@lru_cache(1000)
def _at(latitude: float, longitude: float) -> tzinfo | None:
    zone = places.load().zone(latitude, longitude)
    return None if zone is None else named(zone)


def of_number(number: str | None, at_: float) -> tzinfo | None:
    """The zone of a phone number's country or region, if all of it has one time then.

    ``at_``: Unix seconds.
    """
    try:
        known = timezone.time_zones_for_number(phonenumbers.parse(number or ""))
    except phonenumbers.NumberParseException:
        return None
    zones = [named(name) for name in known]
    offsets = {datetime.fromtimestamp(at_, zone).utcoffset() for zone in zones if zone is not None}
    return zones[0] if len(offsets) == 1 and None not in zones else None


def _newest_place(connection: Connection, alarm: int, device: int) -> Position | None:
    """The newest position of an alarm's last reports, else of the last heartbeat."""
    message, beat = store.message.c, store.heartbeat.c
    newest_first = select(message.report).where(message.alarm == alarm)
    newest_first = newest_first.order_by(message.counter.desc()).limit(_LOOKED_AT)
    last_beat = select(beat.report).where(beat.device == device)
    coded = chain(connection.scalars(newest_first), connection.scalars(last_beat))
    heard = (decode(each).place for each in coded)
    return next((place for place in heard if isinstance(place, Position)), None)
