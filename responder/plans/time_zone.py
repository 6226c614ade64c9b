"""By which clock a wearer's people live: the plan's, that of the place, or of the number's country."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import lru_cache
from itertools import chain
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from outcry.report import Position, decode
from outcry.responder import journal
from outcry.responder.maps import places
from outcry.responder.plans import repository
from outcry.responder.rules.model import Disclosure
from outcry.responder.storage import alarms, store

log = journal.Log("outcry.responder.time_zone")

_LOOKED_AT = 50  # reports; an hour of them, and more
_DECIMALS = 2  # of degrees: a kilometre, and most of a wearer's reports ask for the same


def now_of(connection: Connection, alarm: int) -> tzinfo | None:
    """The zone to tell duty officers an alarm's times in; None where nothing says one: UTC alone.

    The plan says it; else the newest position heard, in this alarm or before it; else the country of
    the wearer's number, if it has one time.
    """
    return _or_none(lambda: _found(connection, alarm, _newest_place(connection, alarm)))


def of_report(connection: Connection, alarm: int, place: object) -> tzinfo | None:
    """The same for those who are told of one report: what came later says nothing of it.

    ``place``: the report's own, or None.
    """
    return _or_none(lambda: _found(connection, alarm, place))


def in_public(connection: Connection, alarm: int, place: object) -> tzinfo | None:
    """The same for everybody to read, of a post that names this place, or None.

    None wherever a clock would say more of the place than the post does.
    """
    agreed = repository.of_alarm(connection, alarm)
    if agreed.position is Disclosure.NOTHING or agreed.place_label:
        return None
    if agreed.time_zone:
        return named(agreed.time_zone)
    return _or_none(lambda: at(place) if isinstance(place, Position) else None)


def agreed(connection: Connection, alarm: int) -> tzinfo | None:
    """The plan's own, for those who are never told where somebody is."""
    return named(repository.of_alarm(connection, alarm).time_zone)


def _or_none(find: Callable[[], tzinfo | None]) -> tzinfo | None:
    """No fault in a table of towns or numbers may keep anybody from being told: then by UTC."""
    try:
        return find()
    except DBAPIError:  # then nothing else can be read in this transaction either
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, UTC is right too
        task = "finding a time zone"
        log.tell(journal.Entry.ROUND_FAILED, task=task, error=journal.describe(error))
        return None


def _found(connection: Connection, alarm: int, place: object) -> tzinfo | None:
    about = alarms.about(connection, alarm)
    agreed = repository.of_device(connection, about.device)
    if agreed.time_zone:
        return named(agreed.time_zone)
    found = at(place) if isinstance(place, Position) else None
    return found or of_number(about.number, about.arrived_at)


@lru_cache(1000)
def named(name: str) -> tzinfo | None:
    """The zone of an IANA name; None where this machine's list does not have it, or of no name."""
    try:
        return ZoneInfo(name) if name else None
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


def _newest_place(connection: Connection, alarm: int) -> Position | None:
    """The newest position of an alarm's last reports, else of the last heartbeat."""
    message, beat = store.message.c, store.heartbeat.c
    device = alarms.about(connection, alarm).device
    newest_first = select(message.report).where(message.alarm == alarm)
    newest_first = newest_first.order_by(message.counter.desc()).limit(_LOOKED_AT)
    last_beat = select(beat.report).where(beat.device == device)
    coded = chain(connection.scalars(newest_first), connection.scalars(last_beat))
    heard = (decode(each).place for each in coded)
    return next((place for place in heard if isinstance(place, Position)), None)
