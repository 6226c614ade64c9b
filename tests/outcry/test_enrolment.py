"""The one file a device needs: what HQ writes the device reads, and bad files are told all at once."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.daemon import settings
from outcry.daemon.messages.identity import install
from outcry.enrolment import (
    Contact,
    Enrolment,
    EnrolmentInvalid,
    Headquarters,
    is_name,
    read,
    write,
)
from outcry.letters import clean

GOOD = Enrolment(
    device=7,
    wearer="Zarema Ł.",
    psk=b"p" * 32,
    hq=Headquarters("hq.example", 8080, "+447700900002", "https://hq.example/a/", b"k" * 32),
    contacts=(Contact("Ana", "+447700900101", "es"), Contact("Борис", "+447700900102", "ru")),
)


def test_what_hq_writes_the_device_reads():
    assert read(write(GOOD)) == GOOD


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"device": 0},
            "device: this value is not valid; write a whole number from 1 to 4294967295",
        ),
        ({"device": True}, "device: this value is not valid; write a whole number"),
        ({"psk": "short"}, "psk: this value is not valid; write 32 bytes"),
        ({"wearer": "x" * 41}, "wearer: this value is not valid; write a name of 1 to 40"),
        ({"contact": []}, "enrolment.***: is not known"),
        ({"contacts": [{"name": "A", "number": "07700900123", "language": "en"}]}, "country code"),
        ({"hq": {"link": "https://a.example/\ud800/"}}, "hq.link: this value is not valid"),
        ({"hq": {}}, "hq.host: is missing"),
        ({"hq": None}, "hq.host: is missing"),
        ({"contacts": None}, "contacts: is not a list"),
        ({"outcry_enrolment": 2}, "outcry_enrolment is not 1"),
    ],
)
def test_each_problem_is_named_by_its_key(change, problem):
    with pytest.raises(EnrolmentInvalid) as refusal:
        read(json.dumps(json.loads(write(GOOD)) | change))
    assert problem in str(refusal.value)


@pytest.mark.parametrize("key", [bytes(32), b"\1" + bytes(31)])  # points of small order
def test_a_key_that_nothing_can_be_sealed_for_is_not_taken_in(tmp_path, key):
    file, state = tmp_path / "new.json", tmp_path / "state"
    file.write_text(write(replace(GOOD, hq=replace(GOOD.hq, public_key=key))))
    device = settings.read(f'storage.state = "{state}"', tmp_path / "outcry.toml")
    with pytest.raises(EnrolmentInvalid, match="nothing can be sealed"):
        install(file, device)
    assert not state.exists(), "what was there before is kept"
    file.write_text(write(GOOD))
    assert install(file, device) == GOOD


def test_all_problems_are_told_at_once_and_no_value_is_repeated():
    text = json.dumps(
        {"outcry_enrolment": 1, "device": "canary", "psk": "canary", "hq": {"port": "canary"}}
    )
    with pytest.raises(EnrolmentInvalid) as refusal:
        read(text)
    assert len(refusal.value.problems) >= 5
    assert "canary" not in str(refusal.value)


def test_a_person_written_as_a_key_is_not_repeated_even_twice():
    """People who fill it in by hand write ``"Ana": "+44..."``; the journal repeats each problem."""
    text = '{"outcry_enrolment": 1, "psk": "", "psk": "", "Ana": 1, "Ana": 2, "contacts": [{'
    with pytest.raises(EnrolmentInvalid) as refusal:
        read(text + '"+447700900101": "Ana", "+447700900101": "Ana"}]}')
    told = str(refusal.value)
    assert "psk: is written twice" in told
    assert "contacts[0].***: is not known; known are name, number, language" in told
    assert not any(said in told for said in ("Ana", "447700900101"))


@given(st.text(max_size=60))
def test_any_text_is_refused_clearly(text):
    with pytest.raises(EnrolmentInvalid):
        read(text)


NAMES = [
    "علی\u200cرضا محمدی",  # noqa: RUF001
    "O\u2019Neil",
    "Ana\u00a0Łucja",
    "ශ්\u200dරී",
    "刘晓波",
    "Ḥasan",
    "x" * 40,
]
HIDDEN = [
    "",
    " ",
    "\u200c",
    "\u00a0",
    "a\nb",
    "\u202eAna",
    "Ana\u2066",
    "x" * 41,
    "\ud800",
    "A\u2028B",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_as_its_language_writes_it_is_taken(name):
    enrolment = replace(GOOD, wearer=name, contacts=(replace(GOOD.contacts[0], name=name),))
    assert read(write(enrolment)) == enrolment
    written = f"[wearer]\nname = {json.dumps(name, ensure_ascii=False)}\n"
    assert settings.read(written, Path("outcry.toml")).wearer == name
    assert clean(name)


@pytest.mark.parametrize("name", HIDDEN)
def test_a_name_that_hides_or_turns_letters_is_refused(name):
    assert not is_name(name)


def test_neither_names_nor_keys_show_in_a_repr():
    shown = repr(GOOD) + repr(GOOD.contacts) + repr(GOOD.hq)
    assert not any(secret in shown for secret in ("Zarema", "Ana", "+44", "hq.example", "ppp"))
