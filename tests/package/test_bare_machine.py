"""The bare machine itself: where none can run the reason is said; and tools/apt-install on one."""

import os
import shutil
import subprocess
import sys

import pytest
from bare_machine import NotHere, check_possible
from bare_stage import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


# Where none can run


def test_only_root_can_run_one(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NotHere, match="only root"):
        check_possible(tmp_path)


def test_without_its_program_none_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(NotHere, match="systemd-nspawn is not installed"):
        check_possible(tmp_path)


PROBE = """
import sys
from pathlib import Path
from bare_machine import NotHere, check_possible
try:
    check_possible(Path(sys.argv[1]))
except NotHere as error:
    sys.exit(str(error))
"""


def probed(storage, *around):
    """What the probe says on a machine that this command makes of ours; nothing if all is well."""
    done = subprocess.run(
        [*around, sys.executable, "-c", PROBE, str(storage)],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'support'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def after(change):
    """The command that changes what this machine has mounted, for its own command alone."""
    return ("unshare", "--mount", "sh", "-ec", f'{change}; exec "$@"', "sh")


def test_a_machine_without_an_identity_runs_one_all_the_same(storage):
    assert probed(storage, *after("mount --bind /dev/null /etc/machine-id")) == ""


def test_a_machine_without_control_groups_says_so(storage):
    assert "control group" in probed(storage, *after("umount -R /sys/fs/cgroup"))


def test_a_container_that_may_not_mount_says_so(storage):
    without = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")
    assert probed(storage, *without) == (
        "this machine cannot run a container: unshare: unshare failed: Operation not permitted"
    )


# What apt-install leaves behind


def running(machine):
    """Which services run or can be called, and the ports that somebody listens on."""
    units = machine.said(
        "systemctl", "list-units", "--plain", "--no-legend", "--type=service,socket"
    )
    found = {unit.split()[0] for unit in units.splitlines()}
    found = {unit for unit in found if not unit.startswith("systemd-")}  # these come and go
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        lines = (line.split() for line in machine.said("cat", table).splitlines())
        found |= {address for _, address, _, state, *_ in lines if state == "0A"}  # it listens
    return found


def as_booted(machine):
    """Which services would run after the next boot."""
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "isolate", "default.target")
    return running(machine)


def test_a_service_that_ran_runs_on_and_none_is_added_now_or_at_the_next_boot(machine):
    machine.run("apt-get", "install", "-qy", "--no-install-recommends", "gpsd", timeout=900)
    before = as_booted(machine)
    assert "gpsd.socket" in before
    machine.copy(ROOT / "tools" / "apt-install", "/root/apt-install")
    machine.run("sh", "/root/apt-install", "gpsd", "postgresql", "smstools", timeout=900)
    for program in ("pg_lsclusters", "smsd"):
        machine.run("sh", "-c", f"command -v {program}")
    assert running(machine) == before
    assert as_booted(machine) == before
    machine.run("test", "!", "-e", "/usr/sbin/policy-rc.d")
