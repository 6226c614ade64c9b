"""What the organisation asks its readers to do: files that people write in any editor."""

from __future__ import annotations

import pytest

from outcry.responder.web.own_words import MOST_BYTES, OwnWords, Piece


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "en.txt").write_text("Call them.\n\nShare it.\n")
    (tmp_path / "fr.txt").write_text("Appelez.\n")
    return tmp_path


def words(asked):
    return ["".join(piece.text for piece in each) for each in asked.paragraphs]


def test_each_reader_gets_their_language_else_english(folder):
    asks = OwnWords(folder)
    assert words(asks.said("fr")) == ["Appelez."]
    assert (asks.said("uk").language, words(asks.said("uk"))) == ("en", ["Call them.", "Share it."])


def test_without_english_the_first_there_is(folder):
    (folder / "en.txt").unlink()
    assert OwnWords(folder).said("uk").language == "fr"


def test_nothing_is_asked_where_nothing_is_written(tmp_path):
    assert OwnWords(None).said("en") is None
    assert OwnWords(tmp_path).said("en") is None
    (tmp_path / "en.txt").write_text(" \n\n\t\n")
    assert OwnWords(tmp_path / "none").said("en") is None
    assert OwnWords(tmp_path).said("en") is None


def test_a_change_counts_at_once(folder):
    asks = OwnWords(folder)
    assert asks.said("en")
    (folder / "en.txt").write_text("Write to them.")
    assert words(asks.said("en")) == ["Write to them."]


def test_what_an_editor_adds_is_not_shown(folder):
    (folder / "en.txt").write_bytes(b"\xef\xbb\xbfOne\r\ntwo\r\n \r\nthree\r\n")
    assert words(OwnWords(folder).said("en")) == ["One\ntwo", "three"]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("See https://example.org/a?b=1&c=2#d.", {"https://example.org/a?b=1&c=2#d"}),
        ("(https://example.org), «https://example.com/x»", {"https://example.org", "https://example.com/x"}),
        ("Mail help@example.org.", {"mailto:help@example.org"}),
        ("Call +44 (7700) 900-101!", {"tel:+447700900101"}),
        ("javascript:alert(1) http://example.org <a href=x> #FreeAna @ana 112", set()),
        ("https://evil.example/\"onclick='x'", {"https://evil.example/"}),
    ],
)  # fmt: skip
def test_addresses_and_numbers_are_links_and_nothing_else_is(tmp_path, text, links):
    (tmp_path / "en.txt").write_text(text)
    (pieces,) = OwnWords(tmp_path).said("en").paragraphs
    assert "".join(piece.text for piece in pieces) == text
    assert {piece.link for piece in pieces if piece.link} == links


def test_a_hashtag_keeps_to_itself(tmp_path):
    (tmp_path / "fa.txt").write_text("بگویید #FreeAna, @org.")
    ((_, tag, _, name, _),) = OwnWords(tmp_path).said("fa").paragraphs
    assert (tag, name) == (Piece("#FreeAna", ""), Piece("@org", ""))


def test_one_that_cannot_be_read_hides_no_other(folder):
    (folder / "fr.txt").write_bytes(b"\xff\xfe\x00")
    (folder / "ru.txt").mkdir()
    asks = OwnWords(folder)
    for language in ("fr", "ru"):
        assert asks.said(language).language == "en"
    found = [finding.what for finding in asks.check() if not finding.ok]
    assert found == [f"publishing.asks: {name} cannot be read" for name in ("fr.txt", "ru.txt")]


def test_what_is_too_long_is_cut_between_letters_and_told(folder):
    (folder / "en.txt").write_text("x" + "ы" * MOST_BYTES)
    asks = OwnWords(folder)
    ((piece,),) = asks.said("en").paragraphs
    assert piece == Piece("x" + "ы" * ((MOST_BYTES - 1) // 2))
    assert [finding.ok for finding in asks.check()] == [True, False]


def test_the_check_says_what_nobody_will_read(folder):
    assert [finding.ok for finding in OwnWords(folder).check()] == [True]
    assert list(OwnWords(None).check()) == []
    (folder / "de.txt").write_text("Bitte anrufen.")
    (found,) = [finding.what for finding in OwnWords(folder).check() if not finding.ok]
    assert "de.txt" in found
    (finding,) = OwnWords(folder / "none").check()
    assert not finding.ok
