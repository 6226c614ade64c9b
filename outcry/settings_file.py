"""Settings files: TOML in sections, checked against a table of keys, every problem told at once.

The table is the whole truth about a file: each key's default, its range or choices, and what to
write. A problem is told in the words of the file, with the key, the value and what to write
instead: ``button.hold_seconds: 0.2 is not valid; write seconds from 1 to 5``. A value that may be a
secret is never repeated, nor what stands in a key's place and may be a person's name or number.
"""

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

LONGEST = 1_000_000  # letters of a file, a hundred times what the longest of ours has
_IMPOSSIBLE = re.compile("[\0\ud800-\udfff]")  # in no file's name, and in nothing that is sent
ALIKE = 0.75  # as difflib counts: "prot" is a slip of "port", "tess" is none of "tells"

# The keys that contradict each other, the one to change first; and what is wrong with it.
Contradiction = tuple[tuple[str, ...], str]


class FileInvalid(ValueError):
    """A file cannot be used; ``problems`` says each reason and what to write instead."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class SettingsInvalid(FileInvalid):
    """Settings that cannot be used.

    ``shown``, where the file could be read at all: its settings, with each problem beside its line.
    """

    def __init__(self, problems: list[str], shown: list[str] | None = None) -> None:
        super().__init__(problems)
        self.shown = shown or []


class Key(NamedTuple):
    """One setting. Its default has its type, and is valid itself unless the key is ``required``.

    Any other value is one of ``one_of``, lies between ``low`` and ``high``, or is ``good``; where
    none of these is given, it is not empty. ``write`` says what to write where ``unit`` and the
    limits do not say it all.
    """

    default: Any
    low: float | None = None
    high: float | None = None
    unit: str = ""
    one_of: tuple[Any, ...] = ()
    good: Callable[[Any], object] | None = None
    write: str = ""
    secret: bool = False
    required: bool = False

    def allows(self, value: Any) -> bool:
        """Whether this value is valid. A whole number is a number, too."""
        if type(value) is not type(self.default) and (type(value), self.type) != (int, float):
            return False
        if isinstance(value, str) and _IMPOSSIBLE.search(value):
            return False
        if value == self.default:
            return not self.required
        if self.one_of:
            return value in self.one_of
        if self.low is not None and self.high is not None:
            return bool(self.low <= value <= self.high)
        if self.good is not None:
            return bool(self.good(value))
        return not isinstance(value, str) or bool(value.strip())

    @property
    def type(self) -> type:
        return type(self.default)

    def problem(self, value: Any) -> str:
        said = "this value" if self.secret else as_toml(value)
        return f"{said} is not valid; write {self.what_to_write()}{self._slip(value)}"

    def what_to_write(self) -> str:
        if self.write:
            return self.write
        if self.one_of:
            return f"one of {', '.join(map(as_toml, self.one_of))}"
        if self.low is not None and self.high is not None:
            return f"{self.unit} from {self.low:g} to {self.high:g}"
        if self.type is bool:
            return "true or false"
        return f"text like {as_toml(self.default)}" if self.default else "text"

    def _slip(self, value: Any) -> str:
        """What else to mind, where the value is of another type."""
        if self.type is str and not isinstance(value, str):
            return ", in quotation marks"
        if self.type is not str and isinstance(value, str):
            return ", without quotation marks"
        return ", a whole number" if (self.type, type(value)) == (int, float) else ""


def anything(_: object) -> bool:
    """For a key of which every value is good, the empty text too."""
    return True


def text_of(path: Path) -> str:
    """A file's text, as an editor of any system leaves it.

    Raises ``OSError`` if it cannot be read, is no text, or has no end or none in sight.
    """

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NONBLOCK)  # a FIFO would wait for its writer

    with open(path, encoding="utf-8-sig", opener=opener) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(None, "it is no file")
        try:
            text = file.read(LONGEST + 1)
        except UnicodeDecodeError:
            raise OSError(None, "it is not UTF-8 text") from None
    if len(text) > LONGEST:
        raise OSError(None, "it is too long")
    return text


def load(path: Path) -> dict[str, Any]:
    """A file's sections, unchecked; raises :class:`SettingsInvalid` if there are none to be had.

    And ``PermissionError`` if this user may not read it: only the caller knows who may.
    """
    try:
        text = text_of(path)
    except PermissionError:
        raise
    except OSError as error:
        raise SettingsInvalid([f"{path}: cannot be read: {error.strerror}"]) from None
    return parse(text, str(path))


def parse(text: str, where: str) -> dict[str, Any]:
    """As :func:`load`, for a text; ``where`` names it."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers and nests have their limits too
        # Line and column alone: the rest may repeat what stands there.
        found = re.search(r"\(at .*\)\Z", str(error))
        look = f"look {found[0][1:-1]}" if found else "it ends too early, or a value is too long"
        look = look.replace("at end", "at the end")
        raise SettingsInvalid([f"{where}: is not TOML: {look}"]) from None


def check(
    sections: Mapping[str, Mapping[str, Key]],
    data: Mapping[str, Any],
    problems: list[str],
    others: Iterable[str] = (),
) -> dict[str, dict[str, Any]]:
    """The values of every section; adds each problem. ``others`` may stand in the file as well."""
    values = {
        name: check_section(name, keys, data.get(name, {}), problems)
        for name, keys in sections.items()
    }
    known = [*sections, *others]
    keys = {key for section in sections.values() for key in section}
    problems += [
        unknown(name, known, name in keys or resembles(name, known))
        for name in data
        if name not in known
    ]
    return values


def check_section(
    name: str, keys: Mapping[str, Key], given: object, problems: list[str]
) -> dict[str, Any]:
    """A section's values, the default for what is left out or not valid; adds each problem."""
    values = {key_name: key.default for key_name, key in keys.items()}
    if not isinstance(given, dict):
        problems.append(f"{name}: is not a section; write [{name}] and its keys below")
        return values
    for key_name, key in keys.items():
        if key_name not in given:
            if key.required:
                problems.append(f"{name}.{key_name}: is missing; write {key.what_to_write()}")
        elif key.allows(given[key_name]):
            values[key_name] = key.type(given[key_name])
        else:
            problems.append(f"{name}.{key_name}: {key.problem(given[key_name])}")
    of_a_person = "name" in keys  # some names are like a key, too
    problems += [
        f"{name}.{unknown(each, keys, not of_a_person and resembles(each, keys))}"
        for each in given
        if each not in keys
    ]
    return values


def add_contradictions(found: Iterable[Contradiction], problems: list[str]) -> None:
    """Add what is wrong with values that are each valid alone.

    Not where one of them is not: the default stands for it, and contradicts nothing that is written.
    """
    wrong = {problem.partition(": ")[0] for problem in problems}
    problems += [f"{keys[0]}: {what}" for keys, what in found if wrong.isdisjoint(keys)]


def resembles(name: str, known: Iterable[str]) -> bool:
    """Whether this is one of the known keys, perhaps misspelt: no person's name or number."""
    import difflib  # only a mistake needs it

    slip = difflib.get_close_matches(name, list(known), n=1, cutoff=ALIKE)
    return bool(slip and re.fullmatch("[a-z_]+", name))


def unknown(name: str, known: Iterable[str], is_shown: bool = True) -> str:
    """What to say of a name that is none of those known."""
    import difflib

    known = list(known)
    said = f"{name if is_shown else '***'}: is not known"
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f'{said}; did you mean "{near[0]}"?'
    return f"{said}; " + (f"known are {', '.join(known)}" if known else "remove it")


def as_toml(value: object) -> str:
    """A value as a file has it."""
    if isinstance(value, dict):
        inner = ", ".join(f"{as_toml(name)} = {as_toml(each)}" for name, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int) and value.bit_length() > 9999:
        return hex(value)  # it has more digits than str() writes
    return str(value).lower() if isinstance(value, bool) else str(value)
