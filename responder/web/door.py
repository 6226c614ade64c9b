"""Who may be connected to a listener, and for how long: decided before there is a request.

Half a request costs its sender nothing, and a listener a file. So what has no good request behind
it is bounded by source and in all, and has little time; who has been here before has places of
their own. Where places run out, whoever has waited longest makes room: a newcomer who means it is
done in a second.

The listening socket and its connections are sockets of our own, so that one is counted from its
first moment, before TLS too, and ended whatever its protocol waits for.
"""

import socket
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from fcntl import F_DUPFD_CLOEXEC, fcntl
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from outcry.responder.web.sources import KEPT, Source, Sources, sources_of

HEADER_S = 10.0  # from its first byte until a header is whole
ANSWER_S = 60.0  # for a body, an answer, and each part of an answer to be taken
REST_S = 10.0  # after a kept connection should have been closed in good order
FEW = 8  # connections that a source keeps where all places are taken
LOOKED_AT = 32  # of those who have waited longest
A_SECOND = 300  # new connections from one source: each costs a third of a millisecond
INTO_A_FULL_PLACE_A_SECOND = 50  # from a source for which another has to make room
STRANGERS_A_SECOND = 1000
REFUSING_S = 0.002  # at a time; then those that are in have their turn
QUEUE = 4096  # as long as the kernel allows: a full one costs a newcomer a second or three
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what is ended leaves nothing behind in the kernel


class Cause(StrEnum):
    """Why a connection was refused or ended."""

    SLOW = "a request did not come, or its answer was not taken, in time"
    SOURCE = "too many from one source"
    ALL = "too many in all"
    FAST = "one source connects too often"
    BUSY = "too many requests for pages at once"
    FILES = "no more files"


class Limits(NamedTuple):
    """Connections at a time: of strangers, in all and of one source, and of those who are known.

    ``above``: file numbers below are for the database, the modem and everything else.
    ``shared``: all come through a proxy on this machine, and nothing is known of their sources.
    """

    strangers: int = 1000
    each: int = 200
    known: int = 6000
    above: int = 1024
    shared: bool = False


USUAL = Limits()


def limits_of(files: int, listeners: int, shared: bool) -> Limits:
    """The share of one of so many listeners in so many files."""
    above = min(1024, files // 4)  # select() knows no file above, and the modem's port is such
    share = (files - above) // listeners
    strangers = share // 2 if shared else min(1000, share // 4)
    known = share - strangers if shared else share - 2 * strangers  # some strangers are nearby
    return Limits(strangers, max(strangers // 5, 1), known, above, shared)


class Guest(socket.socket):
    """One connection. ``at_rest`` while it owes no answer and no rest of a request."""

    def __init__(
        self,
        door: "Door",
        fileno: int,
        address: tuple[Any, ...],
        sources: tuple[Source, ...],
        silent_s: float,
    ) -> None:
        super().__init__(door.family, door.type, door.proto, fileno=fileno)
        self.address = address
        self.sources = sources
        self.until = door.clock() + silent_s
        self.at_rest = True
        self.vouched = False
        self.place: Places | None = None
        self._door = door

    def recv(self, *arguments: Any) -> bytes:
        self._speaks()
        return super().recv(*arguments)

    def recv_into(self, *arguments: Any) -> int:
        self._speaks()
        return super().recv_into(*arguments)

    def _speaks(self) -> None:
        if self.at_rest:
            self.at_rest = False
            self.until = min(self.until, self._door.clock() + HEADER_S)

    def works(self) -> None:
        """Its header is whole, or a part of its answer was taken; some answers last for hours."""
        if self.vouched and not self._door.knows(self):
            self._door.welcome(self)
        self.at_rest = False
        self.until = self._door.clock() + ANSWER_S

    def rests(self) -> None:
        """Its answer is made; the next request may come."""
        if self.vouched:
            self._door.welcome(self)
        self.at_rest = True
        self.until = self._door.clock() + self._door.kept_s + REST_S

    def vouch(self) -> None:
        """Its sender has shown to be one of ours; said on any thread."""
        self.vouched = True

    def is_refused(self) -> None:
        """Its request is one too many; its connection may stay."""
        self._door.ended[Cause.BUSY] += 1

    def hang_up(self) -> None:
        """The loop sees the end of the stream, and closes."""
        with suppress(OSError):
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._door.forget(self)
        super().close()


class Places:
    """So many in all, and so many for each source; the longest seated are first."""

    def __init__(self, most: int, each: int) -> None:
        self._most, self._each = most, each
        self._all = OrderedDict[Guest, None]()
        self._of: dict[str, OrderedDict[Guest, None]] = {}

    def has_room_for(self, source: Source) -> bool:
        return len(self._of.get(source.name, ())) < self._each * source.share

    def seat(self, guest: Guest) -> tuple[Guest, Cause] | None:
        """Who has to make room for this one, if anybody, and why."""
        self._all[guest] = None
        guest.place = self
        for source in guest.sources:
            self._of.setdefault(source.name, OrderedDict())[guest] = None
        full = len(self._all) > self._most
        for source in guest.sources:
            of = self._of[source.name]
            if len(of) > (min(FEW, self._each) if full else self._each) * source.share:
                return next(iter(of)), Cause.SOURCE
        return (self._longest(), Cause.ALL) if full else None

    def _longest(self) -> Guest:
        """Who waited longest, of sources that have more than a few if there are such."""
        for guest in islice(self._all, LOOKED_AT):
            if any(len(self._of[source.name]) > FEW * source.share for source in guest.sources):
                return guest
        return next(iter(self._all))

    def leave(self, guest: Guest) -> None:
        guest.place = None
        self._all.pop(guest, None)
        for source in guest.sources:
            of = self._of.get(source.name, OrderedDict())
            of.pop(guest, None)
            if not of:
                self._of.pop(source.name, None)


class Door(socket.socket):
    """The listening socket; all but its making happens on the loop's thread."""

    def __init__(
        self,
        limits: Limits,
        kept_s: float,
        silent_s: float,
        clock: Callable[[], float],
        family: int = socket.AF_INET,
    ) -> None:
        """``kept_s``: how long a connection is kept between requests; ``silent_s``: before any."""
        super().__init__(family, socket.SOCK_STREAM)
        self.limits, self.kept_s, self.clock = limits, kept_s, clock
        self.ended = Counter[Cause]()
        self._silent_s = silent_s
        self._guests: dict[tuple[Any, ...], Guest] = {}
        self._strangers = Places(limits.strangers, limits.each)
        self._nearby = Places(limits.strangers, limits.each)
        self._known = Places(limits.known, limits.known // 4)
        self._sources = Sources()
        self._second, self._came = 0, Counter[Source | None]()

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._guests)

    def listen(self, _backlog: int = 0) -> None:
        super().listen(QUEUE)

    def accept(self) -> tuple[socket.socket, Any]:
        """The next who may come in; others are refused here, at a tenth of the cost."""
        until = self.clock() + REFUSING_S
        while self.clock() <= until:
            connection, address = super().accept()
            with connection:
                guest = self._let_in(connection, address)
                if guest is not None:
                    return guest, address
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        raise BlockingIOError

    def guest(self, address: tuple[str, int] | None) -> Guest | None:
        """Whose request this is."""
        return None if address is None else self._guests.get(tuple(address))

    def welcome(self, guest: Guest) -> None:
        """From now on this guest has a place of its own, and its source is known."""
        self._sources.add(guest.sources)
        self._seat(guest, self._known)

    def knows(self, guest: Guest) -> bool:
        return guest.place is self._known

    def forget(self, guest: Guest) -> None:
        if self._guests.get(guest.address) is guest:
            del self._guests[guest.address]
        if guest.place is not None:
            guest.place.leave(guest)

    def sweep(self) -> None:
        """End those whose time is over; call it each second or so."""
        now = self.clock()
        for guest in [each for each in self._guests.values() if each.until < now]:
            if not guest.at_rest:
                self.ended[Cause.SLOW] += 1
            self._end(guest)

    def _let_in(self, connection: socket.socket, address: tuple[Any, ...]) -> Guest | None:
        sources = () if self.limits.shared else _sources_of(str(address[0]))
        place = self._nearby if self._sources.have(sources) else self._strangers
        cause = self._comes_too_often(sources, place)
        if cause is not None:
            self.ended[cause] += 1
            return None
        try:
            fileno = fcntl(connection.fileno(), F_DUPFD_CLOEXEC, self.limits.above)
        except OSError:
            self.ended[Cause.FILES] += 1
            return None
        guest = Guest(self, fileno, address[:2], sources, self._silent_s)
        self._guests[guest.address] = guest
        self._seat(guest, place)
        return guest

    def _comes_too_often(self, sources: tuple[Source, ...], place: Places) -> Cause | None:
        second = int(self.clock())
        if second != self._second:
            self._second, self._came = second, Counter()
        for source in sources:
            most = A_SECOND if place.has_room_for(source) else INTO_A_FULL_PLACE_A_SECOND
            if self._came[source] >= most * source.share:
                return Cause.FAST
        strangers = (None,) if sources and place is self._strangers else ()
        if strangers and self._came[None] >= STRANGERS_A_SECOND:
            return Cause.ALL
        self._came.update((*strangers, *sources))
        return None

    def _seat(self, guest: Guest, place: Places) -> None:
        if guest.place is not None:
            guest.place.leave(guest)
        outcome = place.seat(guest)
        if outcome is not None:
            longest, cause = outcome
            self.ended[cause] += 1
            self._end(longest)

    def _end(self, guest: Guest) -> None:
        if guest.place is not None:
            guest.place.leave(guest)
        guest.until = float("inf")  # it is closed in a moment, or when its answer is made
        guest.hang_up()


_sources_of = lru_cache(KEPT)(sources_of)
