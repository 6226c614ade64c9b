"""A bench for the pin tests inside an emulated Arm board: its GPIO chip, and a hand in the chip itself.

The board is QEMU's ``virt``: a PrimeCell GPIO (PL061) of eight lines, nothing wired to them. Kernel,
driver, character device, interrupts and pin library are real; only the contact is not. What a wire
would do is done to the chip's own registers, through /dev/mem: a line that is an input for the
kernel is driven for an instant as an output and keeps that level, and the chip sees an edge as from
outside. So the whole bench lies in the board, under its own clock.

The registers' places: Arm's PrimeCell GPIO (PL061) Technical Reference Manual, chapter 3.
"""

import mmap
import os
import threading
import time

from pin_benches import BUTTON, STRAP, RealTime

BASE = 0x0903_0000  # where QEMU's virt has the chip
DIRECTION = 0x400 // 4  # a line's bit set: an output
LOOKS_EVERY_S = 0.004  # how close the probe's times are


class RegisterBench(RealTime):
    """The chip's lines, driven and read in its registers."""

    def __init__(self):
        memory = os.open("/dev/mem", os.O_RDWR | os.O_SYNC)
        self._mapping = mmap.mmap(memory, mmap.PAGESIZE, offset=BASE)
        os.close(memory)
        self._registers = memoryview(self._mapping).cast("I")
        self._closed = threading.Event()
        self._probes = []
        for pin in (BUTTON, STRAP):
            self.let_go(pin)

    def ground(self, pin):
        self._drive(pin, 0)

    def let_go(self, pin):
        self._drive(pin, 1)

    def volts(self, pin):
        return 3.3 if self._registers[1 << pin] else 0.0

    def changes(self, pin):
        """Each change of the pin from now on: when, and whether it was to high."""
        changes = []
        probe = threading.Thread(target=self._look, args=(pin, changes), daemon=True)
        self._probes.append(probe)
        probe.start()
        return changes

    def close(self):
        self._closed.set()
        for probe in self._probes:
            probe.join()
        self._registers.release()
        self._mapping.close()

    def _drive(self, pin, level):
        bit = 1 << pin
        self._registers[DIRECTION] |= bit
        self._registers[bit] = level and bit  # the address says which lines are written
        self._registers[DIRECTION] &= ~bit

    def _look(self, pin, changes):
        was = self.volts(pin) > 0
        while not self._closed.wait(LOOKS_EVERY_S):
            now = self.volts(pin) > 0
            if now != was:
                changes.append((time.monotonic(), now))
            was = now
