"""``outcry-responder check``: whether every channel and credential would work now."""

from __future__ import annotations

import argparse
import json
import sys
import time

from outcry.responder import daily_check
from outcry.responder.findings import Finding
from outcry.responder.settings import Settings
from outcry.responder.storage.store import Store

FAILS, EXPIRES = 1, 2


def add_parser(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], config: argparse.ArgumentParser
) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "check",
        parents=[config],
        help="test every channel and credential without alarming anyone; exit code 0: all OK, "
        "1: something fails, 2: something expires within 14 days",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.set_defaults(run=check)


def check(settings: Settings, options: argparse.Namespace) -> int:
    """Look, tell, keep; the exit code."""
    from outcry.responder.posting import networks  # the networks' own libraries come later still

    database = Store.of(settings)
    try:
        now = time.time()
        findings = daily_check.look(
            settings, database, lambda: networks.publishers(settings, database, time.time), now
        )
        with database.write() as connection:
            daily_check.keep(connection, findings, now)
    finally:
        database.close()
    if options.json:
        print(json.dumps([_facts(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in sorted(findings, key=lambda one: not daily_check.needs_a_person(one, now)):
            bad = daily_check.needs_a_person(finding, now)
            print(
                daily_check.line(finding, now), file=sys.stderr if bad else sys.stdout, flush=True
            )
    return _code(findings, now)


def _facts(finding: Finding) -> dict[str, object]:
    return {
        "ok": finding.ok,
        "what": finding.what,
        "remedy": finding.remedy,
        "expires_at": finding.expires_at,
    }


def _code(findings: tuple[Finding, ...], now: float) -> int:
    if not all(finding.ok for finding in findings):
        return FAILS
    return EXPIRES if any(daily_check.needs_a_person(one, now) for one in findings) else 0
