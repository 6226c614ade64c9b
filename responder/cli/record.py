"""``outcry-responder case``, ``verify`` and ``forget``: what happened, its proof, its end."""

import argparse
import json
import sys
import time
from pathlib import Path

from outcry.responder.archive import case_file
from outcry.responder.archive.case_file import CaseFileInvalid
from outcry.responder.cli.commands import Commands
from outcry.responder.settings import Settings
from outcry.responder.storage import alarms, audit_chain, event_log
from outcry.responder.storage.store import Store

_PRIVATE = 0o600


def add_parsers(commands: Commands) -> None:
    parser = commands.add(
        "case",
        case,
        help="write an alarm's case file for lawyers and the press: JSON, and a page to print",
    )
    parser.add_argument("alarm", type=int, metavar="ALARM", help="its number, as status shows it")
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="DIRECTORY", help="(default: here)"
    )

    parser = commands.add(
        "verify",
        verify,
        help="check whether the record, or a case file, was changed after it was written",
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="CASE.json")

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
        file = case_file.case(database, options.alarm, settings.organisation, time.time())
    stem = options.out / f"case-{options.alarm}"
    texts = {".json": json.dumps(file, ensure_ascii=False, indent=1), ".html": case_file.page(file)}
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for suffix, text in texts.items():
            path = stem.with_suffix(suffix)
            path.touch(_PRIVATE)
            path.write_text(text, encoding="utf-8")
            print(path)
    except OSError as error:
        why = error.strerror
        print(f"{options.out}: cannot be written to: {why}; give another --out", file=sys.stderr)
        return 1
    print("Both hold positions and names: protect them as you protect the person.")
    return 0


def verify(settings: Settings, options: argparse.Namespace) -> int:
    """Say what was found; 0 nothing was changed, 1 something was."""
    if options.file is not None:
        return _verify_file(options.file)
    with Store.of(settings) as database, database.read() as connection:
        found = audit_chain.verify(connection)
    for problem in found.problems:
        print(problem)
    if found.problems:
        return 1
    print(f"OK: {found.alarms} alarms, {found.entries} entries, all unchanged.")
    print(f"The record's newest link, line {found.head.n}: {found.head.link.hex()}")
    print("Keep a copy of it elsewhere: it exposes even a record that was rewritten as a whole.")
    return 0


def _verify_file(path: Path) -> int:
    try:
        entries = case_file.check(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        print(f"{path}: cannot be read: {getattr(error, 'strerror', 'not UTF-8')}", file=sys.stderr)
    except json.JSONDecodeError:
        print(f"{path}: is not JSON; give the file that ends in .json", file=sys.stderr)
    except CaseFileInvalid as error:
        print(f"{path}: {error}", file=sys.stderr)
    else:
        print(f"OK: {entries} entries, all unchanged.")
        return 0
    return 1


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
