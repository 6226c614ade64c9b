"""Sets the system's clock to what the daemon knows: for outcry-clock.service, never the daemon.

Only that unit has the right to, and only if ``clock.set_system`` says so
(docs/decisions/0021-a-unit-of-its-own-sets-the-clock.md).
"""

import os
import stat
import sys
import time
from pathlib import Path

from outcry.daemon.service.true_time import FILE_NAME, SLACK_S
from outcry.daemon.settings import Settings, load
from outcry.hw.gps import is_credible


def put_right(settings: Settings) -> str:
    """Set it if that is wanted and needed; what came of it, for the journal."""
    if not settings.flag("clock", "set_system"):
        return "left alone: clock.set_system is false"
    path = settings.path("storage", "runtime") / FILE_NAME
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            return f"left alone: {path} is not the service's own"
        zero = float(file.read(64))
    if not is_credible(zero + time.monotonic()):
        return "left alone: what the daemon knows is not credible"
    if abs(zero + time.monotonic() - time.time()) <= SLACK_S:
        return "left alone: it is right"
    time.clock_settime(time.CLOCK_REALTIME, zero + time.monotonic())
    return "set to what the daemon knows"


if __name__ == "__main__":
    print("the system's clock:", put_right(load(Path(sys.argv[1]))))
