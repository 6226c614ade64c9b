"""Enrolling, through the command: the file, the PINs, and what is refused."""

from __future__ import annotations

import json
import re
import stat

import pytest
from builders import HQ_MODEM, hq_config
from sqlalchemy import select

from outcry import enrolment
from outcry.envelope import public_key
from outcry.responder.cli.main import main
from outcry.responder.enrolment import hq_keys
from outcry.responder.enrolment.pins import is_pin
from outcry.responder.plans import announcements, repository
from outcry.responder.storage import store, verification
from outcry.responder.storage.store import Store

pytestmark = pytest.mark.slow

BEN, CLEO = "Ben=+447700900111", "Cleo=+447700900112,fr"


@pytest.fixture
def config(tmp_path):
    device = {"public_host": "alarm.example.org", "public_port": 80}
    people = {"public_url": "https://help.example.org/"}
    return hq_config(tmp_path, device=device, people=people, modem=HQ_MODEM)


@pytest.fixture
def enrol(config, tmp_path):
    def run(*arguments, out=tmp_path / "ana.json", name="Ana"):
        where = ["--anyway", "--out", str(out), "--config", str(config)]
        return main(["enrol", name, *where, *arguments])

    return run


@pytest.fixture
def database(tmp_path):
    opened = Store(tmp_path / "state")
    yield opened
    opened.close()


def contacts(*texts):
    return [word for text in texts for word in ("--contact", text)]


def test_the_file_holds_all_the_device_needs(enrol, tmp_path):
    assert enrol(*contacts(BEN, CLEO), "--number", "+447700900001") == 0
    out = tmp_path / "ana.json"
    made = enrolment.read(out.read_text())
    assert made.wearer == "Ana"
    assert (made.hq.host, made.hq.port) == ("alarm.example.org", 80)
    assert made.hq.number == "+447700900002"
    assert made.hq.link == "https://help.example.org/a/"
    assert [(c.name, c.number, c.language) for c in made.contacts] == [
        ("Ben", "+447700900111", "en"),
        ("Cleo", "+447700900112", "fr"),
    ]
    hq_key = hq_keys.load_or_create(tmp_path / "state")[0]
    assert made.hq.public_key == public_key(hq_key)


def test_nobody_else_can_read_what_was_written(enrol, tmp_path):
    enrol(*contacts(BEN, CLEO))
    assert stat.S_IMODE((tmp_path / "ana.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    for file in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_the_pins_are_shown_once_and_kept_only_as_hashes(enrol, tmp_path, capsys, database):
    enrol(*contacts(BEN, CLEO))
    lines = capsys.readouterr().out.splitlines()
    pins = [line.split()[1] for line in lines if line.startswith("  ")]
    assert len(set(pins)) == 2
    with database.read() as connection:
        rows = connection.execute(
            select(store.contact).order_by(store.contact.c.number_in_list)
        ).all()
    assert all(is_pin(p, r.pin_salt, r.pin_hash) for p, r in zip(pins, rows, strict=True))
    for file in (tmp_path / "state").iterdir():
        assert not any(pin.encode() in file.read_bytes() for pin in pins)
    # By words: the hex of a key may have a PIN's digits by chance.
    assert set(pins).isdisjoint(re.findall(r"\w+", (tmp_path / "ana.json").read_text()))


def test_the_private_key_is_not_in_the_database(enrol, tmp_path):
    enrol(*contacts(BEN, CLEO))
    key = hq_keys.load_or_create(tmp_path / "state")[0]
    assert key not in (tmp_path / "state" / store.DATABASE).read_bytes()


def test_all_wearers_share_hqs_key_and_nothing_else(enrol, tmp_path):
    enrol(*contacts(BEN, CLEO))
    enrol(*contacts(BEN, CLEO), out=tmp_path / "eva.json", name="Eva")
    ana, eva = (enrolment.read((tmp_path / f).read_text()) for f in ("ana.json", "eva.json"))
    assert ana.hq == eva.hq
    assert ana.psk != eva.psk
    assert ana.device != eva.device


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "at least one --contact"),
        (contacts(BEN), "quorum of 2 can never be met by 1 contact"),
        (contacts(BEN, BEN), "the same number"),
        (contacts("Ben"), 'contact 1: write each contact as "Ana=+447700900111"'),
        (
            contacts(BEN, "Cleo=07700"),
            "contacts[1].number: this value is not valid; write a number",
        ),
        (
            contacts(BEN, "=+447700900112"),
            "contacts[1].name: this value is not valid; write a name of 1 to 40",
        ),
        (
            contacts(BEN, "Cleo=+447700900112,de"),
            "contact 2: the language is not known; known are ar, en, es, fa, fr, ru, uk",
        ),
        (
            contacts(BEN, "Cleo=+447700900112,eng"),
            'contact 2: the language is not known; did you mean "en"?',
        ),
        ([*contacts(BEN, CLEO), "--number", "07700"], "--number is not a number"),
        ([*contacts(BEN, CLEO), "--quorum", "0"], "--quorum must be from 1 to"),
        ([*contacts(BEN, CLEO), "--quorum", "3"], "can never be met by 2 contacts"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_do(
    enrol, tmp_path, capsys, database, arguments, words
):
    assert enrol(*arguments) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "ana.json").exists()
    with database.read() as connection:
        assert connection.execute(select(store.wearer)).all() == []


def test_all_problems_are_told_at_once(enrol, capsys):
    assert enrol(*contacts(BEN), "--number", "1", "--quorum", "99") == 1
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_name_that_fits_no_text_is_refused(enrol, capsys):
    assert enrol(*contacts(BEN, CLEO), name="A" * 41) == 1
    assert (
        "wearer: this value is not valid; write a name of 1 to 40 printable characters"
        in capsys.readouterr().err
    )


def test_an_existing_file_is_never_overwritten(enrol, tmp_path, capsys, database):
    (tmp_path / "ana.json").write_text("another device's only key")
    assert enrol(*contacts(BEN, CLEO)) == 1
    assert (tmp_path / "ana.json").read_text() == "another device's only key"
    assert "exists already" in capsys.readouterr().err
    with database.read() as connection:
        assert connection.execute(select(store.wearer)).all() == []


def test_a_place_that_cannot_be_written_enrols_nobody(enrol, tmp_path, capsys, database):
    assert enrol(*contacts(BEN, CLEO), out=tmp_path / "no" / "ana.json") == 1
    assert "cannot be written" in capsys.readouterr().err
    with database.read() as connection:
        assert connection.execute(select(store.wearer)).all() == []


def test_a_damaged_key_file_is_named_and_never_replaced(enrol, tmp_path, capsys):
    enrol(*contacts(BEN, CLEO))
    path = tmp_path / "state" / hq_keys.KEY_FILE
    path.write_text("garbage\n")
    assert enrol(*contacts(BEN, CLEO), out=tmp_path / "eva.json") == 1
    assert "line 1 is not a key" in capsys.readouterr().err
    assert path.read_text() == "garbage\n"
    assert not (tmp_path / "eva.json").exists()


def test_an_empty_key_file_is_not_taken_for_a_first_start(enrol, tmp_path, capsys):
    enrol(*contacts(BEN, CLEO))
    (tmp_path / "state" / hq_keys.KEY_FILE).write_text("")
    assert enrol(*contacts(BEN, CLEO), out=tmp_path / "eva.json") == 1
    assert "holds no key" in capsys.readouterr().err


def test_officers_are_told_what_a_new_enrolment_of_the_same_wearer_weakens(
    enrol, tmp_path, database
):
    """A contact's number changes by that alone, and the plan of before does not come along."""
    assert enrol(*contacts(BEN, CLEO), "--quorum", "2") == 0
    with database.write() as connection:
        device = connection.scalar(select(store.wearer.c.device))
        repository.change(connection, device, {"telling": {"all_after_s": 60}}, 1.0)
    assert enrol(*contacts(BEN, CLEO), out=tmp_path / "eve.json", name="Eve") == 0
    dana = "Dana=+447700900113"
    again = contacts(BEN, "Cleo=+447700900199,fr", dana)
    assert enrol(*again, "--quorum", "1", out=tmp_path / "again.json") == 0
    with database.read() as connection:
        newest, *others = announcements.since(connection, 0.0)
        [line] = [
            json.loads(each)
            for each in connection.scalars(select(store.record.c.data).filter_by(what="PRIVATE"))
            if '"keys"' in each
        ]
        assert verification.verify(connection).problems == ()
    keys = ["contact.2.number", "contact.3.name", "contact.3.number"]
    assert line["keys"][:3] == keys
    assert {"confirming.quorum", "telling.all_after_s"} <= set(line["keys"])
    assert newest.words.startswith(
        "the command line enrolled Ana again; this is not as it was before: contact.2.number, "
    )
    assert "+4477" not in newest.words
    assert [each.words for each in others] == [
        "the command line enrolled Eve",
        "the command line enrolled Ana",
    ]


def test_an_enrolment_that_changes_nothing_is_told_as_one(enrol, tmp_path, database):
    for n in (1, 2):
        assert enrol(*contacts(BEN, CLEO), out=tmp_path / f"{n}.json") == 0
    with database.read() as connection:
        assert announcements.since(connection, 0.0)[0].words == "the command line enrolled Ana"
