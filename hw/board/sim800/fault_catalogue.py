"""The faults by name: what each is, and what it arms. One table, for people and for campaigns.

    arm(modem, "late", step="+CMGS", stage="answer", seconds=30)
    arm(modem, "brown-out", step="+CIPSEND", times=3)
    arm(modem, "nat", seconds=60)

A fault either strikes at a step (a command, a stage of it, an occurrence), or it begins at once
and stays until cleared.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

from outcry.hw.board.modem.faults import Fault, Kind, Stage
from outcry.hw.board.modem.wire import Direction
from outcry.hw.board.sim800.sim800 import Sim800

ANY_STEP, AT_ONCE = "*", ""
LATE_S = 10.0
NAT_S = 60.0  # carriers forget idle connections within minutes
REFUSAL_S = 1.5  # a network takes that long to refuse a text
BURST_S = 0.3  # from the text to the transmission burst that the supply does not bear
LOSS_SHARE = 0.002
BAUD = 9600


@dataclass(frozen=True)
class Details:
    """What may be said beside a fault's name; None is what the fault itself prefers.

    ``step`` is a command's name without AT, ``*`` for any. ``times`` 0 is for ever.
    """

    step: str | None = None
    stage: Stage | None = None
    times: int | None = None
    skip: int | None = None
    seconds: float | None = None
    text: str | None = None
    code: int | None = None
    share: float | None = None
    direction: Direction | None = None
    baud: int | None = None
    seed: int | None = None

    def given(self) -> set[str]:
        return {each.name for each in fields(self) if getattr(self, each.name) is not None}


@dataclass(frozen=True)
class Named:
    """One fault. ``steps`` are where it makes sense: its own commands, ``*``, or at once ("").

    Without a step given, the first of them is taken. ``takes`` are the details it heeds.
    """

    sentence: str
    arms: Callable[[Sim800, Details], None]
    steps: tuple[str, ...]
    takes: frozenset[str]


def arm(modem: Sim800, name: str, **details: object) -> None:
    """Arm a fault by its name, with fields of :class:`Details`.

    Raises ValueError for an unknown name or a detail that this fault does not heed.
    """
    if name not in CATALOGUE:
        raise ValueError(f"there is no fault {name!r}; there is {', '.join(CATALOGUE)}")
    named, said = CATALOGUE[name], Details(**details)  # type: ignore[arg-type]
    if ignored := said.given() - named.takes:
        heeded = ", ".join(sorted(named.takes)) or "nothing"
        raise ValueError(f"{name} does not heed {', '.join(sorted(ignored))}; it heeds {heeded}")
    if said.step is None and named.steps[0] == ANY_STEP:
        raise ValueError(f"{name} needs a step, such as +CMGS, or * for any command")
    named.arms(modem, said)


def clear(modem: Sim800) -> None:
    """Disarm everything. What a fault has already done to the modem, a reset ends."""
    modem.faults.clear()
    modem.wire.clear()
    modem.tcp.forget_idle(None)


def _rule(modem: Sim800, details: Details, fault: Fault, step: str = ANY_STEP) -> None:
    times = 1 if details.times is None else details.times or None
    modem.faults.on(details.step or step, fault, times=times, skip=details.skip or 0)


def _of_kind(kind: Kind, text: str = "", seconds: float = 0.0) -> Callable[[Sim800, Details], None]:
    def arms(modem: Sim800, details: Details) -> None:
        fault = Fault(
            kind,
            stage=details.stage or "command",
            seconds=seconds if details.seconds is None else details.seconds,
            text=text if details.text is None else details.text,
        )
        _rule(modem, details, fault)

    return arms


def _effect(modem: Sim800, details: Details, effect: Callable[[], None], stage: Stage) -> None:
    """The command is served; something happens beside it. Without a step, it happens now."""
    if details.step is None:
        effect()
    else:
        _rule(modem, details, Fault(Kind.LATE, stage=details.stage or stage, effect=effect))


def _echo(modem: Sim800, details: Details) -> None:
    def on() -> None:
        modem.terminal.echo = True

    _effect(modem, details, on, "answer")


def _deact(modem: Sim800, details: Details) -> None:
    if details.stage == "prompt":
        effect = _quietly(modem)
        fault = Fault(Kind.ERROR, stage="prompt", text="+PDP: DEACT", effect=effect)
        _rule(modem, details, fault, "+CIPSEND")
    else:
        _effect(modem, details, modem.tcp.deactivate, "command")


def _quietly(modem: Sim800) -> Callable[[], None]:
    return lambda: modem.tcp.deactivate(said=False)


def _closed(modem: Sim800, details: Details) -> None:
    fault = Fault(Kind.ERROR, stage="prompt", text="CLOSED", effect=modem.tcp.lose_peer)
    _rule(modem, details, fault, "+CIPSEND")


def _send_fail(modem: Sim800, details: Details) -> None:
    _rule(modem, details, Fault(Kind.ERROR, stage="text", text="SEND FAIL"), "+CIPSEND")


def _cms(code: int) -> Callable[[Sim800, Details], None]:
    def arms(modem: Sim800, details: Details) -> None:
        fault = Fault(
            Kind.ERROR,
            stage=details.stage or "text",
            seconds=REFUSAL_S if details.seconds is None else details.seconds,
            text=f"+CMS ERROR: {code if details.code is None else details.code}",
        )
        _rule(modem, details, fault, "+CMGS")

    return arms


def _stuck_connect(modem: Sim800, details: Details) -> None:
    fault = Fault(Kind.LATE, effect=modem.tcp.stick)
    _rule(modem, details, fault, "+CIPSTART")


def _nat(modem: Sim800, details: Details) -> None:
    modem.tcp.forget_idle(NAT_S if details.seconds is None else details.seconds)


def _brown_out(modem: Sim800, details: Details) -> None:
    fault = Fault(
        Kind.RESET,
        stage=details.stage or "text",
        seconds=BURST_S if details.seconds is None else details.seconds,
    )
    _rule(modem, details, fault, "+CMGS")


def _hang(modem: Sim800, details: Details) -> None:
    _effect(modem, details, modem.hang, "command")


def _byte_loss(modem: Sim800, details: Details) -> None:
    def loses() -> None:
        modem.wire.lose(
            LOSS_SHARE if details.share is None else details.share,
            details.direction or "both",
            count=details.times or None,
            seed=details.seed or 0,
        )

    if details.step is None:
        loses()
    else:
        fault = Fault(Kind.LATE, stage=details.stage or "command", effect=loses)
        modem.faults.on(details.step, fault, skip=details.skip or 0)


def _baud(modem: Sim800, details: Details) -> None:
    def changes() -> None:
        modem.wire.modem_baud = BAUD if details.baud is None else details.baud

    _effect(modem, details, changes, "answer")


_WHERE = frozenset({"step", "stage", "times", "skip"})
_OWN = frozenset({"times", "skip"})
_ANY, _NOW = (ANY_STEP,), (AT_ONCE, ANY_STEP)
_SMS = ("+CMGS",)
_CMS = _OWN | {"stage", "seconds"}

CATALOGUE: dict[str, Named] = {
    "silent": Named("Nothing comes.", _of_kind(Kind.SILENT), _ANY, _WHERE | {"seconds"}),
    "late": Named(
        f"The right thing comes, so many seconds later (default {LATE_S:g}).",
        _of_kind(Kind.LATE, seconds=LATE_S),
        _ANY,
        _WHERE | {"seconds"},
    ),
    "error": Named(
        "ERROR comes, or the text given.",
        _of_kind(Kind.ERROR),
        _ANY,
        _WHERE | {"seconds", "text"},
    ),
    "garbage": Named("Line noise comes.", _of_kind(Kind.GARBAGE), _ANY, _WHERE | {"seconds"}),
    "partial": Named(
        "The first half of the right thing comes.",
        _of_kind(Kind.PARTIAL),
        _ANY,
        _WHERE | {"seconds"},
    ),
    "urc": Named(
        "An unsolicited line (default RING) comes before the right thing.",
        _of_kind(Kind.URC, text="RING"),
        _ANY,
        _WHERE | {"seconds", "text"},
    ),
    "reset": Named(
        "The modem restarts, with its sync bytes and RDY.",
        _of_kind(Kind.RESET),
        _ANY,
        _WHERE | {"seconds"},
    ),
    "byte-loss": Named(
        f"Each byte vanishes with probability SHARE (default {LOSS_SHARE:g}), until so many have.",
        _byte_loss,
        _NOW,
        _WHERE | {"share", "direction", "seed"},
    ),
    "echo": Named("Echo is on again (ATE1 by itself).", _echo, _NOW, _WHERE),
    "deact": Named(
        "+PDP: DEACT: the network takes the context away.",
        _deact,
        (AT_ONCE, "+CIPSTART", "+CIPSEND", "+CMGS", ANY_STEP),
        _WHERE,
    ),
    "send-fail": Named("SEND FAIL: data handed over is not sent.", _send_fail, ("+CIPSEND",), _OWN),
    "closed": Named("CLOSED comes in place of the prompt.", _closed, ("+CIPSEND",), _OWN),
    "cms-515": Named("+CMS ERROR: 515, the modem's own storage failure.", _cms(515), _SMS, _CMS),
    "cms-38": Named("+CMS ERROR: 38, the network is out of order.", _cms(38), _SMS, _CMS),
    "cms-42": Named("+CMS ERROR: 42, the network is congested.", _cms(42), _SMS, _CMS),
    "cms-332": Named("+CMS ERROR: 332, the network did not answer in time.", _cms(332), _SMS, _CMS),
    "cms-530": Named("+CMS ERROR: 530, GPRS is suspended.", _cms(530), _SMS, _CMS),
    "cms": Named(
        "+CMS ERROR with any code (default 500, unknown).", _cms(500), _SMS, _CMS | {"code"}
    ),
    "stuck-connect": Named(
        "AT+CIPSTART is answered OK and never gets a result.",
        _stuck_connect,
        ("+CIPSTART",),
        _OWN,
    ),
    "nat": Named(
        f"The carrier forgets connections idle for so many seconds (default {NAT_S:g}): "
        "packets vanish without a word, new connections work.",
        _nat,
        (AT_ONCE,),
        frozenset({"seconds"}),
    ),
    "brown-out": Named(
        "The supply gives way on the transmission burst: a restart amid AT+CMGS or AT+CIPSEND.",
        _brown_out,
        ("+CMGS", "+CIPSEND"),
        _WHERE | {"seconds"},
    ),
    "hang": Named(
        "Mute and deaf until the power key or the RST pin: AT+CFUN=1,1 is not heard either.",
        _hang,
        _NOW,
        _WHERE,
    ),
    "baud": Named(
        f"The modem talks at another rate (default {BAUD}) until its power is cycled.",
        _baud,
        _NOW,
        _WHERE | {"baud"},
    ),
}
"""``for name, fault in CATALOGUE.items()`` for a campaign over every fault."""
