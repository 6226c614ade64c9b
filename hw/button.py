"""The panic button on a GPIO pin, through gpiozero.

Wiring: the button between the pin (BCM numbering) and ground; the Pi's own
pull-up holds the pin high. This adapter tells edges and nothing else: what
counts as a hold is decided elsewhere, from the edges alone. So it is a
``DigitalInputDevice``: ``gpiozero.Button`` adds ``when_held``, which one short
opening cancels, at the price of a thread that wakes ten times a second.

``GPIOZERO_PIN_FACTORY`` selects the pins: ``lgpio`` on a Pi, ``mock`` or
``board`` on a laptop.
"""

from __future__ import annotations

from collections.abc import Callable

import gpiozero


class ButtonUnusable(Exception):
    """The button's pin cannot be used; check the pin's number and the pin factory."""


class Button:
    """Edges of one button. ``on_edge(closed)`` runs in gpiozero's thread: put an event, no more.

    Raises :class:`ButtonUnusable` if the pin cannot be had.
    """

    def __init__(self, pin: int, on_edge: Callable[[bool], None]) -> None:
        try:
            self._button = gpiozero.DigitalInputDevice(pin, pull_up=True)
        except Exception as error:  # each library of pins raises errors of its own
            raise ButtonUnusable(f"button on GPIO {pin}: {type(error).__name__}") from error
        self._button.when_activated = lambda: on_edge(True)
        self._button.when_deactivated = lambda: on_edge(False)
        if self._button.is_active:  # down since before we looked: no edge will ever tell
            on_edge(True)
            if not self._button.is_active:  # let go meanwhile, and told before we told the press
                on_edge(False)

    @property
    def closed(self) -> bool:
        """Whether the contact is closed now."""
        return bool(self._button.is_active)

    def close(self) -> None:
        """Go deaf and free the pin."""
        self._button.close()
