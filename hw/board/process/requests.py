"""A request to a running board; each of its fields is checked as it is taken."""

from collections.abc import Callable
from typing import Any, TypeVar

from outcry.hw.board.modem.cells import Cell

PIN_LIMIT = 53  # GPIO numbers of a Raspberry Pi's chip

Json = dict[str, Any]
Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=str)


class Invalid(ValueError):
    """A request that cannot be done; its text is for the person who asked."""


class Request(Json):
    """The JSON object that was sent. What takes a field raises Invalid where it is wrong."""

    def text(self, key: str) -> str:
        value = self.get(key)
        if not isinstance(value, str) or not value:
            raise Invalid(f"{key} is missing")
        return value

    def choice(self, key: str, choices: tuple[Choice, ...]) -> Choice:
        for choice in choices:
            if self.get(key) == choice:
                return choice
        raise Invalid(f"{key} is one of {', '.join(choices)}")

    def number(self, key: str, low: float, high: float) -> float:
        value: Any = self.get(key)
        if type(value) not in (int, float) or not low <= value <= high:  # True is an int, too
            raise Invalid(f"{key} is a number from {low:g} to {high:g}")
        return float(value)

    def whole(self, key: str, low: int, high: int) -> int:
        value = self.number(key, low, high)
        if value != int(value):
            raise Invalid(f"{key} is a whole number from {low} to {high}")
        return int(value)

    def pin(self) -> int:
        return self.whole("pin", 0, PIN_LIMIT)

    def switch(self) -> bool:
        value = self.get("on")
        if not isinstance(value, bool):
            raise Invalid("on is true or false")
        return value

    def cells(self) -> tuple[Cell, list[Cell]]:
        """The serving one and its neighbours, each given as [area, cell] or [area, cell, level]."""
        given = self.get("cells")
        if not isinstance(given, list) or not given:
            raise Invalid("cells is a list: the serving cell, then its neighbours")
        serving, *neighbours = [_cell(each) for each in given]
        return serving, neighbours

    def if_given(self, take: Callable[["Request", str], Value], key: str) -> Value | None:
        return None if self.get(key) is None else take(self, key)


def _cell(given: object) -> Cell:
    match given:
        case [int(area), int(name)]:
            return Cell(area, name)
        case [int(area), int(name), int(level)] if 0 <= level <= 63:
            return Cell(area, name, level=level)
    raise Invalid("a cell is its area code, its number and, if you like, its level from 0 to 63")
