"""One epoch of the modem's life: what is served in which order between two restarts."""

from collections.abc import Callable

from outcry.hw.modem.events import ModemEvent, Outcome
from outcry.hw.modem.jobs import TextJob, Tray
from outcry.hw.modem.link import Link
from outcry.hw.modem.posts import Posts
from outcry.hw.modem.radio import Radio
from outcry.hw.modem.settings import ModemSettings
from outcry.hw.modem.starting import Starting
from outcry.hw.modem.status import StatusBoard
from outcry.hw.modem.texts import Texts

SEARCH_POLL_S = 2.0
URGENT_S = 60.0  # an alarm nobody has answered for longer needs to know its cells again
AT_LEAST_S = 0.5  # between two looks at a deadline that nothing can be done about yet


class Service:
    """Texts, posts, radio and their order: answers and requests, texts, connecting, the rest."""

    def __init__(
        self,
        settings: ModemSettings,
        tray: Tray,
        emit: Callable[[ModemEvent], None],
        clock: Callable[[], float],
        board: StatusBoard,
    ) -> None:
        self._settings = settings
        self._tray = tray
        self._clock = clock
        self._board = board
        self._texts = Texts(tray, emit)
        self._posts = Posts(settings, tray, emit, clock)
        self._radio = Radio(board)
        self._starting = Starting(settings, self._texts, clock, self._wait, board.note)
        self._poll_at = clock()
        self._connection_has_turn = False

    def start(self, link: Link) -> None:
        """Bring the modem up until it can take texts."""
        self._starting.run(link)
        self._radio.serve(link)

    def serve(self, link: Link) -> None:
        """Serve what is asked; ends only by a link error or ``Stopping``."""
        self._poll_at = self._clock()
        while True:
            self._take_in(link)
            if not self._step(link):
                link.listen(max(self._next_at(), self._clock() + AT_LEAST_S))

    def interrupt(self, reason: str) -> None:
        """The link broke off: settle what was under way, fail the posts, keep the waiting texts."""
        job = self._tray.head_text()
        if job is not None:
            self._texts.interrupted(job, reason)
        self._radio.forget()
        self._posts.abandon(reason)
        self._board.connected(None)

    def refuse_posts(self, reason: str) -> None:
        """Nothing can carry data now."""
        self._posts.refuse(reason)

    def _wait(self, link: Link, seconds: float) -> None:
        """Let time pass before the modem is ready; posts do not wait for that."""
        until = self._clock() + seconds
        while self._clock() < until:
            link.listen(until)
            self._take_in(link)
            self._posts.refuse("the modem is not ready")

    def _take_in(self, link: Link) -> None:
        while link.urcs:
            urc = link.urcs.popleft()
            for part in (self._texts, self._posts, self._radio):
                if part.take(urc):
                    break

    def _step(self, link: Link) -> bool:
        """The most important thing to do now; False if there is nothing."""
        if self._posts.use(link):
            self._board.connected(self._posts.connected_since)
            return True
        job = self._tray.head_text()
        if job is not None and self._radio.worth_a_try and not self._connection_has_turn:
            self._send(link, job)
            return True
        if self._connect(link, job):
            return True
        if job is not None and self._radio.worth_a_try:
            return True
        return self._idle_step(link, waiting=job is not None)

    def _send(self, link: Link, job: TextJob) -> None:
        self._connection_has_turn = True
        try:
            outcome = self._texts.send(link, job)
        finally:
            self._posts.text_tried()
        if outcome.outcome is Outcome.FAILED:
            self._texts.ready(link)  # in case the modem has slipped out of PDU mode
            self._poll_at = self._clock()

    def _connect(self, link: Link, job: TextJob | None) -> bool:
        """A step towards a connection, between two texts at most one."""
        had_turn, self._connection_has_turn = self._connection_has_turn, False
        if not self._radio.registered:
            if self._posts.connected_since is None:
                self._posts.refuse("no network")
            return False
        if job is not None and not had_turn:
            return False
        stepped = self._posts.connect(link, texts_waiting=job is not None)
        self._board.connected(self._posts.connected_since)
        return stepped

    def _idle_step(self, link: Link, waiting: bool) -> bool:
        urgent_since = self._tray.urgent_since
        urgent = urgent_since is not None and self._clock() - urgent_since < URGENT_S
        if self._texts.unread:
            self._texts.tidy(link)
            return True
        if self._clock() >= self._poll_at:
            searching = not self._radio.registered
            self._radio.begin_round(registration_alone=urgent or waiting or searching)
            self._poll_at = self._clock() + (
                SEARCH_POLL_S if searching else self._settings.poll_interval_s
            )
        may_poll = self._posts.idle or not self._radio.registered
        return may_poll and self._radio.poll(link)

    def _next_at(self) -> float:
        return min(self._poll_at, self._posts.next_at())
