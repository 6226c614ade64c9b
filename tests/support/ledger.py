"""What HQ's collaborators did, in one order: inbox, event log, modem, channels and networks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from outcry.envelope import Header, from_text
from outcry.receipt import RECEIPT_CHARS, header_of, verify
from outcry.responder.callers.processes import May
from outcry.responder.posting.publisher import Draft, Limits, Posted
from outcry.responder.rules import events
from outcry.responder.rules.events import CallEnded, CallPlanned, Came, Event, Outcome
from outcry.responder.storage import event_log
from outcry.responder.transports.apprise import Channels


class Ledger(list[str]):
    """One list that all of them write to; a story asserts on it."""

    def __init__(self, people: Mapping[str, str], patch: Any) -> None:
        """``people``: who has which phone number; ``patch`` undoes itself after the test."""
        super().__init__()
        self._people = people
        self._patch = patch
        self._tokens: dict[Header, bytes] = {}

    def hears(self, hq: Any) -> None:
        """Whatever these parts of HQ do is written down from now on."""
        names = dict(enumerate(self._people.values(), 1))
        append_all, take, send = event_log.append_all, hq.inbox.take, hq.phones.send

        def appended(connection, said):
            append_all(connection, said)
            for _, event, _ in said:
                if not isinstance(event, CallPlanned | CallEnded):  # those tell of themselves
                    self.append(_short(event, names))

        def taken(sealed, path):
            came = take(sealed, path)
            self._tokens[header_of(came.receipt)] = came.report.token
            if path == "data":
                self.append(f"Receipt over data: {self._says(came.receipt)}")
            return came

        def sent(ref, number, text, may=lambda: None):
            if len(text) == RECEIPT_CHARS:
                self.append(f"Receipt by SMS: {self._says(from_text(text))}")
            else:
                begins = re.match(r"[A-Z ]+\b", text)
                self.append(f"Text to {self._people[number]}: {begins[0].strip()}")
            return send(ref, number, text)

        self._patch.setattr(event_log, "append_all", appended)
        self._patch.setattr(hq.inbox, "take", taken)
        self._patch.setattr(hq.phones, "send", sent)

    def _says(self, receipt: bytes) -> str:
        header = header_of(receipt)
        return verify(receipt, self._tokens[header], header).name.lower()


def _short(event: Event, names: Mapping[int, str]) -> str:
    match event:
        case events.ReportArrived():
            return f"Arrived by {event.path}: {event.type.name}"
        case events.WithdrawalJudged():
            return f"Judged: {event.verdict}"
        case events.ContactAnswer():
            return f"{names[event.contact]}: {type(event).__name__}"
        case events.OfficerAct():
            return f"{event.officer}: {type(event).__name__}"
        case events.GroundFound():
            return f"Ground: {event.ground}"
        case _:
            return type(event).__name__


class Told(Channels):
    """People who are told by a channel, and always reached."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def attempt(self, url: str, title: str, body: str, may: May = lambda: None) -> Came:
        self._ledger.append(f"Message to {url.rpartition('/')[2]}: {body.partition('. http')[0]}")
        return Came(Outcome.DONE)


class Network:
    """A network that takes everything."""

    limit_s = 1.0
    limits = Limits(500)

    def __init__(self, name: str, ledger: Ledger) -> None:
        self.name = name
        self._ledger = ledger

    def check(self) -> list[Any]:
        return []

    def find(self, key: str, draft: Draft) -> Posted | None:
        return None

    def post(self, key: str, draft: Draft) -> Posted:
        return self._has("post", key)

    def reply(self, key: str, to: Posted, draft: Draft) -> Posted:
        return self._has("answer to the post", key)

    def correct(self, key: str, to: Posted, draft: Draft) -> Posted:
        return self._has("correction", key)

    def _has(self, what: str, key: str) -> Posted:
        self._ledger.append(f"{self.name} has the {what}")
        return Posted(key, f"https://{self.name}.example/{key}")
