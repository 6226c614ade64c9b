"""A pseudo-terminal that behaves like a UART: raw, never hung up, and forgetful when unread."""

import fcntl
import os
import struct
import termios
import tty
from contextlib import suppress
from pathlib import Path

UNREAD_LIMIT = 65536  # bytes kept for a slow reader; a UART would have lost them long before
_RATES: dict[int, int] = {
    getattr(termios, f"B{rate}"): rate
    for rate in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800)
}


class PtyPort:
    """The device's end. The other end is :attr:`path`, to be opened like any serial port."""

    def __init__(self, link: Path | None = None) -> None:
        """``link`` becomes a symlink to the port, in place of an older one, until it is closed."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        os.chmod(self.path, 0o666)  # gpsd gives up root before it opens the port again
        self._unwritten = bytearray()
        self._link = link
        if link is not None:
            link.unlink(missing_ok=True)
            link.symlink_to(self.path)

    @property
    def name(self) -> str:
        """By what it is found: the link, if it has one."""
        return str(self._link or self.path)

    def fileno(self) -> int:
        return self._master

    @property
    def wants_writing(self) -> bool:
        return bool(self._unwritten)

    def read(self) -> bytes:
        """What the host has written, b"" when nothing."""
        try:
            return os.read(self._master, 4096)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        """Send, as far as the host reads; the rest leaves on the next :meth:`flush`."""
        self._unwritten += data
        del self._unwritten[:-UNREAD_LIMIT]
        self.flush()

    def flush(self) -> None:
        with suppress(BlockingIOError):
            while self._unwritten:
                del self._unwritten[: os.write(self._master, self._unwritten)]

    def baud(self) -> int:
        """The rate the host has set, in bits a second; a pty itself does not mind."""
        return _RATES.get(termios.tcgetattr(self._slave)[5], 0)

    def unread(self) -> int:
        """Bytes that nobody has read yet."""
        waiting = fcntl.ioctl(self._slave, termios.FIONREAD, b"\0" * 4)
        return int(struct.unpack("i", waiting)[0])

    def forget_unread(self) -> None:
        termios.tcflush(self._slave, termios.TCIFLUSH)
        self._unwritten.clear()

    def close(self) -> None:
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
