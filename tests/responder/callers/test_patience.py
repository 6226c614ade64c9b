"""How often a server that refuses is asked."""

from __future__ import annotations

import threading

import pytest

from outcry.responder.callers import retry_after
from outcry.responder.callers.patience import MOST, WINDOW_S, Patience

SERVER = "social.example:443"


@pytest.fixture
def clock():
    return [1000.0]


@pytest.fixture
def patience(clock):
    return Patience(lambda: clock[0])


def refuse(patience):
    patience.leave(SERVER, patience.enter(SERVER, 0.0), ok=False)


def test_no_minute_has_more_than_ten_requests_that_came_to_nothing(patience, clock):
    left = []
    for _ in range(1000):
        asked = patience.enter(SERVER, 0.0)
        if not isinstance(asked, float):
            left.append(clock[0])
            patience.leave(SERVER, asked, ok=False)
        clock[0] += 0.7
    for n in range(len(left) - MOST):
        assert left[n + MOST] - left[n] >= WINDOW_S
    assert len(left) > MOST


def test_what_is_answered_well_is_not_counted(patience):
    for _ in range(100):
        patience.leave(SERVER, patience.enter(SERVER, 0.0), ok=True)


def test_another_server_is_asked(patience):
    for _ in range(MOST):
        refuse(patience)
    assert isinstance(patience.enter(SERVER, 0.0), float)
    assert not isinstance(patience.enter("other.example:443", 0.0), float)


def test_it_says_when_there_may_be_one_more(patience, clock):
    for _ in range(MOST):
        refuse(patience)
        clock[0] += 1
    assert patience.enter(SERVER, 0.0) == WINDOW_S - MOST


def test_many_at_once_wait_for_what_becomes_of_the_first_and_then_all_go(patience):
    first = [patience.enter(SERVER, 0.0) for _ in range(MOST)]
    came = []
    waiting = threading.Thread(target=lambda: came.append(patience.enter(SERVER, 1060.0)))
    waiting.start()
    patience.leave(SERVER, first[0], ok=True)
    waiting.join()
    assert not isinstance(came[0], float)


def test_many_at_once_of_which_the_first_are_refused_do_not_go(patience):
    first = [patience.enter(SERVER, 0.0) for _ in range(MOST)]
    came = []
    waiting = threading.Thread(target=lambda: came.append(patience.enter(SERVER, 1060.0)))
    waiting.start()
    for one in first:
        patience.leave(SERVER, one, ok=False)
    waiting.join()
    assert came == [WINDOW_S]


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [("40", 40), ("Sun, 22 Nov 2026 12:02:00 GMT", 120), ("soon", None), ("", None)],
)
def test_retry_after_is_a_number_or_a_date(said, wait_s):
    assert retry_after.wait_s(said, "Sun, 22 Nov 2026 12:00:00 GMT") == wait_s
