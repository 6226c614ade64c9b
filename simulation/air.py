"""What an idle day costs over the air, counted at the simulated modem.

The board knows each connection and each segment. Headers, acknowledgements, look-ups and what is sent
on a connection that the carrier has forgotten are added as TCP/IPv4 has them.
"""

from __future__ import annotations

from pathlib import Path

from outcry.envelope import SEALED_BYTES
from outcry.hw.modem.http import HttpStream
from simulation.clockwork import HQ
from simulation.wearable import SimulatedWorld

BEGIN_S = 100.0
DAY_S = 86_400.0
HEADERS = 40  # IPv4 20 and TCP 20, without options
SYN = 44  # with the largest segment's size
HANDSHAKE = 2 * SYN + HEADERS
GOODBYE = 4 * HEADERS
LOOKUP = 2 * 28 + 2 * (18 + 24) + 16  # UDP and DNS headers, a name of 24 letters twice, an answer
# A segment that nobody acknowledges is sent once more before we close after 3 s: TCP waits for
# three times a round trip at least (RFC 6298, 2.2), which is 0.8 to 1 s by GPRS.
SENT_IN_VAIN = 2
REQUEST = len(HttpStream(*HQ).request(bytes(SEALED_BYTES)))
ANSWER_HEAD = (
    b"HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 12:00:00 GMT\r\ncontent-length: %d\r\n"
    b"content-type: application/octet-stream\r\n\r\n"
)

Seen = list[tuple[float, str, dict[str, object]]]


class IdleDay(SimulatedWorld):
    """A day on which nobody touches the device. ``nat_s``: see :meth:`Sim800.set_nat`."""

    def __init__(self, folder: Path, heartbeat_s: float, nat_s: float | None) -> None:
        self._interval_s = heartbeat_s
        super().__init__(folder)
        self.sim.set_nat(nat_s, self.now)

    def starts(self) -> None:
        self.settings["supervision"]["heartbeat_minutes"] = self._interval_s / 60
        self.settings["supervision"]["kilobytes_per_day"] = 100_000
        super().starts()

    def http(self, body: bytes) -> bytes:
        """As the responder answers."""
        return ANSWER_HEAD % len(body) + body

    def passes_by(self, part: float = 1.0) -> float:
        """Live this part of it; the bytes over the air in a whole day like that."""
        self.run(BEGIN_S + part * DAY_S)
        return over_the_air(self.seen) / part


def over_the_air(seen: Seen) -> int:
    """Bytes in both directions for what a board has seen of one modem."""
    total = 0
    for _, what, facts in seen:
        match what:
            case "tcp-connecting":
                total += LOOKUP + HANDSHAKE
            case "tcp-sent" | "tcp-received":
                total += int(str(facts["bytes"])) + 2 * HEADERS  # and its acknowledgement
            case "tcp-forgotten":
                total += SENT_IN_VAIN * (REQUEST + HEADERS)
            case "tcp-closed":
                total += GOODBYE
    return total
