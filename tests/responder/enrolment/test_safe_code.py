"""The wearer's own code that means safe: how it is drawn, chosen, shown and kept."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from builders import hq_config
from sqlalchemy import select

from outcry.responder.cli.main import main
from outcry.responder.enrolment import safe_code
from outcry.responder.enrolment.pins import is_pin
from outcry.responder.enrolment.safe_code import CodeRefused
from outcry.responder.storage import store
from outcry.responder.storage.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture
def responder(tmp_path, capsys):
    """Runs ``outcry-responder`` and gives its exit code and what it said."""
    config = hq_config(tmp_path)

    def run(command, *arguments):
        code = main([command, *arguments, "--config", str(config)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def enrol(responder, tmp_path):
    def run(*arguments, name="Ana"):
        contacts = ("--contact", "Ben=+447700900111", "--contact", "Cleo=+447700900112")
        out = str(tmp_path / f"{name}.json")
        return responder("enrol", name, *contacts, "--anyway", "--out", out, *arguments)

    return run


def shown(said):
    """The code as it was printed."""
    (line,) = [line for line in said.splitlines() if "shown only now:" in line]
    return line.rpartition(": ")[2]


def kept(tmp_path):
    database = Store(tmp_path / "state")
    with database.read() as connection:
        rows = connection.execute(select(store.safe_code)).all()
    database.close()
    return rows


def test_a_drawn_code_can_be_tapped_blind_and_is_not_guessed_at_once():
    drawn = [safe_code.create(os.urandom) for _ in range(3000)]
    for code in drawn:
        assert len(code) == 4
        assert all(1 <= count <= 5 for count in code)
        assert safe_code.parse(safe_code.written(code)) == code
    assert len(set(drawn)) > 450
    assert max(Counter(drawn).values()) < 40, "about six of each are expected"


@pytest.mark.parametrize(
    "text",
    ["", "5 5", "2", "2413", "2 4 1 0", "2 4 1 10", "2,4,1", "1 2 4 5 1 2 4 5 1", "a b c d",
     "5 5 5 5", "1 2 1 2", "1 2 3 4", "5 4 3 2 1", "-1 2 4", "² 4 1"],
)  # fmt: skip
def test_what_is_no_code_or_too_easy_is_refused_without_being_repeated(text):
    with pytest.raises(CodeRefused) as refused:
        safe_code.parse(text)
    assert len(text) < 2 or text not in str(refused.value)


@pytest.mark.parametrize("text", ["2 4 1", " 2  4 1 3 ", "9 1 5", "1 2 4 5 1 2 4 5"])
def test_a_code_of_ones_own_is_taken(text):
    assert safe_code.written(safe_code.parse(text)) == " ".join(text.split())


def test_enrolling_shows_the_code_once_and_keeps_a_salted_hash_alone(enrol, tmp_path):
    exit_code, said = enrol()
    assert exit_code == 0
    code = shown(said)
    assert code in map(safe_code.written, safe_code.GOOD)
    (row,) = kept(tmp_path)
    assert is_pin(code, row.salt, row.hash)
    assert code not in (tmp_path / "Ana.json").read_text(), "the device must never know"
    for file in (tmp_path / "state").iterdir():
        assert code.encode() not in file.read_bytes()


def test_two_wearers_with_one_code_have_different_hashes(enrol, tmp_path):
    for name in ("Ana", "Eva"):
        assert shown(enrol("--code", "2 4 1 3", name=name)[1]) == "2 4 1 3"
    first, second = kept(tmp_path)
    assert first.hash != second.hash
    assert first.salt != second.salt


def test_the_drill_code_is_no_code_that_means_safe(enrol, tmp_path):
    exit_code, said = enrol("--code", "5 5")
    assert exit_code == 1
    assert "--code: write 3 to 8 groups of 1 to 9 taps" in said
    assert not (tmp_path / "Ana.json").exists()


def test_a_code_that_was_seen_is_changed_and_the_old_one_is_gone(enrol, responder, tmp_path):
    device = enrol("--code", "2 4 1 3")[1].splitlines()[0].rpartition(" ")[2].rstrip(".")
    exit_code, said = responder("code", device, "--code", "3 1 4 1")
    assert (exit_code, shown(said)) == (0, "3 1 4 1")
    (row,) = kept(tmp_path)
    assert is_pin("3 1 4 1", row.salt, row.hash)
    drawn = shown(responder("code", device)[1])
    (row,) = kept(tmp_path)
    assert is_pin(drawn, row.salt, row.hash)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("00000001",), "no wearer has this device"),
        (("Ana",), "write the device as enrol and status print it"),
        (("00000001", "--code", "5 5 5 5"), "too easy to guess"),
    ],
)
def test_a_code_for_nobody_or_no_code_is_refused(enrol, responder, arguments, words):
    enrol()
    exit_code, said = responder("code", *arguments)
    assert exit_code == 1
    assert words in said
