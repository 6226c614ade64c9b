"""The owner's way up the ladder: what it remembers of failures, and how it restarts the modem."""

import logging
from collections import Counter, deque
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from outcry.hw.modem.data_turn import Turn
from outcry.hw.modem.events import ModemEvent, Outcome, PostAnswered, PostFailed, SmsOutcome
from outcry.hw.modem.jobs import JobQueue
from outcry.hw.modem.ladder import (
    IN_A_ROW,
    RUNGS,
    TEXT_DUE_S,
    Failure,
    Rung,
    Situation,
    Step,
    next_rung,
)

if TYPE_CHECKING:
    from outcry.hw.modem.link import Link

log = logging.getLogger("outcry.modem")

ONCE_S = 120.0  # one crash may be chance; long enough for an alarm to leave
OFTEN_S = 3600.0  # two within an hour are not
COUNTED = 99  # texts in vain; more say no more
LASTED_S = 600.0  # a network that was there for so long is lost anew
ECHO = "echo"  # one that keeps coming back is no sign that the modem keeps restarting
RAN_S = 60.0  # a modem that ran for so long does not restart "again"
# What is said all the same to a modem that restarts over and over: what an alarm leaves and is answered
# by, and dates itself by. In turn some of it is left out as well: what texts are set up with, where a
# list shows instead whether they are in PDU mode; what is asked of the SIM; what a PIN is said with; at
# last all of that, for it may be two.
NEEDED = {"+CMEE", "+CPIN", "+CREG", "+CCID", "+SPIC", "+CLTS", "+CCLK"}
NEEDED |= {
    "+CMGF",
    "+CPMS",
    "+CNMI",
    "+CMGL",
    "+CMGR",
    "+CMGD",
    "+CIPCSGP",
    "+CIPRXGET",
    "+CIPQSEND",
}
SAID_STILL = (
    NEEDED,
    NEEDED - {"+CMGF", "+CPMS", "+CNMI", "+CMGR", "+CMGD", "+CLTS", "+CCLK", "+CIPQSEND"},
    NEEDED - {"+CPIN", "+CREG", "+CMGL"},
    NEEDED - {"+CCID", "+SPIC", "+CMEE"},
    {"+CMGL", "+CIPCSGP", "+CIPRXGET"},
    {"+CMGF", "+CIPCSGP", "+CIPRXGET"},
)
TURNS = (1, 2, 3, 4, 5, 6)  # in an alarm, after so many restarts; and with each third of all
ALWAYS_SAID = {"", "+CIPSTART", ECHO}
# A rung that is due waits for what begins by then, and for data's turn no longer than this: a restart
# is due after 45 s, and done by 90 s.
WAITS_FOR_S, WAITS_MOST_S = 18.0, 32.0


@dataclass(frozen=True)
class Stall:
    """What was done last in an alarm in which nothing leaves."""

    alarm_since: float | None = None
    taken: Rung = Rung.NOTHING
    taken_at: float = float("-inf")
    restarts: int = 0
    due: Rung = Rung.NOTHING
    due_at: float = float("inf")
    """Which rung is due next, and since when: it may have to wait."""

    def then(self, rung: Rung, now: float) -> "Stall":
        restarts = self.restarts + (rung in (Rung.COMMAND, Rung.WIRE))
        return Stall(self.alarm_since, rung, now, restarts)


class Recovery:
    """Keeps what the ladder is asked with, and restarts the modem where it says so."""

    def __init__(
        self,
        jobs: JobQueue,
        clock: Callable[[], float],
        power_cycle: Callable[[bool], None] | None = None,
    ) -> None:
        """``power_cycle`` restarts the modem by its wire, if there is one; see ``is_on``."""
        self._jobs = jobs
        self._clock = clock
        self._power_cycle = power_cycle
        self.quarantine = Quarantine(clock, lambda: jobs.urgent_since)
        self.is_on = False
        """Whether the modem has answered since its wire was pulled, and did not say it goes off."""
        self._times: Counter[Failure] = Counter()
        self._climbed_at: Counter[Failure] = Counter()
        self.text_tried_at = float("-inf")
        self._shut_for_text_at = self._pulled_at = self._restarted_at = float("-inf")
        self._left_at = self._answered_at = self._started_at = float("-inf")
        self._text_due_at = float("-inf")
        self._refused: set[str] = set()
        self._reached: set[str] = set()
        self._unsent_since: float | None = None
        self._unanswered_since: float | None = None
        self._lost_since: float | None = None
        self._found_at = float("-inf")
        self._in_vain = deque[tuple[str, bool]](maxlen=COUNTED)
        self._stall = Stall()
        self.restarted_itself_at = float("-inf")
        self._turn = 0  # in SAID_STILL
        self._in_turns = False  # whether this row of restarts has begun with it

    def met(self, failure: Failure) -> None:
        """``failure`` has come once more in a row."""
        self._times[failure] += 1

    def over(self, failure: Failure) -> None:
        """What ``failure`` prevents has succeeded."""
        self._times[failure] = self._climbed_at[failure] = 0

    def restarted(self) -> Step:
        """The modem has restarted by itself, or says so: what is done about it.

        Whatever it was asked just then is blamed for one. Where it goes on, it may be anything
        that was said, answered long before: for two minutes nothing is said that is not needed. What
        that is, is taken in turn, beginning with what has ended the last row.
        """
        now, last_at = self._clock(), self.restarted_itself_at
        self.restarted_itself_at = now
        if now - last_at > RAN_S:
            self.over(Failure.RESTARTED)
        if now - last_at > OFTEN_S:
            self._turn = 0
        self._in_turns &= self._times[Failure.RESTARTED] > 0
        self.met(Failure.RESTARTED)
        times = self._times[Failure.RESTARTED]
        at_once = times in TURNS and self._jobs.urgent_since is not None
        if at_once or times % IN_A_ROW == 0:
            log.warning("modem restarts over and over; saying only what is needed")
            self._turn = (self._turn + self._in_turns) % len(SAID_STILL)
            self._in_turns = True
            self.quarantine.spare_all_but(SAID_STILL[self._turn])
        return self.next(Failure.RESTARTED)

    @property
    def has_wire(self) -> bool:
        return self._power_cycle is not None

    def times(self, failure: Failure) -> int:
        """How often ``failure`` has come in a row."""
        return self._times[failure]

    def climbed(self, failure: Failure) -> None:
        """A rung above SHUT is being taken."""
        self._climbed_at[failure] = self._times[failure]

    def started(self) -> None:
        """The modem is ready: a text has its try before a rung for what does not leave."""
        self._started_at = self._clock()
        self._stall = replace(self._stall, due=Rung.NOTHING)

    def text_due(self) -> None:
        """A network was found, or data has had its turn: the next text goes before a rung."""
        self._text_due_at = self._clock()

    def text_tried(self) -> None:
        """A text has had its try."""
        self.text_tried_at = self._clock()

    def text_refused(self, number: str) -> None:
        self._refused.add(number)
        self.met(Failure.TEXTS_REFUSED)

    def text_left(self, number: str) -> None:
        self._reached.add(number)

    def text_in_vain(self, number: str, is_of_it: bool) -> None:
        """A text was refused or lost, though there is a network; ``is_of_it``: its number is blamed."""
        self._in_vain.append((number, is_of_it))

    @property
    def texts_in_vain(self) -> int:
        """How many ended so since one left; 0 where it may be the fault of bad numbers.

        Numbers that are blamed say nothing of the others; where texts reach no other, nothing leaves.
        """
        blamed = {number for number, of_it in self._in_vain if of_it}
        reaches_others = not self._reached <= blamed
        counted = [number for number, of_it in self._in_vain if not (of_it and reaches_others)]
        alone = len(set(counted)) == 1
        one_is_bad = alone and self._reached and counted[0] not in self._reached
        return 0 if one_is_bad else len(counted)

    def came_of(self, event: ModemEvent) -> bool:
        """What came of a text or a post: whether it has left is what the ladder goes by."""
        now = self._clock()
        if isinstance(event, SmsOutcome) and event.outcome is Outcome.DONE:
            self.over(Failure.TEXTS_REFUSED)
            self.over(Failure.RESTARTED)
            self._left_at, self._unsent_since, self._stall = now, None, Stall()
            self._refused.clear()
            self._in_vain.clear()
        elif isinstance(event, SmsOutcome) and self._unsent_since is None:
            self._unsent_since = now
        elif isinstance(event, PostAnswered):
            self.over(Failure.RESTARTED)
            self._answered_at, self._unanswered_since = now, None
        elif isinstance(event, PostFailed) and self._unanswered_since is None:
            self._unanswered_since = now
        return now in (self._left_at, self._answered_at)

    def shut_for_text(self) -> None:
        """The connection is being shut because texts are refused beside it."""
        self._shut_for_text_at = self._clock()

    def situation(self, failure: Failure, since: float | None = None) -> Situation:
        """What is known here of ``failure``, met now or at ``since``."""
        head = self._jobs.head_text()
        return Situation(
            failure,
            self._clock() if since is None else since,
            times=self._times[failure],
            climbed_at=self._climbed_at[failure],
            has_wire=self.has_wire,
            text_waits=head is not None,
            text_on_its_way=head is not None and head.given,
            text_tried_at=self.text_tried_at,
            shut_for_text_at=self._shut_for_text_at,
            pulled_at=self._pulled_at,
            restarted_at=self._restarted_at,
            alarm_since=self._jobs.urgent_since,
        )

    def next(self, failure: Failure, since: float | None = None) -> Step:
        """The rung for ``failure``, met now or at ``since``."""
        return next_rung(self.situation(failure, since), self._clock())

    def _stalled_since(self) -> float | None:
        """Since when what should leave does not; None: it does, or there is nothing.

        In an alarm a post's answer counts for nothing: if it is HQ's, the alarm is soon answered.
        """
        alarm_since, lost_since = self._jobs.urgent_since, self._lost_since
        # One number alone that nothing has reached yet may be a wrong one.
        refuses = len(self._refused) > 1 or not self._refused.isdisjoint(self._reached)
        if alarm_since is None:
            in_vain_since = self._in_vain_since(refuses)
            return lost_since if in_vain_since is None else in_vain_since
        if self._unsent_since is None:
            self._unsent_since = self._jobs.text_since
        waits = [self._unsent_since] if refuses or not self._refused else []
        if self._left_at < alarm_since:
            waits = [self._unsent_since, self._unanswered_since]
        elif lost_since is not None and self._unanswered_since is not None:
            waits.append(max(lost_since, self._unanswered_since))
        known = [max(since, self._left_at, alarm_since) for since in waits if since is not None]
        since = min(known, default=None)
        at_once = since is not None and since <= alarm_since + TEXT_DUE_S  # as an alarm asks
        return alarm_since if at_once and self._left_at < alarm_since else since

    def _in_vain_since(self, refuses: bool) -> float | None:
        """Since when texts end in vain while no alarm asks for any; None: they do not, or a restart
        came after the last try.

        A wrong number's restart the modem where nothing has an answer by data either.
        """
        if self._unsent_since is None or self._is_settled:
            return None
        if refuses or not self._refused:
            return self._unsent_since
        unanswered_since = self._unanswered_since
        return None if unanswered_since is None else max(unanswered_since, self._unsent_since)

    @property
    def _is_settled(self) -> bool:
        """Whether an answer by data, or a restart, came after the last text was tried."""
        settled_at = max(self._answered_at, self._restarted_at, self._stall.taken_at)
        return self.text_tried_at <= settled_at

    @property
    def stalls(self) -> bool:
        """Whether something should leave and does not; a network alone that is lost can wait."""
        minded = None if self._jobs.urgent_since is not None else self._lost_since
        return self._stalled_since() not in (None, minded)

    def stalled(
        self, registered: bool, lost: bool, text_next: bool, data: Turn = Turn.NONE
    ) -> Step | None:
        """The rung that is due because nothing leaves, if any; it counts as taken.

        ``lost``: there is no network that would take anything, nor a SIM that it asks for; some are
        lost until the modem restarts. ``text_next``: a text waits that could leave now.
        ``data``: whether data's turn is to begin now, or has begun.
        """
        now = self._clock()
        if not lost and self._lost_since is not None:
            self._lost_since, self._found_at = None, now
        elif lost and self._lost_since is None:
            self._lost_since = now
            is_idle = self._unsent_since is None or self._is_settled
            if self._jobs.urgent_since is None and is_idle and now - self._found_at > LASTED_S:
                self._stall = Stall()
        since = self._stalled_since()
        if since is None:
            return None
        if self._stall.alarm_since != self._jobs.urgent_since:
            self._stall = Stall(self._jobs.urgent_since)
        stall = self._stall
        known = replace(
            self.situation(Failure.NOTHING_LEAVES, since),
            times=stall.restarts + 1,
            registered=registered,
            refusals=self._times[Failure.TEXTS_REFUSED],
            text_next=text_next
            and self.text_tried_at < max(since, stall.taken_at, self._started_at),
            taken=stall.taken,
            taken_at=stall.taken_at,
        )
        step = next_rung(known, now)
        if step.rung is Rung.NOTHING or self._holds_back(step.rung, text_next, data):
            return None
        log.warning("nothing has left for %.0f s; %s", now - since, step.rung.value)
        if step.rung is not Rung.WIRE:  # which counts when it is pulled, whatever for
            self._stall = stall.then(step.rung, now)
        return step

    @property
    def is_rung_due(self) -> bool:
        """Whether a rung waits for a text or for data."""
        return self._stall.due is not Rung.NOTHING

    def _holds_back(self, rung: Rung, text_next: bool, data: Turn) -> bool:
        """Whether the rung that is due waits for data's turn, or for the text that is due again.

        Not for long: a text may end in nothing for ever, and data's turn, too.
        """
        if self._stall.due is not rung:
            self._stall = replace(self._stall, due=rung, due_at=self._clock())
        waited_s = self._clock() - self._stall.due_at
        if data is Turn.ON:
            return waited_s < WAITS_MOST_S
        waits = data is Turn.NEXT or (text_next and self.text_tried_at <= self._text_due_at)
        return waits and waited_s < WAITS_FOR_S

    def bide(self, link: "Link", refuse_posts: Callable[[str], None]) -> Step:
        """Wait until the rung for a silent modem is due, or until the modem says something."""
        since = self._clock()
        step = self.next(Failure.SILENT, since)
        silences = self._times[Failure.SILENT]
        log.warning("modem silent (%d); next look in %.0f s", silences, step.at - since)
        link.begin_epoch()
        while not link.urcs and self._clock() < step.at:
            link.listen(step.at)
            refuse_posts("the modem is silent")
            step = self.next(Failure.SILENT, since)
        return step

    def take(self, link: "Link", step: Step) -> None:
        """Restart the modem or its radio if ``step`` says so; calling it begins the next epoch."""
        rung: Rung | None = step.rung
        if rung in (Rung.WIRE, Rung.COMMAND):
            self._restarted_at = self._clock()
        if rung is Rung.WIRE:
            self._pulled_at = self._clock()
            self._stall = self._stall.then(rung, self._pulled_at)
            if not self._pull_wire(link):
                rung = RUNGS[rung].or_else
        if rung in (Rung.TOGGLE, Rung.COMMAND):
            for command in RUNGS[rung].commands:
                link.restart(command, RUNGS[rung].limit_s)

    def _pull_wire(self, link: "Link") -> bool:
        """Restart the modem by its wire; False if that fails."""
        if self._power_cycle is None:
            return False
        log.warning("modem power-cycled")
        is_on, self.is_on = self.is_on, False
        try:
            self._power_cycle(is_on)
        except Exception as exc:  # noqa: BLE001 - a library of pins may raise any; go on without
            log.error("modem: its power wire fails (%s)", type(exc).__name__)
            return False
        link.begin_epoch()
        return True


class Quarantine:
    """Commands in which the modem restarted or fell silent; each is left out for a while.

    Firmware that crashes in one command must not crash in it at every start while an alarm waits.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        alarm_since: Callable[[], float | None] = lambda: None,
    ) -> None:
        """``alarm_since``: since when an alarm is open."""
        self._clock = clock
        self._alarm_since = alarm_since
        self._crashes: dict[str, list[float]] = {}
        self._still_said: AbstractSet[str] = ALWAYS_SAID
        self._spared_until = float("-inf")
        self._hung: set[str] = set()
        self._skipped: dict[str, float] = {}

    def add(self, name: str, hung: bool = False) -> None:
        """The modem has crashed in the command ``name``: it restarted, or ``hung``."""
        now = self._clock()
        recent = [t for t in self._crashes.get(name, []) if now - t < OFTEN_S]
        self._crashes[name] = [*recent, now]
        (self._hung.add if hung else self._hung.discard)(name)

    def spare_all_but(self, names: AbstractSet[str]) -> None:
        """Leave all else out for :data:`ONCE_S`, though nothing says that the modem crashed in it.

        An alarm that begins meanwhile has as long.
        """
        self._still_said = ALWAYS_SAID | names
        self._spared_until = self._clock() + ONCE_S

    @property
    def spares_most(self) -> bool:
        """Whether restarts go on, and only what is needed is said."""
        return self._clock() < self._most_spared_until

    def spares(self, name: str) -> bool:
        """Whether ``name`` is left out for that."""
        return self.spares_most and name not in self._still_said

    def holds(self, name: str) -> bool:
        """Whether the modem crashed lately in the command ``name``, or that is spared."""
        return self._clock() < self._until(name)

    def often(self, name: str) -> bool:
        """Whether it crashed in ``name`` more than once lately."""
        return len(self._crashes.get(name, ())) > 1 and self._clock() < self._crashed_until(name)

    def forgotten(self, name: str, refused: bool) -> bool:
        """Whether to say ``name`` again after one crash in it: what it had set is lost.

        Not to a modem that hung in it, until it refuses something (``refused``): to have it hang once
        more would cost an alarm half a minute. Nor what is spared.
        """
        may_live = refused or name not in self._hung
        return may_live and not (self.spares(name) or self.often(name))

    def skips(self, name: str) -> bool:
        """Whether to leave ``name`` out now; that is remembered until the modem is set up again."""
        if not self.holds(name):
            return False
        self._skipped[name] = self._until(name)
        return True

    def _until(self, name: str) -> float:
        return max(self._crashed_until(name), self._spared_so_long(name))

    def _spared_so_long(self, name: str) -> float:
        return float("-inf") if name in self._still_said else self._most_spared_until

    @property
    def _most_spared_until(self) -> float:
        since, until = self._alarm_since(), self._spared_until
        if since is not None and since < until:
            return max(until, since + ONCE_S)
        return until

    def _crashed_until(self, name: str) -> float:
        crashes = self._crashes.get(name)
        if not crashes:
            return float("-inf")
        return crashes[-1] + (OFTEN_S if len(crashes) > 1 else ONCE_S)

    @property
    def retry_at(self) -> float:
        """When all that was left out may be tried again; infinite if nothing was."""
        return max(self._skipped.values(), default=float("inf"))

    def forget_skipped(self) -> None:
        """The modem is set up from the start."""
        self._skipped.clear()
