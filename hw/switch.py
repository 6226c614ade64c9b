"""A switch between a GPIO pin and ground, through gpiozero.

Wiring: the switch between the pin (BCM numbering) and ground; the Pi's own
pull-up holds the pin high. This adapter reports edges and nothing else: what
they mean is decided elsewhere. So it is a ``DigitalInputDevice``:
``gpiozero.Button`` adds ``when_held``, which one short opening cancels, and a
thread that wakes ten times a second.

An edge's time is the kernel's, because a busy Pi Zero may run our callback late.
And edges may be lost: a bouncing contact makes dozens, close together. So what
depends on the time must ask :meth:`Switch.is_told` first.

``GPIOZERO_PIN_FACTORY`` selects other pins than the kernel's: ``mock`` or ``board``
on a laptop.
"""

import logging
import threading
import time
from collections.abc import Callable

import gpiozero

from outcry.hw.pin_library import PinUnusable, on_pin, pin_faults

log = logging.getLogger(__name__)

LOST_AFTER_S = 0.05  # an edge that comes no sooner is lost
LATE_AT_MOST_S = 60.0  # longer than a process may hang before its watchdog ends it


class Switch:
    """Edges of one switch, reported as ``on_edge(closed, at)``, seconds of ``clock``.

    ``on_edge`` runs in gpiozero's thread: it should only put a message into a queue. A switch that
    is closed already is reported at once. Raises ``PinUnusable`` if the pin cannot be used.
    """

    name: str

    def __init__(
        self,
        pin: int,
        on_edge: Callable[[bool, float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_edge = on_edge
        self._clock = clock
        self._lock = threading.RLock()
        self._told = False
        self._differs_since: float | None = None
        self._look_at: float | None = None
        self._part = f"{self.name} on GPIO {pin}"
        self.fault: PinUnusable | None = None
        """Why it may not be heard, as :meth:`is_told` found."""
        with pin_faults(self._part):
            self._device = on_pin(gpiozero.DigitalInputDevice, pin, pull_up=True)
        self._device.when_activated = lambda: self._changed(True, self._device.active_time)
        self._device.when_deactivated = lambda: self._changed(False, self._device.inactive_time)
        with self._lock:
            if self._device.is_active:  # closed before we looked: no edge will come
                self._tell(True, clock())

    @property
    def closed(self) -> bool:
        return bool(self._device.is_active)

    def is_told(self) -> bool:
        """Whether the contact is as it was last reported.

        If not, an edge is on its way: decide nothing until it comes. One that does not come within
        50 ms is reported here, at the time it was missed. A pin that cannot be read counts as it was
        reported: then only the edges are left.
        """
        with self._lock:
            now = self._clock()
            closed = self._read()
            if closed is None or closed == self._told:
                self._differs_since = None
                if self._look_at is not None and self._look_at <= now:
                    self._look_at = None
                return True
            if self._differs_since is None:
                self._differs_since = now
            if self._differs_since + LOST_AFTER_S <= now:
                self._tell(closed, self._differs_since)
            return False

    def due(self, wanted: float | None) -> float | None:
        """When to ask :meth:`is_told` if the caller wants to look at ``wanted``.

        Sooner, in case the next edge gets lost; later, while one is on its way.
        """
        if self._differs_since is not None:
            return self._differs_since + LOST_AFTER_S
        return min((due for due in (wanted, self._look_at) if due is not None), default=None)

    def close(self) -> None:
        self._device.close()

    def _read(self) -> bool | None:
        was, self.fault, closed = self.fault, None, None
        try:
            with pin_faults(self._part):
                if error := getattr(self._device.pin, "fault", None):
                    raise error  # the kernel's pins look at their level by themselves then
                closed = self.closed
        except PinUnusable as fault:
            self.fault = fault
        if (was is None) != (self.fault is None):
            log.error("%s", self.fault or f"{self._part}: it can be read again")
        return closed

    def _changed(self, closed: bool, ago_s: float | None) -> None:
        late_s = ago_s if ago_s is not None and 0 <= ago_s <= LATE_AT_MOST_S else 0.0
        with self._lock:
            if closed != self._told:
                self._tell(closed, self._clock() - late_s)

    def _tell(self, closed: bool, at: float) -> None:
        self._told = closed
        self._differs_since = None
        self._look_at = self._clock() + LOST_AFTER_S
        self._on_edge(closed, at)


class Button(Switch):
    """The panic button: closed while it is pressed."""

    name = "button"


class Strap(Switch):
    """The strap's loop of wire: closed while the strap is fastened.

    The wire runs through the strap and its buckle, from the pin to ground and nothing else, so that
    cutting or tearing it anywhere opens it. Anyone who knows of the loop can bridge it before
    cutting; see docs/threats.md.
    """

    name = "strap"
