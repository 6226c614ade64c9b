"""The secret parts of links that people are sent."""

from __future__ import annotations

import hashlib
import itertools
import math
import string

import pytest

from outcry.responder.web.link_tokens import link_token

LETTERS_AND_DIGITS = set(string.ascii_letters + string.digits)


def stream():
    """Bytes that look random, the same ones at every run."""
    counted = itertools.count()
    return lambda n: hashlib.shake_128(str(next(counted)).encode()).digest(n)


@pytest.mark.parametrize("length", [16, 43])
def test_whatever_is_drawn_a_phone_takes_all_of_it_for_the_link(length):
    random = stream()
    tokens = {link_token(length, random) for _ in range(2000)}
    assert len(tokens) == 2000
    assert {len(token) for token in tokens} == {length}
    assert set("".join(tokens)) == LETTERS_AND_DIGITS


@pytest.mark.parametrize("fill", [b"\x00", b"\xff"])
def test_the_ends_of_what_can_be_drawn_are_links_too(fill):
    token = link_token(16, lambda n: fill * n)
    assert len(token) == 16
    assert set(token) <= LETTERS_AND_DIGITS


def test_no_character_is_likelier_in_any_place():
    random = stream()
    tokens = [link_token(16, random) for _ in range(6200)]
    for place in range(16):
        for letter in LETTERS_AND_DIGITS:
            count = sum(token[place] == letter for token in tokens)
            assert abs(count - 100) < 6 * math.sqrt(100), (place, letter)
