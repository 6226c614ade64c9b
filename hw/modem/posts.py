"""Posts to HQ: one at a time over one kept connection, each answered or failed, none hanging.

Every step is short. Connecting and HQ's answer take time, but each is only a
deadline, so that the port is free for texts meanwhile.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from outcry.hw.modem.connection import Connection, Tcp
from outcry.hw.modem.errors import RestartDue
from outcry.hw.modem.events import DataPath, ModemEvent, PostAnswered, PostFailed
from outcry.hw.modem.jobs import JobQueue, PostJob
from outcry.hw.modem.ladder import RUNGS, TEXTS_TRIED, Failure, Rung, Situation, next_rung
from outcry.hw.modem.lines import Urc
from outcry.hw.modem.link import Link
from outcry.hw.modem.recovery import Recovery
from outcry.hw.modem.settings import ModemSettings

log = logging.getLogger("outcry.modem")

BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)  # between attempts; each wakes the radio
HELD_BACKOFF_S = (1.0, 60.0, 600.0)  # where an idle attempt, or a restart, keeps a text waiting
ALARM_MOST_S = 30.0  # after a restart while an alarm is unanswered, which data alone may carry
PROVEN_S = 60.0  # a connection that lasted this long was no failure
LOOK_S = 2.0  # between looks for an answer whose announcement may have been lost
READ_AGAIN_S = 0.5  # after there was nothing: a modem may announce without end
CRASHES_S = 3.0  # after it was begun, at the latest, a connection is to blame
NEVER = float("inf")
RESTARTS = "the modem restarts when it connects to HQ"
NO_CONTEXT = ": the network opens no data connection"  # +PDP: DEACT, as with a wrong APN


@dataclass
class Flight:
    """The post in hand. ``answer_by`` is set while its request is out."""

    job: PostJob
    answer_by: float | None = None
    on_used: bool = False
    reopened: bool = False
    muted: bool = False


class Posts:
    """Owns the connection and decides when to open, use, close and shut it."""

    def __init__(
        self,
        settings: ModemSettings,
        jobs: JobQueue,
        emit: Callable[[ModemEvent], None],
        clock: Callable[[], float],
        recovery: Recovery,
    ) -> None:
        from outcry.hw.modem import http  # late: this is the modem's own thread

        self._http = http
        self._settings = settings
        self._jobs = jobs
        self._emit = emit
        self._clock = clock
        self._recovery = recovery
        self._connection = Connection(settings, clock)
        self._stream: http.HttpStream | None = None
        self._flight: Flight | None = None
        self._announced = False
        self._attempting = False
        self._attempted_at = -NEVER
        self._connect_at = self._crashed_at = -NEVER
        self._crashes = 0  # in a row over the connection
        self._used_at = clock()
        self._answered = False
        self._read_at = -NEVER
        self._look_at = NEVER
        self.ended_at = -NEVER
        """When an attempt or a post last came to an end, good or bad."""
        self.trouble = ""
        """Why the last attempt failed, or its connection ended before it proved itself."""

    # What the owner tells and asks

    def take(self, urc: Urc) -> bool:
        """Whether ``urc`` was about the connection."""
        return self._connection.take(urc)

    def abandon(self, reason: str, crashed: bool = False) -> None:
        """The modem carries no data now: fail all that waits, forget the connection.

        ``crashed``: it has restarted over the connection, which failed with that.
        """
        if crashed:
            self.trouble = RESTARTS
            self._crashed_at = self._clock()
            self._crashes += 1
            self._recovery.met(Failure.NO_DATA)
        self._connection.forget()
        self._stream = None
        self._attempting = False
        self._give_up(reason)

    def refuse(self, reason: str) -> None:
        """Fail what waits or is out."""
        self._settle_cancelled()
        if self._flight is not None:
            self._fail_flight(reason)
        while (job := self._jobs.take_post()) is not None:
            self._emit(PostFailed(job.ref, reason))

    @property
    def attempting(self) -> bool:
        """Whether a connection is being made, and nothing has come of it yet."""
        return self._attempting and self._connection.state is Tcp.CONNECTING

    @property
    def attempted_lately(self) -> bool:
        """As ``attempting``, or that has just failed: a crash may be its doing."""
        failed = self._connection.state is not Tcp.UP
        return self.attempting or (failed and self._clock() - self._attempted_at < CRASHES_S)

    @property
    def unproven(self) -> bool:
        """Whether a connection is being made, or has a request out and never had an answer."""
        is_out = self._flight is not None and self._flight.answer_by is not None
        return self._connection.state is Tcp.CONNECTING or (is_out and not self._answered)

    @property
    def _spared_until(self) -> float:
        """Until when a modem that has restarted over a connection is not made to connect."""
        pause_s = _pause_s(HELD_BACKOFF_S, self._crashes)
        if self._jobs.urgent_since is not None:
            pause_s = min(pause_s, ALARM_MOST_S)
        return self._crashed_at + pause_s

    def take_turn(self) -> None:
        """Texts end in nothing: connect at once, whatever came of that before."""
        self._crashed_at = self._connect_at = -NEVER

    @property
    def connected_since(self) -> float | None:
        """On the owner's clock; None while not connected."""
        return self._connection.since if self._connection.state is Tcp.UP else None

    @property
    def tried_at(self) -> float:
        """When a connection was last tried, whatever came of it."""
        return max(self._attempted_at, self.ended_at)

    @property
    def idle(self) -> bool:
        """Whether no post is waiting or out."""
        return self._flight is None and not self._jobs.posts_waiting

    def next_at(self) -> float:
        """When there is something to do unless something happens before."""
        times = [NEVER]
        if self._flight is not None and self._flight.answer_by is not None:
            times += [self._flight.answer_by, self._look_at]
        if self._connection.readable:
            times.append(self._read_at)
        if self._connection.state is Tcp.CONNECTING:
            times.append(self._connection.since + self._settings.connect_limit_s)
        elif self._connection.state is not Tcp.UP and self._settings.host is not None:
            due = self._connect_at if self.idle else self._attempted_at + BACKOFF_S[0]
            times.append(max(due, self._spared_until))
        return min(times)

    def half_ready(self, link: Link) -> bool:
        """Whether the next quick steps lead to a connection attempt."""
        return self._connection.state is Tcp.INITIAL and link.in_step

    @property
    def occupied(self) -> bool:
        """Whether there is a connection, or one is being made."""
        return self._connection.state in (Tcp.UP, Tcp.CONNECTING)

    def make_room(self, link: Link) -> None:
        """Shut the connection: texts are refused beside it."""
        self._connection.shut(link)
        self._lose(link, "the connection was shut for a text")

    def attach_again(self, link: Link) -> None:
        """Leave GPRS and join again, for nothing leaves; no longer than an alarm bears it."""
        self._connection.attach_again(link, hurry=True)
        self._lose(link, "GPRS was left for a moment")

    def hurry(self) -> None:
        """There is a network again: what is tried without one is given up, and all is due now."""
        self._connect_at = -NEVER
        if self._connection.state is Tcp.CONNECTING:
            self._connection.give_up()
            self._attempting = False

    # Using the connection: short steps

    def use(self, link: Link) -> bool:
        """One short step on the connection there is; False if there was nothing to do."""
        self._settle_cancelled()
        flight = self._flight
        if self._connection.readable and self._clock() >= self._read_at:
            self._read(link)
            return True
        if flight is not None and flight.answer_by is not None:
            return self._await_answer(link, flight, flight.answer_by)
        self._judge()
        if self._connection.state is Tcp.UP and not self.idle:
            self._write(link)
            return True
        return False

    def _await_answer(self, link: Link, flight: Flight, answer_by: float) -> bool:
        closed = self._connection.state is not Tcp.UP
        if not closed and self._clock() < min(answer_by, self._look_at):
            return False
        self._look_at = self._clock() + LOOK_S
        # The line that announces data may have been lost.
        got = self._connection.state in (Tcp.UP, Tcp.CLOSED) and self._read(link)
        if got or self._flight is not flight:
            return True
        if closed and self._connection.state is Tcp.CLOSED:
            self._feed(link, b"")
        late = closed or self._clock() >= answer_by
        if late and self._flight is flight and flight.answer_by is not None:
            self._lose(link, "the connection broke" if closed else "no answer from HQ")
        return True

    def _read(self, link: Link) -> bool:
        """Whether there was anything to read."""
        data = self._connection.read(link)
        if data:
            self._feed(link, data)
        else:
            self._read_at = self._clock() + READ_AGAIN_S
        return bool(data)

    def _feed(self, link: Link, data: bytes) -> None:
        if self._stream is None:
            return
        try:
            answer = self._stream.feed(data)
        except self._http.BadAnswer as bad:
            self._lose(link, str(bad))
            return
        if answer is None:
            return
        self._used_at = self._clock()
        self._recovery.over(Failure.NO_DATA)
        self._crashes = 0
        self._answered = True
        self.trouble = ""
        flight, self._flight = self._flight, None
        if flight is not None and not flight.muted:
            self.ended_at = self._used_at
            self._emit(PostAnswered(flight.job.ref, answer.status, answer.body))
        if not answer.reusable:
            self._drop(link)

    def _write(self, link: Link) -> None:
        flight = self._flight
        if flight is None:
            job = self._jobs.take_post()
            if job is None:
                return
            flight = self._flight = Flight(job)
        old = self._clock() - self._used_at > self._settings.old_after_s
        flight.on_used = old or self._answered
        if self._stream is None:
            self._stream = self._http.HttpStream(self._settings.host or "", self._settings.port)
        flight.answer_by = NEVER
        if not self._connection.write(link, self._stream.request(flight.job.body)):
            closed = self._connection.state is Tcp.CLOSED
            self._lose(link, self._http.CLOSED_EARLY if closed else "the request was not taken")
            return
        limit = self._settings.stale_after_s if old else self._settings.answer_limit_s
        flight.answer_by = self._clock() + limit
        self._look_at = self._clock() + LOOK_S

    def _lose(self, link: Link, reason: str) -> None:
        """What is out gets no answer here; on a used connection one more is opened for it."""
        self._drop(link)
        self.trouble = reason
        flight = self._flight
        if flight is None:
            return
        if self._connection.state is Tcp.BROKEN:  # the network said so: that is known to be down
            if not flight.on_used or flight.reopened:  # a used one may have died long ago
                self._recovery.met(Failure.NO_DATA)
            self._plan()
            self._announce(False)
        if flight.on_used and not flight.reopened and not flight.muted:
            log.info("post %s: %s on a used connection; opening a new one", flight.job.ref, reason)
            flight.reopened = True
            flight.answer_by = None
            return
        self._fail_flight(reason)

    def _drop(self, link: Link) -> None:
        self._stream = None
        if self._connection.state is Tcp.UP:
            self._connection.close(link)

    def prepare(self, link: Link) -> bool:
        """One step towards a connection while there is no network; False if there is none left.

        A modem that restarts again and again may do so for that: then a text goes first.
        """
        may_crash = self._jobs.in_need and link.quarantine.spares_most
        has_data = self._settings.host is not None
        return has_data and not may_crash and self._connection.prepare_early(link)

    def connect(self, link: Link, text_next: bool) -> bool:
        """One step towards a connection; False if none is to be made now.

        ``text_next``: a text waits and is to go before anything that holds the line.
        """
        if self._settings.host is None:
            self.refuse("this modem has no data path")
            return False
        self._judge()
        state = self._connection.state
        if state in (Tcp.UP, Tcp.CONNECTING):
            return False
        if self._clock() < self._spared_until:
            self.refuse(RESTARTS)
            return False
        if not self._due():
            return False
        if state is Tcp.UNKNOWN:
            self._connection.inspect(link)
        elif state is Tcp.BROKEN:
            return self._clear(link, text_next)
        elif not (self._settings.sms_while_connecting or self._may_block(text_next)):
            self._texts_go_first()
            return False
        elif self._connection.prepare(link):
            pass
        elif self._connection.is_hopeless(link):
            self._connection.give_up()
            self._attempt_failed("the modem has no GPRS")
        elif self._connection.open(link):
            self._attempting = True
            self._attempted_at = self._clock()
        elif state is Tcp.INITIAL:
            self._attempt_failed("the modem refuses to connect")
        return True

    def _due(self) -> bool:
        if self._flight is not None and self._flight.reopened:
            return True
        if self.idle:
            return self._clock() >= self._connect_at
        return self._clock() >= self._attempted_at + BACKOFF_S[0]

    def _situation(self, text_next: bool) -> Situation:
        return replace(
            self._recovery.situation(Failure.NO_DATA),
            text_next=text_next,
            post_waits_for_new=self._flight is not None and self._flight.reopened,
        )

    def _may_block(self, text_next: bool) -> bool:
        """Whether connecting may hold the line for as long as it takes."""
        return TEXTS_TRIED.holds(self._situation(text_next), self._clock())

    def _texts_go_first(self) -> None:
        self._give_up("the data path is down; texts go first")

    def _clear(self, link: Link, text_next: bool) -> bool:
        """Take the rung that the ladder has for a broken connection; False if none is due."""
        step = next_rung(self._situation(text_next), self._clock())
        if step.rung is Rung.NOTHING:
            self._texts_go_first()
            return False
        if step.rung is not Rung.SHUT:
            self._recovery.climbed(Failure.NO_DATA)
        rung: Rung | None = step.rung
        while rung is not None:
            if rung is Rung.ATTACH:
                self._connection.attach_again(link)
            elif rung is Rung.SHUT:
                self._connection.shut(link)
            else:
                raise RestartDue(step, "the data path stays down")
            rung = RUNGS[rung].then
        return True

    def _judge(self) -> None:
        """Note what has become of an attempt or of the connection."""
        state = self._connection.state
        if state is Tcp.UP:
            if self._attempting:
                self._attempting = False
                self._used_at = self._connection.since
                self._answered = False
                if self.trouble != self._http.CLOSED_EARLY:
                    self.trouble = ""
            elif self._clock() - self._connection.since > PROVEN_S:
                self.trouble = ""
            self._announce(True)
        elif self._attempting:
            if state is not Tcp.CONNECTING:
                broken = state is Tcp.BROKEN
                self._attempt_failed(f"no connection to HQ{NO_CONTEXT if broken else ''}")
            elif self._clock() >= self._connection.since + self._settings.connect_limit_s:
                self._connection.give_up()
                self._attempt_failed("no connection to HQ in time")
        elif self._announced and not (self._flight is not None and self._flight.reopened):
            self._stream = None
            lasted_s = self._clock() - self._used_at
            if self._answered or lasted_s > PROVEN_S:
                self._recovery.over(Failure.NO_DATA)
                self._crashes = 0
            else:
                self._recovery.met(Failure.NO_DATA)
                by_hq = state is Tcp.CLOSED
                why = self._http.CLOSED_EARLY if by_hq else "the connection broke"
                self.trouble = self.trouble or why
            self._plan()
            self._announce(False)

    def _attempt_failed(self, reason: str) -> None:
        self._attempting = False
        self.trouble = reason
        self.ended_at = self._clock()
        self._recovery.met(Failure.NO_DATA)
        self._plan()
        self._give_up(reason)

    def _plan(self) -> None:
        pauses_s = BACKOFF_S if self._settings.sms_while_connecting else HELD_BACKOFF_S
        self._connect_at = self._clock() + _pause_s(pauses_s, self._recovery.times(Failure.NO_DATA))

    def _give_up(self, reason: str) -> None:
        self._announce(False)
        self.refuse(reason)

    def _announce(self, up: bool) -> None:
        if up is not self._announced:
            self._announced = up
            self._emit(DataPath(up))

    def _fail_flight(self, reason: str) -> None:
        flight, self._flight = self._flight, None
        self.ended_at = self._clock()
        if flight is not None and not flight.muted:
            log.info("post %s: %s", flight.job.ref, reason)
            self._emit(PostFailed(flight.job.ref, reason))

    def _settle_cancelled(self) -> None:
        cancelled = self._jobs.take_cancelled()
        flight = self._flight
        if flight is None or flight.job.ref not in cancelled:
            return
        flight.muted = True
        if flight.answer_by is None:
            self._flight = None


def _pause_s(pauses_s: tuple[float, ...], times: int) -> float:
    """After so many failures in a row; the last for all later ones."""
    return pauses_s[min(max(times, 1), len(pauses_s)) - 1]
