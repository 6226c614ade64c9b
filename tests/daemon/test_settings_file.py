"""The settings tell every problem at once, in the words of the file, and never a secret."""

import os
import re
import tomllib
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry import settings_file
from outcry.daemon.outbox.budget import EXCHANGE_BYTES, Budget
from outcry.daemon.settings import HEARTBEATS_KILOBYTES, SCHEMA, load, read
from outcry.settings_file import SettingsInvalid, as_toml

SHIPPED = Path(__file__).parents[2] / "config" / "outcry.toml"
HERE = Path("outcry.toml")


def problems(source: str) -> list[str]:
    with pytest.raises(SettingsInvalid) as refusal:
        read(source, HERE)
    return refusal.value.problems


def test_the_shipped_file_has_no_problems_and_every_key_with_its_default():
    load(SHIPPED)
    written = tomllib.loads(SHIPPED.read_text())
    assert written == {
        section: {name: key.default for name, key in keys.items()}
        for section, keys in SCHEMA.items()
    }


def test_the_example_in_the_shipped_files_comments_is_valid_too():
    lines = SHIPPED.read_text().splitlines()
    start = lines.index("# [wearer]")
    example = "\n".join(line.removeprefix("#").strip() for line in lines[start:])
    settings = read(example, HERE)
    assert settings.wearer == "Zarema"
    assert len(settings.contacts) == 1


def test_an_empty_file_is_the_defaults():
    assert read("", HERE).values == load(SHIPPED).values


def test_all_problems_are_told_at_once_with_key_value_and_what_to_write():
    told = problems(
        '[button]\nhold_seconds = 0.2\npin = "17"\n[modem]\nbaud = 1200\n[gps]\nhost = ""\n'
    )
    assert told == [
        'outcry.toml: button.pin: "17" is not valid; write a GPIO number from 0 to 27, '
        + "without quotation marks",
        "outcry.toml: button.hold_seconds: 0.2 is not valid; write seconds from 1 to 5",
        'outcry.toml: gps.host: "" is not valid; write an IP address like "10.0.0.2", or '
        + '"localhost"',
        "outcry.toml: modem.baud: 1200 is not valid; write one of "
        + "9600, 19200, 38400, 57600, 115200",
    ]


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ("[modm]\n", 'modm: is not known; did you mean "modem"?'),
        ("[modem]\nprt = 1\n", 'modem.prt: is not known; did you mean "port"?'),
        (
            "[button]\nhold_secs = 1\n",
            'button.hold_secs: is not known; did you mean "hold_seconds"',
        ),
        ("[wearer]\nname='Z'\nnme='Z'\n", 'wearer.***: is not known; did you mean "name"?'),
    ],
)
def test_an_unknown_key_gets_did_you_mean(source, meant):
    assert any(meant in problem for problem in problems(source))


@pytest.mark.parametrize("host", ["gps.example", "pi", "::1", "127.1", "127.0.0.1 ", "Localhost"])
def test_no_name_that_has_to_be_looked_up_is_taken_for_gpsd(host):
    """With mute name servers that takes 46 s, and the unit's watchdog waits for 30."""
    (problem,) = problems(f'[gps]\nhost = "{host}"\n')
    assert f'gps.host: "{host}" is not valid; write an IP address like' in problem

    for good in ("localhost", "192.168.1.5"):
        assert read(f'[gps]\nhost = "{good}"\n', HERE).text("gps", "host") == good


@pytest.mark.parametrize("key", ["texts.folder", "storage.state", "modem.port"])
def test_what_no_file_can_be_called_is_refused(key):
    section, _, name = key.partition(".")
    (problem,) = problems(f'[{section}]\n{name} = "a\\u0000b"\n')
    assert f'{key}: "a\\u0000b" is not valid; write ' in problem


def test_a_number_with_more_digits_than_python_writes_is_told():
    (problem,) = problems(f"[button]\nhold_seconds = 0x{'f' * 5000}\n")
    assert problem.endswith(" is not valid; write seconds from 1 to 5")


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "true", '"8"', "[8]"])
def test_a_time_that_is_no_time_is_refused(value):
    assert "sms.start_after_seconds" in problems(f"[sms]\nstart_after_seconds = {value}")[0]


@pytest.mark.parametrize("said", ["", " ", "web"])
def test_what_an_operator_calls_its_user_and_password_is_taken_as_it_is(said):
    settings = read(
        f'[modem]\napn = "{said}"\napn_user = "{said}"\napn_password = "{said}"\n', HERE
    )
    assert settings.text("modem", "apn") == said
    assert settings.text("modem", "apn_user") == settings.text("modem", "apn_password") == said


def test_secrets_and_numbers_are_masked_where_they_are_wrong():
    told = "\n".join(
        problems(
            '[modem]\npin = "12x4"\napn_password = 7777\n'
            '[[contacts]]\nname = "Ana"\nnumber = "07700900123"\n'
        )
    )
    assert "contacts[0].number: this value is not valid; write a number with its country" in told
    for secret in ("12x4", "7777", "07700900123", "Ana"):
        assert secret not in told


def test_the_motor_cannot_sit_on_the_buttons_pin():
    assert "vibration.pin" in problems("[vibration]\npin = 17\n")[0]


def test_not_toml_and_not_there_are_said_so(tmp_path):
    assert "not TOML" in problems("[button")[0]
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_it_does_not_matter_with_which_editor_it_was_written(tmp_path, encoding, end):
    path = tmp_path / "outcry.toml"
    path.write_bytes(f"[gps]{end}\tport = 2948 # Straße{end}".encode(encoding))
    assert load(path).whole("gps", "port") == 2948


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda path: path.write_bytes("[gps]\n".encode("utf-16")), "not UTF-8"),
        (lambda path: path.write_bytes(b"#" * 2_000_000), "too long"),
        (lambda path: path.mkdir(), "directory"),
        (os.mkfifo, "no file"),
        (lambda path: path.symlink_to("/dev/zero"), "no file"),
        (lambda path: path.symlink_to(path), "symbolic links"),
    ],
)
def test_what_is_no_settings_file_is_refused_and_nobody_waits_for_its_end(tmp_path, made, why):
    made(tmp_path / "outcry.toml")
    with pytest.raises(SettingsInvalid, match=f"outcry.toml: cannot be read: .*{why}"):
        load(tmp_path / "outcry.toml")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("apn", "a" * 101),
        ("apn", 'inter"net'),
        ("apn_user", "Jürgen"),
        ("apn_password", "a\nb"),
        ("pin", "123"),
        ("pin", "123456789"),
        ("pin", "12 34"),
        ("pin", "١٢٣٤"),
    ],
)
def test_what_no_modem_can_be_told_is_told_beside_everything_else(key, value):
    told = problems(f"[button]\npin = 99\n[modem]\n{key} = {as_toml(value)}\n")
    assert [problem.split()[1] for problem in told] == ["button.pin:", f"modem.{key}:"]


@pytest.mark.parametrize(
    ("service", "told"), [(False, "`sudo` in front"), (True, "-> `sudo chgrp outcry` it")]
)
def test_a_file_it_may_not_read_is_told_to_who_can_help(tmp_path, monkeypatch, service, told):
    """The maintainer may read it with sudo; nobody can put that before the service."""

    def refuse(path, **_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(settings_file, "text_of", refuse)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    if service:
        monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with pytest.raises(SettingsInvalid, match=re.escape(told)):
        load(HERE)


def test_shown_settings_can_be_read_again_and_mask_secrets():
    shown = "\n".join(read('[modem]\npin = "1234"\napn_password = "abc"\n', HERE).shown())
    assert "1234" not in shown
    assert "abc" not in shown
    assert tomllib.loads(shown)["modem"]["baud"] == 115200


@given(
    st.dictionaries(
        st.sampled_from([*SCHEMA, "contacts", "wearer", "x"]),
        st.none()
        | st.integers()
        | st.text(max_size=3)
        | st.lists(st.integers() | st.dictionaries(st.text(max_size=3), st.text(max_size=3))),
        max_size=4,
    )
)
def test_any_shape_of_file_is_settings_or_a_refusal(data):
    def toml(value):
        if isinstance(value, dict):
            inner = ", ".join(f'"k{index}" = {toml(v)}' for index, v in enumerate(value.values()))
            return "{" + inner + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(toml, value)) + "]"
        return str(value) if isinstance(value, int) else '"x"'

    source = "\n".join(f"{key} = {toml(value)}" for key, value in data.items())
    if set(data) == set():
        read(source, HERE)
    elif not all(value in ({}, []) for value in data.values()):
        assert problems(source)


@pytest.mark.parametrize(("minutes", "needed"), [(0.3, 3300), (1.5, 660), (3, 330)])
def test_a_budget_that_heartbeats_outrun_is_refused_for_it_would_look_like_a_silence(
    minutes, needed
):
    written = f"[supervision]\nheartbeat_minutes = {minutes}\nkilobytes_per_day = "
    told = f"{needed - 1} is too little for a heartbeat every {minutes:g} minutes"
    assert problems(f"{written}{needed - 1}") == [
        f"outcry.toml: supervision.kilobytes_per_day: {told}; write {needed} or more"
    ]
    assert read(f"{written}{needed}", HERE)


@pytest.mark.parametrize("minutes", [0.3, 1.0, 1.5, 10.0, 60.0])
def test_the_budget_that_is_asked_for_lasts_for_ever(minutes):
    """Counted as the device counts, over three days."""
    clock = [0.0]
    budget = Budget(ceil(HEARTBEATS_KILOBYTES / minutes) * 1000, lambda: clock[0])
    while clock[0] < 3 * 86_400:
        assert not budget.is_spent
        budget.spend(EXCHANGE_BYTES)
        clock[0] += minutes * 60
