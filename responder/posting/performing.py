"""Makes the calls that publish: posts, the answers that follow them up, and corrections."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace

from sqlalchemy import Connection, insert, select

from outcry.responder.dispatch.outbox import Call
from outcry.responder.dispatch.workers import DECIDED_OTHERWISE, Lane, May
from outcry.responder.posting import last_look
from outcry.responder.posting.publisher import (
    Draft,
    Limits,
    NothingLeft,
    OutcomeUnknown,
    Posted,
    Publisher,
    PublishingFailed,
    Withheld,
)
from outcry.responder.rules.calls import Correction, FollowUp, Post, Publication, TakeBack
from outcry.responder.rules.events import SLIPPED, CallEnded, Came, Outcome
from outcry.responder.rules.publication import FOLLOW_UPS
from outcry.responder.storage import event_log, exhibits, store
from outcry.responder.storage.store import Store

_LOOKS_AND_SAYS = 3  # calls to the network at most: look for the post, for this, and say it


Compose = Callable[[Connection, Call, Limits], Draft]


@dataclass(frozen=True)
class Posting:
    """A lane for each network. Every try after the first looks for what is there already."""

    store: Store
    publishers: Mapping[str, Publisher]
    compose: Compose
    clock: Callable[[], float]  # Unix seconds

    def lane(self, call: Call) -> Lane:
        return Lane("post", network_of(call))

    def limit_s(self, call: Call) -> float:
        publisher = self.publishers.get(network_of(call))
        if publisher is None:
            return 0.0
        answers = isinstance(call.target, Correction | TakeBack) and not publisher.limits.threads
        return (_LOOKS_AND_SAYS + 2 * FOLLOW_UPS * answers) * publisher.limit_s

    def perform(self, call: Call, may: May) -> Came:
        network = network_of(call)
        publisher = self.publishers.get(network)
        if publisher is None:
            return Came(Outcome.FAILED, f"{network} is not set up here any more")
        try:
            with last_look.under(may):
                posted = self._say(publisher, call)
        except Withheld as no:
            return self._withheld(call, str(no))
        except OutcomeUnknown as error:
            return Came(Outcome.UNKNOWN, str(error))
        except PublishingFailed as error:
            # A refusal may be a lie: a correction is taken back as one that is there.
            may_lie = isinstance(call.target, Correction) and not isinstance(error, NothingLeft)
            outcome = Outcome.UNKNOWN if may_lie else Outcome.FAILED
            return Came(outcome, str(error), wait_s=error.wait_s)
        said_now = isinstance(call.target, Post | FollowUp)
        slipped = SLIPPED if said_now and may(None) == DECIDED_OTHERWISE else None
        out = posted.url, posted.id, None, posted.text, posted.pictured
        return Came(Outcome.DONE, slipped, *out)

    def _withheld(self, call: Call, why: str) -> Came:
        """It was not said now; what an earlier try may have said is looked for again."""
        with self.store.read() as connection:
            case = event_log.case_of(connection, call.alarm)
        if case.is_in_doubt(call.target):
            return Came(Outcome.UNKNOWN, f"{why}; it is not there yet")
        return Came(Outcome.DROPPED, why)

    def _say(self, publisher: Publisher, call: Call) -> Posted:
        draft = self._draft(publisher, call)
        key = key_of(call)
        if isinstance(call.target, Correction | TakeBack):
            stands = self._stands(publisher, call)
            answers = [] if publisher.limits.threads else [*self._answers(publisher, call)]
            last_look.require()
            corrected = publisher.correct(key, stands, draft)
            for answer in answers:
                last_look.require()
                publisher.correct(key, answer, draft)
            return corrected
        posted = publisher.find(key, draft) if call.action.attempt > 1 else None
        if posted is not None:
            return posted
        if isinstance(call.target, Post):
            last_look.require()
            return self._new(publisher, call, draft)
        answered = self._post(publisher, call)
        last_look.require()
        return publisher.reply(key, answered, draft)

    def _new(self, publisher: Publisher, call: Call, draft: Draft) -> Posted:
        """Post it; at every second try without its picture, which may be what never comes to an end.

        An answer that names the post of another episode is an old one, and proves nothing.
        """
        wanted = draft if call.action.attempt % 2 else replace(draft, picture=None)
        posted = publisher.post(key_of(call), wanted)
        with self.store.read() as connection:
            posts = event_log.case_of(connection, call.alarm).posts
        others = ((p, each) for p, each in posts.items() if each and p.network == network_of(call))
        if any(each.id == posted.id and p != call.target for p, each in others):
            raise OutcomeUnknown(f"{publisher.name}: its answer names an earlier post")
        return posted

    def _draft(self, publisher: Publisher, call: Call) -> Draft:
        """The same words at every try: written once, before the first, and kept for the others."""
        alarm, target = call.alarm, publication(call)
        with self.store.read() as connection:  # a picture is drawn: no place to hold up receipts
            draft = kept_draft(connection, alarm, target)
            if draft is not None:
                return draft
            draft = self.compose(connection, call, publisher.limits)
        with self.store.write() as connection:
            store.lock_alarms(connection, [alarm])
            kept = kept_draft(connection, alarm, target)
            if kept is None:
                about = {"alarm": alarm, "kind": target.kind.value, "target": str(target)}
                row = about | asdict(draft)
                connection.execute(insert(store.draft).values(row))
                exhibits.draft(connection, alarm, self.clock(), row)
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

    def _answers(self, publisher: Publisher, call: Call) -> Iterator[Posted]:
        """What followed the post up as posts of their own, or may have."""
        assert isinstance(call.target, Correction | TakeBack)
        network, episode = call.target.network, call.target.episode
        with self.store.read() as connection:
            case = event_log.case_of(connection, call.alarm)
            episode = case.begun.get(Post(network, episode), episode)
            told = [
                each
                for each in case.calls
                if isinstance(each, FollowUp)
                and each.network == network
                and case.episode_of(each.message) == episode
            ]
            drafts = [kept_draft(connection, call.alarm, each) for each in told]
        for target, draft in zip(told, drafts, strict=True):
            tries = case.tries(target).values()
            ids = [each.came.id for each in tries if isinstance(each, CallEnded)]
            out = next((id_ for id_ in ids if id_), None)
            if out is not None:
                yield Posted(out, "")
            elif draft is not None and case.may_be_out(target):
                found = publisher.find(_key(call.alarm, target), draft)
                if found is not None:
                    yield found

    def _post(self, publisher: Publisher, call: Call) -> Posted:
        """The post that is answered or corrected, which may be one nobody is sure of.

        Where that was in vain, it may not be where it was said to be.
        """
        with self.store.read() as connection:
            case = event_log.case_of(connection, call.alarm)
            match publication(call):
                case Correction(network, _, episode) | TakeBack(network, _, episode):
                    post = Post(network, episode)
                case of_now:
                    post = case.post(of_now.network)
            posted = case.posts.get(post)
            draft = kept_draft(connection, call.alarm, post)
        known = found = None
        if posted is not None and posted.id is not None:  # older releases kept the address alone
            known = Posted(posted.id, posted.url or "")
        if draft is not None and (known is None or call.action.attempt > 1):
            try:
                found = publisher.find(post_key(call.alarm, post.episode), draft)
            except (PublishingFailed, OutcomeUnknown):
                if known is None:
                    raise
        found = found or known
        if found is None:
            raise NothingLeft("there is no post of this alarm")
        return found


def kept_draft(connection: Connection, alarm: int, target: Publication) -> Draft | None:
    """What was written to be said there, and is said whenever it is tried; None: nothing yet."""
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
    return _key(call.alarm, publication(call))


def _key(alarm: int, target: Publication) -> str:
    match target:
        case FollowUp(_, message):
            return f"{post_key(alarm)}-follow-up-{message}"
        case Correction(_, number, episode):
            return f"{post_key(alarm, episode)}-correct-{number}"
        case TakeBack(_, number, episode):
            return f"{post_key(alarm, episode)}-take-back-{number}"
        case Post(_, episode):
            return post_key(alarm, episode)
