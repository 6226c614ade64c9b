"""Which sentences tell a place. That gpsd's do is shown in test_gps_and_gpsd.py."""

import socket
import time

import pytest

from outcry.hw import nmea
from simulation.gpsd_stand_in import Server, said

HERE = (43.3178, 45.6949)
PLACE = "4319.0680,N,04541.6940,E"


@pytest.mark.parametrize(
    ("sentence", "tells"),
    [
        (f"$GPRMC,120000.00,A,{PLACE},0.0,70.0,221126,,,A", True),
        (f"$GPRMC,120000.00,V,{PLACE},0.0,70.0,221126,,,N", False),
        ("$GPRMC,120000.00,V,,,,,,,221126,,,N", False),
        (f"$GNGGA,120000.00,{PLACE},1,08,1.1,130.0,M,20.0,M,,", True),
        *(
            (f"$GNGGA,,{PLACE},{quality},00,,,M,,M,,", quality in "123459")
            for quality in "0123456789"
        ),
        *(
            (f"{before},{mode}{after}", mode not in "EMNS")
            for mode in "ADEFMNPRS"
            for before, after in (
                (f"$GPRMC,120000.00,A,{PLACE},0.0,70.0,221126,,E", ""),
                (f"$GNRMC,120000.00,A,{PLACE},0.0,70.0,221126,,", ",V*00"),
                (f"$GPGLL,{PLACE},120000.00,A", ""),
                (f"$GNGLL,{PLACE},120000.00,A", "*00"),
                (f"$GNGNS,120000.00,{PLACE}", "N,08,1.1,130.0,20.0,,"),
                (f"$GNGNS,120000.00,{PLACE}", "E,08,1.1,130.0,20.0,,"),
            )
        ),
        (f"$GPRMC,120000.00,A,{PLACE},0.0,70.0,221126,,E", True),
        (f"$GPRMC,120000.00,A,{PLACE},0.0,70.0,221126,,E*00", True),
        (f"$GPRMC,120000.00,A,{PLACE},0.0,70.0,221126,,,", True),
        (f"$GPGLL,{PLACE},120000.00,A,", True),
        (f"$GPGGA,120000.00,{PLACE},0,00,,,M,,M,,", False),
        ("$GPGGA,120000.00,,,,,0,00,,,M,,M,,", False),
        ("$GPGGA,120000.00,,,,,1,00,,,M,,M,,", False),
        (f"$GPGLL,{PLACE},120000.00,A,A", True),
        (f"$GPGLL,{PLACE},120000.00,A", True),
        (f"$GPGLL,{PLACE},120000.00,V,N", False),
        (f"$GNGNS,120000.00,{PLACE},NA,08,1.1,130.0,20.0,,", True),
        (f"$GNGNS,120000.00,{PLACE},NN,08,1.1,130.0,20.0,,", False),
        ("$GPZDA,120000.00,22,11,2026,00,00", False),
        ("$GPVTG,70.0,T,,M,0.0,N,0.0,K,A", False),
        ("$GPGSA,A,3,05,07,13,15,,,,,,,,,1.9,1.1,1.9", False),
        (f"$GPGGA,120000.00,{PLACE}", False),
        ("$GPGGA,120000.00,x,N,y,E,1,08", False),
        ("", False),
    ],
)
def test_a_sentence_tells_a_place_only_if_it_says_so_itself(sentence, tells):
    told = list(nmea.places(f"{sentence}\r\n".encode()))
    assert told == ([pytest.approx(HERE, abs=1e-6)] if tells else [])


@pytest.mark.parametrize(
    "sentence",
    [f"$GPRMC,120000.00,A,{PLACE},0.0,70.0,221126,,,E*00", f"$GPGLL,{PLACE},120000.00,A,E*00"],
)
def test_half_a_sentence_does_not_hide_that_its_place_is_a_guess(sentence):
    for end in range(len(sentence)):
        assert not list(nmea.places(sentence[:end].encode()))


RMC, GLL = f"$GPRMC,1,A,{PLACE},0.0,70.0,221126,,E", f"$GPGLL,{PLACE},1,A"
GNS, GGA = f"$GNGNS,1,{PLACE}", f"$GNGGA,1,{PLACE},1,08,1.1,130.0,M,20.0,M,,"


@pytest.mark.parametrize(
    ("burst", "guessed"),
    [
        *(([f"{RMC},{mode}"], mode in "EMSN") for mode in "ACDEFMNPRSU"),
        *(([f"{RMC},{mode},V"], mode in "EMSN") for mode in "AMS"),
        *(([f"{GLL},{mode}"], mode in "EMS") for mode in "AEMS"),
        *(([f"{GNS},{mode},8,1,1,2,,"], "A" not in mode) for mode in ("A", "EA", "NM", "SS", "AN")),
        ([RMC], False),
        ([f"{RMC},N", GGA], False),
        ([f"{GLL},S", f"{RMC},S", f"{GNS},S,8,1,1,2,,", GGA], False),
        ([f"{GLL},S", f"{RMC},S", "$GPZDA,1"], True),
        ([f"$GPRMC,1,V,{PLACE},0.0,70.0,221126,,,N"], False),
        (["$GPZDA,1", "$GPVTG,70.0,T,,M,0.0,N,0.0,K,N"], False),
        ([], False),
    ],
)
def test_a_receiver_guesses_if_no_sentence_of_a_burst_tells_of_satellites(burst, guessed):
    lines = [f"{line}*00\r\n".encode() for line in burst]
    assert nmea.guesses(iter(lines * 3)) is guessed
    assert nmea.guesses(iter(lines)) is guessed, "though nothing more is said"


@pytest.mark.parametrize("place", [HERE, (-43.3, 45.7), (43.3, -45.7), (-0.5, -179.99999), (0, 0)])
def test_each_quarter_of_the_globe_is_told(place):
    assert list(nmea.places(said(*place))) == [pytest.approx(place, abs=1e-6)]


@pytest.mark.parametrize(
    ("place", "heard"),
    [(HERE, True), ((43.3179, 45.6949), False), ((43.3178, 45.6948), False)],
)
def test_a_sentence_that_comes_in_pieces_is_heard_and_that_of_another_place_is_not(place, heard):
    sentences = b"$GPZDA\r\n" + said(*HERE)

    def byte_by_byte(caller):
        caller.recv(4096)
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in sentences:
            caller.sendall(bytes([byte]))

    gpsd = Server(byte_by_byte)
    until = time.monotonic() + 60
    address = "127.0.0.1", gpsd.port
    assert nmea.says(nmea.heard(address, None, lambda: until - time.monotonic()), place) is heard
    gpsd.close()


def test_where_nobody_listens_nothing_is_said():
    assert not list(nmea.heard(("127.0.0.1", 9), None, lambda: 1.0))
