"""PINs: made fairly, kept as hashes, guessed slowly, and nobody is locked out."""

from __future__ import annotations

import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.responder.enrolment.pins import create_pins, hash_pin, is_pin, plain_pin
from outcry.responder.web.sources import SITE_SHARE, sources_of
from outcry.responder.web.throttle import (
    FIRST_WAIT_S,
    FORGET_AFTER_S,
    FREE_TRIES,
    KEPT,
    LONGEST_WAIT_S,
    Counted,
    Throttle,
    TooSoon,
    by_source,
)


def test_a_pin_is_six_digits_with_its_leading_zeros():
    assert create_pins(1, lambda n: (42).to_bytes(n, "big")) == ("000042",)


def test_the_few_numbers_that_would_make_some_pins_likelier_are_drawn_again():
    draws = iter([b"\xff\xff\xff\xff", (4_294_000_000).to_bytes(4, "big"), b"\0\0\0\7"])
    assert create_pins(1, lambda _n: next(draws)) == ("000007",)


def test_a_pin_is_known_by_its_hash_alone():
    salt = os.urandom(16)
    kept = hash_pin("123456", salt)
    assert is_pin("123456", salt, kept)
    assert not is_pin("123457", salt, kept)
    assert not is_pin("123456", os.urandom(16), kept)


def test_a_pin_hashed_at_another_cost_is_known_all_the_same():
    salt = os.urandom(16)
    usual, cheap = hash_pin("123456", salt), hash_pin("123456", salt, 1)
    assert cheap[:32] != usual
    assert is_pin("123456", salt, cheap)
    assert not is_pin("123457", salt, cheap)
    assert not is_pin("123456", salt, cheap[:32]), "without its cost it is none of the usual"


def test_a_hash_usually_takes_the_memory_that_makes_guessing_slow():
    salt = os.urandom(16)
    assert hash_pin("123456", salt) == hashlib.scrypt(
        b"123456", salt=salt, n=2**14, r=8, p=1, dklen=32
    )


@pytest.mark.parametrize(
    ("typed", "pin"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("123-456", "123456"),
        ("12345", None),
        ("", None),
        ("1" * 13, None),
        ("12345a", None),
        ("١٢٣٤٥٦", None),
    ],
)
def test_spaces_and_dashes_in_a_pin_are_forgiven(typed, pin):
    assert plain_pin(typed) == pin


def wait_of(throttle, source, now):
    """Try; how long this source has to wait instead, 0 when it was let in."""
    try:
        throttle.admit([Counted(source)], now)
    except TooSoon as soon:
        return soon.seconds
    return 0


def wrong_tries(throttle, source, times, now=0.0):
    """Try as soon as allowed, always wrongly; the waits that were asked for."""
    waits = []
    for _ in range(times):
        wait = wait_of(throttle, source, now)
        if wait:
            waits.append(wait)
            now += wait
            assert wait_of(throttle, source, now) == 0
    return waits


def test_waits_double_after_a_few_wrong_pins_and_end_growing():
    waits = wrong_tries(Throttle(), "198.51.100.7", 20)
    assert waits[:4] == [FIRST_WAIT_S, 10, 20, 40]
    assert waits[-1] == LONGEST_WAIT_S
    assert len(waits) == 20 - FREE_TRIES


def test_one_source_is_slowed_and_no_other():
    throttle = Throttle()
    wrong_tries(throttle, "198.51.100.7", 10)
    assert wait_of(throttle, "198.51.100.7", 0.0) > 0
    assert wait_of(throttle, "198.51.100.8", 0.0) == 0


def test_a_try_that_was_told_to_wait_is_not_counted():
    throttle = Throttle()
    for _ in range(FREE_TRIES):
        wait_of(throttle, "a", 0.0)
    waits = {wait_of(throttle, "a", 1.0) for _ in range(50)}
    assert waits == {FIRST_WAIT_S - 1}


def test_a_right_pin_and_time_both_forgive():
    throttle = Throttle()
    wrong_tries(throttle, "a", 8)
    throttle.forgive([Counted("a")])
    assert wait_of(throttle, "a", 0.0) == 0
    wrong_tries(throttle, "b", FREE_TRIES)
    assert wait_of(throttle, "b", FORGET_AFTER_S + 1) == 0
    assert wait_of(throttle, "b", FORGET_AFTER_S + 1) == 0


@given(st.integers(1, 5000))
def test_an_attacker_gets_few_guesses_in_an_hour(seed):
    throttle, now, tries = Throttle(), seed / 7, 0
    end = now + 3600
    while now < end:
        wait = wait_of(throttle, "a", now)
        tries += wait == 0
        now += wait
    assert tries <= 15


def test_memory_is_bounded_however_many_sources_come():
    throttle = Throttle()
    for n in range(20_000):
        throttle.admit([Counted(str(n))], 0.0)
    assert len(throttle) == KEPT == 10_000


def test_what_tries_have_in_common_is_counted_together():
    throttle, now = Throttle(), 0.0
    alarm = Counted("alarm 1", 10, 30.0)
    for n in range(10):
        throttle.admit([Counted(f"source {n}"), alarm], now)
    with pytest.raises(TooSoon) as first:
        throttle.admit([Counted("a new source"), alarm], now)
    assert first.value.seconds == FIRST_WAIT_S
    for _ in range(2000):  # for days: the wait stays what a frightened person bears
        with pytest.raises(TooSoon) as soon:
            throttle.admit([alarm], now)
        now += soon.value.seconds
        throttle.admit([alarm], now)
    assert soon.value.seconds == 30.0


def test_one_that_has_to_wait_holds_the_try_and_none_of_the_others_is_counted():
    throttle = Throttle()
    wrong_tries(throttle, "slow", FREE_TRIES)
    for _ in range(50):
        with pytest.raises(TooSoon):
            throttle.admit([Counted("slow"), Counted("other")], 0.0)
    assert wait_of(throttle, "other", 0.0) == 0


def test_a_right_try_that_is_taken_back_counts_not_and_forgives_nothing():
    throttle = Throttle()
    wrong_tries(throttle, "a", FREE_TRIES)
    throttle.take_back(throttle.admit([Counted("a")], FIRST_WAIT_S))
    throttle.take_back(throttle.admit([Counted("a")], FIRST_WAIT_S))
    assert wait_of(throttle, "a", FIRST_WAIT_S) == 0
    assert wait_of(throttle, "a", FIRST_WAIT_S) == 2 * FIRST_WAIT_S


def test_a_right_try_takes_back_no_other_that_came_meanwhile():
    throttle = Throttle()
    right = throttle.admit([Counted("a")], 0.0)
    for _ in range(FREE_TRIES - 1):
        throttle.admit([Counted("a")], 0.0)
    throttle.take_back(right)
    throttle.admit([Counted("a")], 0.0)
    assert wait_of(throttle, "a", 0.0) == FIRST_WAIT_S


@pytest.mark.parametrize(
    ("address", "sources"),
    [
        ("198.51.100.7", ["198.51.100.7"]),
        ("::ffff:198.51.100.7", ["198.51.100.7"]),
        ("2001:db8:1:2:3:4:5:6", ["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        ("2001:db8:1:2::9", ["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        ("fe80::1%eth0", ["fe80::/64", "fe80::/48"]),
        ("testclient", ["unknown"]),
    ],
)
def test_one_customer_is_one_source(address, sources):
    assert [source.name for source in sources_of(address)] == sources


def test_somebody_with_a_whole_site_is_slowed_like_a_few_customers():
    throttle = Throttle()
    for n in range(FREE_TRIES * SITE_SHARE):
        throttle.admit(by_source(sources_of(f"2001:db8:1:{n:x}::1")), 0.0)
    with pytest.raises(TooSoon):
        throttle.admit(by_source(sources_of("2001:db8:1:ffff::1")), 0.0)
    throttle.admit(by_source(sources_of("2001:db8:2::1")), 0.0)
