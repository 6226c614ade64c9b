"""What goes on for hours once an alarm or a drill is answered or over, while something stays broken.

Restarts grow rare, nothing of a drill leaves later, and as soon as a way is open the next report and
the next press take it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from outcry.daemon.alarm.model import Rules, State
from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.gprs import How
from outcry.hw.modem import Outcome, SmsOutcome
from outcry.hw.power import Wire
from simulation.wearable import SimulatedWorld

pytestmark = pytest.mark.slow

BREAKS_AT = 400.0
HOUR_S = 3600.0
PER_HOUR = 12  # restarts, where an alarm is answered and nothing goes by either way
OVER_S = Rules.drill_lasts_s


def boots(world: SimulatedWorld, after: float) -> list[float]:
    return [at for at, what, _ in world.seen if what == "boot" and at > after]


def refuses(code: int, seconds: float = 0.0) -> Fault:
    return Fault(Kind.ERROR, stage="text", text=f"+CMS ERROR: {code}", seconds=seconds)


def breaks(world: SimulatedWorld, data: How | None, fault: Fault) -> None:
    """HQ is out of reach by data (None: it hangs), and texts end like this."""
    if data is None:
        world.hq_says = lambda sealed: b""
    else:
        world.sim.set_gprs(data, world.now)
    world.sim.faults.on("+CMGS", fault, times=None)


@pytest.mark.parametrize("wire", [None, Wire.SUPPLY])
@pytest.mark.parametrize("fault", [refuses(38), refuses(1), Fault(Kind.SILENT, stage="prompt")])
@pytest.mark.parametrize("data", ["dead", None])
def test_an_answered_alarm_whose_reports_leave_by_neither_way(
    tmp_path: Path, data: How | None, fault: Fault, wire: Wire | None
) -> None:
    world = SimulatedWorld(tmp_path, wire=wire)
    world.presses(200.0)
    world.at(BREAKS_AT, lambda: breaks(world, data, fault))
    back_at = BREAKS_AT + 2 * HOUR_S
    answers = world.hq_says

    def mends() -> None:
        world.hq_says = answers
        world.sim.set_gprs("on", world.now)

    world.at(back_at, mends)
    world.run(back_at + 180.0)
    assert boots(world, BREAKS_AT), "a restart may cure it"
    assert len(boots(world, BREAKS_AT + HOUR_S)) <= PER_HOUR
    assert min(at - back_at for at in world.receipts if at > back_at) <= 120.0


@pytest.mark.parametrize(
    "fault",
    [refuses(500), refuses(38, 20.0), *(Fault(Kind.SILENT, stage=at) for at in ("prompt", "text"))],
    ids=["refused", "refused late", "no prompt", "no answer"],
)
@pytest.mark.parametrize("begins_at", [200.0, 207.0])
def test_a_drill_in_vain_of_contacts_alone(tmp_path: Path, fault: Fault, begins_at: float) -> None:
    """Nothing is to leave afterwards, and the next press must find a modem that is up.

    With no HQ, texts are all there is, and no answer by data ever comes.
    """
    world = SimulatedWorld(tmp_path, enrolment=None)
    world.sim.faults.on("+CMGS", fault, times=None)
    world.at(begins_at, lambda: world.asks("drill"))
    over_at = begins_at + OVER_S + 60.0
    world.at(over_at, world.sim.faults.clear)
    world.run(over_at + HOUR_S)
    assert world.loop.alarm.state is State.IDLE
    assert boots(world, begins_at)
    assert len(boots(world, over_at)) <= 1
    assert world.texts_given() == [], "a drill's text an hour later is a lie"


def test_a_text_that_was_out_when_its_drill_ended_is_over_with_it(tmp_path: Path) -> None:
    """Refused 20 s later, it went on being tried, and the modem was restarted for it."""
    world = SimulatedWorld(tmp_path)
    world.at(150.0, lambda: breaks(world, "dead", refuses(38, 20.0)))
    world.at(200.0, lambda: world.asks("drill"))
    world.at(2000.0, lambda: world.sim.set_gprs("on", world.now))
    valid = world.presses(3500.0)
    world.run(valid + 60.0)
    assert boots(world, 2100.0) == []
    assert min(at - valid for at in world.receipts if at > valid) <= 5.0


@pytest.mark.parametrize("away_s", [330.0, 400.0])
def test_a_network_that_comes_and_goes(tmp_path: Path, away_s: float) -> None:
    """A search begun again just before the network is there is time lost."""
    world = SimulatedWorld(tmp_path)

    def turns(on: bool) -> Callable[[], None]:
        return lambda: world.sim.set_network(on, world.now)

    cycle_s = away_s + 60.0
    for turn in range(int(3 * HOUR_S / cycle_s)):
        world.at(BREAKS_AT + turn * cycle_s, turns(False))
        world.at(BREAKS_AT + turn * cycle_s + away_s, turns(True))
    world.run(BREAKS_AT + 3 * HOUR_S)
    assert len(boots(world, BREAKS_AT + HOUR_S)) <= 4


@pytest.mark.parametrize("lasts_s", [120.0, 300.0])
@pytest.mark.parametrize("kind", [Kind.SILENT, Kind.GARBAGE])
@pytest.mark.parametrize("with_hq", [True, False], ids=["HQ out of reach", "no HQ"])
def test_a_text_whose_prompt_never_came_has_not_left_and_goes_as_soon_as_it_can(
    tmp_path: Path, with_hq: bool, kind: Kind, lasts_s: float
) -> None:
    """Taken for one that may have left, it was given up after two tries, for half an hour."""
    world = SimulatedWorld(tmp_path) if with_hq else SimulatedWorld(tmp_path, enrolment=None)
    if with_hq:
        world.at(150.0, lambda: world.sim.set_gprs("dead", world.now))
    world.at(190.0, lambda: world.sim.faults.on("+CMGS", Fault(kind, stage="prompt"), times=None))
    well_at = world.presses(200.0) + lasts_s
    world.at(well_at, world.sim.faults.clear)
    world.run(well_at + 60.0)
    first = {name: at - well_at for at, name in reversed(world.texts_given())}
    assert first.keys() >= {"Ana", "Boris", "Chiara"}
    assert min(first.values()) <= 30.0


def test_a_report_of_a_drill_long_over_is_no_proof_of_an_alarm_s_text(tmp_path: Path) -> None:
    """Networks repeat reports. After a later drill by data, a restart remembers no text."""
    world = SimulatedWorld(tmp_path)
    reports: list[bytes] = []
    world.sim.sms.report = reports.append  # type: ignore[method-assign]
    world.at(150.0, lambda: world.sim.set_gprs("dead", world.now))
    world.at(200.0, lambda: world.asks("drill"))
    world.at(600.0, lambda: world.sim.set_gprs("on", world.now))
    world.at(3000.0, lambda: world.asks("drill"))
    world.run(5000.0)
    world.outbox.close()
    again = SimulatedWorld(tmp_path)
    again.sim.set_gprs("dead", again.now)
    again.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="text"))
    valid = again.presses(300.0)
    again.at(valid + 8.0, lambda: again.sim.sms.report(reports[0]))
    again.run(valid + 120.0)
    assert reports
    lost = next(event for _, event in again.told if isinstance(event, SmsOutcome))
    assert lost.outcome is Outcome.UNKNOWN, "it never left"


def test_one_bad_number_is_not_told_as_texts_that_do_not_leave(tmp_path: Path) -> None:
    """The others have theirs, so the modem, the SIM and the network are well."""
    world = SimulatedWorld(tmp_path, enrolment=None)
    hand_over = world.modem.send_sms

    def send(ref: str, number: str, text: str) -> None:
        world.sim.set_sms_refusal(500 if number == "+447700900101" else None, world.now)
        hand_over(ref, number, text)

    world.modem.send_sms = send  # type: ignore[method-assign]
    world.at(200.0, lambda: world.asks("drill"))
    world.run(200.0 + OVER_S + 60.0)
    assert len({name for _, name in world.texts_given()}) == 2
    status = world.modem.status()
    assert status.text_refusal == "500"
    assert status.texts_in_vain == 0


@pytest.mark.parametrize("ends", [b"", b"Connection: close\r\n"], ids=["keeps", "closes"])
def test_a_proxy_that_has_no_hq_behind_it_is_asked_by_the_schedule_also_where_it_closes(
    tmp_path: Path, ends: bytes
) -> None:
    """A post every 4 s spent the day's budget, and the positions of the next hours stayed here."""
    world = SimulatedWorld(tmp_path)
    answers, posts = world.hq_says, list[float]()
    back_at = 200.0 + 2 * HOUR_S

    def says(sealed: bytes) -> bytes:
        posts.append(world.now)
        if world.now >= back_at:
            return answers(sealed)
        return b"HTTP/1.1 502 Bad Gateway\r\n" + ends + b"Content-Length: 0\r\n\r\n"

    world.hq_says = says
    world.presses(200.0)
    world.run(back_at + HOUR_S)
    half_hours = Counter(int((at - 200.0) // 1800) for at in posts if 200.0 <= at < back_at)
    assert max(half_hours.values()) <= 40
    assert min(half_hours.values()) >= 25
    assert not world.parts.data.is_thrifty
    assert min(at - back_at for at in world.receipts if at > back_at) <= 65.0
    assert list(world.outbox.newest_unanswered()) == []


RESTARTS_IT = {
    "as it is asked to connect": ("+CIPSTART", Fault(Kind.RESET)),
    "while it connects": ("+CIPSTART", Fault(Kind.RESET, stage="result")),
    "with the request": ("+CIPSEND", Fault(Kind.RESET, stage="text", seconds=0.3)),
}
LONGEST_S = 600.0  # between two attempts in which it restarts, where no alarm is unanswered


@pytest.mark.parametrize("restarts", RESTARTS_IT)
@pytest.mark.parametrize("pressed", [False, True], ids=["idle", "answered"])
def test_a_modem_that_restarts_on_the_way_to_hq_is_seldom_sent_there(
    tmp_path: Path, restarts: str, pressed: bool
) -> None:
    """As a supply does that gives way under GPRS; every 12 s it could do nothing else either."""
    world = SimulatedWorld(tmp_path)
    if pressed:
        world.presses(200.0)
    name, fault = RESTARTS_IT[restarts]
    world.at(BREAKS_AT, lambda: world.sim.faults.on(name, fault, times=None))
    world.at(BREAKS_AT + 1.0, lambda: world.sim.reset(world.now))
    back_at, up = BREAKS_AT + 2 * HOUR_S, list[bool]()
    world.at(back_at, world.sim.faults.clear)
    world.at(back_at + LONGEST_S + 15.0, lambda: up.append(world.modem.status().data_up))
    world.run(back_at + LONGEST_S + 20.0)
    broken = [at for at in boots(world, BREAKS_AT) if at < back_at]
    assert len([at for at in broken if at <= BREAKS_AT + HOUR_S]) <= PER_HOUR
    assert len([at for at in broken if at > BREAKS_AT + HOUR_S]) <= PER_HOUR
    assert up == [True]
    if pressed:
        assert min(at - back_at for at in world.receipts if at > back_at) <= LONGEST_S + 15.0
        assert list(world.outbox.newest_unanswered()) == []


@pytest.mark.parametrize("restarts", RESTARTS_IT)
@pytest.mark.parametrize("begins_at", [0.0, 5.1, 7.3])
def test_a_press_while_it_does_has_its_texts_and_its_turns_by_data(
    tmp_path: Path, restarts: str, begins_at: float
) -> None:
    world = SimulatedWorld(tmp_path)
    name, fault = RESTARTS_IT[restarts]
    world.at(BREAKS_AT, lambda: world.sim.faults.on(name, fault, times=None))
    world.at(BREAKS_AT + 1.0, lambda: world.sim.reset(world.now))
    valid = world.presses(BREAKS_AT + HOUR_S + begins_at)
    world.at(valid + 1000.0, world.sim.faults.clear)
    world.run(valid + 1140.0)
    assert min(at - valid for at, _ in world.texts_given()) <= 30.0
    assert min(at - valid for at in world.receipts if at > valid + 999.0) <= 1000.0 + 135.0
