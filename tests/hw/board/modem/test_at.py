"""Command lines: what is a line, and what is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.hw.board.modem.at import LINE_LIMIT, AtError, Command, LineReader, Refused, commands


def lines(data: bytes) -> list[str]:
    reader = LineReader()
    return [line for byte in data if (line := reader.take(byte)) is not None]


def test_a_line_ends_with_cr_and_lf_is_nothing() -> None:
    assert lines(b"AT\r\nATI\r") == ["AT", "ATI"]


def test_noise_before_at_is_dropped() -> None:
    assert lines(b"\x00\xff0011000C91\x1aAT+CSQ\r") == ["AT+CSQ"]


def test_a_line_without_at_is_no_command() -> None:
    assert lines(b"\r\x1b\rhello\r") == ["", "", ""]


def test_backspace_takes_back() -> None:
    assert lines(b"AT+CSX\x08Q\r") == ["AT+CSQ"]


def test_a_slash_repeats_the_last_line_without_cr() -> None:
    assert lines(b"AT+CSQ\rA/") == ["AT+CSQ", "AT+CSQ"]


def test_a_line_may_be_as_long_as_the_manual_says_and_no_longer() -> None:
    assert lines(b"AT".ljust(LINE_LIMIT, b"x") + b"\r") == ["AT".ljust(LINE_LIMIT, "x")]
    with pytest.raises(Refused):
        lines(b"AT".ljust(LINE_LIMIT + 1, b"x") + b"\r")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("AT", [Command("")]),
        ("ATE0", [Command("E", "run", ("0",))]),
        ("ATE0V1", [Command("E", "run", ("0",)), Command("V", "run", ("1",))]),
        ("AT&W", [Command("&W")]),
        ("at+creg?", [Command("+CREG", "read")]),
        ("AT+CMGF=?", [Command("+CMGF", "test")]),
        ("AT + SAPBR = 1, 1", [Command("+SAPBR", "set", ("1", "1"))]),
        ("AT+CIFSR;E0", [Command("+CIFSR"), Command("E", "run", ("0",))]),
        ("AT+CNMI=2,1,,1", [Command("+CNMI", "set", ("2", "1", "", "1"))]),
        (
            'AT+CIPCSGP=1,"a;b,c d";+CSQ',
            [Command("+CIPCSGP", "set", ("1", "a;b,c d")), Command("+CSQ")],
        ),
        ("AT^CVOICE=?", [Command("^CVOICE", "test")]),
        ("ATS0=1", [Command("S0", "set", ("1",))]),
        ("ATD+447700900201;", [Command("D", "run", ("+447700900201",))]),
    ],
)
def test_a_line_holds_these_commands(line: str, expected: list[Command]) -> None:
    assert commands(line) == expected


def test_more_than_thirty_nine_commands_are_refused() -> None:
    assert len(commands("AT" + ";".join(["+CSQ"] * 39))) == 39
    with pytest.raises(Refused):
        commands("AT" + ";".join(["+CSQ"] * 40))


@given(st.binary(max_size=600))
def test_any_bytes_are_lines_or_refused(data: bytes) -> None:
    reader = LineReader()
    for byte in data + b"\r":
        try:
            line = reader.take(byte)
            if line:
                commands(line)
        except AtError:
            continue
