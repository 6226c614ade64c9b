"""The device makes the very messages of the shared vectors, and knows their receipts."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tools_vectors import REPORTS

from outcry.daemon.messages.identity import Identity
from outcry.daemon.messages.reports import Reporter
from outcry.daemon.outbox.outbox import Outbox
from outcry.enrolment import Enrolment, Headquarters
from outcry.envelope import from_text, public_key
from outcry.hw.modem import Cell, ModemStatus
from outcry.report import Flag, decode
from outcry.responder.intake.opening import open_sealed

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "messages.json").read_text())
PRIVATE = bytes.fromhex(VECTORS["hq_private_key"])
PSK = bytes.fromhex(VECTORS["psk"])
# What a device of today cannot say yet: taps and its battery's charge.
SAID = [
    vector
    for vector in VECTORS["messages"]
    if REPORTS[vector["name"]].battery_percent is None and not REPORTS[vector["name"]].taps
]


@pytest.mark.parametrize("vector", SAID, ids=lambda vector: vector["name"])
def test_the_reporter_seals_the_vectors_fields_into_the_vectors_bytes(vector, tmp_path):
    report = REPORTS[vector["name"]]
    hq = Headquarters("hq.example", 80, None, "https://hq.example/a/", public_key(PRIVATE))
    identity = Identity("Z", (), Enrolment(VECTORS["device"], "Z", PSK, hq))
    outbox = Outbox(tmp_path / "outbox.sqlite", print)
    secrets = iter([report.token, bytes.fromhex(VECTORS["ephemeral_seed"])])
    known = None if Flag.CLOCK_UNSET in report.flags else report.sent_at
    reporter = Reporter(
        identity, outbox, lambda: known, lambda: report.sent_at, lambda count: next(secrets)
    )
    cell = report.cell and Cell(report.cell.mcc, report.cell.mnc, report.cell.lac, report.cell.ci)
    stored = reporter.seal(
        report.type,
        report.kind,
        report.alarm_id,
        report.sequence,
        report.place,
        ModemStatus(signal=report.signal, cell=cell),
        report.flags & ~Flag.CLOCK_UNSET,
    )
    opened = decode(open_sealed(stored.sealed, PRIVATE, PSK))
    vouched = Flag(0) if known is None else Flag.CLOCK_VOUCHED
    assert opened == replace(report, flags=report.flags | vouched)
    assert stored.sealed[9:41] == from_text(vector["sealed"])[9:41], "the same ephemeral key"
