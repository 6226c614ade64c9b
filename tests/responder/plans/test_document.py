"""A wearer's plan: its file, what is wrong with one, and what the rules are given."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from outcry.report import AlarmKind
from outcry.responder.plans import document, repository
from outcry.responder.plans.document import KEYS, LANGUAGES, Person, PlanInvalid
from outcry.responder.plans.repository import Means, NoSuchWearer
from outcry.responder.rules.model import NETWORKS, OWN_PAGE, Disclosure
from outcry.responder.storage import store
from outcry.responder.storage.alarms import NoSuchAlarm

ON_BOTH_DATABASES = True
CONTACTS = (1, 2, 3)
AS_ENROLLED = document.check(document.default({1: "en", 2: "uk", 3: "xx"}, 2), CONTACTS)

FILE = """
[confirming]
quorum = 1
officer_counts = false
[telling]
order = [3, 1, 2]
at_once = 1
next_after_s = 30
[consent]
minutes = 30
given_on = "2026-11-01"
[publication]
position = "nothing"
place_label = "the old port"
embargo_minutes = 20
networks = ["own page", "mastodon"]
language = "fr"
languages = { mastodon = "ru" }
[silence]
heartbeat_minutes = 1.5
contacts_after_minutes = 0
[time]
time_zone = "Europe/Moscow"
[record]
keep_days = 90
[contact.2]
sms = false
channels = { mail = "mailtos://a:b@example.org", ntfy = "ntfy://127.0.0.1/t" }
[contact.3]
language = "ar"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(PlanInvalid) as refused:
        document.parse(text, CONTACTS)
    return refused.value.problems


@pytest.mark.parametrize(("label", "good"), [("a\u200cb", True), ("a\u202eb", False)])
def test_a_place_may_be_written_as_its_language_writes_it(label, good):
    text = f'[publication]\nplace_label = "{label}"'
    if good:
        assert document.parse(text, CONTACTS).place_label == label
    else:
        assert "place_label" in problems(text)[0]


def test_nothing_written_is_a_sensible_plan():
    plain = document.parse("", CONTACTS)
    assert (plain.quorum, plain.at_once, plain.order) == (2, 0, CONTACTS)
    assert (plain.consent_minutes, plain.position) == (0, Disclosure.TOWN)
    assert plain.people == {n: Person() for n in CONTACTS}


@pytest.mark.parametrize(
    ("key", "bad"),
    [
        ("checklist", '["a", "a"]'),
        ("checklist", '[""]'),
        ("checklist", "[1]"),
        ("checklist", '["' + "x" * 61 + '"]'),
        ("checklist", str([f"item {n}" for n in range(21)]).replace("'", '"')),
    ],
)
def test_a_checklist_can_be_read_in_an_alarm(key, bad):
    assert problems(f"[response]\n{key} = {bad}")[0].startswith(f"response.{key}: ")
    good = document.parse('[response]\nchecklist = ["Call the lawyer"]', CONTACTS)
    assert good.checklist == ("Call the lawyer",)


def test_who_a_contact_is_to_the_wearer_is_a_few_words():
    good = document.parse('[contact.2]\nrelation = "her brother"', CONTACTS)
    assert good.people[2].relation == "her brother"
    assert "contact.2.relation" in problems('[contact.2]\nrelation = "' + "x" * 61 + '"')[0]


@pytest.mark.parametrize(("minutes", "seconds"), [(15, 900.0), (1, 60.0), (0, None)])
def test_the_rules_are_given_how_long_an_alarm_may_be_left_alone(world, minutes, seconds):
    world.hq.takes(world.device.message())
    with world.hq.store.write() as connection:
        device = world.device.enrolment.device
        repository.change(connection, device, {"telling": {"idle_minutes": minutes}}, 0.0)
        assert repository.load(connection, 1, Means()).idle_s == seconds


def test_a_language_nobody_has_texts_in_is_english():
    assert [one.language for one in AS_ENROLLED.people.values()] == ["en", "uk", "en"]


def test_what_is_written_is_what_counts():
    agreed = document.parse(FILE, CONTACTS)
    assert agreed.order == (3, 1, 2)
    assert agreed.people[2].channels["ntfy"] == "ntfy://127.0.0.1/t"
    assert agreed.post_language("mastodon") == "ru"
    assert agreed.post_language(OWN_PAGE) == "fr"


def test_every_problem_is_told_at_once_in_the_words_of_the_file():
    assert problems(
        """
        quorum = 2
        [confirming]
        quorum = 11
        oficer_counts = true
        [telling]
        order = [1, 2]
        [publication]
        position = "city"
        [contact.1]
        language = "de"
        [contact.7]
        [contact.447700900101]
        """
    ) == [
        "confirming.quorum: 11 is not valid; write a number of contacts from 1 to 10",
        'confirming.oficer_counts: is not known; did you mean "officer_counts"?',
        'publication.position: "city" is not valid; write one of "nothing", "town", "coordinates"',
        f"quorum: is not known; known are {', '.join(KEYS)}, contact",
        "contact.7: is not known; known are 1, 2, 3",
        "contact.***: is not known; known are 1, 2, 3",
        'contact.1.language: "de" is not valid; write one of '
        + ", ".join(f'"{name}"' for name in LANGUAGES),
        "telling.order: name each of 1, 2, 3 once, or write [] for the order of the list",
    ]


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("[confirming]\nquorum = 4", "confirming.quorum: 4 can never be met by 3 contacts"),
        ("[confirming]\nquorum = true", "confirming.quorum: true is not valid"),
        ("[consent]\nminutes = 5", "consent.given_on: is needed with consent.minutes"),
        ('[consent]\nminutes = 5\ngiven_on = "today"', 'consent.given_on: "today" is not valid'),
        ("[telling]\nall_after_s = 20", "telling.all_after_s: is less than"),
        ("[telling]\norder = [1, 1, 2]", "telling.order: name each of 1, 2, 3 once"),
        ("[contact.1]\nsms = false", "contact.1: would never be told"),
        ("telling = 3", "telling: is not a section; write [telling]"),
        ("contact = 3", "contact: is not a section; write [contact.1]"),
        ("[silence]\nheartbeat_minutes = 0", "silence.heartbeat_minutes: 0 is not valid"),
        ("[publication]\nlanguages = { x = 'xx' }", "publication.languages: "),
        ("[confirming", "the plan: is not TOML: look at"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_write(text, begins):
    assert problems(text)[0].startswith(begins)


@pytest.mark.parametrize(
    "channels", ['{ "a:b" = "ntfy://x/y" }', '{ a = "secret" }', "{ a = 1 }", '"secret"']
)
def test_an_address_that_is_not_valid_is_never_repeated(channels):
    (problem,) = problems(f"[contact.1]\nchannels = {channels}")
    assert problem.startswith("contact.1.channels: this value is not valid; write")
    assert "secret" not in problem


def test_a_file_that_is_no_toml_is_refused_without_repeating_it():
    (problem,) = problems('[contact.1]\nchannels = { a = "mailtos://u:hush@example.org')
    assert "hush" not in problem


names = st.sampled_from(["own page", "mastodon", "bluesky", "apprise-one"])
labels = st.text(st.characters(codec="utf-8"), max_size=60).filter(document.is_label)
agreements = st.builds(
    replace,
    st.just(AS_ENROLLED),
    quorum=st.integers(1, 3),
    order=st.permutations(CONTACTS).map(tuple),
    at_once=st.integers(0, 99),
    place_label=labels,
    embargo_minutes=st.integers(0, 1440),
    position=st.sampled_from(Disclosure),
    networks=st.lists(names, unique=True).map(tuple),
    languages=st.dictionaries(names, st.sampled_from(LANGUAGES)),
    heartbeat_minutes=st.floats(0.3, 1440),
    people=st.fixed_dictionaries(
        {
            n: st.builds(
                Person,
                st.sampled_from(LANGUAGES),
                st.just(True),
                st.dictionaries(st.sampled_from(["a", "b-2"]), labels.map("x://{}".format)),
            )
            for n in CONTACTS
        }
    ),
)


@pytest.mark.slow
@given(agreements, labels)
def test_a_plan_that_is_written_out_reads_back_as_itself(agreed, name):
    text = document.write(agreed, "The plan of Ana", dict.fromkeys(CONTACTS, name))
    assert document.parse(text, CONTACTS) == agreed


def test_the_file_names_every_key_and_whose_section_is_whose():
    text = document.write(AS_ENROLLED, "The plan of Ana", {1: "Ben", 2: "Cleo", 3: "Dana"})
    for section, keys in KEYS.items():
        assert tomllib.loads(text)[section].keys() == keys.keys()
    assert "# Cleo\n[contact.2]\n" in text


def device(world) -> int:
    return world.device.enrolment.device


def test_until_a_plan_is_written_everybody_is_told_at_once(world):
    world.hq.takes(world.device.message())
    with world.hq.store.read() as connection:
        rules = repository.load(connection, 1, Means(can_text=True))
    assert (rules.kind, rules.contacts, rules.quorum) == (AlarmKind.PANIC, CONTACTS, 2)
    assert rules.can_text
    assert rules.wearer_number
    assert rules.texted == {1, 2, 3}
    assert rules.consent_s is None


def test_a_plan_that_is_changed_counts_for_an_alarm_that_runs(world):
    world.hq.takes(world.device.message())
    with world.hq.store.write() as connection:
        repository.change(connection, device(world), tomllib.loads(FILE), 5.0)
        repository.change(connection, device(world), tomllib.loads(FILE), 6.0)
    means = Means(True, (OWN_PAGE, "bluesky", "mastodon"), {"desk": "ntfy://127.0.0.1/desk"})
    with world.hq.store.read() as connection:
        rules = repository.load(connection, 1, means)
        languages = connection.scalars(select(store.contact.c.language)).all()
        assert connection.scalar(select(store.wearer.c.quorum)) == 1
        assert connection.scalar(select(store.plan.c.changed_at)) == 6.0
        assert repository.of_alarm(connection, 1).keep_days == 90
    assert rules.networks == (OWN_PAGE, "mastodon")
    assert (rules.contacts, rules.first, rules.next_after_s) == ((3, 1, 2), 1, 30.0)
    assert rules.texted == {1, 3}
    assert rules.channels[2] == ("mail", "ntfy")
    assert rules.officers == ("desk",)
    assert (rules.consent_s, rules.quiet_s) == (1800.0, None)
    assert rules.discloses is Disclosure.NOTHING
    assert set(languages) == {"en", "ar"}


def test_a_refused_plan_changes_nothing(world):
    with world.hq.store.write() as connection, pytest.raises(PlanInvalid):
        repository.change(connection, device(world), {"confirming": {"quorum": 9}}, 5.0)
    with world.hq.store.read() as connection:
        assert repository.of_device(connection, device(world)).quorum == 2


def test_a_damaged_plan_keeps_no_alarm_from_being_answered(world):
    world.hq.takes(world.device.message())
    with world.hq.store.write() as connection:
        repository.change(connection, device(world), {}, 5.0)
        connection.execute(update(store.plan).values(terms='{"telling": {"order": [9]}}'))
    with world.hq.store.read() as connection:
        assert repository.load(connection, 1, Means(True)).contacts == CONTACTS


def test_nobody_has_no_plan(world):
    with world.hq.store.read() as connection:
        with pytest.raises(NoSuchWearer):
            repository.of_device(connection, 99)
        with pytest.raises(NoSuchAlarm):
            repository.of_alarm(connection, 99)


def test_the_file_of_a_wearer_can_be_edited_and_given_back(world):
    with world.hq.store.read() as connection:
        text = repository.as_file(connection, device(world))
        assert repository.from_file(connection, device(world), text) == repository.of_device(
            connection, device(world)
        )
    assert text.startswith(f"# The plan of Ana, device {device(world):08x}.")


def test_a_plan_of_networks_that_nobody_set_up_leaves_the_own_page(world):
    """What has a ground must not be posted nowhere because of a slip."""
    device = world.device.enrolment.device
    world.hq.takes(world.device.message())
    with world.hq.store.write() as connection:
        repository.change(connection, device, {"publication": {"networks": ["mastodon"]}}, 0.0)
    with world.hq.store.read() as connection:
        means = repository.Means(networks=("own page", "bluesky"))
        assert repository.load(connection, 1, means).networks == ("own page",)
        means = repository.Means(networks=("own page", "mastodon"))
        assert repository.load(connection, 1, means).networks == ("mastodon",)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('networks = ["mastodn"]', 'networks: mastodn: is not known; did you mean "mastodon"?'),
        (
            'languages = { "ownpage" = "fr" }',
            'languages: ownpage: is not known; did you mean "own ',
        ),
        (
            'networks = ["own page", "twitter"]',
            "networks: twitter: is not known; known are own page",
        ),
    ],
)
def test_a_network_that_there_is_not_is_refused_where_a_plan_is_written(world, written, problem):
    """Not where one is used: an older plan counts for all else that it says."""
    text = f"[publication]\n{written}\n[confirming]\nquorum = 1"
    with world.hq.store.write() as connection:
        with pytest.raises(PlanInvalid) as refused:
            repository.from_file(connection, device(world), text)
        assert refused.value.problems[0].startswith(f"publication.{problem}")
        assert len(refused.value.problems) == 1
        repository.change(connection, device(world), tomllib.loads(text), 0.0)
        assert repository.of_device(connection, device(world)).quorum == 1
        repository.unwatch(connection, device(world), 0.0)


def test_every_network_that_hq_can_have_may_stand_in_a_plan(world):
    text = f"[publication]\nnetworks = {[*NETWORKS, 'apprise-news']}"
    with world.hq.store.read() as connection:
        repository.from_file(connection, device(world), text)
