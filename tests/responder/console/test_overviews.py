"""One overview for all who ask for the same at the same time."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

from markupsafe import Markup

from outcry.responder.console.watching.overviews import Overviews, Watched
from outcry.responder.console.watching.wearers import Asked


class Maker:
    def __init__(self) -> None:
        self.made = itertools.count()

    def __call__(self) -> Watched:
        return Watched(next(self.made), Markup(""), Markup(""))


def test_it_is_made_once_for_the_same_question_news_and_second():
    overviews, make = Overviews(), Maker()
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(overviews.of, Asked(), "a", 7.1, make) for _ in range(50)]
    assert {each.result().new for each in asked} == {0}


def test_it_is_made_again_for_another_question_for_news_and_in_the_next_second():
    overviews, make = Overviews(), Maker()
    assert overviews.of(Asked(), "a", 7.1, make).new == 0
    assert overviews.of(Asked(page=2), "a", 7.1, make).new == 1
    assert overviews.of(Asked(), "b", 7.1, make).new == 2
    assert overviews.of(Asked(), "a", 7.9, make).new == 0
    assert overviews.of(Asked(), "a", 8.0, make).new == 3
    assert overviews.of(Asked(), "a", 7.9, make).new == 4  # a clock that was set back
