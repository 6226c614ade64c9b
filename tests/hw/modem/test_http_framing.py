"""HTTP over a stream of bytes: whole answers, or a clean refusal."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.hw.modem.http import BODY_MOST, Answer, BadAnswer, HttpStream

RECEIPT = b"\x01" + bytes(range(16))
GOOD = b"HTTP/1.1 201 Created\r\nContent-Length: 17\r\n\r\n" + RECEIPT


def asked() -> HttpStream:
    stream = HttpStream("hq.example", 8000)
    stream.request(b"sealed")
    return stream


def test_the_request_is_exactly_these_bytes() -> None:
    assert HttpStream("hq.example", 8000).request(b"sealed\r\n\x00\xff") == (
        b"POST /v1/reports HTTP/1.1\r\nHost: hq.example:8000\r\n"
        b"Content-Type: application/octet-stream\r\nContent-Length: 10\r\n\r\nsealed\r\n\x00\xff"
    )


def test_the_usual_port_is_not_named() -> None:
    assert b"\r\nHost: hq.example\r\n" in HttpStream("hq.example", 80).request(b"x")


@given(st.lists(st.integers(1, len(GOOD) - 1), max_size=8))
def test_an_answer_in_pieces_is_whole_at_its_last_byte(cuts: list[int]) -> None:
    stream = asked()
    marks = [0, *sorted(set(cuts)), len(GOOD)]
    *early, last = [GOOD[a:b] for a, b in itertools.pairwise(marks)]
    assert [stream.feed(piece) for piece in early] == [None] * len(early)
    answer = stream.feed(last)
    assert answer == Answer(201, RECEIPT, reusable=True)
    assert "x01" not in repr(answer)


def test_a_kept_connection_carries_the_next_request() -> None:
    stream = asked()
    assert stream.feed(GOOD)
    stream.request(b"again")
    assert stream.feed(GOOD) == Answer(201, RECEIPT, reusable=True)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        GOOD.replace(RECEIPT, RECEIPT + b"what nobody asked for"),
    ],
)
def test_a_connection_of_no_more_use_is_said_to_be_so(answer: bytes) -> None:
    got = asked().feed(answer)
    assert got is not None
    assert not got.reusable


def test_an_answer_that_ends_with_the_connection_is_whole_then() -> None:
    stream = asked()
    assert stream.feed(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok") is None
    assert stream.feed(b"") == Answer(200, b"ok", reusable=False)


def test_an_answer_announced_by_continue_is_taken() -> None:
    assert asked().feed(b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00\xff\xfe rubbish\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (BODY_MOST + 1) + bytes(BODY_MOST + 1),
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 9000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 400,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ],
)
def test_rubbish_is_a_clean_refusal(rubbish: bytes) -> None:
    with pytest.raises(BadAnswer):
        asked().feed(rubbish)


@given(st.lists(st.binary(max_size=300), max_size=12))
def test_no_bytes_raise_anything_else(chunks: list[bytes]) -> None:
    for stream in (asked(), HttpStream("hq.example", 80)):
        try:
            for chunk in chunks:
                stream.feed(chunk)
        except BadAnswer:
            continue


@given(st.integers(0, len(GOOD)), st.binary(min_size=1, max_size=8))
def test_a_damaged_answer_raises_nothing_else(at: int, damage: bytes) -> None:
    try:
        asked().feed(GOOD[:at] + damage + GOOD[at + len(damage) :])
    except BadAnswer:
        return


def test_an_answer_before_any_question_is_refused() -> None:
    with pytest.raises(BadAnswer):
        HttpStream("hq.example", 80).feed(GOOD)


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ((b"",), "HQ closed the connection"),
        ((b"HTTP/1.1 200", b""), "HQ closed the connection before its answer's end"),
        ((GOOD[:-3], b""), "HQ closed the connection before its answer's end"),
        ((b"\x15\x03\x01\x00\x02\x02\x46",), "TLS answers, not HTTP"),
        ((b"\x16\x03", b"\x03\x00\x02\x02\x28"), "TLS answers, not HTTP"),
        ((b"220 mail.example ESMTP\r\n",), "the answer is not HTTP, or nobody asked"),
    ],
    ids=["nothing", "half a head", "half a body", "TLS alert", "TLS handshake", "other protocol"],
)
def test_what_answers_in_place_of_hq_is_told_by_its_kind(chunks: tuple[bytes], words: str) -> None:
    stream, said = asked(), ""
    for chunk in chunks:
        try:
            assert stream.feed(chunk) is None
        except BadAnswer as bad:
            said = str(bad)
            break
    assert said == words
