"""The settings file: complete, valid as shipped, and every problem told at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from outcry.responder.settings import KEYS, check, load
from outcry.settings_file import SettingsInvalid

SHIPPED = Path(__file__).parents[2] / "config" / "responder.toml"


def problems_of(data):
    with pytest.raises(SettingsInvalid) as refused:
        check(data, "responder.toml")
    return refused.value.problems


def test_the_shipped_file_is_valid_and_says_the_defaults():
    assert load(SHIPPED) == check({})


def test_the_shipped_file_shows_every_setting_and_no_other():
    shipped = tomllib.loads(SHIPPED.read_text())
    assert {s: set(keys) for s, keys in shipped.items()} == {s: set(k) for s, k in KEYS.items()}


def test_every_problem_is_told_at_once_with_key_value_and_what_to_write():
    problems = problems_of(
        {
            "device": {"port": 99_999, "host": ""},
            "plan": {"quorum": "two"},
            "state": {"directory": "here"},
        }
    )
    assert problems == [
        'responder.toml: state.directory: "here" is not valid; write a directory\'s full path, '
        + "beginning with /",
        'responder.toml: device.host: "" is not valid; write a host name or address, '
        + 'such as "127.0.0.1"',
        "responder.toml: device.port: 99999 is not valid; write a TCP port from 1 to 65535",
        'responder.toml: plan.quorum: "two" is not valid; write a number of contacts from 1 to 10, '
        + "without quotation marks",
    ]


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (
            {"people": {"pulic_url": "x"}},
            'people.pulic_url: is not known; did you mean "public_url"?',
        ),
        ({"poeple": {}}, 'did you mean "people"?'),
        ({"plan": {"zzz": 1}}, "known are quorum"),
    ],
)
def test_an_unknown_key_gets_the_nearest_known_one(data, hint):
    (problem,) = problems_of(data)
    assert hint in problem


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://help.example.org", True),
        ("https://help.example.org:8443/", True),
        ("http://127.0.0.1:8443", True),
        ("http://[::1]:8443", True),
        ("http://help.example.org", False),
        ("https://help.example.org/path", False),
        ("https://user@help.example.org", False),
        ("https://[bad", False),
        ("help.example.org", False),
        ("https://help.example.org:99999", False),
    ],
)
def test_contacts_links_are_https_unless_they_stay_here(url, good):
    if good:
        assert check({"people": {"public_url": url}}).people.link_base == url.rstrip("/") + "/a/"
    else:
        assert "people.public_url" in problems_of({"people": {"public_url": url}})[0]


def test_pages_on_the_network_need_a_certificate():
    (problem,) = problems_of({"people": {"host": "0.0.0.0"}})
    assert "pages refuse plain HTTP" in problem
    tls = {"certificate": "/c.pem", "key": "/k.pem"}
    assert check({"people": {"host": "0.0.0.0", **tls}}).people.certificate == Path("/c.pem")


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ({"certificate": "/c.pem"}, "give both, or neither"),
        ({"certificate": "/c", "key": "/k", "behind_proxy": True}, "the proxy does TLS"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(people, words):
    assert words in problems_of({"people": people})[0]


def test_a_modem_needs_its_number():
    assert "modem.number: is needed" in problems_of({"modem": {"port": "/dev/ttyUSB0"}})[0]


def test_without_a_port_there_is_no_modem():
    assert check({"modem": {"number": "+447700900002"}}).modem is None


def test_secrets_are_not_repeated():
    problems = problems_of({"modem": {"pin": "12345678901", "number": "+44 7700 900002"}})
    assert len(problems) == 2
    assert not any("900002" in problem or "12345" in problem for problem in problems)


def test_the_number_to_call_is_one_and_may_be_repeated_for_all_are_to_know_it():
    assert check({"organisation": {"phone": "+447700900100"}}).phone == "+447700900100"
    (problem,) = problems_of({"organisation": {"phone": "07700 900100"}})
    assert 'organisation.phone: "07700 900100" is not valid; write a number' in problem


def test_the_devices_address_defaults_to_where_we_listen():
    device = check({"device": {"host": "192.0.2.1", "port": 80}}).device
    assert (device.public_host, device.public_port) == ("192.0.2.1", 80)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a = ", "is not TOML"), (b"\xff\xfe", "not UTF-8"), (None, "cannot be read")],
)
def test_a_file_that_is_no_settings_file_is_named(tmp_path, content, words):
    path = tmp_path / "responder.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsInvalid, match=words) as refused:
        load(path)
    assert str(path) in refused.value.problems[0]


@pytest.mark.parametrize("data", [{"device": 3}, {"people": [1]}, {"plan": {"quorum": True}}])
def test_wrong_types_are_told_not_raised(data):
    assert problems_of(data)


@pytest.mark.parametrize(
    ("tiles", "good"),
    [
        ("", True),
        ("https://tiles.example.org/{z}/{x}/{y}.png", True),
        ("https://{s}.tiles.example.org/{z}/{x}/{y}.png?key=abc", True),
        ("http://127.0.0.1:8000/{z}/{x}/{y}.png", True),
        ("http://tiles.example.org/{z}/{x}/{y}.png", False),
        ("https://tiles.example.org/", False),
        ("https://tiles.example.org/{z}/{x}/{y}.png; script-src *", False),
        ("https://tiles.example.org, https://evil.example/{z}/{x}/{y}", False),
        ("https://[bad/{z}/{x}/{y}", False),
    ],
)
def test_a_tile_server_is_one_address_and_nothing_beside_it(tiles, good):
    if good:
        assert check({"console": {"tiles": tiles}}).console.tiles == tiles
    else:
        assert "console.tiles" in problems_of({"console": {"tiles": tiles}})[0]


@pytest.mark.parametrize("days", [0, 91, -1, True, 7.0])
def test_a_link_lives_for_some_days(days):
    assert "people.link_days" in problems_of({"people": {"link_days": days}})[0]
