"""Rules: when an alarm may be made public, and what is published, followed up and corrected.

``ground`` is the one place where it is decided whether an alarm may be made
public at all; ``may_publish`` adds that the ground stands in the history and
that nobody has forbidden it since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from outcry.report import AlarmKind, MessageType
from outcry.responder.rules import episodes
from outcry.responder.rules.calls import ActionKind
from outcry.responder.rules.events import ANSWERS, Entry, Ground, Verdict, What, withdrawal
from outcry.responder.rules.model import Disclosure, Plan, Want, correction_target, follow_up_target

FOLLOW_UPS = 6  # of an alarm in one network: more would be read as noise
STILL_EVERY_S = 600.0  # between follow-ups of which the later says: still in danger
MOVED_EVERY_S = 3600.0  # between follow-ups of which the later says where the wearer was seen

_NEVER = (AlarmKind.DRILL, AlarmKind.SILENCE)
STILL_TRUE = "other"  # the one reason for a correction that leaves the alarm as it is
_LEFT = (What.DONE, What.UNKNOWN)


def confirmations(history: Sequence[Entry]) -> int:
    """How many votes: of different contacts, and all that came by SMS together are at most one."""
    said = [entry.data for entry in history if entry.what is What.CONFIRMED]
    on_page = {data["contact"] for data in said if data.get("by") != "sms"}
    by_sms = {data["contact"] for data in said if data.get("by") == "sms"} - on_page
    return len(on_page) + bool(by_sms)


def ground(history: Sequence[Entry], plan: Plan, now: float) -> Ground | None:
    """The ground on which this alarm may be published. The one place where that is decided.

    A drill never has one, nor has a silence, whatever people do. Nothing that people agreed to
    before a new chapter counts in it.
    """
    chapter = episodes.current(history)
    if plan.kind in _NEVER or chapter.over or _forbidden_at(history) is not None:
        return None
    entries = chapter.entries
    if not any(entry.what is What.REPORT for entry in entries):
        return None
    if any(entry.what is What.APPROVED for entry in entries):
        return Ground.DUTY_OFFICER
    votes = confirmations(entries)
    officer = any(entry.what is What.OFFICER_CONFIRMED for entry in entries)
    if votes >= plan.quorum or (plan.officer_counts and officer and votes >= 1):
        return Ground.QUORUM
    at = consents_at(history, plan)
    return Ground.CONSENT if at is not None and at <= now else None


def consents_at(history: Sequence[Entry], plan: Plan) -> float | None:
    """When the wearer's own consent makes this alarm public if nobody answers before; None: never.

    Never for a drill, for an alarm that was vetoed, or withdrawn in a way that may be duress; and
    only a report of danger that is fresh and newer than all before it sets the clock going.
    """
    entries = episodes.current(history).entries
    if plan.consent_s is None or plan.kind in _NEVER:
        return None
    if any(entry.what in ANSWERS for entry in entries) or not _is_free(history):
        return None
    if any(entry.what is What.VETOED for entry in history):
        return None
    begun = next((entry.at for entry in entries if _is_danger_now(entry)), None)
    return None if begun is None else begun + plan.consent_s


def is_recorded(history: Sequence[Entry]) -> bool:
    """Whether a ground stands in the history that nothing has taken away since."""
    return _recorded(history) is not None


def may_publish(history: Sequence[Entry], plan: Plan) -> bool:
    """Whether something new may be made public now, on the ground that was recorded.

    A drill never, whatever was recorded. What rests on the wearer's consent alone ends when
    they are made to withdraw.
    """
    recorded = _recorded(history)
    if plan.kind in _NEVER or recorded is None or _forbidden_at(history) is not None:
        return False
    return recorded is not Ground.CONSENT or _is_free(history)


def publish(history: Sequence[Entry], plan: Plan) -> Iterator[Want]:
    """What has a recorded ground is made public in every network of the plan."""
    if may_publish(history, plan):
        for network in plan.networks:
            yield Want(ActionKind.PUBLISH, network)


def follow_up(history: Sequence[Entry], plan: Plan) -> Iterator[Want]:
    """What happens after a post is told in answers to it: rarely, and only news."""
    if not may_publish(history, plan):
        return
    for network in plan.networks:
        posted = _posted(history, network)
        if posted is not None:
            for entry in _news(history[posted:], plan):
                target = follow_up_target(network, int(entry.data["message"]))
                yield Want(ActionKind.FOLLOW_UP, target)


def correct(history: Sequence[Entry], plan: Plan) -> Iterator[Want]:
    """A correction goes to every network in which there is a post, or may be one; closed or not."""
    if plan.kind in _NEVER:
        return
    posts = {
        entry.data["target"]
        for entry in history
        if entry.what in _LEFT and entry.data["kind"] == ActionKind.PUBLISH
    }
    corrections = [entry for entry in history if entry.what is What.CORRECTED]
    for n in range(1, len(corrections) + 1):
        for network in sorted(posts):
            yield Want(ActionKind.CORRECT, correction_target(network, n))


def _recorded(history: Sequence[Entry]) -> Ground | None:
    """The newest ground of this chapter that came after every veto and correction."""
    recorded = None
    chapter = episodes.current(history)
    if chapter.over:
        return None
    for entry in chapter.entries:
        if entry.what is What.GROUND:
            recorded = Ground(entry.data["ground"])
        elif _forbids(entry):
            recorded = None
    return recorded


def _forbidden_at(history: Sequence[Entry]) -> float | None:
    """Since when publishing is forbidden: by a veto, or by a correction of what was published.

    A duty officer who says "publish" afterwards ends either; a veto can also be taken back. A
    veto outlives its chapter.
    """
    vetoed = corrected = None
    start = len(history) - len(episodes.current(history).entries)
    for n, entry in enumerate(history):
        if entry.what is What.VETOED:
            vetoed = entry.at
        elif entry.what is What.VETO_LIFTED:
            vetoed = None
        elif entry.what is What.APPROVED:
            vetoed = corrected = None
        elif _forbids(entry) and n >= start:
            corrected = entry.at
    return corrected if vetoed is None else vetoed


def _forbids(entry: Entry) -> bool:
    if entry.what is What.CORRECTED:
        return entry.data.get("reason") != STILL_TRUE
    return entry.what is What.VETOED


def _is_free(history: Sequence[Entry]) -> bool:
    """Whether no withdrawal speaks of duress, or cannot be told from one that does."""
    return withdrawal(history) in (None, Verdict.SAFE)


def _is_danger_now(entry: Entry) -> bool:
    """A withdrawal does not say that anybody is in danger, however fresh it is."""
    return episodes.is_of_now(entry) and entry.data["type"] != MessageType.WITHDRAWAL.name


def _posted(history: Sequence[Entry], network: str) -> int | None:
    """Where in the history this network's post was known to be out."""
    about = (ActionKind.PUBLISH, network)
    return next(
        (
            n
            for n, entry in enumerate(history)
            if entry.what is What.DONE and (entry.data["kind"], entry.data["target"]) == about
        ),
        None,
    )


def _news(entries: Sequence[Entry], plan: Plan) -> list[Entry]:
    """The reports since a post that its readers are told of: the same ones however it is asked."""
    news: list[Entry] = []
    last = entries[0].at
    for entry in entries:
        if not episodes.is_of_now(entry) or len(news) >= FOLLOW_UPS:
            continue
        if entry.data["type"] == MessageType.STILL_IN_DANGER.name:
            due = not news or entry.at >= last + STILL_EVERY_S
        elif entry.data["type"] == MessageType.POSITION.name:
            due = plan.discloses is not Disclosure.NOTHING and entry.at >= last + MOVED_EVERY_S
        else:
            due = False  # a withdrawal is nobody's business but HQ's
        if due:
            news.append(entry)
            last = entry.at
    return news
