"""``outcry-responder plan`` and ``codes``: what was agreed with a wearer, and their contacts' cards."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, select

from outcry.responder.cli.commands import Commands
from outcry.responder.enrolment import answer_cards
from outcry.responder.enrolment.answer_cards import Card
from outcry.responder.plans import addresses, announcements, authority, repository
from outcry.responder.plans.announcements import BY_COMMAND, Announcement
from outcry.responder.plans.document import PlanInvalid
from outcry.responder.plans.repository import NoSuchWearer
from outcry.responder.settings import Settings
from outcry.responder.storage import store
from outcry.responder.storage.store import Store
from outcry.responder.web import templates


def add_parsers(commands: Commands) -> None:
    wearer = argparse.ArgumentParser(add_help=False)
    wearer.add_argument("wearer", metavar="WEARER", help="a device, such as 0a1b2c3d, or a name")
    add = commands.add_group(
        "plan", edit, "show, check or set the plan agreed with a wearer", wearer
    )
    show = add("show", "print the plan as a file; addresses of channels are only shown as kept")
    show.add_argument("--with-addresses", action="store_true", help="show them; they are secrets")
    for name, words in (
        ("check", "list what is wrong in a file, and change nothing"),
        ("set", "make a file the plan from now on, also for open alarms"),
    ):
        add(name, words).add_argument(
            "file", type=Path, metavar="FILE", help="as plan show prints it; - means standard input"
        )

    words = "the contacts' cards with codes for answers by SMS"
    add = commands.add_group("codes", codes, words, wearer)
    print_ = add("print", "print new cards; the old ones stop working")
    print_.add_argument("--contact", type=int, metavar="N", help="only for this contact")
    words = "a new file to print from a browser: needed where a terminal cannot write a language"
    print_.add_argument("--out", type=Path, metavar="FILE.html", help=words)
    add("left", "show how many codes each has left")


def edit(settings: Settings, options: argparse.Namespace) -> int:
    try:
        with Store.of(settings) as database:
            return _edit(database, settings, options)
    except PlanInvalid as error:
        for problem in error.problems:
            print(f"{options.file}: {problem}", file=sys.stderr)
        return 1


def codes(settings: Settings, options: argparse.Namespace) -> int:
    with Store.of(settings) as database, database.write() as connection:
        device = _device(connection, options.wearer)
        if options.what == "left":
            for n, left in answer_cards.codes_left(connection, device).items():
                print(f"contact {n}: {left} codes left")
            return 0
        contacts = repository.contacts_of(connection, device)
        if options.contact not in (None, *contacts):
            print(f"there is no contact {options.contact}", file=sys.stderr)
            return 1
        if options.out is not None and not _make_private(options.out):
            return 1
        printed = answer_cards.print_codes(connection, device, os.urandom, options.contact)
        announcements.tell(connection, time.time(), Announcement.CARDS, BY_COMMAND, device=device)
    number = settings.modem.number if settings.modem else "HQ's number"
    cards = [
        Card.of(contacts[n].language, contacts[n].name, number, codes)
        for n, codes in printed.items()
    ]
    _print_cards(cards, options.out, settings.organisation)
    return 0


def _make_private(path: Path) -> bool:
    """Make a new file for its owner alone; False, and said why, if that cannot be."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        print(f"{path} cannot be made: {error.strerror}; no card was changed", file=sys.stderr)
        return False
    return True


def _edit(database: Store, settings: Settings, options: argparse.Namespace) -> int:
    with database.read() as connection:
        device = _device(connection, options.wearer)
        if options.what == "show":
            shown = options.with_addresses
            print(repository.as_file(connection, device, with_addresses=shown), end="")
            return 0
        text = _read(options.file)
        agreed = repository.from_file(connection, device, text)
        before = repository.of_device(connection, device)
    addresses.look_up(addresses.new(agreed, before), settings.schemes)
    if options.what == "check":
        print(f"{options.file}: this plan is valid; plan set puts it into force.")
        return 0
    with database.write() as connection:
        agreed = repository.from_file(connection, device, text)
        authority.change_at_hq(connection, device, agreed, time.time())
    print(f"The plan of device {device:08x} applies from now on.")
    return 0


def _read(path: Path) -> str:
    try:
        if path == Path("-"):
            return sys.stdin.read()
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlanInvalid([f"cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise PlanInvalid(["cannot be read: it is not UTF-8 text"]) from None


def _device(connection: Connection, wearer: str) -> int:
    """The device written, or that of the one wearer with this name. Raises NoSuchWearer."""
    table = store.wearer
    try:
        number = int(wearer, 16) if len(wearer) == 8 else -1
    except ValueError:
        number = -1
    is_it = (table.c.device == number) | (table.c.name == wearer)
    found = connection.scalars(select(table.c.device).where(is_it)).all()
    if len(found) != 1:
        raise NoSuchWearer
    return int(found[0])


def _print_cards(cards: Sequence[Card], out: Path | None, organisation: str) -> None:
    if out is None:
        print("Shown only now. Cut the cards apart, and give each contact theirs in person.")
        for card in cards:
            print("\n---")
            print("\n".join(card.lines()))
        return
    page = templates.environment(organisation, "", "").get_template("cards.html")
    out.write_text(page.render(cards=cards), encoding="utf-8")
    print(
        f"Print {out} from a browser, cut the cards apart, and give each contact theirs in person."
    )
    print(f"Then destroy it: shred -u {out}")
