"""The plan of each wearer, kept in the database: what the rules are given to decide with."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import Connection, insert, select, update

from outcry.responder.plans import addresses
from outcry.responder.plans import document as terms
from outcry.responder.plans.document import PlanInvalid, Terms
from outcry.responder.rules import publication
from outcry.responder.rules.events import Corrected
from outcry.responder.rules.model import BROADCAST, NETWORKS, OWN_PAGE, Plan
from outcry.responder.storage import alarms, event_log, overdue, store, versions
from outcry.responder.storage.versions import WEARER
from outcry.responder.transports import apprise
from outcry.settings_file import unknown

_TOUCHED = re.compile(r"plan\..*|wearer\.quorum|contact \d+\.language")


@dataclass(frozen=True)
class Means:
    """What HQ has at hand: a modem, networks it can post to, duty officers' channels by name."""

    can_text: bool = False
    networks: tuple[str, ...] = (OWN_PAGE,)
    officers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Contact:
    """One of a wearer's contacts, with the number of their phone."""

    id: int
    number_in_list: int
    name: str = field(repr=False)
    number: str = field(repr=False)
    language: str


class NoSuchWearer(Exception):
    """No wearer has this device; ``outcry-responder status`` lists them all."""

    def __init__(self) -> None:
        super().__init__("no wearer has this device; outcry-responder status lists them all")


def load(connection: Connection, alarm: int, means: Means) -> Plan:
    """What the rules go by for this alarm, from the plan as it is written now."""
    about = alarms.about(connection, alarm)
    plan = _plan(about, of_device(connection, about.device), means)
    if not event_log.has(connection, alarm, Corrected):
        return plan
    later = (
        (event_log.case_of(connection, each.id), replace(plan, kind=each.kind))
        for each in alarms.later(connection, alarm)
    )
    return replace(plan, later=publication.how_they_stand(later))


def _plan(about: alarms.About, agreed: Terms, means: Means) -> Plan:
    wanted = [name for name in means.networks if not agreed.networks or name in agreed.networks]
    if not wanted:  # nobody set them up; what has a ground must not be posted nowhere for that
        wanted = [OWN_PAGE]
    return Plan(
        kind=about.kind,
        contacts=agreed.order,
        quorum=agreed.quorum,
        can_text=means.can_text,
        wearer_number=about.number is not None,
        first=agreed.at_once,
        next_after_s=float(agreed.next_after_s),
        all_after_s=float(agreed.all_after_s),
        texted=frozenset(n for n, person in agreed.people.items() if person.sms),
        channels={n: tuple(person.channels) for n, person in agreed.people.items()},
        officers=tuple(means.officers),
        officer_counts=agreed.officer_counts,
        consent_s=60.0 * agreed.consent_minutes or None,
        embargo_s=60.0 * agreed.embargo_minutes,
        networks=tuple(wanted),
        discloses=agreed.position,
        quiet_s=60.0 * agreed.contacts_after_minutes or None,
        idle_s=60.0 * agreed.idle_minutes or None,
    )


def of_alarm(connection: Connection, alarm: int) -> Terms:
    return of_device(connection, alarms.about(connection, alarm).device)


def of_device(connection: Connection, device: int) -> Terms:
    """The plan as it was written, or as it is for everybody. Raises :class:`NoSuchWearer`."""
    quorum = connection.scalar(select(store.wearer.c.quorum).filter_by(device=device))
    if quorum is None:
        raise NoSuchWearer
    contacts = {n: one.language for n, one in contacts_of(connection, device).items()}
    written = connection.scalar(select(store.plan.c.terms).filter_by(device=device))
    if written is None:
        return _usable(terms.default(contacts, quorum), contacts)
    return _usable(json.loads(written), contacts)


def change(
    connection: Connection,
    device: int,
    document: Mapping[str, Any],
    now: float,
    by: str = "the command line",
    **said: object,
) -> Terms:
    """Write another plan, whole: what it leaves out has its default. HQ's record says by whom.

    ``said`` is what else the record says of this change.

    The wearer's alarms are looked at again, those too that wait for nothing but an answer.
    ``document`` is a parsed plan file. Raises :class:`NoSuchWearer` and :class:`PlanInvalid`.
    """
    of_device(connection, device)
    agreed = _reachable(terms.check(document, list(contacts_of(connection, device))))
    text = json.dumps(terms.document(agreed), ensure_ascii=False)
    changed = {"terms": text, "changed_at": now}
    done = connection.execute(update(store.plan).filter_by(device=device).values(changed))
    if not done.rowcount:
        connection.execute(insert(store.plan).values(device=device, **changed))
    connection.execute(update(store.wearer).filter_by(device=device).values(quorum=agreed.quorum))
    for n, person in agreed.people.items():
        contact = update(store.contact).filter_by(device=device, number_in_list=n)
        connection.execute(contact.values(language=person.language))
    overdue.agreed(connection, device, 60.0 * agreed.heartbeat_minutes if agreed.watch else None)
    versions.note(connection, WEARER, device, now, touched=_TOUCHED, by=by, **said)
    due_at = store.alarm.c.due_at
    alarms_of = update(store.alarm).filter_by(device=device)
    connection.execute(alarms_of.where(due_at.is_(None) | (due_at > now)).values(due_at=now))
    return agreed


def unwatch(connection: Connection, device: int, now: float) -> None:
    """Nobody is to mind that this device is silent: it was retired."""
    agreed = of_device(connection, device)
    change(connection, device, terms.document(replace(agreed, watch=False)), now)


def as_file(connection: Connection, device: int, *, with_addresses: bool = False) -> str:
    """The plan as a file to be edited; of channels' addresses it shows that they are kept."""
    agreed = of_device(connection, device)
    name = connection.scalar(select(store.wearer.c.name).filter_by(device=device))
    title = f"The plan of {name}, device {device:08x}."
    names = {n: one.name for n, one in contacts_of(connection, device).items()}
    shown = agreed if with_addresses else addresses.hidden(agreed)
    return terms.write(shown, title, names)


def from_file(connection: Connection, device: int, text: str) -> Terms:
    """What a file says, checked for this wearer. Raises :class:`PlanInvalid`."""
    before = of_device(connection, device)
    parsed = terms.parse(text, list(contacts_of(connection, device)))
    agreed = addresses.kept(parsed, before)
    # Here alone: an older plan with such a name goes on to be used, as what else it says counts.
    problems = [
        f"publication.{key}: {unknown(name, [*NETWORKS, BROADCAST + 'NAME'])}"
        for key, names in (("networks", agreed.networks), ("languages", agreed.languages))
        for name in names
        if name not in NETWORKS and not name.startswith(BROADCAST)
    ]
    if agreed.time_zone and agreed.time_zone not in available_timezones():
        problems.append(f"time.time_zone: {_no_such_zone(agreed.time_zone)}")
    if problems:
        raise PlanInvalid(problems)
    return _reachable(agreed)


def _no_such_zone(name: str) -> str:
    near = get_close_matches(name, available_timezones(), n=1) or ["Europe/Kyiv"]
    return f'{name}: is not known; write a name such as "{near[0]}", or nothing'


def version(connection: Connection, device: int) -> str:
    """A token that changes with the plan: a form made from an older one is known by it."""
    changed_at = connection.scalar(select(store.plan.c.changed_at).filter_by(device=device))
    return repr(changed_at)


def contacts_of(connection: Connection, device: int) -> dict[int, Contact]:
    """A wearer's contacts by their numbers in the list, in its order."""
    columns = store.contact.c
    wanted = select(*(columns[each.name] for each in fields(Contact))).filter_by(device=device)
    rows = connection.execute(wanted.order_by(columns.number_in_list))
    return {row.number_in_list: Contact(*row) for row in rows}


def _reachable(agreed: Terms) -> Terms:
    """The same, if each address of a channel is one that Apprise understands."""
    problems = [
        f"contact.{n}.channels.{name}: {wrong}"
        for n, person in agreed.people.items()
        for name, url in person.channels.items()
        if (wrong := apprise.problem(url)) is not None
    ]
    if problems:
        raise PlanInvalid(problems)
    return agreed


def _usable(document: Mapping[str, Any], contacts: Mapping[int, str]) -> Terms:
    """No fault in a plan may keep an alarm from being answered: then everybody's plan counts."""
    try:
        return terms.check(document, list(contacts))
    except PlanInvalid:
        return terms.check(terms.default(contacts, min(2, max(1, len(contacts)))), list(contacts))
