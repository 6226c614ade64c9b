"""A language's templates: read from TOML, and refused if a contact could not read the text.

config/texts/en.toml explains each key and field.
"""

import re
import string
import tomllib

from outcry.letters import folded, is_gsm7
from outcry.settings_file import FileInvalid, SettingsInvalid, parse, resembles

ENGLISH = """
alert = "ALARM from {wearer}, {time}. Not a drill. {position}"
strap = "ALARM from {wearer}, {time}: the alarm strap was cut or torn off. Not a drill. {position}"
again = "ALARM from {wearer} is still on, {time}. {position}"
drill = "DRILL (only practice), not an alarm, from {wearer}, {time}. {position}"
open_link = "Now open the link in the next SMS and answer with your PIN."
call = "Now call the people you agreed to call."
link = "ALARM from {wearer}: open and confirm with your PIN to make it public. {link}"
drill_link = "DRILL, not an alarm, from {wearer}: open and answer with your PIN. {link}"
publish = "Please publish: {wearer}, a human rights defender, may be in danger. The personal alarm was raised ({time}). Share this now: public attention protects."
raised_at = "{year}-{month}-{day} {hour} {zone}"
time_unknown = "time not known"
fix = "Position ({accuracy}, {age}): {map}"
no_fix = "Position not known yet."
before_restart = "The position was lost when the device restarted."
accuracy = "within {metres} m"
accuracy_far = "within {kilometres} km"
accuracy_unknown = "accuracy not known"
age_now = "seen just now"
age_minutes = "seen {minutes} min earlier"
age_hours = "seen {hours} h earlier"
age_more = "seen more than {hours} h earlier"
unnamed = "the wearer of this alarm"
"""
"""Built in, for when no file can be used; and what every language has to have, key by key."""

_FIELD = re.compile(r"\{(\w*)\}")
_FIELDS = {key: set(_FIELD.findall(text)) for key, text in tomllib.loads(ENGLISH).items()}
_OPTIONAL = {
    "publish": {"position"},
    "raised_at": {"year", "month", "month_name", "zone", "offset"},
}
LATIN_KEYS = ("link", "drill_link")
_ENDS_IN_ADDRESS = ("map", "link", "position")


class TextsInvalid(FileInvalid):
    """A template cannot be used; its problems name file and key."""


def read(name: str, source: str) -> dict[str, str]:
    """The templates of the file ``name``; raises :class:`TextsInvalid` with every problem found.

    Accents and typography that GSM 03.38 lacks are replaced if the rest of the language is in it.
    """
    try:
        written = parse(source, name)
    except SettingsInvalid as error:
        raise TextsInvalid(error.problems) from None
    problems = [f"{name}: {key} is missing" for key in sorted(_FIELDS.keys() - written.keys())]
    for key, template in written.items():
        said = key if key in _FIELDS or resembles(key, _FIELDS) else "***"
        problems += [f"{name}: {said} {problem}" for problem in _problems(key, template)]
    if problems:
        raise TextsInvalid(problems)
    plain = {key: folded(template) for key, template in written.items()}
    strays = _strays({key: text for key, text in plain.items() if key not in LATIN_KEYS})
    if strays:
        raise TextsInvalid([f"{name}: {stray}" for stray in strays])
    gsm7 = fits_gsm7(plain)
    templates = plain if gsm7 else written | {key: plain[key] for key in LATIN_KEYS}
    for key, template in templates.items():
        layout = _runs_on(template)
        if not gsm7 and key not in LATIN_KEYS:
            layout += _turns_round(template)
        problems += [f"{name}: {key} {problem}" for problem in layout]
    problems += [
        f"{name}: {key} is not in Latin letters; there is no room for others beside the address"
        for key in LATIN_KEYS
        if not is_gsm7(templates[key])
    ]
    if problems:
        raise TextsInvalid(problems)
    return templates


def fits_gsm7(templates: dict[str, str]) -> bool:
    """Whether the language, apart from its links, is written in letters of GSM 03.38."""
    return all(is_gsm7(text) for key, text in templates.items() if key not in LATIN_KEYS)


def _strays(templates: dict[str, str]) -> list[str]:
    """The letters that keep a Latin language out of GSM 03.38."""
    words = {key: _FIELD.sub("", text) for key, text in templates.items()}
    strange = {key: [each for each in text if not is_gsm7(each)] for key, text in words.items()}
    if sum(map(len, strange.values())) * 2 > sum(map(len, words.values())):
        return []  # a language of other letters
    return [
        f"{key} has {letters[0]!r}, which is not in the phones' alphabet (GSM 03.38): it would"
        " leave every text less than half the room"
        for key, letters in strange.items()
        if letters
    ]


def _problems(key: str, template: object) -> list[str]:
    if key not in _FIELDS:
        return ["is not known"]
    if not isinstance(template, str):
        return ["is not text"]
    try:
        parsed = list(string.Formatter().parse(template))
        fields = {name for _, name, _, _ in parsed if name is not None}
    except ValueError:
        return ["has a brace without its pair"]
    if any(form or conversion for _, _, form, conversion in parsed):
        return ["has more than a name in a brace"]
    optional = _OPTIONAL.get(key, set())
    strange, lacking = fields - _FIELDS[key] - optional, _FIELDS[key] - optional - fields
    problems = [] if template.strip() else ["is empty"]
    problems += [f"has a field that cannot be filled: {{{name}}}" for name in sorted(strange)]
    return problems + [f"does not say {{{name}}}" for name in sorted(lacking)]


def _runs_on(template: str) -> list[str]:
    """What a phone would take for a part of the address."""
    problems = []
    for name in _ENDS_IN_ADDRESS:
        before, found, after = template.partition(f"{{{name}}}")
        if found and after[:1].strip():
            problems.append(f"has {after[0]!r} after {{{name}}}; leave a space or begin a new line")
        if found and name != "position" and before[-1:].strip():
            problems.append(f"has {before[-1]!r} before {{{name}}}; leave a space there")
    return problems


def _turns_round(template: str) -> list[str]:
    """What a phone may show in the wrong order where letters run both ways.

    A phone takes a line's direction from its first letter (Unicode Annex 9, P2 and P3), and a name
    in the other direction takes the digits after it along.
    """
    problems = []
    for line in template.splitlines():
        before, found, after = line.partition("{wearer}")
        if found and not (any(map(str.isalpha, before)) and "{" not in before):
            problems.append("has no word before {wearer} in its line; begin the line with one")
        if found and after:
            problems.append("goes on after {wearer}; begin a new line there")
        if "{map}" in line and line != "{map}":
            problems.append("has more than {map} in its line; give {map} a line of its own")
    return problems
