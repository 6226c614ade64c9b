"""The receiver's sentences, and what the real gpsd makes of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from outcry.hw.board.receiver.receiver import STATES, Receiver, framed
from outcry.hw.board.receiver.recording import recorded

MOMENT = datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC)


def sentences(receiver: Receiver) -> dict[str, list[str]]:
    """The last sentence of each kind, by its kind, as fields."""
    found = {}
    for line in receiver.burst(MOMENT).decode("ascii").split("\r\n"):
        if line:
            body, checksum = line[1:].split("*")
            assert framed(body) == (line + "\r\n").encode()
            assert len(checksum) == 2
            assert len(line) <= 80  # NMEA 0183 allows 82 with its line end
            found[body[:5]] = body.split(",")
    return found


def test_a_fix_says_where_and_when() -> None:
    said = sentences(Receiver(43.3178, 45.6949))
    assert said["GPGGA"][1:7] == ["123456.00", "4319.0680", "N", "04541.6940", "E", "1"]
    assert said["GPRMC"][2] == "A"
    assert said["GPRMC"][9] == "221126"
    assert said["GPGSA"][2] == "3"


def test_south_and_west_are_letters_not_signs() -> None:
    said = sentences(Receiver(-0.5, -70.25))
    assert said["GPGGA"][2:6] == ["0030.0000", "S", "07015.0000", "W"]


def test_minutes_never_round_up_to_sixty() -> None:
    assert sentences(Receiver(43.9999999, 0.0))["GPGGA"][2] == "4400.0000"


def test_without_a_fix_there_is_no_position_at_all() -> None:
    said = sentences(Receiver(state="off"))
    assert said["GPGGA"][2:7] == ["", "", "", "", "0"]
    assert said["GPRMC"][2:7] == ["V", "", "", "", ""]
    assert said["GPGSA"][2] == "1"


def test_few_satellites_give_two_dimensions() -> None:
    said = sentences(Receiver(state="few"))
    assert (said["GPGSA"][2], said["GPGGA"][7], said["GPGGA"][9]) == ("2", "03", "")


def test_a_rolled_over_receiver_is_years_off_and_otherwise_right() -> None:
    said = sentences(Receiver(43.3178, 45.6949, state="rollover"))
    assert said["GPRMC"][9] == "230887"
    assert said["GPGGA"][1:3] == ["123456.00", "4319.0680"]


def test_a_silent_receiver_says_nothing() -> None:
    assert Receiver(state="silent").burst(MOMENT) == b""


def test_walking_north_east_moves_by_that_many_metres() -> None:
    receiver = Receiver(0.0, 0.0, speed=100.0, course=90.0)
    receiver.move(1113.2)
    assert receiver.longitude == pytest.approx(1.0, abs=0.001)
    assert receiver.latitude == pytest.approx(0.0, abs=0.001)


def test_every_state_can_be_said_anywhere() -> None:
    for state in STATES:
        for position in ((90.0, 180.0), (-90.0, -180.0), (0.0, 0.0)):
            Receiver(*position, state=state).burst(MOMENT)


def test_a_recording_plays_second_by_second_without_its_comments(tmp_path: Path) -> None:
    path = tmp_path / "walk.log"
    path.write_bytes(b"# Name: X\r\n$GPGGA,1*00\r\n$GPRMC,1*00\r\n# note\r\n$GPGGA,2*00\r\n")
    recording = recorded(path)
    first = b"$GPGGA,1*00\r\n$GPRMC,1*00\r\n"
    assert [next(recording) for _ in range(3)] == [first, b"$GPGGA,2*00\r\n", first]


def test_a_binary_recording_loses_only_its_head(tmp_path: Path) -> None:
    path = tmp_path / "sirf.log"
    path.write_bytes(b"# Name: X\n#\n\xa0\xa2# \n#\xb0\xb3")
    assert next(recorded(path)) == b"\xa0\xa2# \n#\xb0\xb3"


def test_an_empty_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.log"
    path.write_bytes(b"# nothing\n")
    with pytest.raises(ValueError, match="nothing in it"):
        recorded(path)
