"""Somebody guesses PINs from everywhere at once; the contacts' own answers stay quick."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from outcry.responder.contacts import pin_tries
from outcry.responder.contacts.desk import Answer, WrongPin
from outcry.responder.contacts.pin_tries import (
    FREE_AT_A_LINK,
    FREE_AT_AN_ALARM,
    known_phone,
)
from outcry.responder.contacts.waiting_line import OF_A_NETWORK
from outcry.responder.contacts.waiting_line import PACE_S as SLOWEST_S
from outcry.responder.web.throttle import FREE_TRIES, MOST_WAIT, TooSoon

HOME, ELSEWHERE = "203.0.113.5", "203.0.113.99"


@pytest.fixture
def tries(world):
    """Answers at the contacts' links of one alarm."""
    world.hq.takes(world.device.message())

    class Tries:
        clock = world.clock

        def at(self, contact, pin, address, known="", place=""):
            shown = world.hq.desk.invitation(world.invitation(contact))
            of_phone = {"known": known, "place": place}
            return world.hq.desk.answer(shown, Answer.SEEN, pin, address, **of_phone)

        def right(self, contact, address, known="", place=""):
            return self.at(contact, world.pins[contact - 1], address, known, place).known

        def wrong(self, contact, address, known=""):
            """Whether the guess was let in."""
            try:
                self.at(contact, wrong_pin(world), address, known)
            except WrongPin:
                return True
            except TooSoon:
                return False
            raise AssertionError("a wrong PIN was taken for right")

        def guesses(self, contact, times, network="2001:db8:7:{:x}::1"):
            """So many at once, each from elsewhere; how many were let in."""
            return sum(self.wrong(contact, network.format(n)) for n in range(times))

    return Tries()


def wrong_pin(world):
    return next(pin for pin in ("000000", "000001", "000002", "000003") if pin not in world.pins)


def addresses(times):
    return [f"198.18.{n // 250}.{n % 250 + 1}" for n in range(times)]


def test_guesses_from_the_networks_of_one_site_are_slowed(tries):
    assert tries.guesses(1, 137) <= FREE_TRIES * 4


def test_guesses_from_many_addresses_are_slowed_at_their_link(tries):
    let_in = [tries.wrong(1, each) for each in addresses(200)]
    assert sum(let_in) == FREE_AT_A_LINK


def test_guesses_at_all_links_of_an_alarm_are_slowed_together(tries):
    let_in, spent = 0, 0.0
    for n, each in enumerate(addresses(300)):
        let_in += tries.wrong(n % 3 + 1, each)
        tries.clock.passes(1.0)
        spent += 1.0
    assert let_in <= FREE_AT_AN_ALARM + spent / SLOWEST_S


def test_the_device_makes_one_link_whoever_it_is_for(world, tries):
    """Somebody who has one of them can write any other contact's number at its end."""
    sealed = world.device.message(sequence=1).text

    def guess(n, address):
        shown = world.hq.desk.sealed_link(sealed, n)
        with pytest.raises(WrongPin):
            world.hq.desk.answer(shown, Answer.SEEN, wrong_pin(world), address)

    for n, each in enumerate(addresses(FREE_AT_A_LINK)):
        guess(n, each)
    with pytest.raises(TooSoon):
        guess(99, ELSEWHERE)
    assert tries.right(2, HOME), "HQ's own links are others"


def test_a_phone_that_was_right_before_is_held_up_by_nobody(tries):
    known = tries.right(1, HOME)
    tries.guesses(1, 60)
    for each in addresses(60):
        tries.wrong(1, each)
    assert tries.right(1, ELSEWHERE, known), "the phone has moved to another network"
    assert tries.right(1, HOME), "its browser has forgotten the cookie"
    with pytest.raises(TooSoon):
        tries.right(1, ELSEWHERE)


def test_a_contact_with_a_new_phone_waits_half_a_minute_for_each_who_came_before(tries):
    """And for nobody who comes later, although all of them ask at each moment."""
    crowd = iter(addresses(1000))
    for _ in range(100):
        tries.clock.passes(5.0)
        tries.wrong(1, next(crowd))
    with pytest.raises(TooSoon) as soon:
        tries.right(1, HOME)
    assert soon.value.wait_s <= SLOWEST_S * (OF_A_NETWORK + 1)
    for _ in range(soon.value.wait_s):
        tries.clock.passes(soon.value.seconds / soon.value.wait_s)
        tries.wrong(1, next(crowd))
    with pytest.raises(TooSoon):
        tries.right(1, ELSEWHERE)
    assert tries.right(1, HOME, place=soon.value.place)


def test_another_source_at_the_same_link_is_not_slowed_by_one_clumsy_contact(tries):
    for _ in range(FREE_TRIES):
        tries.wrong(1, ELSEWHERE)
    assert not tries.wrong(1, ELSEWHERE)
    assert tries.right(1, HOME)


def test_knowing_one_pin_buys_no_guesses_at_the_others(tries):
    """A contact who was turned: the second PIN would make the quorum."""
    known = tries.right(1, HOME)
    let_in = 0
    for each in addresses(60):
        with suppress(TooSoon):
            known = tries.right(1, each, known)
        let_in += tries.wrong(1, each, known)
    assert FREE_TRIES < let_in <= 2 * FREE_TRIES + FREE_AT_A_LINK


def test_right_answers_of_many_new_phones_are_no_guesses(tries):
    for each in addresses(FREE_AT_AN_ALARM + 10):
        assert tries.right(2, each)


def test_a_known_phone_slips_like_any_other_and_waits_for_its_own_guesses_alone(tries):
    known = tries.right(1, HOME)
    assert [tries.wrong(1, HOME, known) for _ in range(3 * FREE_TRIES + 1)][-1] is False
    assert tries.right(2, ELSEWHERE)


def test_what_a_phone_keeps_tells_nothing_and_is_nobody_elses(world, tries):
    first, second = tries.right(1, HOME), tries.right(2, ELSEWHERE)
    assert first != second
    assert len(first) == len(second) == 32
    assert int(first, 16)
    both = tries.right(2, HOME, first)
    assert both.split(".") == [second, first]
    assert tries.right(2, HOME, both) == both
    many = ".".join(["0" * 32] * 50)
    assert len(tries.right(2, HOME, many).split(".")) == pin_tries.PHONES_KEPT


def test_a_made_up_cookie_is_a_strangers(world, tries):
    for each in addresses(FREE_AT_A_LINK):
        tries.wrong(1, each, "0" * 32)
    assert not tries.wrong(1, ELSEWHERE, "." * 50)


def test_a_new_pin_ends_what_a_phone_knew(world):
    class Row:
        id, pin_hash = 1, b"x" * 32

    class Changed(Row):
        pin_hash = b"y" * 32

    assert known_phone(Row()) != known_phone(Changed())


def test_strangers_are_compared_one_by_one_and_a_known_phone_beside_them():
    """Each costs a hash for every contact; a hundred at once took all threads and both cores."""
    tries, at_work, go_on = pin_tries.PinTries(), threading.Semaphore(0), threading.Event()
    outcomes = []

    class Contact:
        id, device, pin_hash = 1, 7, b"x" * 32

    def slowly():
        at_work.release()
        assert go_on.wait(60)

    def stranger(n):
        tried = pin_tries.Try(n, f"link {n}", addresses(100)[n], "")
        try:
            outcomes.append(tries.check(tried, [Contact()], slowly, 0.0))
        except TooSoon:
            outcomes.append(TooSoon)

    threads = [threading.Thread(target=stranger, args=(n,)) for n in range(100)]
    for thread in threads:
        thread.start()
    assert at_work.acquire(timeout=60)
    while outcomes.count(TooSoon) < 100 - MOST_WAIT:
        assert any(thread.is_alive() for thread in threads)
    assert not at_work.acquire(blocking=False), "two at once"
    known = pin_tries.Try(3, "link 3", HOME, known_phone(Contact()))
    assert tries.check(known, [Contact()], lambda: "found", 0.0) == "found"
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert outcomes.count(None) == MOST_WAIT
