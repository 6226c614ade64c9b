"""The faults by name: what each is, and what it arms. One table, for people and for campaigns.

    arm(modem, "late", step="+CMGS", stage="answer", seconds=30)
    arm(modem, "brown-out", step="+CIPSEND", times=3)
    arm(modem, "nat", seconds=60)

A fault either strikes at a step (a command, a stage of it, an occurrence), or it begins at once
and stays until cleared.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from outcry.hw.board.modem.faults import Fault, Kind, Stage
from outcry.hw.board.sim800.sim800 import Sim800

ANY_STEP, AT_ONCE = "*", ""
LATE_S = 10.0
NAT_S = 60.0  # belief: carriers forget idle connections within minutes
REFUSAL_S = 1.5  # belief: a network takes that long to refuse a text
BURST_S = 0.3  # belief: from the text to the burst that the supply does not bear
CRASH_S = 1.0  # belief: firmware crashes within seconds of what it does not bear
LOSS_SHARE = 0.002
BAUD = 9600

Details = dict[str, Any]
"""What is said beside a fault's name, by the names that its row takes."""


@dataclass(frozen=True)
class Named:
    """One fault. ``steps`` are where it makes sense: its own commands, ``*``, or at once ("").

    Without a step given, the first of them is taken. ``takes`` are the details it heeds. ``kind``
    to ``text`` are those of :class:`Fault`, where the details say nothing else; ``effect`` happens
    when it strikes.
    """

    sentence: str
    steps: tuple[str, ...]
    takes: frozenset[str]
    kind: Kind = Kind.LATE
    stage: Stage = "command"
    seconds: float = 0.0
    text: str = ""
    effect: Callable[[Sim800, Details], None] | None = None


def arm(modem: Sim800, name: str, **details: object) -> None:
    """Arm a fault by its name. A detail that is None is as the fault itself prefers.

    ``step`` is a command's name without AT, ``*`` for any; ``times`` 0 is for ever. Raises
    ValueError for an unknown name or a detail that this fault does not use.
    """
    if name not in CATALOGUE:
        raise ValueError(f"there is no fault {name!r}; there is {', '.join(CATALOGUE)}")
    named = CATALOGUE[name]
    said: Details = {key: value for key, value in details.items() if value is not None}
    if ignored := said.keys() - named.takes:
        used = ", ".join(sorted(named.takes)) or "nothing"
        raise ValueError(f"{name} does not use {', '.join(sorted(ignored))}; it uses {used}")
    if "step" not in said and named.steps[0] == ANY_STEP:
        raise ValueError(f"{name} needs a step, such as +CMGS, or * for any command")
    if name == "deact" and said.get("stage") == "prompt":
        named = _DEACT_AT_THE_PROMPT
    step = said.get("step") or named.steps[0]
    effect = None if named.effect is None else partial(named.effect, modem, said)
    if effect is not None and step == AT_ONCE:
        effect()
        return
    fault = Fault(
        named.kind,
        stage=said.get("stage", named.stage),
        seconds=said.get("seconds", named.seconds),
        text=f"+CMS ERROR: {said['code']}" if "code" in said else said.get("text", named.text),
        effect=effect,
    )
    times = 1 if name == "byte-loss" else said.get("times", 1) or None
    modem.faults.on(step, fault, times=times, skip=said.get("skip", 0))


def clear(modem: Sim800) -> None:
    """Disarm everything. What a fault has already done to the modem, a reset ends."""
    modem.faults.clear()
    modem.wire.clear()
    modem.tcp.forget_idle(None)


def _echo(modem: Sim800, details: Details) -> None:
    modem.terminal.echo = True


def _lose_bytes(modem: Sim800, details: Details) -> None:
    """``times`` is how many bytes; it strikes once."""
    modem.wire.lose(
        details.get("share", LOSS_SHARE),
        details.get("direction", "both"),
        count=details.get("times") or None,
        seed=details.get("seed", 0),
    )


def _change_rate(modem: Sim800, details: Details) -> None:
    modem.wire.modem_baud = details.get("baud", BAUD)


def _cms(code: int, sentence: str) -> Named:
    text = f"+CMS ERROR: {code}"
    return Named(f"{text}, {sentence}", _SMS, _CMS, Kind.ERROR, "text", REFUSAL_S, text)


_OWN = frozenset({"times", "skip"})
_CMS = _OWN | {"stage", "seconds"}
_WHERE = _OWN | {"step", "stage"}
_TIMED = _WHERE | {"seconds"}
_ANY, _NOW = (ANY_STEP,), (AT_ONCE, ANY_STEP)
_SMS, _SEND = ("+CMGS",), ("+CIPSEND",)

CATALOGUE: dict[str, Named] = {
    "silent": Named("Nothing comes.", _ANY, _TIMED, Kind.SILENT),
    "late": Named(
        f"The right thing comes, so many seconds later (default {LATE_S:g}).",
        _ANY,
        _TIMED,
        seconds=LATE_S,
    ),
    "error": Named("ERROR comes, or the text given.", _ANY, _TIMED | {"text"}, Kind.ERROR),
    "garbage": Named("Line noise comes.", _ANY, _TIMED, Kind.GARBAGE),
    "partial": Named("The first half of the right thing comes.", _ANY, _TIMED, Kind.PARTIAL),
    "urc": Named(
        "An unsolicited line (default RING) comes before the right thing.",
        _ANY,
        _TIMED | {"text"},
        Kind.URC,
        text="RING",
    ),
    "reset": Named("The modem restarts, with its sync bytes and RDY.", _ANY, _TIMED, Kind.RESET),
    "crash": Named(
        f"The right thing comes, and the modem restarts so many seconds later (default {CRASH_S:g}).",
        _ANY,
        _OWN | {"step", "seconds"},
        Kind.CRASH,
        "answer",
        CRASH_S,
    ),
    "byte-loss": Named(
        f"Each byte vanishes with probability SHARE (default {LOSS_SHARE:g}), until so many have.",
        _NOW,
        _WHERE | {"share", "direction", "seed"},
        effect=_lose_bytes,
    ),
    "echo": Named("Echo is on again (ATE1 by itself).", _NOW, _WHERE, stage="answer", effect=_echo),
    "deact": Named(
        "+PDP: DEACT: the network takes the context away.",
        (AT_ONCE, "+CIPSTART", "+CIPSEND", "+CMGS", ANY_STEP),
        _WHERE,
        effect=lambda modem, details: modem.tcp.deactivate(said=details.get("stage") != "prompt"),
    ),
    "send-fail": Named(
        "SEND FAIL: data handed over is not sent.",
        _SEND,
        _OWN,
        Kind.ERROR,
        "text",
        text="SEND FAIL",
    ),
    "closed": Named(
        "CLOSED comes in place of the prompt.",
        _SEND,
        _OWN,
        Kind.ERROR,
        "prompt",
        text="CLOSED",
        effect=lambda modem, details: modem.tcp.lose_peer(),
    ),
    "cms-515": _cms(515, "the modem's own storage failure."),
    "cms-38": _cms(38, "the network is out of order."),
    "cms-42": _cms(42, "the network is congested."),
    "cms-332": _cms(332, "the network did not answer in time."),
    "cms-530": _cms(530, "GPRS is suspended."),
    "cms": replace(
        _cms(500, ""),
        sentence="+CMS ERROR with any code (default 500, unknown).",
        takes=_CMS | {"code"},
    ),
    "stuck-connect": Named(
        "AT+CIPSTART is answered OK and never gets a result.",
        ("+CIPSTART",),
        _OWN,
        effect=lambda modem, details: modem.tcp.stick(),
    ),
    "nat": Named(
        f"The carrier forgets connections idle for so many seconds (default {NAT_S:g}): "
        "packets vanish without a word, new connections work.",
        (AT_ONCE,),
        frozenset({"seconds"}),
        effect=lambda modem, details: modem.tcp.forget_idle(details.get("seconds", NAT_S)),
    ),
    "brown-out": Named(
        "The supply gives way on the transmission burst: a restart amid AT+CMGS or AT+CIPSEND.",
        _SMS + _SEND,
        _TIMED,
        Kind.RESET,
        "text",
        BURST_S,
    ),
    "hang": Named(
        "Mute and deaf until the power key or the RST pin: AT+CFUN=1,1 is not heard either.",
        _NOW,
        _WHERE,
        effect=lambda modem, details: modem.hang(),
    ),
    "baud": Named(
        f"The modem talks at another rate (default {BAUD}) until its power is cycled.",
        _NOW,
        _WHERE | {"baud"},
        stage="answer",
        effect=_change_rate,
    ),
}
"""``for name, fault in CATALOGUE.items()`` for a campaign over every fault."""

_DEACT_AT_THE_PROMPT = replace(CATALOGUE["deact"], steps=_SEND, kind=Kind.ERROR, text="+PDP: DEACT")
