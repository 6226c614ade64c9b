"""The conversation with a scripted modem: any bytes, any pieces, nothing lost, nothing in between."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.hw.modem.errors import ModemReset, ModemSilent, ModemStuck, Stopping
from outcry.hw.modem.events import Outcome
from outcry.hw.modem.lines import SYNC, LineBuffer
from outcry.hw.modem.link import CALL_OFF, Link

URCS = [
    '+CMTI: "SM",3',
    "+CIPRXGET: 1",
    "CLOSED",
    "+PDP: DEACT",
    "+CREG: 5",
    '+CREG: 1,"00E6","7A9F"',
    "CONNECT OK",
    "SMS Ready",
    "+CPIN: READY",
    "UNDER-VOLTAGE WARNNING",
    "+CMGS: 17",
]
SIGNS_OF_A_RESET = [
    b"RDY\r\n",
    SYNC,
    b"\x00" + SYNC + b"\r\nRDY\r\n",
    b"NORMAL POWER DOWN\r\n",
    b"UNDER-VOLTAGE POWER DOWN\r\n",
    b"+CPIN: NOT READY\r\n",
    b"+CFUN: 1\r\n",
]

noise = st.binary(max_size=40).map(lambda b: bytes(c for c in b if c >= 0x80 or c < 0x0A))
news = st.one_of(st.sampled_from(URCS).map(str.encode), noise)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    marks = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[a:b] for a, b in pairwise(marks) if a != b]


@given(st.lists(news, max_size=6), st.lists(news, max_size=6), st.lists(st.integers(0, 4000)))
def test_news_inside_an_answer_is_kept_in_order_and_the_answer_is_whole(
    ports: Any, before: list[bytes], within: list[bytes], cuts: list[int]
) -> None:
    port = ports()
    link = port.link()
    lines = [*before, b"+CSQ: 17,0", *within, b"OK"]
    port.answers = [pieces(b"".join(b"\r\n" + line + b"\r\n" for line in lines), cuts)]
    reply = link.command("AT+CSQ")
    assert reply.outcome is Outcome.DONE
    assert reply.value("+CSQ") == "17,0"
    said = [line.decode("latin-1") for line in [*before, *within]]
    assert [urc.text for urc in link.urcs] == [line for line in said if line in URCS]


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_no_bytes_whatever_keep_a_command_from_ending(ports: Any, chunks: list[bytes]) -> None:
    port = ports()
    link = port.link()
    port.answers = [chunks]
    try:
        link.command("AT+CSQ", 5.0)
    except ModemReset:
        assert any(word in b"".join(chunks) for word in (SYNC, b"RDY", b"DOWN", b"+C", b"AT+CSQ"))
    assert port.now < 60


@given(st.binary(max_size=1460), st.lists(st.integers(0, 4000)))
def test_counted_bytes_come_through_whatever_they_are(
    ports: Any, data: bytes, cuts: list[int]
) -> None:
    port = ports()
    link = port.link()
    head = f"\r\n+CIPRXGET: 2,{len(data)},0\r\n".encode()
    port.answers = [pieces(head + data + b"\r\nOK\r\n", cuts)]
    reply = link.command("AT+CIPRXGET=2,1460", counted=r"\+CIPRXGET: 2,(\d+),\d+")
    assert reply.done
    assert reply.data == data


@pytest.mark.parametrize("sign", SIGNS_OF_A_RESET)
def test_a_restart_in_the_middle_of_an_answer_is_noticed(port: Any, sign: bytes) -> None:
    link = port.link()
    port.answers = [[b"\r\n+CSQ: 17,0\r\n", sign]]
    with pytest.raises(ModemReset):
        link.command("AT+CSQ")


def test_an_echo_that_is_back_is_a_restart(port: Any) -> None:
    link = port.link()
    port.answers = [[b"\r\nOK\r\n"], [b"AT+CSQ\r\r\n+CSQ: 0,0\r\n\r\nOK\r\n"]]
    link.command("AT+CMEE=1")
    with pytest.raises(ModemReset, match="echo"):
        link.command("AT+CSQ")


def test_an_echo_that_cannot_be_switched_off_is_borne(port: Any) -> None:
    link = port.link()
    port.answers = [
        [b"AT+CSQ\r\r\n+CSQ: 0,0\r\n\r\nOK\r\n"],
        [b"AT+CBC\r\r\n+CBC: 0,83,3986\r\n\r\nOK\r\n"],
    ]
    assert link.command("AT+CSQ").value("+CSQ") == "0,0"
    assert link.command("AT+CBC").lines == ("+CBC: 0,83,3986",)


def test_an_echo_is_borne_where_it_is_expected(port: Any) -> None:
    link = port.link()
    link.echo_expected = True
    port.answers = [[b"AT+CREG?\r\r\n+CREG: 1,5\r\n\r\nOK\r\n"]]
    reply = link.command("AT+CREG?")
    assert (reply.done, reply.value("+CREG"), len(reply.lines)) == (True, "1,5", 1)


@pytest.mark.parametrize(
    ("command", "asked", "line"),
    [("AT+CPIN?", "+CPIN: ", "+CPIN: SIM PIN"), ("AT+CFUN?", "+CFUN: ", "+CFUN: 1")],
)
def test_the_running_command_decides_between_answer_and_news(
    port: Any, command: str, asked: str, line: str
) -> None:
    link = port.link()
    port.answers = [[f"\r\n{line}\r\n\r\nOK\r\n".encode()]]
    assert link.command(command, asked=asked).lines == (line,)
    assert not link.urcs


def test_a_lost_sim_is_no_answer_to_the_question_after_it(port: Any) -> None:
    link = port.link()
    port.answers = [[b"\r\n+CPIN: NOT READY\r\n\r\n+CPIN: READY\r\n\r\nOK\r\n"]]
    assert link.command("AT+CPIN?", asked="+CPIN: ").value("+CPIN") == "READY"
    assert [urc.text for urc in link.urcs] == ["+CPIN: NOT READY"]


def test_a_report_whose_pdu_comes_late_is_kept_whole(port: Any) -> None:
    link = port.link()
    port.answers = [[b"\r\n+CSQ: 9,0\r\n\r\n+CDS: 25\r\n", b"06AB", b"CD\r\n", b"\r\nOK\r\n"]]
    assert link.command("AT+CSQ").value("+CSQ") == "9,0"
    assert [(urc.text, urc.body) for urc in link.urcs] == [("+CDS: 25", "06ABCD")]


def test_a_report_without_its_pdu_costs_no_other_line(port: Any) -> None:
    link = port.link()
    port.answers = [[b"\r\n+CDS: 25\r\n\r\n+CSQ: 9,0\r\n\r\nOK\r\n"]]
    assert link.command("AT+CSQ").value("+CSQ") == "9,0"
    assert not link.urcs


@pytest.mark.parametrize(
    ("final", "outcome", "code"),
    [
        ("OK", Outcome.DONE, None),
        ("ERROR", Outcome.FAILED, None),
        ("+CMS ERROR: 331", Outcome.FAILED, 331),
        ("+CME ERROR: SIM busy", Outcome.FAILED, None),
        ("OKtoken", Outcome.UNKNOWN, None),
    ],
)
def test_the_last_line_alone_tells_the_outcome(
    port: Any, final: str, outcome: Outcome, code: int | None
) -> None:
    link = port.link()
    port.answers = [[f"\r\n{final}\r\n".encode()]]
    reply = link.command("AT+X")
    assert (reply.outcome, reply.code) == (outcome, code)


def test_a_missing_space_changes_nothing(port: Any) -> None:
    link = port.link()
    port.answers = [[b"\r\n+CIPRXGET:1\r\n\r\n+CREG:2,1\r\n\r\nOK\r\n"]]
    assert link.command("AT+CREG?").value("+CREG") == "2,1"
    assert [urc.text for urc in link.urcs] == ["+CIPRXGET: 1"]


def test_a_late_answer_is_not_taken_for_the_next_command_s(port: Any) -> None:
    link = port.link()
    port.answers = [[]]
    assert link.command("AT+CSQ", 2.0).outcome is Outcome.UNKNOWN
    port.says(b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n")
    port.answers = [[b"\r\nOK\r\n"], [b"\r\n+CBC: 0,83,3986\r\n\r\nOK\r\n"]]
    assert link.command("AT+CBC").lines == ("+CBC: 0,83,3986",)
    assert port.written == [b"AT+CSQ\r", b"AT\r", b"AT+CBC\r"]


def test_a_modem_that_stays_silent_is_called_so(port: Any) -> None:
    link = port.link()
    link.command("AT+CSQ", 2.0)
    with pytest.raises(ModemSilent):
        link.command("AT+CBC")
    assert CALL_OFF in port.written


def test_the_payload_follows_its_prompt_with_nothing_in_between(port: Any) -> None:
    link = port.link()
    given_at: list[int] = []
    port.answers = [[b"\r\n+CREG: 5\r\n\r\n", b">", b" "], [b"\r\n+CMGS: 7\r\n\r\nOK\r\n"]]
    reply = link.with_prompt(
        "AT+CMGS=18",
        b"00AA\x1a",
        lambda: given_at.append(len(port.written)),
        prompt_limit_s=5,
        limit_s=65,
        asked="+CMGS: ",
    )
    assert (reply.done, reply.value("+CMGS")) == (True, "7")
    assert port.written == [b"AT+CMGS=18\r", b"00AA\x1a"]
    assert given_at == [1]


def test_a_prompt_that_does_not_come_is_called_off_with_escape(port: Any) -> None:
    link = port.link()
    given: list[bool] = []
    reply = link.with_prompt(
        "AT+CMGS=18", b"00AA\x1a", lambda: given.append(True), prompt_limit_s=5, limit_s=65
    )
    assert reply.outcome is Outcome.UNKNOWN
    assert port.written == [b"AT+CMGS=18\r", CALL_OFF]
    assert not given


def test_a_prompt_lost_while_bytes_are_counted_is_filled_up(port: Any) -> None:
    link = port.link()
    link.with_prompt(
        "AT+CIPSEND=9", b"POST / x\n", lambda: None, prompt_limit_s=3, limit_s=5, counted=True
    )
    assert port.written == [b"AT+CIPSEND=9\r", b"\r" * 9]


@pytest.mark.parametrize("instead", ["ERROR", "+CMS ERROR: 302", "CLOSED", "+PDP: DEACT"])
def test_what_comes_instead_of_the_prompt_ends_the_wait(port: Any, instead: str) -> None:
    link = port.link()
    port.answers = [[f"\r\n{instead}\r\n".encode()]]
    reply = link.with_prompt(
        "AT+CIPSEND=4",
        b"body",
        lambda: None,
        prompt_limit_s=5,
        limit_s=5,
        instead=r"CLOSED|\+PDP: DEACT",
    )
    assert reply.final == instead
    assert port.written == [b"AT+CIPSEND=4\r"]


def test_an_endless_command_is_given_up_once_somebody_is_in_need(ports: Any) -> None:
    port = ports()
    port.link()
    link = Link(port, lambda: port.now, lambda: None, lambda: False, lambda began: 100.0)
    port.now = 90.0
    port.answers = [[b"\r\nOK\r\n"]]
    link.attention(1)
    with pytest.raises(ModemStuck):
        link.command("AT+CIPSHUT", 65.0, patience_s=5.0)
    assert port.now == pytest.approx(105.0)


def test_a_wait_shows_signs_of_life_and_ends_when_told_to_stop(ports: Any) -> None:
    port = ports()
    beats: list[float] = []
    link = Link(
        port,
        lambda: port.now,
        lambda: beats.append(port.now),
        lambda: port.now > 30,
        lambda _: None,
    )
    port.answers = [[b"\r\nOK\r\n"]]
    link.attention(1)
    with pytest.raises(Stopping):
        link.command("AT+CMGS=1", 65.0)
    assert max(b - a for a, b in pairwise(beats)) < 3.01
    assert port.now < 36


@given(st.binary(max_size=6000))
def test_a_line_without_an_end_takes_no_memory(data: bytes) -> None:
    buffer = LineBuffer()
    for _ in range(3):
        buffer.feed(data.replace(b"\n", b""))
        while buffer.line() is not None:
            pass
    assert buffer.raw(1100) is None


@pytest.mark.parametrize(("answer", "unheard"), [(b"0\r", 0), (b"", 2)], ids=["numbers", "nothing"])
def test_a_modem_whose_profile_answers_otherwise_is_told_to_answer_in_words(
    ports: Any, answer: bytes, unheard: int
) -> None:
    """Somebody's ATV0 or ATQ1, kept by AT&W, comes back with each restart (manual p.31, 36)."""
    port = ports()
    link = port.link()
    # To AT, to what calls it off, and so on, then to what is said instead.
    port.answers = [[answer], []] * (1 + unheard) + [[b"\r\nOK\r\n"]]
    link.attention(5, told_silent=True)
    assert port.written[-1] == b"ATQ0V1\r"
    assert link.in_step
