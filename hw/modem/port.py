"""The serial port: bytes out, bytes in, and a bell that ends a wait.

All waiting of the modem's owner happens inside ``Port.read``. A port that
moves a clock instead of waiting therefore runs the whole owner in virtual
time, on one thread.
"""

import contextlib
import os
import select
import threading
from typing import TYPE_CHECKING, Protocol

from outcry.hw.modem.errors import PortLost
from outcry.hw.system_errors import told

if TYPE_CHECKING:
    from outcry.hw.modem.link import Link

READ_SIZE = 4096  # bytes
BEAT_S = 3.0  # how long a wait may last without a sign of life to the watchdog
RATES = (115200, 57600, 38400, 19200, 9600)  # bits a second that modems are set to
RARE_RATES = (4800, 230400, 460800, 2400, 1200)  # manual p.53; those that every port can do
RATE_LIMIT_S = 0.5  # for each: a modem at 9600 answers AT within 0.1 s
WRITE_LIMIT_S = 3.0  # 4 kB take 0.35 s at 115200; without flow control nothing may hold longer


class Port(Protocol):
    """What the owner needs of a serial line. ``PortLost`` is the only error it may raise."""

    rate: int
    """Bits a second, as set; another one may be set."""

    def write(self, data: bytes) -> None:
        """Hand all of ``data`` to the line."""

    def read(self, timeout_s: float) -> bytes:
        """Whatever has arrived, waiting at most ``timeout_s``; empty when time is up or woken."""

    def wake(self) -> None:
        """End a ``read`` that waits, or else the next one. Callable from any thread."""

    def close(self) -> None:
        """Give the device back. Closing twice is harmless."""


class SerialPort:
    """A real device through pyserial, three wires: no RTS/CTS, no DTR/DSR.

    SIM800L flow control is off by default and CTS seldom wired (hardware
    design V1.00 p.29). The device is locked against a second opener.
    """

    def __init__(self, path: str, baudrate: int = 115200) -> None:
        """Raises ``PortLost`` if the device is absent, busy or not ours to open."""
        import serial  # here, so that importing the modem stays cheap at start

        try:
            self._serial = serial.Serial(
                path,
                baudrate,
                timeout=0,
                write_timeout=WRITE_LIMIT_S,
                rtscts=False,
                dsrdtr=False,
                xonxoff=False,
                exclusive=True,
            )
        except (OSError, ValueError) as exc:
            raise PortLost(f"cannot open the serial device {path}: {told(exc)}") from exc
        self._fd: int = self._serial.fileno()
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._rope, False)
        self._open = True
        self._closing = threading.Lock()  # a wake must never write to a descriptor that is reused

    def write(self, data: bytes) -> None:
        """Hand ``data`` to the line; raises ``PortLost`` when it is not taken in time."""
        try:
            self._serial.write(data)
        except OSError as exc:  # pyserial's errors are OSErrors
            raise PortLost(f"the modem's serial device takes no bytes: {told(exc)}") from exc

    def read(self, timeout_s: float) -> bytes:
        """What has arrived; empty when time is up or woken; ``PortLost`` on a hang-up."""
        try:
            ready, _, _ = select.select([self._fd, self._bell], [], [], max(0.0, timeout_s))
            if self._bell in ready:
                os.read(self._bell, READ_SIZE)
            if self._fd not in ready:
                return b""
            data = os.read(self._fd, READ_SIZE)
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as exc:
            raise PortLost(f"the modem's serial device went away: {told(exc)}") from exc
        if not data:
            raise PortLost("the modem's serial device hung up")
        return data

    @property
    def rate(self) -> int:
        return int(self._serial.baudrate)

    @rate.setter
    def rate(self, rate: int) -> None:
        try:
            self._serial.baudrate = rate
        except (OSError, ValueError) as exc:
            raise PortLost(f"the modem's serial device takes no other rate: {told(exc)}") from exc

    def fileno(self) -> int:
        """The device's descriptor, for waiting on it among others."""
        return self._fd

    def wake(self) -> None:
        """End a waiting ``read``; a full pipe already holds a wake."""
        with self._closing:
            if self._open:
                with contextlib.suppress(BlockingIOError):
                    os.write(self._rope, b"!")

    def close(self) -> None:
        with self._closing:
            if not self._open:
                return
            self._open = False
            with contextlib.suppress(OSError):
                self._serial.close()
            os.close(self._bell)
            os.close(self._rope)


def find_rate(link: "Link", port: Port, wanted: int, rates: tuple[int, ...] = RATES) -> str:
    """Try other rates on a modem that does not answer; what was found, or nothing.

    One that is found is set to ``wanted``, the rate of the settings, and keeps it. If it does not take that,
    it is talked to at its own. At worst 4 s.
    """
    before = port.rate
    for rate in dict.fromkeys((wanted, *rates)):
        port.rate = rate
        if rate != before and link.answers(RATE_LIMIT_S):
            break
    else:
        port.rate = before
        return ""
    if rate == wanted:
        return f"it talks at {wanted} baud, as modem.baud says"
    if link.command(f"AT+IPR={wanted}", idle=True).done:
        port.rate = wanted
        if link.answers(RATE_LIMIT_S):
            link.command("AT&W", idle=True)  # some firmware keeps the rate without it, some not
            return f"it talked at {rate} baud and was set to {wanted}, as modem.baud says"
        port.rate = rate
    return f"it talks at {rate} baud and not at {wanted}, as modem.baud says; going on at {rate}"
