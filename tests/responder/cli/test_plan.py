"""``outcry-responder plan`` and ``codes``, as a duty officer types them."""

from __future__ import annotations

import io
import re
import shutil

import pytest
from builders import HQ_MODEM, hq_config
from sqlalchemy import select

from outcry.responder import translations
from outcry.responder.cli.main import main
from outcry.responder.enrolment.answer_cards import CODES_ON_A_CARD
from outcry.responder.plans import repository
from outcry.responder.storage import store
from outcry.responder.storage.audit_chain import Noted

pytestmark = pytest.mark.slow


@pytest.fixture
def types(enrolled, tmp_path, capsys):
    """Types a command at HQ, where Ana is enrolled; what it said, of whichever kind."""
    directory = tmp_path / "state"
    shutil.copytree(enrolled.directory, directory)
    config = hq_config(tmp_path, directory, modem=HQ_MODEM)

    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main([*words, "--config", str(config)]) == code
        said = capsys.readouterr()
        assert (said.out == "") == (code == 1)
        return said.out + said.err

    run.device = f"{enrolled.enrolment.device:08x}"
    run.file = tmp_path / "plan.toml"
    run.directory = directory
    return run


def test_a_plan_is_shown_edited_checked_and_set(types):
    types.file.write_text(types("plan", "show", "Ana").replace("at_once = 0", "at_once = 1"))
    assert "this plan is valid" in types("plan", "check", types.device, str(types.file))
    assert "at_once = 0" in types("plan", "show", types.device)
    assert "applies from now on" in types("plan", "set", "Ana", str(types.file))
    assert "at_once = 1" in types("plan", "show", "Ana")


def test_a_plan_can_be_given_without_a_file_that_others_could_read(types, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("[telling]\nat_once = 1"))
    assert "applies from now on" in types("plan", "set", "Ana", "-")
    assert "at_once = 1" in types("plan", "show", "Ana")


def test_hqs_record_says_that_a_plan_was_changed(types, enrolled):
    types.file.write_text("")
    types("plan", "set", "Ana", str(types.file))
    database = store.Store(types.directory)
    with database.read() as connection:
        lines = select(store.record.c.data).where(store.record.c.what == Noted.PLAN.name)
        assert types.device in connection.scalar(lines)
        assert repository.of_device(connection, enrolled.enrolment.device).at_once == 0
    database.close()


def test_what_is_wrong_is_told_all_at_once_and_nothing_is_changed(types):
    types.file.write_text(
        "[telling]\norder = [1]\n[confirming]\nquorum = 0\n"
        '[contact.1]\nchannels = { mail = "hush://hush", two = "ntfy://h/hush/two" }'
    )
    said = types("plan", "set", "Ana", str(types.file), code=1)
    assert said.count(str(types.file)) == 2
    types.file.write_text(
        '[contact.1]\nchannels = { mail = "hush://hush", two = "ntfy://h/hush/two" }'
    )
    said = types("plan", "set", "Ana", str(types.file), code=1)
    assert "contact.1.channels.mail: Apprise does not understand" in said
    assert "contact.1.channels.two: names 2 targets" in said
    assert "hush" not in said
    assert "hush" not in types("plan", "show", "Ana")


def test_a_file_that_cannot_be_read_is_refused(types):
    assert "cannot be read" in types("plan", "set", "Ana", "/nowhere", code=1)
    types.file.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in types("plan", "check", "Ana", str(types.file), code=1)


@pytest.mark.parametrize("who", ["Bob", "00000001", "zzzzzzzz", ""])
def test_nobodys_plan_is_not_shown(types, who):
    for words in (("plan", "show"), ("codes", "print"), ("codes", "left")):
        assert "no wearer has this device" in types(*words, who, code=1)


def test_cards_are_printed_once_and_counted(types):
    assert types("codes", "left", "Ana").splitlines()[0] == "contact 1: 0 codes left"
    printed = types("codes", "print", "Ana")
    codes = re.findall(r"\[ \] (\d{4} \d{4})", printed)
    assert len(set(codes)) == 3 * CODES_ON_A_CARD
    assert "Card of Cleo" in printed
    assert "to +447700900002." in printed
    assert "1  It is real: make it public" in printed
    assert types("codes", "left", "Ana").splitlines()[2] == "contact 3: 8 codes left"
    again = types("codes", "print", "Ana", "--contact", "2")
    assert len(re.findall(r"\[ \]", again)) == CODES_ON_A_CARD
    assert "there is no contact 9" in types("codes", "print", "Ana", "--contact", "9", code=1)


def test_cards_are_in_each_contacts_language(types):
    languages = {1: "fa", 2: "uk", 3: "xx"}
    database = store.Store(types.directory)
    with database.write() as connection:
        for number, language in languages.items():
            chosen = store.contact.update().filter_by(number_in_list=number)
            connection.execute(chosen.values(language=language))
    database.close()
    printed = types("codes", "print", "Ana").split("---")[1:]
    for card, language in zip(printed, ("fa", "uk", "en"), strict=True):
        say = translations.load()[language]
        assert say("card_how") in card
        assert say("confirm") in card


def test_a_page_to_print_is_a_new_file_for_its_owner_alone(types, tmp_path):
    page = tmp_path / "cards.html"
    assert "shred -u" in types("codes", "print", "Ana", "--out", str(page))
    assert page.stat().st_mode & 0o777 == 0o600
    codes = re.findall(r">(\d{4} \d{4})<", page.read_text("utf-8"))
    assert len({*codes}) == 3 * CODES_ON_A_CARD
    again = types("codes", "print", "Ana", "--out", str(page), code=1)
    assert "no card was changed" in again
    assert codes == re.findall(r">(\d{4} \d{4})<", page.read_text("utf-8"))
