"""What the armed wearable does while nobody touches it: wake-ups, bytes to the card, to the air."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.alarm.press import warm_up
from bench.figure import say
from simulation import idle
from simulation.air import DAY_S, IdleDay
from stage.stage import NotSeen, PartMissing, Stage

WATCHED_S = 120.0
STARTED_S = 75.0  # the first heartbeat is over: what a start costs is not what idling costs
HEARTBEAT_S = 600.0
NAT_S = 300.0  # a carrier that forgets: the dearer case at this interval
_HOURS = 24.0
_WRITES = "write,writev,pwrite64,pwritev,pwritev2,ftruncate,fallocate,rename,renameat,renameat2"
OPTIONS = ("-f", "-y", "-s", "0", "-e", f"trace={_WRITES}")
_WRITTEN = re.compile(r"\b\w+\((?:\d+<(?P<file>[^>]*)>)?.*\) += (?P<bytes>\d+)\s*$")
_SWITCHES = re.compile(r"^(?:non)?voluntary_ctxt_switches:\s*(\d+)$", re.MULTILINE)


def idle_wakeups_per_s(watched_s: float = WATCHED_S) -> float:
    """How often a thread of the armed, idle daemon is woken, a second; modem with real delays.

    A thread that came or went meanwhile would not be counted in full: there must be none.
    """
    with _idle() as stage:
        process = Path(f"/proc/{stage.pid('daemon')}/task")
        before, began = switches(process), time.monotonic()
        time.sleep(watched_s)
        after, lasted = switches(process), time.monotonic() - began
    if before.keys() != after.keys():
        raise NotSeen("threads came or went while nothing happened")
    return (sum(after.values()) - sum(before.values())) / lasted


def switches(tasks: Path) -> dict[str, int]:
    """How often each thread of ``/proc/PID/task`` has been switched to, by its number."""
    return {
        task.name: sum(map(int, _SWITCHES.findall((task / "status").read_text())))
        for task in tasks.iterdir()
    }


def idle_bytes_written_per_day(watched_s: float = WATCHED_S, hours: float = _HOURS) -> float:
    """Bytes that the idle daemon writes to its card in a day, after the start.

    The real one is watched by strace for a while, and a simulated day adds what comes rarely.
    """
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as name:
        simulated = idle.written(IdleDay(Path(name), HEARTBEAT_S, NAT_S), hours) * _HOURS / hours
    with _idle() as stage:
        watched = written(_traced(stage, watched_s), stage.folder / "state") * DAY_S / watched_s
    say(f"simulated day {simulated} bytes, watched {watched:.0f} bytes a day")
    return simulated + watched


def written(trace: str, folder: Path) -> int:
    """Bytes that a trace shows written into files of this folder; a change without any is one."""
    total = 0
    for line in trace.splitlines():
        call = _WRITTEN.search(line)
        if call is not None and str(folder) in line:
            total += max(int(call["bytes"]), 1)
    return total


def air_bytes_per_day() -> float:
    """Bytes over the air of an idle day at the default interval, both directions, with headers.

    By a carrier that forgets idle connections: that is the dearer.
    """
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as name:
        return IdleDay(Path(name), HEARTBEAT_S, NAT_S).passes_by()


@contextmanager
def _idle() -> Iterator[Stage]:
    """The whole stage, armed, connected, with a fix and its first heartbeat answered."""
    with (
        tempfile.TemporaryDirectory(prefix="outcry-bench-") as name,
        Stage(Path(name), ("--warm",)) as stage,
    ):
        warm_up(stage)

        def answered() -> bool:
            return any(event["modem"] == "wearer" for event in stage.events("tcp-received"))

        stage.wait("a heartbeat's receipt", answered, STARTED_S)
        yield stage


def _traced(stage: Stage, watched_s: float) -> str:
    """What strace has seen of the daemon's writes in the time watched."""
    if shutil.which("strace") is None:
        raise PartMissing("strace is not installed; tools/system-packages installs it")
    out = stage.folder / "trace"
    command = ["strace", *OPTIONS, "-o", str(out), "-p", str(stage.pid("daemon"))]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        time.sleep(watched_s)
        if tracer.poll() is not None:
            raise NotSeen("strace could not watch the daemon")
    finally:
        tracer.terminate()
        tracer.communicate()
    return out.read_text()
