"""``outcry-responder enrol``, ``code``, ``retire`` and ``key``: wearers, their devices, HQ's keys."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from outcry.responder.enrolment import revocation, safe_code
from outcry.responder.enrolment.enrol import (
    Application,
    CannotEnrol,
    Enrolled,
    change_code,
    enrol,
    parse_contact,
)
from outcry.responder.enrolment.safe_code import CodeRefused
from outcry.responder.settings import Settings


def add_parsers(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], config: argparse.ArgumentParser
) -> None:
    """Describe the commands."""
    _add_enrol(commands, config)
    code = commands.add_parser(
        "code",
        parents=[config],
        help="give a wearer another code that means safe, after one was tapped or told",
    )
    code.add_argument(
        "device", metavar="DEVICE", help="as enrol and status write it, such as 0a1b2c3d"
    )
    code.add_argument("--code", metavar='"2 4 1 3"', help="this one; better let one be drawn")
    code.set_defaults(run=_code)

    lost = commands.add_parser(
        "retire",
        parents=[config],
        help="after a device is lost or taken: nothing it seals can be opened any more",
        description="After a device is lost or taken. From now on nothing it seals can be opened,"
        " nor the links it has texted; what HQ knows of the wearer stays. Not while its alarm is"
        " open: it may be with the wearer. There is no way back but a new enrolment.",
    )
    lost.add_argument("device", metavar="DEVICE", help="as enrol and status write it: 8 letters")
    lost.set_defaults(run=_retire)

    key = commands.add_parser(
        "key",
        parents=[config],
        help="HQ's own key: make a new one, or forget the oldest",
        description="HQ's own key, for which every device seals. `new`: enrolments use a new one"
        " from now on, and what is sealed for the older ones is still opened. `forget`: the oldest"
        " is gone, and with it whatever was sealed for it and not yet taken in. Restart the service"
        " after either. docs/enrolment.md says when.",
    )
    key.add_argument("what", choices=("new", "forget"))
    key.set_defaults(run=_key)


def _add_enrol(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], config: argparse.ArgumentParser
) -> None:
    new = commands.add_parser(
        "enrol",
        parents=[config],
        help="make a wearer: writes the one file their device needs, prints the contacts' PINs",
        description="Make a wearer. FILE is all that their device needs and holds its key: carry it"
        " yourself, take it in there with `outcry enrol FILE`, destroy it. PINs and code are shown"
        " this one time and kept as hashes. docs/enrolment.md leads through it.",
    )
    new.add_argument("name", metavar="NAME", help="the wearer, as contacts and the world know them")
    new.add_argument(
        "--contact",
        action="append",
        default=[],
        metavar='"ANA=+447700900111[,en]"',
        help="who is told, in this order: name, number, language; once for each contact",
    )
    new.add_argument("--number", metavar="+447700900001", help="the SIM in the wearer's device")
    new.add_argument("--quorum", type=int, help="confirmations needed to publish (settings: 2)")
    new.add_argument(
        "--code",
        metavar='"2 4 1 3"',
        help="the wearer's own code that means safe, in groups of taps; better let one be drawn",
    )
    new.add_argument("--out", type=Path, required=True, metavar="FILE", help="the device's file")
    new.add_argument(
        "--json", action="store_true", help="device, PINs and code as one line of JSON"
    )
    new.set_defaults(run=_enrol)


def _enrol(settings: Settings, options: argparse.Namespace) -> int:
    contacts, problems = [], []
    for n, text in enumerate(options.contact, 1):
        try:
            contacts.append(parse_contact(text))
        except ValueError as error:
            problems.append(f"contact {n}: {error}")
    code = None
    try:
        code = None if options.code is None else safe_code.parse(options.code)
    except CodeRefused as error:
        problems.append(f"--code: {error}")
    if problems:
        raise CannotEnrol(problems)
    application = Application(
        wearer=options.name,
        number=options.number,
        contacts=tuple(contacts),
        quorum=settings.quorum if options.quorum is None else options.quorum,
        code=code,
    )
    enrolled = enrol(settings, application, options.out)
    if options.json:
        print(json.dumps(_as_json(application, enrolled, options.out), ensure_ascii=False))
    else:
        _tell(application, enrolled, options.out)
    return 0


def _as_json(application: Application, enrolled: Enrolled, out: Path) -> dict[str, Any]:
    return {
        "device": f"{enrolled.device:08x}",
        "file": str(out),
        "code": safe_code.written(enrolled.code),
        "contacts": [
            {"name": contact.name, "number": contact.number, "pin": pin}
            for contact, pin in zip(application.contacts, enrolled.pins, strict=True)
        ],
    }


def _tell(application: Application, enrolled: Enrolled, out: Path) -> None:
    print(f"{application.wearer} is enrolled, device {enrolled.device:08x}.")
    print("\nPINs, shown only now. Tell each contact theirs in person; they need it to answer:")
    for n, (contact, pin) in enumerate(zip(application.contacts, enrolled.pins, strict=True), 1):
        print(f"  {n}  {pin}  {contact.name}, {contact.number}")
    _tell_code(application.wearer, enrolled.code)
    print(f"\nNext: carry {out} to the device, run there: outcry enrol {out.name}")
    print("and delete it everywhere else: whoever has it can raise alarms in this name.")


def _tell_code(wearer: str, code: tuple[int, ...]) -> None:
    print(f"\n{wearer}'s own code that means safe, shown only now: {safe_code.written(code)}")
    print(f"that is {', a pause, '.join(_taps(count) for count in code)}. Tapped in an alarm, or")
    print("before the strap is taken off, it tells HQ that all is well. Every other code tells HQ")
    print("of duress. Both feel the same and stop nothing. Learn it by heart, then destroy this.")


def _taps(count: int) -> str:
    return "1 tap" if count == 1 else f"{count} taps"


def _code(settings: Settings, options: argparse.Namespace) -> int:
    device = _device(options.device)
    try:
        given = None if options.code is None else safe_code.parse(options.code)
    except CodeRefused as error:
        raise CannotEnrol([f"--code: {error}"]) from None
    code = change_code(settings, device, given)
    _tell_code(f"Device {device:08x}", code)
    return 0


def _device(written: str) -> int:
    try:
        return int(written, 16)
    except ValueError:
        raise CannotEnrol(["write the device as enrol and status do, such as 0a1b2c3d"]) from None


def _retire(settings: Settings, options: argparse.Namespace) -> int:
    device = _device(options.device)
    name = revocation.retire(settings, device)
    print(f"Device {device:08x} of {name} is retired: nothing it seals can be opened any more.")
    print(f"{name} has no alarm until another device is enrolled.")
    return 0


def _key(settings: Settings, options: argparse.Namespace) -> int:
    if options.what == "new":
        held = revocation.renew(settings.directory)
        print(f"HQ has a new key, and {held} in all. Enrolments use the new one from now on.")
    else:
        held = revocation.forget_oldest(settings.directory)
        print(f"HQ's oldest key is forgotten; {held} left.")
    print("Now: systemctl restart outcry-responder")
    return 0
