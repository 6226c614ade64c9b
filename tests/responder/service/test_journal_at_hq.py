"""The responder's journal: each line has its kind, each kind its text, and none tells of people."""

import ast
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from outcry.responder.cli.main import main
from outcry.responder.journal import Entry, Log
from outcry.responder.service import journal_handler
from outcry.responder.service.journal_handler import JournalHandler
from tools import journal_page

ROOT = Path(__file__).resolve().parents[3]
TEXTS = journal_page.catalog(journal_page.HQ_CATALOG)
PLACE = "52.52001, +447700900123, Zarema"
SINCE_THE_FIRST_RELEASE = """
    READY 318687eb52e14c6fa6022ecc85212f24
    NO_MODEM 979ec0eb205445909746a84e1e50b407
    CANNOT_SERVE f3ae518aba6941d28ff02e2fc5ec420b
    STUCK 6d360af75aca4ab8bc393ff2de214863
    STOPPING b8dd70c39e7d43d5aa3ae7be346ce0d9
    REPORT da6482ab90374b2f847facd3f25e4837
    BEAT_REFUSED ba3a631d41cf4996a266c1ef4b7f33e1
    POST_REFUSED 204958eb8b0049248f1a11341bdb331b
    TEXT_DROPPED 9293ba73601f48d387f731b57faa714d
    ANSWER ba47427625b8413a8f502e8b61cab463
    WRONG_PIN 96f7f0c96daa4c5c86103845fff3e6b4
    JUDGED 24024586907448dbab5e757445c5e8ad
    MAY_BE_PUBLISHED 7a7d2a6775b94d5ca2b8644840d1b922
    CALL_CAME 844ff134bf1a401885d49005656fdf9b
    TEXT_LEAVES 9c7434448403473cba2ec6f035298fb6
    TEXT_CAME 9f3763883d054830bd50e001fca3d0bd
    TEXT_FAULT f20666114d11473a90385a737ad4249a
    INTERRUPTED 3d78341638c4483698928662f71d9e94
    CANNOT_DECIDE 24b29dc84b3149249ca46ba1e69ba747
    CANNOT_WORK ae4e28f2494241b3be2eab9ace9fc896
    PAGE_FAILED 726316b7034441939a159bba3aaf9a67
    UNEXPECTED 924945f9c67c4c5d903e43eb4296469f
    MODEM 71beaf21deb8445e91e09ff27e71a712
    LIBRARY 18bdc0d89abe4004b4f4afff8db71045
    OTHER 14c6851e7e834b619d56ebba91c2dd9b
"""  # only ever added to: somebody's scripts wait for these


def calls():
    """Every call that tells an entry in the responder's code: where, which, and with what words."""
    for path in sorted((ROOT / "responder").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "log.tell":
                name = ast.unparse(node.args[0]).rpartition("Entry.")[2]
                yield f"{path.name}:{node.lineno}", Entry[name], {one.arg for one in node.keywords}


@pytest.mark.slow
def test_every_entry_is_told_somewhere_with_all_the_words_of_its_sentence():
    told = list(calls())
    assert {where: words ^ words_of(entry) for where, entry, words in told} == {
        where: set() for where, _, _ in told
    }
    assert {entry for _, entry, _ in told} == {entry for entry in Entry if entry.sentence}


def test_nothing_is_logged_but_entries():
    for path in sorted((ROOT / "responder").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\blog(ger)?\.(debug|info|warning|error|critical)\(", text), path.name


def words_of(entry):
    return set(re.findall(r"{(\w+)(?::\w+)?}", entry.sentence))


def test_no_call_of_the_log_shows_an_errors_words():
    for path in (ROOT / "responder").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"log\.exception|exc_info=|print_exc", text), path.name


def test_every_kind_has_a_text_and_every_text_a_kind():
    assert set(TEXTS) == {entry.message_id for entry in Entry}
    assert not set(TEXTS) & set(journal_page.catalog())


def test_a_kind_keeps_its_id_for_ever():
    known = dict(line.split() for line in SINCE_THE_FIRST_RELEASE.strip().splitlines())
    assert {name: Entry[name].message_id for name in known} == known
    assert len({entry.message_id for entry in Entry}) == len(Entry)


@pytest.mark.parametrize("entry", Entry, ids=lambda entry: entry.name.lower())
def test_a_text_says_what_happened_and_what_to_do(entry):
    subject, text = TEXTS[entry.message_id]
    what, _, do = text.partition("\n\nWhat to do: ")
    assert len(what) > 80
    assert len(do) >= len("nothing.")
    assert all(len(line) <= 100 for line in text.splitlines())
    filled = set(re.findall(r"@(\w+)@", subject + text))
    assert filled <= ({"OUTCRY_ALARM"} if "alarm" in words_of(entry) else set())


# What is sent


@pytest.fixture
def sent(monkeypatch):
    """What reaches the journal: the sentence and its fields."""
    entries = []

    def send(words, **fields):
        entries.append((words, fields))

    monkeypatch.setattr(journal_handler, "journal_send", lambda: send)
    root, handler = logging.getLogger(), JournalHandler()
    root.addHandler(handler)
    yield entries
    root.removeHandler(handler)


def say(name, level, *what, error=None):
    record = logging.getLogger(name).makeRecord(
        name, level, "f", 1, what[0], what[1:], (type(error), error, None) if error else None
    )
    JournalHandler().emit(record)


def test_a_line_carries_its_id_its_alarm_and_its_weight(sent):
    Log("outcry.responder.desk").tell(Entry.WRONG_PIN, alarm=7)
    ((words, fields),) = sent
    assert words == "outcry.responder.desk: alarm 7: a wrong PIN was tried"
    assert fields == {
        "MESSAGE_ID": Entry.WRONG_PIN.message_id,
        "OUTCRY_ALARM": "7",
        "PRIORITY": 4,
        "SYSLOG_IDENTIFIER": "outcry-responder",
    }


def test_a_librarys_words_are_withheld_also_those_of_its_error(sent):
    error = ValueError(PLACE)
    for name in ("uvicorn.error", "sqlalchemy.engine", "py.warnings", "asyncio", "root"):
        say(name, logging.ERROR, f"Exception in %s {PLACE}", PLACE, error=error)
    assert len(sent) == 5
    for words, fields in sent:
        assert not any(secret in words for secret in PLACE.split(", "))
        assert "ValueError" in words
        assert fields["MESSAGE_ID"] == Entry.LIBRARY.message_id


@pytest.mark.parametrize(
    ("name", "entry"), [("outcry.modem", Entry.MODEM), ("outcry.hw.switch", Entry.OTHER)]
)
def test_what_others_of_ours_say_has_an_id_too(sent, name, entry):
    logging.getLogger(name).warning("%s: %d", "attempt", 3)
    ((words, fields),) = sent
    assert words == f"{name}: attempt: 3"
    assert fields["MESSAGE_ID"] == entry.message_id


def test_a_line_that_cannot_be_made_is_no_reason_to_fail_nor_to_show_it(sent, capsys):
    Log("outcry.responder").tell(Entry.WRONG_PIN, alarm=PLACE)
    Log("outcry.responder").tell(Entry.WRONG_PIN)
    say("outcry.responder", logging.INFO, "alarm %d: a line of no kind", PLACE)
    assert sent == []
    assert capsys.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "happens",
    [
        "raise ValueError(place)",
        "import threading; threading.Thread(target=lambda: int(place)).start()",
        "import warnings; warnings.warn(place)",
        "import logging; logging.getLogger('uvicorn.error').error(place)",
        "import asyncio; asyncio.run(later())",
    ],
)
def test_whatever_happens_in_the_process_no_words_of_it_come_out(happens):
    program = (
        "from outcry.responder.service import journal_handler; journal_handler.set_up()\n"
        "import sys, asyncio\n"
        "async def later():\n"
        "    asyncio.get_running_loop().call_soon(lambda: int(place)); await asyncio.sleep(0.1)\n"
        f"place = {PLACE!r}\n{happens}"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert said.count("\n") == 1, said
    assert not any(secret in said for secret in PLACE.split(", "))
    assert "Traceback" not in said


def test_what_is_said_without_end_is_thinned_by_its_kind_and_counted(sent):
    now = 100.0
    handler = JournalHandler(lambda: now)

    def tell(entry, times, **words):
        for _ in range(times):
            fields = {"MESSAGE_ID": entry.message_id}
            fields |= {"OUTCRY_ALARM": str(words["alarm"])} if words else {}
            record = logging.makeLogRecord(
                {
                    "name": "outcry.responder.x",
                    "levelno": entry.level,
                    "msg": entry.name,
                    "journal_fields": fields,
                }
            )
            handler.emit(record)

    tell(Entry.POST_REFUSED, 1000)
    tell(Entry.WRONG_PIN, 100, alarm=1)
    tell(Entry.WRONG_PIN, 1, alarm=2)
    tell(Entry.CROWDED, 1)
    assert len(sent) == journal_handler.FEW_A_MINUTE + journal_handler.MOST_A_MINUTE + 2
    sent.clear()
    now += 60
    tell(Entry.POST_REFUSED, 2)
    assert [words for words, _ in sent] == [
        "outcry.responder.x: POST_REFUSED (995 more like this were left out)",
        "outcry.responder.x: POST_REFUSED",
    ]


def test_settings_that_cannot_be_used_are_told_in_the_journal(sent, tmp_path, monkeypatch):
    monkeypatch.setattr(journal_handler, "set_up", lambda: None)  # this process is not the service
    config = tmp_path / "responder.toml"
    config.write_text("[device]\nport = 0\n[plan]\nquorum = 99\n")
    assert main(["run", "--config", str(config)]) == 78
    assert len(sent) == 2
    assert {fields["MESSAGE_ID"] for _, fields in sent} == {Entry.CANNOT_SERVE.message_id}
