"""Keeps the daemon's memory, keys and positions in it, from being swapped to the card."""

import os
from resource import RLIM_INFINITY, RLIMIT_MEMLOCK, getrlimit

ALL_OF_IT = 1 | 2 | 4  # mlockall(2): what is there and what comes, each page once it is used


def lock() -> None:
    """Lock it for good. Raises ``OSError`` where the kernel does not let us."""
    soft, _ = getrlimit(RLIMIT_MEMLOCK)
    if soft != RLIM_INFINITY:
        # At a limit the kernel would refuse memory later, a thread's stack too: an alarm lost.
        raise OSError(None, f"only {soft // 1024} kB may be locked: LimitMEMLOCK= in the unit")
    import ctypes  # late: it takes 0.4 MB, and only here

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(ALL_OF_IT):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
