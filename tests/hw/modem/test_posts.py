"""Posts over the modem's own TCP: kept, reopened, given up; texts never wait for them."""

import itertools
from typing import Any

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import DataPath, Outcome, PostAnswered, PostFailed, SmsOutcome
from outcry.hw.modem.posts import BACKOFF_S

ANA = "+447700900201"
PRESS = 300.0  # long after the connection was last used: it is old


def fates(w: Any) -> list[str]:
    return [type(e).__name__ for e in w.events if isinstance(e, PostAnswered | PostFailed)]


def pressed(w: Any, seconds: float = PRESS) -> None:
    def press() -> None:
        w.modem.set_urgent(True)
        w.modem.post("p1", b"sealed")

    w.at(seconds, press)


def test_the_commands_that_connect_are_exactly_these(world: Any) -> None:
    w = world(apn="internet", apn_user="web", apn_password="web")
    w.run(5)
    said = [data for _, data in w.written if data.startswith(b"AT+CI")]
    assert said == [
        b"AT+CIPSTATUS\r",
        b"AT+CIPMUX=0\r",
        b"AT+CIPMODE=0\r",
        b"AT+CIPSPRT=1\r",
        b"AT+CIPQSEND=1\r",
        b"AT+CIPRXGET=1\r",
        b'AT+CIPCSGP=1,"internet","web","web"\r',
        b'AT+CIPSTART="TCP","192.0.2.1","8000"\r',
    ]


def test_an_earlier_owner_s_settings_do_not_keep_a_post_back(world: Any) -> None:
    """Without its prompt, which that one had switched off, nothing is ever taken to be sent."""
    w = world()
    w.sim.feed(b"AT+CIPSPRT=0\r", w.now)
    w.board.advance(w.now + 1)
    w.sim.output(w.now + 1)
    w.at(10, lambda: w.modem.post("p1", b"sealed"))
    w.run(20)
    assert fates(w) == ["PostAnswered"]


SETTLED = [
    b"AT+CIPMUX",
    b"AT+CIPMODE",
    b"AT+CIPSPRT",
    b"AT+CIPQSEND",
    b"AT+CIPRXGET",
    b"AT+CIPCSGP",
]


def searching(w: Any, until: float) -> list[bytes]:
    """The commands about the connection that were said before there was a network."""
    w.sim.set_network(False, w.now)
    found_at = w.now + until
    w.at(until, lambda: w.sim.set_network(True, w.now))
    w.at(until + 20, lambda: w.modem.post("p1", b"sealed"))
    w.run(until + 25)
    names = [(t, data.partition(b"=")[0].rstrip(b"\r")) for t, data in w.written]
    return [name for t, name in names if t < found_at and name.startswith(b"AT+CIP")]


def test_what_a_connection_needs_is_said_while_there_is_no_network_yet(world: Any) -> None:
    w = world()
    assert searching(w, 10) == [b"AT+CIPSTATUS", *SETTLED]
    assert fates(w) == ["PostAnswered"]
    assert len(w.said("AT+CIPMUX")) == 1


@pytest.mark.parametrize("command", ["+CIPSTATUS", "+CIPQSEND", "+CIPCSGP"])
def test_what_is_refused_without_a_network_is_said_again_with_one(world: Any, command: str) -> None:
    w = world()
    w.sim.faults.on(command, Fault(Kind.ERROR))
    before = searching(w, 10)
    assert before.count(b"AT" + command.encode()) == 1
    assert len(w.said(f"AT{command}")) == 2
    assert fates(w) == ["PostAnswered"]


def test_nothing_that_can_hold_the_port_is_used_to_connect(world: Any) -> None:
    w = world(timing=Timing())
    pressed(w)
    w.run(PRESS + 30)
    assert fates(w) == ["PostAnswered"]
    for slow in ("AT+CIICR", "AT+CGATT", "AT+SAPBR", "AT+CSTT", "AT+CIPSHUT"):
        assert not w.said(slow)


def test_a_post_is_written_and_read_with_exactly_these_commands(world: Any) -> None:
    w = world()
    w.at(10, lambda: w.written.clear())
    w.at(10, lambda: w.modem.post("p1", b"sealed"))
    w.run(11)
    (_, send), (_, request), (_, fetch) = w.written
    assert send == b"AT+CIPSEND=%d\r" % len(request)
    assert request.endswith(b"\r\n\r\nsealed")
    assert fetch == b"AT+CIPRXGET=2,1460\r"


def test_a_warm_post_is_answered_within_two_seconds_of_simulated_network(world: Any) -> None:
    w = world(timing=Timing())
    pressed(w)
    w.run(PRESS + 30)
    (answered,) = [t for t, e in w.stamped if isinstance(e, PostAnswered)]
    assert answered - 1000 - PRESS < 2.0


def test_posts_follow_each_other_over_one_connection(world: Any) -> None:
    w = world(timing=Timing())
    for number in range(4):
        w.at(20, lambda n=number: w.modem.post(f"p{n}", b"x" * (200 + n)))
    w.run(60)
    assert [e.ref for e in w.got(PostAnswered)] == ["p0", "p1", "p2", "p3"]
    assert len(w.said("AT+CIPSTART")) == 1


def test_a_long_body_is_handed_over_in_pieces(world: Any) -> None:
    w = world()
    w.at(10, lambda: w.modem.post("p1", bytes(range(256)) * 12))
    w.run(20)
    assert w.requests[0].endswith(bytes(range(256)) * 12)
    assert len(w.said("AT+CIPSEND")) == 4


@pytest.mark.parametrize("how", ["silent", "rubbish"])
@pytest.mark.parametrize("strict", [True, False])
def test_an_old_connection_that_fails_is_opened_once_more(
    world: Any, how: Any, strict: bool
) -> None:
    w = world(timing=Timing(), options=Options(restarts_after_close=not strict))
    w.at(PRESS - 50, lambda: w.sim.set_gprs(how, w.now, old_only=True))
    pressed(w)
    w.run(PRESS + 30)
    assert fates(w) == ["PostAnswered"]
    (answered,) = [t for t, e in w.stamped if isinstance(e, PostAnswered)]
    assert answered - 1000 - PRESS < 8.0
    assert DataPath(False) not in w.events[: w.events.index(w.got(PostAnswered)[0])]


@pytest.mark.parametrize("how", ["dead", "refused", "connecting", "silent", "rubbish"])
def test_a_text_never_waits_for_a_data_path_that_fails(world: Any, how: Any) -> None:
    w = world(timing=Timing())
    w.at(PRESS - 40, lambda: w.sim.set_gprs(how, w.now))
    w.at(PRESS - 39, lambda: w.sim.tcp.deactivate())
    pressed(w)
    w.at(PRESS + 12, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(PRESS + 40)
    (begun,) = w.said("AT+CMGS")
    assert begun - 1000 - PRESS < 12.3
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]
    assert "PostFailed" in fates(w)


@pytest.mark.parametrize("how", ["dead", "refused", "connecting"])
def test_a_post_that_cannot_go_fails_and_the_path_is_said_to_be_down(world: Any, how: Any) -> None:
    w = world(timing=Timing())
    w.at(100, lambda: w.sim.set_gprs(how, w.now))
    w.at(101, lambda: w.sim.tcp.deactivate())
    w.at(200, lambda: w.modem.post("p1", b"sealed"))
    w.run(200 + 65)
    assert fates(w) == ["PostFailed"]
    assert w.got(DataPath)[:2] == [DataPath(True), DataPath(False)]


def test_text_and_post_together_without_a_connection_send_the_text_first(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.set_gprs("connecting", w.now)

    def both() -> None:
        w.modem.set_urgent(True)
        w.modem.post("p1", b"sealed")
        w.modem.send_sms("t1", ANA, "help")

    w.at(100, both)
    w.run(160)
    first = next(data for t, data in w.written if t >= 1100)
    assert first.startswith(b"AT+CMGS")


def test_no_poll_is_left_to_go_before_a_text(world: Any) -> None:
    """A round of questions is under way when the text comes."""
    w = world(timing=Timing())

    def amid_a_round() -> None:
        if any(t > 1030 for t in w.said("AT+CREG?")):
            w.modem.send_sms("t1", ANA, "help")
            came.append(w.now)
        else:
            w.at(0.01, amid_a_round)

    came: list[float] = []
    w.at(30, amid_a_round)
    w.run(60)
    after = [data for t, data in w.written if t > came[0]]
    assert after[0].startswith(b"AT+CMGS")


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_connection_made_while_all_texts_are_refused_has_its_answer_before_it_is_shut(
    world: Any, seed: int
) -> None:
    """An alarm from power-on whose texts are refused and come again, whose report is asked for anew."""
    w = world(timing=Timing(), warm=False, seed=seed, power_wire=True)
    w.sim.set_sms_refusal(332, w.now)
    keeps = w.on_event

    def on_event(event: Any) -> None:
        keeps(event)
        if event == DataPath(True):
            w.modem.post("p1", b"sealed")
        elif isinstance(event, SmsOutcome):
            w.modem.send_sms(event.ref, f"+4477009002{event.ref[1:]}", "help")

    w.on_event = on_event
    w.modem.set_urgent(True)
    for number in range(10, 14):
        w.modem.send_sms(f"t{number}", f"+4477009002{number}", "help")
    w.run(60)
    connected = [t for t, e in w.stamped if e == DataPath(True)]
    answered = [t for t, e in w.stamped if isinstance(e, PostAnswered)]
    assert answered
    assert answered[0] - connected[0] < 3.5


def test_a_report_goes_out_over_a_new_connection_before_the_next_text(world: Any) -> None:
    """Whoever posts is told of the connection, and hands it over a moment later."""
    w = world(timing=Timing(), warm=False)
    keeps = w.on_event

    def on_event(event: Any) -> None:
        keeps(event)
        if event == DataPath(True):
            w.at(0.05, lambda: w.modem.post("p1", b"sealed"))

    w.on_event = on_event
    w.modem.set_urgent(True)
    for number in range(6):
        w.modem.send_sms(f"t{number}", ANA, f"help {number}")
    w.run(60)
    (connected,) = [t for t, e in w.stamped if e == DataPath(True)]
    assert w.said("AT+CIPSEND")[0] < min(t for t in w.said("AT+CMGS") if t >= connected)


def test_the_connection_is_sought_between_two_texts(world: Any) -> None:
    w = world(timing=Timing(), warm=False)
    for number in range(3):
        w.modem.send_sms(f"t{number}", ANA, "help")
    w.at(14, lambda: w.modem.post("p1", b"sealed"))
    w.run(60)
    begun = w.said("AT+CMGS")
    assert begun[0] < w.said("AT+CIPSTART")[0] < begun[2]
    assert fates(w) == ["PostAnswered"]


def test_a_modem_that_is_deaf_while_connecting_is_not_made_to_connect_before_a_text(
    world: Any,
) -> None:
    w = world(
        timing=Timing(),
        sms_while_connecting=False,
        options=Options(serves_while_connecting=False),
    )
    w.at(PRESS - 1, lambda: w.sim.set_gprs("dead", w.now))

    def both() -> None:
        w.modem.set_urgent(True)
        w.modem.send_sms("t1", ANA, "help")
        w.modem.post("p1", b"sealed")

    w.at(PRESS - 0.5, both)
    w.run(PRESS + 20)
    (begun,) = w.said("AT+CMGS")
    assert begun - 1000 - PRESS < 0.5


def deaf_while_connecting(world: Any, **more: Any) -> Any:
    return world(
        timing=Timing(),
        sms_while_connecting=False,
        options=Options(serves_while_connecting=False),
        **more,
    )


def test_a_modem_that_is_deaf_while_connecting_does_not_try_without_gprs(world: Any) -> None:
    w = deaf_while_connecting(world)
    w.at(100, lambda: w.sim.set_gprs("dead", w.now))
    w.run(400)
    assert [t for t in w.said("AT+CIPSTART") if t > 1100] == []
    assert len(w.said("AT+CGATT?")) > 2


def test_and_comes_back_by_itself_with_gprs(world: Any) -> None:
    w = deaf_while_connecting(world)
    w.at(100, lambda: w.sim.set_gprs("dead", w.now))
    w.at(300, lambda: w.sim.set_gprs("on", w.now))
    w.run(1500)
    assert [event.up for event in w.got(DataPath)][:3] == [True, False, True]


def test_its_idle_attempts_that_fail_are_rare(world: Any) -> None:
    """Each may hold the line for as long as the modem likes."""
    w = deaf_while_connecting(world, power_wire=True)
    w.at(100, lambda: w.sim.set_gprs("refused", w.now))
    w.at(100, lambda: w.sim.tcp.deactivate())
    w.run(3700)
    tried = [t for t, what, _ in w.seen if what == "tcp-connecting" and t > 1100]
    assert len(tried) <= 8


def test_attempts_that_fail_come_ever_more_rarely(world: Any) -> None:
    w = world()
    w.sim.set_gprs("refused", w.now)
    w.run(250)
    begun = [t for t, what, _ in w.seen if what == "tcp-connecting"]
    gaps = [b - a for a, b in itertools.pairwise(begun)]
    assert gaps[:6] == pytest.approx(BACKOFF_S[:6], abs=1.0)


def test_the_connection_comes_back_by_itself(world: Any) -> None:
    w = world(timing=Timing())
    w.at(100, lambda: w.sim.tcp.deactivate())
    w.run(130)
    assert w.got(DataPath)[:3] == [DataPath(True), DataPath(False), DataPath(True)]


def test_a_post_over_a_connection_hq_has_closed_is_answered(world: Any) -> None:
    w = world(timing=Timing())
    w.answer = w.answer.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    w.at(20, lambda: w.modem.post("p1", b"one"))
    w.at(40, lambda: w.modem.post("p2", b"two"))
    w.run(60)
    assert fates(w) == ["PostAnswered", "PostAnswered"]


def test_an_answer_whose_announcement_is_lost_is_fetched_before_giving_up(world: Any) -> None:
    w = world(timing=Timing())
    pressed(w)

    def swallow() -> None:
        w.sim.output(w.now)

    for tenth in range(5, 20):
        w.at(PRESS + tenth / 10, swallow)
    w.run(PRESS + 30)
    assert fates(w) == ["PostAnswered"]


def test_a_cancelled_post_says_nothing_and_the_next_one_goes(world: Any) -> None:
    w = world(timing=Timing())
    w.at(20, lambda: w.modem.post("p1", b"one"))
    w.at(20.2, lambda: w.modem.cancel_post("p1"))
    w.at(20.3, lambda: w.modem.post("p2", b"two"))
    w.at(20.3, lambda: w.modem.post("p3", b"three"))
    w.at(20.4, lambda: w.modem.cancel_post("p3"))
    w.run(40)
    assert [e.ref for e in w.got(PostAnswered)] == ["p2"]
    assert not w.got(PostFailed)


def test_a_modem_without_a_data_path_refuses_posts_and_opens_nothing(world: Any) -> None:
    w = world(host=None)
    w.at(5, lambda: w.modem.post("p1", b"sealed"))
    w.run(10)
    assert [e.reason for e in w.got(PostFailed)] == ["this modem has no data path"]
    assert not w.said("AT+CIP")


def test_an_endless_answer_is_cut_off(world: Any) -> None:
    w = world()
    w.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + bytes(50_000)
    w.at(10, lambda: w.modem.post("p1", b"sealed"))
    w.run(60)
    assert fates(w) == ["PostFailed"]
    assert len(w.said("AT+CIPRXGET=2")) < 12


def test_a_shut_that_hangs_when_a_text_comes_is_waited_for_five_seconds(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CIPSHUT", Fault(Kind.LATE, seconds=60))
    w.at(100, lambda: w.sim.tcp.deactivate())
    w.at(110, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(180)
    assert w.said("AT+CFUN=1,1")[0] - 1110 == pytest.approx(5.0, abs=0.1)
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]


def test_a_shut_that_hangs_is_cut_short_by_the_power_wire_where_there_is_one(world: Any) -> None:
    w = world(timing=Timing(), power_wire=True)
    w.sim.faults.on("+CIPSHUT", Fault(Kind.LATE, seconds=60))
    w.at(100, lambda: w.sim.tcp.deactivate())
    w.at(110, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(180)
    assert not w.said("AT+CFUN=1,1")
    assert w.said("AT+CMGS")[0] - 1110 < 5 + 15


def test_while_an_alarm_is_open_nothing_slow_comes_before_its_text(world: Any) -> None:
    w = world(timing=Timing())
    w.at(100, lambda: w.modem.set_urgent(True))
    w.at(101, lambda: w.sim.tcp.deactivate())
    w.at(102, lambda: w.modem.post("p1", b"sealed"))
    w.at(106, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(130)
    assert w.said("AT+CMGS")[0] < w.said("AT+CIPSHUT")[0]
    assert fates(w) == ["PostFailed"]
    assert w.got(DataPath)[-2:] == [DataPath(True), DataPath(False)]


def test_a_data_path_that_stays_down_is_dug_at_deeper_while_nobody_waits(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.set_gprs("refused", w.now)
    w.run(1200)
    assert not w.said("AT+CGATT=0"), "without a wire nothing ends that for a press"
    assert w.said("AT+CFUN=1,1")


def test_a_connection_that_broke_since_its_last_answer_is_opened_once_more(world: Any) -> None:
    w = world(timing=Timing())
    w.at(20, lambda: w.modem.post("p1", b"one"))
    w.at(30, lambda: w.sim.set_gprs("silent", w.now, old_only=True))
    w.at(40, lambda: w.modem.post("p2", b"two"))
    w.run(70)
    assert [e.ref for e in w.got(PostAnswered)] == ["p1", "p2"]
    (_, answered) = [t for t, e in w.stamped if isinstance(e, PostAnswered)]
    assert 10 < answered - 1040 < 15


def test_a_fresh_connection_that_fails_is_not_tried_again_for_the_same_post(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.set_gprs("silent", w.now)
    w.at(20, lambda: w.modem.post("p1", b"one"))
    w.run(50)
    (failed,) = [t for t, e in w.stamped if isinstance(e, PostFailed)]
    assert failed - 1020 == pytest.approx(10, abs=0.5)


def test_a_slow_shut_breaks_nothing_off_once_the_text_has_left(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CIPSHUT", Fault(Kind.LATE, seconds=30))
    w.at(20, lambda: w.modem.set_urgent(True))
    w.at(50, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.at(100, lambda: w.sim.tcp.deactivate())
    w.run(180)
    assert not w.said("AT+CFUN=1,1")
    assert w.got(DataPath)[:3] == [DataPath(True), DataPath(False), DataPath(True)]


def test_an_alarm_that_opens_during_a_slow_shut_breaks_it_off(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CIPSHUT", Fault(Kind.LATE, seconds=30))
    w.at(100, lambda: w.sim.tcp.deactivate())
    w.at(110, lambda: w.modem.set_urgent(True))
    w.run(150)
    assert w.said("AT+CFUN=1,1")[0] - 1110 == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize(
    ("urgent", "ends_texts", "after_s", "within_s"),
    [(False, False, 500, 600), (True, False, 30, 40), (True, True, 10, 45)],
    ids=["calm", "in an alarm", "where texts end in nothing"],
)
def test_what_restarts_in_connecting_is_spared_but_for_a_turn_between_texts_in_vain(
    world: Any, urgent: bool, ends_texts: bool, after_s: float, within_s: float
) -> None:
    """Three restarts; with the last one whatever was the cause is over, which nobody can know."""
    w = world(timing=Timing())
    keeps = w.on_event

    def on_event(event: Any) -> None:
        keeps(event)
        if isinstance(event, PostFailed):
            w.at(1.0, lambda: w.modem.post("p1", b"sealed"))

    w.on_event = on_event
    w.at(100, lambda: w.sim.faults.on("+CIPSTART", Fault(Kind.RESET), times=3))
    w.at(100, lambda: w.sim.reset(w.now))

    def press() -> None:
        w.modem.set_urgent(urgent)
        w.modem.post("p1", b"sealed")
        if ends_texts:
            w.sim.faults.on("+CMGS", Fault(Kind.RESET), times=None)
            w.modem.send_sms("t1", ANA, "help")

    w.at(225, press)
    w.run(900)
    boots = [t for t, what, _ in w.seen if what == "boot" and t < 1225]
    assert len(boots) == 4
    (answered,) = [t for t, e in w.stamped if isinstance(e, PostAnswered)]
    assert after_s <= answered - (1225 if ends_texts else boots[-1]) <= within_s + 10
