"""A place that came of no satellite is no fix: dead-reckoned, entered by hand, simulated."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from parts import needs_gpsd

from outcry.hw import gps as gps_module
from outcry.hw.board.receiver.receiver import Receiver, framed
from outcry.hw.gps import AGE_UNKNOWN, FRESH_S, Fix, Gps, NoFix, NoFixReason
from simulation.gpsd_stand_in import GpsdStandIn, polled, said
from stage.stage import Stage

GUESSED = (5, 7, 8)  # gpsd's TPV.status: by dead reckoning, by hand, by a simulator
NO_FIX = NoFix(NoFixReason.NO_SATELLITES)


@pytest.fixture
def ask():
    """Ask an adapter that finds this told: a place for each receiver, ``after_s`` seconds later."""
    now, told, heard = [1000.0], [], [b""]
    gpsd = GpsdStandIn(lambda asked: polled(asked, told, {}), lambda _: heard[0])
    gps = Gps("127.0.0.1", gpsd.port, lambda _: None, lambda: now[0])

    def asked(*tpv, sentences=b"", after_s=1.0):
        now[0] += after_s
        told[:], heard[0] = tpv, sentences
        answer = gps.ask()
        return now[0] - answer.taken_at if isinstance(answer, Fix) else answer

    asked.gps = gps
    yield asked
    gps.disconnect()
    gpsd.close()


def tpv(second, lat=None, **fields):
    when = f"2026-11-22T12:00:{second:02}.000Z"
    lat = 1.5 + second / 1000 if lat is None else lat
    return {"device": "/dev/ttyS0", "mode": 3, "lat": lat, "lon": 2.5, "time": when} | fields


@pytest.mark.parametrize("status", GUESSED)
def test_a_guess_is_no_fix_and_tells_no_time(ask, status):
    for second in range(5):
        assert ask(tpv(second, status=status)) == NO_FIX
    assert ask.gps.zero is None
    assert ask(tpv(6, status=1)) == 1.0, "the sky is back"


@pytest.mark.parametrize("status", [1, 2, 3, 4, 6, 9, None, "?"])
def test_a_place_by_satellites_is_a_fix_however_they_were_helped(ask, status):
    assert [ask(tpv(second, status=status)) for second in range(1, 3)] == [-AGE_UNKNOWN, 1.0]


@pytest.mark.parametrize("status", GUESSED)
def test_a_guess_stays_one_when_gpsd_forgets_that_it_is(ask, status):
    true, guess = said(1.5, 2.5), said(1.5, 2.5).replace(b",1,08,", b",6,00,")
    assert ask(tpv(1, 1.5, status=status), sentences=guess) == NO_FIX
    for second in range(2, 5):
        assert ask(tpv(second, 1.5), sentences=guess, after_s=FRESH_S) == -AGE_UNKNOWN
    assert ask(tpv(5, 1.5), sentences=true, after_s=FRESH_S) == 0


@pytest.mark.parametrize("status", GUESSED)
def test_a_receiver_that_guesses_hides_no_other(ask, status):
    for second in range(3):
        exact = tpv(second, status=status, eph=1)
        age_s = ask(exact, tpv(second, device="/dev/ttyUSB0", mode=2, eph=90))
    assert age_s == 1.0


def rmc(mode):
    return f"$GPRMC,120000,A,0130.0,N,00230.0,E,9.0,70.0,221126,,,{mode}*00\r\n".encode()


# Of these letters gpsd 3.22 says nothing


@pytest.mark.parametrize("mode", "MSN")
def test_a_guess_that_the_receiver_alone_tells_is_none_the_less_one(ask, mode):
    for second in range(5):
        assert ask(tpv(second), sentences=rmc(mode) * 4) == NO_FIX
    assert ask.gps.zero is None
    assert ask(tpv(6), sentences=rmc("A")) == NO_FIX, "for it is not heard out again so soon"
    assert ask(tpv(7), sentences=rmc("A"), after_s=FRESH_S) == FRESH_S, "the sky is back"


def test_a_receiver_on_the_move_that_begins_to_guess_is_found_out_in_time(ask):
    told = [ask(tpv(second), sentences=rmc("A"), after_s=FRESH_S + 1) for second in range(3)]
    assert told == [-AGE_UNKNOWN, FRESH_S + 1, FRESH_S + 1]
    assert ask(tpv(4), sentences=rmc("S"), after_s=FRESH_S + 1) == NO_FIX


def test_a_receiver_that_lost_its_place_is_heard_out_when_it_has_one_again(ask):
    ask(tpv(0), sentences=rmc("A"))
    assert ask({"device": "/dev/ttyS0", "mode": 1}) == NO_FIX
    assert ask(tpv(2), sentences=rmc("S")) == NO_FIX


@pytest.mark.parametrize("sentences", [b"", rmc("N") + said(1.5, 2.5), rmc(""), b"$PUBX\r\n"])
def test_no_satellites_place_is_doubted_for_less(ask, sentences):
    """GGA says that there are satellites, or nobody says that there are none."""
    assert [ask(tpv(n), sentences=sentences) for n in range(2)] == [-AGE_UNKNOWN, 1.0]


ALONE = {  # what a receiver may say and nothing else, of a time, a place and a letter
    "RMC": "GPRMC,{0},A,{1},29.16,70.00,221126,,,{2}",
    "GLL": "GPGLL,{1},{0},A,{2}",
    "GNS": "GNGNS,{0},{1},{2}{2},08,1.1,130.0,20.0,,",
}


def drive(kind, quality, mode):
    """A minute on the move, in sentences that say how the receiver knows its place."""
    receiver, began = Receiver(speed=15.0), datetime(2026, 11, 22, 12, tzinfo=UTC)
    for second in range(60):
        receiver.move(1.0)
        for line in receiver.burst(began + timedelta(seconds=second)).decode().splitlines():
            name, *fields = line[1:].partition("*")[0].split(",")
            if name == "GPGGA":
                fields[5] = quality
            elif name == "GPRMC":
                fields[-1] = mode
            if kind == "all":
                yield framed(",".join((name, *fields)))
            elif name == "GPRMC":
                yield framed(ALONE[kind].format(fields[0], ",".join(fields[2:6]), mode))


@needs_gpsd
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        *(("all", told) for told in ("1A", "2D", "6E", "7M", "8S")),
        *(("RMC", f"0{mode}") for mode in "AEMSN"),
        *(("GLL", f"0{mode}") for mode in "AS"),
        *(("GNS", f"0{mode}") for mode in "AM"),
    ],
)
def test_a_place_is_told_as_the_receiver_knows_it(tmp_path, monkeypatch, kind, told):
    (tmp_path / "drive.nmea").write_bytes(b"".join(drive(kind, *told)))
    answers, answer = [], gps_module._answer
    monkeypatch.setattr(
        gps_module, "_answer", lambda kind: answers.append(answer(kind)) or answers[-1]
    )
    stage = Stage(tmp_path / "stage", ("--receiver", str(tmp_path / "drive.nmea")))
    stage.folder.mkdir(exist_ok=True)

    def of_a_place():
        answers.clear()
        reading = gps.ask()
        return reading if any("lat" in each for said in answers for each in said["tpv"]) else None

    try:
        stage.start_board()
        stage.start_gpsd()
        gps = Gps("127.0.0.1", stage.gpsd_port, lambda _: None, time.monotonic)
        seen = {type(stage.wait("a place", of_a_place, 60)) for _ in range(5)}
        gps.disconnect()
    finally:
        stage.close()
    assert seen == {Fix if told[1] in "AD" else NoFix}
