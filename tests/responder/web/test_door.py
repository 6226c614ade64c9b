"""Connections are bounded by source and in all, have little time, and leave files to the others."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from outcry.responder.web.door import (
    A_SECOND,
    ANSWER_S,
    FEW,
    HEADER_S,
    INTO_A_FULL_PLACE_A_SECOND,
    REFUSING_S,
    REST_S,
    STRANGERS_A_SECOND,
    Cause,
    Door,
    Limits,
    Places,
    limits_of,
)
from outcry.responder.web.sources import SITE_SHARE, sources_of

KEPT_S, SILENT_S = 60.0, 30.0
HERE, THERE = "127.0.0.1", "127.0.0.2"


class Visitor:
    """Both ends of a connection: the client's, and HQ's if it was let in."""

    def __init__(self, client, guest):
        self.client, self.guest = client, guest

    def says(self, what=b"P"):
        self.client.sendall(what)
        assert self.guest.recv(100) == what

    @property
    def ended(self):
        if self.guest is None:
            return True
        self.client.setblocking(False)
        try:
            return self.client.recv(1) == b""
        except BlockingIOError:
            return False


class Visited(Door):
    """A door on loopback, a clock that tests move, and visitors from any 127.x.y.z."""

    def __init__(self, stack, **limits):
        self.now, self.ticks = 1000.0, 0.0
        super().__init__(
            Limits(**({"strangers": 40, "each": 20, "known": 8} | limits)),
            KEPT_S,
            SILENT_S,
            self._look,
        )
        self._stack = stack
        stack.enter_context(self)
        self.bind((HERE, 0))
        self.listen()
        self.setblocking(False)

    def _look(self):
        self.now += self.ticks
        return self.now

    def knocks(self, address=HERE):
        client = self._stack.enter_context(socket.socket())
        client.bind((address, 0))
        client.connect(self.getsockname())
        return client

    def visitor(self, address=HERE):
        client = self.knocks(address)
        try:
            guest = self._stack.enter_context(self.accept()[0])
        except BlockingIOError:
            guest = None
        return Visitor(client, guest)

    def visitors(self, number, address=HERE):
        return [self.visitor(address) for _ in range(number)]

    def passes(self, seconds):
        self.now += seconds
        self.sweep()


@pytest.fixture
def door():
    with ExitStack() as stack:
        yield lambda **limits: Visited(stack, **limits)


def ended(visitors):
    return [each.ended for each in visitors].count(True)


# How many


def test_of_one_source_the_longest_waiting_makes_room_and_nobody_elses(door):
    door = door()
    other, crowd = door.visitor(THERE), door.visitors(25)
    assert [each.ended for each in crowd] == [True] * 5 + [False] * 20
    assert not other.ended
    assert door.ended == {Cause.SOURCE: 5}


def test_where_all_places_are_taken_a_source_keeps_a_few(door):
    door = door()
    alone = door.visitor("127.0.0.9")
    crowds = [door.visitors(20, address) for address in (HERE, THERE, "127.0.0.3", "127.0.0.4")]
    newcomer = door.visitor("127.0.0.8")
    left = [20 - ended(crowd) for crowd in crowds]
    assert sum(left) == 38
    assert min(left) >= FEW
    assert not alone.ended, "it waited longest, and is not one of a crowd"
    assert not newcomer.ended


def test_from_a_thousand_sources_the_longest_waiting_makes_room(door):
    door = door()
    crowd = [door.visitor(f"127.0.1.{n + 1}") for n in range(60)]
    assert [each.ended for each in crowd] == [True] * 20 + [False] * 40
    assert door.ended == {Cause.ALL: 20}


def test_of_who_is_refused_few_at_a_time_keep_the_others_waiting(door):
    """Refusing costs little, but not where other threads want the processor, too."""
    door = door(each=1)
    door.visitors(INTO_A_FULL_PLACE_A_SECOND + 1)
    for _ in range(20):
        door.knocks()
    door.ticks = REFUSING_S / 4
    before = door.ended[Cause.FAST]
    for most in (3, 6):
        with pytest.raises(BlockingIOError):
            door.accept()
        assert 0 < door.ended[Cause.FAST] - before <= most


def test_somebody_whose_answer_lasts_for_hours_has_a_place_from_its_first_part(door):
    door = door()
    known = door.visitor(THERE)
    known.guest.works()
    known.guest.vouch()
    known.guest.works()
    for n in range(100):
        door.visitor(f"127.0.1.{n + 1}")
    assert not known.ended


def test_somebody_who_is_known_keeps_a_place_whoever_else_comes(door):
    door = door()
    known = door.visitor(THERE)
    known.guest.works()
    known.guest.vouch()
    known.guest.rests()
    for n in range(100):
        door.visitor(f"127.0.1.{n + 1}")
    again = door.visitor(THERE)
    for n in range(100):
        door.visitor(f"127.0.2.{n + 1}")
    assert not known.ended
    assert not again.ended, "a known source's new connections are not among strangers"


def test_strangers_at_a_known_source_do_not_take_the_places_of_those_who_are_known(door):
    """One address of a mobile network has many phones behind it."""
    door = door()
    known = door.visitor(THERE)
    known.guest.vouch()
    known.guest.rests()
    assert ended(door.visitors(30, THERE)) == 10
    assert not known.ended


def test_of_those_who_are_known_the_one_who_was_quiet_longest_makes_room(door):
    door = door(known=4)
    known = [door.visitor(f"127.0.1.{n}") for n in range(1, 5)]
    for each in known:
        each.guest.vouch()
        each.guest.rests()
    known[0].guest.rests()
    newest = door.visitor("127.0.1.9")
    newest.guest.vouch()
    newest.guest.rests()
    assert [each.ended for each in known] == [False, True, False, False]


def test_a_closed_connection_leaves_its_place(door):
    door = door()
    for _ in range(10):
        for each in door.visitors(20):
            each.guest.close()
        door.now += 1
    assert not door.ended


def test_a_proxy_on_this_machine_is_not_one_source(door):
    door = door(shared=True)
    assert ended(door.visitors(40)) == 0
    assert ended(door.visitors(2)) == 0
    assert door.ended == {Cause.ALL: 2}


def test_a_source_that_connects_without_end_is_refused_and_the_next_second_let_in(door):
    door = door(each=A_SECOND, strangers=2 * A_SECOND)
    assert ended(door.visitors(A_SECOND + 5)) == 5
    assert door.ended == {Cause.FAST: 5}
    assert not door.visitor(THERE).ended
    door.now += 1
    assert not door.visitor().ended


def test_a_source_that_has_all_its_places_makes_room_rarely(door):
    door = door()
    door.visitors(20)
    door.now += 1
    assert door.visitors(INTO_A_FULL_PLACE_A_SECOND + 5)[-6].guest is not None
    assert door.ended == {Cause.SOURCE: INTO_A_FULL_PLACE_A_SECOND, Cause.FAST: 5}


def test_strangers_from_everywhere_are_refused_past_what_can_be_served_and_known_ones_are_not(door):
    door = door()
    known = door.visitor(THERE)
    known.guest.vouch()
    known.guest.rests()
    door.now += 1
    for n in range(STRANGERS_A_SECOND):
        with door.visitor(f"127.1.{n // 250}.{n % 250 + 1}").client:
            pass
    assert door.visitor().ended
    assert not door.visitor(THERE).ended


class Somebody:
    def __init__(self, address):
        self.sources, self.place = sources_of(address), None


def test_who_has_a_site_of_ipv6_has_the_places_of_a_few_customers():
    places = Places(1000, 10)
    makes_room = [places.seat(Somebody(f"2001:db8:1:{n:x}::1")) for n in range(10 * SITE_SHARE)]
    assert makes_room == [None] * 10 * SITE_SHARE
    longest, cause = places.seat(Somebody("2001:db8:1:ffff::1"))
    assert (longest.sources[0].name, cause) == ("2001:db8:1::/64", Cause.SOURCE)
    assert places.seat(Somebody("2001:db8:2::1")) is None
    one = [places.seat(Somebody(f"2001:db8:3::{n:x}")) for n in range(11)]
    assert one[-1] is not None
    assert one[:-1] == [None] * 10


# How long


def test_a_header_has_ten_seconds_from_its_first_byte_whatever_comes_meanwhile(door):
    door = door()
    half = door.visitor()
    half.says(b"POST ")
    door.passes(HEADER_S - 1)
    half.says(b"/v1/reports HTTP/1.1\r\n")
    assert not half.ended
    door.passes(2)
    assert half.ended
    assert door.ended == {Cause.SLOW: 1}


def test_one_that_says_nothing_is_ended_and_not_told_of(door):
    door = door()
    silent = door.visitor()
    door.passes(SILENT_S - 1)
    assert not silent.ended
    door.passes(2)
    assert silent.ended
    assert not door.ended


def test_the_first_byte_after_a_long_silence_buys_no_more_than_a_header_has(door):
    door = door()
    late = door.visitor()
    door.passes(SILENT_S - 1)
    late.says()
    door.passes(2)
    assert late.ended


def test_each_part_of_an_answer_has_a_minute_to_be_taken(door):
    door = door()
    slow = door.visitor()
    slow.says()
    for _ in range(3):
        slow.guest.works()
        door.passes(ANSWER_S - 1)
        assert not slow.ended
    door.passes(2)
    assert slow.ended
    assert door.ended == {Cause.SLOW: 1}


def test_a_kept_connection_has_its_time_and_its_next_header_ten_seconds(door):
    door = door()
    kept, dribbles = door.visitors(2)
    for each in (kept, dribbles):
        each.says()
        each.guest.works()
        each.guest.rests()
    dribbles.says()
    door.passes(HEADER_S + 1)
    assert (kept.ended, dribbles.ended) == (False, True)
    door.passes(KEPT_S + REST_S)
    assert kept.ended
    assert door.ended == {Cause.SLOW: 1}


def test_what_reads_into_a_buffer_as_tls_does_is_timed_too(door):
    door = door()
    half = door.visitor()
    half.client.sendall(b"\x16\x03\x01")
    assert half.guest.recv_into(bytearray(10)) == 3
    door.passes(HEADER_S + 1)
    assert half.ended


# Files


def test_no_connection_has_a_file_that_is_kept_back(door):
    door = door(above=200)
    assert min(each.guest.fileno() for each in door.visitors(20)) >= 200


def test_without_files_a_newcomer_is_refused_and_those_who_are_in_stay(door):
    door = door()
    inside = door.visitor()
    door.limits = door.limits._replace(above=2**30)
    assert door.visitor().ended
    assert door.ended == {Cause.FILES: 1}
    assert not inside.ended


@pytest.mark.parametrize("files", [256, 1024, 4096, 16_384, 65_536])
@pytest.mark.parametrize("shared", [False, True])
def test_listeners_together_leave_files_to_the_database_and_the_modem(files, shared):
    limits = limits_of(files, 2, shared)
    connections = 2 * ((1 if shared else 2) * limits.strangers + limits.known)
    assert connections <= files - limits.above
    assert min(limits) >= 0
    assert limits.above >= min(files // 4, 1024)
    assert limits.strangers >= 24


def test_the_unit_gives_what_the_limits_are_meant_for():
    assert limits_of(16_384, 2, False) == Limits(1000, 200, 5680, 1024)
