"""Ports of loopback for servers that need to know theirs before they start."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

_LOWEST = 10_000  # above what a machine's own services listen on
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_CHOICE = SystemRandom()  # two processes that choose at once must not choose alike


def free_port() -> int:
    """A port that nobody uses, and that no outgoing connection is given meanwhile.

    Those come from a range of the kernel's own; a port of that may be taken
    again before its server has started.
    """
    end = max(int(_RANGE.read_text().split()[0]), 2 * _LOWEST)
    while True:
        port = _CHOICE.randrange(_LOWEST, end)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
