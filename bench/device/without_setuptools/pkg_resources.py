"""Stands in for the module of this name in the packaged daemon that is measured.

gpiozero 1.6.2 loads setuptools' own, 5 MB, to find pins that a plug-in brings, as the simulated
board's are. A device has the kernel's pins, which nobody has to find: there it is never loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _BoardPins:
    @staticmethod
    def load() -> Any:
        return import_module("outcry.hw.board.pins.factory").BoardFactory


def iter_entry_points(group: str, name: str) -> list[type[_BoardPins]]:
    """The board's pins, whichever are asked for."""
    del group, name
    return [_BoardPins]
