"""News, garbage and answers in any order and any pieces: none lost, none mistaken, nothing dead.

A sample here, 10,000 by OUTCRY_CAMPAIGNS=full and in `make bench`.
"""

import os
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings

from outcry.hw.modem.lines import LineBuffer, Urc
from outcry.hw.modem.link import Link
from simulation import interleavings
from simulation.interleavings import Turn, holds, lost, talks

TALKS = 10_000 if os.environ.get("OUTCRY_CAMPAIGNS") == "full" else 300


@pytest.mark.slow
@pytest.mark.timeout(1200)
@given(talks)
@settings(max_examples=TALKS)
def test_no_news_is_lost_and_no_answer_goes_astray(talk: list[Turn]) -> None:
    holds(talk)


def test_news_that_is_dropped_amid_an_answer_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    class DeafToRing(deque[Urc]):
        def append(self, urc: Urc) -> None:
            if urc.text != "RING":
                super().append(urc)

    class DeafLink(Link):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self.urcs = DeafToRing()

    monkeypatch.setattr(interleavings, "Link", DeafLink)
    assert lost(60)


def test_a_late_answer_taken_for_the_next_one_s_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Link, "be_in_step", lambda self: None)
    assert lost(60)


def test_a_line_that_kills_the_reader_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = LineBuffer.feed

    def strict(self: LineBuffer, data: bytes) -> None:
        data.decode("utf-8")
        whole(self, data)

    monkeypatch.setattr(LineBuffer, "feed", strict)
    assert any("UnicodeDecodeError" in each for each in lost(60))
