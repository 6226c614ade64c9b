"""``outcry-responder case``, ``verify`` and ``forget``: what happened, its proof, its end."""

import argparse
import sys
import time
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from outcry.responder.archive import case_file, proof, time_stamps
from outcry.responder.archive.proof import CaseFileInvalid, Proved, Stamp
from outcry.responder.archive.time_stamps import StampInvalid
from outcry.responder.cli.commands import Commands
from outcry.responder.settings import Settings
from outcry.responder.storage import alarms, audit_chain, event_log, verification
from outcry.responder.storage.store import Store

_PRIVATE = 0o600
_LARGEST = 32 * 2**20  # of a case file: of 20,000 reports, or of a record of years
_KEPT = "outcry-responder verify --kept"
EXIT_NOT_PROVED = 3
_OLD = (
    "NOT PROVED: this file is of an earlier release. Its history is as it was written, but nothing "
    "proves its reports: ask HQ for its case file again."
)


def add_parsers(commands: Commands) -> None:
    parser = commands.add(
        "case",
        case,
        help="write an alarm's case file for lawyers and the press: a page that carries its proof",
    )
    parser.add_argument("alarm", type=int, metavar="ALARM", help="its number, as status shows it")
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="DIRECTORY", help="(default: here)"
    )

    parser = commands.add(
        "verify",
        verify,
        help="check whether the record, or a case file, was changed after it was written; "
        "a case file is checked on any machine, without HQ",
        alone=_verify_alone,
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="CASE.html")
    parser.add_argument(
        "--authority",
        type=Path,
        metavar="CERTIFICATES",
        help="of whoever signed the time stamps, PEM (default: those this machine trusts)",
    )
    parser.add_argument(
        "--kept",
        action="append",
        default=[],
        metavar="LINE:LINK",
        type=_kept,
        help="at HQ: compare the record with this line of it, which you kept elsewhere, or which "
        "stands at the end of a case file; repeat for more. With CASE.html: what HQ itself says of "
        "the file's line, by a way that you trust",
    )

    parser = commands.add(
        "forget", forget, help="delete an alarm for good; what was made public stays public"
    )
    parser.add_argument("alarm", type=int, metavar="ALARM", help="its number, as status shows it")
    parser.add_argument(
        "--yes-for-good", action="store_true", help="required: nobody can bring it back"
    )
    parser.add_argument("--open", action="store_true", help="required if nobody has closed it")


def case(settings: Settings, options: argparse.Namespace) -> int:
    with Store.of(settings) as database:
        file = case_file.write(database, options.alarm, settings.organisation, time.time())
    path = options.out / f"case-{options.alarm}.html"
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        path.touch(_PRIVATE)
        path.write_bytes(file.encode())  # with no other line ends: the proof is over each byte
    except OSError as error:
        why = error.strerror
        print(f"{options.out}: cannot be written to: {why}; give another --out", file=sys.stderr)
        return 1
    print(path)
    print("It holds positions and names: protect it as you protect the person.")
    print(f"Anyone can check it, without HQ: outcry-responder verify {path.name}")
    return 0


def verify(settings: Settings, options: argparse.Namespace) -> int:
    """Say what was found in the database; 0 nothing was changed, 1 something was, or it is damaged."""
    try:
        return _verify(settings, options)
    except DBAPIError as error:
        why = type(error.orig).__name__
        print(
            f"The database cannot be read as a whole ({why}): its file was damaged or changed. Keep a "
            "copy of it as it is, then restore the backup.",
            file=sys.stderr,
        )
        return 1


def _verify(settings: Settings, options: argparse.Namespace) -> int:
    with Store.of(settings) as database, database.read() as connection:
        found = verification.verify(connection)
        stamps = time_stamps.kept(connection)
        others = [
            f"HQ's record: line {n} is not the one that was kept"
            for n, link in options.kept
            if audit_chain.link_of(connection, n) != link
        ]
    stamped = (_stamp_problem(stamp, options.authority) for stamp in stamps)
    problems = [*found.problems, *filter(None, stamped), *others]
    for problem in problems:
        print(problem)
    if problems:
        return 1
    print(f"OK: {found.alarms} alarms, {found.entries} entries, all unchanged.")
    print(f"The record's newest link, line {found.head.n}: {found.head.link.hex()}")
    print("Keep a copy of it elsewhere: it exposes even a record that was rewritten as a whole.")
    print(f"To compare it later: {_KEPT} {found.head.n}:{found.head.link.hex()}")
    if stamps and not options.authority:
        print(
            "Of time stamps the signatures were not checked: name who signed them by --authority."
        )
    return 0


def _stamp_problem(stamp: Stamp, authority: Path | None) -> str | None:
    """What is wrong with a time stamp in the database; its signature is checked by ``authority`` alone."""
    try:
        if authority is None:
            time_stamps.read(stamp.reply, stamp.link)
        else:
            time_stamps.check(stamp.reply, stamp.link, authority)
    except (StampInvalid, FileNotFoundError) as error:
        return f"time stamp over line {stamp.n}: {_why(error)}"
    return None


def _why(error: StampInvalid | FileNotFoundError) -> str:
    missing = "openssl is needed to check it, and is not installed here"
    return str(error) if isinstance(error, StampInvalid) else missing


def _kept(written: str) -> tuple[int, bytes]:
    """``LINE:LINK``."""
    n, _, link = written.partition(":")
    try:
        return int(n), bytes.fromhex(link)
    except ValueError:
        raise argparse.ArgumentTypeError("write LINE:LINK, as verify prints it") from None


def _verify_alone(options: argparse.Namespace) -> int | None:
    return None if options.file is None else _verify_file(options.file, options)


def _verify_file(path: Path, options: argparse.Namespace) -> int:
    """0: it is as HQ wrote it, 1: it is not, or cannot be read, 3: nobody has shown that."""
    try:
        if path.exists() and not (path.is_file() and path.stat().st_size <= _LARGEST):
            print(f"{path}: is no case file: no file, or too large", file=sys.stderr)
            return 1
        text = path.read_bytes().decode()
        proved = proof.check(text)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        print(f"{path}: cannot be read: {why}", file=sys.stderr)
        return 1
    except CaseFileInvalid as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    if proved.history_alone:
        print(_OLD, file=sys.stderr)
        return 1
    own = proved.n, proved.link
    if options.kept and own not in options.kept:
        print(
            f"{path}: HQ says another link of line {proved.n}: this is not its file",
            file=sys.stderr,
        )
        return 1
    print(f"{proved.entries} entries, which hold together.")
    print(f"It names line {proved.n} of HQ's record: {proved.link.hex()}")
    print(f"At HQ, this compares it with the record: {_KEPT} {proved.n}:{proved.link.hex()}")
    held = [_is_stamped(stamp, options.authority) for stamp in proved.stamps]
    if not all(held):
        return 1
    if options.kept:
        print("OK: this is the file that HQ wrote, unchanged, if that link came from HQ.")
        return 0
    is_covered = proved.stamps and proved.sealed == proved.entries
    if is_covered and case_file.shows_its_proof(text):
        print(f"OK: {proved.entries} entries, all unchanged since the time stamp.")
        return 0
    print(_why_not_proved(proved), file=sys.stderr)
    print(
        "Elsewhere, ask HQ for the link of that line, and give what it says: FILE --kept LINE:LINK"
    )
    return EXIT_NOT_PROVED


def _why_not_proved(proved: Proved) -> str:
    if not proved.stamps:
        why = "it has no time stamp, and anyone can make a whole file that holds together"
        return f"NOT PROVED: {why} (HQ: set record.time_stamps)"
    if proved.sealed < proved.entries:
        return f"NOT PROVED: entries after {proved.sealed}, which came after the time stamp"
    return (
        "NOT PROVED: the page. Its history is stamped; another release, or somebody, made the page"
    )


def _is_stamped(stamp: Stamp, authority: Path | None) -> bool:
    try:
        said = time_stamps.check(stamp.reply, stamp.link, authority)
    except (StampInvalid, FileNotFoundError) as error:
        print(f"Time stamp over line {stamp.n}: NOT PROVED: {_why(error)}", file=sys.stderr)
        return False
    ended = "; its certificate was good then, and has ended since" if said.ended else ""
    when = f"{said.at:%Y-%m-%d %H:%M:%S} UTC"
    print(f"Time stamp over line {stamp.n}: it was so at {when}, {said.by}{ended}")
    return True


def forget(settings: Settings, options: argparse.Namespace) -> int:
    if not options.yes_for_good:
        print(
            "Nobody can bring it back. Write its case file first if somebody may need it "
            f"(outcry-responder case {options.alarm}), then add --yes-for-good",
            file=sys.stderr,
        )
        return 1
    with Store.of(settings) as database:
        with database.write() as connection:
            alarms.about(connection, options.alarm)  # there may be none
            if not (options.open or event_log.case_of(connection, options.alarm).now.over):
                say = "is open, people may still act on it: close it in the console, or add --open"
                print(f"Alarm {options.alarm} {say}", file=sys.stderr)
                return 1
            alarms.forget(connection, options.alarm, time.time(), "by command")
        database.fold()
    print(f"Alarm {options.alarm} is deleted.")
    return 0
