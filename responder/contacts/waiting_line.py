"""Places for strangers at an alarm whose PINs are guessed: who comes when told has a turn.

Without them each turn is the first comer's, and that is whoever asks all the time. A place is given
with the refusal and kept by the browser; the turns of one alarm are half a minute apart.
"""

import math
import secrets
from collections import Counter
from typing import NamedTuple

from outcry.responder.web.sources import Source, network_of, sources_of
from outcry.responder.web.throttle import TooSoon

PACE_S = 30.0
KEPT_S = 300.0  # for somebody who comes late
PLACES = 170  # up to 85 minutes, which pages still tell to the minute
OF_A_SOURCE = 1  # an IPv4 address or an IPv6 /48: an attacker has many, of fewer networks
OF_A_NETWORK = 4


class Place(NamedTuple):
    """``due``: when its turn comes, Unix seconds. ``groups``: of whose few places it is one."""

    token: str
    due: float
    groups: tuple[Source, Source]


class WaitingLine:
    """The places at one alarm; the caller lets in one thread at a time."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._last = -math.inf

    def take_turn(self, token: str, address: str, wait_s: float, now: float) -> Place | None:
        """The place whose turn this is, used up; None where nobody waits.

        Raises :class:`TooSoon` with a place for who has to wait, ``wait_s`` seconds at least; without
        one where that address or its network has enough.
        """
        places = [each for each in self._places.values() if each.due + KEPT_S > now]
        self._places = {each.token: each for each in places}
        source = Source(sources_of(address)[-1].name, OF_A_SOURCE)
        # Who keeps no cookie has what nobody claims who comes from there.
        left = (each for each in places if source in each.groups and each.due + PACE_S <= now)
        place = self._places.get(token) or next(left, None)
        if place is None:
            due = max(now + wait_s, self._last + PACE_S)
            if due <= now:
                self._last = now
                return None
            groups = source, Source(network_of(address), OF_A_NETWORK)
            place = Place(secrets.token_urlsafe(12), self._due(groups, due, now), groups)
            self._places[place.token] = place
        if place.due > now:
            raise TooSoon(place.due - now, place.token)
        return self._places.pop(place.token)

    def give_back(self, place: Place) -> None:
        self._places[place.token] = place

    def _due(self, groups: tuple[Source, Source], due: float, now: float) -> float:
        """At the end, or instead of the network that has most where there is no end."""
        places = self._places.values()
        held = Counter(group for each in places for group in each.groups)
        for group in groups:
            if held[group] >= group.share:
                first = min(each.due for each in places if group in each.groups)
                raise TooSoon(max(first - now, 0.0) + PACE_S)
        if len(places) < PLACES:
            self._last = due
            return due
        most = max(places, key=lambda each: (held[each.groups[1]], each.due))
        if held[most.groups[1]] <= held[groups[1]] + 1:
            raise TooSoon(PACE_S)
        return self._places.pop(most.token).due
