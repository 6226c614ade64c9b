"""What `verify FILE` says is proved: never what somebody without a key could have made."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from builders import hq_config

from outcry.report import MessageType, encode
from outcry.responder.archive import case_file, proof, time_stamps
from outcry.responder.archive.time_stamps import TimeStamping
from outcry.responder.cli.main import main
from outcry.responder.storage import audit_chain, evidence
from outcry.responder.storage.links import leaf, link, onto

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]


@pytest.fixture
def verified(tmp_path, capsys, authority):
    """The exit status, and what is said, of a file on a machine that is not HQ."""

    def verify(file, *more):
        path = tmp_path / "case-1.html"
        path.write_bytes(file.encode())
        known = "--authority", str(authority.certificate), "--config", "/nowhere"
        code = main(["verify", str(path), *known, *more])
        said = capsys.readouterr()
        return code, said.out + said.err

    return verify


@pytest.fixture
def alarm(world):
    world.hq.takes(world.device.message())
    world.hq.works()
    return world


def written(world):
    return case_file.write(world.hq.store, 1, "Example Org", world.clock())


def stamped(world, authority):
    with world.hq.store.write() as connection:
        audit_chain.seal(connection, world.clock())
    TimeStamping(
        world.hq.store, "http://tsa.invalid/", world.clock, lambda _, asked: authority.stamp(asked)
    ).look()
    return written(world)


def of(file):
    """As HQ itself would say it: LINE:LINK."""
    proved = proof.check(file)
    return f"{proved.n}:{proved.link.hex()}"


def resigned(page, proved):
    """The file that somebody makes of these, who has no key and needs none."""
    ((line,),) = [proved["written"]["lines"]]
    said = json.loads(line["data"])
    said |= {"link": proved["history"][-1]["link"], "page": proof.digest_of(page)}
    said["proof"] = proof.digest_of_proof(proved)
    line["data"] = json.dumps(said, sort_keys=True)
    own = leaf(bytes.fromhex(line["salt"]), *(line[name] for name in proof.LINE))
    proved["written"]["link"] = onto(bytes.fromhex(proved["written"]["before"]), own).hex()
    return proof.embed(page, proved)


def moved(file):
    """The same with the wearer elsewhere, as whoever has the file alone can make it."""
    page, proved = proof.take_apart(file)
    last, before = proved["history"][-1]["link"], None
    for entry in proved["history"]:
        said = json.loads(entry["data"])
        if "read" in said:
            report = evidence.report_in(said)
            there = replace(report.place, latitude=report.place.latitude + 0.1)
            said["read"] = encode(replace(report, place=there))[: len(said["read"]) // 2].hex()
            entry["data"] = json.dumps(said)
            page = page.replace(f"{report.place.latitude:.5f}", f"{there.latitude:.5f}")
        about = entry["n"], entry["at"], entry["what"], entry["data"]
        before = link(before, bytes.fromhex(entry["salt"]), proved["alarm"], *about)
        entry["link"] = before.hex()
    proved |= {"sealed": {"before": "", "lines": []}, "stamps": []}
    return resigned(page.replace(last, before.hex()), proved)


def test_a_file_that_somebody_made_anew_is_not_said_to_be_unchanged(alarm, verified):
    code, said = verified(moved(written(alarm)))
    assert code == 3
    assert "NOT PROVED" in said
    assert "OK" not in said
    assert "--kept" in said


def test_a_file_is_proved_by_what_hq_says_of_its_line(alarm, verified, tmp_path):
    file = written(alarm)
    assert verified(file)[0] == 3
    code, said = verified(file, "--kept", of(file))
    assert code == 0
    assert "OK" in said
    assert verified(moved(file), "--kept", of(file))[0] == 1
    config = str(hq_config(tmp_path, alarm.hq.directory))
    alarm.hq.store.close()
    assert main(["verify", "--config", config, "--kept", of(file)]) == 0
    assert main(["verify", "--config", config, "--kept", of(moved(file))]) == 1
    alarm.hq.start()


def test_a_stamped_file_is_proved_and_a_page_beside_what_was_stamped_is_not(
    alarm, verified, authority
):
    file = stamped(alarm, authority)
    assert verified(file)[0] == 0
    page, proved = proof.take_apart(file)
    assert "52.52000" in page
    code, said = verified(resigned(page.replace("52.52000", "52.62000"), proved))
    assert code == 3
    assert "NOT PROVED: the page" in said


def test_what_came_after_the_last_time_stamp_is_not_proved(alarm, verified, authority):
    stamped(alarm, authority)
    alarm.clock.passes(time_stamps.STAMP_EVERY_S / 2)
    alarm.hq.takes(alarm.device.message(MessageType.POSITION, sequence=1))
    alarm.hq.works()
    code, said = verified(written(alarm))
    assert code == 3
    assert "NOT PROVED: entries after" in said
