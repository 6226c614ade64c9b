"""``outcry-responder status``: how everybody is, for the people at HQ."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest
from builders import hq_config
from quiet import Quiet

from outcry.report import (
    AlarmKind,
    Cell,
    Flag,
    MessageType,
    Neighbour,
    NoFixReason,
    NoPosition,
    Position,
)
from outcry.responder import formatting, sentences
from outcry.responder.cli.main import main
from outcry.responder.cli.status import facts, screen
from outcry.responder.console.desk import Act
from outcry.responder.contacts.desk import WrongPin
from outcry.responder.intake.inbox import Outdated
from outcry.responder.rules.events import Came, CameBy, Outcome, Verdict
from outcry.responder.storage import store

pytestmark = pytest.mark.slow

SECRET = re.compile(r"52\.5|13\.4|\+44|mlat|4111|5111")
BEAT = MessageType.HEARTBEAT


def look(world, where=False):
    return facts(world.hq.store, world.clock(), where)["wearers"][0]


def words(world, where=False):
    return screen(facts(world.hq.store, world.clock(), where))


def test_a_wearer_never_heard_is_shown_as_such(world):
    assert words(world).splitlines() == [
        f"Ana, device {world.device.enrolment.device:08x}",
        "  last heard  never",
        "  heartbeat   none yet",
        "  battery     not known",
        "  signal      not known",
        "  last drill  none at HQ",
    ]


def test_the_last_heartbeat_tells_how_the_device_is(world):
    world.hq.takes(world.device.message(BEAT, flags=Flag.JAMMING))
    flags = Flag.BUTTON_STUCK | Flag.STRAP_OPEN
    more = {"battery_percent": 57, "supply_mv": 3812, "signal": 17, "drill_hours": 50}
    world.hq.takes(world.device.message(BEAT, sequence=1, flags=flags, **more))
    world.clock.passes(600)
    lines = words(world).splitlines()
    assert "  heartbeat   10 min ago" in lines
    assert "  battery     57 %, 3.81 V at the modem" in lines
    assert "  signal      17 of 31" in lines
    assert "  last drill  none at HQ; by the device's count 3 days ago" in lines
    assert [line for line in lines if "!" in line] == [
        "  ! the button has been pressed for a very long time",
        "  ! the strap is open",
    ]


def test_a_heartbeat_survives_a_restart_and_an_older_one_changes_nothing(world):
    old = world.device.message(BEAT, battery_percent=90)
    world.hq.takes(world.device.message(BEAT, battery_percent=20))
    with pytest.raises(Outdated):
        world.hq.takes(old)
    world.hq.restarts()
    assert look(world)["battery_percent"] == 20


def test_the_newest_message_counts_whether_heartbeat_or_report_but_no_withdrawal(world):
    late = world.device.message(battery_percent=80, flags=Flag.STRAP_LOOSE)
    world.hq.takes(world.device.message(BEAT, battery_percent=70, supply_mv=3900))
    world.hq.takes(late)
    assert look(world)["battery_percent"] == 70
    world.hq.takes(world.device.message(MessageType.POSITION, sequence=1, battery_percent=60))
    assert look(world)["battery_percent"] == 60
    world.hq.takes(world.device.message(MessageType.WITHDRAWAL, sequence=2, taps=(1, 2)))
    assert look(world)["battery_percent"] == 60


def test_every_mark_a_device_can_set_has_words(world):
    said = formatting.marks(world.device.message(BEAT, flags=~Flag(0)).report)
    assert len(set(said)) == len(said) == len(set(Flag) - {Flag.CLOCK_VOUCHED})
    assert all(said)


def test_every_verdict_and_kind_has_words():
    assert set(sentences.VERDICTS) == set(Verdict)
    assert set(sentences.KINDS) == set(AlarmKind) - {AlarmKind.NONE}


def test_an_alarm_is_shown_with_how_far_it_is(world):
    world.hq.takes(world.device.message(kind=AlarmKind.STRAP))
    world.hq.works()
    for ref, number, _ in world.phones.sent:
        if number.endswith("112"):
            world.hq.workflow.hear(ref, Came(Outcome.UNDELIVERED))
    world.answers(world.invitation(1), world.pins[0], "confirm")
    world.answers(world.invitation(2), world.pins[1], "false")
    with pytest.raises(WrongPin):
        world.answers(world.invitation(2), "000000", "confirm")
    world.clock.passes(120)
    later = world.device.message(MessageType.POSITION, kind=AlarmKind.STRAP, sequence=1)
    world.hq.takes(later, CameBy.SMS)
    (alarm,) = look(world)["alarms"]
    assert alarm == {
        "alarm": 1, "kind": "strap", "over": False, "arrived_s": 120, "reports": 2, "last_report_s": 0,
        "last_path": "sms", "contacts": 3, "told": 2, "seen": 2, "confirmed": 1, "quorum": 2,
        "doubts": 1, "wrong_pins": 1, "withdrawal": None, "post": None,
    }  # fmt: skip
    assert words(world).splitlines()[-4:] == [
        "  STRAP ALARM, the strap was opened or cut (1), 2 min ago",
        "    reports: 2, last 0 s ago by sms",
        "    contacts: told 2 of 3, seen by 2, confirmed by 1 of 2, doubted by 1",
        "    ! wrong PINs tried: 1",
    ]


def test_pressed_again_after_it_was_closed_only_what_is_said_since_counts(world):
    world.hq.takes(world.device.message())
    world.answers(world.invitation(1), world.pins[0], "confirm")
    world.answers(world.invitation(2), world.pins[1], "false")
    with pytest.raises(WrongPin):
        world.answers(world.invitation(2), "000000", "confirm")
    world.hq.parts.console.act(1, Act.CLOSE, "olga", "she is home")
    assert look(world)["alarms"][0]["over"]
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    world.answers(world.invitation(3), world.pins[2], "seen")
    (alarm,) = look(world)["alarms"]
    counted = ("over", "seen", "confirmed", "doubts", "wrong_pins")
    assert [alarm[name] for name in counted] == [False, 1, 0, 0, 0]


def test_what_became_public_is_shown(world):
    world.hq.takes(world.device.message())
    for contact in (1, 2):
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")
    world.hq.works()
    assert "    public: http://127.0.0.1:8443/post/1" in words(world).splitlines()


@pytest.mark.parametrize("safe", [True, False])
def test_the_duty_officer_alone_sees_what_a_code_meant(world, safe):
    taps = world.code if safe else (*world.code, 1)
    world.hq.takes(world.device.message())
    world.hq.takes(world.device.message(MessageType.WITHDRAWAL, sequence=1, taps=taps))
    assert "withdrawal received: its code is being judged" in words(world)
    world.hq.works()
    (line,) = [line for line in words(world).splitlines() if "withdrawal" in line]
    assert ("safe" in line, "DURESS" in line) == (safe, not safe)


def test_real_alarms_come_first_and_a_drill_is_called_one(world):
    with world.hq.store.write() as connection:
        connection.execute(
            store.wearer.insert().values(
                device=7, name="Aaron", psk=b"a" * 32, quorum=1, enrolled_at=0.0
            )
        )
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL))
    assert words(world).startswith("Aaron")
    assert re.search(r"^  drill \(1\), 0 s ago$", words(world), re.MULTILINE)
    assert "  last drill  0 s ago" in words(world)
    world.hq.takes(world.device.message())
    assert words(world).startswith("Ana")
    assert "PANIC ALARM (2)" in words(world)
    assert "! no safe code is set: draw one with `outcry-responder code`" in words(world)


def test_an_alarm_nothing_is_heard_of_is_counted_and_no_longer_listed(world):
    world.hq.takes(world.device.message())
    world.clock.passes(8 * 86_400)
    assert look(world)["alarms"] == []
    assert words(world).splitlines()[-1] == "  older alarms, not heard of for 7 days: 1"
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    assert len(look(world)["alarms"]) == 1


CELLS = {
    "place": NoPosition(NoFixReason.NO_SATELLITES, (Neighbour(4111, 5222),)),
    "cell": Cell(262, 2, 4111, 5111),
}


def test_where_is_said_only_when_asked_for_and_cells_stand_in_for_a_fix(world):
    world.hq.takes(world.device.message())
    world.clock.passes(300)
    assert not SECRET.search(words(world))
    assert "seen 6 min ago, within 12 m: https://www.openstreetmap.org/?mlat=52.5" in words(
        world, where=True
    )
    world.hq.takes(world.device.message(MessageType.POSITION, sequence=2, **CELLS))
    assert not SECRET.search(words(world))
    assert not SECRET.search(json.dumps(look(world)))
    assert words(world, where=True).splitlines()[-3:] == [
        "    no position: no GPS signal, for example inside a building",
        "    cell: country 262 network 2 area 4111 cell 5111",
        "    cell: area 4111 cell 5222",
    ]
    assert "seen 6 min ago" in words(world, where=True), "where it was last known stays"
    last = Position(48.1, 11.5, None, 60)
    world.hq.takes(world.device.message(MessageType.POSITION, sequence=3, place=last))
    lines = words(world, where=True).splitlines()
    assert "seen 60 s ago, accuracy not known" in lines[-1]
    assert not any("cell:" in line for line in lines)
    last = Position(48.1, 11.5, 12, 65_535)
    world.hq.takes(world.device.message(MessageType.POSITION, sequence=4, place=last))
    assert "seen at an unknown time, within 12 m" in words(world, where=True).splitlines()[-1]


def test_the_command_shows_it_beside_the_running_service(world, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("outcry.responder.cli.main.time", SimpleNamespace(time=world.clock))
    world.hq.takes(world.device.message())
    config = hq_config(tmp_path, world.hq.directory)
    assert main(["status", "--config", str(config)]) == 0
    assert "PANIC ALARM (1)" in capsys.readouterr().out
    assert main(["status", "--json", "--where", "--config", str(config)]) == 0
    (wearer,) = json.loads(capsys.readouterr().out)["wearers"]
    assert wearer["alarms"][0]["where"]["accuracy_m"] == 12


def test_where_nobody_was_enrolled_nothing_is_made(tmp_path, capsys):
    config = hq_config(tmp_path)
    assert main(["status", "--config", str(config)]) == 1
    assert "nobody has been enrolled" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_no_key_token_hash_or_number_is_in_the_facts(world):
    world.hq.takes(world.device.message(), CameBy.SMS)
    world.hq.works()
    said = json.dumps(facts(world.hq.store, world.clock(), where=True)) + words(world, where=True)
    assert not re.search(r"\+44|psk|hash|salt|token", said)
    assert world.invitation(1) not in said


def test_a_silence_is_shown_while_it_lasts_and_not_after(world, capsys):
    world.hq.takes(world.device.message(MessageType.HEARTBEAT))
    quiet = Quiet(world)
    quiet.passes(1600, 1600)
    quiet.passes(600, 600)
    shown = screen(facts(world.hq.store, world.clock.now, where=True))
    assert "  SILENCE, no signal from the device (1), for 10 min now" in shown.splitlines()
    world.hq.takes(world.device.message(MessageType.HEARTBEAT))
    quiet.watch.look()
    assert "SILENCE" not in screen(facts(world.hq.store, world.clock.now))
