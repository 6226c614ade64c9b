"""Settings files: what a table of keys makes of a file, and what it says is wrong."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.settings_file import (
    Key,
    SettingsInvalid,
    add_contradictions,
    as_toml,
    check,
    load,
    parse,
)

KEYS = {
    "button": {
        "pin": Key(17, 0, 27, "a GPIO number"),
        "hold_seconds": Key(1.5, 1, 5, "seconds"),
        "tells": Key("all", one_of=("all", "few")),
        "enabled": Key(True),
    },
    "people": {
        "name": Key("", good=str.isalpha, write="a name", secret=True, required=True),
        "host": Key("127.0.0.1"),
        "order": Key([], good=all, write="numbers such as [2, 1]"),
    },
}
NAMED = {"name": "Ana"}


def checked(**data):
    problems: list[str] = []
    values = check(KEYS, {"people": NAMED} | data, problems)
    return values, problems


def test_what_is_left_out_has_its_default():
    values, problems = checked()
    assert problems == []
    assert values["button"] == {"pin": 17, "hold_seconds": 1.5, "tells": "all", "enabled": True}
    assert values["people"] == {"name": "Ana", "host": "127.0.0.1", "order": []}


def test_a_whole_number_is_a_number_too_and_becomes_one():
    value = checked(button={"hold_seconds": 2})[0]["button"]["hold_seconds"]
    assert (value, type(value)) == (2.0, float)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("pin", 28, "28 is not valid; write a GPIO number from 0 to 27"),
        ("pin", -1, "-1 is not valid; write a GPIO number from 0 to 27"),
        ("pin", 17.5, "17.5 is not valid; write a GPIO number from 0 to 27, a whole number"),
        (
            "pin",
            "17",
            '"17" is not valid; write a GPIO number from 0 to 27, without quotation marks',
        ),
        ("pin", True, "true is not valid; write a GPIO number from 0 to 27"),
        ("hold_seconds", 0.2, "0.2 is not valid; write seconds from 1 to 5"),
        ("hold_seconds", float("nan"), "nan is not valid; write seconds from 1 to 5"),
        ("hold_seconds", 10**400, f"1{'0' * 400} is not valid; write seconds from 1 to 5"),
        ("tells", "some", '"some" is not valid; write one of "all", "few"'),
        ("tells", False, 'false is not valid; write one of "all", "few", in quotation marks'),
        ("enabled", 1.5, "1.5 is not valid; write true or false"),
        ("enabled", "true", '"true" is not valid; write true or false, without quotation marks'),
    ],
)
def test_a_value_that_is_not_valid_is_told_with_what_to_write(name, value, problem):
    values, problems = checked(button={name: value})
    assert problems == [f"button.{name}: {problem}"]
    assert values["button"][name] == KEYS["button"][name].default


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "people.name: is missing; write a name"),
        ({"name": ""}, "people.name: this value is not valid; write a name"),
        ({"name": "Ana1"}, "people.name: this value is not valid; write a name"),
        ({"name": 1}, "people.name: this value is not valid; write a name, in quotation marks"),
        (NAMED | {"host": " "}, 'people.host: " " is not valid; write text like "127.0.0.1"'),
        (NAMED | {"order": [0]}, "people.order: [0] is not valid; write numbers such as [2, 1]"),
        (NAMED | {"hots": 1}, 'people.***: is not known; did you mean "host"?'),
        (NAMED | {"xy": 1}, "people.***: is not known; known are name, host, order"),
        ([], "people: is not a section; write [people] and its keys below"),
    ],
)
def test_text_that_is_needed_secret_or_not_known(given, problem):
    assert checked(people=given)[1] == [problem]


def test_every_problem_is_told_at_once_in_the_order_of_the_table():
    _, problems = checked(buton={}, people={}, button={"tells": "", "pin": 99})
    assert [problem.partition(": ")[0] for problem in problems] == [
        "button.pin",
        "button.tells",
        "people.name",
        "buton",
    ]


@pytest.mark.parametrize("name", ["Ana", "+447700900101", "zarema", "noam", "Pin", "pinn1"])
def test_a_key_that_may_be_a_persons_name_or_number_is_not_repeated(name):
    _, problems = checked(**{name: "x"}, button={name: "x"}, people=NAMED | {name: "x"})
    where = [problem.partition(": is not known; ")[0] for problem in problems]
    assert where == ["button.***", "people.***", "***"]
    assert name not in "".join(problems)


def test_a_key_that_is_another_sections_is_named():
    assert checked(tells=3)[1] == ["tells: is not known; known are button, people"]


def test_keys_contradict_each_other_only_where_each_is_valid_alone():
    problems = ["a.b: is wrong"]
    found = [(("a.c", "a.b"), "is less than a.b"), (("a.c",), "is odd"), (("a.bb", "a.c"), "is b")]
    add_contradictions(found, problems)
    assert problems == ["a.b: is wrong", "a.c: is odd", "a.bb: is b"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('pin = "hush', "look at the end of document"),
        ("[hush]\n[hush]", "look at line 2"),
        (f"hush = {'1' * 5000}", "a value is too long"),
        (f"hush = {'[' * 5000}", "a value is too long"),
    ],
)
def test_what_is_no_toml_is_told_by_its_place_alone(text, where):
    with pytest.raises(SettingsInvalid) as refused:
        parse(text, "the file")
    (problem,) = refused.value.problems
    assert problem.startswith("the file: is not TOML: ")
    assert where in problem
    assert "hush" not in problem


def test_a_file_that_cannot_be_read_is_told_but_whose_it_is_the_caller_says(tmp_path, monkeypatch):
    with pytest.raises(SettingsInvalid, match="cannot be read: No such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsInvalid, match="cannot be read: it is not UTF-8 text"):
        load(tmp_path / "bytes.toml")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("outcry.settings_file.text_of", refuse)
    with pytest.raises(PermissionError):
        load(tmp_path / "bytes.toml")


texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


@given(values)
def test_a_value_as_toml_reads_back_as_itself(value):
    assert tomllib.loads(f"value = {as_toml(value)}")["value"] == value
