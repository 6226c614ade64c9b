"""The fields of a request to a running board, each checked as it is taken."""

from typing import Any, TypeVar

from outcry.hw.board.modem.cells import Cell

PIN_LIMIT = 53  # GPIO numbers of a Raspberry Pi's chip

Json = dict[str, Any]
Choice = TypeVar("Choice", bound=str)


class Invalid(ValueError):
    """A request that cannot be done; its text is for the person who asked."""


def text_of(request: Json, key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str) or not value:
        raise Invalid(f"{key} is missing")
    return value


def choice_of(request: Json, key: str, choices: tuple[Choice, ...]) -> Choice:
    for choice in choices:
        if request.get(key) == choice:
            return choice
    raise Invalid(f"{key} is one of {', '.join(choices)}")


def number_of(request: Json, key: str, low: float, high: float) -> float:
    value: Any = request.get(key)
    if type(value) not in (int, float) or not low <= value <= high:  # True is an int, too
        raise Invalid(f"{key} is a number from {low:g} to {high:g}")
    return float(value)


def whole_of(request: Json, key: str, low: int, high: int) -> int:
    value = number_of(request, key, low, high)
    if value != int(value):
        raise Invalid(f"{key} is a whole number from {low} to {high}")
    return int(value)


def pin_of(request: Json) -> int:
    return whole_of(request, "pin", 0, PIN_LIMIT)


def switch_of(request: Json) -> bool:
    value = request.get("on")
    if not isinstance(value, bool):
        raise Invalid("on is true or false")
    return value


def cell_of(given: object) -> Cell:
    """From [area, cell] or [area, cell, level], numbers."""
    match given:
        case [int(area), int(name)]:
            return Cell(area, name)
        case [int(area), int(name), int(level)] if 0 <= level <= 63:
            return Cell(area, name, level=level)
    raise Invalid("a cell is its area code, its number and, if you like, its level from 0 to 63")
