"""Keys that change hands, by the real command line, and what can be opened afterwards."""

import re
import stat
from pathlib import Path

import pytest
from cheap_hashes import PASSWORDS

from outcry import enrolment
from outcry.responder.cli.main import main
from outcry.responder.enrolment import hq_keys
from outcry.responder.intake.inbox import Unreadable
from outcry.responder.plans import repository
from outcry.responder.rules.events import CameBy
from outcry.responder.service.assemble import Adapters, assemble
from outcry.responder.settings import load
from outcry.responder.storage.store import Store
from stage import reports

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def config(tmp_path):
    text = (ROOT / "config" / "responder.toml").read_text(encoding="utf-8")
    path = tmp_path / "responder.toml"
    path.write_text(text.replace("/var/lib/outcry-responder", str(tmp_path / "state")))
    return path


@pytest.fixture
def hq(config, tmp_path, capsys):
    class Hq:
        directory = tmp_path / "state"
        enrolments = 0

        def does(self, *arguments, code=0):
            command, *rest = arguments
            assert main([command, "--config", str(config), *rest]) == code
            told = capsys.readouterr()
            return told.out + told.err

        def enrols(self):
            self.enrolments += 1
            out = tmp_path / f"{self.enrolments}.json"
            contact = "--contact=Ana=+447700900101"
            more = ("--quorum", "1", "--anyway", "--out", str(out))
            self.does("enrol", "Zarema", contact, *more)
            return enrolment.read(out.read_text())

        def takes(self, made, counter):
            """Whether HQ, newly started, opens an alarm of this device."""
            sealed = reports.sealed(reports.report(sequence=1), made, counter)
            started = assemble(load(config), Adapters(clock=lambda: 1.79e9, hasher=PASSWORDS))
            try:
                started.inbox.take(sealed, CameBy.DATA)
            except Unreadable:
                return False
            finally:
                started.store.close()
            return True

    return Hq()


def test_a_new_key_is_for_new_enrolments_and_the_old_one_still_opens(hq):
    before = hq.enrols()
    assert "2 in all" in hq.does("key", "new")
    after = hq.enrols()
    assert before.hq.public_key != after.hq.public_key
    assert hq.takes(before, 1)
    assert hq.takes(after, 1)
    assert stat.S_IMODE((hq.directory / hq_keys.KEY_FILE).stat().st_mode) == 0o600


def test_a_forgotten_key_opens_nothing_any_more(hq):
    before = hq.enrols()
    hq.does("key", "new")
    after = hq.enrols()
    assert "1 left" in hq.does("key", "forget")
    assert not hq.takes(before, 1)
    assert hq.takes(after, 1)


def test_the_only_key_is_never_forgotten(hq):
    made = hq.enrols()
    assert "only key" in hq.does("key", "forget", code=1)
    assert hq.takes(made, 1)


def test_a_retired_device_is_heard_no_more_and_the_others_are(hq):
    lost, other = hq.enrols(), hq.enrols()
    assert "Zarema" in hq.does("retire", f"{lost.device:08x}")
    assert not hq.takes(lost, 1)
    assert hq.takes(other, 1)
    assert "Zarema" in hq.does("status"), "what HQ knows of the wearer stays"


def test_nobodys_device_is_not_retired(hq):
    assert "nobody has been enrolled" in hq.does("retire", "0a1b2c3d", code=1)
    hq.enrols()
    assert "no wearer has this device" in hq.does("retire", "00000001", code=1)
    assert "write the device as" in hq.does("retire", "Zarema", code=1)


def test_nothing_of_a_key_is_said(hq):
    hq.enrols()
    said = hq.does("key", "new") + hq.does("key", "forget")
    for line in (hq.directory / hq_keys.KEY_FILE).read_text().split():
        assert line not in said
    assert not re.search(r"[A-Za-z0-9_-]{43}", said)


def test_nobody_minds_that_a_retired_device_is_silent(hq):
    lost, other = hq.enrols(), hq.enrols()
    hq.does("retire", f"{lost.device:08x}")
    database = Store(hq.directory)
    with database.read() as connection:
        assert not repository.of_device(connection, lost.device).watch
        assert repository.of_device(connection, other.device).watch
    database.close()
