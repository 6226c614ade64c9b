"""Whether this device can reach anybody: modem, SIM, network, data path, and HQ's answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from outcry.daemon.check.findings import Finding, Patience, failed, left_out, look, ok, unknown
from outcry.daemon.check.modem_access import DaemonsModem, OwnModem
from outcry.daemon.service.status import REMEDIES
from outcry.hw.modem import Condition

NAMES = ("modem", "sim", "registration", "signal", "supply", "data path", "receipt")
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
_JAMMED = "something is jamming the radio"
SIM_STATES = (Condition.SIM_ABSENT, Condition.SIM_PIN, Condition.SIM_PUK)
MEASURED_S = 15.0  # signal and supply: one round of polls
ANSWER_S = 60.0  # connecting may take 30 s, HQ's answer 10, and once more on a stale connection
BEATS = 3
WEAK = 6  # of AT+CSQ's 31: -101 dBm; GPRS is lost before SMS is
UNDER_VOLTAGE_MV = 3500
_NO_CONNECTION = (  # reasons for a failed post other than HQ
    "no connection",
    "no network",
    "the modem",
    "this modem",
    "the data path",
    "the serial port",
)
_APN = (
    "check modem.apn with the operator, the SIM's credit, and HQ's address in the enrolment;"
    " alarms go by SMS meanwhile"
)
_ENROL = "HQ cannot open what this device seals: enrol it again, docs/enrolment.md"
_HQ = "is the responder running? At HQ: `systemctl status outcry-responder`"
_PORTAL = "something else answers in HQ's place: check HQ's address in the enrolment, and the APN"


Modem = DaemonsModem | OwnModem


def findings(
    modem: Modem, port: str, low_mv: float, enrolled: bool, patience: Patience
) -> Iterator[Finding]:
    """All of :data:`NAMES`, in order."""
    facts = _settled(modem, patience)
    state = Condition(facts["state"])
    yield _modem(state, facts["reason"], port)
    yield _sim(state, facts["reason"])
    yield _registration(state, facts)
    if not state.registered:
        why = "there is no network"
        yield left_out("signal", why)
        yield _supply(facts, low_mv)
        yield left_out("data path", why)
        yield left_out("receipt", why)
        return
    facts = patience.until(
        modem.facts,
        lambda facts: None not in (facts["signal"], facts["supply_mv"]),
        MEASURED_S,
        "modem: measuring signal and supply",
    )
    yield _signal(facts["signal"])
    yield _supply(facts, low_mv)
    if enrolled:
        yield from _heard(modem, patience)
    else:
        yield left_out("data path", "there is no HQ: only the contacts are told, by SMS")
        yield left_out("receipt", "there is no HQ")


def unseen(words: str, remedy: str) -> Iterator[Finding]:
    """Nothing of this could be checked."""
    for name in NAMES:
        yield unknown(name, words, remedy)


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


def _modem(state: Condition, reason: str, port: str) -> Finding:
    if state is Condition.SILENT:
        if _PORT in reason:
            return failed("modem", reason, _port_remedy(port))
        return failed("modem", reason or state.value, REMEDIES[state.value])
    if state is Condition.STARTING:
        return failed(
            "modem", f"it does not become ready: {reason}", "check its supply and its SIM"
        )
    return ok("modem", "it answers")


def _port_remedy(port: str) -> str:
    if not Path(port).exists():
        return f"there is no {port}: docs/hardware.md, 'Serial port'; or modem.port is wrong"
    if not os.access(port, os.R_OK | os.W_OK):
        return f"this user may not open {port}: the service's user belongs to the group dialout"
    return f"another program holds {port}: `fuser -v {port}`; is the serial console still on it?"


def _sim(state: Condition, reason: str) -> Finding:
    if state in SIM_STATES:
        return failed("sim", reason or state.value, REMEDIES[state.value])
    if state in (Condition.SILENT, Condition.STARTING):
        return left_out("sim", "the modem is not ready")
    return ok("sim", "ready")


def _registration(state: Condition, facts: dict[str, Any]) -> Finding:
    if state in (Condition.SEARCHING, Condition.DENIED):
        jammed = f"; {_JAMMED}" if facts["jamming"] else ""
        return failed("registration", f"{state.value}{jammed}", REMEDIES[state.value])
    if not state.registered:
        return left_out("registration", "the modem or its SIM is not ready")
    if facts["jamming"]:
        return look("registration", f"{state.value}; {_JAMMED}", "move, then check again")
    return ok("registration", state.value)


def _signal(csq: int | None) -> Finding:
    if csq is None:
        return look("signal", "the modem does not report it", "check again in a minute")
    words = f"{csq} of 31 ({2 * csq - 113} dBm)"
    if csq < WEAK:
        return look("signal", f"weak: {words}", "check the antenna and its plug, or move")
    return ok("signal", words)


def _supply(facts: dict[str, Any], low_mv: float) -> Finding:
    millivolts = facts["supply_mv"]
    if not millivolts:
        return left_out("supply", "the modem has not reported it")
    words = f"{millivolts / 1000:.2f} V at the modem"
    if facts["under_voltage"] or millivolts < UNDER_VOLTAGE_MV:
        remedy = (
            "charge it; if it is charged, its wires or capacitor cannot carry 2 A: docs/hardware.md"
        )
        return failed("supply", f"too low: {words}", remedy)
    if millivolts < low_mv:
        return look("supply", f"low: {words}", "charge it")
    return ok("supply", words)


def _heard(modem: Modem, patience: Patience) -> Iterator[Finding]:
    """Data path and receipt: a heartbeat, which only HQ can answer."""
    began = patience.clock()
    trouble = ""
    for _ in range(BEATS):
        if why := modem.beat():
            yield left_out("data path", why)
            yield left_out("receipt", why)
            return
        left_s = began + ANSWER_S - patience.clock()
        answered, trouble = patience.until(
            modem.answer, lambda so_far: so_far[0] or so_far[1] != "", left_s, "asking HQ by data"
        )
        if answered:
            yield ok("data path", "up")
            yield ok("receipt", f"HQ has answered, {patience.clock() - began:.1f} s")
            return
        if patience.clock() - began >= ANSWER_S or not trouble.startswith(_NO_CONNECTION):
            break
        patience.sleep(2.0)
    if trouble == "" or trouble.startswith(_NO_CONNECTION):
        yield failed("data path", trouble or "no connection in time", _APN)
        yield left_out("receipt", "there is no data path")
        return
    yield ok("data path", "up")
    yield failed("receipt", trouble, _remedy(trouble))


def _remedy(trouble: str) -> str:
    if trouble == "HTTP 400":
        return _ENROL
    if trouble == "HTTP 409":
        return "HQ has had a later message from this device: is there a copy of it somewhere?"
    if "budget" in trouble:
        return "raise supervision.kilobytes_per_day, or wait a day; alarms have no budget"
    if trouble.startswith(("HTTP 5", "no answer")):
        return _HQ
    return _PORTAL
