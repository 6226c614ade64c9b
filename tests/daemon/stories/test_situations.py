"""Each situation of the runbook, made: the first line of `outcry check` names its cause, and
`outcry status`, systemd's status line and the next heartbeat say the same within two minutes."""

import re
from pathlib import Path

import pytest

from outcry.daemon.service import judge
from outcry.daemon.service.findings import Result
from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.options import Options
from outcry.report import NO_FLAGS, Flag
from simulation import situations
from simulation.situations import SITUATIONS, Situation
from simulation.wearable import SimulatedWorld

RUNBOOK = (Path(__file__).resolve().parents[3] / "docs" / "runbook.md").read_text("utf-8")


@pytest.fixture(params=SITUATIONS, ids=lambda situation: situation.name)
def situation(request):
    return request.param


@pytest.mark.slow
def test_the_first_line_of_the_check_names_the_cause_and_all_places_agree(situation, tmp_path):
    seen = situations.live(situation, tmp_path)
    assert seen.names(situation), seen.check
    assert seen.check[-1].startswith("Needs attention: ")
    if situation.refused is not None or not situation.in_status:
        return
    known = [each for each in seen.status if each.name == situation.finding]
    if not known:  # the daemon words what the check sees at the card or in the files
        known = seen.status
    assert known, "outcry status exits 1 and lists it"
    assert all(each.remedy for each in known)
    if known[0].result is Result.FAILED:
        assert not seen.line.startswith("armed;"), "no armed without but"
        assert known[0].remedy in seen.line, "in an alarm and in a drill, too"
    by_status, by_check = {each.name for each in seen.status}, seen.check[-1].partition(": ")[2]
    if situation.finding in by_status:
        assert by_status <= set(by_check.rstrip(".").split(", ")), "the check knows no less"
    if situation.flag is not None:
        assert situation.flag in seen.marks


def test_a_device_that_is_well_is_armed_everywhere(tmp_path):
    well = Situation("well", 1, "", ())
    seen = situations.live(well, tmp_path)
    assert seen.status == []
    assert seen.line.startswith("armed; fix; modem registered; data up")
    assert seen.marks & judge.TROUBLES == NO_FLAGS
    assert {line.split()[0] for line in seen.check[:-2]} <= {"ok", "left", "look", "->"}
    assert not any(line.startswith("failed") or "armed" in line for line in seen.check)


@pytest.mark.parametrize(
    ("answer", "after_s", "words"),
    [(None, 60, "it is not tried again"), ("+CPIN: SIM PIN\r\n\r\nOK", 25, "the PIN is right")],
)
def test_a_pin_that_the_sim_has_not_taken_is_not_simply_asked_for(tmp_path, answer, after_s, words):
    """Written once more and right all the same, it would not be said: its refusal is remembered."""
    locked = Options(pin="2468")
    device = SimulatedWorld(tmp_path, options=locked, settings={"pin": "9999"}, warm=False)
    device.sim.power_on(device.now)
    if answer:
        device.sim.faults.on("+CPIN", Fault(Kind.ERROR, text=answer), times=None)
    found = []
    device.at(100 + after_s, lambda: found.extend(judge.attention(device.asks("status"))))
    device.run(101 + after_s)
    assert words in found[0].words
    assert "said-pins" in found[0].remedy


def test_a_file_that_holds_more_than_the_pin_is_named_as_the_cause(tmp_path, monkeypatch):
    """An editor of Windows puts three bytes before it; it is not said that there is none."""
    (tmp_path / "modem.pin").write_bytes(b"\xef\xbb\xbf2468\r\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    locked = Situation("pin", 2, "sim", ("is no PIN", "alone"), options=Options(pin="2468"))
    (tmp_path / "device").mkdir()
    seen = situations.live(locked, tmp_path / "device")
    assert seen.names(locked), seen.check
    assert "is no PIN: 4 to 8 digits and nothing else" in seen.line


@pytest.mark.parametrize("rate", [9600, 57_600])
def test_a_modem_at_another_rate_is_set_right_before_anybody_looks(tmp_path, rate):
    def begins(device):
        device.sim.wire.modem_baud = rate

    seen = situations.live(Situation("rate", 2, "", (), begins, situations.START), tmp_path)
    assert seen.status == []
    assert seen.line.startswith("armed; fix; modem registered; data up")


def test_what_was_wrong_and_is_well_again_is_said_no_more(tmp_path):
    """The data path comes back: nothing goes on calling it down."""

    def fails_and_recovers(device):
        device.sim.set_gprs("dead", device.now)
        device.at(device.now + 60, lambda: device.sim.set_gprs("on", device.now))

    seen = situations.live(Situation("back", 5, "", (), fails_and_recovers), tmp_path)
    assert [each.name for each in seen.status] == []
    assert seen.line.startswith("armed;")


def test_where_only_data_goes_that_is_what_is_said(tmp_path):
    (alone,) = (each for each in SITUATIONS if each.name == "SIM for data alone")
    seen = situations.live(alone, tmp_path)
    assert seen.line.startswith("armed, but registration: ")
    assert seen.line.endswith("data up")
    assert any(line.startswith("ok        receipt ") for line in seen.check)


def test_there_is_a_situation_for_each_question_that_the_check_can_answer():
    assert {each.question for each in SITUATIONS} == {1, 2, 4, 5, 6, 8, 9}


def test_each_reason_for_no_receipt_in_the_runbook_is_made():
    section = RUNBOOK.partition("## 5.")[2].partition("## 6.")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    made = " ".join(" ".join(each.words) for each in SITUATIONS if each.question == 5)
    for row in rows[2:]:  # without the titles, and what does not begin with HQ
        phrases = re.findall(r"`([^`]+)`", row)
        assert any(phrase in made for phrase in phrases), phrases


def lives(folder, *deeds, until):
    """A life of the service in this folder: systemd's line and the mark at its end."""
    device = situations.Device(folder, Situation("a life", 4, "", ()))
    device.breaks_on_purpose = True
    for at, deed in deeds:
        device.at(at, lambda deed=deed: deed(device))
    device.run(until)
    device.outbox.close()
    line = situations.status.line(device.parts, device.loop.alarm, device.clock())
    return line.partition(";")[0], Flag.TEXTS_FAULT in device.parts.marks.now()


@pytest.mark.parametrize(("code", "lasts"), [(529, True), (38, False)])
def test_a_refusal_that_lasts_is_known_after_restarts_until_a_text_leaves(tmp_path, code, lasts):
    drill_by_texts, data_is_back = situations._refuses_texts(code), situations._gprs("on")
    lives(tmp_path, (200, drill_by_texts), (300, data_is_back), until=2400)
    for until in (105, 160):
        line, is_told = lives(tmp_path, until=until)
        assert is_told is line.startswith("armed, but SMS: the last text was refused") is lasts
    drill_by_texts = situations._refuses_texts(None)
    assert not lives(tmp_path, (200, drill_by_texts), (400, data_is_back), until=2400)[1]
    assert lives(tmp_path, until=160) == ("armed", False), "one has left since"
