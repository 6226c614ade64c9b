"""Pins of the simulated board for gpiozero: ``GPIOZERO_PIN_FACTORY=board``.

With ``OUTCRY_BOARD`` naming the directory of a running board, its levels reach the pins and the
pins' outputs reach it. Without, these are gpiozero's mock pins and nothing more. Loaded by the
wearer's process, so it imports little. Holds on gpiozero 1.6.2 and 2.x.
"""

import contextlib
import json
import logging
import os
import socket
import threading
from pathlib import Path
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.pins.pi import PiPin

from outcry.hw.board.meeting import connected

log = logging.getLogger(__name__)

ANSWER_S = 2.0  # how long the board may take to say which pins it drives
LOOK_AGAIN_S = 1.0


class BoardPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A mock pin to which the board's wires are soldered.

    As with the kernel, an edge carries the time when it happened, however late this
    process hears of it: the board's clock is the machine's monotonic one, and so is gpiozero's.
    """

    _happened_at: float | None = None

    def _call_when_changed(self) -> None:
        if self._happened_at is None:
            super()._call_when_changed()
        else:
            PiPin._call_when_changed(self, self._happened_at, self._state)

    def _set_pull(self, value: str) -> None:
        with self.factory.lock:
            super()._set_pull(value)
            self.factory.wire(self)

    def _set_function(self, value: str) -> None:
        was_output = self.is_output
        super()._set_function(value)
        if was_output or self.is_output:
            self.factory.tell(self)

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        if changed and self.is_output:
            self.factory.tell(self)
        return changed

    @property
    def gpio(self) -> int:
        """The number, without the warning that gpiozero 2 gives for asking."""
        return int(self._number)

    @property
    def is_output(self) -> bool:
        return bool(self._function == "output")

    def driven(self, level: int | None, at: float | None = None) -> None:
        """The board drives this pin since ``at``, or lets go of it (None): then the pull decides."""
        if self._function != "input":
            return
        if level is None:
            level = 1 if self._pull == "up" else 0
        self._happened_at = at
        if level:
            self.drive_high()
        else:
            self.drive_low()
        self._happened_at = None


class BoardFactory(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """Pins that follow a running board. Raises OSError when OUTCRY_BOARD names none.

    When the board goes away the pins keep their levels, and one thread looks for its return.
    """

    def __init__(self) -> None:
        super().__init__(pin_class=BoardPin)
        self.lock = threading.RLock()
        self._levels: dict[int, int | None] = {}
        self._socket: socket.socket | None = None
        self._closing = False
        if directory := os.environ.get("OUTCRY_BOARD"):
            reader = self._attach(Path(directory))
            threading.Thread(
                target=self._follow, args=(Path(directory), reader), name="board-pins", daemon=True
            ).start()

    def close(self) -> None:
        self._closing = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
            self._socket.close()
        super().close()

    def wire(self, pin: BoardPin) -> None:
        """Give a pin the level the board already drives, if it does."""
        with self.lock:
            level = self._levels.get(pin.gpio)
            if level is not None:
                pin.driven(level)

    def tell(self, pin: BoardPin) -> None:
        """Tell the board an output's level, None for one that no longer is an output.

        A board that is gone misses it; one that comes back is told again.
        """
        connection = self._socket
        if connection is None:
            return
        level = int(bool(pin.state)) if pin.is_output else None
        line = json.dumps({"pin": pin.gpio, "level": level}) + "\n"
        try:
            connection.send(line.encode(), socket.MSG_DONTWAIT)
        except OSError:
            log.debug("the board does not take pin levels now")

    def _attach(self, directory: Path) -> Any:
        connection = connected(directory, ANSWER_S)
        connection.sendall(b'{"do": "pins-attach"}\n')
        reader = connection.makefile("r", encoding="utf-8")
        first = reader.readline()
        if not first:
            raise ConnectionError("the board closed the connection at once")
        connection.settimeout(None)
        with self.lock:
            self._levels = {int(pin): level for pin, level in json.loads(first)["levels"].items()}
            self._socket = connection
            for pin in list(self.pins.values()):
                if pin.is_output:
                    self.tell(pin)
                else:
                    pin.driven(self._levels.get(pin.gpio))
        return reader

    def _follow(self, directory: Path, reader: Any) -> None:
        while True:
            self._read(reader)
            if self._closing:
                return
            log.warning("the simulated board is gone; pins keep their levels until it returns")
            reader = self._found_again(directory)
            if reader is None:
                return
            log.warning("the simulated board is back")

    def _read(self, reader: Any) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            for line in reader:
                change = json.loads(line)
                self._change(int(change["pin"]), change["level"], change.get("t"))

    def _change(self, number: int, level: int | None, at: float | None) -> None:
        with self.lock:
            self._levels[number] = level
            for pin in list(self.pins.values()):
                if pin.gpio == number:
                    pin.driven(level, at)

    def _found_again(self, directory: Path) -> Any:
        pause = threading.Event()
        while not self._closing:
            pause.wait(LOOK_AGAIN_S)
            with contextlib.suppress(OSError, ValueError):
                return self._attach(directory)
        return None
