"""The daemon's memory, locked where the kernel lets it and told where not."""

import ctypes
import errno
import os
import subprocess
import sys

import pytest

from outcry.daemon.service import memory_lock
from outcry.hw.system_errors import told

LOCKED = """
import mmap, re, resource, sys, threading
from pathlib import Path
from outcry.daemon.service import memory_lock

def kb(name):
    return int(re.search(rf"{name}:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

import ctypes
there = mmap.mmap(-1, 100_000_000)
before = kb("VmRSS")
memory_lock.getrlimit = lambda which: (resource.RLIM_INFINITY,) * 2
try:
    memory_lock.lock()
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
    monkeypatch.setattr(memory_lock, "getrlimit", lambda which: (8_388_608, -1))
    monkeypatch.setattr(ctypes, "CDLL", None)
    with pytest.raises(OSError, match="8192 kB") as caught:
        memory_lock.lock()
    assert told(caught.value) == "only 8192 kB may be locked: LimitMEMLOCK= in the unit"


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EPERM, errno.ENOMEM])
def test_a_kernel_that_refuses_is_quoted(monkeypatch, code):
    """EINVAL is a kernel before 4.4, EPERM a filter of system calls."""

    class Libc:
        def mlockall(self, flags):
            assert flags == 7
            ctypes.set_errno(code)
            return -1

    monkeypatch.setattr(memory_lock, "getrlimit", lambda which: (-1, -1))
    monkeypatch.setattr(ctypes, "CDLL", lambda name, use_errno: Libc())
    with pytest.raises(OSError, match=os.strerror(code)) as caught:
        memory_lock.lock()
    assert told(caught.value) == f"{os.strerror(code)} ({errno.errorcode[code]})"
