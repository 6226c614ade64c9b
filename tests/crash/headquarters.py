"""An HQ that only enrols and takes reports, with the real inbox and store.

``python -m crash.headquarters FOLDER FILE FIRST LAST END HOW``: enrols a
wearer, whose device's file is FILE, if there is none yet; then takes the
messages FIRST to LAST and says each receipt. END and HOW as for the device.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

from crash.program import say, weaken

from outcry import enrolment
from outcry.enrolment import Contact, Enrolment
from outcry.envelope import from_text, to_text
from outcry.report import TOKEN_BYTES, MessageType
from outcry.responder import settings
from outcry.responder.enrolment.enrol import Application, enrol
from outcry.responder.enrolment.hq_keys import load_or_create
from outcry.responder.intake.inbox import Inbox
from outcry.responder.rules.events import CameBy
from outcry.responder.storage.store import Store
from stage import reports
from stage.reports import NOON

MESSAGES_AN_ALARM = 5
APPLICATION = Application("Ana", "+447700900001", (Contact("Ben", "+447700900111"),), 1)


@dataclass(frozen=True)
class Answered:
    """A message that HQ has given its receipt for."""

    sealed: bytes
    receipt: bytes

    def line(self) -> str:
        return f"RECEIPT {to_text(self.sealed)} {to_text(self.receipt)}"

    @classmethod
    def parse(cls, line: str) -> Answered:
        _, sealed, receipt = line.split()
        return cls(from_text(sealed), from_text(receipt))


def message(wearer: Enrolment, n: int) -> bytes:
    """The wearer's message ``n``, sealed: the same bytes every time."""
    random = Random(n)
    number, sequence = divmod(n, MESSAGES_AN_ALARM)
    report = reports.report(
        MessageType.FIRST if sequence == 0 else MessageType.POSITION,
        alarm=number + 1,
        sequence=sequence,
        sent_at=NOON + n,
        token=random.randbytes(TOKEN_BYTES),
    )
    return reports.sealed(report, wearer, n + 1, random.randbytes)


def inbox(folder: Path, database: Store) -> Inbox:
    """The inbox of this state directory."""
    return Inbox(database, load_or_create(folder), lambda: NOON)


def main(folder: str, file: str, first: str, last: str, end: str, how: str) -> None:
    """Enrol, take messages, end."""
    if how != "FULL":
        weaken(how)
    state, out = Path(folder), Path(file)
    if not out.exists():
        enrol(settings.check({"state": {"directory": folder}}), APPLICATION, out)
        hq = enrolment.read(out.read_text()).hq
        say(f"ENROLLED {to_text(hq.public_key)}")
    wearer = enrolment.read(out.read_text())
    database = Store(state)
    takes = inbox(state, database)
    for n in range(int(first), int(last) + 1):
        sealed = message(wearer, n)
        say(Answered(sealed, takes.take(sealed, CameBy.DATA).receipt).line())
    if end == "close":
        database.close()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
