"""A case file tells all, proves it, and gives nobody's number away."""

import json
import re
from errno import EACCES
from pathlib import Path

import pytest
from builders import hq_config
from sqlalchemy import select, update

from outcry.report import Cell, Flag, MessageType, NoFixReason, NoPosition, Position
from outcry.responder.archive import case_file, proof, time_stamps
from outcry.responder.cli.main import main
from outcry.responder.console.desk import Act
from outcry.responder.plans import repository
from outcry.responder.storage import audit_chain, event_log, store, versions
from outcry.responder.storage.alarms import NoSuchAlarm

pytestmark = pytest.mark.slow

HIDDEN = "<script>alert(1)</script>"


@pytest.fixture
def lived(world):
    """An alarm with a track, confirmed and made public."""
    world.hq.takes(world.device.message())
    world.hq.works()
    for n in range(1, 4):
        world.clock.passes(60)
        place = Position(52.52 + n / 100, 13.405, 20, 5)
        cell = Cell(262, 1, 4711, 815)
        report = world.device.message(
            MessageType.POSITION, sequence=n, place=place, cell=cell, battery_percent=80
        )
        world.hq.takes(report)
    for contact in (1, 2):
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")
    world.hq.works()
    return world


def case_of(world, alarm=1):
    return case_file.write(world.hq.store, alarm, "Example Org", world.clock())


def entries(world):
    """With the exhibits, that no rule reads."""
    with world.hq.store.read() as connection:
        return event_log.length(connection, 1)


def test_an_age_that_nobody_knows_is_told_as_unknown(world):
    world.hq.takes(world.device.message(place=Position(52.52, 13.405, 20, 65_535)))
    assert "within 20 m, measured at an unknown time" in case_of(world)


def test_a_clock_that_was_not_set_dates_nothing(world):
    world.hq.takes(world.device.message(sent_at=1_000_000, flags=Flag.CLOCK_UNSET))
    page, _ = proof.take_apart(case_of(world))
    assert not re.search(r"\b1970\b", page), "as a word: digests have such digits by chance"
    assert "<td>not known</td>" in page


def test_it_tells_every_report_decision_text_and_post_in_sentences(lived):
    page, _ = proof.take_apart(case_of(lived))
    assert "<h1>Ana: alarm 1</h1>" in page
    assert "Contact 2: Cleo" in page
    assert "Contacts who have to confirm before it is published: 2" in page
    assert page.count("Position: 52.5") == 4
    assert "Position: 52.55000, 13.40500, within 20 m, measured 5 s before" in page
    assert "Nearest town: Berlin" in page
    assert "country 262 network 1 area 4711 cell 815" in page
    assert "Ben confirms: it is real, make it public" in page
    assert "Text to Ben, word for word: “ALARM" in page
    assert "Post on own page, word for word: “" in page
    assert "Post on own page: done: http://127.0.0.1:8443/post/1" in page


def test_each_event_has_one_line_with_the_time_here_and_the_devices(lived):
    page, _ = proof.take_apart(case_of(lived))
    row = re.search(r"<tr><td>1</td><td>(.*?)</td><td>(.*?)</td>", page)
    assert row.groups() == ("2026-11-22 12:00:00", "2026-11-22 12:00:00")
    numbers = [int(n) for n in re.findall(r"<tr><td>(\d+)</td>", page)]
    assert numbers == sorted(set(numbers))


def test_all_that_it_shows_is_proved_by_what_is_in_it(lived):
    assert proof.check(case_of(lived)).entries == entries(lived)


def test_a_plan_that_was_changed_while_it_went_on_is_shown_as_both(lived):
    device = lived.device.enrolment.device
    with lived.hq.store.write() as connection:
        repository.change(connection, device, {"confirming": {"quorum": 3}}, lived.clock(), "olga")
    lived.hq.works()
    page, _ = proof.take_apart(case_of(lived))
    for quorum in (2, 3):
        assert f"Contacts who have to confirm before it is published: {quorum}" in page
    assert "(olga):" in page


def test_nobodys_number_pin_link_or_key_is_in_it(lived):
    file = case_of(lived)
    assert "+44" not in file
    assert "7700900" not in file
    # By words: the hex of a hash may have a PIN's digits by chance.
    assert set(lived.pins).isdisjoint(re.findall(r"\w+", file))
    assert lived.device.enrolment.psk.hex() not in file
    for contact in (1, 2, 3):
        assert lived.invitation(contact) not in file
    assert "/c/…" in file


def test_nothing_of_another_alarm_is_in_it_but_hashes(lived):
    with lived.hq.store.write() as connection:
        audit_chain.seal(connection, 0.0)
    place = Position(10.12345, 20.54321, 20, 5)
    lived.hq.takes(lived.device.message(alarm=78, place=place))
    lived.hq.works()
    with lived.hq.store.write() as connection:
        audit_chain.seal(connection, 0.0)
        time_stamps.keep(connection, audit_chain.head(connection).n, b"reply", 0.0)
    file = case_of(lived)
    assert proof.check(file).stamps
    _, proved = proof.take_apart(file)
    others = [line for line in proved["sealed"]["lines"] if "leaf" in line]
    assert others
    assert all(set(line) == {"n", "leaf"} for line in others)
    assert "10.12345" not in file
    with lived.hq.store.read() as connection:
        ends = audit_chain.ends_of(connection, [2])
    assert ends[2].link.hex() not in file


def test_the_page_stands_alone_and_runs_nothing(lived):
    with lived.hq.store.write() as connection:
        connection.execute(update(store.wearer).values(name=HIDDEN))
        versions.note(connection, versions.WEARER, lived.device.enrolment.device, 0.0)
    lived.hq.parts.console.act(1, Act.ACKNOWLEDGE, "olga")
    lived.hq.works()
    file = case_of(lived)
    page, _ = proof.take_apart(file)
    assert HIDDEN not in file
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert file.count("<script") == 1  # of a kind that no browser runs
    assert not re.search(r'(?:src|href)="', page)
    assert "<svg" in page


def test_a_case_without_any_position_has_no_picture(world):
    world.hq.takes(world.device.message(place=NoPosition(NoFixReason.NO_SATELLITES)))
    page, _ = proof.take_apart(case_of(world))
    assert "<svg" not in page
    assert "no GPS signal" in page


def test_what_was_changed_in_the_database_stands_on_the_page(lived):
    with lived.hq.store.write() as connection:
        connection.execute(update(store.message).values(received_at=1.0))
    page, _ = proof.take_apart(case_of(lived))
    assert "not everything was as it had been written down" in page
    assert "message 1: arrival time is not as it was written" in page


def test_that_a_file_was_written_stands_in_the_record(lived):
    file = case_of(lived)
    proved = proof.check(file)
    with lived.hq.store.read() as connection:
        line = connection.execute(select(store.record).filter_by(n=proved.n)).one()
    assert (line.what, line.link) == ("CASE", proved.link)


def test_an_alarm_that_is_not_there_is_named(world):
    with pytest.raises(NoSuchAlarm, match="no alarm 5"):
        case_of(world, 5)


def test_the_commands_write_check_and_forget(lived, tmp_path, capsys):
    config = hq_config(tmp_path, lived.hq.directory)
    lived.hq.store.close()

    def command(*words):
        code = main([*words, "--config", str(config)])
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = command("case", "1", "--out", str(tmp_path))
    assert code == 0, said
    written = tmp_path / "case-1.html"
    assert written.stat().st_mode & 0o777 == 0o600
    assert written.read_text().startswith("<!DOCTYPE html>")
    code, said = command("verify", str(written))
    assert code == 3, "HQ's own, and nothing shows it: see test_proved_or_not.py"
    assert "entries, which hold together.\nIt names line " in said
    assert "entries, all unchanged." in command("verify")[1]
    written.write_text(written.read_text().replace("CONFIRMED", "FALSE"))
    assert command("verify", str(written))[0] == 1
    assert command("forget", "1")[0] == 1
    code, said = command("forget", "1", "--yes-for-good")
    assert code == 1
    assert "Alarm 1 is open" in said
    assert "add --open" in said
    assert command("case", "1", "--out", str(tmp_path))[0] == 0
    gone = command("forget", "1", "--yes-for-good", "--open")
    assert gone == (0, "Alarm 1 is deleted.\n")
    assert command("forget", "1", "--yes-for-good")[0] == 1
    assert command("case", "1")[0] == 1
    assert command("verify")[0] == 0
    lived.hq.start()


def test_an_alarm_that_was_closed_is_forgotten_without_asking_for_more(lived, tmp_path, capsys):
    lived.hq.parts.console.act(1, Act.CLOSE, "olga", "she is home")
    config = hq_config(tmp_path, lived.hq.directory)
    lived.hq.store.close()
    assert main(["forget", "1", "--yes-for-good", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "Alarm 1 is deleted.\n"
    lived.hq.start()


def test_a_case_file_makes_the_folder_that_it_is_to_be_in(lived, tmp_path):
    config = hq_config(tmp_path, lived.hq.directory)
    lived.hq.store.close()
    folder = tmp_path / "for the lawyers" / "today"
    assert main(["case", "1", "--out", str(folder), "--config", str(config)]) == 0
    assert [path.name for path in folder.iterdir()] == ["case-1.html"]
    lived.hq.start()


@pytest.mark.parametrize("below", ["", "folder"])
def test_a_case_file_that_cannot_be_written_is_told_and_not_a_traceback(
    lived, tmp_path, capsys, below
):
    config = hq_config(tmp_path, lived.hq.directory)
    lived.hq.store.close()
    out = tmp_path / "a file"
    out.write_text("of somebody else")
    assert main(["case", "1", "--out", str(out / below), "--config", str(config)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{out / below}: cannot be written to: ")
    assert said.err.endswith("; give another --out\n")
    assert out.read_text() == "of somebody else"
    lived.hq.start()


def test_a_case_file_in_a_folder_of_somebody_else_is_told_with_another_way(
    lived, tmp_path, capsys, monkeypatch
):
    config = hq_config(tmp_path, lived.hq.directory)
    lived.hq.store.close()

    touch = Path.touch

    def refused(path, *args, **more):
        if path.name.startswith("case-"):
            raise PermissionError(EACCES, "Permission denied", str(path))
        touch(path, *args, **more)

    monkeypatch.setattr(Path, "touch", refused)
    assert main(["case", "1", "--out", str(tmp_path), "--config", str(config)]) == 1
    assert "Permission denied; give another --out" in capsys.readouterr().err
    lived.hq.start()


def test_a_contacts_answer_says_what_their_page_had_shown(world):
    """By the device's own link it is the report in it; by HQ's the one that opened the alarm."""
    from outcry.responder.contacts.desk import Answer

    first = world.device.message()
    later = world.device.message(MessageType.POSITION, sequence=1)
    world.hq.takes(first)
    world.hq.works()
    world.hq.takes(later)
    desk = world.hq.desk
    shown = desk.sealed_link(later.text, 2)
    desk.answer(shown, Answer.CONFIRM, world.pins[1], "198.51.100.7", mark=shown.mark)
    world.answers(world.invitation(1), world.pins[0], "seen")
    table = store.history.c
    with world.hq.store.read() as connection:
        entries = connection.execute(select(table.n, table.what, table.data)).all()
    numbers = [row.n for row in entries if row.what == "REPORT"]
    said = [
        json.loads(row.data).get("page") for row in entries if row.what in ("CONFIRMED", "SEEN")
    ]
    assert said == numbers[::-1]
    page, _ = proof.take_apart(case_of(world))
    for n in numbers:
        assert f"Their page showed the report at number {n}" in page


def test_an_answer_to_an_alarm_that_had_begun_again_says_that_its_page_said_so(world):
    world.hq.takes(world.device.message())
    world.hq.works()
    world.hq.parts.console.act(1, Act.CLOSE, "olga", "home")
    world.clock.passes(60)
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    world.hq.works()
    world.answers(world.invitation(1), world.pins[0], "confirm")
    page, _ = proof.take_apart(case_of(world))
    assert "Their page showed that it had begun again at 2026-" in page
