"""Whether a text that is no confirmation ever counts as one."""

from __future__ import annotations

import logging
import os
import tempfile
from itertools import islice
from pathlib import Path

from bench.figure import say
from outcry import enrolment
from outcry.enrolment import Contact
from outcry.responder import settings
from outcry.responder.enrolment.answer_cards import print_codes
from outcry.responder.enrolment.enrol import Application, enrol
from outcry.responder.rules.events import CameBy, Confirmed, Unclear
from outcry.responder.service.assemble import Adapters, Responder, assemble
from outcry.responder.storage import event_log, store
from simulation.answers import arrives, confirming, not_confirming
from stage import reports
from stage.reports import NOON
from stage.stage import NotSeen

TEXTS = 2_500
AN_ALARM = 50  # texts; a history that grows for ever would only be slow
_BEN = "+447700900111"
_COST = 1  # the least that scrypt knows: of each text the hash is made


def false_confirmations(texts: int = TEXTS) -> float:
    """So many phrasings and typings in seven languages, through the modem's codec into a history.

    Counted are those that are not exactly a confirmation, and confirm. Each has a code that is
    good and a digit 1. Refused if the exact form confirms nothing, or one of the others was lost.
    """
    logging.getLogger("outcry").addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as folder:
        given = {"state": {"directory": folder}, "modem": {"port": "/x", "number": "+447700900002"}}
        chosen = settings.check(given)
        wearer = Application("Ana", None, (Contact("Ben", _BEN),), 1)
        enrol(chosen, wearer, Path(folder) / "ana.json", cost=_COST)
        adapters = Adapters(clock=lambda: NOON, modem=lambda *_: None)
        responder = assemble(chosen, adapters)
        try:
            return _confirmed(responder, Path(folder) / "ana.json", texts)
        finally:
            responder.store.close()


def _confirmed(responder: Responder, file: Path, texts: int) -> int:
    device = enrolment.read(file.read_text())
    with responder.store.write() as connection:
        code = print_codes(connection, device.device, os.urandom, cost=_COST)[1][0]
    exact = [(text,) for text in confirming(code)]
    others = [*islice(not_confirming(code), texts)]
    false, alarm = 0, 0
    for at in range(0, len(others), AN_ALARM):
        alarm += 1
        first = reports.report(alarm=alarm, token=os.urandom(16))
        responder.inbox.take(reports.sealed(first, device, alarm), CameBy.DATA)
        history = _texted(responder, alarm, others[at : at + AN_ALARM])
        false += sum(isinstance(event, Confirmed) for event in history)
        if sum(isinstance(event, Unclear) for event in history) < len(others[at : at + AN_ALARM]):
            raise NotSeen("a text with a code was lost")
    history = _texted(responder, alarm, exact)
    if sum(isinstance(event, Confirmed) for event in history) - false < len(exact):
        raise NotSeen("a text in the exact form confirmed nothing")
    say(f"{len(others)} texts that are no confirmation, {len(exact)} that are one")
    return false


def _texted(responder: Responder, alarm: int, texts: list[tuple[str, ...]]) -> list[object]:
    """The alarm's history after these texts, each with a code that is good again."""
    for parts in texts:
        for part in arrives(_BEN, parts):
            responder.texts.take(part.sender, part.text, part.whole)
        with responder.store.write() as connection:
            connection.execute(store.sms_code.update().values(burned_at=None))
    with responder.store.read() as connection:
        return [*event_log.load(connection, alarm)]
