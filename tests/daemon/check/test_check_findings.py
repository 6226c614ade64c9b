"""`outcry check`, part by part: what each fault is called, and what to do about it."""

import errno
import json
import math
import os
from dataclasses import replace
from pathlib import Path

import pytest
from builders import settings_text

from outcry.daemon.check import connectivity, hardware, host, systemd_unit
from outcry.daemon.check.sheet import Patience, Sheet
from outcry.daemon.messages.identity import Identity
from outcry.daemon.outbox.private_files import write_whole
from outcry.daemon.service import judge
from outcry.daemon.service.control_socket import Asked
from outcry.daemon.service.findings import OPEN, Finding, Result, failed, look, ok
from outcry.daemon.service.judge import REMEDIES, modem_marks
from outcry.daemon.service.status import modem_facts
from outcry.daemon.settings import read
from outcry.enrolment import Contact, write
from outcry.hw.gps import AGE_UNKNOWN, CLOCK_SET_AFTER, CREDIBLE_UNTIL, Fix, NoFixReason
from outcry.hw.modem import Condition, ModemStatus
from outcry.report import Flag
from simulation.world import CONTACTS, ENROLMENT, TEXTS, World

WELL = ModemStatus(
    state=Condition.REGISTERED, signal=17, battery_mv=3986, battery_percent=83, connected_since=0.0
)
WHO = Identity("Zarema", CONTACTS, ENROLMENT)


class Clock:
    def __init__(self):
        self.now = 0.0
        self.said = []

    def patience(self):
        def sleep(seconds):
            self.now += seconds

        return Patience(lambda: self.now, sleep, self.said.append)


class SaidLine:
    """A modem that is as it is said to be, and an HQ that answers so."""

    def __init__(self, clock, *lives, answers=((True, ""),), refuses="", low_mv=3500):
        self.clock = clock
        self.low_mv = low_mv
        self.lives = list(lives)  # (from when, status)
        self.answers = list(answers)
        self.refuses = refuses
        self.beats = 0

    def facts(self):
        status = [status for since, status in self.lives if since <= self.clock.now][-1]
        marks = int(modem_marks(status, self.low_mv))
        return modem_facts(status, self.clock.now) | {"marks": marks, "hq_trouble": ""}

    def beat(self):
        self.beats += 1
        return self.refuses

    def answer(self):
        return self.answers[min(self.beats, len(self.answers)) - 1]


def reached(*lives, enrolled=True, **how):
    clock = Clock()
    line = SaidLine(
        clock, *(life if isinstance(life, tuple) else (0.0, life) for life in lives), **how
    )
    found = {each.name: each for each in connectivity.findings(line, enrolled, clock.patience())}
    assert tuple(found) == connectivity.NAMES
    return found, clock


def wrong(found):
    return {name for name, each in found.items() if not each.result.is_well}


def test_a_modem_that_is_well_and_an_hq_that_answers_are_ok():
    found, clock = reached(WELL)
    assert {each.result for each in found.values()} == {Result.OK}
    assert clock.said == [], "nothing took long"


@pytest.mark.parametrize(
    ("state", "name"),
    [
        (Condition.SILENT, "modem"),
        (Condition.SIM_ABSENT, "sim"),
        (Condition.SIM_PIN, "sim"),
        (Condition.SIM_PUK, "sim"),
        (Condition.SEARCHING, "registration"),
        (Condition.DENIED, "registration"),
    ],
)
def test_a_condition_that_lasts_is_one_failure_with_its_own_remedy(state, name):
    found, clock = reached(ModemStatus(state=state))
    assert wrong(found) == {name}
    assert found[name].result is Result.FAILED
    assert found[name].remedy == REMEDIES[state.value]
    assert clock.now >= connectivity.SURE_S[state]
    assert clock.said, "a step that takes long says so"


def test_a_modem_that_never_gets_ready_is_the_modems_failure():
    found, _ = reached(ModemStatus(state=Condition.STARTING, reason="not ready for texts yet"))
    assert wrong(found) == {"modem"}
    assert "not ready for texts yet" in found["modem"].words


def test_a_modem_that_is_still_on_its_way_is_waited_for():
    way = [
        (0.0, ModemStatus()),
        (8.0, ModemStatus(state=Condition.SILENT)),
        (12.0, ModemStatus(state=Condition.SEARCHING)),
        (50.0, replace(WELL, signal=None, battery_mv=None)),
        (55.0, WELL),
    ]
    found, clock = reached(*way)
    assert wrong(found) == set()
    assert len(clock.said) == 4


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("No such file or directory (ENOENT)", "modem.port is wrong"),
        ("Resource temporarily unavailable (EAGAIN)", "serial console"),
        ("Device or resource busy (EBUSY)", "serial console"),
        ("Permission denied (EACCES)", "group dialout"),
        ("Operation not permitted (EPERM)", "DeviceAllow="),
        ("Inappropriate ioctl for device (ENOTTY)", "no serial device"),
        ("Too many levels of symbolic links (ELOOP)", "modem.port is wrong"),
        ("Not a directory (ENOTDIR)", "modem.port is wrong"),
        ("Input/output error (EIO)", "modem.port is wrong"),
    ],
)
def test_a_port_that_cannot_be_opened_says_why(said, words):
    reason = f"cannot open the serial device /dev/serial0: {said}"
    found, clock = reached(ModemStatus(state=Condition.SILENT, reason=reason))
    assert wrong(found) == {"modem"}
    assert words in found["modem"].remedy
    assert found["modem"].words == reason
    assert clock.now < connectivity.SURE_S[Condition.SILENT]


@pytest.mark.parametrize(
    ("change", "name", "result", "words"),
    [
        ({"signal": 5}, "signal", Result.LOOK, "antenna"),
        ({"battery_mv": 3600}, "supply", Result.LOOK, "charge"),
        ({"battery_mv": 3499, "under_voltage": True}, "supply", Result.FAILED, "2 A"),
        ({"under_voltage": True}, "supply", Result.FAILED, "2 A"),
        ({"jamming": True}, "registration", Result.LOOK, "move"),
    ],
)
def test_what_the_radio_lacks_is_named(change, name, result, words):
    found, _ = reached(replace(WELL, **change), low_mv=3700)
    assert wrong(found) == {name}
    assert found[name].result is result
    assert words in found[name].remedy


def test_a_signal_that_the_modem_does_not_report_is_no_finding_of_its_own():
    found, _ = reached(replace(WELL, signal=None))
    assert wrong(found) == set()
    assert found["signal"].result is Result.LEFT_OUT


@pytest.mark.parametrize("csq", range(32))
def test_every_signal_has_its_decibels(csq):
    found, _ = reached(replace(WELL, signal=csq))
    assert f"{-113 + 2 * csq} dBm" in found["signal"].words


@pytest.mark.parametrize(
    ("trouble", "name", "words"),
    [
        ("no connection to HQ", "data path", "modem.apn"),
        ("no connection to HQ in time", "data path", "modem.apn"),
        ("the modem refuses to connect", "data path", "modem.apn"),
        ("", "data path", "modem.apn"),
        ("texts go first", "data path", "wait a minute"),
        ("no answer from HQ", "receipt", "outcry-responder"),
        ("HTTP 400", "receipt", "enrol it again"),
        ("HTTP 409", "receipt", "copy"),
        ("HTTP 502", "receipt", "outcry-responder"),
        ("HTTP 302", "receipt", "in HQ's place"),
        ("a receipt is 26 bytes, this is 9", "receipt", "in HQ's place"),
        ("the day's budget for heartbeats is spent", "receipt", "kilobytes_per_day"),
    ],
)
def test_a_dead_path_and_an_hq_that_refuses_are_told_apart(trouble, name, words):
    found, _ = reached(WELL, answers=[(False, trouble)])
    assert wrong(found) == {name}
    assert words in found[name].remedy


def test_a_connection_that_comes_at_the_second_try_is_no_fault():
    found, _ = reached(WELL, answers=[(False, "no connection to HQ"), (True, "")])
    assert wrong(found) == set()


def test_an_open_alarm_is_not_disturbed_for_a_check():
    found, _ = reached(WELL, refuses=f"{OPEN}; it needs the data path")
    assert wrong(found) == set()
    assert found["receipt"].result is Result.LEFT_OUT


def test_a_daemon_that_does_not_do_what_it_is_asked_is_not_well():
    busy = "the daemon is busy: `journalctl -u outcry` says with what"
    found, _ = reached(WELL, refuses=busy)
    assert wrong(found) == {"data path", "receipt"}
    for each in (found["receipt"], hardware.buzzed({"error": busy})):
        assert (each.result, each.words) == (Result.UNKNOWN, busy)
        assert each.remedy
    assert hardware.buzzed({"error": OPEN}).result is Result.LEFT_OUT


def test_without_hq_there_is_no_data_path_to_check():
    found, _ = reached(WELL, enrolled=False)
    assert wrong(found) == set()
    assert found["data path"].result is Result.LEFT_OUT


# Wiring, as the daemon tells it


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, strap=True)


def settings(**sections):
    return read(settings_text(**sections), Path("/etc/outcry/outcry.toml"))


def wired(world, **changes):
    facts = world.asks("status") | changes
    return {each.name: each for each in judge.wiring(facts)}


def test_a_worn_strap_and_a_free_button_are_ok(world):
    world.fastens()
    assert wrong(wired(world)) == set()


def test_an_open_strap_wants_to_be_fastened(world):
    assert wrong(wired(world)) == {"strap"}
    assert "fasten" in wired(world)["strap"].remedy


def test_a_button_that_is_down_and_one_that_is_stuck_are_named(world):
    world.fastens()
    assert "let go" in wired(world, pressed=True)["button"].remedy
    stuck = wired(world, marks=int(Flag.BUTTON_STUCK))["button"]
    assert "stuck" in stuck.words
    assert "short" in stuck.remedy


def test_a_loose_strap_an_unwatched_strap_and_a_dead_motor_are_named(world):
    world.fastens()
    loose = wired(world, marks=int(Flag.STRAP_LOOSE))
    assert wrong(loose) == {"strap"}
    assert "repair" in loose["strap"].remedy
    said = "strap on GPIO 27: 'GPIO busy' -> another program holds it"
    unwatched = wired(world, worn=None, marks=int(Flag.STRAP_FAULT), faults=[said])
    assert wrong(unwatched) == {"strap"}
    assert (unwatched["strap"].words, unwatched["strap"].remedy) == tuple(said.split(" -> "))
    assert wrong(wired(world, worn=None, marks=int(Flag.STRAP_FAULT))) == {"strap"}
    dead = wired(world, motor=False, faults=["motor on GPIO 18: 'GPIO busy' -> look"])
    assert wrong(dead) == {"motor"}
    assert "GPIO busy" in dead["motor"].words


def test_what_is_switched_off_is_left_out(world):
    found = wired(world, worn=None, motor=False)
    assert wrong(found) == set()
    assert {name for name, each in found.items() if each.result is Result.LEFT_OUT} == {
        "strap",
        "motor",
    }


def positions(clock):
    """What `check` finds of gpsd and its fix while no daemon runs."""
    ask = hardware.receiver(settings(), lambda: clock.now)
    return {each.name: each for each in hardware.gps(ask, clock.patience())}


@pytest.mark.parametrize(
    ("reason", "name", "words"),
    [
        (NoFixReason.NO_GPSD, "gpsd", "systemctl status gpsd"),
        (NoFixReason.NO_RECEIVER, "fix", "/etc/default/gpsd"),
        (NoFixReason.NO_SATELLITES, "fix", "sky"),
    ],
)
def test_each_reason_for_no_position_has_a_remedy(monkeypatch, reason, name, words):
    from outcry.hw.gps import NoFix

    monkeypatch.setattr(hardware.Gps, "ask", lambda self: NoFix(reason))
    found = positions(Clock())
    assert wrong(found) == {name}
    assert words in found[name].remedy


def found_with(monkeypatch, clock, taken_at):
    """What `check` finds where gpsd's fix was taken at ``taken_at()``."""
    monkeypatch.setattr(hardware.Gps, "ask", lambda self: Fix(1.5, 2.5, 11.0, taken_at()))
    return positions(clock)


def test_a_fix_that_becomes_new_within_some_seconds_is_ok(monkeypatch):
    clock = Clock()
    found = found_with(monkeypatch, clock, lambda: clock.now if clock.now > 3 else AGE_UNKNOWN)
    assert not wrong(found)
    assert "12 m" in found["fix"].words, "rounded up, as in a report"


@pytest.mark.parametrize("age_s", [math.inf, 330.0])
def test_the_old_fix_of_a_silent_receiver_is_not_ok(monkeypatch, age_s):
    clock = Clock()
    found = found_with(monkeypatch, clock, lambda: -age_s)
    assert wrong(found) == {"fix"}
    assert "silent" in found["fix"].words
    assert "cable" in found["fix"].remedy


# What else an alarm needs


@pytest.mark.parametrize("wrong", [0, CLOCK_SET_AFTER - 1, CREDIBLE_UNTIL + 1, 4_070_908_800])
def test_the_clock_is_ok_from_the_first_release_on_and_not_in_2099(wrong):
    assert host.clock(CLOCK_SET_AFTER, True).result is Result.OK
    assert host.clock(CLOCK_SET_AFTER, False) == judge.clock(None), "as through the daemon"
    unset = host.clock(wrong, True)
    assert unset.result is Result.FAILED
    assert "timedatectl" in unset.remedy


@pytest.fixture
def kept(tmp_path):
    """The settings of a device whose enrolment is where it belongs."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    path = state / "enrolment.json"
    path.write_text(write(ENROLMENT))
    path.chmod(0o600)
    return settings(storage={"state": str(state)}, texts={"folder": str(TEXTS)})


def test_keys_that_the_device_keeps_to_itself_are_ok(kept):
    found = host.keys(kept, WHO, [])
    assert found.result is Result.OK
    assert "0000004d" in found.words


def test_keys_that_others_can_read_are_named(kept):
    path = kept.path("storage", "state") / "enrolment.json"
    path.chmod(0o640)
    found = host.keys(kept, WHO, [])
    assert found.result is Result.LOOK
    assert found.remedy == f"`chmod 600 {path}`"


def test_a_missing_enrolment_and_a_broken_one_say_what_to_do(kept):
    broken = host.keys(kept, None, ["enrolment.json: psk is missing"])
    assert (broken.result, "psk is missing" in broken.words) == (Result.FAILED, True)
    (kept.path("storage", "state") / "enrolment.json").unlink()
    assert host.keys(kept, None, []).result is Result.FAILED
    alone = host.keys(kept, Identity("Zarema", CONTACTS, None), [])
    assert alone.result is Result.LOOK
    for found in (broken, alone):
        assert "outcry enrol FILE" in found.remedy


@pytest.mark.parametrize(
    ("contacts", "words"),
    [
        ((Contact("Ana", "+447700900101", "xx"),), "xx, which has no texts"),
        ((Contact("Ana", "+447700900101", "x" * 300),), "which has no texts"),
        (
            (*CONTACTS, Contact("Dina", "+447700900101")),
            "contact 4 has the same number as contact 1",
        ),
        ((Contact("Ana", "+447700900002"),), "HQ's own number"),
    ],
)
def test_contacts_that_an_alarm_would_not_reach_as_meant_are_named(kept, contacts, words):
    found = host.contacts(kept, replace(WHO, contacts=contacts))
    assert found.result is Result.LOOK
    assert words in found.words


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({}, set()),
        ({"device": 78}, {"keys"}),
        ({"psk": b"q" * 32}, {"keys"}),
        ({"contacts": CONTACTS[:-1]}, {"keys", "contacts"}),
        ({"contacts": (replace(CONTACTS[0], number="+447700900199"),)}, {"keys", "contacts"}),
    ],
)
def test_files_that_the_service_has_not_read_are_not_what_an_alarm_goes_by(
    world, kept, change, names
):
    """`outcry enrol` without the restart: the old contacts would be told."""
    new, facts = replace(ENROLMENT, **change), world.asks("status")
    who = Identity("Zarema", new.contacts, new)
    found = {
        each.name: each
        for each in (host.keys(kept, who, [], facts), host.contacts(kept, who, facts))
    }
    assert wrong(found) == names
    assert all(found[name].result is Result.FAILED for name in names)
    assert all("systemctl restart outcry" in found[name].remedy for name in names)
    assert all(mark < 2**16 for mark in facts["identity"].values()), "nobody's number can be told"


def test_a_service_from_before_an_upgrade_that_does_not_say_what_it_has_is_not_blamed(world, kept):
    facts = world.asks("status")
    older = {name: fact for name, fact in facts.items() if name not in ("identity", "seals")}
    older["outbox"] = {name: fact for name, fact in facts["outbox"].items() if name != "trouble"}
    for who in (WHO, replace(WHO, contacts=CONTACTS[::-1])):
        assert host.keys(kept, who, [], older).result is Result.OK
        assert host.contacts(kept, who, older).result is Result.OK
    assert judge.attention(older) == judge.attention(facts)


def test_contacts_in_the_settings_that_the_service_has_not_read_are_named(world, kept):
    facts = world.asks("status")
    for who in (replace(WHO, wearer="Olga"), replace(WHO, contacts=CONTACTS[::-1])):
        assert host.contacts(kept, who, facts).result is Result.FAILED
        assert host.keys(kept, who, [], facts).result is Result.OK


@pytest.mark.parametrize(("mode", "words"), [(0o600, "may not read"), (0o644, "has none")])
def test_an_enrolment_that_root_reads_and_the_service_does_not_have_is_named(
    tmp_path, kept, mode, words
):
    facts = World(tmp_path, enrolment=None).asks("status")
    if os.geteuid() == 0:
        os.chown(kept.path("storage", "state"), 4242, 4242)
    (kept.path("storage", "state") / "enrolment.json").chmod(mode)
    found = host.keys(kept, WHO, [], facts)
    assert found.result is Result.FAILED
    assert words in found.words or os.geteuid() != 0


def test_a_key_that_nothing_can_be_sealed_for_is_named_with_the_daemon_and_without(tmp_path, kept):
    no_key = replace(ENROLMENT, hq=replace(ENROLMENT.hq, public_key=bytes(32)))  # not of X25519
    who, world = Identity("Zarema", CONTACTS, no_key), World(tmp_path, enrolment=no_key)
    world.modem.snapshot, answers = WELL, []
    world.loop._safely(world.loop.handle, Asked("heartbeat", answers.append))
    assert "in the journal" in answers[0]["error"], "answered at once all the same"
    facts = world.asks("status")
    for found in (host.keys(kept, who, []), host.keys(kept, who, [], facts)):
        assert found == judge.NO_SEAL
    known = judge.attention(facts)
    assert known[0] == judge.NO_SEAL, "outcry status"
    assert any("a fault in Outcry itself" in each.words for each in known)


def test_nobody_to_tell_is_a_failure(kept):
    assert host.contacts(kept, replace(WHO, contacts=())).result is Result.FAILED
    assert host.contacts(kept, WHO).result is Result.OK


def test_a_text_with_a_fault_is_named(tmp_path, kept):
    assert host.words(kept, WHO).result is Result.OK
    (tmp_path / "en.toml").write_text('alert = "{nonsense}"\n')
    found = host.words(settings(texts={"folder": str(tmp_path)}), WHO)
    assert found.result is Result.LOOK
    assert "nonsense" in found.words


def test_a_disk_that_takes_and_keeps_a_file_is_ok(tmp_path):
    assert host.disk(tmp_path, durable=True).result is Result.OK
    assert list(tmp_path.iterdir()) == [], "and nothing of the check stays"


@pytest.mark.parametrize(
    ("code", "remedy"),
    [(errno.ENOSPC, "df -h"), (errno.EROFS, "read-only"), (errno.EIO, "failing")],
)
def test_a_disk_that_refuses_is_named(tmp_path, monkeypatch, code, remedy):
    def fsync(descriptor):
        raise OSError(code, "no")

    monkeypatch.setattr(os, "fsync", fsync)
    found = host.disk(tmp_path, durable=True)
    assert found.result is Result.FAILED
    assert remedy in found.remedy


def test_a_full_a_slow_and_a_missing_disk_are_named(tmp_path, monkeypatch):
    room = list(os.statvfs(tmp_path))
    for blocks, result in ((0, Result.FAILED), (5_000_000 // room[1], Result.LOOK)):
        left = os.statvfs_result([*room[:4], blocks, *room[5:]])
        monkeypatch.setattr(os, "statvfs", lambda path, left=left: left)
        assert host.disk(tmp_path, durable=True).result is result
    monkeypatch.undo()
    monkeypatch.setattr(host, "_try", lambda folder: 3.0)
    assert "wearing out" in host.disk(tmp_path, durable=True).remedy
    assert host.disk(tmp_path / "nowhere", durable=True).result is Result.FAILED


def test_an_outbox_that_lives_in_memory_alone_is_the_disks_failure(tmp_path):
    assert "outbox" in host.disk(tmp_path, durable=False).words


def test_an_outbox_of_another_user_is_not_a_broken_card(tmp_path):
    """With the daemon, which says so, and without: root can write what the service cannot."""
    found = host.disk(tmp_path, durable=False, trouble="the service may not (EACCES) -> `chown`")
    assert (found.result, found.words) == (Result.FAILED, "the service may not (EACCES)")
    assert found.remedy == "`chown`"
    file = tmp_path / "outbox.sqlite-wal"
    file.touch(0o400)
    if os.getuid() == 0:
        assert host.disk(tmp_path, durable=True).result is Result.OK
        os.chown(file, 65534, 65534)
    found = host.disk(tmp_path, durable=True)
    assert (found.result, f"{file} (EACCES)" in found.words) == (Result.FAILED, True)
    assert "`sudo chown -R outcry:outcry" in found.remedy


RUNS = {"LoadState": "loaded", "ActiveState": "active", "SubState": "running"}
ENABLED = RUNS | {"UnitFileState": "enabled", "WatchdogUSec": "30s", "NRestarts": "0"}


@pytest.mark.parametrize(
    ("of_service", "of_system", "result", "words"),
    [
        (ENABLED, {"RuntimeWatchdogUSec": "14s"}, Result.OK, ""),
        (
            ENABLED | {"WatchdogUSec": "0"},
            {"RuntimeWatchdogUSec": "14s"},
            Result.FAILED,
            "WatchdogSec",
        ),
        (ENABLED | {"WatchdogUSec": "infinity"}, {}, Result.FAILED, "WatchdogSec"),
        (ENABLED, {"RuntimeWatchdogUSec": "0"}, Result.LOOK, "RuntimeWatchdogSec=14"),
        ({}, {}, Result.LEFT_OUT, ""),
    ],
)
def test_a_hang_that_nobody_would_end_is_named(tmp_path, of_service, of_system, result, words):
    device = tmp_path / "watchdog"
    device.touch()
    (found,) = host.watchdog(systemd_unit.Unit(of_service, of_system), device)
    assert found.result is result
    assert words in found.remedy


SWAP_FILE, ZRAM = (
    f"{name} {kind} 102396 0 -2"
    for name, kind in (("/var/swap", "file"), ("/dev/zram0", "partition"))
)


@pytest.mark.parametrize(
    ("swaps", "controllers", "result"),
    [
        ([], None, Result.OK),
        ([ZRAM], None, Result.OK),
        ([SWAP_FILE], "cpu io memory pids", Result.OK),
        ([SWAP_FILE], "cpu io pids", Result.LOOK),
        ([ZRAM, SWAP_FILE], None, Result.LOOK),
    ],
    ids=["none", "in memory", "forbidden", "no memory controller", "no control groups"],
)
def test_swap_that_a_card_would_keep_is_named(tmp_path, swaps, controllers, result):
    table, listed = tmp_path / "swaps", tmp_path / "controllers"
    table.write_text("\n".join(["Filename Type Size Used Priority", *swaps]))
    if controllers is not None:
        listed.write_text(controllers)
    found = host.swap(systemd_unit.Unit(ENABLED, {}), table, listed)
    assert found.result is result
    assert ("swapoff" in found.remedy) is (result is Result.LOOK)


@pytest.mark.parametrize(
    ("process", "locked", "result"),
    [
        ("123", "VmLck:\t  414540 kB", Result.OK),
        ("123", "VmLck:\t       0 kB", Result.LOOK),
        ("124", "VmLck:\t  414540 kB", Result.LOOK),
        ("0", "VmLck:\t  414540 kB", Result.LOOK),
    ],
    ids=["locked", "unlocked", "of another process", "stopped"],
)
def test_memory_that_is_locked_reaches_no_swap_whatever_the_kernel_lacks(
    tmp_path, process, locked, result
):
    (tmp_path / "swaps").write_text(f"Filename Type Size Used Priority\n{SWAP_FILE}\n")
    (tmp_path / "123").mkdir()
    (tmp_path / "123" / "status").write_text(f"VmSize:\t  417496 kB\n{locked}\nVmPin:\t 8 kB\n")
    unit = systemd_unit.Unit(ENABLED | {"MainPID": process}, {})
    found = host.swap(unit, tmp_path / "swaps", tmp_path / "no-controllers", tmp_path)
    assert found.result is result
    assert ("locked" in found.words) is (result is Result.OK)


@pytest.mark.parametrize(
    ("behind", "result"),
    [(None, Result.OK), ("none", Result.OK), ("/dev/loop0", Result.LOOK)],
    ids=["a kernel that writes nothing back", "no device", "a file on the card"],
)
def test_zram_that_writes_back_to_the_card_is_swap_on_the_card(tmp_path, behind, result):
    """As rpi-swap sets it up, which Raspberry Pi OS on Debian 13 has."""
    (tmp_path / "swaps").write_text(f"Filename Type Size Used Priority\n{ZRAM}\n")
    (tmp_path / "zram0").mkdir()
    if behind is not None:
        (tmp_path / "zram0" / "backing_dev").write_text(f"{behind}\n")
    unit = systemd_unit.Unit(ENABLED, {})
    nowhere = tmp_path / "nowhere"
    found = host.swap(unit, tmp_path / "swaps", nowhere, nowhere, tmp_path)
    assert found.result is result


def test_swap_of_another_machine_is_left_out(tmp_path):
    found = host.swap(systemd_unit.Unit({}, {}), tmp_path / "gone")
    assert found.result is Result.LEFT_OUT


def test_a_board_without_its_watchdog_is_named(tmp_path):
    of = systemd_unit.Unit(ENABLED, {"RuntimeWatchdogUSec": "14s"})
    (found,) = host.watchdog(of, tmp_path / "watchdog")
    assert found.result is Result.LOOK


@pytest.mark.parametrize(
    ("change", "running", "result", "remedy"),
    [
        ({}, True, Result.OK, ""),
        ({"UnitFileState": "disabled"}, True, Result.LOOK, "systemctl enable outcry"),
        ({"NRestarts": "3"}, True, Result.LOOK, "journalctl -u outcry"),
        ({"ActiveState": "inactive"}, False, Result.FAILED, "systemctl start outcry"),
        ({"ActiveState": "failed"}, False, Result.FAILED, "systemctl start outcry"),
        ({}, False, Result.FAILED, "systemctl restart outcry"),
    ],
)
def test_a_service_that_does_not_watch_the_button_is_named(change, running, result, remedy):
    facts = {"alarm": None} if running else None
    found = host.service(systemd_unit.Unit(ENABLED | change, {}), "it hangs", facts)
    assert found.result is result
    assert remedy in found.remedy


def test_systemd_is_asked_and_its_environment_lent(tmp_path, monkeypatch):
    program = tmp_path / "systemctl"
    program.write_text(
        "#!/bin/sh\n"
        "echo LoadState=loaded; echo ActiveState=activating; echo SubState=auto-restart\n"
        "echo WatchdogUSec=30s; echo NRestarts=2; echo RuntimeWatchdogUSec=14s\n"
        "echo 'Environment=A=1 \"B=two words\" C=3'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    asked = systemd_unit.ask()
    assert (asked.is_there, asked.state) == (True, "activating (auto-restart)")
    assert (asked.watchdog, asked.system_watchdog, asked.restarts) == ("30s", "14s", 2)
    environment = {"C": "mine"}
    asked.lend(environment)
    assert environment == {"A": "1", "B": "two words", "C": "mine"}


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", None])
def test_without_systemd_there_is_no_unit_and_no_error(tmp_path, monkeypatch, script):
    if script:
        (tmp_path / "systemctl").write_text(script)
        (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not systemd_unit.ask().is_there


# What is said of it


def test_a_failure_stands_first_with_its_remedy_below(capsys):
    sheet = Sheet(as_json=False)
    sheet.add(ok("button", "up"))
    sheet.add(look("fix", "none", "place the antenna"))
    sheet.add(failed("modem", "silent", "check its cable"))
    told = capsys.readouterr().out.splitlines()
    assert told[0].split() == ["failed", "modem", "silent"], "and is said as soon as it is known"
    assert told[1].split() == ["->", "check", "its", "cable"]
    assert not sheet.close()
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["look", "fix", "none"]
    assert shown[2].split() == ["ok", "button", "up"]
    assert shown[-1] == "Needs attention: fix, modem."


def test_as_json_it_is_one_line_and_what_takes_long_goes_elsewhere(capsys):
    sheet = Sheet(as_json=True)
    sheet.say("asking")
    sheet.add(failed("modem", "silent", "check its cable"))
    sheet.close()
    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert answer["well"] is False
    assert answer["checks"] == [
        {"name": "modem", "result": "failed", "words": "silent", "remedy": "check its cable"}
    ]
    assert "asking" in told.err


@pytest.mark.parametrize("result", Result)
def test_only_what_is_ok_or_left_out_lets_the_check_end_well(result, capsys):
    sheet = Sheet(as_json=False)
    sheet.add(Finding("x", result, "y"))
    assert sheet.close() is (result in (Result.OK, Result.LEFT_OUT))


def test_what_root_writes_belongs_to_the_owner_of_the_folder(tmp_path, monkeypatch):
    if os.geteuid() == 0:
        os.chown(tmp_path, 4242, 4343)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    write_whole(tmp_path / "enrolment.json", "{}")
    held, folder = (tmp_path / "enrolment.json").stat(), tmp_path.stat()
    assert (held.st_uid, held.st_gid) == (folder.st_uid, folder.st_gid)


def test_a_running_service_is_not_called_armed_by_its_own_line():
    """Whether it is armed depends on all the other lines."""
    found = host.service(systemd_unit.Unit(ENABLED, {}), "", {"alarm": None})
    assert (found.result, found.words) == (Result.OK, "running")
