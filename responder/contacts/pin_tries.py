"""Who may try a contact's PIN now: strangers slowly, phones that were right before at once.

Guesses have in common where they come from, the link they are made at, and the alarm: each is
counted, so that a thousand addresses gain nothing. A phone that was right before is counted by
itself alone, so that somebody who guesses cannot hold up the answer that is waited for. It shows a
cookie; a browser that keeps none is known by its address.
"""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row

from outcry.responder.web.sources import Source, sources_of
from outcry.responder.web.throttle import Counted, OneByOne, Throttle, TooSoon, by_source

SLOWEST_S = 30.0  # longer, and guessing would lock out a contact whose phone is new
FREE_AT_A_LINK = 10
FREE_AT_AN_ALARM = 40  # by all links together: ten contacts in a fright
SOURCES_KEPT = 10_000
PHONES_KEPT = 8  # a contact of several wearers, or a phone that contacts share

Contact = Row[Any]


class Try(NamedTuple):
    """A PIN given at a link. ``known``: the cookie of a phone that was right before, or nothing."""

    alarm: int
    link: str
    address: str
    known: str


class PinTries:
    """Counts tries; used from any thread. Each process of HQ counts for itself."""

    def __init__(self) -> None:
        self._throttle = Throttle()
        self._right: OrderedDict[tuple[int, Source], int] = OrderedDict()
        self._strangers = OneByOne()  # each costs a hash for every contact

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
        common = (
            *by_source(sources),
            Counted(f"link {tried.link}", FREE_AT_A_LINK, SLOWEST_S),
            Counted(f"alarm {tried.alarm}", FREE_AT_AN_ALARM, SLOWEST_S),
        )
        with self._strangers.turn():
            found = self._counted(common, whose, now)
        if found is not None:
            self._right[found.device, sources[0]] = found.id
            while len(self._right) > SOURCES_KEPT:
                self._right.popitem(last=False)
        return found

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
