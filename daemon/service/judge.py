"""The one judge: what keeps an alarm from leaving, and what else needs attention, each with its remedy.

``outcry status``, ``outcry check`` and systemd's status line show these findings; the flags that a
heartbeat carries are the marks they are made from. A cause stands before what follows from it.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

from outcry.daemon.messages.identity import FILE_NAME
from outcry.daemon.service.findings import Finding, Result, failed, left_out, look, ok, unknown
from outcry.hw import sms_errors
from outcry.hw.gps import NoFixReason
from outcry.hw.modem import Condition, ModemStatus
from outcry.report import MAX_AGE_S, Flag

FIX_OLD_S = 60  # a receiver at work has a new one each second
IN_VAIN = 3  # texts in a row; one or two may be chance
TOO_HIGH_MV = 4300  # OVER-VOLTAGE WARNNING from here (SIM800L hardware design p.25)
WEAK = 6  # of AT+CSQ's 31: -101 dBm; GPRS is lost before SMS is
RECOVERED_MV = 100  # a resting battery rises by less
_FOR_TEXTS = {"modem", "sim", "registration", "SMS"}
_FOR_DATA = {"keys", "data path"}
NO_HQ = "there is no HQ"
NO_NETWORK = "there is no network"
_SHORT = "let go of it; if nobody presses it, its pin has a short circuit to ground"
_FASTEN = "fasten the strap; if it is fastened, its wire or buckle is broken"
_CARRIES = "charge it; if it is charged, its wires or capacitor cannot carry 2 A: docs/hardware.md"
ENROL = "`outcry enrol FILE` with a new file from HQ: docs/enrolment.md"
_UNREAD = "`sudo chown outcry:` it, then restart outcry"
_ANTENNA = "check the antenna and its plug, or move"
_HELD = "another program holds it: `sudo fuser -v` it; is the serial console still on it?"
_HQ = "is the responder running? At HQ: `systemctl status outcry-responder`"
_CARD = "`outcry check` tells a full card from a broken one: docs/runbook.md, 'The card is broken'"
_TRY_SIM = "seat it again, try it in a phone, or take another SIM"
_SAID = (
    "is it right in a phone? Then delete /var/lib/outcry/said-pins and restart outcry; else "
    "write the right one into /etc/outcry/modem.pin"
)
PIN_UNSAID = "the SIM wants its PIN, which is not said: what comes of that cannot be kept"
_OTHER_MODEM = "take the modem's supply away for a moment; if it stays so, try another SIM"
_UNTIL_ONE_LEAVES = f"{_OTHER_MODEM}; this stands until one leaves: docs/runbook.md, question 4"
_SEE_JOURNAL = "`journalctl -u outcry` says when and why"
NO_SEAL = failed("keys", "nothing can be sealed for HQ with this enrolment", ENROL)
NO_CONTACTS = failed("contacts", "there are none: only HQ is told", ENROL)
NO_STRAP = left_out("strap", "there is none (strap.enabled)")
NO_MOTOR = left_out("motor", "there is none (vibration.enabled)")

MARKS = {
    Flag.BUTTON_FAULT: failed("button", "a press may not be heard", _SEE_JOURNAL),
    Flag.BUTTON_STUCK: failed("button", "stuck: it has been down for too long", _SHORT),
    Flag.STRAP_LOOSE: failed("strap", "its wire has a loose contact", "repair wire or contact"),
    Flag.STRAP_FAULT: failed("strap", "it cannot be watched", "check strap.pin in the settings"),
    Flag.JAMMING: look("registration", "something is jamming the radio", "move to another place"),
    Flag.UNDER_VOLTAGE: failed("supply", "too low", _CARRIES),
    Flag.BATTERY_LOW: look("supply", "low", "charge it"),
    Flag.CARD_FAULT: failed("disk", "the card cannot be written, alarms stay in memory", _CARD),
}
TROUBLES = reduce(or_, MARKS) | Flag.TEXTS_FAULT
REMEDIES = {
    Condition.STARTING.value: "wait a minute; if it stays so, check its supply and its SIM",
    Condition.SILENT.value: "check its power and its serial cable; Outcry keeps trying",
    Condition.SIM_ABSENT.value: "seat the SIM in its holder",
    Condition.SIM_PIN.value: "write the SIM's PIN into /etc/outcry/modem.pin, then restart outcry",
    Condition.SIM_PUK.value: "put the SIM into a phone and enter its PUK",
    Condition.SEARCHING.value: "no network is heard: check the antenna, or move",
    Condition.DENIED.value: "the network refuses this SIM: ask its operator",
}
_BLAMED = dict.fromkeys((Condition.SIM_ABSENT, Condition.SIM_PIN, Condition.SIM_PUK), "sim")
_BLAMED |= dict.fromkeys((Condition.SEARCHING, Condition.DENIED), "registration")
_OF_THE_REASON = (  # by what it says; an errno's name is in the words of hw.system_errors
    ("the credential", "write the PIN alone into /etc/outcry/modem.pin, then restart outcry"),
    ("the PIN; it is not tried again", _SAID),
    ("there is none left to try", _SAID),
    (PIN_UNSAID, "put `sudo` in front, or start outcry"),
    ("(PH", "it is locked to one SIM or operator: use that, or another modem"),
    ("the SIM does not get ready", _TRY_SIM),
    ("the SIM fails", _TRY_SIM),
    ("the PIN is right", f"wait a minute, it is said twice at most; if it stays so: {_SAID}"),
    ("does not say whether", "texts are tried all the same; if it stays so, restart the modem"),
    (
        "(ENOENT)",
        "there is no such device: docs/hardware.md, 'Serial port'; or modem.port is wrong",
    ),
    ("(EACCES)", "the service's user may not open it: `ls -l` it; outcry belongs to group dialout"),
    ("(EPERM)", "the unit does not allow this kind of device: DeviceAllow= in its file says which"),
    ("(EAGAIN)", _HELD),
    ("(EBUSY)", _HELD),
    ("cannot open", "that is no serial device, or nothing is behind it: modem.port is wrong"),
)
_LIMITS = "HQ, or a proxy before it, limits what it takes: see there, one report has 116 bytes"
_OF_HQ = (  # how the reason for a missing receipt begins
    ("HTTP 400", "HQ cannot open what this device seals: enrol it again, docs/enrolment.md"),
    ("HTTP 408", "the report is too slow on its way: try another place or SIM, and HQ's proxy"),
    ("HTTP 409", "HQ has had a later message of this device: is there a copy of it somewhere?"),
    ("HTTP 413", _LIMITS),
    ("HTTP 429", _LIMITS),
    ("HTTP 5", _HQ),
    ("no answer", _HQ),
    ("HQ closed", "look at HQ: `systemctl status outcry-responder`, and the proxy before it"),
    ("TLS", "HQ's port for devices speaks plain HTTP: check its number in the enrolment"),
)
_PORTAL = "something else answers in HQ's place: check HQ's address in the enrolment, and the APN"
_NOT_TAKEN = "the request was not taken"  # by a modem that says it is connected
_TEXTS_FIRST = "texts go first"  # while the modem gets ready for them
_NO_CONNECTION = (  # how reasons begin that say nothing of HQ
    "no connection",
    "no network",
    "the modem",
    "this modem",
    "the data path",
    "the serial port",
    "the connection",
    _NOT_TAKEN,
    _TEXTS_FIRST,
    "GPRS",
)
_APN = "check modem.apn and the SIM's credit with the operator, and HQ's address in the enrolment"
_REFUSED = "is HQ's responder running, and its address right? Else modem.apn, or the SIM's credit"
_BUDGET = "the day's budget"
_SILENT_RECEIVER = "check the receiver's cable and supply, then `systemctl restart gpsd`"
_NO_POSITION = {
    # gpsd looks for it when it starts, and not again (seen with 3.22).
    NoFixReason.NO_RECEIVER.value: "check the receiver's cable and DEVICES in /etc/default/gpsd, "
    "then `sudo systemctl restart gpsd`",
    NoFixReason.NO_SATELLITES.value: "place the antenna under open sky for some minutes",
}


def attention(facts: dict[str, Any]) -> list[Finding]:
    """What is not well, by the daemon's facts; first what keeps an alarm from leaving."""
    wrong = [each for each in judged(facts) if not each.result.is_well]
    return sorted(wrong, key=lambda each: each.result is not Result.FAILED)


def judged(facts: dict[str, Any]) -> Iterator[Finding]:
    """All that the daemon knows of itself, by its facts; first what each alarm needs."""
    heard, *worn = wiring(facts)
    yield heard
    yield from reach(facts["modem"] | {"marks": facts["marks"]})
    if not facts.get("seals", True):  # a daemon from before an upgrade does not say
        yield NO_SEAL
    if unusable := [fault for fault in facts["faults"] if _is_of_the_enrolment(fault)]:
        remedy = _UNREAD if "(EACCES)" in unusable[0] else ENROL
        yield failed("keys", unusable[0], remedy)
    elif not facts["enrolled"]:
        yield look("keys", f"{NO_HQ}: only the contacts are told", ENROL)
    elif carries_data(facts["modem"]):
        yield from hq(hq_trouble(facts))
    yield from worn
    if not facts["contacts"]:
        yield NO_CONTACTS
    if facts["marks"] & Flag.CARD_FAULT:
        yield _quoted(MARKS[Flag.CARD_FAULT], facts["outbox"].get("trouble", ""))
    yield from position(facts["fix"])
    yield clock(facts["time_by"])
    if not facts["languages_complete"]:
        words = "a contact's language has no texts that can be used: they get English"
        yield look("texts", words, "`outcry config` says which")
    yield from since_the_start(facts)


def since_the_start(facts: dict[str, Any]) -> Iterator[Finding]:
    """What could not be used, where :func:`wiring` does not show it."""
    for fault in facts["faults"]:
        if not (fault.startswith(("motor", "strap")) or _is_of_the_enrolment(fault)):
            yield _quoted(look("since the start", "", _SEE_JOURNAL), fault)


def _is_of_the_enrolment(fault: str) -> bool:
    return f"{FILE_NAME}: " in fault


def headline(facts: dict[str, Any], in_full: bool = False) -> str:
    """``armed`` alone only while nothing keeps an alarm from leaving; ``in_full``: with the remedy."""
    keeping = [each for each in attention(facts) if each.result is Result.FAILED]
    if not keeping:
        return "armed"
    first, names = keeping[0], {each.name for each in keeping}
    words, remedy = f"{first.name}: {first.words}", f" -> {first.remedy}" if in_full else ""
    if facts["marks"] & Flag.BUTTON_FAULT:
        return f"armed, but a press may not be heard{f': {words}' if in_full else ''}{remedy}"
    if facts["marks"] & Flag.BUTTON_STUCK:
        strap = ", the strap is armed" if facts["worn"] else ""
        return f"not armed: the button has been down for too long{strap}{remedy}"
    no_data = not (facts["enrolled"] and carries_data(facts["modem"])) or names & _FOR_DATA
    if no_data and names & _FOR_TEXTS:
        return f"armed, but nothing can be sent now{f': {words}' if in_full else ''}{remedy}"
    return f"armed, but {words}{remedy}"


def wiring(facts: dict[str, Any]) -> Iterator[Finding]:
    """Button, strap and motor."""
    marks = facts["marks"]
    faults = {fault.partition(" ")[0]: fault for fault in facts["faults"]} | facts["unheard"]
    if marks & Flag.BUTTON_FAULT:
        yield _quoted(MARKS[Flag.BUTTON_FAULT], faults.get("button", ""))
    else:
        yield MARKS[Flag.BUTTON_STUCK] if marks & Flag.BUTTON_STUCK else button(facts["pressed"])
    if marks & Flag.STRAP_FAULT:
        yield _quoted(MARKS[Flag.STRAP_FAULT], faults.get("strap", ""))
    elif facts["worn"] is None:
        yield NO_STRAP
    else:
        loose = marks & Flag.STRAP_LOOSE
        yield MARKS[Flag.STRAP_LOOSE] if loose else strap(not marks & Flag.STRAP_OPEN)
    if (fault := faults.get("motor") or faults.get("motor:")) is not None:
        yield _quoted(look("motor", "", _SEE_JOURNAL), fault)
    elif facts["motor"]:
        yield ok("motor", "its pin is in use; `outcry check --buzz` moves it")
    else:
        yield NO_MOTOR


def _quoted(found: Finding, fault: str) -> Finding:
    """The finding in the journal's words; what to do may stand behind an arrow."""
    words, _, remedy = fault.partition(" -> ")
    return replace(found, words=words or found.words, remedy=remedy or found.remedy)


def clock(time_by: str | None) -> Finding:
    if time_by is not None:
        return ok("clock", f"the time is known, by {time_by}")
    remedy = "wait for GPS or the mobile network; until then alarms say: time not known"
    return look("clock", "nothing has told the time since the start", remedy)


def button(closed: bool) -> Finding:
    return look("button", "it is down", _SHORT) if closed else ok("button", "not pressed")


def strap(closed: bool) -> Finding:
    return ok("strap", "closed") if closed else look("strap", "open", _FASTEN)


def position(fix: dict[str, Any]) -> Iterator[Finding]:
    """gpsd, and whether there is a position and it is of now: gpsd repeats a silent receiver's last."""
    reason = fix["reason"].partition(":")[0]
    if fix["reason"] == NoFixReason.NO_GPSD.value:
        words = f"it does not answer: {fix['error']}" if fix["error"] else "it does not answer"
        remedy = "`systemctl status gpsd`; its address is gps.host and gps.port"
        yield look("gpsd", words, remedy)
        yield left_out("fix", "gpsd does not answer")
        return
    yield ok("gpsd", "it answers")
    accuracy_m = fix["accuracy_m"]
    if fix["reason"]:
        yield look("fix", f"none: {reason}", _NO_POSITION.get(fix["reason"], "check again"))
    elif fix["age_s"] > FIX_OLD_S:
        old = "only an old one: the receiver has fallen silent"
        unknown = "one of unknown age: the receiver may be silent"
        yield look("fix", unknown if fix["age_s"] >= MAX_AGE_S else old, _SILENT_RECEIVER)
    elif accuracy_m is None:
        yield ok("fix", "there is a position; its accuracy is not known")
    else:
        yield ok("fix", f"there is a position, within {accuracy_m:.0f} m")


def carries_data(modem: dict[str, Any]) -> bool:
    """Whether there is a network for data: some take a SIM for that alone."""
    return Condition(modem["state"]).registered or modem["data_up_s"] is not None


def reach(modem: dict[str, Any]) -> Iterator[Finding]:
    """Modem, SIM, network, signal, supply; ``modem`` are its facts, with the marks among them."""
    state, reason, marks = Condition(modem["state"]), modem["reason"], modem["marks"]
    words, remedy = reason or state.value, REMEDIES.get(state.value, "")
    jammed = MARKS[Flag.JAMMING]
    blamed = "" if state.registered else _BLAMED.get(state, "modem")
    if reason.startswith("the SIM does not get ready"):
        blamed = "sim"
    if blamed == "modem" and marks & Flag.UNDER_VOLTAGE:
        words, remedy = f"{words}; its supply was too low", _CARRIES
    elif blamed == "registration" and marks & Flag.JAMMING:
        words = f"{words}; {jammed.words}"
    remedy = next((advice for words_, advice in _OF_THE_REASON if words_ in reason), remedy)
    ready = True
    for name, well in (("modem", "it answers"), ("sim", "ready"), ("registration", state.value)):
        if name == blamed:
            ready = False
            yield (unknown if reason == PIN_UNSAID else failed)(name, words, remedy)
        elif ready:
            is_jammed = name == "registration" and marks & Flag.JAMMING
            yield jammed if is_jammed else ok(name, well)
        else:
            yield left_out(name, f"the {blamed} is not ready")
    if state.registered:
        yield _sms(modem["texts_ready"], modem["text_refusal"], modem["texts_in_vain"])
        yield _signal(modem["signal"])
    else:
        yield left_out("SMS", NO_NETWORK)
        yield left_out("signal", NO_NETWORK)
    yield _supply(modem["supply_mv"], marks)


def _sms(is_ready: bool, refusal: str, in_vain: int) -> Finding:
    lasts = refusal != "" and sms_errors.lasts(refusal)
    why, remedy = sms_errors.told(refusal)
    because = f": {why}" if refusal else ""
    if not is_ready:
        words = f"the modem does not get ready for texts{because}"
        return failed("SMS", words, remedy if lasts else _OTHER_MODEM)
    if in_vain >= IN_VAIN and not lasts:
        first = f"{remedy}; if it is right, " if sms_errors.is_of_the_number(refusal) else ""
        words = f"the last {in_vain} texts did not leave{because}"
        return failed("SMS", words, first + _UNTIL_ONE_LEAVES)
    if not refusal:
        return ok("SMS", "no text is refused")
    found = failed if lasts else look
    return found("SMS", f"the last text was refused: {why}", remedy)


def _signal(csq: int | None) -> Finding:
    if csq is None:
        return left_out("signal", "the modem has not reported it")
    words = f"{csq} of 31 ({2 * csq - 113} dBm)"
    return look("signal", f"weak: {words}", _ANTENNA) if csq < WEAK else ok("signal", words)


def _supply(millivolts: int | None, marks: int) -> Finding:
    words = f"{millivolts / 1000:.2f} V at the modem" if millivolts else ""
    for flag in (Flag.UNDER_VOLTAGE, Flag.BATTERY_LOW):
        if marks & flag:
            found = MARKS[flag]
            return replace(found, words=": ".join(filter(None, (found.words, words))))
    if (millivolts or 0) >= TOO_HIGH_MV:
        return look("supply", f"too high: {words}", "from 4.4 V the modem goes off: give it 4.0 V")
    return ok("supply", words) if words else left_out("supply", "the modem has not reported it")


def modem_marks(
    modem: ModemStatus, low_mv: float, was_low: bool = False, lost: bool = False
) -> Flag:
    """What is wrong with radio and supply. A battery that was low is so until well above the limit.

    ``lost``: there has been no network for texts for so long that it is no change of cells.
    """
    low_mv += RECOVERED_MV if was_low else 0
    is_low = was_low if modem.battery_mv is None else modem.battery_mv < low_mv
    warnings = Flag.JAMMING * modem.jamming | Flag.UNDER_VOLTAGE * modem.under_voltage
    sms = _sms(modem.texts_ready, modem.text_refusal, modem.texts_in_vain)
    mute = sms.result is Result.FAILED
    mute |= modem.data_up and (lost or modem.state is Condition.DENIED)
    return Flag(warnings | Flag.BATTERY_LOW * is_low | Flag.TEXTS_FAULT * mute)


def is_of_the_path(trouble: str) -> bool:
    """Whether this reason for a missing receipt says nothing of HQ."""
    return trouble.startswith(_NO_CONNECTION)


def hq(trouble: str) -> Iterator[Finding]:
    """Data path and receipt; ``trouble`` is why HQ does not answer, empty where it does."""
    if is_of_the_path(trouble):
        remedies = {"no connection to HQ": _REFUSED, _NOT_TAKEN: _OTHER_MODEM}
        remedies[_TEXTS_FIRST] = REMEDIES[Condition.STARTING.value]
        yield failed("data path", trouble, remedies.get(trouble, _APN))
        yield left_out("receipt", "there is no data path")
        return
    yield ok("data path", "nothing is wrong with it")
    if trouble.startswith(_BUDGET):
        remedy = "raise supervision.kilobytes_per_day, or wait a day; alarms have no budget"
        yield look("receipt", trouble, remedy)
    elif trouble:
        advice = (advice for begins, advice in _OF_HQ if trouble.startswith(begins))
        yield failed("receipt", trouble, next(advice, _PORTAL))
    else:
        yield ok("receipt", "HQ answers")


def hq_trouble(facts: dict[str, Any]) -> str:
    """Why HQ is out of reach or does not answer; empty while nothing says so."""
    modem, beat = facts["modem"], facts["heartbeat"]
    silent = "no answer from HQ for a long time" if beat["silent"] else ""
    trouble = str(beat["trouble"] or silent)
    if modem["data_up_s"] is None:
        return modem["data_trouble"] or trouble
    if is_of_the_path(trouble) and trouble != _NOT_TAKEN:
        return silent  # it was of a path that is up by now
    return trouble
