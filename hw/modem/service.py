"""One epoch of the modem's life: what is served in which order between two restarts."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from outcry.hw.modem.data_turn import LATE_MOST_S, DataTurn, Turn
from outcry.hw.modem.errors import RestartDue
from outcry.hw.modem.events import ModemEvent, Outcome, SmsOutcome
from outcry.hw.modem.jobs import JobQueue, TextJob
from outcry.hw.modem.ladder import REFUSALS, Failure, Rung, next_rung
from outcry.hw.modem.lines import Urc
from outcry.hw.modem.link import Link
from outcry.hw.modem.posts import Posts
from outcry.hw.modem.radio import Radio
from outcry.hw.modem.recovery import Recovery
from outcry.hw.modem.settings import ModemSettings
from outcry.hw.modem.starting import Starting
from outcry.hw.modem.status import StatusBoard
from outcry.hw.modem.texts import NO_PROMPT, Texts
from outcry.hw.sms_errors import is_of_the_number

log = logging.getLogger("outcry.modem")

READY = ("+CPIN: READY", "SMS Ready")
UNREGISTERED_S = 20.0  # without a network in an alarm before the modem is no longer believed
TRY_EVERY_S = 60.0  # then one text and one connection are tried, whatever it says
LOOK_S = 2.0  # between looks at the ladder while nothing leaves, or at texts that may be deleted
SEARCH_POLL_S = 2.0  # between looks for a network: +CREG may have been lost
CONNECT = "+CIPSTART"
URGENT_S = 60.0  # an alarm unanswered for longer needs to know its cells again
NEXT_TEXT_S = 1.0  # for whoever sends texts to hand over the next, which is on the card before
GREETING_S = 0.2  # for whoever posts to hear of a connection; handing a report over takes 0.1
# For SMS Ready, from the first answer, at the latest as a rule: until then data alone is tried.
UNREADY_S = 20.0
TEXTS_WAIT_S = 2.5  # for that, beyond what the start has waited
AT_LEAST_S = 0.5  # between two looks at a deadline that nothing can be done about yet


@dataclass(eq=False, repr=False)
class Service:
    """Texts, posts, radio and their order: answers and requests, texts, connecting, the rest."""

    _settings: ModemSettings
    _jobs: JobQueue
    _emit: Callable[[ModemEvent], None]
    _clock: Callable[[], float]
    _board: StatusBoard
    recovery: Recovery

    def __post_init__(self) -> None:
        jobs, settings, clock, recovery = self._jobs, self._settings, self._clock, self.recovery
        self._texts = Texts(
            jobs,
            self._tell,
            clock,
            self._text_stuck,
            lambda: self._posts.occupied,
            settings.texted_before,
            settings.refused_before,
        )
        self._posts = Posts(settings, jobs, self._tell, clock, recovery)
        self._radio = Radio(self._board)
        note = self._board.note
        self._starting = Starting(settings, self._texts, clock, self._wait, note, recovery)
        self._poll_at = clock()
        self._connection_has_turn = False
        self._room_made = False
        self._texts_alone = False
        self._left_unregistered = False
        self._registered = False
        self._registered_at = clock()
        self._in_text = False
        self._crashed_in_text = self._crashed_in_either = False
        self._data_turn = DataTurn(clock)
        self._data_is_due = False
        self._unready_until = self._greeted = self._text_ended_at = float("-inf")
        self._tidied = False

    def start(self, link: Link) -> None:
        """Bring the modem up until it can take texts."""
        began = self._clock()
        self._starting.run(link)
        self._unready_until = began + UNREADY_S
        if self._settings.sms_while_connecting:
            self._unready_until = min(self._unready_until, self._clock() + TEXTS_WAIT_S)
        self._note_texts()
        self._radio.serve(link, self._starting.says)

    def serve(self, link: Link) -> None:
        """Serve what is asked; ends only by a link error or ``Stopping``."""
        self._poll_at = self._registered_at = self._clock()
        self.recovery.started()
        while True:
            self._take_in(link)
            self._data_turn.late_s = min(link.late_s, LATE_MOST_S)
            self._note_network()
            if not self._step(link):
                until = max(self._next_at(), self._clock() + AT_LEAST_S)
                if self._clock() < self._data_turn.until:
                    until = min(until, self._data_turn.until)
                link.listen(until)

    def _note_network(self) -> None:
        registered, self._registered = self._registered, self._radio.registered
        if registered and not self._registered:
            self._poll_at = min(self._poll_at, self._clock() + SEARCH_POLL_S)
        if self._registered:
            self._registered_at = self._clock()
            if not registered:
                self.recovery.text_due()
                self._posts.hurry()
                if self._crashed_in_text:
                    self._data_first()

    def _data_first(self) -> None:
        """Texts end in nothing: let an open alarm have its try by data before the next."""
        can_wait = self._settings.host is not None and self._settings.sms_while_connecting
        alarm_since = self._jobs.urgent_since
        if can_wait and self._text_tried_since_data and alarm_since is not None:
            log.warning("texts end in nothing; trying data first")
            self._data_turn.begin(alarm_since, self._posts.occupied)
            self._posts.take_turn()

    @property
    def _text_tried_since_data(self) -> bool:
        """Whether a text has had its try since data last had its turn."""
        return self._data_turn.is_due(self.recovery.text_tried_at)

    def _let_data_prove(self, connected_since: float) -> None:
        """A connection that comes up where text after text is refused has its answer first.

        So has one after a crash in a text that may have been the connecting's. Neither the next
        text nor a rung of the ladder comes before that, but once between two texts.
        """
        nowhere = self.recovery.times(Failure.TEXTS_REFUSED) >= REFUSALS or self._crashed_in_either
        if nowhere and self._data_turn.is_due(min(connected_since, self.recovery.text_tried_at)):
            self._data_first()

    def _greets_data(self, link: Link) -> bool:
        """Whether a moment was given to the report for which a connection has just come up."""
        since = self._posts.connected_since
        if since is None or since <= self._greeted or self._jobs.urgent_since is None:
            return False
        self._greeted = since
        link.listen(self._clock() + GREETING_S)
        return True

    @property
    def _next_text_comes(self) -> bool:
        """Whether the next text has a moment left to come: they are handed over one by one."""
        alarm_is_open = self._jobs.urgent_since is not None
        return alarm_is_open and self._clock() < self._text_ended_at + NEXT_TEXT_S

    def _awaits_next_text(self, link: Link) -> bool:
        """Whether that moment was given to it: connecting, which here holds the line, or ends the
        modem or the text, must not slip in between two."""
        is_spared = not self._settings.sms_while_connecting or self._connects_alone(link)
        if not is_spared or not self._next_text_comes:
            return False
        link.listen(self._text_ended_at + NEXT_TEXT_S)
        return True

    def _connects_alone(self, link: Link) -> bool:
        """Whether nothing comes of a text beside a connection, or of a connection."""
        return self._texts_alone or link.quarantine.holds(CONNECT)

    def interrupt(self, reason: str, link: Link | None = None, *, crashed: bool = False) -> None:
        """The link broke off: settle what was under way, fail the posts, keep the waiting texts.

        What ``link`` has heard until then is taken in: afterwards it would be old. A modem that has
        ``crashed`` while it connects did so in that, whatever it was asked beside it; the next time
        a text that it had in hand as well is blamed.
        """
        if link is not None:
            self._take_in(link)
        again = self._in_text and self.recovery.quarantine.holds(CONNECT)
        connecting = crashed and self._posts.attempted_lately and not again
        if connecting:
            self.recovery.quarantine.add(CONNECT)
        if (job := self._jobs.head_text()) is not None:
            self._mind(job, self._texts.interrupted(job, reason))
        self._data_is_due = False
        self._data_turn.break_off()
        if not self._text_tried_since_data:
            # Data, which was to be first, ends the modem too: texts have their turn.
            self._crashed_in_text = False
        self._crashed_in_text |= self._in_text and not connecting
        self._crashed_in_either |= self._in_text and connecting
        in_data = connecting or (crashed and not self._in_text and self._posts.unproven)
        self._in_text = self._left_unregistered = self._registered = False
        self._radio.forget()
        self._posts.abandon(reason, in_data)
        self._board.connected(None)

    def refuse_posts(self, reason: str) -> None:
        """Nothing can carry data now."""
        self._posts.refuse(reason)

    def _wait(self, link: Link, seconds: float) -> None:
        """Let time pass before the modem is ready, or says so; posts do not wait for that."""
        until = self._clock() + seconds
        ready = False
        while self._clock() < until and not ready:
            if not self._posts.prepare(link):
                link.listen(until)
            ready = any(urc.text in READY for urc in link.urcs)
            self._take_in(link)
            self._posts.refuse("the modem is not ready")
            self._climb(link, ready=False)

    def _tell(self, event: ModemEvent) -> None:
        if self.recovery.came_of(event):
            self._data_turn.was_of_use()
        if isinstance(event, SmsOutcome):
            self._note_texts()
        self._emit(event)

    def _note_texts(self) -> None:
        ready = self._texts.is_ready and not self._texts.is_mute
        if ready and not self._board.now.texts_ready:
            self._hear(Urc("SMS Ready"))  # which was lost, or is never said
        self._board.measured(
            texts_ready=ready,
            text_refusal=self._texts.refusal,
            text_foreseen=not self._texts.refused,
            texts_in_vain=self.recovery.texts_in_vain,
        )

    def _take_in(self, link: Link) -> None:
        while link.urcs:
            self._hear(link.urcs.popleft())

    def _hear(self, urc: Urc) -> None:
        if urc.text == "SMS Ready":  # what was refused before says nothing of the network
            self.recovery.over(Failure.TEXTS_REFUSED)
        for part in (self._texts, self._posts, self._radio):
            if part.take(urc):
                break

    def _step(self, link: Link) -> bool:
        """The most important thing to do now; False if there is nothing."""
        if (connected_since := self._posts.connected_since) is not None:
            self._let_data_prove(connected_since)
            self._data_turn.connected(connected_since)
        if self._data_is_due:
            self._data_is_due = False
            if self._climb(link, self._could_leave, data=Turn.NEXT):
                return True
            self._data_first()
        if self._jobs.urgent_since is None:
            self._data_turn.break_off()
        data_went_first = self._data_turn.is_on
        data_first = self._data_turn.goes_on(self._posts.ended_at)
        if data_went_first and not data_first:
            self.recovery.text_due()
        job = None if data_first else self._jobs.head_text()
        could_leave = job is not None and self._could_leave
        climbs = not data_first or self.recovery.is_rung_due
        turn = Turn.ON if data_first else Turn.NONE
        if climbs and self._climb(link, could_leave, data=turn):
            return True
        text_next = could_leave and not self._connection_has_turn
        # A data path in which the modem stops answering is not worth waiting for.
        if (link.in_step or not text_next) and self._posts.use(link):
            self._board.connected(self._posts.connected_since, self._posts.trouble)
            return True
        if job is not None and text_next:
            if not self._greets_data(link):
                self._send(link, job)
            return True
        if job is None and not data_first and self._awaits_next_text(link):
            return True
        if self._connect(link, could_leave, text_waits=job is not None) or could_leave:
            return True
        return self._idle_step(link, waiting=job is not None)

    @property
    def _could_leave(self) -> bool:
        """Whether there is a text, and the modem has got ready for it or has had its time for that."""
        takes = self._texts.takes or self._clock() >= self._unready_until
        waits = takes and self._jobs.head_text() is not None
        return waits and self._worth_a_try(self.recovery.text_tried_at)

    def _keeps_line_free(self, text_waits: bool) -> bool:
        """Whether a text that modem or network do not take yet goes before what holds the line."""
        if self._settings.sms_while_connecting or self._clock() >= self._unready_until:
            return False
        was_refused = self.recovery.times(Failure.TEXTS_REFUSED) > 0
        if self._texts.takes and (self._texts.is_ready or self._texts.says_ready):
            return was_refused and not self._radio.carries_packets
        return text_waits or was_refused

    def _worth_a_try(self, tried_at: float) -> bool:
        """Whether a text or a connection is to be tried that was last tried then."""
        if self._radio.worth_a_try or self._left_unregistered:
            return True
        alarm_since = self._jobs.urgent_since
        if alarm_since is None:
            return False
        unregistered_since = max(alarm_since, self._registered_at)
        return self._clock() >= max(unregistered_since + UNREGISTERED_S, tried_at + TRY_EVERY_S)

    def _climb(
        self, link: Link, text_next: bool = False, ready: bool = True, data: Turn = Turn.NONE
    ) -> bool:
        """Take the ladder's rung if nothing leaves; whether there was one."""
        radio = self._radio
        lost = not (ready and (radio.worth_a_try or radio.carries_packets))
        text_next |= self._next_text_comes
        step = self.recovery.stalled(ready and radio.registered, lost, text_next, data)
        if step is None:
            return False
        if step.rung is not Rung.ATTACH:
            raise RestartDue(step, "nothing leaves")
        self._posts.attach_again(link)
        return True

    def _send(self, link: Link, job: TextJob) -> None:
        self._connection_has_turn = True
        # A crash in here is not the text's doing.
        if self._data_turn.was_too_short and not self._text_tried_since_data:
            link.command("AT", idle=True)
        link.be_in_step()
        self._take_in(link)  # the answer to the last one may have come late
        if not self._jobs.begin_text(job):
            return
        self._in_text = True
        try:
            outcome = self._texts.send(link, job)
        finally:
            self.recovery.text_tried()
        self._in_text = False
        self._text_ended_at = self._clock()
        if outcome.outcome is Outcome.DONE:
            self._texts_alone |= self._room_made
            self._crashed_in_text = self._crashed_in_either = False
            self._left_unregistered = not self._radio.registered
            self.recovery.text_left(job.number)
        elif outcome.outcome is Outcome.UNKNOWN or outcome.reason == NO_PROMPT:
            self._take_in(link)  # a data path that ended with the text has had no try of its own
            self._data_is_due = True
        else:
            self._texts.ready(link)  # in case the modem has slipped out of PDU mode
            self._poll_at = self._clock()
            self._left_unregistered = False
            self.recovery.text_refused(job.number)
        self._mind(job, outcome)
        self._room_made = self._make_room(link)
        if self._room_made:
            self._connection_has_turn = False
        if link.in_step:
            self._take_in(link)
            self._texts.read_one(link)  # one: however many come in, the next text goes
            self._radio.look_at_clock(link)

    def _mind(self, job: TextJob, outcome: SmsOutcome | None) -> None:
        """Count a text that ended in vain; not for want of a network."""
        in_vain = outcome is not None and outcome.outcome is not Outcome.DONE
        if outcome and in_vain and self._radio.registered:
            self.recovery.text_in_vain(job.number, is_of_the_number(outcome.code))
        self._note_texts()

    def _text_stuck(self, heard_noise: bool) -> bool:
        """Give up the text that is out where the ladder says so; whether its answer is waited for.

        Noise may come of a modem that has restarted and talks at another rate. Where there is a wire
        it is pulled instead, and the next text has its minute.
        """
        step = self.recovery.next(Failure.TEXT_STUCK)
        if step.rung is not Rung.NOTHING:
            raise RestartDue(step, Failure.TEXT_STUCK.value)
        return self.recovery.has_wire or not heard_noise

    def _make_room(self, link: Link) -> bool:
        """Shut the connection if the ladder says so; whether it did."""
        refused = self.recovery.situation(Failure.TEXTS_REFUSED)
        # Without a network that is why they are refused.
        beside = self._posts.occupied and self._radio.registered
        if next_rung(replace(refused, connected=beside), self._clock()).rung is not Rung.SHUT:
            return False
        log.warning("modem refuses text after text beside the connection; shutting that")
        self.recovery.shut_for_text()
        self._posts.make_room(link)
        return True

    def _connect(self, link: Link, could_leave: bool, text_waits: bool) -> bool:
        """Steps towards a connection, between two texts at most one attempt."""
        had_turn, self._connection_has_turn = self._connection_has_turn, False
        keeps_free = self._keeps_line_free(text_waits) or self._may_end_text(link, text_waits)
        if keeps_free and not self._posts.occupied:
            self._posts.refuse("texts go first")
            return False
        if not (self._radio.carries_packets or self._worth_a_try(self._posts.tried_at)):
            if not self._posts.occupied:
                self._posts.refuse("no network")
            return not could_leave and self._posts.prepare(link)
        if could_leave and (not had_turn or self._connects_alone(link)):
            return False
        getting_nowhere = self.recovery.times(Failure.TEXTS_REFUSED) >= REFUSALS
        stepped = self._posts.connect(link, could_leave and not getting_nowhere)
        if stepped and self._posts.attempting:
            if self._crashed_in_either:
                self._data_first()  # one at a time, in which it can be seen who is to blame
            self._data_turn.attempted()
        self._connection_has_turn = had_turn and stepped and self._posts.half_ready(link)
        self._board.connected(self._posts.connected_since, self._posts.trouble)
        return stepped

    def _may_end_text(self, link: Link, text_waits: bool) -> bool:
        """Whether the modem restarts over and over, perhaps for what connecting takes: then a text
        has its try first, unless the last one ended so."""
        tried = self.recovery.text_tried_at > self.recovery.restarted_itself_at
        was_text = self._data_turn.is_on or self._crashed_in_text or self._crashed_in_either
        is_due = text_waits and not (tried or was_text)
        return is_due and link.quarantine.spares_most and self._clock() < self._unready_until

    def _idle_step(self, link: Link, waiting: bool) -> bool:
        urgent_since = self._jobs.urgent_since
        urgent = urgent_since is not None and self._clock() - urgent_since < URGENT_S
        if self._texts.unread and not self._tidied:
            self._tidied = True
            self._texts.tidy(link)
            self._note_texts()
            return True
        self._tidied = False
        if self._clock() >= link.quarantine.retry_at and not self._jobs.in_need:
            self.recovery.over(Failure.RESTARTED)  # it ran, and this is no restart of its own
            step = self.recovery.next(Failure.RESTARTED)
            raise RestartDue(step, "what it did not survive is tried again")
        if self._clock() >= self._poll_at:
            searching = not self._radio.registered
            alone = urgent or waiting or searching
            self._radio.begin_round(alone, self._jobs.in_need)
            pause_s = SEARCH_POLL_S if searching else self._settings.poll_interval_s
            self._poll_at = self._clock() + pause_s
        may_poll = self._posts.idle or not self._radio.registered
        return (may_poll and self._radio.poll(link)) or self._texts.unread

    def _next_at(self) -> float:
        times = [self._poll_at, self._posts.next_at()]
        if self.recovery.stalls or self._texts.handed_on or not self._texts.is_ready:
            times.append(self._clock() + LOOK_S)
        return min(times)
