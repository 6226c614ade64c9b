"""What letters cost, and what becomes of those that cost too much."""

import builtins
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry import letters
from outcry.enrolment import MAX_NAME_CHARS
from outcry.hw.modem.pdu import PduRefused, encode
from outcry.letters import clean, folded, is_gsm7, latin, parts

PLAIN = "abc XYZ 019 @£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ¿äöñüà\n"


def sent(text):
    return len(encode("+447700900101", text, reference=0))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("a" * 460, 4),
        ("{" * 80, 1),
        ("{" * 81, 2),
        ("{" * 152, 2),
        ("{" * 153, 3),  # none is torn: 76 in a part, one place left over
        ("a" + "{" * 152, 2),
        ("\u0436" * 70, 1),
        ("\u0436" * 71, 2),
        ("\u0436" * 134, 2),
        ("\u0436" * 135, 3),
        ("\U0001f4cd" * 35, 1),
        ("\U0001f4cd" * 66, 2),
        ("\U0001f4cd" * 67, 3),
    ],
)
def test_parts_are_counted_as_the_standard_cuts_them(text, count):
    assert parts(text) == count == sent(text)


@given(st.text(st.sampled_from(PLAIN + "{}[]~|\\^€"), min_size=1, max_size=700))
def test_the_phones_alphabet_is_counted_as_the_codec_cuts_it(text):
    assert parts(text) == sent(text)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=400))
def test_no_text_takes_more_parts_than_counted(text):
    try:
        assert sent(text) <= parts(text) + ("\xff" in text)
    except PduRefused:
        return


@given(st.text(max_size=2 * MAX_NAME_CHARS))
def test_a_clean_name_is_one_short_line_of_letters_any_phone_has(name):
    cleaned = clean(name)
    assert len(cleaned) <= MAX_NAME_CHARS
    assert cleaned == " ".join(cleaned.split())
    assert all(letter <= "\uffff" for letter in cleaned)
    assert not {unicodedata.category(letter) for letter in cleaned} & {
        *("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "So", "Me")
    }


@given(st.text(max_size=2 * MAX_NAME_CHARS))
def test_a_latin_name_costs_a_place_a_letter(name):
    written = latin(name)
    assert len(written) <= MAX_NAME_CHARS
    assert is_gsm7(written)
    assert not set("^{}\\[~]|€\n\r") & set(written)


@given(st.text(st.sampled_from(PLAIN), max_size=MAX_NAME_CHARS))
def test_a_name_the_phones_can_write_is_left_as_it_is(name):
    written = " ".join(name.split())
    assert latin(name) == (written if any(map(str.isalnum, written)) else "")


@given(st.text(max_size=300))
def test_folding_leaves_what_the_phones_have_and_never_adds_what_they_lack(text):
    kept = [letter for letter in unicodedata.normalize("NFC", text) if is_gsm7(letter)]
    strange = [letter for letter in folded(text) if not is_gsm7(letter)]
    assert all(letter in folded(text) for letter in kept)
    assert set(strange) <= set(unicodedata.normalize("NFC", text))


def test_names_of_the_shipped_languages_need_no_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "anyascii", None)
    latin.cache_clear()
    assert latin("Зарема Щербакова") == "Zarema Shcherbakova"
    assert latin("Григорій Їжак Євген") == "Grigoriy Yizhak Yevgen"
    assert latin("وحید یوسفی") == "Vhid Yusfi"
    assert latin("غادة الحسيني") == "Ghada Alhsini"


@pytest.mark.parametrize("trouble", [ImportError, OSError, MemoryError])
def test_a_library_that_cannot_be_loaded_costs_letters_and_no_text(trouble, monkeypatch):
    true_import = builtins.__import__

    def broken(name, *rest):
        if name == "anyascii":
            raise trouble
        return true_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", broken)
    latin.cache_clear()
    assert latin("მარიამი") == ""
    assert latin("Ana მარიამი") == "Ana"
    assert clean("𞤀na") == "na"
    latin.cache_clear()


def test_every_letter_of_the_alphabet_is_one_the_codec_sends_as_such():
    assert all(sent(letter * 160) == 1 for letter in letters.GSM7 - {"\r"})
    assert all(sent(letter * 80) == 1 for letter in letters.GSM7_EXTENSION)
