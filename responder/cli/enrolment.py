"""``outcry-responder enrol``, ``code``, ``retire`` and ``key``: wearers, their devices, HQ's keys."""

import argparse
import json
from pathlib import Path
from typing import Any

from outcry.responder import readiness
from outcry.responder.cli.commands import Commands
from outcry.responder.enrolment import enrol, revocation, safe_code
from outcry.responder.settings import Settings


def add_parsers(commands: Commands) -> None:
    _add_enrol(commands)
    code = commands.add(
        "code",
        _code,
        help="give a wearer a new code that means safe, after the old one was used or told",
    )
    code.add_argument(
        "--code",
        metavar='"2 4 1 3"',
        help="this code (default: a random one, which is harder to guess)",
    )

    lost = commands.add(
        "retire",
        _retire,
        help="for a lost or seized device: from now on HQ does not open what it sends",
        description="For a lost or seized device. From now on HQ opens nothing that it sends, nor the"
        " links it has texted; what HQ knows about the wearer stays. Do not do this while its alarm"
        " is open: it may still be with the wearer. The only way back is a new enrolment.",
    )
    for one in (code, lost):
        one.add_argument(
            "device",
            metavar="DEVICE",
            help="the device, as enrol and status print it, such as 0a1b2c3d",
        )

    key = commands.add(
        "key",
        _key,
        help="make a new HQ key, or forget the oldest one",
        description="HQ's own key, for which devices seal what they send. `new`: enrolments use a new"
        " key from now on; HQ still opens what is sealed for the older ones. `forget`: the oldest"
        " key is deleted for good, and what was sealed for it can no longer be opened. Restart the"
        " service after either. When to do it: docs/enrolment.md.",
    )
    key.add_argument("what", choices=("new", "forget"))


def _add_enrol(commands: Commands) -> None:
    new = commands.add(
        "enrol",
        _enrol,
        help="enrol a wearer: write the file for their device and print the contacts' PINs",
        description="Enrol a wearer. FILE is all that their device needs, and holds its key: carry it"
        " to the device yourself, run `outcry enrol FILE` there, then destroy it. The PINs and the"
        " code are shown only once; HQ keeps their hashes. Step by step: docs/enrolment.md.",
    )
    new.add_argument(
        "name", metavar="NAME", help="the wearer's name, as contacts and the public know it"
    )
    new.add_argument(
        "--contact",
        action="append",
        default=[],
        metavar='"ANA=+447700900111[,en]"',
        help="name, number, language; repeat for each contact, in the order in which they are told",
    )
    new.add_argument(
        "--number", metavar="+447700900001", help="the number of the SIM in the wearer's device"
    )
    new.add_argument(
        "--quorum",
        type=int,
        help="confirmations needed to publish (default: plan.quorum in the settings)",
    )
    new.add_argument(
        "--code",
        metavar='"2 4 1 3"',
        help="the wearer's code that means safe, in groups of taps (default: a random one, which is"
        " harder to guess)",
    )
    new.add_argument("--out", type=Path, required=True, metavar="FILE", help="the device's file")
    new.add_argument(
        "--json", action="store_true", help="print device, PINs and code as one line of JSON"
    )
    new.add_argument(
        "--anyway",
        action="store_true",
        help="for a try-out: enrol although something is missing that an alarm will need",
    )


def _enrol(settings: Settings, options: argparse.Namespace) -> int:
    contacts, problems = [], []
    for n, text in enumerate(options.contact, 1):
        try:
            contacts.append(enrol.parse_contact(text))
        except ValueError as error:
            problems.append(f"contact {n}: {error}")
    code = None
    try:
        code = None if options.code is None else safe_code.parse(options.code)
    except safe_code.CodeRefused as error:
        problems.append(f"--code: {error}")
    if problems:
        raise enrol.CannotEnrol(problems)
    missing = () if options.anyway else readiness.missing_at(settings)
    if missing:
        lines = [f"{each.what}; {each.remedy}" for each in missing]
        raise enrol.CannotEnrol([*lines, "Nobody was enrolled. For a try-out add --anyway."])
    application = enrol.Application(
        wearer=options.name,
        number=options.number,
        contacts=tuple(contacts),
        quorum=settings.quorum if options.quorum is None else options.quorum,
        code=code,
    )
    enrolled = enrol.enrol(settings, application, options.out)
    if options.json:
        print(json.dumps(_as_json(application, enrolled, options.out), ensure_ascii=False))
    else:
        _tell(application, enrolled, options.out)
    return 0


def _as_json(application: enrol.Application, enrolled: enrol.Enrolled, out: Path) -> dict[str, Any]:
    return {
        "device": f"{enrolled.device:08x}",
        "file": str(out),
        "code": safe_code.written(enrolled.code),
        "contacts": [
            {"name": contact.name, "number": contact.number, "pin": pin}
            for contact, pin in zip(application.contacts, enrolled.pins, strict=True)
        ],
    }


def _tell(application: enrol.Application, enrolled: enrol.Enrolled, out: Path) -> None:
    print(f"{application.wearer} is enrolled, device {enrolled.device:08x}.")
    print("\nPINs, shown only now. Tell each contact theirs in person; they need it to answer:")
    for n, (contact, pin) in enumerate(zip(application.contacts, enrolled.pins, strict=True), 1):
        print(f"  {n}  {pin}  {contact.name}, {contact.number}")
    _tell_code(application.wearer, enrolled.code)
    print(f"\nNext: carry {out} to the device and run there: outcry enrol {out.name}")
    print("Then delete every other copy: anyone who has it can raise alarms in this name.")


def _tell_code(wearer: str, code: tuple[int, ...]) -> None:
    print(f"\n{wearer}'s code that means safe, shown only now: {safe_code.written(code)}")
    print(f"that is {', a pause, '.join(_taps(count) for count in code)}. Tapped in an alarm, or")
    print(
        "before the strap is taken off, it tells HQ that the wearer is safe. Any other code tells"
    )
    print("HQ that the wearer is forced. Both feel the same, and neither stops the alarm.")
    print("Learn it by heart, then destroy this.")


def _taps(count: int) -> str:
    return "1 tap" if count == 1 else f"{count} taps"


def _code(settings: Settings, options: argparse.Namespace) -> int:
    device = _device(options.device)
    try:
        given = None if options.code is None else safe_code.parse(options.code)
    except safe_code.CodeRefused as error:
        raise enrol.CannotEnrol([f"--code: {error}"]) from None
    code = enrol.change_code(settings, device, given)
    _tell_code(f"Device {device:08x}", code)
    return 0


def _device(written: str) -> int:
    try:
        return int(written, 16)
    except ValueError:
        why = "write the device as enrol and status print it, such as 0a1b2c3d"
        raise enrol.CannotEnrol([why]) from None


def _retire(settings: Settings, options: argparse.Namespace) -> int:
    device = _device(options.device)
    name = revocation.retire(settings, device)
    print(f"Device {device:08x} of {name} is retired: HQ no longer opens what it sends.")
    print(f"{name} has no alarm until another device is enrolled.")
    return 0


def _key(settings: Settings, options: argparse.Namespace) -> int:
    if options.what == "new":
        held = revocation.renew(settings.directory)
        print(f"HQ has a new key ({held} in all). Enrolments use it from now on.")
    else:
        held = revocation.forget_oldest(settings.directory)
        print(f"HQ's oldest key is deleted; {held} left.")
    print("Now run: systemctl restart outcry-responder")
    return 0
