"""What becomes of a text: done, failed or unknown, and never two of them by mistake."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import Condition, ModemState, Outcome, SmsOutcome, SmsReceived, SmsReport
from outcry.hw.modem.jobs import PostJob, TextJob
from outcry.hw.modem.link import CALL_OFF

ANA, BEN, EVE = "+447700900201", "+447700900202", "+447700900203"


def outcomes(w: Any) -> list[tuple[str, Outcome, int | None]]:
    return [(e.ref, e.outcome, e.code) for e in w.got(SmsOutcome)]


def test_the_bytes_of_a_text_are_exactly_these(world: Any) -> None:
    w = world(host=None)
    w.at(5, lambda: w.written.clear())
    w.at(5, lambda: w.modem.send_sms("t1", ANA, "hello"))
    w.run(6)
    assert [data for _, data in w.written] == [
        b"AT+CMGS=19\r",
        b"0031000C914477000920100000A905E8329BFD06\x1a",
    ]


def test_texts_leave_in_the_order_they_were_queued(world: Any) -> None:
    w = world(timing=Timing())
    for number in range(4):
        w.modem.send_sms(f"t{number}", ANA, f"text {number}")
    w.run(60)
    assert w.texts(ANA) == [f"text {number}" for number in range(4)]


def test_a_long_text_arrives_as_one_and_is_reported_once(world: Any) -> None:
    w = world(timing=Timing())
    long = "Ana is being taken. " * 20
    w.modem.send_sms("t1", ANA, long)
    w.run(60)
    assert w.texts(ANA) == [long]
    (sent,) = w.got(SmsOutcome)
    assert (sent.outcome, sent.references) == (Outcome.DONE, (1, 2, 3))
    assert w.got(SmsReport) == [SmsReport("t1", True)]


@pytest.mark.parametrize("code", [21, 38, 41, 331, 500, 515])
def test_a_refused_text_is_failed_with_its_code(world: Any, code: int) -> None:
    w = world()
    w.sim.set_sms_refusal(code, w.now)
    w.modem.send_sms("t1", ANA, "help")
    w.run(30)
    assert outcomes(w) == [("t1", Outcome.FAILED, code)]
    assert not w.texts(ANA)


def test_the_status_says_that_texts_are_refused_until_one_has_left(world: Any) -> None:
    w = world()
    w.sim.set_sms_refusal(8, w.now)
    w.modem.send_sms("t1", ANA, "help")
    seen = {}

    def look(name: str) -> None:
        status = w.modem.status()
        seen[name] = (status.texts_ready, status.text_refusal)

    w.at(20, lambda: look("refused"))
    w.at(21, lambda: w.sim.set_sms_refusal(None, w.now))
    w.at(22, lambda: w.modem.send_sms("t2", ANA, "help"))
    w.at(40, lambda: look("left"))
    w.run(41)
    assert seen == {"refused": (True, "8"), "left": (True, "")}


@pytest.mark.parametrize("answer", ["ERROR", "+CME ERROR: 30"])
def test_a_refusal_in_other_words_has_no_code(world: Any, answer: str) -> None:
    """30 is another thing among +CMS ERROR's."""
    w = world()
    w.sim.faults.on("+CMGS", Fault(Kind.ERROR, text=answer))
    w.modem.send_sms("t1", ANA, "help")
    w.run(20)
    assert w.modem.status().text_refusal == "?"


@pytest.mark.parametrize(
    ("texts", "in_vain"),
    [
        ([(ANA, 1), (ANA, 27), (ANA, 28)], 3),
        ([(ANA, 1), (ANA, 27), (BEN, 28)], 3),
        ([(ANA, 28), (BEN, 0), (ANA, 28)], 0),
        ([(BEN, 0), (ANA, 28), (BEN, 28), (ANA, 28)], 3),
        ([(ANA, 28), (BEN, 38), (BEN, 38), (ANA, 28)], 4),
        ([(BEN, 0), (ANA, 28), (EVE, 28), (ANA, 28)], 0),
        ([(BEN, 0), (ANA, 28), (EVE, 28), (BEN, 28)], 3),
        ([(BEN, 0), (ANA, 28), (ANA, 38), (ANA, 38)], 0),
        ([(BEN, 0), (BEN, 28), (BEN, 28)], 2),
        ([(BEN, 0), (BEN, 38), (BEN, 38)], 2),
    ],
)
def test_numbers_are_not_all_wrong(world: Any, texts: list[tuple[str, int]], in_vain: int) -> None:
    """But where texts reach no other, none leaves: by a contact's mistake or the network's."""
    w = world(host=None)
    for turn, (number, code) in enumerate(texts):
        at = 20 + 20 * turn
        w.at(at, lambda code=code: w.sim.set_sms_refusal(code or None, w.now))
        w.at(at, lambda at=at, number=number: w.modem.send_sms(f"t{at}", number, "help"))
    assert w.condition_after(25 + 20 * len(texts)).texts_in_vain == in_vain


def test_a_refusal_that_is_foreseen_is_told_from_that_of_a_text(world: Any) -> None:
    w, seen, refused = world(), [], Fault(Kind.ERROR, text="+CMS ERROR: 300")
    w.at(20, lambda: w.sim.faults.on("+CSCA", refused, times=None))
    w.at(250, lambda: w.sim.set_sms_refusal(322, w.now))
    w.at(250, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.at(290, lambda: w.sim.set_sms_refusal(None, w.now))
    w.at(290, lambda: w.modem.send_sms("t2", ANA, "help"))
    for second in (240, 280, 295):
        w.at(second, lambda: seen.append(w.modem.status()))
    w.run(300)
    told = [(status.text_refusal, status.text_foreseen) for status in seen]
    assert told == [("300", True), ("322", False), ("", True)]


def test_words_that_cannot_be_sent_are_no_refusal_of_the_modems(world: Any) -> None:
    w = world()
    w.modem.send_sms("t1", "Ana", "help")
    w.run(20)
    assert outcomes(w) == [("t1", Outcome.FAILED, None)]
    assert w.modem.status().text_refusal == ""


def test_a_centre_that_the_sim_was_given_since_is_known(world: Any) -> None:
    w = world(options=Options(service_centre=""))
    w.modem.send_sms("t1", ANA, "help")
    w.at(60, lambda: w.sim.feed(b'AT+CSCA="+447700900999"\r', w.now))
    w.at(61, lambda: w.sim.output(w.now))
    w.run(1300)
    assert w.modem.status().text_refusal == ""


def test_a_modem_that_was_told_to_text_by_packets_alone_texts_all_the_same(world: Any) -> None:
    """It keeps that for good, and there may be no GPRS."""
    w = world(host=None)
    w.sim.feed(b"AT+CGSMS=0\r", w.now)
    w.at(1, lambda: w.sim.set_gprs("dead", w.now))
    w.at(2, lambda: w.sim.reset(w.now))
    w.at(60, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(90)
    assert outcomes(w) == [("t1", Outcome.DONE, None)]


def test_the_status_says_that_the_modem_does_not_get_ready_for_texts(world: Any) -> None:
    w = world()
    w.sim.faults.on("+CMGF", Fault(Kind.ERROR), times=None)
    w.run(200)
    assert not w.modem.status().texts_ready
    assert w.modem.status().state.registered, "for data alone"


def test_a_modem_that_gets_ready_for_texts_at_last_is_ready(world: Any) -> None:
    w = world()
    w.sim.faults.on("+CMGF", Fault(Kind.ERROR), times=None)
    w.at(200, w.sim.faults.clear)
    w.run(300)
    assert w.modem.status().texts_ready


def test_a_sim_without_a_service_centre_is_told_before_any_text(world: Any) -> None:
    w = world(options=Options(service_centre=""))
    seen = []
    w.at(30, lambda: seen.append(w.modem.status().text_refusal))
    w.at(31, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(60)
    assert seen == ["330"]
    assert outcomes(w) == [("t1", Outcome.FAILED, 330)]


def told(w: Any, *seconds: int) -> list[tuple[bool, str]]:
    """Whether texts are ready and how they are refused, as the status says it at these seconds."""
    seen: list[tuple[bool, str]] = []
    status = w.modem.status
    for second in seconds:
        w.at(second, lambda: seen.append((status().texts_ready, status().text_refusal)))
    return seen


OF_TEXTS = ("+CMGF", "+CMGS", "+CMGL", "+CMGR", "+CNMI", "+CPMS", "+CSCA", "+CMGD", "+CSCS")
SAID = ("+CMS ERROR: 500", "+CME ERROR: 14", "ERROR")
MUTE = [*(Fault(Kind.ERROR, text=text) for text in SAID), Fault(Kind.SILENT)]


@pytest.mark.parametrize("fault", MUTE, ids=lambda fault: fault.text or fault.kind.value)
def test_a_modem_that_serves_no_texts_is_told_within_two_minutes(world: Any, fault: Fault) -> None:
    """However it says so, and it is not asked all the time."""
    w = world()
    w.at(100, lambda: [w.sim.faults.on(name, fault, times=None) for name in OF_TEXTS])
    seen = told(w, *range(100, 820, 120), 890)
    w.at(820, w.sim.faults.clear)
    w.run(891)
    assert [is_ready for is_ready, _ in seen] == [True, *[False] * 5, True]
    looks = w.said("AT+CSCA?")
    assert all(later - earlier > 24 for earlier, later in pairwise(looks[1:]))
    assert len(w.said("AT")) < 350


@pytest.mark.parametrize("fault", MUTE[1:], ids=lambda fault: fault.text or fault.kind.value)
def test_a_modem_that_knows_no_centre_and_takes_pdu_mode_is_ready(world: Any, fault: Fault) -> None:
    """A second opinion in quarantine is none."""
    w = world()
    w.sim.faults.on("+CSCA", fault, times=None)
    w.at(300, lambda: w.sim.faults.on("+CMGF", Fault(Kind.RESET)))
    seen = told(w, *range(60, 660, 10))
    w.at(660, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(700)
    assert set(seen) == {(True, "")}
    assert w.texts(ANA) == ["help"]


def test_one_look_that_is_refused_is_not_told_as_a_text_refused(world: Any) -> None:
    w = world()
    fault = Fault(Kind.ERROR, text="+CMS ERROR: 310")
    w.at(100, lambda: w.sim.faults.on("+CSCA", fault))
    w.at(300, lambda: w.sim.faults.on("+CSCA", fault, times=2))
    seen = told(w, *range(90, 500, 5))
    w.run(500)
    assert set(seen[:40]) == {(True, "")}
    assert set(seen[40:]) == {(True, ""), (False, "310")}, "the second in a row counts"


def test_a_look_that_an_alarm_breaks_off_says_nothing_and_holds_up_nobody(world: Any) -> None:
    w = world(host=None)
    w.sim.faults.on("+CSCA", Fault(Kind.LATE, seconds=3.0), times=None)
    urgent = w.modem.set_urgent
    for step in range(1000):  # pressed at each look
        w.at(step / 5, lambda: urgent(any(w.now - at < 9 for at in w.said("AT+CSCA?"))))
    seen = told(w, 199)
    w.run(200)
    assert len(w.said("AT+CSCA?")) > 3
    assert seen == [(True, "")]
    assert len(w.said("AT+CMGF")) == 1, "no second opinion while an alarm is open"


def test_a_number_that_is_none_fails_and_holds_up_nobody(world: Any) -> None:
    w = world()
    w.modem.send_sms("t1", "Ana", "help")
    w.modem.send_sms("t2", BEN, "help")
    w.run(10)
    assert outcomes(w) == [("t1", Outcome.FAILED, None), ("t2", Outcome.DONE, None)]


def test_a_lost_prompt_is_called_off_and_asked_for_once_more(world: Any) -> None:
    w = world(host=None)
    w.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="prompt"))
    w.modem.send_sms("t1", ANA, "help")
    w.run(30)
    assert outcomes(w) == [("t1", Outcome.DONE, None)]
    assert CALL_OFF in [data for _, data in w.written]
    assert w.texts(ANA) == ["help"]


def test_a_prompt_lost_twice_means_that_nothing_left_and_is_called_off(world: Any) -> None:
    w = world(host=None)
    w.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="prompt"), times=2)
    w.modem.send_sms("t1", ANA, "help")
    w.modem.send_sms("t2", BEN, "help")
    w.run(30)
    assert outcomes(w) == [("t1", Outcome.FAILED, None), ("t2", Outcome.DONE, None)]
    assert CALL_OFF in [data for _, data in w.written]
    assert not w.texts(ANA)


UNREPORTED = replace(Timing.instant(), sms_report=(300.0, 300.0))


def lost_answers(w: Any, times: int) -> list[float]:
    """Several texts of which the first so many get no answer; when each ended."""
    w.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="answer"), times=times)
    for number in range(times + 1):
        w.modem.send_sms(f"t{number}", (ANA, BEN)[number % 2], "help")
    w.run(200)
    return [t - 1000 for t, e in w.stamped if isinstance(e, SmsOutcome)]


def test_a_text_whose_answer_is_lost_is_unknown_and_the_next_waits_20_s_at_most(
    world: Any,
) -> None:
    w = world(timing=UNREPORTED)
    lost, taken = lost_answers(w, 1)
    assert outcomes(w) == [("t0", Outcome.UNKNOWN, None), ("t1", Outcome.DONE, None)]
    assert 15 <= lost <= taken <= 20
    assert w.texts(ANA) == w.texts(BEN) == ["help"]


def test_two_lost_answers_in_a_row_cost_45_s_at_most(world: Any) -> None:
    times = lost_answers(world(timing=UNREPORTED), 2)
    assert len(times) == 3
    assert times[-1] <= 45


def test_a_delivery_report_for_its_number_proves_that_a_text_has_left(world: Any) -> None:
    w = world(timing=replace(Timing.instant(), sms_report=(3.0, 3.0)))
    assert lost_answers(w, 1)[0] <= 20
    assert [(e.ref, e.outcome, e.references) for e in w.got(SmsOutcome)] == [
        ("t0", Outcome.DONE, (1,)),
        ("t1", Outcome.DONE, (2,)),
    ]
    assert w.got(SmsReport) == [SmsReport("t0", True), SmsReport("t1", True)]


def test_a_delivery_report_for_somebody_else_proves_nothing(world: Any) -> None:
    w = world(timing=replace(Timing.instant(), sms_report=(10.0, 10.0)))
    w.modem.send_sms("before", BEN, "help")
    w.at(5, lambda: w.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="text")))
    w.at(5, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(60)
    assert outcomes(w) == [("before", Outcome.DONE, None), ("t1", Outcome.UNKNOWN, None)]
    assert w.got(SmsReport) == [SmsReport("before", True)]


def test_a_delivery_report_that_may_be_an_earlier_text_s_proves_nothing(world: Any) -> None:
    w = world(timing=replace(Timing.instant(), sms_report=(25.0, 25.0)))
    w.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="answer"))
    w.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="text"), skip=1)
    w.modem.send_sms("t1", ANA, "help")
    w.modem.send_sms("t2", ANA, "another")
    w.run(60)
    assert outcomes(w) == [("t1", Outcome.UNKNOWN, None), ("t2", Outcome.UNKNOWN, None)]
    assert w.texts(ANA) == ["help"]


@pytest.mark.parametrize("refused_at", ["", "command", "text"])
def test_a_delivery_report_that_comes_twice_proves_nothing_of_the_next_text(
    world: Any, refused_at: Any
) -> None:
    """A belief: a network repeats a report whose acknowledgement was lost."""
    w = world(timing=replace(Timing.instant(), sms_report=(1.0, 1.0)))
    reports: list[Any] = []
    report = w.sim.sms.report

    def keeps(tpdu: Any) -> None:
        reports.append(tpdu)
        report(tpdu)

    w.sim.sms.report = keeps
    w.modem.send_sms("t1", ANA, "help")
    if refused_at:
        refuses = Fault(Kind.ERROR, stage=refused_at, text="+CMS ERROR: 38")
        w.at(3, lambda: w.sim.faults.on("+CMGS", refuses))
        w.at(3, lambda: w.modem.send_sms("refused", BEN, "help"))
    w.at(5, lambda: w.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="text")))
    w.at(5, lambda: w.modem.send_sms("t2", ANA, "the link"))
    w.at(8, lambda: report(reports[0]))
    w.run(60)
    ended = [each for each in outcomes(w) if each[0] != "refused"]
    assert ended == [("t1", Outcome.DONE, None), ("t2", Outcome.UNKNOWN, None)]
    assert w.got(SmsReport) == [SmsReport("t1", True)]


@pytest.mark.parametrize(("before", "outcome"), [(False, Outcome.DONE), (True, Outcome.UNKNOWN)])
def test_a_first_text_s_report_may_be_of_one_that_left_before_the_daemon_started(
    world: Any, before: bool, outcome: Outcome
) -> None:
    """Networks keep reports for phones that were off, and repeat them."""
    w = world(timing=replace(Timing.instant(), sms_report=(3.0, 3.0)), texted_before=before)
    w.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="answer"))
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert outcomes(w) == [("t1", outcome, None)]


def test_a_report_proves_a_later_text_whatever_was_before(world: Any) -> None:
    w = world(timing=replace(Timing.instant(), sms_report=(3.0, 3.0)), texted_before=True)
    w.modem.send_sms("t1", BEN, "help")
    w.at(10, lambda: w.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="answer")))
    w.at(10, lambda: w.modem.send_sms("t2", ANA, "help"))
    w.run(60)
    assert outcomes(w) == [("t1", Outcome.DONE, None), ("t2", Outcome.DONE, None)]


@pytest.mark.parametrize(("refused", "last"), [(1, 0), (2, 0), (0, 254), (1, 253), (1, 254)])
def test_a_report_proves_a_text_after_refusals_and_zero(
    world: Any, refused: int, last: int
) -> None:
    """The simulated modem gives a refused text no reference, and none is 0."""
    w = world(timing=replace(Timing.instant(), sms_report=(3.0, 3.0)))
    w.sim.sms._reference = last
    w.modem.send_sms("t1", ANA, "help")
    w.at(5, lambda: w.sim.set_sms_refusal(38 if refused else None, w.now))
    for turn in range(refused):
        w.at(5 + turn, lambda: w.modem.send_sms("refused", BEN, "help"))
    w.at(10, lambda: w.sim.set_sms_refusal(None, w.now))
    w.at(10, lambda: w.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="answer")))
    w.at(10, lambda: w.modem.send_sms("t2", ANA, "help"))
    w.run(60)
    assert w.got(SmsReport) == [SmsReport("t1", True), SmsReport("t2", True)]


def test_a_text_whose_reference_got_lost_has_left(world: Any) -> None:
    w = world(host=None)
    w.sim.faults.on("+CMGS", Fault(Kind.ERROR, stage="answer", text="+CMGS: \r\n\r\nOK"))
    w.modem.send_sms("t1", ANA, "help")
    w.run(30)
    assert [(e.outcome, e.references) for e in w.got(SmsOutcome)] == [(Outcome.DONE, ())]


def test_a_text_whose_own_end_got_lost_is_called_off_and_the_modem_is_free(world: Any) -> None:
    w = world(timing=UNREPORTED, host=None)
    feed = w.sim.feed

    def loses(data: bytes, now: float) -> None:
        if data.endswith(b"\x1a"):
            w.sim.feed = feed
            data = data[:-1]
        feed(data, now)

    w.sim.feed = loses
    w.modem.send_sms("t1", ANA, "help")
    w.modem.send_sms("t2", BEN, "help")
    w.run(60)
    assert outcomes(w) == [("t1", Outcome.UNKNOWN, None), ("t2", Outcome.DONE, None)]
    assert w.texts(ANA) == []
    assert w.stamped[-1][0] - 1000 <= 60


def test_a_reference_without_its_ok_is_proof_enough(world: Any) -> None:
    w = world(host=None)
    answer = "+CMGS: 9\r\n\r\nO\xf0K"
    w.sim.faults.on("+CMGS", Fault(Kind.ERROR, stage="answer", text=answer))
    w.modem.send_sms("t1", ANA, "help")
    w.modem.send_sms("t2", BEN, "help")
    w.run(5)
    assert [(e.ref, e.outcome, e.references) for e in w.got(SmsOutcome)] == [
        ("t1", Outcome.DONE, (9,)),
        ("t2", Outcome.DONE, (2,)),
    ]


def test_an_answer_that_comes_after_all_is_still_its_text_s(world: Any) -> None:
    w = world()
    w.sim.faults.on("+CMGS", Fault(Kind.LATE, stage="answer", seconds=75))
    w.modem.send_sms("t1", ANA, "help")
    w.at(100, lambda: w.modem.send_sms("t2", BEN, "help"))
    w.run(120)
    assert [(e.ref, e.outcome, e.references) for e in w.got(SmsOutcome)] == [
        ("t1", Outcome.UNKNOWN, ()),
        ("t1", Outcome.DONE, (1,)),
        ("t2", Outcome.DONE, (2,)),
    ]


def test_a_text_queued_again_is_not_sent_again_if_the_answer_comes_after_all(world: Any) -> None:
    w = world()
    w.sim.faults.on("+CMGS", Fault(Kind.LATE, stage="answer", seconds=70))
    w.modem.send_sms("t1", ANA, "help")
    w.at(67, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(120)
    assert outcomes(w) == [("t1", Outcome.UNKNOWN, None), ("t1", Outcome.DONE, None)]
    assert w.texts(ANA) == ["help"]


def test_an_answer_just_within_the_manual_s_minute_is_waited_for(world: Any) -> None:
    w = world(timing=Timing(sms_submit=(60.0, 60.0)))
    w.modem.send_sms("t1", ANA, "help")
    w.run(80)
    assert outcomes(w) == [("t1", Outcome.DONE, None)]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("command", [("t1", Outcome.DONE, None)]),
        ("prompt", [("t1", Outcome.DONE, None)]),
        ("answer", [("t1", Outcome.UNKNOWN, None)]),
    ],
)
def test_a_restart_before_the_text_was_given_repeats_it_and_after_it_is_unknown(
    world: Any, stage: Any, expected: Any
) -> None:
    w = world(timing=Timing(), host=None)
    w.sim.faults.on("+CMGS", Fault(Kind.RESET, stage=stage))
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert outcomes(w) == expected
    assert w.texts(ANA) == ["help"]


def test_a_long_text_goes_on_after_a_restart_where_it_stopped(world: Any) -> None:
    w = world(timing=Timing(), host=None)
    w.sim.faults.on("+CMGS", Fault(Kind.RESET, stage="command"), skip=1)
    w.modem.send_sms("t1", ANA, "x" * 300)
    w.run(60)
    assert w.texts(ANA) == ["x" * 300]
    assert len(w.said("AT+CMGS")) == 3


def test_a_text_waits_for_the_network_unfailed_and_visibly(world: Any) -> None:
    w = world(timing=Timing(), host=None)
    w.at(20, lambda: w.sim.set_network(False, w.now))
    w.at(25, lambda: w.modem.send_sms("t1", ANA, "help"))
    seen: list[Any] = []
    w.at(199, lambda: seen.append(w.modem.status()))
    w.at(200, lambda: w.sim.set_network(True, w.now))
    w.run(230)
    assert (seen[0].state, seen[0].queued_texts) == (Condition.SEARCHING, 1)
    assert outcomes(w) == [("t1", Outcome.DONE, None)]
    states = [e.state for e in w.got(ModemState)]
    assert states == [Condition.REGISTERED, Condition.SEARCHING, Condition.REGISTERED]


def test_a_text_is_tried_when_the_modem_will_not_say_whether_it_is_registered(world: Any) -> None:
    w = world(timing=Timing(), host=None)
    w.sim.faults.on("+CREG", Fault(Kind.ERROR), times=None)
    w.modem.send_sms("t1", ANA, "help")
    w.run(30)
    assert outcomes(w) == [("t1", Outcome.DONE, None)]


def test_reports_are_matched_to_their_text_by_reference(world: Any) -> None:
    w = world(host=None)
    w.modem.send_sms("t1", ANA, "one")
    w.modem.send_sms("t2", BEN, "two")
    w.run(10)
    assert w.got(SmsReport) == [SmsReport("t1", True), SmsReport("t2", True)]


def test_of_two_texts_with_one_reference_each_has_its_own_report(world: Any) -> None:
    """References are counted to 255 and come round; reports may take hours."""
    w = world(timing=replace(Timing.instant(), sms_report=(600.0, 600.0)), host=None)
    refs = [f"t{number}" for number in range(260)]
    for ref, number in zip(refs, [ANA] * 6 + [BEN] * 254, strict=True):
        w.modem.send_sms(ref, number, "help")
    w.run(2000)
    sent = {event.ref: event.references for event in w.got(SmsOutcome)}
    assert sent["t0"] == sent["t255"]
    assert w.got(SmsReport) == [SmsReport(ref, True) for ref in refs]


def test_a_text_that_comes_in_while_one_goes_out_is_not_lost(world: Any) -> None:
    w = world(timing=Timing(), host=None)
    w.at(10, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.at(7, lambda: w.board.centre.text(BEN, w.sim.number, "where are you?"))
    w.run(40)
    assert [(text.sender, text.text) for text in w.got(SmsReceived)] == [(BEN, "where are you?")]
    assert outcomes(w) == [("t1", Outcome.DONE, None)]


def test_a_full_sim_is_emptied_at_start_so_that_the_next_text_can_come(world: Any) -> None:
    w = world(host=None)
    for number in range(25):
        w.board.centre.text(BEN, w.sim.number, f"text {number}")
        w.board.advance(w.now)
    assert len(w.sim.sms.storage.messages) == 20
    w.sim.output(w.now)  # an earlier owner heard of them, and died
    w.run(30)
    assert {event.text for event in w.got(SmsReceived)} == {f"text {n}" for n in range(25)}
    assert not w.sim.sms.storage.messages


def test_a_text_that_comes_in_during_the_start_is_handed_on_once(world: Any) -> None:
    w = world(timing=Timing(), warm=False, host=None)
    for second in range(12, 20):
        w.at(second, lambda n=second: w.board.centre.text(BEN, w.sim.number, f"text {n}"))
    w.run(60)
    assert sorted(event.text for event in w.got(SmsReceived)) == [
        f"text {n}" for n in range(12, 20)
    ]


def test_what_events_hold_does_not_show_in_them_or_in_the_journal(
    world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    w = world()
    w.at(5, lambda: w.modem.send_sms("t1", ANA, "the words"))
    w.at(6, lambda: w.board.centre.text(BEN, w.sim.number, "the words"))
    w.at(8, lambda: w.modem.post("p1", b"the words"))
    w.run(20)
    assert w.got(SmsReceived)
    jobs = [TextJob("t1", ANA, "the words"), PostJob("p1", b"the words")]
    shown = "\n".join([caplog.text, *map(repr, [*w.events, *jobs])])
    for secret in ("the words", "900201", "900202", "7700"):
        assert secret not in shown


def test_an_answer_that_comes_while_the_modem_is_called_is_not_lost_to_the_next_text(
    world: Any,
) -> None:
    """An ERROR that was a connection's: the text is on its way, and the modem says so in 4 s."""
    w = world(host=None, timing=Timing(sms_submit=(4.0, 4.0)))
    w.at(100, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.at(100, lambda: w.modem.send_sms("t2", BEN, "help"))
    w.at(100.6, lambda: w.sim.terminal.urc("ERROR"))
    w.run(130)
    assert outcomes(w) == [
        ("t1", Outcome.FAILED, None),
        ("t1", Outcome.DONE, None),
        ("t2", Outcome.DONE, None),
    ]


# A modem that hangs in a text, where a wire can end that


def hangs_in_the_first_text(w: Any) -> list[float]:
    pulled: list[float] = []

    def pull() -> None:
        pulled.append(w.now)
        w.sim.power_on(w.now)

    w.pull_wire = pull
    w.sim.faults.on("+CMGS", Fault(Kind.LATE, stage="text", effect=w.sim.hang))
    return pulled


def test_a_wire_ends_a_hang_in_a_text_long_before_its_minute(world: Any) -> None:
    w = world(host=None, power_wire=True, timing=Timing())
    pulled = hangs_in_the_first_text(w)
    w.at(20, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.at(21, lambda: w.modem.send_sms("t2", "+447700900202", "help too"))
    w.run(80)
    assert [round(t - 1020) for t in pulled] == [20]
    assert [(e.ref, e.outcome) for e in w.got(SmsOutcome)] == [
        ("t1", Outcome.UNKNOWN),
        ("t2", Outcome.DONE),
    ]


def test_a_network_that_is_slow_with_every_text_costs_one_pull_of_the_wire(world: Any) -> None:
    """The modem is deaf meanwhile, as far as is known: the next text has its minute."""
    w = world(host=None, power_wire=True, timing=replace(Timing(), sms_submit=(40.0, 50.0)))
    pulled: list[float] = []

    def pull() -> None:
        pulled.append(w.now)
        w.sim.power_on(w.now)

    w.pull_wire = pull
    for number in range(5):
        w.at(20 + number, lambda number=number: w.modem.send_sms(f"t{number}", ANA, "help"))
    w.run(400)
    assert len(pulled) == 1
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.UNKNOWN, *[Outcome.DONE] * 4]


def test_without_a_wire_a_text_has_its_minute(world: Any) -> None:
    w = world(host=None, timing=replace(Timing(), sms_submit=(40.0, 50.0)))
    w.at(20, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(100)
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]


def test_an_error_beside_a_connection_may_be_that_ones_and_the_text_goes_once(world: Any) -> None:
    """The late end of AT+CIPSTART, in the first second of a text that the network takes."""
    w = world(timing=Timing())
    w.sim.faults.on("+CIPSTART", Fault(Kind.LATE, stage="result", seconds=30.0), times=None)
    w.at(20, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.at(20.4, lambda: w.sim.terminal.raw(b"\r\nERROR\r\n"))
    w.run(60)
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]
    assert w.texts(ANA) == ["help"]
