"""The strap's loop of wire on a GPIO pin: a switch that is closed while the strap is fastened.

Wiring: the wire runs through the strap and its buckle, from the pin to ground
and nothing else, so that cutting or tearing it anywhere opens it. Anyone who
knows of the loop can bridge it before cutting; see docs/threats.md.
"""

from __future__ import annotations

from outcry.hw.switch import Switch, SwitchUnusable


class StrapUnusable(SwitchUnusable):
    """The strap's pin cannot be used; check the pin's number and the pin factory."""


class Strap(Switch):
    """The loop's edges. Raises :class:`StrapUnusable` if the pin cannot be used."""

    name = "strap"
    unusable = StrapUnusable
