"""The serial line between the host and the modem: bytes get lost on it, rates may differ."""

from dataclasses import dataclass
from random import Random
from typing import Literal

Direction = Literal["both", "to-modem", "to-host"]
DIRECTIONS: tuple[Direction, ...] = ("both", "to-modem", "to-host")
HOST_BAUD = 115200


@dataclass
class _Loss:
    share: float
    left: int | None
    random: Random

    def strikes(self) -> bool:
        if self.left == 0 or self.random.random() >= self.share:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Wire:
    """A true line, until told otherwise. What it loses or garbles is drawn from a given seed."""

    def __init__(self) -> None:
        self.modem_baud: int | None = None
        """The rate the modem insists on; None: whatever the host talks."""
        self.host_baud = HOST_BAUD
        """The rate the host talks, where that can be seen: on a pty."""
        self._losses: dict[Direction, _Loss] = {}
        self._random = Random(0)

    def lose(
        self,
        share: float,
        direction: Direction = "both",
        *,
        count: int | None = None,
        seed: int = 0,
    ) -> None:
        """From now on each byte vanishes with probability ``share``, until ``count`` have.

        The two directions have their own luck and, unless one is named, each its own count.
        """
        for each in DIRECTIONS[1:]:
            if direction in ("both", each):
                self._losses[each] = _Loss(share, count, Random(f"{seed} {each}"))

    def clear(self) -> None:
        """A true line again."""
        self._losses.clear()
        self.modem_baud = None

    def carried(self, data: bytes, direction: Direction) -> bytes:
        """What of these bytes reaches the other end."""
        if self.modem_baud not in (None, self.host_baud):
            return self._random.randbytes(len(data))
        loss = self._losses.get(direction)
        if loss is None:
            return data
        return bytes(byte for byte in data if not loss.strikes())
