"""``outcry-responder officer``: make, reset, remove and list duty officers' accounts."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import time
from typing import TYPE_CHECKING

from outcry.responder.cli.commands import Commands
from outcry.responder.settings import Settings
from outcry.responder.storage.store import Store

if TYPE_CHECKING:
    from outcry.responder.console.accounts import Officers


def add_parser(commands: Commands) -> None:
    parser = commands.add(
        "officer", officer, help="accounts of the duty officers, who watch and decide at /console"
    )
    parser.add_argument("what", choices=("add", "reset", "remove", "list"))
    parser.add_argument("name", metavar="NAME", nargs="?", help="such as olga")
    parser.add_argument(
        "--here",
        action="store_true",
        help="the officer is at this machine: set the password here, without a link",
    )


def officer(settings: Settings, options: argparse.Namespace) -> int:
    from outcry.responder.console.accounts import OfficerRefused, Officers

    if options.what != "list" and not options.name:
        print(f"give a name: outcry-responder officer {options.what} NAME", file=sys.stderr)
        return 1
    try:
        with Store.of(settings) as database:
            officers = Officers(database, settings.organisation, time.time, os.urandom)
            _act(officers, settings.people.public_url, options)
    except OfficerRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


def _act(officers: Officers, public_url: str, options: argparse.Namespace) -> None:
    name = options.name
    match options.what:
        case "list":
            _list(officers)
        case "remove":
            officers.remove(name)
            print(f"{name} can no longer log in. What {name} did stays in the record.")
        case what:
            make = officers.add if what == "add" else officers.reset
            _settle(officers, make(name), public_url, options.here)


def _list(officers: Officers) -> None:
    for name, settled in officers.all():
        print(name if settled else f"{name}  (has not opened the link yet)")
    if not officers.all():
        print("There are no duty officers. Add one: outcry-responder officer add NAME")


def _settle(officers: Officers, token: str, public_url: str, here: bool) -> None:
    if not here:
        print("Give this link to the officer only. It works once, within a day:")
        print(f"  {public_url}/console/welcome/{token}")
        return
    import segno

    newcomer = officers.welcome(token)
    password = getpass.getpass(f"{newcomer.name}'s new password: ")
    if getpass.getpass("The same password again: ") != password:
        from outcry.responder.console.accounts import OfficerRefused

        again = f"outcry-responder officer reset {newcomer.name} --here"
        raise OfficerRefused(f"the passwords differ; again: {again}")
    segno.make(newcomer.uri, error="m", micro=False).terminal(compact=True)
    print(f"Scan this with an authenticator app, or type into the app: {newcomer.secret}")
    codes = officers.settle(token, password, input("The six digits that the app shows now: "))
    print("\nRecovery codes, shown only now. Each allows one login without the phone:")
    for code in codes:
        print(f"  {code}")
    print(f"\n{newcomer.name} can now log in: {public_url}/console")
