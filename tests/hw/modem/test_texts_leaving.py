"""A text is told to be leaving when its last part is handed over, and not before."""

from outcry.hw.board.modem.faults import Fault, Kind
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
    assert world.got(SmsOutcome)[0].outcome is Outcome.UNKNOWN
