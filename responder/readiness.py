"""What is still missing before a life may hang on this HQ: each thing with what to write or type."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from outcry.responder import hosts
from outcry.responder.findings import Finding
from outcry.responder.settings import DEFAULT_NAME, Settings
from outcry.responder.storage import store
from outcry.responder.storage.store import Store, is_new


def missing(settings: Settings, connection: Connection | None) -> tuple[Finding, ...]:
    """Everything that is missing; without a connection nobody was ever here."""
    return (*_in_settings(settings), *_officers(connection))


def missing_at(settings: Settings) -> tuple[Finding, ...]:
    """The same, before anything is made on the disk."""
    if is_new(settings):
        return missing(settings, None)
    with Store.of(settings) as database, database.read() as connection:
        return missing(settings, connection)


def _in_settings(settings: Settings) -> Iterator[Finding]:
    if settings.organisation == DEFAULT_NAME:
        what = f'alarms would be published in the name of "{DEFAULT_NAME}"'
        yield Finding(False, what, "write your organisation's name into organisation.name")
    device, people = settings.device, settings.people
    if _is_unreachable(device.public_host, settings):
        what = f"devices would be told to reach HQ at {device.public_host}, which they cannot"
        yield Finding(False, what, "write the address they connect to into device.public_host")
    if _is_unreachable(urlsplit(people.public_url).hostname or "", settings):
        what = f"contacts' links would lead to {people.public_url}, which they cannot open"
        yield Finding(False, what, "write the address people open into people.public_url")
    elif people.certificate is None and not people.behind_proxy:
        what = "people's pages have no TLS that HQ knows of"
        how = "behind a proxy write people.behind_proxy = true, otherwise give people.certificate and key"
        yield Finding(False, what, how)


def _is_unreachable(host: str, settings: Settings) -> bool:
    """Whether a phone in the field certainly cannot reach this; a VPN that settings name it can."""
    address = hosts.literal(host)
    if address is None:
        return hosts.is_inside_name(host)
    named = (hosts.named(each)[0] for each in settings.private)
    meant = any(address in network for network in named) and not address.is_loopback
    return hosts.is_inside(address) and not meant


def _officers(connection: Connection | None) -> Iterator[Finding]:
    officer = store.officer.c
    known = select(officer.name, officer.password_hash).order_by(officer.name)
    rows = [] if connection is None else connection.execute(known).all()
    if not rows:
        what = "there is no duty officer, so nobody sees an alarm"
        yield Finding(False, what, "outcry-responder officer add NAME")
    elif all(row.password_hash is None for row in rows):
        what = "no duty officer has opened their one-time link yet"
        yield Finding(False, what, f"a new link: outcry-responder officer reset {rows[0].name}")
