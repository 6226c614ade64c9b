"""SIM and network in every condition, and the PIN said once."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import (
    Condition,
    ModemSettings,
    ModemState,
    ModemStatus,
    Outcome,
    PostFailed,
    SaidPins,
    SmsOutcome,
    SmsReport,
)

ANA = "+447700900201"


def condition_after(w: Any, seconds: float) -> ModemStatus:
    seen: list[ModemStatus] = []
    w.at(seconds - 0.1, lambda: seen.append(w.modem.status()))
    w.run(seconds)
    return seen[0]


def test_a_cold_start_sends_the_waiting_text_as_soon_as_the_modem_can(world: Any) -> None:
    w = world(timing=Timing(), warm=False)
    w.modem.send_sms("t1", ANA, "help")
    w.run(30)
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]
    assert w.said("AT+CMGS")[0] - 1000 < 13


def test_the_settings_after_a_start_are_exactly_these(world: Any) -> None:
    w = world(host=None)
    w.run(1)
    said = [data.decode().strip() for _, data in w.written]
    assert said[:14] == [
        "AT",
        "ATE0",
        "AT+CMEE=1",
        "AT+CBATCHK=0",
        "AT+CLTS=1",
        "AT+CFUN?",
        "AT+CPIN?",
        "AT+CREG=2",
        "AT+CENG=1,1",
        "AT+CMGF=0",
        'AT+CPMS="SM","SM","SM"',
        'AT+CSCS="GSM"',
        "AT+CNMI=2,1,0,1,0",
        "AT+CREG?",
    ]


def test_no_sim_is_said_and_the_text_waits(world: Any) -> None:
    w = world(options=Options(sim=False), warm=False, timing=Timing())
    w.modem.send_sms("t1", ANA, "help")
    w.modem.post("p1", b"sealed")
    status = condition_after(w, 60)
    assert (status.state, status.queued_texts) == (Condition.SIM_ABSENT, 1)
    assert not w.got(SmsOutcome)
    assert len(w.got(PostFailed)) == 1


def test_the_right_pin_opens_the_sim(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    assert condition_after(w, 60).state is Condition.REGISTERED
    assert len(w.said("AT+CPIN=")) == 1


def test_the_right_pin_is_said_again_after_a_restart(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    w.at(60, lambda: w.sim.reset(w.now))
    assert condition_after(w, 120).state is Condition.REGISTERED
    assert len(w.said("AT+CPIN=")) == 2


def test_a_wrong_pin_is_said_once_and_never_again(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="9999", warm=False, timing=Timing())
    for minute in (5, 10, 15):
        w.at(60 * minute, lambda: w.sim.reset(w.now))
    assert condition_after(w, 1200).state is Condition.SIM_PIN
    assert len(w.said("AT+CPIN=")) == 1


def test_a_wrong_pin_whose_answer_was_lost_is_said_once_more_and_never_a_third_time(
    world: Any,
) -> None:
    w = world(options=Options(pin="1234"), pin="9999", warm=False, timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.RESET, stage="answer"), skip=1)
    for minute in (5, 10, 15):
        w.at(60 * minute, lambda: w.sim.reset(w.now))
    condition_after(w, 1200)
    assert len(w.said("AT+CPIN=")) == 2


@pytest.mark.parametrize("resets", [0, 1, 3])
@pytest.mark.parametrize("kind", [Kind.RESET, Kind.SILENT, Kind.GARBAGE])
def test_a_right_pin_whose_answer_was_lost_is_said_at_every_restart(
    world: Any, kind: Kind, resets: int
) -> None:
    """An undervoltage at the first burst after it, or a byte lost: no reason to fall silent."""
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    w.sim.faults.on("+CPIN", Fault(kind, stage="answer"), skip=1)
    for n in range(resets):
        w.at(300 * (n + 1), lambda: w.sim.reset(w.now))
    assert condition_after(w, 1200).state is Condition.REGISTERED


def test_a_modem_that_goes_under_whenever_its_pin_is_taken_is_opened_at_last(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.RESET), skip=2)  # the look after it was said
    w.sim.faults.on("+CPIN", Fault(Kind.RESET), skip=3)
    assert condition_after(w, 600).state is Condition.REGISTERED
    assert len(w.said("AT+CPIN=")) >= 2


@pytest.mark.parametrize(("left", "said"), [("3,10,0,10", 1), ("2,10,0,10", 0), ("0,10,0,10", 0)])
def test_a_pin_is_said_only_while_all_tries_are_left(world: Any, left: str, said: int) -> None:
    w = world(options=Options(pin="1234"), pin="9999", warm=False, timing=Timing())
    w.sim.faults.on("+SPIC", Fault(Kind.ERROR, text=f"+SPIC: {left}\r\n\r\nOK"), times=None)
    assert condition_after(w, 60).state is Condition.SIM_PIN
    assert len(w.said("AT+CPIN=")) == said


def test_a_sim_without_a_pin_to_say_is_reported(world: Any) -> None:
    w = world(options=Options(pin="1234"), warm=False, timing=Timing())
    assert condition_after(w, 60).state is Condition.SIM_PIN
    assert not w.said("AT+CPIN=")


def test_a_sim_that_is_busy_is_waited_for(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.ERROR, text="+CME ERROR: 14"), times=10)
    assert condition_after(w, 30).state is Condition.REGISTERED


def test_a_sim_locked_by_wrong_pins_is_said_to_want_its_puk(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.ERROR, text="+CME ERROR: 12"), times=None)
    status = condition_after(w, 30)
    assert status.state is Condition.SIM_PUK
    assert "PUK" in status.reason


@pytest.mark.parametrize("code", [10, 11, 12, 13, 14, 15, 16, 100])
def test_a_network_that_has_taken_the_sim_counts_more_than_what_is_said_of_it(
    world: Any, code: int
) -> None:
    w = world(timing=Timing(), host=None)
    w.sim.faults.on("+CPIN", Fault(Kind.ERROR, text=f"+CME ERROR: {code}"), times=None)
    w.modem.send_sms("t1", ANA, "help")
    w.run(20)
    assert w.texts(ANA) == ["help"]


def test_until_the_modem_is_ready_for_texts_it_is_asked_once_a_second(world: Any) -> None:
    w = world(host=None, warm=False, timing=Timing())
    w.run(20)
    gaps = [b - a for a, b in pairwise(w.said("AT+CMGF=0"))]
    assert sum(gap < 1.0 for gap in gaps) <= 2, "and at once when SIM or texts are told ready"
    assert gaps[-1] < 1.0


def test_settings_for_texts_are_repeated_until_they_are_taken(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CPMS", Fault(Kind.ERROR, text="+CMS ERROR: 314"), times=5)
    assert condition_after(w, 30).state is Condition.REGISTERED
    assert len(w.said("AT+CPMS")) == 6


@pytest.mark.parametrize(("command", "refusals"), [("+CNMI", 1), ("+CMGF", 12), ("+CNMI", 4)])
def test_what_an_alarm_could_not_wait_for_is_asked_for_again(
    world: Any, command: str, refusals: int
) -> None:
    """Without AT+CNMI no delivery report comes, and each text would go twice."""
    w = world(timing=Timing())
    w.modem.set_urgent(True)
    w.modem.send_sms("t1", ANA, "help")
    w.sim.faults.on(command, Fault(Kind.ERROR), times=refusals)
    w.at(320, lambda: w.modem.send_sms("t2", ANA, "help"))
    w.run(400)
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE] * 2
    assert SmsReport("t2", True) in w.got(SmsReport)
    assert w.said("AT+CNMI")[-1] < 1320
    assert len(w.said("AT+CNMI")) <= refusals + 1


def test_a_modem_that_refuses_to_store_texts_sends_them_all_the_same(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CPMS", Fault(Kind.ERROR), times=None)
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]


def test_conditions_are_told_once_each(world: Any) -> None:
    w = world(timing=Timing(), warm=False)
    w.run(60)
    told = [(e.state, e.reason) for e in w.got(ModemState)]
    assert told == [
        (Condition.STARTING, "not ready for texts yet"),
        (Condition.REGISTERED, ""),
    ]


# A PIN over restarts of the daemon: the card remembers what came of each saying


class Box:
    """Starts of a daemon with one card and one SIM, in one boot or another."""

    def __init__(self, world: Any, folder: Path, sim_pin: str = "1234") -> None:
        self._world = world
        self.card, self.run = folder / "card" / "said-pins", folder / "run" / "said-pins"
        for file in (self.card, self.run):
            file.parent.mkdir()
        self.sim_pin, self.tries, self.iccid = sim_pin, 3, ""
        self.said: list[int] = []

    def starts(
        self, pin: str, spic: str = "", fault: Fault | None = None, seconds: float = 60
    ) -> Any:
        """Start with this PIN in the settings, live so long, and stop."""
        kept = SaidPins((self.card, self.run))
        options = Options(pin=self.sim_pin, pin_tries=self.tries)
        w = self._world(options=options, pin=pin, said_pins=kept, warm=False, timing=Timing())
        told = {"+CCID": self.iccid, "+SPIC": spic and f"+SPIC: {spic}"}
        for command, words in told.items():
            if words:
                w.sim.faults.on(command, Fault(Kind.ERROR, text=f"{words}\r\n\r\nOK"), times=None)
        if fault is not None:
            w.sim.faults.on("+CPIN", fault, skip=1)
        status = condition_after(w, seconds)
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
