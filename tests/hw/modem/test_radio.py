"""What the radio tells: cells, supply, jamming; and how the driver keeps to what it was told."""

from collections.abc import Callable
from typing import Any

import pytest

from outcry.hw.board.modem.cells import Cell as BaseStation
from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import Cell, Condition, ModemState, ModemStatus, ModemWarning, PostAnswered

SERVING = BaseStation(0x0816, 0xF9A1, level=50)
FAINT = BaseStation(0x0816, 0x1111, level=7)
LOUD = BaseStation(0x0817, 0x2222, level=41)


def status_at(w: Any, seconds: float) -> list[ModemStatus]:
    seen: list[ModemStatus] = []
    w.at(seconds, lambda: seen.append(w.modem.status()))
    return seen


def times(w: Any, command: str) -> list[float]:
    return [t for t, what, facts in w.seen if what == "at" and facts["command"] == command]


def test_neighbour_cells_are_told_strongest_first(world: Callable[..., Any]) -> None:
    w = world()
    w.sim.set_cells(SERVING, (FAINT, LOUD), w.now)
    seen = status_at(w, 60)
    w.run(61)
    assert seen[0].cell == Cell(1, 1, 0x0816, 0xF9A1)
    assert seen[0].neighbours == (Cell(1, 1, 0x0817, 0x2222), Cell(1, 1, 0x0816, 0x1111))


def test_cells_of_a_network_that_is_gone_are_forgotten(world: Callable[..., Any]) -> None:
    w = world()
    w.at(60, lambda: w.sim.set_network(False, w.now))
    seen = status_at(w, 120)
    w.run(121)
    assert (seen[0].state, seen[0].cell) == (Condition.SEARCHING, None)
    assert seen[0].neighbours == ()


def test_a_signal_that_the_modem_no_longer_knows_is_forgotten(world: Callable[..., Any]) -> None:
    w = world()
    before, gone, back = status_at(w, 100), status_at(w, 400), status_at(w, 700)
    w.at(101, lambda: w.sim.set_signal(99, w.now))
    w.at(401, lambda: w.sim.set_signal(9, w.now))
    w.run(701)
    assert [seen[0].signal for seen in (before, gone, back)] == [17, None, 9]


def refuses_texts_and_calls(w: Any, packets: str) -> None:
    """The network takes the SIM for neither; ``packets`` is what AT+CGREG? says."""
    for name, stat in (("+CREG", "2,3"), ("+CGREG", packets)):
        answer = f"{name}: {stat}\r\n\r\nOK"
        w.sim.faults.on(name, Fault(Kind.ERROR, text=answer), times=None)


@pytest.mark.parametrize("packets", ["0,1", "0,5", "0, 5", '2,1,"0816","F9A1"'])
def test_a_network_that_takes_the_sim_for_packets_alone_carries_data(
    world: Callable[..., Any], packets: str
) -> None:
    w = world()
    refuses_texts_and_calls(w, packets)
    seen = status_at(w, 60)
    w.at(30, lambda: w.modem.post("p1", b"sealed"))
    w.run(61)
    assert seen[0].state is Condition.DENIED
    assert seen[0].data_up
    assert w.got(PostAnswered)


@pytest.mark.parametrize("packets", ["0,3", "0,2", "0,8", "2", "", "0,15"])
def test_without_packets_either_no_connection_is_tried(
    world: Callable[..., Any], packets: str
) -> None:
    w = world()
    refuses_texts_and_calls(w, packets)
    w.run(60)
    assert not times(w, "AT+CIPSTART")


def test_jamming_is_watched_only_once_registered(world: Callable[..., Any]) -> None:
    """The detector switched on before would prevent the registration (manual p.180-182)."""
    w = world(timing=Timing(), warm=False)
    w.run(120)
    registered = next(t for t, e in w.stamped if getattr(e, "state", None) is Condition.REGISTERED)
    assert times(w, "AT+SJDR")
    assert min(times(w, "AT+SJDR")) > registered


def test_a_modem_that_says_too_early_that_it_is_registered_registers_all_the_same(
    world: Callable[..., Any],
) -> None:
    w = world(timing=Timing(), warm=False)
    w.sim.set_network(False, w.now)
    w.sim.faults.on("+CREG", Fault(Kind.ERROR, text="+CREG: 2,5\r\n\r\nOK"), skip=1, times=2)
    w.at(30, lambda: w.sim.set_network(True, w.now))
    w.run(50)
    assert w.sim.registration.registered


def test_the_detector_is_soon_switched_off_in_an_alarm_without_a_network(
    world: Callable[..., Any],
) -> None:
    w = world()
    watched: list[bool] = []
    w.at(100, lambda: watched.append(w.sim.jamming.on))
    w.at(100, lambda: w.modem.set_urgent(True))
    w.at(100, lambda: w.sim.set_network(False, w.now))
    w.at(115, lambda: watched.append(w.sim.jamming.on))
    w.run(116)
    assert watched == [True, False]


def test_a_modem_that_does_not_know_the_packets_question_has_its_detector_switched_off(
    world: Callable[..., Any],
) -> None:
    w = world()
    w.sim.faults.on("+CGREG", Fault(Kind.SILENT), times=None)
    watched: list[bool] = []
    w.at(100, lambda: w.modem.set_urgent(True))
    w.at(100, lambda: w.sim.set_network(False, w.now))
    w.at(120, lambda: watched.append(w.sim.jamming.on))
    w.run(160)
    assert watched == [False]
    assert len(w.said("AT+CGREG?")) <= 2


def test_a_modem_that_never_gets_ready_for_texts_is_asked_for_its_network_all_the_same(
    world: Callable[..., Any],
) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CMGF", Fault(Kind.ERROR), times=None)
    w.sim.faults.on("+CMGL", Fault(Kind.LATE, seconds=1.2), times=None)
    w.modem.set_urgent(True)
    w.at(60, lambda: w.sim.set_network(False, w.now))
    w.run(120)
    late = [t for t in w.said("AT+CREG?") if t > 1060]
    assert len(late) > 10


def test_jamming_is_told_when_it_begins_and_when_it_ends(world: Callable[..., Any]) -> None:
    w = world()
    w.at(100, lambda: w.sim.set_jamming("jamming", w.now))
    w.at(200, lambda: w.sim.set_jamming("none", w.now))
    during, after = status_at(w, 150), status_at(w, 250)
    w.run(251)
    assert during[0].jamming
    assert not after[0].jamming
    assert [event.jamming for event in w.got(ModemWarning)] == [True, False]


def test_jamming_whose_announcement_was_lost_is_found_by_asking(world: Callable[..., Any]) -> None:
    w = world()

    def jam_unheard() -> None:
        w.sim.set_mute(True, w.now)
        w.sim.set_jamming("interference", w.now)
        w.sim.output(w.now)
        w.sim.set_mute(False, w.now)

    w.at(100, jam_unheard)
    seen = status_at(w, 200)
    w.run(201)
    assert seen[0].jamming


def test_the_detector_is_switched_off_while_the_network_stays_away(
    world: Callable[..., Any],
) -> None:
    """It must not be what keeps the modem from registering; with the network it comes back."""
    w = world()
    w.at(100, lambda: w.sim.set_network(False, w.now))
    watched: list[bool] = []
    w.at(250, lambda: watched.append(w.sim.jamming.on))
    w.at(260, lambda: w.sim.set_network(True, w.now))
    w.at(400, lambda: watched.append(w.sim.jamming.on))
    w.run(401)
    assert watched == [False, True]


def test_a_modem_without_a_detector_is_asked_once(world: Callable[..., Any]) -> None:
    w = world()
    w.sim.faults.on("+SJDR", Fault(Kind.ERROR), times=None)
    w.run(600)
    assert len(times(w, "AT+SJDR")) == 1


def test_a_low_supply_is_told_until_it_has_recovered(world: Callable[..., Any]) -> None:
    w = world()
    w.at(100, lambda: w.sim.set_supply(3480, w.now))
    low = status_at(w, 190)
    w.at(200, lambda: w.sim.set_supply(3900, w.now))
    full = status_at(w, 330)
    w.run(331)
    assert (low[0].under_voltage, low[0].battery_mv) == (True, 3480)
    assert low[0].battery_percent is not None
    assert low[0].battery_percent < 20
    assert (full[0].under_voltage, full[0].battery_mv) == (False, 3900)
    assert [event.under_voltage for event in w.got(ModemWarning)] == [True, False]


def test_a_dip_of_the_supply_does_not_switch_the_modem_off(world: Callable[..., Any]) -> None:
    """With AT+CBATCHK=1 it would be off below 3.4 V, until somebody takes its power away."""
    w = world(timing=Timing(), host=None)
    w.at(60, lambda: w.sim.set_supply(3390, w.now))
    w.at(62, lambda: w.sim.set_supply(3986, w.now))
    w.at(61, lambda: w.modem.send_sms("t1", "+447700900201", "help"))
    w.run(90)
    assert w.texts("+447700900201") == ["help"]
    assert [what for _, what, _ in w.seen].count("boot") == 0


@pytest.mark.parametrize(
    ("stat", "condition"),
    [
        *((stat, Condition.SEARCHING) for stat in (0, 2, 4)),
        *((stat, Condition.DENIED) for stat in (8, 11)),  # emergency calls: nothing of ours
        *((stat, Condition.REGISTERED) for stat in (1, 6, 9)),
        *((stat, Condition.ROAMING) for stat in (5, 7, 10)),
        (3, Condition.DENIED),
        (12, Condition.REGISTERED),  # none such: what was known before is kept
    ],
)
@pytest.mark.parametrize("asked", [True, False], ids=["asked", "by itself"])
def test_each_state_of_registration_has_the_meaning_of_27_007(
    world: Callable[..., Any], stat: int, condition: Condition, asked: bool
) -> None:
    w = world(host=None)
    if asked:
        answer = Fault(Kind.ERROR, text=f'+CREG: 2,{stat},"00E6","7A9F"\r\n\r\nOK')
        w.at(50, lambda: w.sim.faults.on("+CREG", answer, times=None))
        seen = status_at(w, 99)
    else:
        w.at(50, lambda: w.sim.terminal.urc(f"+CREG: {stat}"))
        seen = status_at(w, 50.1)
    w.run(100)
    assert seen[0].state is condition


def test_that_it_got_ready_for_texts_after_all_is_told(world: Callable[..., Any]) -> None:
    w = world(host=None)
    w.at(50, lambda: w.sim.terminal.urc("SMS Ready"))
    w.run(60)
    assert ModemState(Condition.REGISTERED, "ready for texts") in w.events


def test_an_alarm_unanswered_for_long_still_learns_its_cells(world: Callable[..., Any]) -> None:
    w = world()
    w.at(50, lambda: w.modem.set_urgent(True))
    w.at(60, lambda: w.sim.set_cells(SERVING, (LOUD,), w.now))
    seen = status_at(w, 200)
    w.run(201)
    assert seen[0].neighbours == (Cell(1, 1, 0x0817, 0x2222),)


def test_a_modem_that_takes_texts_without_a_word_has_changed_all_the_same(world: Any) -> None:
    """SMS Ready may be lost, or never be said: what was refused until then is due (0019)."""
    w = world(timing=Timing())
    w.modem.set_urgent(True)
    w.sim.faults.on("+CMGF", Fault(Kind.ERROR), times=None)
    w.sim.faults.on("+CSCA", Fault(Kind.ERROR), times=None)
    w.at(30, w.sim.faults.clear)
    w.run(40)
    ready = ModemState(Condition.REGISTERED, "ready for texts")
    (told_at,) = [t - 1000 for t, event in w.stamped if event == ready]
    assert 30 < told_at < 33


@pytest.mark.parametrize("told", ["0,0,0", "0,50,38", "0,50,0038"])
def test_a_supply_that_no_modem_answers_at_is_not_believed(world: Any, told: str) -> None:
    w = world(host=None)
    answer = Fault(Kind.ERROR, text=f"+CBC: {told}\r\n\r\nOK")
    w.sim.faults.on("+CBC", answer, times=None)
    status = w.condition_after(300)
    assert (status.under_voltage, status.battery_mv) == (False, None)


def test_a_registration_that_is_not_told_is_not_called_a_search(world: Any) -> None:
    w = world(host=None)
    w.at(50, lambda: w.sim.faults.on("+CREG", Fault(Kind.ERROR), times=None))
    w.at(50, lambda: w.sim.reset(w.now))
    seen = status_at(w, 120)
    w.run(121)
    assert seen[0].reason == "the modem does not say whether it has a network"
