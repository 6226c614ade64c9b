"""The one SMS centre of a board: takes texts from modems and phones, keeps them, delivers them.

A number is either a modem of this board or a phone; phones exist as soon as a text reaches them.
What cannot be delivered now waits until the centre is told that the modem is back or has room.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from random import Random
from typing import Protocol

from outcry.hw.board.modem.context import Witness
from outcry.hw.board.modem.schedule import Schedule
from outcry.hw.board.modem.sms import pdu
from outcry.hw.board.modem.timing import Span, Timing, drawn


class Subscriber(Protocol):
    """A modem as the centre sees it. Both return False when it cannot take this now."""

    number: str

    def take(self, tpdu: bytes) -> bool: ...

    def report(self, tpdu: bytes) -> bool: ...


@dataclass(frozen=True)
class Text:
    """A whole message on a phone; ``t`` is the board's clock at its last part, in seconds."""

    sender: str
    text: str
    parts: int
    t: float
    ids: tuple[str, ...]


@dataclass
class Phone:
    """Any phone: shows whole messages, puts long ones together in whatever order they come."""

    number: str
    on: bool = True  # off, or out of reach: what is sent to it waits
    texts: list[Text] = field(default_factory=list)
    _partial: dict[tuple[str, int, int], dict[int, tuple[str, str]]] = field(default_factory=dict)

    def take(self, name: str, sender: str, content: pdu.Content, t: float) -> None:
        part = content.part
        if part is None or part.total < 2:
            self.texts.append(Text(sender, content.text, 1, t, (name,)))
            return
        key = (sender, part.reference, part.total)
        have = self._partial.setdefault(key, {})
        have[part.number] = (name, content.text)
        if len(have) == part.total:
            pieces = [have[number] for number in sorted(have)]
            ids, words = tuple(each[0] for each in pieces), "".join(each[1] for each in pieces)
            self.texts.append(Text(sender, words, part.total, t, ids))
            del self._partial[key]

    @property
    def incomplete(self) -> int:
        """Long messages of which parts are missing."""
        return len(self._partial)


@dataclass(eq=False)
class Centre:
    """``wall`` turns the board's clock into the date stamped on messages."""

    schedule: Schedule
    timing: Timing
    random: Random
    wall: Callable[[float], datetime]
    witness: Witness
    phones: dict[str, Phone] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._subscribers: dict[str, Subscriber] = {}
        self._waiting: dict[str, list[Callable[[], bool]]] = {}
        self._names: Iterator[str] = (f"m{number}" for number in count(1))
        self._references = count(1)

    def attach(self, subscriber: Subscriber) -> None:
        self._subscribers[subscriber.number] = subscriber

    def phone(self, number: str) -> Phone:
        return self.phones.setdefault(number, Phone(number))

    def submit(self, sender: str, message: pdu.Submit, reference: int) -> str:
        """Take a modem's message; returns the name it has in the events.

        ``reference`` is the modem's own number for it, which its delivery report will carry.
        """
        sent = self.wall(self.schedule.now)

        def delivered() -> None:
            if message.wants_report:
                done = self.wall(self.schedule.now)
                self._report(sender, pdu.status_report(reference, message.recipient, sent, done))

        return self._send(sender, message.recipient, message.content, sent, delivered)

    def text(self, sender: str, recipient: str, words: str) -> list[str]:
        """A phone sends words; returns the names of the parts."""
        self.phone(sender)
        sent = self.wall(self.schedule.now)
        reference = next(self._references) & 0xFF
        return [
            self._send(sender, recipient, content, sent, lambda: None)
            for content in pdu.contents(words, reference)
        ]

    def alert(self, number: str) -> None:
        """This modem can be reached again, or has room again: try what waits for it."""
        for parcel in self._waiting.pop(number, []):
            self._later(self.timing.sms_delivery, number, parcel)

    def switch(self, number: str, on: bool) -> None:
        """A phone goes off, or comes back and gets what has waited; its sender, the report."""
        self.phone(number).on = on
        self.witness(self.schedule.now, "phone", number=number, on=on)
        if on:
            self.alert(number)

    def waiting(self, number: str) -> int:
        """Messages and reports kept for this number until it can take them."""
        return len(self._waiting.get(number, []))

    def _send(
        self,
        sender: str,
        recipient: str,
        content: pdu.Content,
        sent: datetime,
        delivered: Callable[[], None],
    ) -> str:
        name = next(self._names)
        part = content.part or pdu.Part(0, 1, 1)
        numbers = {"part": part.number, "parts": part.total}
        facts = {"id": name, "from": sender, "to": recipient, **numbers}
        self.witness(self.schedule.now, "sms-submitted", **facts)

        def parcel() -> bool:
            subscriber = self._subscribers.get(recipient)
            if subscriber is None:
                phone = self.phone(recipient)
                if not phone.on:
                    return False
                phone.take(name, sender, content, self.schedule.now)
            elif not subscriber.take(pdu.deliver(sender, content, sent)):
                return False
            self.witness(self.schedule.now, "sms-delivered", **facts)
            delivered()
            return True

        self._later(self.timing.sms_delivery, recipient, parcel)
        return name

    def _report(self, number: str, tpdu: bytes) -> None:
        subscriber = self._subscribers.get(number)
        if subscriber is not None:
            self._later(self.timing.sms_report, number, lambda: subscriber.report(tpdu))

    def _later(self, span: Span, number: str, parcel: Callable[[], bool]) -> None:
        def attempt() -> None:
            if not parcel():
                self._waiting.setdefault(number, []).append(parcel)

        self.schedule.after(drawn(span, self.random), attempt)
