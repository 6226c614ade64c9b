"""How old and how exact a position is said to be: never less, never finer, than can be shown."""

import math
import queue
from dataclasses import replace
from itertools import pairwise

import pytest

from outcry.daemon.outbox.runtime_cache import Memory
from outcry.hw.gps import AGE_UNKNOWN, FRESH_S, Fix, Gps, NoFix, NoFixReason
from simulation import ages
from simulation.gpsd_stand_in import GpsdStandIn, polled, said

BEGAN = 1000.0
NOON = 1_795_348_800.0  # of 22 November 2026
ONE, OTHER = "/dev/ttyS0", "/dev/ttyUSB0"


class SaidGpsd:
    """A gpsd that says what ``tpv`` and ``activated`` hold, asked on a clock the test moves."""

    def __init__(self):
        self.now = BEGAN
        self.tpv = []
        self.activated = {}
        self.devices_known = True
        self.sentences = b""
        self._server = GpsdStandIn(
            lambda asked: polled(asked, self.tpv, self.activated if self.devices_known else None),
            lambda _: self.sentences,
        )
        self.gps = self.another()

    def another(self, hears=lambda _: None, **waits):
        """An adapter that knows nothing yet, as after a restart of the daemon."""
        return Gps("127.0.0.1", self._server.port, hears, lambda: self.now, **waits)

    def says(self, *tpv, after_s=1.0):
        """What gpsd says now, and the adapter's reading of it."""
        self.now += after_s
        self.tpv = list(tpv)
        return self.gps.ask()

    def close(self):
        self.gps.disconnect()
        self._server.close()


@pytest.fixture
def gpsd():
    said = SaidGpsd()
    yield said
    said.close()


def tpv(device=ONE, second=0, **fields):
    """Of a receiver whose place is a little farther east each second."""
    time, east = f"2026-11-22T12:00:{second:02}.000Z", 2.5 + second / 1000
    return {"device": device, "mode": 3, "lat": 1.5, "lon": east, "time": time} | fields


def at_rest(second=0, **fields):
    return tpv(second=second, lon=2.5, **fields)


def dateless(device=ONE, **fields):
    return {key: value for key, value in tpv(device, **fields).items() if key != "time"}


@pytest.mark.parametrize(
    ("errors", "accuracy_m"),
    [
        ({"epx": 13, "eph": 18.2}, 18.2),
        ({"epx": 13, "epy": 21, "eph": 18.2}, 21),
        ({"eph": 18.2}, 18.2),
        ({"epx": 13}, 13),
        ({"epx": 13, "eph": math.inf}, None),
        ({"epx": 13, "eph": 0}, 13),
        ({"eph": "18.2"}, None),
        ({"eph": 1e300}, None),
        ({"eph": None}, None),
        ({}, None),
    ],
)
def test_an_accuracy_is_never_finer_than_gpsd_says(gpsd, errors, accuracy_m):
    assert gpsd.says(tpv(**errors)).accuracy_m == accuracy_m


def test_the_first_fix_gpsd_tells_may_be_of_any_age(gpsd):
    assert gpsd.says(tpv()).taken_at == AGE_UNKNOWN
    assert gpsd.says(tpv(), after_s=60).taken_at == AGE_UNKNOWN, "the receiver is silent"
    assert gpsd.says(tpv(second=1)).taken_at == BEGAN + 61


def test_a_fix_is_as_old_as_the_last_answer_without_it(gpsd):
    gpsd.says(tpv())
    assert gpsd.says(tpv(second=1), after_s=600).taken_at == BEGAN + 1
    assert gpsd.says(tpv(second=1), after_s=600).taken_at == BEGAN + 1
    assert gpsd.says(tpv(second=2)).taken_at == BEGAN + 1201


def test_a_fix_found_after_none_is_new_whatever_its_date(gpsd):
    gpsd.says({"device": ONE, "mode": 1})
    assert gpsd.says(tpv(time="2007-04-08T12:00:00.000Z")).taken_at == BEGAN + 1
    assert gpsd.says(tpv(lat=7, time="2007-04-08T11:00:00.000Z")).taken_at == BEGAN + 2


def test_a_receiver_that_was_forgotten_for_a_moment_has_no_new_fix(gpsd):
    gpsd.says(tpv())
    fix = gpsd.says(tpv(second=1))
    assert gpsd.says() == NoFix(NoFixReason.NO_RECEIVER)
    assert gpsd.says(tpv(second=1)) == fix


def test_a_conversation_that_broke_makes_no_fix_younger(gpsd):
    gpsd.says(tpv())
    fix = gpsd.says(tpv(second=1))
    gpsd.gps.disconnect()
    assert gpsd.says(tpv(second=1), after_s=300) == fix
    gpsd.gps.disconnect()
    assert gpsd.says(tpv(second=2), after_s=300).taken_at == BEGAN + 302


def test_a_restarted_daemon_does_not_take_a_silent_receivers_fix_for_new(gpsd):
    gpsd.says(tpv())
    gpsd.says(tpv(second=1))
    gpsd.gps.disconnect()
    gpsd.gps = gpsd.another()
    for _ in range(10):
        assert gpsd.says(tpv(second=1), after_s=30).taken_at == AGE_UNKNOWN


def test_a_receiver_at_rest_without_a_date_stays_fresh_while_gpsd_hears_it(gpsd):
    gpsd.sentences = said(1.5, 2.5)
    taken = []
    for second in range(5):
        gpsd.activated = {ONE: f"12:00:{second:02}"}
        taken.append(gpsd.says(dateless(), after_s=60).taken_at)
    assert [new - old for old, new in pairwise(taken[1:])] == [60, 60, 60]
    assert gpsd.says(dateless(), after_s=300).taken_at == taken[-1], "silent from here on"


def test_a_receiver_at_rest_stays_fresh_while_it_says_where_it_is(gpsd):
    gpsd.sentences = said(1.5, 2.5)
    gpsd.says(at_rest())
    for second in range(1, 60):
        fix = gpsd.says(at_rest(second), after_s=5)
        assert gpsd.now - fix.taken_at <= FRESH_S
    silent = gpsd.says(at_rest(second), after_s=300)
    assert silent == fix


NO_PLACE = b"$GPGGA,120000,,,,,0,00,,,M,,M,,\r\n$GPRMC,120000,V,,,,,,,221126,,,N\r\n"
ELSEWHERE = said(1.5, 2.6)


@pytest.mark.parametrize("sentences", [b"", b"$GPZDA,120000,22,11,2026,,\r\n", NO_PLACE, ELSEWHERE])
@pytest.mark.parametrize("dated", [True, False])
def test_a_place_that_gpsd_alone_repeats_is_as_old_as_it_is(gpsd, sentences, dated):
    """Of a receiver that goes on with a date, or with satellites, and tells no place any more."""
    gpsd.says({"device": ONE, "mode": 1})
    ages_s = []
    for second in range(5):
        gpsd.activated = {ONE: f"12:00:{second:02}"}
        gpsd.sentences = sentences
        fix = gpsd.says(at_rest(second) if dated else dateless(), after_s=FRESH_S)
        ages_s.append(gpsd.now - fix.taken_at)
    assert ages_s == [FRESH_S * polls for polls in range(1, 6)]


def test_a_receiver_that_tells_the_time_alone_yields_to_one_that_tells_its_place(gpsd):
    broken, poor = {"eph": 3, "lon": 2.5}, {"mode": 2, "eph": 90, "lat": 7}
    for second in range(5):
        fix = gpsd.says(tpv(ONE, second, **broken), tpv(OTHER, second, **poor), after_s=FRESH_S)
    assert (fix.latitude, fix.taken_at) == (7, gpsd.now - FRESH_S)


def test_an_exact_receiver_at_rest_does_not_yield_to_a_poor_one(gpsd):
    exact, poor = {"eph": 3, "lon": 2.5}, {"mode": 2, "eph": 90, "lat": 7}
    gpsd.sentences = said(1.5, 2.5)
    for second in range(9):
        fix = gpsd.says(tpv(ONE, second, **exact), tpv(OTHER, second, **poor), after_s=5)
        assert second == 0 or fix.latitude == 1.5


@pytest.mark.parametrize("known", [True, False], ids=["not dated", "not answered"])
def test_a_fix_that_nothing_dates_has_an_unknown_age_and_no_growing_one(gpsd, known):
    gpsd.devices_known = known
    for _ in range(3):
        fix = gpsd.says(dateless(), after_s=60)
        assert (fix.latitude, fix.taken_at) == (1.5, AGE_UNKNOWN)


@pytest.mark.parametrize(
    "none",
    [
        {"mode": 1},
        {"mode": 0},
        {"mode": 3},
        {"mode": 3, "lat": 0, "lon": 0},
        {"mode": 3, "lat": 91, "lon": 2},
        {"mode": 3, "lat": "north", "lon": 2},
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_a_receiver_without_a_place_does_not_hide_anothers(gpsd, none, last):
    blind = {"device": OTHER} | none
    for second in range(3):
        both = [tpv(second=second), blind]
        fix = gpsd.says(*(both if last else both[::-1]))
        assert isinstance(fix, Fix)
        assert fix.latitude == 1.5
    assert fix.taken_at == gpsd.now - 1
    assert gpsd.says(blind) == NoFix(NoFixReason.NO_SATELLITES)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"mode": 2, "eph": 5}, {"mode": 3, "eph": 20}),
        ({"eph": 60}, {"eph": 20}),
        ({}, {"eph": 20}),
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_of_two_fresh_fixes_the_better_is_told(gpsd, worse, better, last):
    for second in range(2):
        both = [tpv(OTHER, second, lat=7, **worse), tpv(ONE, second, **better)]
        fix = gpsd.says(*(both if last else both[::-1]))
    assert fix.latitude == 1.5


def test_a_silent_receiver_yields_to_a_living_one_however_exact_it_was(gpsd):
    exact, poor = {"eph": 3}, {"mode": 2, "eph": 90, "lat": 7}
    gpsd.says(tpv(ONE, **exact), tpv(OTHER, **poor))
    assert gpsd.says(tpv(ONE, 1, **exact), tpv(OTHER, 1, **poor)).latitude == 1.5
    silent = tpv(ONE, 1, **exact)
    gpsd.says(silent, tpv(OTHER, 2, **poor), after_s=FRESH_S)
    fix = gpsd.says(silent, tpv(OTHER, 3, **poor))
    assert (fix.latitude, fix.taken_at) == (7, gpsd.now - 1)


@pytest.mark.parametrize("lost", [(), (tpv(OTHER, mode=1),)], ids=["unplugged", "no satellites"])
@pytest.mark.parametrize("day", ["2026-11-22", "2046-07-08"])
def test_a_receiver_that_loses_its_fix_leaves_its_place_known_beside_a_silent_one(
    gpsd, tmp_path, lost, day
):
    memory = Memory(tmp_path / "memory.json", gpsd.now)
    for second in range(5):
        silent = tpv(ONE, min(second, 1), eph=3)
        date = f"{day}T12:00:{second:02}.000Z"
        memory.see(gpsd.says(silent, tpv(OTHER, second, lat=7, time=date), after_s=FRESH_S))
    living = memory.fix
    assert (living.latitude, living.taken_at) == (7, gpsd.now - FRESH_S)
    old = gpsd.says(silent, *lost)
    assert (old.latitude, memory.see(old), memory.fix) == (1.5, False, living)
    memory.see(gpsd.says(silent, tpv(OTHER, lat=8), after_s=60))
    assert memory.fix.latitude == 8


def test_after_a_restart_a_silent_receiver_is_not_preferred(gpsd):
    gpsd.says(tpv(ONE), tpv(OTHER, lat=7, mode=2))
    fix = gpsd.says(tpv(ONE), tpv(OTHER, 1, lat=7, mode=2))
    assert (fix.latitude, fix.taken_at) == (7, gpsd.now - 1)


def test_the_first_fix_is_followed_at_once_by_a_question_that_can_tell_its_age(gpsd):
    """Pressed in between, the alarm would say of a place just taken that its age is not known."""
    heard = queue.Queue()
    gps = gpsd.another(heard.put, idle_s=3600.0, eager_s=0.01)
    gpsd.tpv = [tpv()]
    gps.start()
    try:
        assert [heard.get(timeout=60).taken_at for _ in range(2)] == [AGE_UNKNOWN] * 2
        with pytest.raises(queue.Empty):
            heard.get(timeout=0.2)
    finally:
        gps.stop()


# Lives of receivers that nobody scripted


def test_in_no_life_of_receivers_is_a_position_told_as_younger_than_it_is():
    found = ages.lived(60)
    assert found.too_young == ()
    assert found.known > 1000, "an age that is never told is never wrong"


class Hopeful(Gps):
    """Takes what gpsd says for what the receiver sees now."""

    def ask(self):
        reading = super().ask()
        return replace(reading, taken_at=self.clock()) if isinstance(reading, Fix) else reading

    def __init__(self, host, port, on_reading, clock):
        super().__init__(host, port, on_reading, clock)
        self.clock = clock


class Forgetful(Memory):
    """Takes what a restart kept for what was seen at that moment."""

    def __init__(self, path, now):
        super().__init__(path, now)
        self.fix = self.fix and replace(self.fix, taken_at=now)


@pytest.mark.parametrize(("part", "mutant"), [("Gps", Hopeful), ("Memory", Forgetful)])
def test_one_that_is_told_as_younger_is_seen(monkeypatch, part, mutant):
    monkeypatch.setattr(ages, part, mutant)
    assert ages.lived(20).too_young


# What time the receiver vouches for


def noon_at(gpsd):
    """What our clock says when the receiver's is noon."""
    return None if gpsd.gps.zero is None else NOON - gpsd.gps.zero


def test_only_a_fix_that_was_seen_to_be_new_tells_the_time(gpsd):
    gpsd.says(tpv())
    assert noon_at(gpsd) is None, "a silent receiver's last, perhaps of yesterday"
    gpsd.says(tpv(), after_s=60)
    assert noon_at(gpsd) is None
    gpsd.says(tpv(second=1))
    assert noon_at(gpsd) == BEGAN + 61
    gpsd.says(tpv(second=1), after_s=600)
    assert noon_at(gpsd) == BEGAN + 61, "silent again, it tells no later time"
    gpsd.says(tpv(second=3), after_s=600)
    assert noon_at(gpsd) == BEGAN + 61, "it came in the ten minutes, but when?"
    gpsd.says(tpv(second=4))
    assert noon_at(gpsd) == BEGAN + 1259


@pytest.mark.parametrize("date", ["", "soon", "2026-13-01T00:00:00Z", 7, "9999-99-99T99:99:99Z"])
def test_a_date_that_is_none_costs_neither_the_place_nor_the_time(gpsd, date):
    gpsd.says(tpv(time="2026-11-22T11:59:00Z"))
    assert isinstance(gpsd.says(tpv(time=date)), Fix)
    assert gpsd.gps.zero is None
    gpsd.says(tpv(second=1))
    assert noon_at(gpsd) == BEGAN + 2


@pytest.mark.parametrize("day", ["2007-04-08", "2046-07-08", "2080-01-01"])
def test_a_receiver_that_miscounts_the_weeks_does_not_hide_anothers_time(gpsd, day):
    wrong = {"device": OTHER, "time": f"{day}T12:00:00.000Z"}
    gpsd.says(tpv(), tpv(**wrong))
    gpsd.says(tpv(second=1), tpv(**wrong | {"time": f"{day}T12:00:01.000Z"}))
    assert noon_at(gpsd) == BEGAN + 1


def test_without_a_fix_a_receivers_own_clock_is_not_believed(gpsd):
    for second in range(5):
        gpsd.says({"device": ONE, "mode": 1, "time": f"2026-11-22T12:00:{second:02}.000Z"})
    assert noon_at(gpsd) is None
