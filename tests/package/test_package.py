"""Both packages on a bare Debian with its own systemd: installed, hardened, killed, upgraded, purged.

The tests stand in the order in which a machine lives, and share one.
"""

import json
from pathlib import Path

import pytest
from bare_stage import POSITION, WATCHDOG_S, WEARER, from_guide, newer

from outcry.daemon.journal import Entry

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
HERE = Path(__file__).parent
FINISH_LIMIT_S = 120


# Installed


def test_apt_installs_each_end_from_its_one_file(machine, installed):
    assert machine.said("outcry", "--version") == machine.said(
        "dpkg-query", "-Wf${Version}\n", "outcry"
    )
    for program in ("outcry", "outcry-board", "outcry-responder"):
        assert "usage" in machine.said(program, "--help")
        machine.run("test", "-s", f"/usr/share/man/man1/{program}.1.gz")
        completion = f"/usr/share/bash-completion/completions/{program}"
        assert program in machine.said("bash", "-c", f". {completion} && complete -p {program}")
    for unit in ("outcry", "outcry-responder"):
        assert machine.said("systemctl", "is-enabled", unit).strip() == "enabled"


def test_the_systems_python_is_as_it_was(machine, installed):
    for module in ("outcry", "gsmmodem", "pyhpke", "gpsd", "anyascii"):
        assert machine.run("python3", "-c", f"import {module}", check=False).returncode == 1


def test_byte_code_is_compiled_so_that_the_start_is_short(machine, installed):
    """The service cannot write it, and a Pi Zero would compile for seconds at each start."""
    script = (
        "find /usr/lib/outcry /usr/lib/outcry-responder -name '*.py'"
        " | while read -r f; do p=$(dirname $f)/__pycache__/$(basename $f .py).*.pyc;"
        " ls $p >/dev/null 2>&1 || echo $f; done"
    )
    assert machine.said("sh", "-c", script) == ""


def test_settings_are_for_root_and_their_service_alone(machine, installed):
    said = machine.said(
        *("stat", "-c", "%n %U:%G %a", "/etc/outcry/outcry.toml", "/etc/outcry/responder.toml"),
        *("/var/lib/outcry", "/var/lib/outcry-responder"),
    )
    assert said.splitlines() == [
        "/etc/outcry/outcry.toml root:outcry 640",
        "/etc/outcry/responder.toml root:outcry-responder 640",
        "/var/lib/outcry outcry:outcry 700",
        "/var/lib/outcry-responder outcry-responder:outcry-responder 700",
    ]


def test_the_responder_serves_as_soon_as_it_is_installed(machine, installed):
    machine.wait("HQ", lambda: "active" in _state(machine, "outcry-responder"), 30)


def test_apt_says_nothing_that_is_not_for_whoever_installs(installed):
    said = installed
    assert "SyntaxWarning" not in said
    assert "Could not execute" not in said
    assert said.count("sudo outcry enrol FILE") == 1, "what is still to be done"


def test_until_it_is_enrolled_each_try_says_so_once(stage):
    def said():
        return [each["MESSAGE"] for each in stage.journal() if "NOT ARMED" in each["MESSAGE"]]

    # Until the board was there, it was the pins.
    stage.machine.wait("the cause", lambda: said() and "outcry enrol FILE" in said()[-1], 30)
    tries, count = int(stage.show("outcry", "NRestarts")), len(said())
    stage.machine.wait("more", lambda: int(stage.show("outcry", "NRestarts")) > tries + 1, 60)
    assert len(said()) - count <= int(stage.show("outcry", "NRestarts")) - tries + 1
    assert "outcry enrol FILE" in said()[-1], "in sight at the journal's end"
    stage.machine.wait("its status", lambda: "NOT ARMED" in stage.status(), 30)


def test_hq_tries_its_channels_daily_with_the_hardening_on(machine, installed):
    assert "active" in _state(machine, "outcry-responder-check.timer")
    machine.run("systemctl", "start", "outcry-responder-check", check=False)
    said = machine.said("journalctl", "-u", "outcry-responder-check", "-o", "cat")
    assert "ok: own page: posts appear at" in said
    assert "Traceback" not in said


def test_enrolled_it_arms_itself_without_another_word(stage):
    """Nobody had to start it: it never gave up trying."""
    assert stage.show("outcry", "ActiveState") == "activating"
    stage.enrol()
    stage.machine.wait("armed", lambda: stage.status().startswith("armed"), 30)


def _state(machine, unit):
    return machine.said("systemctl", "show", "--value", "-p", "ActiveState", unit)


# What the units cannot do, tried from inside


@pytest.mark.parametrize(
    ("unit", "tenths"), [("outcry", 16), ("outcry-clock", 13), ("outcry-responder", 12)]
)
def test_trixies_own_systemd_finds_no_more_open_than_promised(machine, installed, unit, tenths):
    # Under another name: the drop-ins for the board's sake are not what is judged.
    copied = "/tmp/judged.service"
    machine.run("cp", f"/usr/lib/systemd/system/{unit}.service", copied)
    machine.run("systemd-analyze", "security", "--offline=true", f"--threshold={tenths}", copied)


@pytest.fixture(scope="module")
def things(stage):
    """What a service must not get at, open to everybody; and a chip for GPIO's group."""
    machine = stage.machine
    machine.write("/home/somebody/secret", "x")
    machine.write("/root/secret", "x")
    machine.copy(HERE / "probe.py", "/usr/lib/probe.py")
    script = """
        chmod 755 /home/somebody; chmod 644 /home/somebody/secret /usr/lib/probe.py
        for folder in /etc /usr/lib /var/lib /var/cache /run /srv /dev/shm; do
            mkdir -m 777 $folder/open
        done
        mknod -m 666 /dev/other c 10 229
        mknod -m 660 /dev/gpiochip0 c 10 200; chgrp gpio /dev/gpiochip0
    """
    machine.run("sh", "-ec", script)
    # An address of this machine that is not loopback's, as a neighbour's would be.
    address = (
        "import fcntl, socket, struct; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
        "fcntl.ioctl(s, 0x8916, struct.pack('16sH2s4s8s', b'lo:1', socket.AF_INET, bytes(2),"
        "socket.inet_aton('192.0.2.1'), bytes(8)))"  # SIOCSIFADDR
    )
    machine.run("python3", "-c", address)
    return machine


def probed(machine, unit, state, others):
    """What came of the probe in the very sandbox of this unit as it is installed."""
    text = machine.said("cat", f"/usr/lib/systemd/system/{unit}.service")
    kept = [
        line
        for line in text.splitlines()
        if not line.startswith(("ExecStart=", "Type=", "Restart", "WatchdogSec=", "NotifyAccess="))
    ]
    probe = f"ExecStart=/usr/bin/python3 -I /usr/lib/probe.py {state} {others}"
    service = "\n".join(kept).replace("[Service]", f"[Service]\nType=oneshot\n{probe}")
    machine.write(f"/run/systemd/system/{unit}-probe.service", service)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", f"{unit}-probe", check=False)
    said = machine.said("journalctl", "-u", f"{unit}-probe", "-o", "cat", "-t", "python3")
    return dict(line.split() for line in said.splitlines())


FOLDERS = ("/etc", "/usr/lib", "/var/lib", "/var/cache", "/run", "/srv")
PROGRAMS = ("/bin/sh", "/usr/bin/id", "/usr/bin/outcry-board", "/tmp", "/var/tmp")
FAMILIES = ("AF_PACKET", "AF_NETLINK", "AF_BLUETOOTH")
NEVER = {
    "read:/home/somebody/secret": "EACCES",
    "read:/root/secret": "EACCES",
    "read:/proc/1/environ": "ENOENT",
    "write:/dev/shm": "EACCES",
    **{f"write:{folder}": "EROFS" for folder in FOLDERS},
    **{f"exec:{path}": "EACCES" for path in PROGRAMS},
    **{f"socket:{family}": "EAFNOSUPPORT" for family in FAMILIES},
    "nice": "EPERM",
    "unshare": "EPERM",
    "code": "EACCES",
    "exec:memory": "EPERM",
    "ring": "EPERM",
}
NEEDED = {
    "open:/dev/null": "ok",
    "send:127.0.0.1": "ok",
    "socket:AF_INET": "ok",
    "socket:AF_UNIX": "ok",
    "state": "ok",
    "cpuinfo": "ok",
    "lock": "ok",
}


def test_the_wearable_gets_at_what_it_needs_and_at_nothing_else(things):
    others = "/var/lib/outcry-responder/hq.keys"
    assert probed(things, "outcry", "/var/lib/outcry", others) == NEVER | NEEDED | {
        f"read:{others}": "EACCES",
        "exec:/var/lib/outcry": "EACCES",
        "open:/dev/other": "EPERM",
        "open:/dev/gpiochip0": "ok",
        "send:192.0.2.1": "EPERM",
        "socket:AF_INET6": "EAFNOSUPPORT",
        "signal:1": "EPERM",
    }


@pytest.mark.parametrize("unit", ["outcry", "outcry-responder"])
def test_no_memory_of_a_service_reaches_the_swap(things, unit):
    assert things.said("systemctl", "show", "-P", "MemorySwapMax", unit).strip() == "0"


def test_the_responder_gets_at_what_it_needs_and_at_nothing_else(things):
    others = "/var/lib/outcry/enrolment.json"
    state = "/var/lib/outcry-responder"
    assert probed(things, "outcry-responder", state, others) == NEVER | NEEDED | {
        f"read:{others}": "EACCES",
        f"exec:{state}": "EACCES",
        "open:/dev/other": "ENOENT",
        "open:/dev/gpiochip0": "ENOENT",
        "send:192.0.2.1": "ok",
        "socket:AF_INET6": "ok",
        "signal:1": "EPERM",
    }


# Its memory


def locked_kb(stage):
    said = stage.machine.said("cat", f"/proc/{stage.show('outcry', 'MainPID')}/status")
    fields = dict(line.split(":", 1) for line in said.splitlines())
    return int(fields["VmLck"].split()[0]), int(fields["VmSize"].split()[0])


def swap_found(stage):
    """What the check says of swap on the card where the kernel has no memory controller."""
    code = (
        "import sys; sys.path.insert(0, '/usr/lib/outcry');"
        "from pathlib import Path;"
        "from outcry.daemon.check import host, systemd_unit;"
        "Path('/run/swaps').write_text('Filename\\n/var/swap file 102396 0 -2\\n');"
        "print(host.swap(systemd_unit.ask(), Path('/run/swaps'), Path('/none')).line())"
    )
    return stage.machine.said("python3", "-c", code)


def test_the_wearables_memory_is_locked_where_the_container_may_raise_the_limit(armed):
    locked, size = locked_kb(armed)
    if armed.machine.run("prlimit", "--memlock=unlimited", "true", check=False).returncode:
        assert locked == 0
        assert told(armed, Entry.NOT_LOCKED, None), "no start hides it"
        assert "swapoff" in swap_found(armed)
    else:
        assert locked > size - 1000, "but for a few pages that are the kernel's"
        assert not told(armed, Entry.NOT_LOCKED, None)
        assert "is locked" in swap_found(armed)


def test_where_it_may_not_be_locked_the_wearable_says_so_once_and_is_armed(armed):
    drop_in = "/run/systemd/system/outcry.service.d/unlocked.conf"
    armed.machine.write(drop_in, "[Service]\nLimitMEMLOCK=64K\n")
    armed.machine.run("systemctl", "daemon-reload")
    since = armed.cursor()
    try:
        armed.start_anew()
        assert locked_kb(armed)[0] == 0
        [said] = told(armed, Entry.NOT_LOCKED, since)
        assert said.endswith("only 64 kB may be locked: LimitMEMLOCK= in the unit")
        assert "swapoff" in swap_found(armed)
        alarm = armed.raise_alarm()
        armed.machine.wait("the end", lambda: armed.finished(alarm, since), FINISH_LIMIT_S)
    finally:
        armed.machine.run("rm", drop_in)
        armed.machine.run("systemctl", "daemon-reload")


# Its devices


def test_the_unit_says_so_where_the_kernel_does_not_limit_it(armed):
    """A device that anybody may open; the drop-in makes the unit as it is where there is no bpf."""
    machine = armed.machine
    machine.run("sh", "-ec", "test -e /dev/fuse || mknod /dev/fuse c 10 229; chmod 666 /dev/fuse")
    drop_in = "/run/systemd/system/outcry.service.d/unlimited.conf"
    since = armed.cursor()
    try:
        armed.start_anew()
        assert not told(armed, Entry.NOT_LIMITED, since)
        machine.write(drop_in, "[Service]\nDevicePolicy=auto\nDeviceAllow=\n")
        machine.run("systemctl", "daemon-reload")
        armed.start_anew()
        [said] = told(armed, Entry.NOT_LIMITED, since)
        assert said.endswith("it can open /dev/fuse")
    finally:
        machine.run("rm", "-f", drop_in)
        machine.run("systemctl", "daemon-reload")


def told(stage, entry, since):
    entries = stage.journal(since)
    wanted = entry.message_id
    return [each["MESSAGE"] for each in entries if each.get("MESSAGE_ID") == wanted]


# The system's clock, which no test sets: the container may not, and what would is replaced


PRETENDED = """
import time
real = time.time
time.time = lambda: real() - 30 * 86_400
time.clock_settime = lambda which, now: print("would set it", round((now - real()) / 60), "off")
"""


@pytest.fixture
def clock_unit(armed):
    """The unit as it is installed, in a container, with a clock 30 days behind."""
    machine = armed.machine
    machine.write("/usr/lib/pretended/sitecustomize.py", PRETENDED)
    drop_in = "/run/systemd/system/outcry-clock.service.d/tests.conf"
    machine.write(
        drop_in,
        "[Unit]\nConditionVirtualization=\n[Service]\nAmbientCapabilities=\n"
        "Environment=PYTHONPATH=/usr/lib/pretended:/usr/lib/outcry PYTHONUNBUFFERED=1\n",
    )
    setting = "s/^set_system = false/set_system = true /"
    machine.run("sed", "-i", setting, "/etc/outcry/outcry.toml")
    machine.run("systemctl", "daemon-reload")
    yield armed
    machine.run("sed", "-i", "s/^set_system = true /set_system = false/", "/etc/outcry/outcry.toml")
    machine.run("rm", drop_in)
    machine.run("systemctl", "daemon-reload")


def clock_said(stage, since):
    return [each["MESSAGE"] for each in stage.journal(since, "outcry-clock")]


def test_unless_it_is_wanted_nothing_is_told_to_the_unit_that_sets_the_clock(armed):
    def status():
        """Also while something needs attention, as a receiver that has not answered yet."""
        return armed.machine.run("outcry", "status", check=False).stdout

    armed.machine.wait("the time", lambda: "known, by" in status(), 60)
    assert armed.show("outcry-clock.path", "ActiveState") == "active"
    armed.machine.run("test", "!", "-e", "/run/outcry/clock")
    assert clock_said(armed, None) == []


def test_where_it_is_wanted_and_nobody_else_does_the_clock_is_set_by_its_own_unit(clock_unit):
    since = clock_unit.cursor()
    clock_unit.machine.run("systemctl", "restart", "outcry")
    wanted = "the system's clock: set to what the daemon knows"
    clock_unit.machine.wait("it", lambda: wanted in clock_said(clock_unit, since), 60)
    assert "would set it 0 off" in clock_said(clock_unit, since)


def test_where_ntp_runs_synchronised_or_not_the_clock_is_left_to_it(clock_unit):
    machine = clock_unit.machine
    unit = "/run/systemd/system/systemd-timesyncd.service"
    machine.write(unit, "[Service]\nExecStart=sleep infinity\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "systemd-timesyncd")
    since = clock_unit.cursor()
    try:
        machine.run("systemctl", "restart", "outcry")
        result = "exec-condition"
        machine.wait("it", lambda: clock_unit.show("outcry-clock", "Result") == result, 60)
        assert not any("would set" in said for said in clock_said(clock_unit, since))
    finally:
        machine.run("systemctl", "stop", "systemd-timesyncd")
        machine.run("rm", unit)


# An alarm


def test_a_press_reaches_hq_and_the_contacts_with_the_hardening_on(armed):
    since = armed.cursor()
    alarm = armed.raise_alarm()
    armed.machine.wait("the end", lambda: armed.finished(alarm, since), FINISH_LIMIT_S)
    assert armed.alarms_at_hq() == 1
    entries = [entry for entry in armed.journal(since) if entry.get("OUTCRY_ALARM") == alarm]
    assert {"raised", "stored"} <= {entry.get("OUTCRY_STATE") for entry in entries}
    assert "data" in {entry.get("OUTCRY_PATH") for entry in entries}
    assert all(len(entry["MESSAGE_ID"]) == 32 for entry in entries)


def test_the_journal_explains_each_line_and_says_what_to_do(armed):
    since = armed.cursor()
    alarm = armed.raise_alarm()
    armed.machine.wait("the end", lambda: armed.finished(alarm, since), FINISH_LIMIT_S)
    said = armed.machine.said("journalctl", "-x", "-u", "outcry", f"OUTCRY_ALARM={alarm}")
    explained_throughout(said)
    assert f"░░ Subject: Alarm {alarm}" in said, "the fields are filled in"
    since_its_start = armed.show("outcry-responder", "InvocationID")
    at_hq = f"_SYSTEMD_INVOCATION_ID={since_its_start}"
    explained_throughout(armed.machine.said("journalctl", "-x", at_hq))


def explained_throughout(said):
    told = [line for line in said.splitlines() if not line.startswith("░░")]
    explained = said.count("Subject: ")
    assert explained == len(told) > 3
    assert said.count("What to do: ") == explained


def test_the_check_finds_all_well_but_for_the_watchdog_that_a_container_lacks(armed):
    """As root on the machine, with the service asked: the heartbeat's receipt is HQ's own."""

    def wrong():
        said = armed.machine.run("outcry", "check", "--json", check=False, timeout=200).stdout
        found = {each["name"]: each["result"] for each in json.loads(said)["checks"]}
        assert found["receipt"] == found["button"] == found["modem"] == "ok"
        return {name for name, result in found.items() if result not in ("ok", "left out")}

    # A position takes the receiver a moment.
    armed.machine.wait("all well", lambda: wrong() == {"watchdog"}, 60)


def test_the_log_tells_what_became_of_an_alarm_without_the_journals_own_words(armed):
    since = armed.cursor()
    alarm = armed.raise_alarm()
    armed.machine.wait("the end", lambda: armed.finished(alarm, since), FINISH_LIMIT_S)
    said = armed.machine.said("outcry", "log", "--alarm", alarm)
    assert "now raised" in said
    assert "now stored" in said


def by_the_program(entry):
    """What the program itself wrote into the journal, with the command line that started it."""
    return {key: value for key, value in entry.items() if key[0] != "_" or key == "_CMDLINE"}


def test_no_journal_of_either_end_holds_a_number_a_name_or_a_place(armed):
    since = armed.cursor()
    alarm = armed.raise_alarm()
    armed.machine.wait("the end", lambda: armed.finished(alarm, since), FINISH_LIMIT_S)
    for unit in ("outcry", "outcry-responder"):
        # Times and counters of the journal's own may have a PIN's digits by chance.
        said = json.dumps([by_the_program(entry) for entry in armed.journal(unit=unit)])
        for secret in ("4477009", WEARER, "Contact 0", *POSITION.split(","), *armed.pins):
            assert secret not in said, f"{unit}: {secret[:3]}..."


# Mid-alarm: nothing can leave, and then the service is struck


@pytest.fixture
def struck(armed):
    """An alarm on the card that nobody has heard of yet."""
    armed.board("network", "off")
    since = armed.cursor()
    alarm = armed.raise_alarm()
    assert not any(armed.texts(number) for number in armed.contacts)
    return armed, alarm, since


def finishes(stage, alarm, since):
    """The network comes back: the same alarm, and no other, reaches everybody."""
    stage.machine.wait("armed", lambda: stage.show("outcry", "ActiveState") == "active", 60)
    stage.board("network", "on")
    stage.machine.wait("the end", lambda: stage.finished(alarm, since), FINISH_LIMIT_S)
    assert stage.alarms_at_hq() == 1
    alarms = {entry.get("OUTCRY_ALARM") for entry in stage.journal(since)} - {None}
    assert alarms == {alarm}
    said = [entry.get("MESSAGE_ID") for entry in stage.journal(since)]
    assert Entry.RESUMED.message_id in said


def restarted(stage, before):
    return lambda: stage.show("outcry", "MainPID") not in (before, "0")


def test_killed_it_is_back_at_once_and_finishes_the_alarm(struck):
    stage, alarm, since = struck
    before = stage.show("outcry", "MainPID")
    stage.machine.run("systemctl", "kill", "-s", "KILL", "outcry")
    stage.machine.wait("the restart", restarted(stage, before), 20)
    finishes(stage, alarm, since)


def test_stopped_dead_it_is_shot_by_the_watchdog_and_finishes_the_alarm(struck):
    stage, alarm, since = struck
    before = stage.show("outcry", "MainPID")
    stage.machine.run("sh", "-c", f"kill -STOP {before}")
    stage.machine.wait("the restart", restarted(stage, before), WATCHDOG_S + 40)
    stage.machine.wait("the watchdog in the journal", lambda: shot(stage, since), 30)
    finishes(stage, alarm, since)


def shot(stage, since):
    return any("watchdog" in entry["MESSAGE"].lower() for entry in stage.journal(since))


def test_with_its_threads_frozen_and_its_loop_alive_the_watchdog_shoots_it_all_the_same(struck):
    stage, alarm, since = struck
    before = stage.show("outcry", "MainPID")
    stage.machine.copy(HERE / "freeze.py", "/root/freeze.py")
    with stage.machine.started("python3", "-I", "/root/freeze.py", before) as freezer:
        try:
            assert freezer.stdout.readline() == "frozen\n"
            stage.machine.wait("the restart", restarted(stage, before), WATCHDOG_S + 80)
        finally:
            freezer.kill()
    stage.machine.wait("the watchdog in the journal", lambda: shot(stage, since), 30)
    finishes(stage, alarm, since)


def test_an_upgrade_keeps_settings_keys_and_the_running_alarm(struck, debs, tmp_path):
    stage, alarm, since = struck
    machine = stage.machine
    machine.run(
        "sed",
        "-i",
        "s/^again_after_minutes = 5.0/again_after_minutes = 6.0/",
        "/etc/outcry/outcry.toml",
    )
    kept = ["sha256sum", "/etc/outcry/outcry.toml", "/etc/outcry/responder.toml"]
    kept += ["/var/lib/outcry/enrolment.json", "/var/lib/outcry-responder/hq.keys"]
    before = machine.said(*kept)
    for deb in debs:
        machine.copy(newer(deb, tmp_path), f"/root/{deb.name}")
    machine.run("sh", "-ec", f"cd /root; {from_guide('force-confold')}", timeout=900)
    for package in ("outcry", "outcry-responder"):
        assert "+next" in machine.said("dpkg-query", "-Wf${Version}", package)
    assert machine.said(*kept) == before
    for name in ("outcry", "responder"):
        machine.run("test", "-e", f"/etc/outcry/{name}.toml.dpkg-dist")
    finishes(stage, alarm, since)


def test_purged_nothing_of_it_is_left(stage):
    machine = stage.machine
    machine.run("sh", "-c", "rm -r /run/systemd/system/outcry*")  # what these tests put there
    machine.run("apt-get", "purge", "-qy", "outcry", "outcry-responder", timeout=900)
    looked = "find / -xdev -iname '*outcry*' -not -path '/proc/*' -not -path '/sys/*'"
    tests = ("/root/", "/var/log/", "/var/cache/apt/")
    left = machine.said("sh", "-c", f"{looked}; find /run /tmp /dev -iname '*outcry*'").splitlines()
    assert [path for path in left if not path.startswith(tests)] == []
    for database in ("passwd", "group"):
        assert "outcry" not in machine.said("getent", database)
    known = machine.run("systemctl", "list-unit-files", "--no-legend", "outcry*", check=False)
    assert known.stdout == ""
    assert "Outcry" not in machine.said("journalctl", "--list-catalog")
