"""Enrolling: a wearer and their contacts enter the database, and the device's one file is made."""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from outcry import enrolment
from outcry.enrolment import Contact, Enrolment, EnrolmentInvalid, Headquarters, is_number
from outcry.envelope import KEY_BYTES, public_key
from outcry.responder.enrolment import hq_keys, safe_code
from outcry.responder.enrolment.pins import COST, SALT_BYTES, create_pins, hash_pin
from outcry.responder.plans import announcements, direction, document, repository
from outcry.responder.plans.announcements import BY_COMMAND, Announcement
from outcry.responder.plans.document import LANGUAGES
from outcry.responder.plans.repository import NoSuchWearer
from outcry.responder.settings import MAX_QUORUM, Settings
from outcry.responder.storage import store, versions
from outcry.responder.storage.store import Store
from outcry.responder.storage.versions import WEARER
from outcry.settings_file import unknown

_CODE = re.compile(r"safe_code\..*")


class CannotEnrol(Exception):
    """Nobody was enrolled; ``problems`` says each reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Enrolled:
    """A new wearer's device id, each contact's PIN and the wearer's own code that means safe.

    PINs and code are to be shown once and kept nowhere.
    """

    device: int
    pins: tuple[str, ...] = field(repr=False)
    code: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True, repr=False)
class Application:
    """Who is to be enrolled. ``number`` is that of the SIM in the wearer's device.

    ``code`` is the wearer's safe code, as ``safe_code.parse`` gives it; None: one is drawn.
    """

    wearer: str
    number: str | None
    contacts: tuple[Contact, ...]
    quorum: int
    code: tuple[int, ...] | None = None


def parse_contact(text: str) -> Contact:
    """A contact written ``Ana=+447700900111`` or ``Ana=+447700900111,en``.

    Raises ``ValueError`` with what to write; it repeats nothing of the text.
    """
    name, equals, rest = text.rpartition("=")
    number, _, language = rest.partition(",")
    if not equals:
        raise ValueError('write each contact as "Ana=+447700900111" or "Ana=+447700900111,en"')
    return Contact(name.strip(), number.strip(), language.strip() or "en")


def enrol(
    settings: Settings,
    application: Application,
    out: Path,
    random: Callable[[int], bytes] = os.urandom,
    clock: Callable[[], float] = time.time,
    cost: int = COST,
) -> Enrolled:
    """Write the device's file to ``out`` (new, mode 0600) and the wearer into the database.

    ``cost`` is that of each hash, as :func:`pins.hash_pin` has it.

    Raises :class:`CannotEnrol`, and then leaves neither behind.
    """
    problems = _problems(application)
    if problems:
        raise CannotEnrol(problems)
    hq_key = hq_keys.load_or_create(settings.directory, random)[0]
    code = application.code or safe_code.create(random)
    try:
        with (
            Store.of(settings) as database,
            _new_file(out) as write,
            database.write() as connection,
        ):
            made = Enrolment(
                device=_free_device(connection, random),
                wearer=application.wearer,
                psk=random(KEY_BYTES),
                hq=_headquarters(settings, public_key(hq_key)),
                contacts=application.contacts,
            )
            text = enrolment.write(made)
            enrolment.read(text)  # what the device would refuse is refused here
            # All different: the PIN alone tells which contact answers.
            pins = create_pins(len(made.contacts), random)
            _insert(connection, made, application, clock())
            _add_contacts(connection, made, [_hashed(pin, random, cost) for pin in pins])
            _keep_code(connection, made.device, *_hashed(safe_code.written(code), random, cost))
            keys = _not_as_before(connection, made)
            said: dict[str, Any] = {"keys": keys} if keys else {}
            versions.note(connection, WEARER, made.device, clock(), by="enrolment", **said)
            what = Announcement.AGAIN if keys else Announcement.ENROLLED
            announcements.tell(connection, clock(), what, BY_COMMAND, device=made.device, **said)
            write(text)
    except EnrolmentInvalid as error:
        raise CannotEnrol(error.problems) from None
    return Enrolled(made.device, pins, code)


def change_code(
    settings: Settings,
    device: int,
    code: tuple[int, ...] | None = None,
    random: Callable[[int], bytes] = os.urandom,
    clock: Callable[[], float] = time.time,
) -> tuple[int, ...]:
    """Give a wearer another code that means safe, drawn if none is given; to be shown once.

    Raises :class:`NoSuchWearer`.
    """
    code = code or safe_code.create(random)
    with Store.of(settings) as database, database.write() as connection:
        if not _is_known(connection, device):
            raise NoSuchWearer
        _keep_code(connection, device, *_hashed(safe_code.written(code), random))
        by = "another safe code"
        versions.note(connection, WEARER, device, clock(), touched=_CODE, by=by)
        announcements.tell(connection, clock(), Announcement.CODE, BY_COMMAND, device=device)
    return code


def _problems(application: Application) -> list[str]:
    """Problems that the check of the enrolment file cannot find."""
    problems = []
    count = len(application.contacts)
    if count == 0:
        problems.append("give at least one --contact: somebody has to be told")
    if not 1 <= application.quorum <= MAX_QUORUM:
        problems.append(f"--quorum must be from 1 to {MAX_QUORUM}")
    elif application.quorum > count > 0:
        problems.append(
            f"a quorum of {application.quorum} can never be met by {count} "
            f"contact{'s' if count > 1 else ''}; name more with --contact, or say --quorum {count}"
        )
    if len({contact.number for contact in application.contacts}) != count:
        problems.append("two contacts have the same number: one phone must not count twice")
    problems += [
        f"contact {n}: the language {unknown(contact.language, LANGUAGES).partition(': ')[2]}"
        for n, contact in enumerate(application.contacts, 1)
        if contact.language not in LANGUAGES
    ]
    if application.number is not None and not is_number(application.number):
        problems.append("--number is not a number with its country code, such as +447700900001")
    return problems


def _headquarters(settings: Settings, hq_public_key: bytes) -> Headquarters:
    return Headquarters(
        host=settings.device.public_host,
        port=settings.device.public_port,
        number=settings.modem.number if settings.modem else None,
        link=settings.people.link_base,
        public_key=hq_public_key,
    )


def _free_device(connection: Connection, random: Callable[[int], bytes]) -> int:
    """A device id that is not taken; random, so that it does not tell how many there are."""
    while True:
        device = int.from_bytes(random(4), "big")
        if device != 0 and not _is_known(connection, device):
            return device


def _is_known(connection: Connection, device: int) -> bool:
    known = select(store.wearer.c.device).filter_by(device=device)
    return connection.scalar(known) is not None


def _hashed(secret: str, random: Callable[[int], bytes], cost: int = COST) -> tuple[bytes, bytes]:
    """A salt of its own for a PIN or code, and the hash to keep in its place."""
    salt = random(SALT_BYTES)
    return salt, hash_pin(secret, salt, cost)


def _keep_code(connection: Connection, device: int, salt: bytes, code_hash: bytes) -> None:
    """Keep a code's hash, in the place of any before it. The device never learns it."""
    table = store.safe_code
    connection.execute(delete(table).filter_by(device=device))
    connection.execute(insert(table).values(device=device, salt=salt, hash=code_hash))


def _insert(connection: Connection, made: Enrolment, given: Application, now: float) -> None:
    who = {"device": made.device, "name": made.wearer, "psk": made.psk}
    more = {"number": given.number, "quorum": given.quorum, "enrolled_at": now}
    connection.execute(insert(store.wearer).values(**who, **more))


def _add_contacts(
    connection: Connection, made: Enrolment, pins: Sequence[tuple[bytes, bytes]]
) -> None:
    """Add each contact with the salt and hash of their PIN."""
    for n, (contact, (salt, pin_hash)) in enumerate(zip(made.contacts, pins, strict=True), 1):
        row = {"number_in_list": n, **asdict(contact), "pin_salt": salt, "pin_hash": pin_hash}
        connection.execute(insert(store.contact).values(device=made.device, **row))


def _not_as_before(connection: Connection, made: Enrolment) -> list[str]:
    """What protects a wearer of this name less, or reaches somebody else, than at the last device.

    A number changes by a new enrolment alone, which has the plan of everybody, too.
    """
    wearer = store.wearer.c
    same = (wearer.name == made.wearer) & (wearer.device != made.device)
    newest = select(wearer.device).where(same).order_by(wearer.enrolled_at.desc()).limit(1)
    last = connection.scalar(newest)
    if last is None:
        return []
    old, new = (repository.contacts_of(connection, each) for each in (last, made.device))
    keys = [
        f"contact.{n}.{name}"
        for n in sorted(old.keys() | new.keys())
        for name in ("name", "number")
        if getattr(old.get(n), name, None) != getattr(new.get(n), name, None)
    ]
    plans = [
        document.document(repository.of_device(connection, each)) for each in (last, made.device)
    ]
    return keys + [each.key for each in direction.changes(*plans) if each.weakens]


@contextmanager
def _new_file(path: Path) -> Iterator[Callable[[str], None]]:
    """A new file for its owner alone, synced when written; gone again if the block fails."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise CannotEnrol(
            [f"{path} exists already and may be a device's only key; choose another file"]
        ) from None
    except OSError as error:
        raise CannotEnrol([f"{path} cannot be written: {error.strerror}"]) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:

        def write(text: str) -> None:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

        try:
            yield write
        except BaseException:
            path.unlink()
            raise
