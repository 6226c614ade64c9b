"""What keeps the daemon to itself, as far as the kernel goes along: its memory, and its unit's limits.

The memory, with keys and positions in it, is not to be swapped to the card. The unit's DeviceAllow=
and IPAddressDeny= are small programs for the kernel (cgroup v2, CONFIG_CGROUP_BPF); a kernel without
them leaves both out, and systemd's journal alone says so, once, at boot.
"""

import errno
import os
from collections.abc import Iterable
from resource import RLIM_INFINITY, RLIMIT_MEMLOCK, getrlimit

ALL_OF_IT = 1 | 2 | 4  # mlockall(2): what is there and what comes, each page once it is used

WITHHELD = ("/dev/gpiomem", "/dev/fuse", "/dev/net/tun")
"""What GPIO's group or anybody may open, and the unit's DeviceAllow= does not name."""
_PASSED = (errno.ENXIO, errno.ENODEV)  # no driver: the limits are looked at before that


def not_withheld(paths: Iterable[str] = WITHHELD) -> str | None:
    """A device that the unit withholds and that can be opened all the same, if any."""
    for path in paths:
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno == errno.EPERM:  # the limits do what they should
                return None
            if error.errno not in _PASSED:
                continue
        return path
    return None


def lock_memory() -> None:
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
