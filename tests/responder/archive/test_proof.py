"""A case file proves itself, or says where it does not; with nothing at hand but the file."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from random import Random

import pytest
from written import HISTORIES

from bench.headquarters import changes
from outcry.responder.archive import case_file, proof, time_stamps
from outcry.responder.archive.proof import CaseFileInvalid
from outcry.responder.cli.main import main
from outcry.responder.storage import audit_chain

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The case file of an alarm with everything that there can be of one, with two time stamps."""
    hq = changes.live(tmp_path_factory.mktemp("lived"))
    with hq.store.write() as connection:
        time_stamps.keep(connection, audit_chain.head(connection).n, b"another reply", hq.clock())
    made = case_file.write(hq.store, changes.ALARM, "Example Org", hq.clock())
    hq.store.close()
    return made


def again(page, proved):
    """The file of somebody who has changed what is inside."""
    return proof.embed(page, proved)


def leaves(value, way=()):
    """The way to every value inside."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*way, key))
    elif isinstance(value, list):
        for n, each in enumerate(value):
            yield from leaves(each, (*way, n))
    else:
        yield way


def put(proved, way, value):
    for key in way[:-1]:
        proved = proved[key]
    proved[way[-1]] = value


def get(proved, way):
    for key in way:
        proved = proved[key]
    return proved


def test_it_proves_itself(file):
    proved = proof.check(file)
    assert proved.alarm == changes.ALARM
    assert len(proved.stamps) >= 1
    assert not proved.history_alone


def test_no_change_of_any_value_inside_goes_unnoticed(file):
    page, proved = proof.take_apart(file)
    random, tried = Random(3), 0
    for way in leaves(proved):
        for value in changes.changed(get(proved, way), random):
            if isinstance(value, bytes):
                continue
            changed = copy.deepcopy(proved)
            put(changed, way, value)
            tried += 1
            with pytest.raises(CaseFileInvalid):
                proof.check(again(page, changed))
    assert tried > 500


def test_nothing_can_be_left_out(file):
    page, proved = proof.take_apart(file)
    for name in ("history", "agreed"):
        for n in range(len(proved[name])):
            changed = copy.deepcopy(proved)
            del changed[name][n]
            with pytest.raises(CaseFileInvalid):
                proof.check(again(page, changed))
    for name in proved:
        changed = {key: value for key, value in proved.items() if key != name}
        with pytest.raises(CaseFileInvalid):
            proof.check(again(page, changed))


def test_a_position_that_was_moved_on_the_page_is_found(file):
    assert file.count("Position: 52.52000") >= 1
    with pytest.raises(CaseFileInvalid, match="the page is not as HQ wrote it"):
        proof.check(file.replace("Position: 52.52000", "Position: 52.52001"))


def test_any_other_change_of_the_page_is_found(file):
    page, proved = proof.take_apart(file)
    random = Random(5)
    for _ in range(300):
        at = random.randrange(len(page))
        other = page[:at] + random.choice("x1 <") + page[at + 1 :]
        if other != page:
            with pytest.raises(CaseFileInvalid):
                proof.check(again(other, proved))


def test_a_second_proof_beside_the_first_is_no_proof(file):
    _, proved = proof.take_apart(file)
    with pytest.raises(CaseFileInvalid, match="it has no proof inside"):
        proof.check(
            file + proof.embed('<script type="application/json" id="proof"></script>', proved)
        )


@pytest.mark.parametrize(
    "rubbish",
    [
        "",
        "{}",
        "[]",
        "7",
        "{",
        "<html></html>",
        '{"outcry_case_file": 1}',
        '{"outcry_case_file": 1, "history": [], "alarm": 1}',
        '{"outcry_case_file": 2}',
        '{"outcry_case_file": 9, "history": []}',
    ],
)
def test_what_is_no_case_file_is_refused_in_words(rubbish):
    with pytest.raises(CaseFileInvalid, match=r"\w"):
        proof.check(rubbish)


def test_a_file_of_an_earlier_release_is_told_to_prove_its_history_alone(tmp_path, capsys):
    written = tmp_path / "case-1.json"
    written.write_text(json.dumps(HISTORIES[0]))
    assert main(["verify", str(written), "--config", "/nowhere"]) == 1
    said = capsys.readouterr()
    assert "NOT PROVED" in said.err
    assert "nothing proves its reports" in said.err
    assert "OK" not in said.out, "anybody can make such a file of the history in another"


def test_it_is_checked_on_a_machine_that_is_not_hq(file, tmp_path, capsys):
    _, proved = proof.take_apart(file)
    written = tmp_path / "case-1.html"
    written.write_bytes(file.encode())
    assert main(["verify", str(written), "--config", "/nowhere"]) == 1
    said = capsys.readouterr()
    assert f"{len(proved['history'])} entries, which hold together." in said.out
    assert "OK" not in said.out
    assert "NOT PROVED: it is no time stamp" in said.err
    assert main(["verify", str(tmp_path / "none"), "--config", "/nowhere"]) == 1


def test_the_verifier_needs_nothing_but_hashes():
    program = "import sys; from outcry.responder.archive import proof; print(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "outcry.responder.archive.proof" in said
    assert {"sqlalchemy", "jinja2", "cryptography", "asn1crypto"}.isdisjoint(said)
