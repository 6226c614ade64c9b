"""Ports of loopback for servers that need to know theirs before they start."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import cycle
from pathlib import Path
from random import SystemRandom

_LOWEST = 10_000  # above what a machine's own services listen on
BLOCK = 200  # more than one process has servers about to start
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """A port that nobody uses, and that nobody is given before its server has started.

    Outgoing connections are given theirs from a range of the kernel's own, and
    every process that asks here has a block to itself, which it goes round.
    Raises RuntimeError where all of the block, or every block, is taken.
    """
    _held, block = _own_block(os.getpid())
    for _ in range(BLOCK):
        port = next(block)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("every port of this process's block is in use; end the servers it started")


@cache
def _own_block(_pid: int) -> tuple[socket.socket, Iterator[int]]:
    """A block that no other process of this network has, held until this one ends.

    A process that was forked asks with a number of its own, and has its own.
    """
    end = max(int(_RANGE.read_text().split()[0]), 2 * _LOWEST)
    blocks = list(range(_LOWEST, end - BLOCK + 1, BLOCK))
    SystemRandom().shuffle(blocks)  # so that servers still ending are seldom in the way
    for lowest in blocks:
        held = socket.socket(socket.AF_UNIX)
        try:
            held.bind(f"\0outcry-ports-{lowest}")  # unix(7): its name ends with its last holder
        except OSError:
            held.close()
            continue
        return held, cycle(range(lowest, lowest + BLOCK))
    raise RuntimeError("every block of ports is taken; end the processes that took them")
