"""What people text with a code that is no confirmation: in seven languages, as they type at night.

Each phrasing holds what would confirm by itself, and something beside it that does not: a word, a
no, a question, another number. Typings change what a phone, a network or a hand would.
"""

# ruff: noqa: RUF001 - letters that look like others are what people type

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from outcry.hw.board.modem.sms import gsm7, pdu
from outcry.hw.modem.pdu import Incoming, decode

PHRASINGS = {
    "en": """no {a}|NOT real {a}|{a} is false|yes it is false {a}|{a} false alarm|do not publish {a}
        |{a} ?|is it real? {a}|{a} who is this|{a} sorry, 4|{a} no|n {a}|{a} x|{a} or 4|not {a}|don't {a}
        |he is home {a}|{a} my child typed this|wrong number {a}|Code: {c}|ok {c} thanks|{c} yes|{c} one
        |{a} yes|true {a}|real {a}""",
    "es": """no {a}|no es verdad {a}|{a} es falso|falsa alarma {a}|no publicar {a}|{a} ¿es real?|¿{a}?
        |{a} quién es|{a} perdón, 4|está en casa {a}|{a} nunca|{a} tampoco|sin duda falsa {a}|ni {a}
        |{a} lo escribió mi hijo|número equivocado {a}|clave {c}|sí {c}|{c} uno|{c} vale gracias|{a} sí
        |verdad {a}|es real {a}|{a} o 4|nada de {a}|{a} mentira""",
    "fr": """non {a}|ce n'est pas vrai {a}|{a} est faux|fausse alerte {a}|ne publiez pas {a}|{a} c'est vrai ?
        |{a} qui êtes-vous|{a} pardon, 4|il est chez lui {a}|{a} jamais|pas {a}|ni {a}|{a} plutôt 4|sauf {a}
        |{a} mon enfant a tapé ça|faux numéro {a}|code {c}|oui {c}|{c} un|{c} merci|{a} oui|vrai {a}
        |réel {a}|{a} ou 4|rien {a}|{a} mensonge""",
    "ru": """нет {a}|не {a}|это неправда {a}|{a} ложь|{a} ложная тревога|не публиковать {a}|{a} это правда?
        |{a} кто это|{a} ой, 4|он дома {a}|{a} никогда|ни {a}|{a} скорее 4|{a} ошибка|{a} ребёнок нажал
        |не туда {a}|код {c}|да {c}|{c} один|{c} спасибо|{a} да|правда {a}|верно {a}|{a} или 4|{a} враньё
        |{a})))""",
    "uk": """ні {a}|не {a}|це неправда {a}|{a} брехня|{a} хибна тривога|не публікувати {a}|{a} це правда?
        |{a} хто це|{a} ой, 4|він удома {a}|{a} ніколи|жодного {a}|{a} радше 4|{a} помилка|{a} дитина натиснула
        |не туди {a}|код {c}|так {c}|{c} один|{c} дякую|{a} так|правда {a}|вірно {a}|{a} або 4|{a} вигадка
        |{a} :(""",
    "ar": """لا {a}|ليس صحيحا {a}|{a} كاذب|{a} إنذار كاذب|لا تنشروا {a}|هل هذا صحيح؟ {a}|{a}؟|{a} من هذا
        |{a} عفوا، 4|هو في البيت {a}|{a} أبدا|غير {a}|ما {a}|{a} خطأ|{a} كتبه طفلي|رقم خطأ {a}|رمز {c}
        |نعم {c}|{c} واحد|{c} شكرا|{a} نعم|صحيح {a}|حقيقي {a}|{a} أو 4|لم {a}|لن {a}""",
    "fa": """نه {a}|درست نیست {a}|{a} دروغ|{a} هشدار اشتباه|منتشر نکنید {a}|آیا واقعی است؟ {a}|{a}؟
        |{a} شما کی هستید|{a} ببخشید، 4|خانه است {a}|{a} هرگز|نیست {a}|هیچ {a}|{a} اشتباه|{a} بچه ام نوشت
        |شماره اشتباه {a}|رمز {c}|بله {c}|{c} یک|{c} ممنون|{a} بله|درست {a}|واقعی {a}|{a} یا 4|خیر {a}
        |مبادا {a}""",
}
WORDLESS = """{c}|{c}?|{a}?|{a} 4|{a}4|{c} 44|{c} 14|{c} 41|{c} -1|{c} 1 4|{c} 1/2|1 {c}|4 {c}|{a} 👎|{a} ❌|≠ {a}|~{a}
    |{a} ;)|{a} :/|> {a}|{a} {a}|{a}…|{c} 1̶|{c} ①|{c} 0|{c} 01|{c} ¬1|{c} !1|{c} 1 🙏"""
_SENT = datetime(2026, 11, 22, 12, tzinfo=UTC)
_DIGITS = {"ar": "٠١٢٣٤٥٦٧٨٩", "fa": "۰۱۲۳۴۵۶۷۸۹"}


def not_confirming(code: str) -> Iterator[tuple[str, ...]]:
    """Some 2,500 texts with this code, such as ``4417 0099``, each in its parts: none says "real"."""
    for language, phrasings in (*PHRASINGS.items(), ("en", WORDLESS)):
        for phrasing in map(str.strip, phrasings.split("|")):
            said = phrasing.format(a=f"{code} 1", c=code)
            for text in dict.fromkeys(typing(said, language) for typing in TYPINGS):
                yield (text,)
            yield said, f"{code} 1"


def _quoted(said: str, language: str) -> str:
    return f'"{said}"' if language in ("en", "es") else f"«{said}»"


def _own_digits(said: str, language: str) -> str:
    digits = _DIGITS.get(language, "０１２３４５６７８９")
    return said.translate(str.maketrans("0123456789", digits))


TYPINGS: tuple[Callable[[str, str], str], ...] = (
    lambda said, _: said,
    lambda said, _: said.upper(),
    lambda said, _: said[:1].upper() + said[1:] + ".",
    _own_digits,
    lambda said, _: said.replace(" ", "\u00a0"),
    lambda said, _: said.replace(" ", "\n"),
    lambda said, _: "".join(each if gsm7.fits(each) else "?" for each in said),
    _quoted,
    lambda said, _: "\u200f" + said.replace(" ", " \u200e"),
    lambda said, _: said.replace(" ", " \u2013 ", 1),
    lambda said, _: f"Re: {said}",
    lambda said, _: f"{said}\n--\nBen",
)


def confirming(code: str) -> Iterator[str]:
    """The same code as its card asks for it, however that is typed."""
    half, other = code.split(" ")
    for between in (
        " ",
        "",
        "-",
        "  ",
        "\u00a0",
        "\n",
        "\r\n",
        " \u2013 ",
        "\u2009",
        ".",
        "\u2011",
    ):
        for after in (" ", "\u00a0", "\n", ", ", ". ", " - ", "-", ""):
            yield f"{half}{between}{other}{after}1"
    exact = f"{code} 1"
    yield from (f" {exact} \n", f"{exact}.", f'"{exact}"', f"«{exact}»", f"\u200e{exact}\u200f")
    yield from (f"{code} (1)", f"{exact}!!!", f"{half}?{other} 1", " ".join(exact.replace(" ", "")))
    yield from (_own_digits(exact, language) for language in ("ar", "fa", "en"))


def arrives(sender: str, parts: tuple[str, ...]) -> Iterator[Incoming]:
    """What HQ's modem hears of a text in these parts, the last one first."""
    for place, part in sorted(enumerate(parts, 1), reverse=True):
        (content,) = pdu.contents(part)
        header = bytes([0, 3, 7, len(parts), place]) if len(parts) > 1 else b""
        said = pdu.deliver(sender, replace(content, header=header), _SENT)
        decoded = decode("00" + said.hex())
        assert isinstance(decoded, Incoming)
        yield decoded
