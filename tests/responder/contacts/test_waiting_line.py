"""Guessers take every turn they can get; a contact with a new phone comes when told, and is let in."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outcry.responder.contacts import pin_tries
from outcry.responder.contacts.pin_tries import FREE_AT_AN_ALARM, PinTries, Try
from outcry.responder.contacts.waiting_line import KEPT_S, OF_A_NETWORK, PACE_S, PLACES, WaitingLine
from outcry.responder.web.throttle import FIRST_WAIT_S, FREE_TRIES, TooSoon

CONTACT = "203.0.113.5"
LONGEST_S = PLACES * PACE_S + 2 * PACE_S


class Guessers:
    """Many machines in some networks, at one alarm; they use every place as soon as they may."""

    def __init__(self, networks, chance):
        self.tries, self.guesses, self.places = PinTries(), [], {}
        self.networks, self.chance = networks, chance

    def comes(self, link, address, place, now):
        self.tries.check(Try(1, link, address, "", place), [], lambda: None, now)

    def try_all(self, now, times):
        due = [each for each, at in self.places.items() if at <= now]
        for place in (*due, *[""] * times):
            network, link = self.chance.randrange(self.networks), self.chance.choice("AB")
            address = f"2001:{network:x}:{self.chance.randrange(65536):x}::1"
            if self.chance.random() < 0.3:
                address = f"198.{network}.{self.chance.randrange(256)}.7"
            try:
                self.comes(link, address, place, now)
                self.guesses.append(now)
                self.places[place] = now  # it may serve again
            except TooSoon as soon:
                self.places.pop(place, None)
                if soon.place:
                    self.places[soon.place] = now + soon.seconds


@settings(max_examples=8)
@given(
    st.integers(1, 30), st.integers(10, 60), st.integers(1, 9), st.integers(0, 900), st.integers()
)
@example(1, 1, 1, 60, 0)
@example(60, 20, 5, 900, 0)
def test_who_comes_when_told_is_in_whatever_guessers_do(networks, every_s, times, came, seed):
    guessers = Guessers(networks, Random(seed))
    others = 2 * networks * OF_A_NETWORK  # each has an IPv4 and an IPv6 network
    place, told, now, refused = "", float(came), 0.0, 0
    while True:
        guessers.try_all(now, times)
        if now >= told:
            try:
                guessers.comes("A", CONTACT, place, now)
                break
            except TooSoon as soon:
                refused += 1
                place, told = soon.place, now + soon.seconds
                assert place
        now = min(now + every_s, told) if told > now else now + every_s
    assert refused <= 1, "who was told once when to come is not refused then"
    assert now - came <= min((others + 1) * PACE_S, LONGEST_S)
    bound = FREE_AT_AN_ALARM + (now + KEPT_S) / PACE_S + 2
    assert len(guessers.guesses) <= bound


def seats(line, addresses, now=0.0):
    """The places that these are given."""
    given_ = []
    for address in addresses:
        with pytest.raises(TooSoon) as soon:
            line.take_turn("", address, 5.0, now)
        given_.append(soon.value)
    return given_


def test_places_are_in_order_and_few_for_one_network():
    line = WaitingLine()
    of_v4 = seats(line, [f"198.51.{n}.1" for n in range(OF_A_NETWORK)])
    assert [each.seconds for each in of_v4] == [5.0, 35.0, 65.0, 95.0]
    more = seats(line, ["198.51.77.1", "2001:db8:1::1", "2001:db8:1:2::1", "2001:db8:2::1"])
    assert [bool(each.place) for each in more] == [False, True, False, True]
    with pytest.raises(TooSoon) as early:
        line.take_turn(of_v4[1].place, CONTACT, 0.0, 34.0)
    assert early.value.seconds == 1.0
    assert line.take_turn(of_v4[1].place, CONTACT, 0.0, 35.0)
    assert seats(line, [CONTACT], 36.0)[0].place != of_v4[1].place, "it is used up"


def test_who_keeps_no_cookie_has_the_place_of_the_address_that_nobody_claims():
    line = WaitingLine()
    (first,) = seats(line, [CONTACT])
    (again,) = seats(line, [CONTACT], first.seconds)
    assert not again.place
    assert line.take_turn("", CONTACT, 0.0, first.seconds + again.seconds)


def test_a_full_line_makes_room_for_a_network_that_has_fewer():
    line = WaitingLine()
    crowd = [f"10.{n // OF_A_NETWORK}.{n % OF_A_NETWORK}.1" for n in range(PLACES)]
    seats(line, crowd)
    (contact,) = seats(line, [CONTACT])
    assert contact.place
    assert contact.seconds <= LONGEST_S
    ones = [f"11.{n}.0.1" for n in range(PLACES)]
    assert not seats(line, [*ones, "172.16.0.1"])[-1].place, "each network has one"


def test_a_place_waits_for_somebody_late_and_not_for_ever():
    line = WaitingLine()
    first, second = seats(line, [CONTACT, "198.51.100.1"])
    assert line.take_turn(first.place, CONTACT, 0.0, first.seconds + KEPT_S - 1)
    assert line.take_turn(second.place, "198.51.100.1", 0.0, second.seconds + KEPT_S) is None


def test_a_place_outlasts_a_crowd_that_is_being_compared(monkeypatch):
    """Somebody whose turn it is and who finds no room has lost neither place nor try."""
    tries, now = PinTries(), 0.0
    monkeypatch.setattr(pin_tries, "FREE_AT_A_LINK", 0)
    with pytest.raises(TooSoon) as soon:
        tries.check(Try(1, "A", CONTACT, ""), [], lambda: None, now)
    mine = Try(1, "A", CONTACT, "", soon.value.place)

    def no_room():
        raise TooSoon(2.0)

    for _ in range(5):
        with pytest.raises(TooSoon):
            tries.check(mine, [], no_room, soon.value.seconds)
    assert tries.check(mine, [], lambda: None, soon.value.seconds) is None


def test_a_place_outlasts_the_wait_for_wrong_pins_of_ones_own(monkeypatch):
    tries = PinTries()

    def wrong(alarm, free, now, place=""):
        monkeypatch.setattr(pin_tries, "FREE_AT_A_LINK", free)
        return tries.check(Try(alarm, "A", CONTACT, "", place), [], lambda: None, now)

    with pytest.raises(TooSoon) as soon:
        wrong(1, 0, 0.0)
    for _ in range(FREE_TRIES):
        wrong(2, 10, 0.0)
    wrong(2, 10, 5.0)
    with pytest.raises(TooSoon) as own:
        wrong(1, 0, soon.value.seconds, soon.value.place)
    assert own.value.seconds == 2 * FIRST_WAIT_S
    assert wrong(1, 0, 15.0, soon.value.place) is None
