"""What a text says: the exact form confirms however it is typed, and nothing else does."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from outcry.responder.intake.reading import CODES_MOST, plain_digits, read
from outcry.responder.rules.events import CalledFalse, Confirmed, ContactSaw, Unclear, Unsure
from simulation.answers import PHRASINGS, WORDLESS, arrives, confirming, not_confirming

CODE = "4417 0099"
READ = ("44170099",)
BEN = "+447700900111"


@pytest.mark.parametrize("text", [*confirming(CODE)])
def test_the_exact_form_confirms_however_it_is_typed(text):
    (heard,) = arrives(BEN, (text,))
    assert read(heard.text, heard.whole) == (READ, Confirmed, True)


@pytest.mark.parametrize(
    ("digit", "says"), [("1", Confirmed), ("2", ContactSaw), ("3", Unsure), ("4", CalledFalse)]
)
def test_the_digit_says_what_the_card_says(digit, says):
    assert read(f"{CODE} {digit}") == (READ, says, True)


@pytest.mark.parametrize("language", [*PHRASINGS, "wordless"])
def test_each_language_has_many_ways_not_to_confirm(language):
    phrasings = {**PHRASINGS, "wordless": WORDLESS}[language].split("|")
    assert len({*map(str.strip, phrasings)}) == len(phrasings) >= 26


@pytest.mark.parametrize("code", [CODE, "4417 0091"])  # its last digit looks like an answer
def test_nothing_beside_the_exact_form_confirms_and_no_code_is_lost(code):
    count = 0
    for parts in not_confirming(code):
        heard = [read(part.text, part.whole) for part in arrives(BEN, parts)]
        assert all(one.says is Unclear for one in heard), parts
        assert any(code.replace(" ", "") in one.codes for one in heard), parts
        count += 1
    assert count >= 2_000


def test_a_part_that_looks_whole_is_a_part():
    assert read(f"{CODE} 1", whole=False) == (READ, Unclear, False)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("4417 0099 1 and 5512 3344 4", ("44170099", "55123344")),
        ("1 4417 0099", ("14417009", "44170099")),
        ("ALARM from Ana, 2026-11-22 12:00 UTC. 43.31780,45.69490", ()),
        ("no code here", ()),
        ("", ()),
        ("123456", ()),
        ("0044 7700 900111", ("00447700",)),
        (" ".join(["4417 0099"] * 9), READ),
    ],
)
def test_the_codes_that_may_stand_in_a_text(text, codes):
    assert read(text).codes == codes
    assert read(text).says is Unclear


def test_of_many_codes_few_are_looked_up():
    assert len(read(" ".join(f"1000 {n:04}" for n in range(50))).codes) == CODES_MOST


@given(
    before=st.text(max_size=30),
    between=st.text(max_size=4),
    digit=st.text(max_size=4),
    after=st.text(max_size=30),
)
@example("", " ", " 1", "?")
@example("", " ", " 1", " \N{THUMBS DOWN SIGN}")
@example("\N{NOT EQUAL TO}", " ", " 1", "")
def test_only_a_code_and_a_1_are_a_confirmation(before, between, digit, after):
    """Judged apart: such a text is nine digits, the last a 1, and marks that say nothing."""
    text = f"{before}4417{between}0099{digit}{after}"
    if read(text).says is Confirmed:
        kinds = {
            unicodedata.category(each) for each in text if each not in "\r\n\t+`\u00b4\x0b\x0c"
        }
        assert "".join(filter(str.isdigit, plain_digits(text))) == "441700991"
        assert kinds <= {"Nd", "Zs", "Cf", "Cc", "Pd", "Po", "Pc", "Ps", "Pe", "Pi", "Pf", "Sm"}
        assert not {*text} & {*"?\u00a1\u00bf\u061f\u2026%&@\\"}
