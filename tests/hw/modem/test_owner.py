"""The owner against the board's SIM800: texts, posts, reports, in simulated time."""

from collections.abc import Callable
from typing import Any

import pytest

from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import (
    Cell,
    Condition,
    DataPath,
    Outcome,
    PostAnswered,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)

ANA = "+447700900201"


def test_a_text_leaves_is_reported_and_stands_on_the_phone(world: Callable[..., Any]) -> None:
    w = world()
    w.modem.send_sms("t1", ANA, "Ana, I am being taken")
    w.run(30)
    assert w.texts(ANA) == ["Ana, I am being taken"]
    assert w.got(SmsOutcome) == [SmsOutcome("t1", Outcome.DONE, (1,), None, "sent")]
    assert w.got(SmsReport) == [SmsReport("t1", True)]


def test_a_post_on_the_kept_connection_is_answered(world: Callable[..., Any]) -> None:
    w = world(timing=Timing())
    w.at(20, lambda: w.modem.post("p1", b"sealed"))
    w.run(30)
    (request,) = w.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /v1/reports HTTP/1.1"
    assert b"Content-Type: application/octet-stream" in head.split(b"\r\n")
    assert body == b"sealed"
    (answered,) = w.got(PostAnswered)
    assert (answered.ref, answered.status, answered.body) == ("p1", 200, bytes(range(17)))
    assert w.got(DataPath)[0] == DataPath(True)


def test_a_received_text_is_handed_on_and_deleted(world: Callable[..., Any]) -> None:
    w = world()
    w.at(5, lambda: w.board.centre.text(ANA, w.sim.number, "are you well? 😀"))
    w.run(10)
    assert [(text.sender, text.text) for text in w.got(SmsReceived)] == [(ANA, "are you well? 😀")]
    assert not w.sim.sms.storage.messages


@pytest.mark.parametrize("warm", [True, False])
def test_it_comes_up_registered_from_any_start(world: Callable[..., Any], warm: bool) -> None:
    w = world(timing=Timing(), warm=warm)
    states = []
    w.at(80, lambda: states.append(w.modem.status()))  # supply and jamming are asked in turn
    w.run(81)
    assert states[0].state is Condition.REGISTERED
    assert states[0].data_up
    assert states[0].battery_mv == 3986
    assert states[0].cell == Cell(1, 1, 0x00E6, 0x7A9F)
