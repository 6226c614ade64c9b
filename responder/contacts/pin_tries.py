"""Who may try a contact's PIN now: strangers slowly, phones that were right before at once.

Guesses have in common where they come from, the link they are made at, and the alarm: each is
counted, so that a thousand addresses gain nothing. A phone that was right before is counted by
itself alone, so that somebody who guesses cannot hold up the answer that is waited for. It shows a
cookie; a browser that keeps none is known by its address. A new phone has a place in a line.
"""

import hashlib
import hmac
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row

from outcry.responder.contacts.waiting_line import PACE_S, Place, WaitingLine
from outcry.responder.web.sources import Source, sources_of
from outcry.responder.web.throttle import Counted, OneByOne, Throttle, TooSoon, Tries, by_source

FREE_AT_A_LINK = 10
FREE_AT_AN_ALARM = 40  # by all links together: ten contacts in a fright
SOURCES_KEPT = 10_000
ALARMS_KEPT = 1000
PHONES_KEPT = 8  # a contact of several wearers, or a phone that contacts share

Contact = Row[Any]


class Try(NamedTuple):
    """A PIN given at a link. ``known``: the cookie of a phone that was right before, or nothing;
    ``place``: what it was given with a refusal."""

    alarm: int
    link: str
    address: str
    known: str
    place: str = ""


class PinTries:
    """Counts tries; used from any thread. Each process of HQ counts for itself."""

    def __init__(self) -> None:
        self._throttle = Throttle()
        self._right: OrderedDict[tuple[int, Source], int] = OrderedDict()
        # each costs a hash for every contact
        self._strangers, self._in_turn = OneByOne(), OneByOne()
        self._lock = threading.Lock()
        self._lines: OrderedDict[int, WaitingLine] = OrderedDict()

    def check(
        self,
        tried: Try,
        contacts: Sequence[Contact],
        whose: Callable[[], Contact | None],
        now: float,
    ) -> Contact | None:
        """What ``whose`` finds, if it may be asked now; raises :class:`TooSoon` if not."""
        sources = sources_of(tried.address)
        for own in self._own_ways(tried, contacts, sources[0]):
            try:
                return self._counted([own], whose, now)
            except TooSoon:
                continue  # for wrong PINs of its own; like a stranger it may still have a try
        before, place = self._admitted(tried, now)
        try:
            with (self._strangers if place is None else self._in_turn).turn():
                found = whose()
        except TooSoon:
            self._throttle.take_back(before)
            with self._lock:
                if place is not None and (line := self._lines.get(tried.alarm)):
                    line.give_back(place)
            raise
        if found is not None:
            self._throttle.take_back(before)
            self._right[found.device, sources[0]] = found.id
            while len(self._right) > SOURCES_KEPT:
                self._right.popitem(last=False)
        return found

    def _admitted(self, tried: Try, now: float) -> tuple[Mapping[str, Tries], Place | None]:
        """Counts a stranger's try; returns what was before it, and the place whose turn it is."""
        sources = by_source(sources_of(tried.address))
        common = (
            Counted(f"link {tried.link}", FREE_AT_A_LINK, PACE_S),
            Counted(f"alarm {tried.alarm}", FREE_AT_AN_ALARM, PACE_S),
        )
        with self._lock:
            place, wait_s = None, self._throttle.wait_s(common, now)
            if wait_s > -math.inf:
                if (own_s := self._throttle.wait_s(sources, now)) > 0:
                    raise TooSoon(own_s)
                line = self._lines.setdefault(tried.alarm, WaitingLine())
                while len(self._lines) > ALARMS_KEPT:
                    self._lines.popitem(last=False)
                place = line.take_turn(tried.place, tried.address, wait_s, now)
            return self._throttle.admit(sources, now, also=common), place

    def _own_ways(
        self, tried: Try, contacts: Sequence[Contact], source: Source
    ) -> Iterator[Counted]:
        """What is counted of a phone that was right before, by its cookie and by its address."""
        known = set(tried.known.split("."))
        yield from (Counted(f"phone {one.id}") for one in contacts if known_phone(one) in known)
        nearby = {self._right.get((one.device, source)) for one in contacts}
        yield from (Counted(f"near {contact}") for contact in nearby - {None})

    def _counted(
        self, tried: Sequence[Counted], whose: Callable[[], Contact | None], now: float
    ) -> Contact | None:
        before = self._throttle.admit(tried, now)
        found = whose()
        if found is not None:
            self._throttle.take_back(before)
        return found


def known_phone(contact: Contact) -> str:
    """What a phone keeps that was right with this contact's PIN: it tells nobody anything else.

    Made of the PIN's hash, so that every process of HQ knows it, and a new PIN ends it.
    """
    return hmac.new(contact.pin_hash, b"a phone that was right", hashlib.sha256).hexdigest()[:32]


def remembered(known: str, contact: Contact) -> str:
    """The phone's cookie from now on."""
    mine = known_phone(contact)
    others = [each for each in known.split(".") if each and each != mine]
    return ".".join([mine, *others][:PHONES_KEPT])
