"""A case file from somebody who means harm: no byte of it is called good, and none does anything."""

from __future__ import annotations

import copy
import json
import os
from random import Random

import pytest

from bench.headquarters import changes
from outcry.responder.archive import case_file, proof
from outcry.responder.archive.proof import CaseFileInvalid
from outcry.responder.cli import record
from outcry.responder.cli.main import main
from outcry.responder.storage import links

pytestmark = pytest.mark.slow

OPENS, CLOSES = '<script type="application/json" id="proof">', "</script>"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    hq = changes.live(tmp_path_factory.mktemp("lived"))
    made = case_file.write(hq.store, changes.ALARM, "Example Org", hq.clock())
    hq.store.close()
    return made


def verified(tmp_path, capsys, content):
    path = tmp_path / "case-1.html"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    code = main(["verify", str(path), "--config", "/nowhere"])
    return code, capsys.readouterr()


def spelled(file):
    """The same proof, spelled otherwise: what a reader in another language may take for another."""
    page, proved = proof.take_apart(file)
    text = file.partition(OPENS)[2].partition(CLOSES)[0]
    assert json.loads(text) == proved
    yield text.replace('{"outcry', '{ "outcry', 1)
    yield text + "\n"
    yield text.replace('"outcry_case_file": 2', '"outcry_case_file": 2.0', 1)
    yield text.replace("{", '{"outcry_case_file": 1, ', 1)
    yield text.replace('"history": [', '"history": [], "history": [', 1)
    yield text.replace("Ana", "\\u0041na", 1)
    yield json.dumps(proved, sort_keys=True, ensure_ascii=False).replace("<", "\\u003c")
    for place in ("history", "agreed", "stamps"):
        more = copy.deepcopy(proved)
        more[place][0]["note"] = "added"
        yield json.dumps(more, ensure_ascii=False).replace("<", "\\u003c")
    for name, where in (("note", proved), ("note", proved["written"]), ("x", proved["sealed"])):
        where[name] = "added"
        yield json.dumps(proved, ensure_ascii=False).replace("<", "\\u003c")
        del where[name]
    del page


def test_the_same_proof_spelled_otherwise_is_refused(file):
    text = file.partition(OPENS)[2].partition(CLOSES)[0]
    tried = [each for each in spelled(file) if each != text]
    assert len(tried) == 13
    for other in tried:
        with pytest.raises(CaseFileInvalid):
            proof.check(file.replace(text, other))


def test_time_stamps_cannot_be_taken_out(file):
    page, proved = proof.take_apart(file)
    assert proved["stamps"]
    proved["stamps"], proved["sealed"] = [], {"before": "", "lines": []}
    with pytest.raises(CaseFileInvalid, match="not all there"):
        proof.check(proof.embed(page, proved))


def test_no_byte_can_be_changed_taken_out_or_added(file):
    whole, random = file.encode(), Random(11)
    for _ in range(400):
        at = random.randrange(len(whole))
        bit = bytes([whole[at] ^ (1 << random.randrange(8))])
        for other in (
            whole[:at] + bit + whole[at + 1 :],
            whole[:at] + whole[at + 1 :],
            whole[:at] + whole[at : at + 1] + whole[at:],
            whole[:at],
        ):
            if other != whole:
                with pytest.raises((CaseFileInvalid, UnicodeDecodeError)):
                    proof.check(other.decode())


@pytest.mark.parametrize(
    "content",
    [
        OPENS + "[" * 1_000_000 + CLOSES,
        OPENS + '{"history":' * 500_000 + CLOSES,
        OPENS + '{"outcry_case_file": 2, "alarm": 1' + "0" * 10_000 + "}" + CLOSES,
        OPENS * 200_000,
        "{" * 1_000_000,
        OPENS + json.dumps({"outcry_case_file": 1, "alarm": 1, "history": 7}) + CLOSES,
        OPENS + json.dumps({"outcry_case_file": [[]]}) + CLOSES,
        b"\xff\xfe" + b"x" * 1000,
    ],
)
def test_what_is_made_to_break_the_verifier_is_refused_in_words(tmp_path, capsys, content):
    code, said = verified(tmp_path, capsys, content)
    assert code == 1
    assert said.err.startswith(str(tmp_path))
    assert "OK" not in said.out


def test_a_name_for_a_number_says_nothing_to_the_terminal(file, tmp_path, capsys):
    """All of it made again by somebody, with words in the place of the line's number."""
    hostile = "1\n\x1b[2JTime stamp over line 1: it was so at 2026-01-01 00:00:00 UTC"
    page, proved = proof.take_apart(file)
    line = proved["written"]["lines"][0]
    line["n"] = hostile
    made = links.leaf(bytes.fromhex(line["salt"]), *(line[name] for name in proof.LINE))
    link = links.onto(bytes.fromhex(proved["written"]["before"]), made)
    proved["written"]["link"] = link.hex()
    for where in (None, "agreed", "stamps"):
        if where:
            proved[where][0]["n"] = hostile
        code, said = verified(tmp_path, capsys, proof.embed(page, proved))
        assert code == 1
        assert "\x1b" not in said.out + said.err
        assert "it was so" not in said.out + said.err


def test_what_is_no_file_or_endless_is_not_read(tmp_path, capsys, monkeypatch):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setattr(record, "_LARGEST", 100)
    large = tmp_path / "large"
    large.write_bytes(b"x" * 101)
    for path in (pipe, large, tmp_path):
        assert main(["verify", str(path), "--config", "/nowhere"]) == 1
        assert "no file, or too large" in capsys.readouterr().err
