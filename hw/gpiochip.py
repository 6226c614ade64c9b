"""The kernel's GPIO chip as pins for gpiozero.

gpiozero's usual library, lgpio, looks at its pins every 0.5 ms while it watches one (0.2.2): 1,800
wake-ups a second out of a battery that should wake twice. The kernel needs no looking: whoever reads
a line sleeps until its next edge, and the edge carries the time when it happened.

Numbers are those of linux/gpio.h, interface version 2: every kernel since 5.10 has it.
"""

import errno
import fcntl
import logging
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from struct import Struct

from gpiozero.pins import Factory, Pin

log = logging.getLogger(__name__)

CHIP = "/dev/gpiochip0"  # the header's, on every Pi that the wearable fits
EDGES_KEPT = 256  # the newest, while we are late: a bouncing contact makes dozens
SETTLES_MS = 50  # after a burst of edges the level is looked at: a Pi's chip may lose the last one
AGAIN_MS = 100  # a line at fault is asked for again, and goes by its level meanwhile
WELL_AFTER_S = 30.0  # a line that was at fault

GET_LINE, SET_CONFIG, GET_VALUES, SET_VALUES = 0xC250B407, 0xC110B40D, 0xC010B40E, 0xC010B40F
REQUEST = Struct("=I252x32sQ264xII20xi")  # line, consumer, flags, lines, edges kept; a file
CONFIG = Struct("=Q264x")  # flags
VALUES = Struct("=QQ")  # levels, of which lines
EDGE = Struct("=QI36x")  # nanoseconds of the monotonic clock, which
INPUT, OUTPUT, BOTH_EDGES, RISING = 1 << 2, 1 << 3, 1 << 4 | 1 << 5, 1
PULLS = {"up": 1 << 8, "down": 1 << 9, "floating": 1 << 10}

Handler = Callable[[float, bool], None]


class ChipFactory(Factory):  # type: ignore[misc]  # gpiozero has no types
    """Pins by their number on the chip, which is BCM's on a Pi. Raises OSError without a chip.

    A pin in use, here or by another program, is refused by the kernel when it is opened.
    """

    def __init__(self, chip: str = CHIP) -> None:
        super().__init__()
        self._chip = os.open(chip, os.O_RDWR | os.O_CLOEXEC)
        self.pins: dict[int, ChipPin] = {}

    def pin(self, name: int) -> "ChipPin":
        self.pins[name] = ChipPin(self._chip, name)
        return self.pins[name]

    def reserve_pins(self, requester: object, *names: object) -> None:
        """Left to the kernel."""

    release_pins = reserve_pins
    ticks = staticmethod(time.monotonic)

    def ticks_diff(self, later: float, earlier: float) -> float:
        return later - earlier

    def close(self) -> None:
        for pin in self.pins.values():
            pin.close()
        os.close(self._chip)


class ChipPin(Pin):  # type: ignore[misc]  # gpiozero has no types
    """One line. Whatever the kernel refuses raises OSError.

    A thread waits for the edges, if anybody wants them; the pin must not be closed from there.
    """

    def __init__(self, chip: int, number: int) -> None:
        self.number = number
        self.name = f"GPIO{number}"
        self.fault: OSError | None = None
        """Why its edges or level cannot be read now. It is tried again without end."""
        self._chip = chip
        self._line = -1
        self._flags = 0
        self._watcher: threading.Thread | None = None
        self._stop = -1

    def close(self) -> None:
        self._set_when_changed(None)
        if self._line >= 0:
            with suppress(OSError):
                self._configure(INPUT)  # lets go of the wire: a Pi's kernel leaves an output driven
            os.close(self._line)
            self._line = -1

    def _configure(self, flags: int) -> None:
        if self._line < 0:
            request = REQUEST.pack(self.number, b"outcry", flags, 1, EDGES_KEPT, 0)
            self._line = REQUEST.unpack(fcntl.ioctl(self._chip, GET_LINE, request))[-1]
        else:
            fcntl.ioctl(self._line, SET_CONFIG, CONFIG.pack(flags))
        self._flags = flags

    def _get_info(self) -> "ChipPin":
        return self  # gpiozero 2 asks for the name alone

    def _get_function(self) -> str:
        return "output" if self._flags & OUTPUT else "input"

    def _set_function(self, value: str) -> None:
        self._configure({"input": INPUT, "output": OUTPUT}[value])

    def _get_state(self) -> bool:
        return bool(self._values(GET_VALUES, False))

    def _set_state(self, value: float) -> None:
        self._values(SET_VALUES, bool(value))

    def _values(self, command: int, level: bool) -> int:
        return int(VALUES.unpack(fcntl.ioctl(self._line, command, VALUES.pack(level, 1)))[0])

    def _get_pull(self) -> str:
        return next((name for name, flag in PULLS.items() if self._flags & flag), "floating")

    def _set_pull(self, value: str) -> None:
        self._configure(INPUT | PULLS[value])

    def _set_edges(self, value: str) -> None:
        """Both: gpiozero's devices ask for nothing else."""

    def _set_when_changed(self, handler: Handler | None) -> None:
        if self._watcher is not None:
            os.eventfd_write(self._stop, 1)
            self._watcher.join()
            os.close(self._stop)
            self._watcher = None
        if handler is not None:
            self._configure(self._flags | BOTH_EDGES)
            self._stop = os.eventfd(0)
            watcher = threading.Thread(
                target=self._watch, args=(handler,), name=self.name, daemon=True
            )
            watcher.start()
            self._watcher = watcher

    def _watch(self, handler: Handler) -> None:
        both, stop = select.poll(), select.poll()
        for waits, file in ((both, self._line), (both, self._stop), (stop, self._stop)):
            waits.register(file, select.POLLIN)
        waits, wait_ms, level = both, None, None
        while self._stop not in (ready := dict(waits.poll(wait_ms))):
            try:
                edges = self._edges(ready[self._line]) if ready else self._missed(level)
            except OSError as error:
                self._ask_again(error)
                waits = stop if ready else both  # or a line that fails at once keeps us busy
                wait_ms = AGAIN_MS
                continue
            for at, level in edges:
                try:
                    handler(at, level)
                except Exception as error:  # noqa: BLE001 - the next press must be heard
                    log.critical("%s: an edge was lost (%s)", self.name, type(error).__name__)
            if self.fault and time.monotonic() - self._failed_at >= WELL_AFTER_S:
                self.fault = None
            waits, wait_ms = both, AGAIN_MS if self.fault else SETTLES_MS if ready else None

    def _ask_again(self, error: OSError) -> None:
        """Under the file's old number: others may be using it."""
        self._failed_at = time.monotonic()
        self.fault = self.fault or error
        again = ChipPin(self._chip, self.number)
        try:
            os.dup2(self._stop, self._line, inheritable=False)  # lets go of the line
            again._configure(self._flags)
            os.dup2(again._line, self._line, inheritable=False)
            os.close(again._line)
            self.fault = error
        except OSError as refusal:
            self.fault = refusal

    def _edges(self, ready: int) -> list[tuple[float, bool]]:
        edges = os.read(self._line, EDGES_KEPT * EDGE.size) if ready & select.POLLIN else b""
        if not edges or len(edges) % EDGE.size:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return [(at_ns / 1e9, edge == RISING) for at_ns, edge in EDGE.iter_unpack(edges)]

    def _missed(self, level: bool | None) -> list[tuple[float, bool]]:
        """The edge that chip or kernel lost at the end of a burst, if they did."""
        return [(time.monotonic(), now)] if (now := self._get_state()) is not level else []
