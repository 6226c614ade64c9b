"""Duty officers' accounts: settling in, logging in, and what guessing gains."""

from __future__ import annotations

import os
from itertools import pairwise

import pyotp
import pytest
from cheap_hashes import PASSWORDS
from console_hand import PASSWORD
from sqlalchemy import select

from outcry.responder.console.accounts import (
    IDLE_S,
    SESSION_S,
    WELCOME_S,
    LoginRefused,
    NoSuchWelcome,
    OfficerRefused,
    Officers,
)
from outcry.responder.storage import store
from outcry.responder.web.throttle import TooSoon

ON_BOTH_DATABASES = True
HERE = "198.51.100.7"
ELSEWHERE = "203.0.113.9"


@pytest.fixture
def officers(world):
    return Officers(world.hq.store, "Example Org", world.clock, os.urandom, PASSWORDS)


class Olga:
    """An officer with a phone, settled in."""

    def __init__(self, officers, clock):
        token = officers.add("olga")
        self._totp = pyotp.TOTP(officers.welcome(token).secret)
        self._clock = clock
        self._officers = officers
        self.recovery = officers.settle(token, PASSWORD, self.code())

    def code(self, late_s=0):
        return self._totp.at(int(self._clock() - late_s))

    def login(self, password=PASSWORD, code=None, source=HERE, name="olga"):
        return self._officers.login(name, password, self.code() if code is None else code, source)


@pytest.fixture
def olga(officers, world):
    olga = Olga(officers, world.clock)
    world.clock.passes(60)
    return olga


def test_an_officer_settles_in_and_is_let_in_with_both_factors(officers, olga):
    token, refused, _ = olga.login()
    assert officers.session(token).officer == "olga"
    assert refused == 0


@pytest.mark.parametrize("name", ["OLGA", " olga ", "\uff4f\uff4c\uff47\uff41"])
def test_the_name_is_taken_however_it_is_typed(olga, name):
    assert olga.login(name=name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "wrong horse battery staple"},
        {"password": ""},
        {"password": "x" * 100_000},
        {"code": "000000"},
        {"code": ""},
        {"code": "²²²²²²"},
        {"code": "AAAA-BBBB-CCCC-DDDD"},
        {"name": "nobody"},
        {"name": ""},
        {"name": "\ud800"},
        {"password": "\ud800"},
    ],
)
def test_one_wrong_part_refuses_and_does_not_say_which(olga, wrong):
    with pytest.raises(LoginRefused) as refused:
        olga.login(**wrong)
    assert str(refused.value) == ""


def test_a_code_works_once(olga, world):
    code = olga.code()
    assert olga.login(code=code)
    with pytest.raises(LoginRefused):
        olga.login(code=code)
    world.clock.passes(30)
    assert olga.login()


def test_a_code_of_before_the_last_used_one_works_no_more(olga):
    olga.login()
    with pytest.raises(LoginRefused):
        olga.login(code=olga.code(late_s=30))


def test_the_code_that_settled_in_does_not_log_in(officers, world):
    olga = Olga(officers, world.clock)
    with pytest.raises(LoginRefused):
        olga.login()


@pytest.mark.parametrize(("late_s", "works"), [(-30, True), (30, True), (90, False), (-90, False)])
def test_a_phone_whose_clock_is_half_a_minute_off_is_understood(olga, late_s, works):
    if works:
        assert olga.login(code=olga.code(late_s))
    else:
        with pytest.raises(LoginRefused):
            olga.login(code=olga.code(late_s))


def test_each_recovery_code_works_once_and_only_with_the_password(olga):
    first, second, *_ = olga.recovery
    with pytest.raises(LoginRefused):
        olga.login(password="not the password at all", code=first)
    assert olga.login(code=first.lower().replace("-", " "))
    with pytest.raises(LoginRefused):
        olga.login(code=first)
    assert olga.login(code=second)


def test_guessing_is_slowed_where_it_comes_from_and_locks_nobody_out(olga, world):
    waits = []
    for _ in range(40):
        try:
            olga.login(password="a guess, and another")
        except LoginRefused:
            world.clock.passes(0.1)
        except TooSoon as soon:
            waits.append(soon.seconds)
            world.clock.passes(soon.seconds + 0.01)
    assert waits[0] == pytest.approx(5, abs=0.2)
    assert all(later >= earlier - 0.2 for earlier, later in pairwise(waits))
    assert waits[-1] > 800
    token, refused, _ = olga.login(source=ELSEWHERE)
    assert token
    assert refused > 10


def test_the_officer_is_told_once_of_refused_tries(olga, world):
    with pytest.raises(LoginRefused):
        olga.login(code="000000")
    assert olga.login()[1] == 1
    world.clock.passes(30)
    assert olga.login()[1] == 0


def test_the_link_works_once_and_for_a_day(officers, world):
    token = officers.add("olga")
    assert officers.welcome(token).name == "olga"
    world.clock.passes(WELCOME_S + 1)
    with pytest.raises(NoSuchWelcome):
        officers.welcome(token)
    again = officers.reset("olga")
    totp = pyotp.TOTP(officers.welcome(again).secret)
    officers.settle(again, PASSWORD, totp.at(int(world.clock())))
    with pytest.raises(NoSuchWelcome):
        officers.settle(again, PASSWORD, totp.at(int(world.clock())))


def test_looking_at_the_link_changes_nothing(officers):
    token = officers.add("olga")
    assert officers.welcome(token) == officers.welcome(token)


@pytest.mark.parametrize(
    "password",
    ["short", "x" * 11, "x" * 40, "olga-is-olga", "y" * 257],
)
def test_a_poor_password_is_refused_with_words_that_help(officers, world, password):
    token = officers.add("olga")
    code = pyotp.TOTP(officers.welcome(token).secret).at(int(world.clock()))
    with pytest.raises(OfficerRefused, match="words"):
        officers.settle(token, password, code)
    assert officers.welcome(token)


def test_a_wrong_first_code_settles_nothing(officers):
    token = officers.add("olga")
    with pytest.raises(OfficerRefused, match="clock"):
        officers.settle(token, PASSWORD, "000000")
    assert officers.all() == [("olga", False)]


@pytest.mark.parametrize("name", ["", "x", "o l g a", "<b>", "x" * 33, "a/b", "a\nb", "a@b"])
def test_a_name_that_is_none_is_refused(officers, name):
    with pytest.raises(OfficerRefused):
        officers.add(name)


def test_a_name_in_any_script_is_taken(officers):
    for name in ("Ольга", "علی", "çağla-2"):
        officers.add(name)
    assert len(officers.all()) == 3


def test_who_exists_is_not_added_again_nor_who_does_not_reset(officers, olga):
    with pytest.raises(OfficerRefused, match="exists"):
        officers.add("Olga")
    with pytest.raises(OfficerRefused, match="no officer"):
        officers.reset("nobody")


@pytest.mark.parametrize("change", ["reset", "remove", "logout"])
def test_a_session_ends_when_it_is_revoked(officers, olga, change):
    token, *_ = olga.login()
    if change == "logout":
        officers.logout(token)
    else:
        getattr(officers, change)("olga")
    assert officers.session(token) is None


def test_after_a_reset_neither_the_password_nor_a_recovery_code_lets_in(officers, olga):
    officers.reset("olga")
    for code in (olga.code(), olga.recovery[0]):
        with pytest.raises(LoginRefused):
            olga.login(code=code)


def test_a_session_ends_when_it_is_not_used(officers, olga, world):
    token, *_ = olga.login()
    for _ in range(3):
        world.clock.passes(IDLE_S - 1)
        assert officers.session(token)
    world.clock.passes(IDLE_S + 1)
    assert officers.session(token) is None


def test_a_session_ends_after_a_shift_however_much_it_is_used(officers, olga, world):
    token, *_ = olga.login()
    end = world.clock() + SESSION_S
    while world.clock() < end:
        assert officers.session(token)
        world.clock.passes(IDLE_S / 2)
    world.clock.passes(1)
    assert officers.session(token) is None


def stored(world):
    """All that the database keeps of officers."""
    tables = (store.officer, store.officer_session, store.recovery_code)
    with world.hq.store.read() as connection:
        rows = [tuple(row) for table in tables for row in connection.execute(select(table))]
    return "".join(map(repr, rows))


def test_nothing_that_is_kept_opens_a_session_or_is_the_password(officers, olga, world):
    token, *_ = olga.login()
    kept = stored(world)
    assert "$argon2id$" in kept
    for secret in (token, PASSWORD, olga.recovery[0], olga.recovery[0].replace("-", "")):
        assert secret not in kept


def test_no_secret_shows_in_a_repr_or_the_log(officers, world, caplog):
    caplog.set_level("DEBUG")
    token = officers.add("olga")
    newcomer = officers.welcome(token)
    codes = officers.settle(token, PASSWORD, pyotp.TOTP(newcomer.secret).at(int(world.clock())))
    world.clock.passes(60)
    code = pyotp.TOTP(newcomer.secret).at(int(world.clock()))
    cookie, *_ = officers.login("olga", PASSWORD, code, HERE)
    said = caplog.text + repr(newcomer) + repr(officers.session(cookie))
    for secret in (token, newcomer.secret, PASSWORD, code, cookie, *codes):
        assert secret not in said


def test_an_officers_one_time_link_has_nothing_that_a_messenger_would_leave_off(officers):
    links = [officers.add(f"officer{n}") for n in range(12)]
    assert {len(link) for link in links} == {43}
    assert "".join(links).isalnum()


def test_a_browser_that_was_right_is_counted_by_itself_until_the_password_ends(olga, officers):
    """Neither guesses from its own network nor those of a stolen cookie slow the others."""
    known = olga.login().known
    wrong = "a wrong password"
    for _ in range(3):
        with pytest.raises(LoginRefused):
            olga.login(password=wrong)
    for each in ("", "0" * 32, "é"):
        with pytest.raises(TooSoon):
            officers.login("olga", PASSWORD, olga.code(), HERE, each)
    with pytest.raises(TooSoon):
        officers.login("pavel", PASSWORD, olga.code(), HERE, known)
    olga._clock.passes(30)
    assert officers.login("olga", PASSWORD, olga.code(), HERE, known).known == known
    for _ in range(3):
        with pytest.raises(LoginRefused):
            officers.login("olga", wrong, "000000", ELSEWHERE, known)
    with pytest.raises(TooSoon):
        officers.login("olga", wrong, "000000", ELSEWHERE, known)
    olga._clock.passes(30)
    assert olga.login(source=ELSEWHERE)
    officers.reset("olga")
    for each in ("203.0.113.10", "203.0.113.11"):  # one after the other: as strangers from there
        with pytest.raises(LoginRefused):
            officers.login("olga", PASSWORD, olga.code(), each, known)
