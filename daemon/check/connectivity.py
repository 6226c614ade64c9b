"""Whether this device can reach anybody: modem, SIM, network, data path, and HQ's answer."""

from collections.abc import Iterator
from typing import Any

from outcry.daemon.check.modem_access import DaemonsModem, OwnModem
from outcry.daemon.check.sheet import Patience
from outcry.daemon.service import judge
from outcry.daemon.service.findings import Finding, left_out, ok, refused
from outcry.hw.modem import Condition

NAMES = ("modem", "sim", "registration", "SMS", "signal", "supply", "data path", "receipt")
# How long a condition must last before it counts.
SURE_S = {
    Condition.STARTING: 60.0,  # a SIM800 wants 8 to 20 s from power-on to "SMS Ready"
    Condition.SILENT: 15.0,
    Condition.SIM_ABSENT: 4.0,
    Condition.SIM_PIN: 4.0,
    Condition.SIM_PUK: 4.0,
    Condition.SEARCHING: 40.0,
    Condition.DENIED: 10.0,
}
SURE_OF_PORT_S = 3.0  # a port that cannot be opened stays so
_PORT = "serial device"
MEASURED_S = 15.0  # signal and supply: one round of polls
ANSWER_S = 60.0  # connecting may take 30 s, HQ's answer 10, and once more on a stale connection
BEATS = 3

Modem = DaemonsModem | OwnModem


def findings(modem: Modem, enrolled: bool, patience: Patience) -> Iterator[Finding]:
    """All of :data:`NAMES`, in order."""
    facts = _settled(modem, patience)
    is_registered = Condition(facts["state"]).registered
    if is_registered:
        facts = patience.until(
            modem.facts,
            lambda facts: None not in (facts["signal"], facts["supply_mv"]),
            MEASURED_S,
            "modem: measuring signal and supply",
        )
    yield from judge.reach(facts)
    carries_data = judge.carries_data(facts)
    if carries_data and enrolled:
        yield from _heard(modem, patience)
        return
    why = judge.NO_HQ if carries_data else judge.NO_NETWORK
    yield left_out("data path", why)
    yield left_out("receipt", why)


def _settled(modem: Modem, patience: Patience) -> dict[str, Any]:
    """The modem's facts once they have lasted long enough to count."""
    facts = modem.facts()
    for _ in range(len(SURE_S)):
        state = Condition(facts["state"])
        if state.registered:
            break
        facts = patience.until(
            modem.facts,
            lambda now, state=state: now["state"] != state.value,  # type: ignore[misc]
            SURE_OF_PORT_S if _PORT in facts["reason"] else SURE_S[state],
            f"modem: {facts['reason'] or state.value}",
        )
        if facts["state"] == state.value:
            break
    return facts


def _heard(modem: Modem, patience: Patience) -> Iterator[Finding]:
    """Data path and receipt: a heartbeat, which only HQ can answer."""
    began = patience.clock()
    trouble = ""
    for _ in range(BEATS):
        if why := modem.beat():
            known = modem.facts()["hq_trouble"]
            yield from judge.hq(known) if known else (refused(name, why) for name in NAMES[-2:])
            return
        left_s = began + ANSWER_S - patience.clock()
        answered, trouble = patience.until(
            modem.answer, lambda so_far: so_far[0] or so_far[1] != "", left_s, "asking HQ by data"
        )
        if answered:
            yield ok("data path", "up")
            yield ok("receipt", f"HQ has answered, {patience.clock() - began:.1f} s")
            return
        if patience.clock() - began >= ANSWER_S or not judge.is_of_the_path(trouble):
            break
        patience.sleep(2.0)
    yield from judge.hq(trouble or "no connection to HQ in time")
