"""The journal's kinds of entry and the catalog's texts: one list, in two files."""

import re
import shutil
import subprocess

import pytest

from outcry.daemon.alarm.model import State
from outcry.daemon.journal import Entry, Journal
from tools import journal_page

CATALOG = journal_page.CATALOG
SINCE_THE_FIRST_RELEASE = """
    STARTED e9c547895a5a4c689b497bebeee871c8
    ARMED 6418a4d1accf40f0a5a21a06b5dfe367
    RESUMED 479ebd4315284531a443ded2e7d55d1e
    HELD 33b40041de2a407bbe630ccb892c2a75
    STRAP c82d9115520c4493add825ff640c3c91
    TAPPED c4028b59b8614d81bb2e580d03d3315d
    DRILL d1700ec9322e403ca947c385fd998ab7
    DRILL_OVER 2c360f9ece91457894933cf4481e0033
    SENSED 152e565e0422432e930f44f36f0181fe
    STATE b2ba576642834293909dc258d7614c1b
    SEALED 2eeeb74ccc3c4411bb6297e33fffa55b
    POSTING e93456bcb7104b10b98b4a1bcdfff8f9
    RECEIPT b9f26ccaa0b647e89e0bf629f8756bdc
    POST_FAILED 84140a74527847b2841a339eeba70de7
    TEXT_OUT 36c3af3903b14ac1bc94438102404fa0
    TEXT_GIVEN 7f1fafb382be4fa9b8c721bf990a5bac
    TEXT_FAILED e42f0340d36642cc8d835c822b36dc9c
    TEXT_UNKNOWN cbb1c7a4734345d58f3362404f554a0b
    TEXT_REACHED 10ea60c629d745d4b44e44f172a5c222
    TEXT_LOST 49ca1aa0194f4b749372ffca55a5663f
    TEXT_UNREACHED 12e1c3e5dda94bceafa78f3fcb2a2f6a
    BUDGET_SPENT 4ede7f0d52fb4f5fb73029d0509caa68
    MODEM 3891b5f5a4b147c4b2ef51c27816e6a9
    DATA_PATH 550bbbfdd0b84a9f80234193fd886e15
    GPS 53f5680e02eb412b886b7e1e1b35dd65
    CARD_FAULT ec0b7017b81247f08becbf95d4db8791
    PART_FAULT 6688bb93073c4682bbc98b9b2e83c593
    INTERNAL 02deb16d11b84a70b8f94c52cb545588
    HEARTBEAT 0e2c199365884198abfba2c9b495deae
    STRANGE_SMS 4e2c0ceafa004205965b0f032159fcdc
    STOPPING aaad101ba5f342989e3d8afbd63a6a0f
    NOT_ARMED dd8f491b20c14f4fada884293435261a
    NOT_LOCKED 96b5ec2dff21445a8415731c8b4e1dee
    NOT_LIMITED e1f649f0a1c341ad818b0e83ff009a23
"""  # only ever added to: somebody's scripts wait for these


def told(entry):
    """Level, sentence and fields of an entry with everything it can carry."""
    heard = []
    Journal(lambda *said: heard.append(said)).tell(
        entry, alarm=0x7F3A, state=State.OVER_SMS, path="sms", count=38, recipient=2, detail="d"
    )
    return heard[0]


def test_every_entry_has_a_text_and_every_text_an_entry():
    assert set(journal_page.catalog()) == {entry.message_id for entry in Entry}


def test_an_entry_keeps_its_id_for_ever():
    known = dict(line.split() for line in SINCE_THE_FIRST_RELEASE.strip().splitlines())
    now = {entry.name: entry.message_id for entry in Entry}
    assert {name: now.get(name) for name in known} == known
    assert len(set(now.values())) == len(now)
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in now.values())


@pytest.mark.parametrize("entry", Entry, ids=lambda entry: entry.name.lower())
def test_a_text_says_what_happened_and_what_to_do(entry):
    subject, text = journal_page.catalog()[entry.message_id]
    what, _, do = text.partition("\n\nWhat to do: ")
    assert len(what) > 80
    assert len(do) >= len("nothing.")
    assert len(subject) < 80
    assert all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.parametrize("entry", Entry, ids=lambda entry: entry.name.lower())
def test_a_text_names_only_fields_that_the_journal_writes(entry):
    subject, text = journal_page.catalog()[entry.message_id]
    _, _, fields = told(entry)
    assert set(re.findall(r"@(\w+)@", subject + text)) <= fields.keys()


def test_the_fields_are_the_alarm_its_state_the_path_the_recipient_and_a_count():
    _, sentence, fields = told(Entry.TEXT_FAILED)
    assert (
        sentence == "alarm 00007f3a: d to contact 2: not sent, will be tried again (modem code 38)"
    )
    assert fields == {
        "MESSAGE_ID": Entry.TEXT_FAILED.message_id,
        "OUTCRY_ALARM": "00007f3a",
        "OUTCRY_STATE": "over_sms",
        "OUTCRY_PATH": "sms",
        "OUTCRY_RECIPIENT": "contact 2",
        "OUTCRY_COUNT": "38",
    }


@pytest.mark.skipif(not shutil.which("journalctl"), reason="journalctl is not installed")
def test_journalctl_compiles_the_catalog_and_shows_every_text(tmp_path):
    folder = tmp_path / "usr" / "lib" / "systemd" / "catalog"
    folder.mkdir(parents=True)
    shutil.copy(CATALOG, folder)

    def journalctl(*arguments):
        done = subprocess.run(
            ["journalctl", "--root", str(tmp_path), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    said = journalctl("--update-catalog")
    assert CATALOG.name not in said, "it complains about no line"
    dumped = journalctl("--dump-catalog")
    for id_, (subject, text) in journal_page.catalog().items():
        assert f"-- {id_}\nSubject: {subject}\n" in dumped
        assert text in dumped


def test_the_page_of_the_journal_is_what_the_code_and_the_catalog_say():
    assert journal_page.PAGE.read_text(encoding="utf-8") == journal_page.page(), "run: make docs"
