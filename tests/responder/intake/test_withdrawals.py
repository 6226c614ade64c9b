"""Withdrawals at HQ: judged for the duty officer alone, stopping nothing, never lost."""

from __future__ import annotations

import itertools
import logging
import shutil
import sqlite3

import pytest
from builders import kind_of, report, withdrawn
from sqlalchemy import delete, func, select

from outcry.envelope import to_text
from outcry.receipt import Status, verify
from outcry.report import AlarmKind, MessageType, decode
from outcry.responder.contacts.desk import Answer
from outcry.responder.contacts.pages import Pages
from outcry.responder.contacts.public_pages import PublicPages
from outcry.responder.enrolment import pins
from outcry.responder.intake import withdrawals
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import (
    CameBy,
    Mark,
    ReportArrived,
    ReportRepeated,
    Verdict,
    WithdrawalJudged,
)
from outcry.responder.storage import store
from outcry.responder.web.assets import Assets
from outcry.responder.web.own_words import OwnWords

pytestmark = pytest.mark.slow

WITHDRAWAL = MessageType.WITHDRAWAL


def wrong(code):
    """A code one tap beside the right one."""
    return (code[0] % 5 + 1, *code[1:])


def withdraw(world, taps, path=CameBy.DATA, **more):
    message = world.device.message(WITHDRAWAL, taps=taps, **({"sequence": 1} | more))
    return message, world.hq.takes(message, path)


def verdict(world, alarm=1):
    return Case.of(world.hq.entries(alarm)).withdrawal


def alarms(world):
    with world.hq.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(store.alarm))


def test_the_agreed_code_is_safe_and_every_other_is_duress(world):
    world.hq.takes(world.device.message())
    assert verdict(world) is None
    withdraw(world, world.code)
    assert verdict(world) is Verdict.WAITING
    world.hq.works()
    assert verdict(world) is Verdict.SAFE


@pytest.mark.parametrize(
    "change",
    [wrong, lambda code: code[:-1], lambda code: (*code, 1), lambda code: (5, 5),
     lambda code: (15, *code[1:]), lambda code: code[::-1] if code != code[::-1] else (1, 1),
     lambda code: ()],
)  # fmt: skip
def test_whatever_is_not_the_agreed_code_is_duress(world, change):
    world.hq.takes(world.device.message())
    withdraw(world, change(world.code))
    world.hq.works()
    assert verdict(world) is Verdict.DURESS


def test_a_wearer_without_a_code_can_only_be_under_duress(world):
    with world.hq.store.write() as connection:
        connection.execute(delete(store.safe_code))
    world.hq.takes(world.device.message())
    withdraw(world, world.code)
    world.hq.works()
    assert verdict(world) is Verdict.DURESS


def test_another_wearers_code_is_duress(world):
    with world.hq.store.write() as connection:
        table = store.wearer
        eva = world.device.enrolment.device ^ 1
        connection.execute(
            table.insert().values(device=eva, name="Eva", psk=b"e" * 32, quorum=1, enrolled_at=0.0)
        )
        connection.execute(store.safe_code.update().values(device=eva))
    world.hq.takes(world.device.message())
    withdraw(world, world.code)
    world.hq.works()
    assert verdict(world) is Verdict.DURESS


def test_after_duress_the_agreed_code_takes_nothing_back(world):
    world.hq.takes(world.device.message())
    withdraw(world, wrong(world.code))
    withdraw(world, world.code, sequence=2)
    world.hq.works()
    assert verdict(world) is Verdict.DURESS
    world.hq.restarts()
    assert verdict(world) is Verdict.DURESS


def test_of_several_withdrawals_the_worst_is_known_whatever_their_order():
    ranked = [Verdict.SAFE, Verdict.OLD, Verdict.WAITING, Verdict.DURESS]
    for verdicts in itertools.product(ranked, repeat=3):
        lived = [withdrawn(said, message=n) for n, said in enumerate(verdicts, 1)]
        history = [report(9), *itertools.chain(*lived)]
        assert Case.of(history).withdrawal is max(verdicts, key=ranked.index)


# Neither stops anything, and nobody but the duty officer can tell them apart


def lived(world, taps):
    """An alarm with a withdrawal in it; whatever anybody can see of what followed."""
    seen = []
    world.hq.takes(world.device.message(sequence=0))
    world.hq.works()
    message, answer = withdraw(world, taps)
    seen.append(verify(answer, message.report.token, message.header))
    seen.append(world.hq.workflow.step())
    for minute in range(2, 6):
        world.clock.passes(60)
        world.hq.takes(world.device.message(MessageType.POSITION, sequence=minute))
        world.hq.works()
    pages = Pages("Example Org", "https://help.example.org", world.clock)
    public = PublicPages(pages.environment, pages.languages, Assets().addresses, OwnWords(None))
    for contact, answered in ((1, Answer.CONFIRM), (2, Answer.CONFIRM), (2, Answer.SEEN)):
        shown = world.hq.desk.invitation(world.invitation(contact))
        standing = world.hq.desk.answer(shown, answered, world.pins[contact - 1], "198.51.100.7")
        seen.append(pages.alarm(shown, "/c/x", "en").body)
        seen.append(pages.standing(shown, "/c/x", standing, answered).body)
        world.hq.works()
    posts = world.hq.own_page.newest()
    seen += [public.page(posts, "en").body, public.atom(posts, "en").body, len(posts)]
    seen.append(
        [(number, text.partition("http://127")[0]) for _, number, text in world.phones.sent]
    )
    seen.append([(entry.at, kind_of(entry)) for entry in world.hq.entries()])
    return seen


def test_safe_and_duress_look_the_same_to_device_contacts_and_public(
    enrolled, world_in, tmp_path, caplog
):
    caplog.set_level(logging.DEBUG)
    lives, logs, verdicts = [], [], []
    for taps in (enrolled.code, wrong(enrolled.code)):
        directory = tmp_path / str(len(lives))
        shutil.copytree(enrolled.directory, directory)
        world = world_in(directory)
        caplog.clear()
        lives.append(lived(world, taps))
        logs.append(caplog.messages)
        verdicts.append(verdict(world))
        world.hq.store.close()
    assert verdicts == [Verdict.SAFE, Verdict.DURESS]
    assert lives[0] == lives[1]
    assert logs[0] == logs[1]
    assert any("judged" in line for line in logs[0])
    pages = b"".join(part for part in lives[0] if isinstance(part, bytes))
    assert b"Withdrawal received, not verified." in pages
    assert b"Call <bdi>Ana</bdi> and ask for the agreed word" in pages
    assert not any(word in pages.lower() for word in (b"duress", b"judged", b"verdict"))
    assert b"<article" in pages, "it was published all the same"


def test_the_receipt_does_not_wait_for_the_judgement(world, monkeypatch):
    def hash_pin(*_args):
        raise AssertionError("hashed before the receipt left")

    monkeypatch.setattr(pins, "hash_pin", hash_pin)
    world.hq.takes(world.device.message())
    message, answer = withdraw(world, world.code)
    assert verify(answer, message.report.token, message.header) is Status.STORED
    monkeypatch.undo()
    world.hq.restarts()
    world.hq.works()
    assert verdict(world) is Verdict.SAFE


def test_both_verdicts_cost_the_same_work(world, monkeypatch):
    hashed = []
    real = pins.hash_pin
    monkeypatch.setattr(pins, "hash_pin", lambda *args: hashed.append(args) or real(*args))
    world.hq.takes(world.device.message())
    for n, taps in enumerate((world.code, wrong(world.code), (1, 1)), 1):
        withdraw(world, taps, sequence=n)
        world.hq.works()
        assert len(hashed) == n


def test_many_withdrawals_keep_no_alarm_waiting(world):
    for n in range(5):
        withdraw(world, (1, 1), sequence=n)
    world.hq.takes(world.device.message(alarm=78))
    world.hq.workflow.step()
    verdicts = [e for e in world.hq.entries() if isinstance(e, WithdrawalJudged)]
    assert len(verdicts) == 1
    assert len(world.phones.sent) == 6, "both alarms' contacts before the second judgement"


def test_a_judgement_that_fails_is_made_again_and_texts_go_meanwhile(world, monkeypatch):
    def breaks(*_args):
        raise MemoryError

    monkeypatch.setattr(withdrawals, "is_pin", breaks)
    withdraw(world, world.code)
    with pytest.raises(MemoryError):
        world.hq.workflow.step()
    assert len(world.phones.sent) == 3
    assert verdict(world) is Verdict.WAITING
    monkeypatch.undo()
    world.hq.works()
    assert verdict(world) is Verdict.SAFE


# What is kept


def test_no_code_is_left_at_hq_once_it_is_judged(world, caplog):
    caplog.set_level(logging.DEBUG)
    for number, taps in enumerate(([9, 8, 7, 9, 8, 7, 9, 8], [8, 9, 7, 8, 9, 7, 8, 9])):
        withdraw(world, tuple(taps), sequence=number)
    world.hq.works()
    for message in messages(world):
        assert decode(message.report).taps == ()
    world.hq.store.close()
    path = world.hq.directory / store.DATABASE
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM unjudged").fetchone() == (0,)
        assert "9 8 7 9" not in "\n".join(database.iterdump())
    database.close()
    for file in world.hq.directory.iterdir():
        for code in (b"9 8 7 9 8 7 9 8", b"\x98\x79\x87\x98", b"8 9 7 8 9 7 8 9"):
            assert code not in file.read_bytes(), file.name
    assert "9 8 7" not in caplog.text


def messages(world):
    with world.hq.store.read() as connection:
        return connection.execute(select(store.message)).all()


# Out of order, twice, and before anything else


@pytest.mark.parametrize("kind", [AlarmKind.PANIC, AlarmKind.STRAP])
@pytest.mark.parametrize("path", CameBy)
def test_a_withdrawal_that_comes_first_opens_its_alarm_like_any_report(world, kind, path):
    first = world.device.message(kind=kind)
    message, answer = withdraw(world, world.code, path, kind=kind)
    assert verify(answer, message.report.token, message.header) is Status.STORED
    world.hq.works()
    told = [text for _, number, text in world.phones.sent if "ALARM from Ana" in text]
    assert len(told) == 3
    world.hq.takes(first)
    assert alarms(world) == 1
    assert world.hq.history().count(ReportArrived) == 2
    assert verdict(world) is Verdict.SAFE


def test_an_older_withdrawal_is_kept_answered_marked_and_never_found_safe(world):
    message = world.device.message(WITHDRAWAL, sequence=1, taps=world.code)
    world.hq.takes(world.device.message())
    answer = world.hq.takes(message)
    assert verify(answer, message.report.token, message.header) is Status.STORED
    assert world.hq.takes(message) == answer
    assert world.hq.entries()[1].marks == (Mark.OUT_OF_ORDER,)
    world.hq.works()
    assert verdict(world) is Verdict.OLD
    assert world.hq.history().count(ReportArrived) == 2


def test_an_older_withdrawal_with_another_code_is_duress_all_the_same(world):
    message = world.device.message(WITHDRAWAL, sequence=1, taps=wrong(world.code))
    world.hq.takes(world.device.message())
    world.hq.takes(message)
    world.hq.works()
    assert verdict(world) is Verdict.DURESS


def test_an_older_withdrawal_of_an_unknown_alarm_opens_that_alarm_and_no_other(world):
    message = world.device.message(WITHDRAWAL, alarm=76, sequence=1, taps=world.code)
    world.hq.takes(world.device.message(alarm=77))
    world.hq.takes(message)
    world.hq.works()
    assert alarms(world) == 2
    assert verdict(world, 1) is None
    assert verdict(world, 2) is Verdict.OLD
    assert len([1 for _, _, text in world.phones.sent if text.startswith("ALARM")]) == 6


def test_a_withdrawal_belongs_to_its_alarm_alone_even_when_ids_are_equal(world):
    for kind in (AlarmKind.PANIC, AlarmKind.STRAP, AlarmKind.DRILL):
        world.hq.takes(world.device.message(kind=kind))
    withdraw(world, world.code, kind=AlarmKind.DRILL)
    world.hq.works()
    assert [verdict(world, n) for n in (1, 2, 3)] == [None, None, Verdict.SAFE]


def test_by_several_paths_a_withdrawal_counts_once(world):
    world.hq.takes(world.device.message())
    message, answer = withdraw(world, world.code)
    world.hq.texts.take("", message.text)
    world.hq.desk.sealed_link(message.text, 1)
    assert world.hq.takes(message) == answer
    world.hq.works()
    assert world.hq.history().count(ReportArrived) == 2
    assert world.hq.history().count(WithdrawalJudged) == 1
    assert verdict(world) is Verdict.SAFE


def test_a_withdrawal_replayed_after_a_new_alarm_changes_nothing_of_it(world):
    world.hq.takes(world.device.message())
    message, answer = withdraw(world, world.code)
    world.hq.works()
    world.hq.takes(world.device.message(alarm=78))
    for path in CameBy:
        assert world.hq.takes(message, path) == answer
    world.hq.works()
    assert verdict(world, 1) is Verdict.SAFE
    assert verdict(world, 2) is None
    assert ReportRepeated not in world.hq.history(2)


def test_a_strap_taken_off_on_purpose_is_an_alarm_with_a_code_that_stops_nothing(world):
    world.hq.takes(world.device.message(kind=AlarmKind.STRAP))
    withdraw(world, world.code, kind=AlarmKind.STRAP)
    world.hq.works()
    assert verdict(world) is Verdict.SAFE
    texts = [text for _, _, text in world.phones.sent]
    assert len(texts) == 3
    assert all("the alarm strap was cut" in text for text in texts)
    for contact in (1, 2):
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")
    world.hq.works()
    assert len(world.hq.own_page.newest()) == 1


def test_the_wearers_own_code_is_nowhere_in_the_device(world):
    file = world.device.enrolment
    assert not hasattr(file, "code")
    assert to_text(bytes(world.code)) not in repr(vars(file))
