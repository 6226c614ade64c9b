"""Who would be told of an alarm: the enrolment's people, the settings', or a refusal to start."""

from dataclasses import replace

import pytest

from outcry.daemon.messages.identity import load
from outcry.daemon.settings import read
from outcry.enrolment import write
from outcry.settings_file import SettingsInvalid
from simulation.world import CONTACTS, ENROLMENT

PEOPLE = '[wearer]\nname = "Zarema"\n[[contacts]]\nname = "Ana"\nnumber = "+447700900101"\n'
BROKEN = [
    "",
    "{",
    "[1]",
    write(ENROLMENT)[:-40],
    '"\\ud800"',
    "[" * 9_999,
    write(ENROLMENT).replace('"port"', '"port": 1, "port"'),
    write(ENROLMENT).replace("://", ":// "),
    write(ENROLMENT).replace(": 77,", ": -7,"),
]


@pytest.fixture
def told():
    return []


@pytest.fixture
def who(tmp_path, told):
    """Load the identity for these settings and this enrolment file."""

    def load_it(people="", enrolment=None):
        if enrolment is not None:
            (tmp_path / "enrolment.json").write_text(enrolment)
        settings = read(f'[storage]\nstate = "{tmp_path}"\n{people}', tmp_path / "outcry.toml")
        return load(settings, told.append)

    return load_it


def test_the_enrolments_people_are_told(who, told):
    identity = who(enrolment=write(ENROLMENT))
    assert identity.contacts == CONTACTS
    assert told == []


def test_contacts_in_the_settings_are_told_instead_of_its_own(who):
    identity = who(people=PEOPLE, enrolment=write(ENROLMENT))
    assert [contact.name for contact in identity.contacts] == ["Ana"]
    assert identity.enrolment is not None


def test_without_enrolment_the_settings_people_are_told(who, told):
    identity = who(people=PEOPLE)
    assert (identity.wearer, identity.enrolment, told) == ("Zarema", None, [])


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_enrolment_is_told_and_the_settings_people_are_told_of_an_alarm(who, told, broken):
    identity = who(people=PEOPLE, enrolment=broken)
    assert [contact.name for contact in identity.contacts] == ["Ana"]
    assert "without HQ" in told[0]
    assert not any("447700" in line or "Zarema" in line for line in told)


def test_an_enrolment_in_another_encoding_is_told_in_words(who, tmp_path):
    (tmp_path / "enrolment.json").write_bytes(write(ENROLMENT).encode("utf-16"))
    with pytest.raises(SettingsInvalid, match=r"cannot be read \(it is not UTF-8 text"):
        who()


def test_an_enrolment_that_was_opened_in_an_editor_is_read(who, tmp_path):
    (tmp_path / "enrolment.json").write_bytes(write(ENROLMENT).encode("utf-8-sig"))
    assert who().contacts == CONTACTS


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_enrolment_and_nobody_else_is_refused_with_its_reasons(who, broken):
    with pytest.raises(SettingsInvalid) as refusal:
        who(enrolment=broken)
    assert all("enrolment.json" in problem for problem in refusal.value.problems)


@pytest.mark.parametrize(
    "people", ["", PEOPLE.partition("[[")[0], "[[" + PEOPLE.partition("[[")[2]]
)
def test_with_nobody_to_tell_or_nobody_to_tell_of_the_start_is_refused(who, people):
    with pytest.raises(SettingsInvalid, match="outcry enrol FILE"):
        who(people=people)


def test_an_enrolment_without_contacts_and_number_still_reaches_hq_over_data(who):
    bare = replace(ENROLMENT, contacts=(), hq=replace(ENROLMENT.hq, number=None))
    assert who(enrolment=write(bare)).contacts == ()
