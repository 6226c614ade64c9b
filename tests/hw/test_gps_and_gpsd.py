"""The position, from the real gpsd: what it says is told, what it does not say is not invented."""

import json
import time
from datetime import UTC, datetime

import pytest
from parts import RECORDINGS, needs_gpsd

from outcry.hw import nmea
from outcry.hw.board.receiver.receiver import Receiver
from outcry.hw.gps import AGE_UNKNOWN, FRESH_S, Fix, Gps, NoFix, NoFixReason
from simulation.gpsd_stand_in import Server
from stage.stage import NotSeen, Stage


class Rig:
    """gpsd on the board's receiver, asked by the adapter on a clock the test moves."""

    def __init__(self, folder, *board_options, receiver_first=True):
        self.stage = Stage(folder, board_options)
        folder.mkdir(parents=True, exist_ok=True)
        self._moved = 0.0
        if receiver_first:
            self.stage.start_board()
        self.stage.start_gpsd()
        self.gps = self.another()

    def another(self):
        return Gps("127.0.0.1", self.stage.gpsd_port, lambda _: None, lambda: self.now)

    @property
    def now(self):
        """The adapter's clock: it goes on by itself, for a receiver speaks in real time."""
        return time.monotonic() + self._moved

    @now.setter
    def now(self, now):
        self._moved = now - time.monotonic()

    def until(self, wanted, limit_s=120.0):
        """Ask until the answer is as wanted, and return it."""

        def asked():
            self.now += 1
            answer = self.gps.ask()
            return answer if wanted(answer) else None

        return self.stage.wait("gpsd's answer", asked, limit_s)


@pytest.fixture
def rig(tmp_path):
    rigs = []

    def build(*board_options, **order):
        rigs.append(Rig(tmp_path / "stage", *board_options, **order))
        return rigs[-1]

    yield build
    for rig in rigs:
        rig.gps.disconnect()
        rig.stage.close()


def is_fix(answer):
    return isinstance(answer, Fix)


def dated(answer):
    return is_fix(answer) and answer.taken_at != AGE_UNKNOWN


def no_fix(reason):
    return lambda answer: answer == NoFix(reason)


@needs_gpsd
@pytest.mark.slow
def test_a_receiver_with_a_fix_gives_its_place(rig):
    fix = rig("--position", "43.3178,45.6949").until(is_fix)
    assert fix.latitude == pytest.approx(43.3178, abs=1e-4)
    assert fix.longitude == pytest.approx(45.6949, abs=1e-4)
    assert fix.accuracy_m is None or fix.accuracy_m > 0


@needs_gpsd
@pytest.mark.slow
def test_losing_the_satellites_is_told_and_finding_them_too(rig):
    rig = rig()
    rig.until(is_fix)
    rig.stage.board("fix", "off")
    rig.until(no_fix(NoFixReason.NO_SATELLITES))
    rig.stage.board("fix", "on")
    rig.until(is_fix)


@needs_gpsd
@pytest.mark.slow
def test_a_receiver_that_falls_silent_leaves_a_fix_that_ages(rig):
    rig = rig()
    rig.until(is_fix)
    rig.stage.board("fix", "silent")

    def settled():
        answer = rig.gps.ask()
        rig.now += 1
        return isinstance(answer, NoFix) or rig.now - answer.taken_at > 20

    rig.stage.wait("an ageing fix or none", settled, 120)


@needs_gpsd
@pytest.mark.slow
def test_a_receiver_at_rest_stays_fresh_for_as_long_as_it_says_its_place(rig):
    rig = rig()
    rig.until(dated)
    for _ in range(3):
        rig.now += 100
        rig.until(lambda answer: is_fix(answer) and rig.now - answer.taken_at <= FRESH_S)


@needs_gpsd
@pytest.mark.slow
def test_a_receiver_that_tells_the_time_alone_leaves_a_fix_that_ages(rig):
    """gpsd repeats its place with a new date, for ever."""
    rig = rig()
    fix = rig.until(dated)
    rig.stage.board("fix", "placeless")
    rig.now += 100
    again = rig.until(lambda answer: is_fix(answer) and rig.now - answer.taken_at > FRESH_S)
    rig.now += FRESH_S
    assert rig.gps.ask() == again
    assert again.taken_at < fix.taken_at + 100
    rig.stage.board("fix", "on")
    rig.until(lambda answer: is_fix(answer) and rig.now - answer.taken_at <= FRESH_S)


@needs_gpsd
@pytest.mark.slow
def test_a_daemon_started_beside_a_silent_receiver_does_not_know_how_old_its_fix_is(rig):
    rig = rig()
    rig.until(dated)
    rig.stage.board("fix", "silent")
    fix = rig.until(lambda answer: is_fix(answer) and rig.now - answer.taken_at > 20)
    rig.gps.disconnect()
    rig.gps = rig.another()
    for _ in range(5):
        rig.now += 300
        again = rig.gps.ask()
        assert (again.latitude, again.taken_at) == (fix.latitude, AGE_UNKNOWN)


@needs_gpsd
@pytest.mark.slow
def test_a_receiver_at_rest_that_sends_no_date_stays_fresh(rig, tmp_path):
    burst = Receiver().burst(datetime(2026, 11, 22, 12, tzinfo=UTC))
    lines = [line for line in burst.splitlines(keepends=True) if b"RMC" not in line]
    (tmp_path / "dateless.nmea").write_bytes(b"".join(lines))
    rig = rig("--receiver", str(tmp_path / "dateless.nmea"))
    fix = rig.until(dated)
    for _ in range(3):
        before, fix = fix, rig.until(lambda answer: dated(answer) and answer != fix)  # noqa: B023
        assert fix.taken_at > before.taken_at


@needs_gpsd
@pytest.mark.slow
def test_a_date_twenty_years_off_does_not_cost_the_position(rig):
    rig = rig()
    rig.stage.board("fix", "rollover")
    first = rig.until(is_fix)
    second = rig.until(lambda answer: is_fix(answer) and answer.taken_at != first.taken_at)
    assert second.taken_at > first.taken_at


@needs_gpsd
@pytest.mark.slow
def test_gpsd_dying_and_returning_is_no_fix_and_then_a_fix_again(rig):
    rig = rig()
    rig.until(is_fix)
    rig.stage.stop("gpsd")
    rig.until(no_fix(NoFixReason.NO_GPSD))
    rig.stage.start_gpsd()
    rig.until(is_fix)


@needs_gpsd
@pytest.mark.slow
def test_without_a_receiver_gpsd_is_told_apart_from_no_gpsd(rig):
    rig("--receiver", "none").until(no_fix(NoFixReason.NO_RECEIVER))


@needs_gpsd
@pytest.mark.slow
def test_a_receiver_that_came_after_gpsd_is_there_once_gpsd_is_restarted(rig):
    """As the remedy says; gpsd itself never looks again, whoever asks it."""
    rig = rig(receiver_first=False)
    rig.until(no_fix(NoFixReason.NO_RECEIVER))
    rig.stage.start_board()
    for _ in range(20):
        rig.gps.disconnect()
        rig.until(no_fix(NoFixReason.NO_RECEIVER))
    rig.stage.stop("gpsd")
    rig.stage.start_gpsd()
    rig.until(is_fix)


@needs_gpsd
@pytest.mark.recordings
@pytest.mark.slow
@pytest.mark.parametrize("name", ["bu303-moving", "neo-m8n", "quectel-L70", "bu353s4"])
def test_a_real_receivers_recording_gives_a_fix_on_earth(rig, name):
    fix = rig("--receiver", str(RECORDINGS / f"{name}.log")).until(is_fix, 60)
    assert -90 <= fix.latitude <= 90
    assert (fix.latitude, fix.longitude) != (0.0, 0.0)


@needs_gpsd
@pytest.mark.recordings
@pytest.mark.slow
@pytest.mark.parametrize("name", ["bu303-moving", "neo-m8n", "quectel-L70", "bu353s4"])
def test_a_real_receiver_is_heard_to_say_the_place_that_gpsd_tells(rig, name):
    """Whether it speaks NMEA, or gpsd makes that of what it speaks."""
    rig = rig("--receiver", str(RECORDINGS / f"{name}.log"))
    gpsd = "127.0.0.1", rig.stage.gpsd_port

    def heard():
        fix = rig.until(is_fix, 60)
        began = time.monotonic()
        here = fix.latitude, fix.longitude
        return nmea.says(nmea.heard(gpsd, None, lambda: began + 2 - time.monotonic()), here)

    rig.stage.wait("the receiver's own word", heard, 120)


@needs_gpsd
@pytest.mark.recordings
@pytest.mark.slow
def test_a_real_receivers_recording_without_a_fix_gives_none(rig):
    rig = rig("--receiver", str(RECORDINGS / "bu303-nofix.log"))
    rig.until(no_fix(NoFixReason.NO_SATELLITES))
    with pytest.raises(NotSeen):
        rig.until(is_fix, 5)


class WrongGpsd(Server):
    """A server where gpsd should be, saying what a test wants said."""

    VERSION = b'{"class":"VERSION","release":"x","rev":"x","proto_major":3,"proto_minor":14}\n'
    WELCOME = (
        VERSION,
        b'{"class":"DEVICES","devices":[]}\n',
        b'{"class":"WATCH","enable":true}\n',
    )

    def __init__(self, *lines):
        self._lines = lines
        super().__init__(self._answers)

    def _answers(self, caller):
        """In gpsd's order: the version, then a line or two for each question."""
        caller.sendall(self._lines[0])
        for question, count in ((b"WATCH", 2), (b"POLL", 1)):
            while question not in (heard := caller.recv(4096)):
                if not heard:  # it has hung up
                    return
            begin = 1 if question == b"WATCH" else 3
            caller.sendall(b"".join(self._lines[begin : begin + count]))
        while caller.recv(4096):
            pass


def ask(*lines):
    server = WrongGpsd(*lines)
    gps = Gps("127.0.0.1", server.port, lambda _: None, time.monotonic)
    try:
        return gps.ask()
    finally:
        gps.disconnect()
        server.close()


def poll(**answer):
    return (json.dumps({"class": "POLL"} | answer) + "\n").encode()


TPV = {"mode": 3, "lat": 1.5, "lon": 2.5, "time": "2026-11-22T12:00:00.000Z"}


def test_a_whole_answer_is_a_fix():
    answer = ask(*WrongGpsd.WELCOME, poll(active=1, tpv=[TPV], sky=[{}]))
    assert isinstance(answer, Fix)
    assert (answer.latitude, answer.longitude, answer.accuracy_m) == (1.5, 2.5, None)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"active": 0, "tpv": [], "sky": []}, NoFixReason.NO_RECEIVER),
        ({"active": 1, "tpv": [], "sky": []}, NoFixReason.NO_RECEIVER),
        ({"active": 1, "tpv": [{"mode": 1}], "sky": [{}]}, NoFixReason.NO_SATELLITES),
        ({"active": 1, "tpv": [{"mode": 3}], "sky": [{}]}, NoFixReason.NO_SATELLITES),
    ],
)
def test_what_gpsd_does_not_say_is_never_a_position(answer, reason):
    assert ask(*WrongGpsd.WELCOME, poll(**answer)) == NoFix(reason)


@pytest.mark.parametrize(
    "lines",
    [
        (b"\xff\xfe\x00garbage\n",),
        (b'{"class":"SOMETHING"}\n',),
        (*WrongGpsd.WELCOME, b"not json\n"),
        (*WrongGpsd.WELCOME, b"[]\n"),
        (*WrongGpsd.WELCOME, b'{"class":"ERROR","message":"x"}\n'),
        (*WrongGpsd.WELCOME, poll(active=1, tpv=[{"mode": "3"}], sky=[{}])),
        (*WrongGpsd.WELCOME, poll(active=1, tpv=[TPV | {"lat": "north"}], sky=[{}])),
        (*WrongGpsd.WELCOME, poll(active=1, tpv=[TPV | {"lat": None}], sky=[{}])),
    ],
)
def test_rubbish_in_gpsds_place_is_no_fix_and_no_exception(lines):
    assert isinstance(ask(*lines), NoFix)


def test_nobody_listening_is_no_gpsd():
    gps = Gps("127.0.0.1", 9, lambda _: None, time.monotonic)
    assert gps.ask() == NoFix(NoFixReason.NO_GPSD)


def test_no_position_shows_in_a_repr():
    assert "1.5" not in repr(Fix(1.5, 2.5, 3.0, 4.0))
