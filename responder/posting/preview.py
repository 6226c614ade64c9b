"""What will be posted about an alarm, network by network, before anybody has decided to post it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from outcry.responder.dispatch.outbox import Call
from outcry.responder.plans import repository
from outcry.responder.plans.repository import Means
from outcry.responder.posting import graphemes
from outcry.responder.posting.composing import Composer
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.performing import kept_draft
from outcry.responder.posting.publisher import Draft, Publisher
from outcry.responder.rules.calls import Action, Correction
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import Approved, Corrected, Ground, GroundFound, Reason
from outcry.responder.rules.model import NEVER_PUBLIC, OWN_PAGE
from outcry.responder.storage import event_log


@dataclass(frozen=True)
class Previewed:
    """A post as it goes out: ``count`` of at most ``length`` as its network counts, in ``unit``.

    ``written``: its words are kept already and will not change; ``url``: where it is out.
    """

    network: str
    draft: Draft
    count: int
    length: int
    unit: str
    written: bool
    url: str | None


@dataclass(frozen=True)
class Preview:
    """Composes as the real posts are composed; ``clock`` gives Unix seconds."""

    publishers: Mapping[str, Publisher]
    compose: Composer
    own_page: OwnPage
    means: Means
    clock: Callable[[], float]

    def __call__(self, connection: Connection, alarm: int) -> tuple[Previewed, ...]:
        """Each network's post if a duty officer published now; empty where nothing ever is.

        Raises :class:`~outcry.responder.storage.alarms.NoSuchAlarm`.
        """
        plan = repository.load(connection, alarm, self.means)
        case = event_log.case_of(connection, alarm)
        if plan.kind in NEVER_PUBLIC or case.now.opened_by is None:
            return ()
        if case.now.ground is None:
            now = self.clock()
            case.take(Approved(now, "preview"))
            case.take(GroundFound(now, Ground.DUTY_OFFICER))
        there = (network for network in plan.networks if network in self.publishers)
        return tuple(self._of(connection, alarm, case, network) for network in there)

    def corrections(
        self, connection: Connection, alarm: int
    ) -> dict[Reason, tuple[Previewed, ...]]:
        """Each ready correction in each network that has a post; no reason where there is none.

        Raises :class:`~outcry.responder.storage.alarms.NoSuchAlarm`.
        """
        return {reason: self._corrected(connection, alarm, reason) for reason in Reason}

    def _corrected(
        self, connection: Connection, alarm: int, reason: Reason
    ) -> tuple[Previewed, ...]:
        repository.of_alarm(connection, alarm)
        case = event_log.case_of(connection, alarm)
        case.take(Corrected(self.clock(), "preview", reason))
        number = len(case.corrections)
        shown = []
        for post, posted in sorted(case.posts.items(), key=lambda each: str(each[0])):
            if post.network not in self.publishers:  # it is not set up any more
                continue
            target = Correction(post.network, number, post.episode)
            limits = self.publishers[post.network].limits
            call = Call(0, alarm, Action(target, 1), 0)
            draft = self.compose.said(connection, case, call, limits)
            count = graphemes.length(draft.text, limits.unit)
            about = count, limits.length, limits.unit.value
            shown.append(
                Previewed(post.network, draft, *about, False, posted.url if posted else None)
            )
        return tuple(shown)

    def _of(self, connection: Connection, alarm: int, case: Case, network: str) -> Previewed:
        limits = self.publishers[network].limits
        target = case.post(network)
        kept = kept_draft(connection, alarm, target)
        page = self.own_page.next_url() if self.publishers.get(OWN_PAGE) else ""
        call = Call(0, alarm, Action(target, 1), 0)
        draft = kept or self.compose.said(connection, case, call, limits, page)
        posted = case.now.posts.get(network)
        return Previewed(
            network=network,
            draft=draft,
            count=graphemes.length(draft.text, limits.unit),
            length=limits.length,
            unit=limits.unit.value,
            written=kept is not None,
            url=posted.url if posted else None,
        )
