"""A device that does nothing but live through alarms, with the real outbox.

``python -m crash.device FOLDER FIRST LAST END HOW`` takes the steps FIRST to
LAST, pulses after each, and ends by "close" or "exit". HOW is the outbox as it
is ("FULL"), with a weaker ``synchronous``, or "early": a pulse before the step.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

from crash.program import say, weaken

from outcry.daemon.alarm.model import Alarm, State
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.stored import HQ, StoredReport, StoredText
from outcry.envelope import SEALED_BYTES
from outcry.report import TOKEN_BYTES, AlarmKind

OUTBOX = "outbox.sqlite"
STEPS_AN_ALARM = 12

View = tuple[tuple[object, ...], list[StoredReport], list[StoredText]]


def take_step(outbox: Outbox, n: int) -> None:
    """Step ``n`` of a life: alarms are raised, reported, told of by text, answered in part."""
    number, k = divmod(n, STEPS_AN_ALARM)
    random = Random(n)
    report = StoredReport(
        n,
        number + 1,
        k,
        random.randbytes(SEALED_BYTES),
        random.randbytes(TOKEN_BYTES),
        position=k > 0,
    )
    with outbox.step():
        if k == 0:
            kind = AlarmKind.PANIC if number % 2 == 0 else AlarmKind.STRAP
            outbox.save_alarm(Alarm(State.RAISED, id=number + 1, kind=kind, next_sequence=1))
            outbox.add_report(report)
            for recipient in (1, HQ, 2, 3):
                outbox.add_text(n, recipient, "sealed" if recipient == HQ else "alert")
        elif k % 3 == 1:
            codes = (*outbox.alarm.withdrawals, k)
            outbox.save_alarm(
                replace(
                    outbox.alarm,
                    state=State.OVER_SMS,
                    next_sequence=k + 1,
                    withdrawn=True,
                    withdrawals=codes,
                )
            )
            outbox.add_report(report)
        elif k % 3 == 2:
            outbox.add_report(replace(outbox.reports[n - 1], answered=True))
        else:
            text = outbox.open_texts()[-1]
            outbox.set_text(text.lost() if k == 3 else text.given().unreached())
            outbox.add_text(n, 1, "position", later=True)
            outbox.add_report(report)
        if k == STEPS_AN_ALARM - 1:  # the first report alone is left: HQ never answers it
            for text in outbox.open_texts():
                outbox.set_text(text.given())


def view(outbox: Outbox) -> View:
    """All that must be there after a power cut: the newest alarm, its reports and texts."""
    alarm = outbox.alarm
    reports = [report for _, report in sorted(outbox.reports.items()) if report.alarm == alarm.id]
    counters = {report.counter for report in reports}
    return (
        (
            *(alarm.state, alarm.id, alarm.kind, alarm.next_sequence, alarm.to_be_answered),
            *(alarm.withdrawn, alarm.withdrawals),
        ),
        reports,
        [text for _, text in sorted(outbox.texts.items()) if text.counter in counters],
    )


def main(folder: str, first: str, last: str, end: str, how: str) -> None:
    """Live; each line said carries a counter that this device has now used."""
    if how not in ("FULL", "early"):
        weaken(how)
    outbox = Outbox(Path(folder) / OUTBOX, sys.exit)
    say(f"OPENED {outbox.take_counter()}")
    for n in range(int(first), int(last) + 1):
        if how == "early":
            say(f"PULSE {n}")
        take_step(outbox, n)
        if how != "early":
            say(f"PULSE {n}")
    if end == "close":
        outbox.close()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
