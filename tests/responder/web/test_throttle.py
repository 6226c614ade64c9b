"""PINs: made fairly, kept as hashes, guessed slowly, and nobody is locked out."""

from __future__ import annotations

import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.responder.enrolment.pins import create_pins, hash_pin, is_pin, plain_pin
from outcry.responder.web.throttle import (
    FIRST_WAIT_S,
    FORGET_AFTER_S,
    FREE_TRIES,
    LONGEST_WAIT_S,
    SOURCES_KEPT,
    Throttle,
    TooSoon,
    source_of,
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
        throttle.admit(source, now)
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
    throttle.forgive("a")
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
        throttle.admit(str(n), 0.0)
    assert len(throttle) == SOURCES_KEPT == 10_000


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "unknown"),
    ],
)
def test_one_customer_is_one_source(address, source):
    assert source_of(address) == source
