"""A text is told to be leaving when its last part is handed over, and not before."""

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import Outcome, SmsLeaving, SmsOutcome

ANA = "+447700900101"


def told(world):
    return [event for event in world.events if isinstance(event, SmsLeaving | SmsOutcome)]


def test_a_text_is_leaving_before_its_outcome_is_known(world):
    world = world()
    world.at(1, lambda: world.modem.send_sms("a", ANA, "words"))
    world.run(60)
    assert [type(event) for event in told(world)] == [SmsLeaving, SmsOutcome]


def test_a_long_text_is_leaving_once_with_its_last_part(world):
    world = world()
    world.at(1, lambda: world.modem.send_sms("a", ANA, "word " * 50))
    world.run(60)
    leaving, outcome = told(world)
    assert leaving == SmsLeaving("a")
    assert outcome.outcome is Outcome.DONE
    assert len(outcome.references) == 2


def test_a_text_that_waits_for_the_network_is_not_leaving(world):
    world = world()
    world.at(0.5, lambda: world.sim.set_network(False, world.now))
    world.at(40, lambda: world.modem.send_sms("a", ANA, "words"))
    world.run(100)
    assert not any(event.outcome is Outcome.DONE for event in world.got(SmsOutcome))
    given = [data for _, data in world.written if data.endswith(b"\x1a")]
    assert len(world.got(SmsLeaving)) == len(given)


def test_a_lost_prompt_is_not_leaving(world):
    world = world()
    world.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="prompt"), times=2)
    world.at(1, lambda: world.modem.send_sms("a", ANA, "words"))
    world.run(120)
    assert world.got(SmsLeaving) == []
    assert world.got(SmsOutcome)[0].outcome is Outcome.FAILED


def test_refusals_of_a_modem_that_was_not_ready_count_for_nothing_once_it_is(world):
    """Its radio is switched off and on for what the network refuses, not for what came before."""
    w = world(host=None, timing=Timing())
    w.modem.set_urgent(True)
    refused = Fault(Kind.ERROR, text="+CMS ERROR: 314")
    w.sim.faults.on("+CMGS", refused, times=3)
    for second in (1, 20, 25, 29):
        w.at(second, lambda second=second: w.modem.send_sms(f"t{second}", ANA, f"{second}"))
    w.at(28.9, lambda: w.sim.terminal.urc("SMS Ready"))
    w.sim.faults.on("+CMGS", refused)
    w.at(31.5, lambda: w.modem.send_sms("t31", ANA, "31"))
    w.run(45)
    assert not w.said("AT+CFUN=0")
    assert w.texts(ANA) == ["31"]
