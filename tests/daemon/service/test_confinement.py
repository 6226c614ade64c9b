"""What keeps the daemon to itself: memory that is locked, devices that are withheld; told where not."""

import ctypes
import errno
import os
import subprocess
import sys

import pytest

from outcry.daemon.service import confinement
from outcry.hw.system_errors import told

LOCKED = """
import mmap, re, resource, sys, threading
from pathlib import Path
from outcry.daemon.service import confinement

def kb(name):
    return int(re.search(rf"{name}:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

import ctypes
there = mmap.mmap(-1, 100_000_000)
before = kb("VmRSS")
confinement.getrlimit = lambda which: (resource.RLIM_INFINITY,) * 2
try:
    confinement.lock_memory()
except OSError:
    sys.exit("not here")
comes = mmap.mmap(-1, 100_000_000)
threads = [threading.Thread(target=threading.Event().wait, daemon=True) for _ in range(8)]
for thread in threads:
    thread.start()
print(kb("VmSize"), kb("VmLck"), kb("VmRSS") - before)
"""


def test_all_of_it_is_locked_and_what_is_not_used_takes_no_memory():
    """Two times 100 MB and eight stacks that nobody touches: locked all the same."""
    done = subprocess.run(
        [sys.executable, "-c", LOCKED], capture_output=True, text=True, check=False
    )
    if done.stderr == "not here\n":
        pytest.skip("this user may not lock memory without a limit")
    assert done.stderr == ""
    size, locked, grown = map(int, done.stdout.split())
    assert locked > size - 1000
    assert locked > 200_000
    assert grown < 4000


def test_under_a_limit_nothing_is_tried(monkeypatch):
    """Memory beyond it would be refused later, in the middle of an alarm."""
    monkeypatch.setattr(confinement, "getrlimit", lambda which: (8_388_608, -1))
    monkeypatch.setattr(ctypes, "CDLL", None)
    with pytest.raises(OSError, match="8192 kB") as caught:
        confinement.lock_memory()
    assert told(caught.value) == "only 8192 kB may be locked: LimitMEMLOCK= in the unit"


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EPERM, errno.ENOMEM])
def test_a_kernel_that_refuses_is_quoted(monkeypatch, code):
    """EINVAL is a kernel before 4.4, EPERM a filter of system calls."""

    class Libc:
        def mlockall(self, flags):
            assert flags == 7
            ctypes.set_errno(code)
            return -1

    monkeypatch.setattr(confinement, "getrlimit", lambda which: (-1, -1))
    monkeypatch.setattr(ctypes, "CDLL", lambda name, use_errno: Libc())
    with pytest.raises(OSError, match=os.strerror(code)) as caught:
        confinement.lock_memory()
    assert told(caught.value) == f"{os.strerror(code)} ({errno.errorcode[code]})"


def refuses(code):
    def opens(path, flags):
        raise OSError(code, os.strerror(code))

    return opens


@pytest.mark.parametrize(
    ("code", "is_open"),
    [("EPERM", False), ("EACCES", False), ("ENOENT", False), ("ENXIO", True), ("ENODEV", True)],
)
def test_what_the_kernel_says_of_a_withheld_device(monkeypatch, code, is_open):
    """EPERM is the unit's limit; EACCES the file's own mode; ENXIO comes of the driver, behind both."""
    monkeypatch.setattr(os, "open", refuses(getattr(errno, code)))
    assert confinement.not_withheld(["/dev/a"]) == ("/dev/a" if is_open else None)


def test_one_that_is_withheld_is_enough(monkeypatch, tmp_path):
    """Another may have the number of one that is allowed."""
    opens = iter([OSError(errno.EACCES, "mode"), OSError(errno.EPERM, "unit"), None])

    def refused(path, flags):
        raise next(opens)

    monkeypatch.setattr(os, "open", refused)
    assert confinement.not_withheld(["/dev/a", "/dev/b", "/dev/c"]) is None


def test_a_device_that_can_be_opened_is_named(tmp_path):
    (tmp_path / "open").touch()
    found = confinement.not_withheld([str(tmp_path / "none"), str(tmp_path / "open")])
    assert found == str(tmp_path / "open")
