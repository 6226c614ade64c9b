"""``outcry-responder check``: whether every channel and credential would work now."""

import argparse
import json
import sys
import time
from dataclasses import asdict

from outcry.responder import daily_check
from outcry.responder.cli.commands import Commands
from outcry.responder.findings import Finding
from outcry.responder.settings import Settings
from outcry.responder.storage.store import Store

FAILS, EXPIRES = 1, 2


def add_parser(commands: Commands) -> None:
    parser = commands.add(
        "check",
        check,
        help="test every channel and credential without alarming anyone; exit code 0: all OK, "
        "1: something fails, 2: something expires within 14 days",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def check(settings: Settings, options: argparse.Namespace) -> int:
    from outcry.responder.posting import networks  # the networks' own libraries come later still

    now = time.time()
    with Store.of(settings) as database:
        findings = daily_check.look(
            settings, database, lambda: networks.publishers(settings, database, time.time), now
        )
        with database.write() as connection:
            daily_check.keep(connection, findings, now)
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in sorted(findings, key=lambda one: not daily_check.needs_a_person(one, now)):
            bad = daily_check.needs_a_person(finding, now)
            to = sys.stderr if bad else sys.stdout
            print(daily_check.line(finding, now), file=to, flush=True)
    return _code(findings, now)


def _code(findings: tuple[Finding, ...], now: float) -> int:
    if not all(finding.ok for finding in findings):
        return FAILS
    return EXPIRES if any(daily_check.needs_a_person(one, now) for one in findings) else 0
