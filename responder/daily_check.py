"""The daily check of everything an alarm will need: nobody is alarmed, nothing is published.

The result is kept, so that the console shows it, and told line by line, so
that the journal does.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from math import floor
from pathlib import Path
from typing import NamedTuple, TypeVar

from cryptography import x509
from sqlalchemy import Connection, delete, insert, select

from outcry.responder import formatting, readiness
from outcry.responder.enrolment import answer_cards, hq_keys
from outcry.responder.enrolment.hq_keys import KeysInvalid
from outcry.responder.findings import Finding
from outcry.responder.notify import officer_channels
from outcry.responder.plans import repository
from outcry.responder.plans.document import Terms
from outcry.responder.posting.publisher import Publisher
from outcry.responder.settings import Settings
from outcry.responder.storage import audit_chain, store
from outcry.responder.storage.store import Store
from outcry.responder.transports import apprise
from outcry.responder.web import front_door
from outcry.responder.web.own_words import OwnWords
from outcry.responder.web.sign import SignInvalid
from outcry.responder.web.sign import read as read_sign
from outcry.settings_file import SettingsInvalid

T = TypeVar("T")
SOON_S = 14 * 86_400.0  # what expires sooner needs a person now
FEW_CODES = 2  # of a card; then a contact needs another
AT_ONCE = 8
STAMPS_LATE_S = 6 * 3600.0  # a server that was away is asked every hour


class Checked(NamedTuple):
    """What the last check saw, and when (Unix seconds)."""

    at: float
    findings: tuple[Finding, ...]


def look(
    settings: Settings,
    database: Store,
    publishers: Callable[[], Mapping[str, Publisher]],
    now: float,
) -> tuple[Finding, ...]:
    """Everything that was found, good and bad, at ``now`` (Unix seconds).

    Takes up to a minute; never raises.
    """
    with database.read() as connection:
        devices = connection.scalars(select(store.wearer.c.device).order_by(store.wearer.c.name))
        plans = {device: repository.of_device(connection, device) for device in devices.all()}
        unready = readiness.missing(settings, connection)
        wearers = [finding for device in plans for finding in _wearer(connection, device)]
        if settings.time_stamps:
            wearers.append(_time_stamps(audit_chain.unstamped_since(connection), now))
    addresses = {
        f"contact {n} of device {device:08x}, {name}": url
        for device, agreed in plans.items()
        for n, person in agreed.people.items()
        for name, url in person.channels.items()
    }
    findings = [*unready, *_here(settings), *_around(settings), *wearers]
    officers = _read(lambda: officer_channels.load(settings), findings)
    findings += [
        Finding(False, f"{name}: {why}", "write another address into the plan")
        for name, url in addresses.items()
        if (why := apprise.refused_kind(url, settings.schemes)) is not None
    ]
    addresses |= {f"duty officers' {name}": url for name, url in officers.items()}
    networks = _read(publishers, findings)
    findings += _missing_networks(plans, networks)
    with ThreadPoolExecutor(AT_ONCE, "check") as pool:
        told = pool.map(lambda one: apprise.check(*one), addresses.items())
        posted = pool.map(_network, networks.values())
        findings += [*told, *(finding for each in posted for finding in each)]
    if not officers:
        what = "no duty officer has a channel"
        findings.append(Finding(False, what, "name their file in telling.officers"))
    return tuple(findings)


def _read(load: Callable[[], Mapping[str, T]], findings: list[Finding]) -> Mapping[str, T]:
    """What a file of secrets holds; adds what is wrong in it, and then there is nothing."""
    try:
        return load()
    except SettingsInvalid as error:
        findings += [Finding(False, problem, "correct this file") for problem in error.problems]
        return {}


def _missing_networks(
    plans: Mapping[int, Terms], networks: Mapping[str, Publisher]
) -> Iterator[Finding]:
    """What plans name, and nobody has set up: an alarm would not be posted there."""
    for device, agreed in plans.items():
        for name in agreed.networks:
            if name not in networks:
                what = f"the plan of {device:08x} names a network that HQ does not have: {name}"
                yield Finding(False, what, "set it up, or take it out of the plan")


def keep(connection: Connection, findings: tuple[Finding, ...], now: float) -> None:
    connection.execute(delete(store.finding))
    for finding in findings:
        connection.execute(insert(store.finding).values(checked_at=now, **asdict(finding)))


def last(connection: Connection) -> Checked | None:
    """The last check; None: there never was one."""
    table = store.finding
    rows = connection.execute(select(table).order_by(table.c.id)).all()
    if not rows:
        return None
    findings = (Finding(row.ok, row.what, row.remedy, row.expires_at) for row in rows)
    return Checked(rows[0].checked_at, tuple(findings))


def needs_a_person(finding: Finding, now: float) -> bool:
    """Whether somebody has to do something about it: it fails, or will soon."""
    return not finding.ok or (finding.expires_at is not None and finding.expires_at < now + SOON_S)


def line(finding: Finding, now: float) -> str:
    """The finding in words, its remedy and when it expires."""
    words = [("ok: " if finding.ok else "NOT OK: ") + finding.what]
    if finding.expires_at is not None:
        left = finding.expires_at - now
        words.append(f"expires in {formatting.span(left, floor)}" if left > 0 else "has expired")
    if finding.remedy and needs_a_person(finding, now):
        words.append(finding.remedy)
    return "; ".join(words)


def _here(settings: Settings) -> Iterator[Finding]:
    try:
        if not (settings.directory / hq_keys.KEY_FILE).exists():
            yield Finding(False, "HQ has no key yet", "enrol a wearer, or restore the backup")
            return
        held = len(hq_keys.load_or_create(settings.directory))
        yield Finding(True, f"HQ's key can be read ({held} in all)")
    except (KeysInvalid, OSError) as error:
        yield Finding(False, f"HQ's key: {error}", "restore it from the backup")


def _around(settings: Settings) -> Iterator[Finding]:
    if settings.sign is not None:
        yield _sign(settings.sign)
    if settings.people.certificate is not None:
        yield _certificate(settings.people.certificate)
    if settings.people.behind_proxy:
        yield front_door.look(settings.people.public_url)
    yield from OwnWords(settings.asks).check()
    modem = settings.modem
    if modem is None:
        yield Finding(False, "no modem: HQ cannot send SMS", "set modem.port and modem.number")
    elif modem.port and not Path(modem.port).exists():
        what = "the modem's serial port is not there"
        yield Finding(False, what, "connect the modem, or correct modem.port")
    else:
        yield Finding(True, "a modem is set up; the service watches it")


def _time_stamps(since: float | None, now: float) -> Finding:
    if since is None or now - since < STAMPS_LATE_S:
        return Finding(True, "time stamps come")
    late = formatting.span(now - since, floor)
    what = (
        f"no time stamp has come for {late}: nobody outside HQ can say when its record was written"
    )
    return Finding(False, what, "check record.time_stamps and the network, or name another server")


def _certificate(path: Path) -> Finding:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        until = certificate.not_valid_after_utc.timestamp()
    except (OSError, ValueError):
        what = "people.certificate cannot be read"
        return Finding(False, what, "set it to a PEM file that the service can read")
    return Finding(True, "the pages' certificate", "renew it, then restart the service", until)


def _sign(path: Path) -> Finding:
    try:
        read_sign(path)
    except SignInvalid as error:
        remedy = "correct it or organisation.sign; until then contacts' pages show none"
        return Finding(False, f"organisation.sign {error}", remedy)
    return Finding(True, "the organisation's sign")


def _network(publisher: Publisher) -> list[Finding]:
    try:
        return list(publisher.check())
    except Exception as error:  # noqa: BLE001 - one network's trouble must not hide the others'
        return [Finding(False, f"{publisher.name}: {type(error).__name__}", "check its account")]


def _wearer(connection: Connection, device: int) -> Iterator[Finding]:
    """What a wearer's contacts need: a card that is nearly used up."""
    contact = store.contact.c
    printed = select(contact.number_in_list).join_from(store.contact, store.sms_code)
    cards = set(connection.scalars(printed.where(contact.device == device)))
    for n, left in answer_cards.codes_left(connection, device).items():
        if n in cards and left <= FEW_CODES:
            what = f"contact {n} of device {device:08x} has {left} codes left"
            yield Finding(False, what, f"outcry-responder codes print {device:08x} --contact {n}")
