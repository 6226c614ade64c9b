"""A case file tells all, proves it, and gives nobody's number away."""

import copy
import json
import re
from errno import EACCES
from pathlib import Path

import pytest
from builders import hq_config

from outcry.report import Cell, Flag, MessageType, NoFixReason, NoPosition, Position
from outcry.responder.archive import case_file
from outcry.responder.archive.case_file import CaseFileInvalid
from outcry.responder.cli.main import main
from outcry.responder.console.desk import Act
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
    return case_file.case(world.hq.store, alarm, "Example Org", world.clock())


def test_an_age_that_nobody_knows_is_told_as_unknown(world):
    world.hq.takes(world.device.message(place=Position(52.52, 13.405, 20, 65_535)))
    case = case_of(world)
    assert case["reports"][0]["fix"]["age_known"] is False
    assert "within 20 m, measured at an unknown time" in case_file.page(case)


def test_a_clock_that_was_not_set_dates_nothing(world):
    world.hq.takes(world.device.message(sent_at=1_000_000, flags=Flag.CLOCK_UNSET))
    case = case_of(world)
    assert case["reports"][0]["clock_unset"]
    assert "1970" not in re.findall(r"\w+", case_file.page(case))
    assert "<td>not known</td>" in case_file.page(case)


def test_it_tells_every_report_decision_and_post(lived):
    case = case_of(lived)
    assert case["wearer"] == "Ana"
    assert [report["type"] for report in case["reports"]] == ["first"] + ["position"] * 3
    assert case["reports"][3]["fix"]["latitude"] == 52.55
    assert case["reports"][3]["cells"] == ["country 262 network 1 area 4711 cell 815"]
    assert [line["what"] for line in case["history"]].count("CONFIRMED") == 2
    assert [post["where"] for post in case["posts"]] == ["own page"]
    assert case["record"]["problems"] == []


def test_it_survives_being_written_and_read(lived):
    case = case_of(lived)
    again = json.loads(json.dumps(case))
    assert case_file.check(again) == len(lived.hq.entries())


def test_nobodys_number_pin_or_key_is_in_it(lived):
    text = json.dumps(case_of(lived)) + case_file.page(case_of(lived))
    assert "+44" not in text
    # By words: the hex of a hash may have a PIN's digits by chance.
    assert set(lived.pins).isdisjoint(re.findall(r"\w+", text))
    assert lived.device.enrolment.psk.hex() not in text


@pytest.mark.parametrize("key", ["at_unix", "what", "data", "salt", "link", "n"])
def test_a_change_to_any_line_is_found(lived, key):
    case = case_of(lived)
    for n, line in enumerate(case["history"]):
        changed = copy.deepcopy(case)
        value = line[key]
        is_number = isinstance(value, (int, float))
        changed["history"][n][key] = value + 1 if is_number else value[::-1] + "00"
        with pytest.raises(CaseFileInvalid):
            case_file.check(changed)


def test_a_line_taken_out_is_found_and_the_file_of_another_alarm_is_no_use(lived):
    case = case_of(lived)
    shorter = {**case, "history": case["history"][:2] + case["history"][3:]}
    with pytest.raises(CaseFileInvalid, match="entry 3"):
        case_file.check(shorter)
    with pytest.raises(CaseFileInvalid, match="entry 1"):
        case_file.check({**case, "alarm": 2})


@pytest.mark.parametrize(
    "rubbish", [{}, [], 7, {"outcry_case_file": 1}, {"outcry_case_file": 2, "history": []}]
)
def test_what_is_no_case_file_is_refused_in_words(rubbish):
    with pytest.raises(CaseFileInvalid):
        case_file.check(rubbish)


def test_the_page_stands_alone_and_runs_nothing(lived):
    page = case_file.page({**case_of(lived), "wearer": HIDDEN})
    assert HIDDEN not in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="', page)
    assert "<svg" in page
    assert "Ben confirms: it is real, make it public" in page


def test_a_case_without_any_position_has_no_picture(world):
    world.hq.takes(world.device.message(place=NoPosition(NoFixReason.NO_SATELLITES)))
    page = case_file.page(case_of(world))
    assert "<svg" not in page
    assert "no GPS signal" in page


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
    written = tmp_path / "case-1.json"
    assert written.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "case-1.html").read_text().startswith("<!DOCTYPE html>")
    assert command("verify", str(written)) == (
        0,
        f"OK: {len(lived.hq.entries())} entries, all unchanged.\n",
    )
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
    assert sorted(path.name for path in folder.iterdir()) == ["case-1.html", "case-1.json"]
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
