"""Letters: what an SMS can carry, and what a name becomes so that a text still fits.

Two parts hold 306 letters of GSM 03.38, the phones' own alphabet. One letter
from outside it, be it a typographic apostrophe, turns the whole text into UCS-2,
and then two parts hold 134.
"""

# ruff: noqa: RUF001 - letters that look like others are what this module is about

import unicodedata
from datetime import datetime, timedelta
from functools import lru_cache

from outcry.enrolment import MAX_NAME_CHARS

# GSM 03.38 basic set, without the section sign: the codec sends that as UCS-2.
GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("^{}\\[~]|€")  # each takes two places
_GSM7_ALL = GSM7 | GSM7_EXTENSION
_GSM7_ALONE, _GSM7_PART = 160, 153  # in a text of one part; in one of several: 3GPP TS 23.040
_UCS2_ALONE, _UCS2_PART = 70, 67  # 9.2.3.24.1
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_PLAIN = str.maketrans(
    dict.fromkeys("‘’‚‛ʼʹ′`´", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‐‑‒–—―−~", "-")
    | dict.fromkeys("[{", "(")
    | dict.fromkeys("]}", ")")
    | dict.fromkeys("|\\", "/")
    | {"…": "...", "^": "", "€": "EUR", "№": "No", "§": "S"}
)
# Latin letters that Unicode does not take apart into a plain one and a mark.
_LATIN = str.maketrans(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th"}
    | {"ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "ŋ": "ng", "Ŋ": "Ng", "ẞ": "ß"}
    | {"ə": "e", "Ə": "E", "ɓ": "b", "Ɓ": "B", "ɗ": "d", "Ɗ": "D", "ƙ": "k", "Ƙ": "K", "ʻ": "'"}
)
MARKS_MOST = 4  # on one letter; pointed Hebrew needs so many
# Letters that are letters to Unicode and nothing to the eye: a name of them would look empty.
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u034f\u180b\u180c\u180d")


def is_gsm7(text: str) -> bool:
    """Whether the phones' own alphabet has every letter of it."""
    return _GSM7_ALL.issuperset(text)


def parts(text: str) -> int:
    """How many SMS parts this text takes (3GPP TS 23.038, 23.040)."""
    gsm7 = is_gsm7(text)
    if gsm7:
        alone, part = _GSM7_ALONE, _GSM7_PART
        length = len(text) + sum(map(text.count, GSM7_EXTENSION))
    else:
        alone, part = _UCS2_ALONE, _UCS2_PART
        length = len(text.encode("utf-16-be", "surrogatepass")) // 2
    if length <= alone:
        return 1
    if length == len(text):
        return -(-length // part)
    used, count = 0, 1
    for character in text:  # one that takes two places is never torn
        width = 1 + (character in GSM7_EXTENSION if gsm7 else character > "\uffff")
        used += width
        if used > part:
            used, count = width, count + 1
    return count


def utc_offset(at: datetime) -> str:
    """UTC+3, UTC-3:30, or UTC: by how much ``at``, which has its zone, is ahead."""
    ahead = at.utcoffset() or timedelta()
    minutes = abs(ahead) // timedelta(minutes=1)
    if not minutes:
        return "UTC"
    sign = "-" if ahead < timedelta() else "+"
    return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")


def dated(template: str, at: datetime) -> str:
    """The template with ``at`` in it, which has its zone.

    By {year}, {month} or {month_name}, {day}, {hour}, and {zone}, UTC+3 or the like, or {offset} in
    fewer letters: +3, or " UTC" where it is just that.
    """
    zone = utc_offset(at)
    return template.format(
        year=f"{at.year:04}",
        month=f"{at.month:02}",
        month_name=_MONTHS[at.month - 1],
        day=f"{at.day:02}",
        hour=f"{at:%H:%M}",
        zone=zone,
        offset=zone.removeprefix("UTC") or " UTC",
    )


def folded(text: str) -> str:
    """The text with plain letters for accents and typography that GSM 03.38 lacks."""
    return "".join(
        letter if letter in _GSM7_ALL else _plain(letter)
        for letter in unicodedata.normalize("NFC", text)
    )


def _plain(letter: str) -> str:
    apart = unicodedata.normalize("NFKD", letter.translate(_PLAIN).translate(_LATIN))
    plain = "".join(each for each in apart if not unicodedata.combining(each)).translate(_PLAIN)
    return plain if GSM7.issuperset(plain) else letter


def clean(name: str) -> str:
    """A name as any phone shows it: one line; nothing unseen, no emoji, nothing that turns text.

    At most ``MAX_NAME_CHARS`` characters, all from Unicode's first plane. Empty if there is no
    letter and no figure in it.
    """
    kept = []
    for letter in unicodedata.normalize("NFC", name.translate(_PLAIN)):
        kind = unicodedata.category(letter)
        if kind[0] == "Z" or letter in "\t\n\r":
            kept.append(" ")
        elif letter in _UNSEEN or kind[0] == "C" or kind in ("So", "Me"):
            pass  # controls, marks of direction, emoji
        elif not letter.isascii() and (kind == "Sk" or "\ufe00" <= letter <= "\ufe0f"):
            pass  # what only changes an emoji
        elif letter > "\uffff":
            kept.append(_looked_up(letter.lower()))  # few phones have it; it could be torn in two
        elif kind[0] != "M" or _can_bear("".join(kept), letter):
            kept.append(letter)
    return _cut("".join(kept))


def _can_bear(before: str, mark: str) -> bool:
    """Whether a mark has a letter to stand on, and the letter is not heaped with them already.

    Signs of combining class 0 are parts of a syllable, as Burmese and Tibetan write them.
    """
    on = before[-MARKS_MOST:]
    heaped = len(on) == MARKS_MOST and all(map(unicodedata.combining, on))
    return before[-1:] not in ("", " ") and not (heaped and unicodedata.combining(mark))


@lru_cache(maxsize=8)
def latin(name: str) -> str:
    """A name in letters of GSM 03.38: accents folded, other scripts as they sound.

    At most ``MAX_NAME_CHARS`` characters; may be empty. Arabic and Persian names lose their
    short vowels, which are not written; their reader knows them.
    """
    words = [folded(word) for word in clean(name).split()]
    return _cut(" ".join(word if GSM7.issuperset(word) else _in_latin(word) for word in words))


def _cut(name: str) -> str:
    cut = " ".join(name.split())[:MAX_NAME_CHARS].rstrip()
    return cut if any(map(str.isalnum, cut)) else ""


def _in_latin(word: str) -> str:
    sounds = ""
    for place, letter in enumerate(word.lower()):
        sound = letter if letter in GSM7 else _SOUNDS.get(letter)
        if not place:
            sound = _SOUNDS_FIRST.get(letter, sound)
        sounds += _looked_up(letter) if sound is None else sound
    sounds = "".join(each for each in folded(sounds).translate(_PLAIN) if each in GSM7)
    return folded(sounds[:1].upper()) + sounds[1:]


def _looked_up(letter: str) -> str:
    """Any other script. The library is loaded for such names alone; without it they lose letters."""
    try:
        from anyascii import anyascii

        return anyascii(letter)
    except Exception:  # noqa: BLE001 - an alarm with half a name, or none, must still leave
        return ""


# How the letters of the shipped languages sound, and some near them. Everything else is the
# library's; it has these too, but leaves out Arabic's long vowels, which make a name readable.
_SOUNDS = dict(zip("абвгдезийклмнопрстуфыэіґўјђћ", "abvgdeziyklmnoprstufyeigujdc", strict=True))
_SOUNDS |= {"ё": "yo", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch"}
_SOUNDS |= {"ъ": "", "ь": "", "ю": "yu", "я": "ya", "ї": "yi", "є": "ye", "љ": "lj", "њ": "nj"}
_SOUNDS |= dict(zip("ابپتجحدرزسصضطظعفقکكگلمنهویيى", "abptjhdrzssdtzafqkkglmnhuiia", strict=True))
_SOUNDS |= {"ث": "th", "چ": "ch", "خ": "kh", "ذ": "dh", "ژ": "zh", "ش": "sh", "غ": "gh", "ة": "a"}
_SOUNDS |= {"آ": "a", "أ": "a", "إ": "i", "ؤ": "u", "ئ": "i", "ء": "", "ـ": "", "ۀ": "e"}
_SOUNDS |= dict(zip("\u064e\u064f\u0650", "aui", strict=True))  # the short vowels, if written
_SOUNDS |= dict.fromkeys("\u064b\u064c\u064d\u0651\u0652\u0670", "")
_SOUNDS_FIRST = {"و": "v", "ی": "y", "ي": "y", "є": "ye", "ё": "yo"}
