"""The SIM's PIN: said when it is wanted, over faults and restarts, and never a third time for nothing."""

import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from outcry.hw.board.modem.at import Cme, Command, Refused
from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.handler import Answer, says
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.sim_card import BUSY, WRONG, SimCard
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import Condition, ModemSettings, SaidPins
from outcry.hw.said_pins import SAID

ANA = "+447700900201"
A_SIM = "8944100000000000018"
SPIC = ("ERROR", "+SPIC: 3,10,0,10\r\n\r\nOK")


# A PIN over restarts of the daemon: the card remembers what came of each saying


class Box:
    """Starts of a daemon with one card and one SIM, in one boot or another."""

    def __init__(self, world: Any, folder: Path, sim_pin: str = "1234") -> None:
        self._world = world
        self.card, self.run = folder / "card" / "said-pins", folder / "run" / "said-pins"
        for file in (self.card, self.run):
            file.parent.mkdir()
        self.sim_pin, self.tries, self.iccid, self.misread = sim_pin, 3, "", ""
        self.said: list[int] = []

    def starts(
        self, pin: str, spic: str = "", fault: Fault | None = None, seconds: float = 60
    ) -> Any:
        """Start with this PIN in the settings, live so long, and stop."""
        kept = SaidPins((self.card, self.run))
        options = Options(pin=self.sim_pin, pin_tries=self.tries)
        w = self._world(options=options, pin=pin, said_pins=kept, warm=False, timing=Timing())
        if self.misread:
            w.sim.faults.on("+CCID", Fault(Kind.ERROR, text=f"{self.misread}\r\n\r\nOK"))
        told = {"+CCID": self.iccid, "+SPIC": spic and f"+SPIC: {spic}"}
        for command, words in told.items():
            if words:
                w.sim.faults.on(command, Fault(Kind.ERROR, text=f"{words}\r\n\r\nOK"), times=None)
        if fault is not None:
            w.sim.faults.on("+CPIN", fault, skip=1)
        status = w.condition_after(seconds)
        said = len(w.said("AT+CPIN="))
        self.said.append(said)
        if said and pin != self.sim_pin and fault is None:
            self.tries -= said
        return status


@pytest.fixture
def box(world: Any, tmp_path: Path) -> Box:
    return Box(world, tmp_path)


def test_four_starts_with_a_wrong_pin_say_it_once(box: Box) -> None:
    for _ in range(4):
        status = box.starts("9999")
        assert status.state is Condition.SIM_PIN
        assert "refused" in status.reason
    assert box.said == [1, 0, 0, 0]
    assert box.tries == 2


@pytest.mark.parametrize("tells", [False, True])
def test_another_pin_after_a_wrong_one_has_a_try_of_its_own(box: Box, tells: bool) -> None:
    box.starts("9999", "3,10,0,10" * tells)
    assert box.starts("1234", "2,10,0,10" * tells).state is Condition.REGISTERED
    assert box.said == [1, 1]


def test_the_last_try_is_left_to_a_person(box: Box) -> None:
    for pin in ("9999", "8888", "7777", "1234"):
        assert box.starts(pin, f"{box.tries},10,0,10").state is Condition.SIM_PIN
    assert box.said == [1, 1, 0, 0]
    assert box.tries == 1


@pytest.mark.parametrize("skip", [0, 1], ids=["asked", "said"])
@pytest.mark.parametrize("kind", [Kind.RESET, Kind.SILENT, Kind.GARBAGE, Kind.PARTIAL, Kind.ERROR])
def test_one_fault_at_the_pin_of_a_modem_that_counts_no_tries_mutes_nobody(
    world: Any, kind: Kind, skip: int
) -> None:
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    w.sim.faults.on("+CPIN", Fault(kind), skip=skip)
    w.modem.set_urgent(True)
    w.at(20, lambda: w.modem.send_sms("t1", ANA, "help"))
    w.run(45)
    assert w.texts(ANA) == ["help"]


@pytest.mark.parametrize("seconds", [2.1, 4.5])
def test_a_modem_that_takes_the_time_it_may_is_still_heard_to_want_its_pin(
    world: Any, seconds: float
) -> None:
    """AT+CPIN? may take 5 s (manual p.84); without its answer no text of the alarm ever leaves."""
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.LATE, "answer", seconds), times=None)
    w.modem.set_urgent(True)
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert w.texts(ANA) == ["help"]
    assert len(w.said("AT+CPIN=")) == 1


def test_a_sim_that_is_busy_has_not_looked_at_the_pin(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    w.sim.faults.on("+SPIC", Fault(Kind.ERROR), times=None)
    busy = Fault(Kind.ERROR, text="+CME ERROR: 14")
    for said in range(3):
        w.sim.faults.on("+CPIN", busy, skip=1 + said)  # each between two questions
    assert w.condition_after(40).state is Condition.REGISTERED


def test_where_both_files_are_one_each_saying_counts_once(tmp_path: Path) -> None:
    pins = SaidPins((tmp_path / "said-pins", tmp_path / "said-pins"))
    pins.add(SAID, "1234", "89")
    assert pins.of("1234", "89") == [SAID]


@pytest.mark.parametrize("kept", [True, False], ids=["on the card", "in memory"])
def test_what_was_said_to_a_busy_sim_alone_is_taken_back(tmp_path: Path, kept: bool) -> None:
    pins = SaidPins((tmp_path / "said-pins",) if kept else ())
    pins.add(SAID, "1234", "89")
    for _ in range(3):
        pins.add(SAID, "1234", "89")
        pins.take_back()
        pins.take_back()
    assert pins.of("1234", "89") == [SAID]


def test_what_was_taken_back_stays_so_over_a_power_cut(tmp_path: Path, monkeypatch: Any) -> None:
    """A weak battery may end each start right after the OK, as the modem goes to the network."""
    file, on_the_card = tmp_path / "said-pins", []
    monkeypatch.setattr(os, "fsync", lambda _: on_the_card.append(file.stat().st_size))
    pins = SaidPins((file,))
    pins.add(SAID, "1234", "89")
    pins.take_back()
    assert on_the_card[-1] == file.stat().st_size == 0


class Asked:
    """A card that looks at each PIN and gives a wrong one no answer of its own."""

    def __init__(self, w: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pin, self.wrong = "1234", 0
        enters = SimCard._enter_pin

        def enter(card: SimCard, pin: str) -> None:
            card._pin = self.pin
            if pin != self.pin:
                self.wrong += 1
                raise Refused
            enters(card, pin)

        monkeypatch.setattr(SimCard, "_enter_pin", enter)


def test_a_wrong_pin_is_looked_at_twice_at_most_however_busy_the_sim_is_between(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = world(options=Options(pin="1234"), pin="9999", warm=False, timing=Timing())
    asked = Asked(w, monkeypatch)
    busy = Fault(Kind.ERROR, text="+CME ERROR: 14")
    for nth in (2, 3, 5):
        w.sim.faults.on("+CPIN", busy, skip=nth)
    w.run(300)
    assert asked.wrong == 2


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A modem that says OK to a PIN before the card has looked at it."""
    answer = SimCard.answer

    def hastily(card: SimCard, command: Command) -> Answer:
        try:
            return answer(card, command)
        except Cme as error:
            if error.code != WRONG:
                raise
            return says()

    monkeypatch.setattr(SimCard, "answer", hastily)


@pytest.mark.usefixtures("hasty")
def test_an_ok_alone_takes_back_no_earlier_saying_of_a_wrong_pin(box: Box) -> None:
    for _ in range(4):
        assert box.starts("9999").state is Condition.SIM_PIN
    assert sum(box.said) <= 2


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("was_right", [False, True])
def test_a_wrong_pin_that_gets_ok_is_looked_at_twice_over_restarts_of_the_modem(
    world: Any, was_right: bool
) -> None:
    w = world(options=Options(pin="1234" if was_right else "4321"), pin="1234", warm=False)

    def restart() -> None:
        w.sim.registration.sim._pin = "4321"
        w.sim.reset(w.now)

    for nth in range(4):
        w.at(60 * (nth + 1), restart)
    assert w.condition_after(360).state is Condition.SIM_PIN
    assert len(w.said("AT+CPIN=")) == was_right + 2


def test_a_right_pin_is_said_at_each_start_that_dies_between_ok_and_ready(world: Any) -> None:
    pins = SaidPins()
    pins.add(SAID, "1234", "")
    for dies in (True, True, True, False):
        w = world(options=Options(pin="1234"), pin="1234", said_pins=pins, warm=False)
        for command, skip in (("+SPIC", 0), ("+CPIN", 2), ("+CREG", 0)):
            w.sim.faults.on(command, Fault(Kind.ERROR), skip=skip, times=None if dies else 1)
        w.run(8)
        assert len(w.said("AT+CPIN=")) == 1
        assert pins.of("1234", "") == [SAID] * dies, "READY clears all"


@pytest.mark.parametrize("tries", [3, 2])
def test_a_sim_that_takes_seconds_after_the_ok_hears_its_pin_once(world: Any, tries: int) -> None:
    """All its tries may seem left meanwhile of a PIN that it is about to refuse."""
    w = world(options=Options(pin="1234"), pin="1234", said_pins=(pins := SaidPins()), warm=False)
    for left, times in ((3, 1), (tries, None)):
        told = Fault(Kind.ERROR, text=f"+SPIC: {left},10,0,10\r\n\r\nOK")
        w.sim.faults.on("+SPIC", told, times=times)
    wants = Fault(Kind.ERROR, text="+CPIN: SIM PIN\r\n\r\nOK")
    w.sim.faults.on("+CPIN", wants, skip=2, times=7 if tries == 3 else None)
    status = w.condition_after(60)
    assert len(w.said("AT+CPIN=")) == 1
    assert (status.state is Condition.REGISTERED) == (tries == 3)
    assert pins.of("1234", "") == [SAID] * (tries == 2), "once, however often it is looked"


def test_a_sim_that_is_slow_after_the_ok_and_then_busy_hears_its_pin_once_and_is_muted_by_no_cut(
    world: Any,
) -> None:
    pins = SaidPins()
    for boot in (1, 2, 3):
        w = world(options=Options(pin="1234"), pin="1234", said_pins=pins, warm=False)
        w.sim.faults.on("+SPIC", Fault(Kind.ERROR), times=None)
        wants = Fault(Kind.ERROR, text="+CPIN: SIM PIN\r\n\r\nOK")
        w.sim.faults.on("+CPIN", wants, skip=2, times=25)
        status = w.condition_after(60 if boot == 3 else 9)
        assert len(w.said("AT+CPIN=")) == 1
    assert status.state is Condition.REGISTERED
    assert pins.of("1234", "") == []


@pytest.fixture
def first_ok_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first PIN never reaches the card, and gets another command's OK."""
    answer, left = SimCard.answer, [says()]

    def deaf(card: SimCard, command: Command) -> Answer:
        return left.pop() if command.form == "set" and left else answer(card, command)

    monkeypatch.setattr(SimCard, "answer", deaf)


@pytest.mark.usefixtures("first_ok_for_nothing")
@pytest.mark.parametrize("spic", SPIC, ids=["mute", "tells"])
@pytest.mark.parametrize("pressed_s", [0, 6, 12, 25, 120])
def test_a_pin_that_got_ok_for_nothing_is_said_once_more(
    world: Any, pressed_s: float, spic: str
) -> None:
    pins = SaidPins()
    w = world(options=Options(pin="1234"), pin="1234", said_pins=pins, warm=False, timing=Timing())
    w.sim.faults.on("+SPIC", Fault(Kind.ERROR, text=spic), times=None)
    w.at(pressed_s, lambda: w.modem.set_urgent(True))
    assert w.condition_after(60).state is Condition.REGISTERED
    assert len(w.said("AT+CPIN=")) == 2
    assert pins.of("1234", "") == []


@pytest.mark.parametrize("spic", SPIC, ids=["mute", "tells"])
@pytest.mark.parametrize("pressed_s", [0, 25, 120])
def test_a_modem_that_says_ok_for_nothing_until_it_is_restarted_is_restarted(
    world: Any, monkeypatch: pytest.MonkeyPatch, pressed_s: float, spic: str
) -> None:
    answer, sleep, stuck = SimCard.answer, SimCard.sleep, [True]

    def deaf(card: SimCard, command: Command) -> Answer:
        return says() if command.form == "set" and stuck else answer(card, command)

    def slept(card: SimCard) -> None:
        stuck.clear()
        sleep(card)

    pins = SaidPins()
    w = world(options=Options(pin="1234"), pin="1234", said_pins=pins, warm=False, timing=Timing())
    monkeypatch.setattr(SimCard, "answer", deaf)
    monkeypatch.setattr(SimCard, "sleep", slept)
    w.sim.faults.on("+SPIC", Fault(Kind.ERROR, text=spic), times=None)
    w.at(pressed_s, lambda: w.modem.set_urgent(True))
    assert w.condition_after(60).state is Condition.REGISTERED
    assert pins.of("1234", "") == []


@pytest.mark.usefixtures("first_ok_for_nothing")
def test_a_restart_of_its_own_after_a_doubted_ok_and_one_after_the_next_mute_nobody(
    world: Any,
) -> None:
    pins = SaidPins()
    w = world(options=Options(pin="1234"), pin="1234", said_pins=pins, warm=False, timing=Timing())
    w.sim.faults.on("+SPIC", Fault(Kind.ERROR), times=None)

    def restart() -> None:
        assert pins.of("1234", "") == [SAID], "it is doubted"
        w.sim.faults.on("+CPIN", Fault(Kind.CRASH, "answer", 0.1), skip=1)
        w.sim.reset(w.now)

    w.at(18, restart)
    w.modem.set_urgent(True)
    assert w.condition_after(120).state is Condition.REGISTERED
    assert pins.of("1234", "") == []


def test_a_busy_sim_has_not_looked_at_a_pin_that_was_doubted_either(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, said = SimCard.answer, []

    def first_deaf_then_busy(card: SimCard, command: Command) -> Answer:
        if command.form != "set" or len(said) == 2:
            return answer(card, command)
        said.append(command)
        if len(said) == 2:
            raise Cme(BUSY)
        return says()

    monkeypatch.setattr(SimCard, "answer", first_deaf_then_busy)
    pins = SaidPins()
    w = world(options=Options(pin="1234"), pin="1234", said_pins=pins, warm=False, timing=Timing())
    w.sim.faults.on("+SPIC", Fault(Kind.ERROR, text="ERROR"), times=None)
    assert w.condition_after(90).state is Condition.REGISTERED
    assert pins.of("1234", "") == []


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("alarm", [False, True])
@pytest.mark.parametrize("lives_s", [15, 20, 35, 36, 50, 100])
def test_a_wrong_pin_that_gets_ok_is_said_twice_whatever_cuts(
    world: Any, lives_s: float, alarm: bool
) -> None:
    said, pins = 0, SaidPins()
    for _ in range(5):
        w = world(options=Options(pin="1234"), pin="9999", said_pins=pins, warm=False)
        w.sim.faults.on("+SPIC", Fault(Kind.ERROR, text="ERROR"), times=None)
        w.at(0, partial(w.modem.set_urgent, alarm))
        w.run(lives_s)
        said += len(w.said("AT+CPIN="))
    assert said == 2


def test_a_network_that_took_the_sim_proves_its_pin_though_the_modem_does_not(world: Any) -> None:
    pins = SaidPins()
    for _ in range(3):
        w = world(options=Options(pin="1234"), pin="1234", said_pins=pins, warm=False)
        w.sim.faults.on("+SPIC", Fault(Kind.ERROR), times=None)
        w.sim.faults.on("+CPIN", Fault(Kind.SILENT, stage="answer"), skip=1, times=None)
        assert w.condition_after(120).state is Condition.REGISTERED
        assert pins.of("1234", "") == []


def test_a_pin_that_was_right_and_has_been_changed_is_looked_at_twice_at_most(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    asked = Asked(w, monkeypatch)

    def changed() -> None:
        asked.pin = "4321"
        w.sim.reset(w.now)

    w.at(60, changed)
    w.at(200, lambda: w.sim.reset(w.now))
    w.run(300)
    assert asked.wrong == 2


def test_a_modem_that_answers_no_saying_clearly_is_not_asked_each_second(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enter(card: SimCard, pin: str) -> None:
        raise Cme(100)

    monkeypatch.setattr(SimCard, "_enter_pin", enter)
    pins = SaidPins((tmp_path / "said-pins",))
    w = world(options=Options(pin="1234"), pin="1234", said_pins=pins, warm=False)
    tries = Fault(Kind.ERROR, text="+SPIC: 3,10,0,10\r\n\r\nOK")
    w.sim.faults.on("+SPIC", tries, times=None)
    status = w.condition_after(300)
    assert status.state is Condition.SIM_PIN
    assert len(w.said("AT+CPIN=")) <= 40
    assert len((tmp_path / "said-pins").read_text().split()) == 2 * 4


def test_the_pin_is_said_once_more_when_it_has_changed(box: Box) -> None:
    box.starts("9999")
    assert box.starts("1234").state is Condition.REGISTERED
    assert box.starts("9999").state is Condition.SIM_PIN
    assert box.said == [1, 1, 0]


@pytest.mark.parametrize("code", ["ERROR", "+CME ERROR: 3", "+CME ERROR: 100"])
def test_an_error_that_does_not_name_the_pin_may_be_noise_and_is_believed_twice(
    box: Box, code: str
) -> None:
    box.starts("9999", fault=Fault(Kind.ERROR, text=code))
    box.starts("9999")
    assert box.said == [2, 0], "the third try is never used up"


@pytest.mark.parametrize("code", ["+CME ERROR: 16", "+CME ERROR: 12"])
def test_a_refusal_in_any_words_is_remembered(box: Box, code: str) -> None:
    box.starts("9999", fault=Fault(Kind.ERROR, text=code))
    box.starts("9999")
    assert box.said == [1, 0]


def test_a_pin_that_never_reached_the_sim_may_be_said_once_more(box: Box) -> None:
    status = box.starts("1234", fault=Fault(Kind.ERROR, text="+CME ERROR: 14"))
    assert status.state is Condition.REGISTERED
    assert box.said == [2]


def test_a_start_that_dies_before_the_answer_never_uses_up_the_last_try(box: Box) -> None:
    dies = Fault(Kind.SILENT, stage="answer")
    for _ in range(4):
        box.starts("9999", fault=dies, seconds=20)
    assert sum(box.said) <= 2


def test_a_right_pin_is_said_at_every_start(box: Box) -> None:
    for _ in range(5):
        assert box.starts("1234").state is Condition.REGISTERED
    assert box.said == [1] * 5
    assert not box.card.exists(), "nothing of it stays on the card"


def test_a_refused_pin_is_not_said_though_all_tries_are_left_again(box: Box) -> None:
    box.starts("9999", spic="3,10,0,10")
    box.starts("9999", spic="3,10,0,10")
    assert box.said == [1, 0]


def test_another_sim_has_its_own_try(box: Box) -> None:
    box.iccid = "89441000000000000018"
    box.starts("9999")
    box.iccid, box.sim_pin = "89441000000000000026", "9999"
    assert box.starts("9999").state is Condition.REGISTERED
    box.iccid, box.sim_pin = "89441000000000000018", "1234"
    assert box.starts("9999").state is Condition.SIM_PIN
    assert box.said == [1, 1, 0]


@pytest.mark.parametrize("misread", ["8944100000000000018", "8944100000000000019", "0000 8", "89"])
def test_a_number_misread_once_is_no_other_sim(box: Box, misread: str) -> None:
    box.iccid = "89441000000000000018"
    for box.misread in (misread, misread[1:] + "4", ""):
        box.starts("9999")
    assert box.said == [1, 0, 0]


@pytest.mark.parametrize("shape", ["%sF", '+CCID: "%sf"', "+CCID:%s", "+CLIP: 1\r\n\r\n%s"])
def test_a_sim_is_known_by_its_number_however_that_is_printed(box: Box, shape: str) -> None:
    for box.iccid in (A_SIM, shape % A_SIM, shape % "8944100000000000026"):
        box.starts("9999")
    assert box.said == [1, 0, 1]


@pytest.mark.parametrize("strange", [f"{A_SIM} 1", "8" * 21, "8" * 16, "{0}26\r\n\r\n{0}34"])
def test_what_is_no_number_is_no_other_sim(box: Box, strange: str) -> None:
    for box.iccid in (A_SIM, strange.format("894410000000000000")):
        box.starts("9999")
    assert box.said == [1, 0]


@pytest.mark.parametrize("restarts", [True, False])
def test_each_start_tries_one_other_sim_at_most(world: Any, tmp_path: Path, restarts: bool) -> None:
    pins = SaidPins((tmp_path / "said-pins",))
    for sayings in (2, 1, 0):
        w = world(pin="9999", options=Options(pin="1234", pin_tries=9), said_pins=pins)

        def put_in(nth: int, w: Any = w) -> None:
            w.sim.faults.clear()
            w.sim.faults.on("+SPIC", Fault(Kind.ERROR), times=None)
            number = Fault(Kind.ERROR, text=f"8944100000000000{nth:04}\r\n\r\nOK")
            w.sim.faults.on("+CCID", number, times=None)
            if restarts:
                w.sim.reset(w.now)
            else:
                w.sim.faults.on("+CPIN", Fault(Kind.ERROR, text="+CME ERROR: 10"))

        for nth in range(3):
            w.at(nth * 300, partial(put_in, nth))
        assert w.condition_after(900).state is Condition.SIM_PIN
        assert len(w.said("AT+CPIN=")) == sayings
        assert len(w.said("AT+CCID")) < 10, "one of many may be misread"


def test_a_sim_whose_number_is_not_known_may_be_the_one_that_refused(box: Box) -> None:
    box.starts("9999")
    box.iccid = "89441000000000000026"
    box.starts("9999")
    assert box.said == [1, 0]


def test_a_card_that_cannot_be_written_says_a_wrong_pin_once_a_boot(box: Box) -> None:
    box.card.mkdir()  # no file can be there
    box.starts("9999")
    box.starts("9999")
    box.run.unlink()  # a boot
    box.starts("9999")
    assert box.said == [1, 0, 1]


@pytest.mark.parametrize(
    "torn", ["", "x", "a b c\n", "\0\0\0\0\n", "ü ü ü ü\n", "a b c refused\n", "k" * 65 + " b c d"]
)
def test_whatever_a_power_cut_leaves_in_the_file_the_pin_is_said(box: Box, torn: str) -> None:
    box.card.write_text(torn, encoding="utf-8")
    assert box.starts("1234").state is Condition.REGISTERED


def test_neither_pin_nor_sim_can_be_read_on_the_card(box: Box) -> None:
    box.iccid = "89441000000000000018"
    box.starts("9999")
    kept = box.card.read_text()
    # By words: the hex of a hash may have a PIN's digits by chance.
    assert {"9999", box.iccid}.isdisjoint(re.findall(r"\w+", kept))
    first, second = kept.split("\n")[1:]
    assert first.split()[1] != second.split()[1], "the same PIN, another key"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("apn", 'a"b'),
        ("apn_password", "a\r\nb"),
        ("host", "hq\x1a"),
        ("host", "ü.example"),
        ("pin", "12"),
        ("pin", "12a4"),
        ("port", 0),
        ("port", 65536),
        ("stale_after_s", 0),
        ("poll_interval_s", -1),
    ],
)
def test_a_setting_no_modem_could_take_is_refused_by_name(setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"modem {setting}: "):
        ModemSettings(**{setting: value})


def test_secrets_do_not_show_in_the_settings() -> None:
    shown = repr(ModemSettings(apn_password="secret-word", pin="4711"))
    assert "secret-word" not in shown
    assert "4711" not in shown
