"""Which way a change of a plan points: every key has a rule, and no order of keys hides another."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.responder.plans import direction, document
from outcry.responder.plans.direction import RULES, Direction, changes, flat, with_changes
from outcry.responder.plans.document import KEYS, LANGUAGES, Person

CONTACTS = (1, 2, 3)
CHANNELS = st.dictionaries(
    st.sampled_from(["mail", "signal"]), st.sampled_from(["ntfys://a/b", "ntfys://c/d"])
)
PEOPLE = st.fixed_dictionaries(
    {
        str(n): st.builds(
            lambda language, channels, sms: {
                "language": language,
                "channels": channels,
                "sms": sms or not channels,
            },
            st.sampled_from(LANGUAGES),
            CHANNELS,
            st.booleans(),
        )
        for n in CONTACTS
    }
)


def plans() -> st.SearchStrategy[dict]:
    """Plans that are valid, as ``document.document`` gives them."""
    return st.builds(
        whole,
        st.fixed_dictionaries(
            {
                "confirming.quorum": st.integers(1, 3),
                "confirming.officer_counts": st.booleans(),
                "telling.order": st.permutations(CONTACTS).map(list),
                "telling.at_once": st.integers(0, 3),
                "telling.next_after_s": st.integers(10, 60),
                "telling.all_after_s": st.integers(60, 300),
                "consent.minutes": st.sampled_from([0, 15, 30]),
                "consent.given_on": st.sampled_from(["2026-11-22", "2026-11-23"]),
                "publication.position": st.sampled_from(["nothing", "town", "coordinates"]),
                "publication.place_label": st.sampled_from(["", "the north"]),
                "publication.embargo_minutes": st.sampled_from([0, 15]),
                "publication.networks": st.sampled_from([[], ["own page"], ["own page", "x"]]),
                "publication.language": st.sampled_from(LANGUAGES),
                "publication.languages": st.sampled_from([{}, {"mastodon": "fr"}]),
                "silence.watch": st.booleans(),
                "silence.heartbeat_minutes": st.sampled_from([1.0, 10.0]),
                "silence.contacts_after_minutes": st.sampled_from([0, 30, 60]),
                "time.time_zone": st.sampled_from(["", "Europe/Kyiv"]),
                "response.checklist": st.sampled_from([[], ["Call the lawyer"]]),
                "telling.idle_minutes": st.sampled_from([0, 15, 30]),
                "record.keep_days": st.sampled_from([0, 30, 90]),
            }
        ),
        PEOPLE,
    )


def whole(values: dict, people: dict) -> dict:
    sections: dict = {}
    for key, value in values.items():
        section, name = key.split(".")
        sections.setdefault(section, {})[name] = value
    return document.document(document.check({**sections, "contact": people}, CONTACTS))


BASE = whole({}, {})


def one(key: str, before, after) -> Direction:
    """The direction of a change of this key alone."""
    (found,) = changes(with_changes(BASE, {key: before}), with_changes(BASE, {key: after}))
    assert found.key == key
    return found.direction


def test_every_key_of_a_plan_has_a_rule_and_no_rule_is_for_nothing():
    keys = {f"{section}.{name}" for section, names in KEYS.items() for name in names}
    assert RULES.keys() == keys | {f"contact.*.{each.name}" for each in fields(Person)}
    assert direction.flat(BASE).keys() >= keys


def test_a_key_without_a_rule_weakens():
    added = {**BASE, "confirming": {**BASE["confirming"], "new": 1}}
    assert [each.direction for each in changes(BASE, added)] == [Direction.WEAKENS]


@pytest.mark.parametrize(
    ("key", "strong", "weak"),
    [
        ("confirming.quorum", 3, 2),
        ("confirming.officer_counts", False, True),
        ("telling.at_once", 0, 1),
        ("telling.at_once", 2, 1),
        ("telling.next_after_s", 30, 90),
        ("telling.all_after_s", 120, 300),
        ("telling.idle_minutes", 15, 30),
        ("telling.idle_minutes", 15, 0),
        ("consent.minutes", 0, 30),
        ("consent.minutes", 30, 15),
        ("publication.position", "nothing", "town"),
        ("publication.position", "town", "coordinates"),
        ("silence.watch", True, False),
        ("silence.heartbeat_minutes", 10.0, 20.0),
        ("silence.contacts_after_minutes", 60, 0),
        ("silence.contacts_after_minutes", 30, 60),
        ("record.keep_days", 0, 30),
        ("record.keep_days", 90, 30),
        ("contact.2.sms", True, False),
    ],
)
def test_one_way_weakens_and_the_other_strengthens(key, strong, weak):
    assert one(key, strong, weak) is Direction.WEAKENS
    assert one(key, weak, strong) is Direction.STRENGTHENS


@pytest.mark.parametrize(
    ("key", "a", "b"),
    [
        ("contact.2.channels.mail", None, "ntfys://a/b"),
        ("contact.2.channels.mail", "ntfys://a/b", "ntfys://sink/b"),
        ("publication.place_label", "", "the north"),
        ("publication.embargo_minutes", 0, 30),
        ("publication.embargo_minutes", 30, 1440),
        ("publication.networks", [], ["own page"]),
        ("publication.networks", ["own page"], ["own page", "x"]),
    ],
)
def test_some_keys_do_harm_both_ways(key, a, b):
    assert one(key, a, b) is one(key, b, a) is Direction.WEAKENS


def test_what_is_taken_off_the_checklist_is_forgotten_in_an_alarm():
    assert one("response.checklist", ["a", "b"], ["b", "c"]) is Direction.WEAKENS


def test_what_changes_nobodys_protection_is_neutral():
    assert one("publication.language", "en", "fr") is Direction.NEUTRAL
    assert one("publication.languages", {}, {"x": "fr"}) is Direction.NEUTRAL
    assert one("contact.1.language", "en", "fr") is Direction.NEUTRAL
    assert one("contact.1.relation", "her brother", "") is Direction.NEUTRAL
    assert one("response.checklist", ["a"], ["b", "a"]) is Direction.NEUTRAL
    assert one("telling.order", [1, 2, 3], [3, 2, 1]) is Direction.NEUTRAL
    assert one("publication.networks", ["x", "own page"], ["own page", "x"]) is Direction.NEUTRAL
    assert one("consent.given_on", "", "2026-11-22") is Direction.NEUTRAL


def test_an_order_and_the_day_of_a_consent_count_where_they_are_in_force():
    one_first = with_changes(BASE, {"telling.at_once": 1})
    (order,) = changes(one_first, with_changes(one_first, {"telling.order": [3, 2, 1]}))
    given = with_changes(BASE, {"consent.minutes": 30, "consent.given_on": "2026-11-22"})
    (day,) = changes(given, with_changes(given, {"consent.given_on": "2026-11-23"}))
    assert order.weakens
    assert day.weakens


@given(plans(), plans())
def test_changes_lead_from_one_plan_to_the_other_and_back(old, new):
    found = changes(old, new)
    assert {each.key for each in found} == {
        key for key in flat(old) | flat(new) if flat(old).get(key) != flat(new).get(key)
    }
    made = with_changes(old, {each.key: each.after for each in found})
    assert flat(made) == flat(new)
    assert changes(new, new) == ()


@given(plans(), plans())
def test_what_need_not_wait_weakens_nothing_and_is_a_valid_plan(old, new):
    weak = [each for each in changes(old, new) if each.weakens]
    rest = with_changes(new, {each.key: each.before for each in weak})
    assert not any(each.weakens for each in changes(old, rest))
    agreed = document.check(rest, CONTACTS)
    assert flat(document.document(agreed)) == flat(rest)


@given(plans(), plans())
def test_nobody_weakens_a_plan_by_going_back(old, new):
    """Of a key's two ways at most one strengthens: no change is made in two that need nobody."""
    there = {each.key: each.direction for each in changes(old, new)}
    back = {each.key: each.direction for each in changes(new, old)}
    assert there.keys() == back.keys()
    for key, way in there.items():
        assert Direction.STRENGTHENS not in (way, back[key]) or way is not back[key]
