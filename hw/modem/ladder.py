"""The modem's recovery ladder: after which failure it is shut, attached or restarted, and when not.

All of it is in two tables, and nothing else restarts the modem. :data:`RUNGS` says what each rung
does and how long that may take, from the weakest to the strongest. :data:`LADDER` says when one is
taken: of the rows of a failure the last one counts whose conditions all hold, and its rung is taken
after its pause. :func:`next_rung` reads the tables; the owner's thread does what it says: in
recovery.py what restarts the modem or its radio, in posts.py and service.py what is done to the
connection, in starting.py a radio found off.

A modem that answers and lets nothing leave is as dead as a mute one: what drives the ladder in an
alarm is whether a text has left, whatever the modem says to each.

docs/recovery.md is drawn from the tables by ``make docs``. "Manual" is the SIM800 Series AT Command
Manual V1.12, "hardware design" is SIM800L Hardware Design V1.00.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Failure(Enum):
    """What the owner's thread has met."""

    PORT_LOST = "the serial port is lost"
    RESTARTED = "the modem has restarted by itself"
    SILENT = "the modem does not answer AT, or does not get ready for texts"
    HELD_UP = "a command that cannot be aborted holds up a text or an alarm"
    RADIO_OFF = "the modem's radio is off"
    PIN_UNPROVED = "the SIM wants its PIN still, long after the modem's OK to it"
    NO_DATA = "the connection to HQ is broken or cannot be made"
    TEXT_STUCK = "a text that is out has no answer, and AT beside it has none"
    TEXTS_REFUSED = "texts are refused one after another"
    NOTHING_LEAVES = "the modem answers, and what should leave does not"


class Rung(Enum):
    """What is done about it, from the weakest to the strongest."""

    NOTHING = "nothing yet"
    CALL = "call the modem"
    SHUT = "shut the connection"
    ATTACH = "attach again"
    RADIO = "radio on"
    TOGGLE = "radio off and on"
    COMMAND = "restart by command"
    WIRE = "restart by wire"


class Means(NamedTuple):
    """How a rung is done: ``limit_s`` is the time given to each of ``commands``, or to the wire.

    While bytes keep coming each command is given ``link.ANSWER_S`` more.
    """

    words: str
    commands: tuple[str, ...]
    limit_s: float
    patience_s: float | None = None
    """For how long a text or an alarm that comes meanwhile bears it; then it is HELD_UP."""
    then: Rung | None = None
    or_else: Rung | None = None

    @property
    def bound_s(self) -> float:
        """The longest the rung may take; of CALL, one call."""
        return self.limit_s * max(1, len(self.commands))


PATIENCE_S = 5.0  # of an alarm with a command that cannot be aborted; a restart costs about 12

RUNGS = {
    Rung.NOTHING: Means("Texts go first, or there is nothing to gain.", (), 0.0),
    Rung.CALL: Means(
        "Open the port again if it was lost, say AT until it is answered, and tell the modem every"
        " setting again. Unanswered, it is silent once more.",
        ("AT",),
        4.0,  # 2 s for the answer and 2 s for late lines to pass by
    ),
    Rung.SHUT: Means(
        "Back to IP INITIAL, from where a connection can be made.",
        ("AT+CIPSHUT",),
        65.0,  # manual p.219
        PATIENCE_S,
    ),
    Rung.ATTACH: Means(
        "Leave GPRS and join it again.",
        ("AT+CGATT=0", "AT+CGATT=1"),
        75.0,  # manual p.202
        PATIENCE_S,
        then=Rung.SHUT,
    ),
    Rung.RADIO: Means("Switch the radio on.", ("AT+CFUN=1",), 10.0),  # manual p.96
    Rung.TOGGLE: Means(
        "Switch radio and SIM off and on again.",
        ("AT+CFUN=0", "AT+CFUN=1"),
        5.0,  # manual p.96: up to 10; a radio that is then still off is RADIO_OFF
        then=Rung.CALL,
    ),
    Rung.COMMAND: Means(
        "Restart the modem whether or not it listens just now; the OK comes after the restart.",
        ("AT+CFUN=1,1",),  # manual p.96
        4.0,
        then=Rung.CALL,
    ),
    Rung.WIRE: Means(
        "Restart the modem by the wire that the board has: its supply off and on, PWRKEY twice, or RST.",
        (),
        7.0,  # hw/power.py: PWRKEY; the supply takes 3 s, RST 0.2 s
        then=Rung.CALL,
        or_else=Rung.COMMAND,
    ),
}


@dataclass(frozen=True)
class Situation:
    """What is known when a failure is met. Times are seconds on the owner's clock."""

    failure: Failure
    since: float
    """When it was met."""
    times: int = 1
    """How often in a row it has been met by now; of NOTHING_LEAVES, which restart would be next."""
    climbed_at: int = 0
    """The value of ``times`` when a rung above SHUT was last taken for it."""
    has_wire: bool = False
    text_waits: bool = False
    text_next: bool = False
    """A text waits and is to go before anything else."""
    text_on_its_way: bool = False
    """The modem has been given a text, and its outcome is not known."""
    text_tried_at: float = float("-inf")
    pulled_at: float = float("-inf")
    """When the wire was pulled last, whatever for."""
    restarted_at: float = float("-inf")
    """When the modem was restarted last, by wire or by command."""
    post_waits_for_new: bool = False
    """A post got no answer on an old connection; a new one is made for it once."""
    connected: bool = False
    """There is a connection, or one is being made."""
    shut_for_text_at: float = float("-inf")
    alarm_since: float | None = None
    registered: bool = False
    refusals: int = 0
    """How many texts in a row were refused."""
    taken: Rung = Rung.NOTHING
    """The rung taken last since nothing leaves, and when."""
    taken_at: float = float("-inf")

    @property
    def in_need(self) -> bool:
        """Whether an alarm is open or a text waits."""
        return self.text_waits or self.alarm_since is not None


class Requirement(NamedTuple):
    """What must hold for a rung to be taken."""

    name: str
    words: str
    holds: Callable[[Situation, float], bool]


TEXT_DUE_S = 15.0  # an alarm that has asked for no text by then has its receipt
SHUT_FOR_TEXT_EVERY_S = 600.0  # each time costs the data path, and may not help
REFUSALS = 2  # in a row beside a connection: perhaps because of it


def _texts_tried(situation: Situation, now: float) -> bool:
    alarm_since = situation.alarm_since
    if situation.text_next:
        return False
    if alarm_since is None or situation.text_tried_at >= alarm_since:
        return True
    return situation.post_waits_for_new or now >= alarm_since + TEXT_DUE_S


TEXTS_TRIED = Requirement(
    "texts tried",
    "no text is next, and if an alarm is open, one was handed to the modem since, or the alarm has"
    f" asked for none in {TEXT_DUE_S:.0f} s, or its post waits for the one new connection that"
    " replaces an old one without an answer",
    _texts_tried,
)
NO_TEXT_OUT = Requirement(
    "no text on its way",
    "the modem has been given no text whose outcome is not known yet",
    lambda s, now: not s.text_on_its_way,
)
LONG_OPEN_S = 120.0  # by then the texts that an alarm begins with have left
RESTARTED_AGAIN_S = 600.0


def _spares(situation: Situation, now: float) -> bool:
    if situation.alarm_since is None:
        return True  # a post that waits has met the failure as often as anything
    long_open = now >= situation.alarm_since + LONG_OPEN_S and not situation.text_waits
    return long_open and now >= situation.restarted_at + RESTARTED_AGAIN_S


CALM = Requirement(
    "calm",
    "no alarm is open; or an alarm has been open for"
    f" {LONG_OPEN_S:.0f} s, no text waits, and the modem was not restarted in the last"
    f" {RESTARTED_AGAIN_S:.0f} s",
    _spares,
)
IN_NEED = Requirement("in need", "an alarm is open or a text waits", lambda s, now: s.in_need)
WIRED = Requirement("wired", "the board has a wire to the modem", lambda s, now: s.has_wire)
FRESH = Requirement(
    "fresh",
    "nothing stronger than shutting was done since the last failure",
    lambda s, now: s.times > s.climbed_at,
)
CONNECTED = Requirement(
    "connected", "there is a connection, or one is being made", lambda s, now: s.connected
)
REFUSED_AGAIN = Requirement(
    "refused again", f"{REFUSALS} times or more in a row", lambda s, now: s.times >= REFUSALS
)
NOT_LATELY = Requirement(
    "not lately",
    f"it was not done for this in the last {SHUT_FOR_TEXT_EVERY_S:.0f} s",
    lambda s, now: now >= s.shut_for_text_at + SHUT_FOR_TEXT_EVERY_S,
)
SOME_REFUSED = Requirement(
    "some refused",
    f"{REFUSALS} texts or more were refused since one left",
    lambda s, now: s.refusals >= REFUSALS,
)
REGISTERED = Requirement("registered", "the modem has a network", lambda s, now: s.registered)
PULLED_AGAIN_S = 600.0
NOT_PULLED_LATELY = Requirement(
    "not pulled lately",
    f"the wire was not pulled in the last {PULLED_AGAIN_S:.0f} s: the text, which may be on its way,"
    " is cut off and sent again, and the next one has its minute",
    lambda s, now: now >= s.pulled_at + PULLED_AGAIN_S,
)
RESTART_S = 45.0  # by 90 s it is done, though it waits for the text that is out, for a minute
SEARCHES_S = 70.0  # finding a network takes a minute at times, and a restart begins that again
LOST_S = 300.0  # a tunnel, a cellar; but some networks and SIMs are lost until a restart


def _restart_due(situation: Situation, now: float) -> bool:
    lost_s = LOST_S if situation.alarm_since is None else SEARCHES_S
    return now >= situation.since + (RESTART_S if situation.registered else lost_s)


RESTART_DUE = Requirement(
    "restart due",
    f"for {RESTART_S:.0f} s, or while the modem has no network for {SEARCHES_S:.0f} s, and"
    f" {LOST_S:.0f} s where no alarm is open",
    _restart_due,
)
RESTARTS_S = (120.0, 180.0, 300.0, 600.0)  # each costs what could have left in 15 s
CALM_TIMES = 6  # as long where no alarm is open


def _rested(situation: Situation, now: float) -> bool:
    if situation.times < 2:
        return True
    pause_s = RESTARTS_S[min(situation.times - 2, 3)]
    if situation.alarm_since is None:
        pause_s *= CALM_TIMES
    return now >= situation.taken_at + pause_s


RESTED = Requirement(
    "rested",
    "for this it was not restarted yet, or last "
    + ", ".join(f"{pause_s:.0f}" for pause_s in RESTARTS_S)
    + f" s ago, {CALM_TIMES} times as long where no alarm is open: the pauses grow, and the last repeats",
    _rested,
)
IN_TURN = Requirement(
    "in turn",
    "of restarts for this, the first, third, fifth and so on",
    lambda s, now: s.times % 2 == 1,
)

_BETWEEN_TEXTS = (TEXTS_TRIED, NO_TEXT_OUT)
_WHILE_CALM = (FRESH, CALM, *_BETWEEN_TEXTS)
_GENTLE = (REGISTERED, SOME_REFUSED, *_BETWEEN_TEXTS)
_RESTART = (RESTART_DUE, RESTED, *_BETWEEN_TEXTS)


def between(first: float, last: float) -> Requirement:
    """It has been so for this long, and no longer: a text that takes its time comes in between."""
    return Requirement(
        f"{first:.0f} to {last:.0f} s",
        "for so long it has been so; later is too late for this rung",
        lambda s, now: s.since + first <= now <= s.since + last,
    )


def above(rung: Rung) -> Requirement:
    """Of the rungs for one failure this is the strongest so far."""
    words = "it was not taken since, and nothing stronger"
    strength = list(Rung).index
    return Requirement("once", words, lambda s, now: strength(s.taken) < strength(rung))


def each(nth: int) -> Requirement:
    """Every so many failures in a row."""
    name = f"each {nth}{'nd' if nth == 2 else 'th'}"
    words = "of so many failures of this kind in a row"
    return Requirement(name, words, lambda s, now: s.times > 0 and s.times % nth == 0)


class Pauses(NamedTuple):
    """Seconds before a rung, by how often the failure came in a row; the last for all later ones."""

    calm_s: tuple[float, ...]
    in_need_s: tuple[float, ...]


AT_ONCE = Pauses((0.0,), (0.0,))
SLOWLY = Pauses((1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0), (1.0, 2.0))  # a look wakes the processor
FIRST_AT_ONCE = SLOWLY._replace(in_need_s=(0.0, 2.0))

IN_A_ROW = 3  # restarts by itself, after which only what is needed is said

CALLS = 5
CALLS_AFTER_RESTART = 20  # AT is answered within 8 s as a rule; 20 take half a minute


class Row(NamedTuple):
    """When a rung is taken."""

    rung: Rung
    only_if: tuple[Requirement, ...] = ()
    pauses: Pauses = AT_ONCE
    calls: int = 0
    """How often AT is said afterwards before the modem counts as silent."""


LADDER: dict[Failure, tuple[Row, ...]] = {
    Failure.PORT_LOST: (Row(Rung.CALL, (), SLOWLY, CALLS),),
    Failure.RESTARTED: (
        Row(Rung.CALL, (), AT_ONCE, CALLS),
        Row(Rung.COMMAND, (each(3 * IN_A_ROW), NO_TEXT_OUT), AT_ONCE, CALLS_AFTER_RESTART),
        Row(Rung.WIRE, (WIRED, each(3 * IN_A_ROW), NO_TEXT_OUT), AT_ONCE, CALLS_AFTER_RESTART),
    ),
    Failure.SILENT: (
        Row(Rung.CALL, (), SLOWLY, CALLS),
        # Rarely: a slow modem only gets slower by it, and a mute one does not hear it.
        Row(Rung.COMMAND, (each(4), NO_TEXT_OUT), SLOWLY, CALLS),
        Row(Rung.WIRE, (WIRED, each(2), NO_TEXT_OUT), SLOWLY, CALLS_AFTER_RESTART),
        Row(Rung.WIRE, (WIRED, IN_NEED, NO_TEXT_OUT), FIRST_AT_ONCE, CALLS_AFTER_RESTART),
    ),
    Failure.HELD_UP: (
        Row(Rung.CALL, (), AT_ONCE, CALLS),
        Row(Rung.COMMAND, (NO_TEXT_OUT,), AT_ONCE, CALLS_AFTER_RESTART),
        Row(Rung.WIRE, (WIRED, NO_TEXT_OUT), AT_ONCE, CALLS_AFTER_RESTART),
    ),
    Failure.PIN_UNPROVED: (
        Row(Rung.CALL, (), AT_ONCE, CALLS),
        Row(Rung.COMMAND, (NO_TEXT_OUT,), AT_ONCE, CALLS_AFTER_RESTART),
        Row(Rung.WIRE, (WIRED, NO_TEXT_OUT), AT_ONCE, CALLS_AFTER_RESTART),
    ),
    Failure.RADIO_OFF: (Row(Rung.NOTHING), Row(Rung.RADIO, (NO_TEXT_OUT,))),
    Failure.NO_DATA: (
        Row(Rung.NOTHING),
        Row(Rung.SHUT, _BETWEEN_TEXTS),
        # Deaf for 75 s in it, the modem would keep a press waiting, and only a wire ends that.
        Row(Rung.ATTACH, (WIRED, each(5), *_WHILE_CALM)),
        Row(Rung.COMMAND, (each(12), *_WHILE_CALM), AT_ONCE, CALLS_AFTER_RESTART),
        Row(Rung.WIRE, (WIRED, each(12), *_WHILE_CALM), AT_ONCE, CALLS_AFTER_RESTART),
    ),
    # It may be busy with the text for a minute, and deaf (manual p.116); no line of three wires tells
    # that from a hang. Few texts take 20 s (public drivers: 10 is too short, 20 to 30 will do).
    Failure.TEXT_STUCK: (
        Row(Rung.NOTHING),
        Row(Rung.WIRE, (WIRED, NOT_PULLED_LATELY), calls=CALLS_AFTER_RESTART),
    ),
    Failure.TEXTS_REFUSED: (
        Row(Rung.NOTHING),
        Row(Rung.SHUT, (REFUSED_AGAIN, CONNECTED, NOT_LATELY, NO_TEXT_OUT)),
    ),
    Failure.NOTHING_LEAVES: (
        Row(Rung.NOTHING),
        # It may hold the line for 75 s, deaf to any command, and then only a wire ends that.
        Row(Rung.ATTACH, (WIRED, between(20, 30), above(Rung.ATTACH), *_GENTLE)),
        Row(Rung.TOGGLE, (between(30, 36), above(Rung.TOGGLE), *_GENTLE), calls=CALLS),
        Row(Rung.COMMAND, _RESTART, calls=CALLS_AFTER_RESTART),
        # Each in its turn, for the wire may be broken as well.
        Row(Rung.WIRE, (WIRED, IN_TURN, *_RESTART), calls=CALLS_AFTER_RESTART),
    ),
}


class Step(NamedTuple):
    """The rung to take, when (on the owner's clock), and how often to call the modem then."""

    rung: Rung
    at: float
    calls: int


def next_rung(situation: Situation, now: float) -> Step:
    """What the ladder says of ``situation``. Pure: ask again when anything has changed."""
    row = [
        row
        for row in LADDER[situation.failure]
        if all(requirement.holds(situation, now) for requirement in row.only_if)
    ][-1]
    pauses_s = row.pauses.in_need_s if situation.in_need else row.pauses.calm_s
    pause_s = pauses_s[min(max(situation.times, 1), len(pauses_s)) - 1]
    return Step(row.rung, situation.since + pause_s, row.calls)
