"""Rules: when an alarm may be made public, and what is published, followed up and corrected.

``ground`` is the one place where it is decided whether an alarm may be made
public at all; ``may_publish`` adds that the ground stands in the history and
that nobody has forbidden it since.
"""

from collections.abc import Iterable, Iterator

from outcry.report import MessageType
from outcry.responder.rules import events
from outcry.responder.rules.calls import Correction, FollowUp, Post, TakeBack, Target, Want
from outcry.responder.rules.case import Case
from outcry.responder.rules.episode import Episode, Posted
from outcry.responder.rules.events import Ground, Outcome, Reason, Verdict
from outcry.responder.rules.model import NEVER_PUBLIC, OWN_PAGE, Disclosure, Later, Plan

FOLLOW_UPS = 6  # of an alarm in one network: more would be read as noise
STILL_EVERY_S = 600.0  # between follow-ups of which the later says: still in danger
PAGE_FIRST_S = 5.0  # the own page is made at once as a rule; no alarm waits for it any longer
MOVED_EVERY_S = 3600.0  # between follow-ups of which the later says where the wearer was seen


def ground(case: Case, plan: Plan, now: float) -> Ground | None:
    """The ground on which this alarm may be published. The one place where that is decided.

    A drill never has one, nor has a silence, whatever people do. Nothing that people agreed to
    before a new episode counts in it.
    """
    episode = case.now
    if plan.kind in NEVER_PUBLIC or episode.over or case.is_forbidden or episode.opened_by is None:
        return None
    if episode.has(events.Approved):
        return Ground.DUTY_OFFICER
    officer = plan.officer_counts and episode.has(events.OfficerConfirmed)
    if episode.votes >= plan.quorum or (officer and episode.votes >= 1):
        return Ground.QUORUM
    at = consents_at(case, plan)
    return Ground.CONSENT if at is not None and at <= now else None


def consents_at(case: Case, plan: Plan) -> float | None:
    """When the wearer's own consent makes this alarm public if nobody answers before; None: never.

    Never for a drill, for an alarm that was vetoed, for an episode that was withdrawn by whatever
    code, or after a withdrawal that may be duress; and only a report of danger that is fresh and
    newer than all before it starts the clock.
    """
    if plan.consent_s is None or plan.kind in NEVER_PUBLIC:
        return None
    if case.now.is_answered or case.was_vetoed or not _is_free(case) or case.now.danger_at is None:
        return None
    return case.now.danger_at + plan.consent_s


def why_no_consent(case: Case, plan: Plan) -> events.Mark | None:
    """What keeps the wearer's own consent from counting: the report that began this may be old.

    None: it counts, or something else keeps it.
    """
    begun_by, episode = case.now.opened_by, case.now
    if plan.consent_s is None or plan.kind in NEVER_PUBLIC or begun_by is None:
        return None
    if episode.is_answered or case.was_vetoed or episode.danger_at is not None:
        return None
    return next((mark for mark in reversed(begun_by.marks) if mark in events.NOT_FRESH), None)


def may_publish(case: Case, plan: Plan) -> bool:
    """Whether something new may be made public now, on the ground that was recorded.

    A drill never, whatever was recorded. What rests on the wearer's consent alone ends when
    a withdrawal comes, of their own will or not.
    """
    recorded = case.now.ground
    if plan.kind in NEVER_PUBLIC or recorded is None or case.is_forbidden:
        return False
    return recorded.ground is not Ground.CONSENT or _is_free(case)


def how_they_stand(alarms: Iterable[tuple[Case, Plan]]) -> Later:
    """What the later alarms of a wearer, with their plans, mean for what is said of an earlier one."""
    found = Later.NONE
    for case, plan in alarms:
        waits = _waits_for_page(case, plan) or (plan.embargo_s and not _has_begun(case, plan))
        if may_publish(case, plan) and not waits:
            return Later.PUBLIC
        if any(_stands(episode) for episode in case.episodes):
            found = Later.OPEN
    return found


def public_at(case: Case, embargo_s: float) -> float:
    """From when on what has a recorded ground may be said, Unix seconds; 0: at once.

    The embargo counts from the ground that stands, so that people can still object. A duty officer
    who publishes does not wait for it.
    """
    found = case.now.ground
    if found is None or not embargo_s:
        return 0.0
    approved = [act.at for act in case.now.acts if isinstance(act, events.Approved)]
    return max(found.at, min([found.at + embargo_s, *approved]))


def is_due(case: Case, plan: Plan, now: float) -> bool:
    """Whether it is being published, or will be as soon as HQ has looked at it."""
    if may_publish(case, plan):
        return public_at(case, plan.embargo_s) <= now
    found = ground(case, plan, now)
    return found is not None and (not plan.embargo_s or found is Ground.DUTY_OFFICER)


def publish(case: Case, plan: Plan) -> Iterator[Want]:
    """What has a recorded ground is made public in every network of the plan, after its embargo.

    The own page comes first, so that the others can link to it: they wait until it is there, or has
    failed, and for a few seconds at most.
    """
    if may_publish(case, plan):
        for network in plan.networks:
            first = network == OWN_PAGE
            at = public_at(case, plan.embargo_s) if first else _after_page(case, plan)
            yield Want(case.post(network), at)


def _after_page(case: Case, plan: Plan) -> float:
    """When the episode is said elsewhere than on the own page, Unix seconds."""
    found, at = case.now.ground, public_at(case, plan.embargo_s)
    if found is None or not _waits_for_page(case, plan):
        return at
    return max(found.at, at) + PAGE_FIRST_S


def _waits_for_page(case: Case, plan: Plan) -> bool:
    """Whether nothing has come of the own page yet, nor has another post of the episode begun."""
    tries = {network: case.tries(case.post(network)).values() for network in plan.networks}
    own = tries.pop(OWN_PAGE, None)
    came = own is None or any(each.outcome is not None for each in own)
    return not came and not any(tries.values())


def _has_begun(case: Case, plan: Plan) -> bool:
    """Whether a post of the episode was begun anywhere."""
    return any(case.tries(case.post(network)) for network in plan.networks)


def look_for(case: Case, plan: Plan) -> Iterator[Want]:
    """What may be out, and may not be said any more, is looked for: people must know that it is."""
    said = {want.target for rule in (publish, follow_up) for want in rule(case, plan)}
    for target in case.calls:
        if isinstance(target, Post | FollowUp) and target not in said and case.may_be_out(target):
            yield Want(target)


def follow_up(case: Case, plan: Plan) -> Iterator[Want]:
    """What happens after a post is told in answers to it: rarely, and only news."""
    if not may_publish(case, plan):
        return
    for network in plan.networks:
        posted = case.now.posts.get(network)
        if posted is not None:
            for message in _news(case, posted, plan):
                yield Want(FollowUp(network, message))


def correct(case: Case, plan: Plan) -> Iterator[Want]:
    """A correction goes to every network in which there is a post, or may be one; closed or not.

    The last one about a post is said there: that the wearer is free in every post of the alarm, else
    in the newest of its network. Not while a later episode or alarm is open, nor after one that was
    public or believed, until it is corrected itself: "is safe" would be said of somebody in danger.
    """
    if plan.kind in NEVER_PUBLIC or plan.later is not Later.NONE:
        return
    for post in sorted(case.posts, key=lambda post: (post.network, post.episode)):
        number = _last_correction(case, post)
        if number is None or _is_contradicted(case, case.corrections[number - 1][1]):
            continue
        correction = Correction(post.network, number, post.episode)
        if not _is_being_said(case, post, correction):
            yield Want(correction)


def take_back(case: Case, plan: Plan) -> Iterator[Want]:
    """Where an episode was said to be false or over, readers learn that it is so no more.

    As soon as the next one may be public, or a later alarm of the wearer.
    """
    followed = plan.later is Later.PUBLIC
    if not (followed or may_publish(case, plan)):
        return
    for target, tries in case.calls.items():
        if not isinstance(target, Correction):
            continue
        correction, episode = case.corrections[target.number - 1]
        said = any(each.outcome in (Outcome.DONE, Outcome.UNKNOWN) for each in tries.values())
        past = followed or episode < case.now.number
        if correction.forbids and past and said and not _is_under_way(case, target):
            # The new post is linked, and nothing is said before it may be.
            at = 0.0 if followed else _after_page(case, plan)
            yield Want(TakeBack(target.network, target.number, target.episode), at)


def _last_correction(case: Case, post: Post) -> int | None:
    """The number of the last correction that is about this post; None: there is none."""
    begun = case.begun[post]
    rivals = [case.begun[each] for each in case.posts if each.network == post.network]
    for number in range(len(case.corrections), 0, -1):
        correction, episode = case.corrections[number - 1]
        newest = max((each for each in rivals if each <= episode), default=0)
        if begun == newest or (begun <= episode and correction.reason is Reason.RELEASED):
            return number
    return None


def _is_contradicted(case: Case, episode: int) -> bool:
    """Whether what was said at an episode's end may not be said now, because of a later one."""
    return any(_stands(later) for later in case.episodes[episode:])


def _stands(episode: Episode) -> bool:
    """Whether it is open, or was true for all that is known: that it was closed says nothing of that."""
    was_true = episode.last_ground is not None or episode.is_believed
    return episode.is_open or (was_true and not episode.is_corrected)


def _is_being_said(case: Case, post: Post, but_for: Target) -> bool:
    """Whether something else is just being said on this post: two at once would come in any order."""
    return any(
        isinstance(target, Correction | TakeBack)
        and Post(target.network, target.episode) == post
        and target != but_for
        and _is_under_way(case, target)
        for target in case.calls
    )


def _is_under_way(case: Case, target: Target) -> bool:
    return any(each.outcome is None for each in case.tries(target).values())


def _is_free(case: Case) -> bool:
    """Whether consent was not taken back: by a withdrawal now, or one before that may be duress."""
    return case.now.withdrawal is None and case.withdrawal in (None, Verdict.SAFE)


def _news(case: Case, posted: Posted, plan: Plan) -> list[int]:
    """The reports since a post that its readers are told of: the same however often it is asked."""
    news: list[int] = []
    last = posted.at
    for report in list(case.reports.values())[posted.reports :]:
        if not report.is_fresh or len(news) >= FOLLOW_UPS:
            continue
        if report.is_still_in_danger:
            due = not news or report.at >= last + STILL_EVERY_S
        elif report.type is MessageType.POSITION:
            due = plan.discloses is not Disclosure.NOTHING and report.at >= last + MOVED_EVERY_S
        else:
            due = False  # a withdrawal is nobody's business but HQ's
        if due:
            news.append(report.message)
            last = report.at
    return news
