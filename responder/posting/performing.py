"""Makes the calls that publish: posts, the answers that follow them up, and corrections."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields

from sqlalchemy import Connection, insert, select

from outcry.responder.dispatch.outbox import Call
from outcry.responder.dispatch.workers import Lane
from outcry.responder.plans import repository
from outcry.responder.plans.repository import Means
from outcry.responder.posting.publisher import Draft, Limits, Posted, Publisher, PublishingFailed
from outcry.responder.rules.calls import Correction, FollowUp, Post, Publication, TakeBack
from outcry.responder.rules.decide import is_allowed
from outcry.responder.rules.events import CallEnded, Came, Outcome
from outcry.responder.storage import event_log, store
from outcry.responder.storage.store import Store

_LOOKS_AND_SAYS = 3  # calls to the network at most: look for the post, for this, and say it


class _Overtaken(Exception):
    """People have decided otherwise, or a new episode has begun, since the call was begun."""


Compose = Callable[[Connection, Call, Limits], Draft]


@dataclass(frozen=True)
class Posting:
    """A lane for each network. Every try after the first looks for what is there already."""

    store: Store
    publishers: Mapping[str, Publisher]
    compose: Compose
    means: Means

    def lane(self, call: Call) -> Lane:
        return Lane("post", network_of(call))

    def limit_s(self, call: Call) -> float:
        publisher = self.publishers.get(network_of(call))
        return 0.0 if publisher is None else _LOOKS_AND_SAYS * publisher.limit_s

    def perform(self, call: Call) -> Came:
        network = network_of(call)
        publisher = self.publishers.get(network)
        if publisher is None:
            return Came(Outcome.FAILED, f"{network} is not set up here any more")
        try:
            posted = self._say(publisher, call)
        except _Overtaken:
            return Came(Outcome.DROPPED, "people have decided otherwise")
        except PublishingFailed as error:
            return Came(Outcome.FAILED, str(error), wait_s=error.wait_s)
        return Came(Outcome.DONE, None, posted.url, posted.id)

    def _say(self, publisher: Publisher, call: Call) -> Posted:
        draft = self._draft(publisher, call)
        key = key_of(call)
        if isinstance(call.target, Correction | TakeBack):
            stands = self._stands(publisher, call)
            self._ask_again(call)
            return publisher.correct(key, stands, draft)
        posted = publisher.find(key, draft) if call.action.attempt > 1 else None
        if posted is not None:
            return posted
        if isinstance(call.target, Post):
            self._ask_again(call)
            return publisher.post(key, draft)
        answered = self._post(publisher, call)
        self._ask_again(call)
        return publisher.reply(key, answered, draft)

    def _ask_again(self, call: Call) -> None:
        """The last moment before it is public: finding and drawing take longer than a veto."""
        with self.store.read() as connection:
            case = event_log.case_of(connection, call.alarm)
            agreed = repository.load(connection, call.alarm, self.means)
        if not is_allowed(call.target, case, agreed):
            raise _Overtaken

    def _draft(self, publisher: Publisher, call: Call) -> Draft:
        """The same words at every try: written once, before the first, and kept for the others."""
        alarm, target = call.alarm, publication(call)
        with self.store.read() as connection:  # a picture is drawn: no place to hold up receipts
            draft = _kept(connection, alarm, target)
            if draft is not None:
                return draft
            draft = self.compose(connection, call, publisher.limits)
        with self.store.write() as connection:
            store.lock_alarms(connection, [alarm])
            kept = _kept(connection, alarm, target)
            if kept is None:
                about = {"alarm": alarm, "kind": target.kind.value, "target": str(target)}
                connection.execute(insert(store.draft).values(**about, **asdict(draft)))
        return kept or draft

    def _stands(self, publisher: Publisher, call: Call) -> Posted:
        """Where readers are to see it: a correction that is taken back may be a post of its own."""
        if isinstance(call.target, TakeBack):
            with self.store.read() as connection:
                case = event_log.case_of(connection, call.alarm)
            for tried in case.tries(call.target.correction).values():
                if isinstance(tried, CallEnded) and tried.came.id is not None:
                    return Posted(tried.came.id, tried.came.url or "")
        return self._post(publisher, call)

    def _post(self, publisher: Publisher, call: Call) -> Posted:
        """The post that is answered or corrected, which may be one nobody is sure of."""
        with self.store.read() as connection:
            case = event_log.case_of(connection, call.alarm)
            match publication(call):
                case Correction(network, _, episode) | TakeBack(network, _, episode):
                    post = Post(network, episode)
                case of_now:
                    post = case.post(of_now.network)
            posted = case.posts.get(post)
            draft = _kept(connection, call.alarm, post)
        if posted is not None and posted.id is not None:  # older releases kept the address alone
            return Posted(posted.id, posted.url or "")
        found = None if draft is None else publisher.find(post_key(call.alarm, post.episode), draft)
        if found is None:
            raise PublishingFailed("there is no post of this alarm")
        return found


def _kept(connection: Connection, alarm: int, target: Publication) -> Draft | None:
    draft = select(*(store.draft.c[each.name] for each in fields(Draft)))
    about = {"alarm": alarm, "kind": target.kind.value, "target": str(target)}
    row = connection.execute(draft.filter_by(**about)).first()
    return None if row is None else Draft(*row)


def network_of(call: Call) -> str:
    return publication(call).network


def publication(call: Call) -> Publication:
    assert isinstance(call.target, Publication)
    return call.target


def post_key(alarm: int, episode: int = 1) -> str:
    """What the post of an episode is known by in every network."""
    return f"alarm-{alarm}" if episode == 1 else f"alarm-{alarm}-episode-{episode}"


def key_of(call: Call) -> str:
    """What this call's words are known by in its network: the same at every try."""
    match publication(call):
        case FollowUp(_, message):
            return f"{post_key(call.alarm)}-follow-up-{message}"
        case Correction(_, number, episode):
            return f"{post_key(call.alarm, episode)}-correct-{number}"
        case TakeBack(_, number, episode):
            return f"{post_key(call.alarm, episode)}-take-back-{number}"
        case Post(_, episode):
            return post_key(call.alarm, episode)
