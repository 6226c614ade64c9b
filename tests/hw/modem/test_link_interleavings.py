"""News, garbage and answers in any order and any pieces: none lost, none mistaken, nothing dead.

A sample here, 10,000 by OUTCRY_CAMPAIGNS=full and in `make bench`.
"""

import os

import pytest
from hypothesis import given, settings

from outcry.hw.modem.lines import LineBuffer
from outcry.hw.modem.link import Link
from simulation.interleavings import Turn, holds, lost, talks

TALKS = 10_000 if os.environ.get("OUTCRY_CAMPAIGNS") == "full" else 300


@pytest.mark.slow
@pytest.mark.timeout(1200)
@given(talks)
@settings(max_examples=TALKS)
def test_no_news_is_lost_and_no_answer_goes_astray(talk: list[Turn]) -> None:
    holds(talk)


def test_news_that_is_dropped_amid_an_answer_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Link._unsolicited

    def deaf(self: Link, line: str, asked: str = "") -> bool:
        told = len(self.urcs)
        found = whole(self, line, asked)
        if line == "RING":
            while len(self.urcs) > told:
                self.urcs.pop()
        return found

    monkeypatch.setattr(Link, "_unsolicited", deaf)
    assert lost(60)


def test_a_late_answer_taken_for_the_next_one_s_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Link, "be_in_step", lambda self: None)
    monkeypatch.setattr(Link, "_sort", lambda self: None)
    assert lost(60)


def test_a_line_that_kills_the_reader_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = LineBuffer.feed

    def strict(self: LineBuffer, data: bytes) -> None:
        data.decode("utf-8")
        whole(self, data)

    monkeypatch.setattr(LineBuffer, "feed", strict)
    assert any("UnicodeDecodeError" in each for each in lost(60))
