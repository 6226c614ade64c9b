"""What the modem's owner tells its user: small frozen facts, safe to log.

Events that carry a number, a text or a body keep it out of ``repr``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum


class Outcome(Enum):
    """What is known of a thing handed to the modem."""

    DONE = "done"
    """The network took it."""
    FAILED = "failed"
    """It was refused, or it never left the modem."""
    UNKNOWN = "unknown"
    """It may have left: no answer came. Sending it again may send it twice."""


class Condition(Enum):
    """How far the modem is from carrying a text; only the last two can."""

    STARTING = "starting"
    SILENT = "silent"
    SIM_ABSENT = "no SIM"
    SIM_PIN = "SIM wants its PIN"
    SIM_PUK = "SIM is locked and wants its PUK"
    SEARCHING = "searching for a network"
    DENIED = "the network refuses this SIM"
    REGISTERED = "registered"
    ROAMING = "registered, roaming"

    @property
    def registered(self) -> bool:
        """Whether texts can leave."""
        return self in (Condition.REGISTERED, Condition.ROAMING)


@dataclass(frozen=True)
class Cell:
    """The serving cell. ``mcc`` and ``mnc`` name the operator; ``lac`` 0-65535, ``ci`` 0-2**28-1."""

    mcc: int
    mnc: int
    lac: int
    ci: int


@dataclass(frozen=True)
class SmsLeaving:
    """The last part of a text is being handed to the modem: from now on all of it may leave."""

    ref: str


@dataclass(frozen=True)
class SmsOutcome:
    """The end of one ``send_sms``.

    ``references`` are the TP-MR (0-255) of the parts the network took, in
    order. ``code`` is the number of a +CMS or +CME ERROR. An UNKNOWN may be
    followed by a second event with DONE, if the modem's answer comes late.
    """

    ref: str
    outcome: Outcome
    references: tuple[int, ...]
    code: int | None
    reason: str


@dataclass(frozen=True)
class SmsReport:
    """The network's delivery report: every part arrived, or one never will."""

    ref: str
    delivered: bool


@dataclass(frozen=True)
class SmsReceived:
    """A text came in; long texts come part by part, and then none of them is ``whole``.

    ``sent_at``: Unix seconds by the clock of the sender's SMS centre, if that says any.

    It lies on the SIM until ``kept`` is called, from any thread: before that a power cut must not
    cost it. After a restart, of the modem or of ours, it comes again.
    """

    sender: str = field(repr=False)
    text: str = field(repr=False)
    kept: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    whole: bool = True
    sent_at: float | None = None


@dataclass(frozen=True)
class PostAnswered:
    """HQ answered a post: HTTP ``status`` and at most 1024 bytes of ``body``."""

    ref: str
    status: int
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class PostFailed:
    """A post has no answer and will get none; it may still have arrived."""

    ref: str
    reason: str


@dataclass(frozen=True)
class DataPath:
    """The connection to HQ came up, or is down."""

    up: bool


@dataclass(frozen=True)
class ModemState:
    """The modem's condition changed."""

    state: Condition
    reason: str


@dataclass(frozen=True)
class ModemWarning:
    """The supply is too low, or the radio is jammed; or it no longer is."""

    under_voltage: bool
    jamming: bool


ModemEvent = (
    SmsLeaving
    | SmsOutcome
    | SmsReport
    | SmsReceived
    | PostAnswered
    | PostFailed
    | DataPath
    | ModemState
    | ModemWarning
)


@dataclass(frozen=True)
class ModemStatus:
    """A snapshot; every ``None`` means "not known".

    ``signal`` is CSQ's 0-31 (2 dB a step from -113 dBm); ``neighbours`` are the
    other cells heard, strongest first; ``battery_mv`` is the modem's own supply
    in millivolts and ``battery_percent`` what it makes of that;
    ``connected_since`` is on the owner's clock; ``data_trouble`` is why data failed last, empty once a
    connection has worked. ``under_voltage`` and ``jamming`` are what the modem has warned of and not
    taken back. ``texts_ready`` is False while the modem refuses to get ready for texts;
    ``text_refusal`` is the code by which it refused the last one, "?" if it gave none, empty once one
    has left; while ``text_foreseen`` no text has met it. ``texts_in_vain`` counts those refused or
    lost since one left, though there was a network. ``network_zero`` is its Unix time at the clock's 0.
    """

    state: Condition = Condition.STARTING
    reason: str = ""
    signal: int | None = None
    cell: Cell | None = None
    neighbours: tuple[Cell, ...] = ()
    battery_mv: int | None = None
    battery_percent: int | None = None
    under_voltage: bool = False
    jamming: bool = False
    data_up: bool = False
    connected_since: float | None = None
    data_trouble: str = ""
    texts_ready: bool = True
    text_refusal: str = ""
    text_foreseen: bool = False
    texts_in_vain: int = 0
    network_zero: float | None = None
    queued_texts: int = 0
