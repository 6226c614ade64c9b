"""Forms: sections of named values, each checked, every problem told in the words of the file."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Key:
    """One value: its default, whose type it has; whether a value will do; what to write instead.

    What may be ``secret`` is never repeated.
    """

    default: Any
    good: Callable[[Any], bool]
    write: str
    secret: bool = False


def fill(where: str, keys: Mapping[str, Key], given: object, problems: list[str]) -> dict[str, Any]:
    """The values of a section, defaults for what is not given; adds each problem found."""
    if not isinstance(given, dict):
        problems.append(f"{where} is not a section; write [{where}] and its keys below")
        given = {}
    values = {}
    for name, key in keys.items():
        value = given.get(name, key.default)
        if type(value) is int and type(key.default) is float:
            value = float(value)
        if type(value) is not type(key.default) or not key.good(value):
            said = "this value" if key.secret else repr(value)
            problems.append(f"{where}.{name}: {said} will not do; write {key.write}")
            value = key.default
        values[name] = value
    problems += [unknown(name, keys, f"{where}.") for name in given if name not in keys]
    return values


def unknown(name: str, known: Mapping[str, object], where: str = "") -> str:
    """What to say of a name that is not known here."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f'; did you mean "{where}{near[0]}"?' if near else f"; known are {', '.join(known)}"
    return f"{where}{name} is not known{hint}"


def within(least: float, most: float) -> Callable[[Any], bool]:
    """Whether a number is one of these."""
    return lambda value: least <= value <= most
