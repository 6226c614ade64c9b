"""Whether a change of a plan makes its wearer less safe: pure, from two plan documents.

Each key has a rule of its own, and a key without one weakens. A change *weakens* if somebody may be
told less or later, if more may become public or with fewer people's word, or if what is told goes
somewhere new. What asks for more people's word, or discloses less, strengthens.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Document = Mapping[str, Any]
"""A plan as ``document.document`` gives it: sections of keys, contacts by number."""


class Direction(StrEnum):
    """What a change does to the wearer's protection."""

    WEAKENS = "weakens"
    NEUTRAL = "neutral"
    STRENGTHENS = "strengthens"


@dataclass(frozen=True)
class Change:
    """One key that differs; None: this channel is not there. An address is a secret."""

    key: str
    before: Any = field(repr=False)
    after: Any = field(repr=False)
    direction: Direction

    @property
    def weakens(self) -> bool:
        return self.direction is Direction.WEAKENS

    @property
    def is_channel(self) -> bool:
        return _kind(self.key) == _CHANNEL


Rule = Callable[[Any, Any, Document, Document], Direction]
_CHANNEL = "contact.*.channels"
_DISCLOSURES = ("nothing", "town", "coordinates")


def _ranked(rank: Callable[[Any], float]) -> Rule:
    """A higher rank protects less."""

    def rule(before: Any, after: Any, *_: Document) -> Direction:
        return Direction.WEAKENS if rank(after) > rank(before) else Direction.STRENGTHENS

    return rule


def _weakens(*_: Any) -> Direction:
    return Direction.WEAKENS


def _neutral(*_: Any) -> Direction:
    return Direction.NEUTRAL


def _or_never(value: float) -> float:
    """For a time after which something is done; 0: never."""
    return value or math.inf


def _networks(before: Any, after: Any, *_: Document) -> Direction:
    same = bool(before) == bool(after) and set(before) == set(after)
    return Direction.NEUTRAL if same else Direction.WEAKENS


def _checklist(before: Any, after: Any, *_: Document) -> Direction:
    """What is taken off is forgotten in an alarm."""
    return Direction.NEUTRAL if set(before) <= set(after) else Direction.WEAKENS


def _order(_before: Any, _after: Any, old: Document, new: Document) -> Direction:
    """Where all are told at once, nobody is told later for it."""
    all_at_once = not (old["telling"]["at_once"] or new["telling"]["at_once"])
    return Direction.NEUTRAL if all_at_once else Direction.WEAKENS


def _given_on(_before: Any, _after: Any, old: Document, new: Document) -> Direction:
    """The proof of a consent that is in force."""
    in_force = old["consent"]["minutes"] and new["consent"]["minutes"]
    return Direction.WEAKENS if in_force else Direction.NEUTRAL


RULES: Mapping[str, Rule] = {
    "confirming.quorum": _ranked(lambda votes: -votes),
    "confirming.officer_counts": _ranked(bool),
    "telling.order": _order,
    "telling.at_once": _ranked(lambda count: -_or_never(count)),
    "telling.next_after_s": _ranked(float),
    "telling.all_after_s": _ranked(float),
    "telling.idle_minutes": _ranked(_or_never),
    # Without an answer HQ publishes sooner, and on nobody's word. Who takes it back is obeyed at once.
    "consent.minutes": _ranked(lambda minutes: -_or_never(minutes)),
    "consent.given_on": _given_on,
    "publication.position": _ranked(_DISCLOSURES.index),
    "publication.place_label": _weakens,
    # Longer, and the public is told later, a day at most; shorter, and nobody is left to object.
    "publication.embargo_minutes": _weakens,
    "publication.networks": _networks,
    "publication.language": _neutral,
    "publication.languages": _neutral,
    "silence.watch": _ranked(lambda watched: not watched),
    "silence.heartbeat_minutes": _ranked(float),
    "silence.contacts_after_minutes": _ranked(_or_never),
    "time.time_zone": _neutral,  # the public is told times in it where it is told the town, too
    "response.checklist": _checklist,
    "record.keep_days": _ranked(lambda days: -_or_never(days)),
    "contact.*.language": _neutral,
    "contact.*.sms": _ranked(lambda texted: not texted),
    "contact.*.relation": _neutral,
    _CHANNEL: _weakens,
}


def changes(old: Document, new: Document) -> tuple[Change, ...]:
    """Every key that differs, in the order of the file."""
    before, after = flat(old), flat(new)
    keys = [*before, *(key for key in after if key not in before)]
    return tuple(
        Change(key, before.get(key), after.get(key), _direction(key, before, after, old, new))
        for key in keys
        if before.get(key) != after.get(key)
    )


def with_changes(old: Document, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The document with other values for these keys, each as :func:`flat` names it."""
    new: dict[str, Any] = {}
    for key, value in (flat(old) | dict(wanted)).items():
        *sections, name = key.split(".")
        at = new
        for section in sections:
            at = at.setdefault(section, {})
        if value is not None or _kind(key) != _CHANNEL:
            at[name] = value
    return new


def flat(document: Document) -> dict[str, Any]:
    """Every value by ``section.key``; each channel by ``contact.2.channels.mail``."""
    return dict(_flat(document))


def _flat(document: Document) -> Iterator[tuple[str, Any]]:
    for section, keys in document.items():
        if section == "contact":
            continue
        yield from ((f"{section}.{name}", value) for name, value in keys.items())
    for n, keys in document["contact"].items():
        for name, value in keys.items():
            if name == "channels":
                yield from ((f"contact.{n}.channels.{one}", url) for one, url in value.items())
            else:
                yield f"contact.{n}.{name}", value


def _direction(
    key: str, before: Document, after: Document, old: Document, new: Document
) -> Direction:
    rule: Rule = RULES.get(_kind(key), _weakens)
    return rule(before.get(key), after.get(key), old, new)


def _kind(key: str) -> str:
    """The rule's name for a key: contacts and channels are counted, not named."""
    parts = key.split(".")
    if parts[0] != "contact":
        return key
    return ".".join(("contact", "*", parts[2]))
