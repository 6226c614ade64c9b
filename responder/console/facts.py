"""What an officer has to know of an alarm at a glance: of the episode at hand, then of the others."""

from typing import Any

from outcry.report import AlarmKind
from outcry.responder import formatting, sentences
from outcry.responder.console.watching.standing import Standing
from outcry.responder.rules.events import Verdict


def facts(standing: Standing) -> list[dict[str, object]]:
    """What an officer has to know of an alarm, what is most serious first."""
    case, now = standing.case, standing.case.now
    found: list[tuple[str, bool]] = []
    if now.number > 1 and now.is_open:
        found.append((sentences.began(now, case.earlier[-1]), True))
    if now.withdrawal is not None:
        duress = now.withdrawal in (Verdict.DURESS, Verdict.OLD)
        found.append((sentences.withdrawal(now.withdrawal), duress))
    if any(each.withdrawal is Verdict.DURESS for each in case.earlier):
        found.append((sentences.EARLIER_DURESS, True))
    if now.wrong_pins:
        found.append((sentences.wrong_pins(now.wrong_pins), True))
    if case.vetoed:
        found.append((sentences.FORBIDDEN, True))
    if standing.is_contradicted:
        found.append((sentences.CONTRADICTED, True))
    if now.over:
        found.append(("closed", False))
    if now.given_back_by and standing.is_drill and not now.over:  # else the card says it first
        found.append((sentences.given_back(now.given_back_by), True))
    if now.holder:
        found.append((f"taken by {now.holder}", False))
    if standing.kind is not AlarmKind.SILENCE:
        found.append((sentences.confirmed(now.votes, standing.quorum), False))
    if now.doubted_by:
        found.append((sentences.doubted(len(now.doubted_by)), False))
    if standing.is_drill:
        found.append(("a drill: never published", False))
    elif now.is_corrected:
        found += [(sentences.corrected(each), False) for each in now.corrections.values()]
    elif standing.posts:
        found.append((f"public on {', '.join(network for network, _ in standing.posts)}", False))
    elif standing.is_held:
        when = formatting.clock_time(standing.public_at, standing.zone)
        found.append((sentences.held(when), True))
    elif standing.is_approved:
        found.append(("being made public", False))
    else:
        found.append(("not public", False))
    return [{"words": sentences.sentence(words), "grave": grave} for words, grave in found]


def earlier(standing: Standing, now: float) -> list[dict[str, Any]]:
    """The episodes that are past, the last one first, each with the addresses of its posts."""
    return [
        {
            "words": sentences.past(
                each, formatting.when(each.began_at or 0.0, now, standing.zone)
            ),
            "posts": [post.url for post in each.posts.values() if post.url],
        }
        for each in reversed(standing.case.earlier)
    ]
