"""The panic button on a GPIO pin: a switch that is closed while it is pressed."""

from __future__ import annotations

from outcry.hw.switch import Switch, SwitchUnusable


class ButtonUnusable(SwitchUnusable):
    """The button's pin cannot be used; check the pin's number and the pin factory."""


class Button(Switch):
    """The button's edges. Raises :class:`ButtonUnusable` if the pin cannot be used."""

    name = "button"
    unusable = ButtonUnusable
