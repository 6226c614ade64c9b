"""The list of wearers: what was asked for in the page's address, and what of it is on a page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import NamedTuple
from urllib.parse import urlencode

from sqlalchemy import Connection

from outcry.responder.console.watching import standing
from outcry.responder.console.watching.device_health import SILENT_AFTER_S, Health, how_they_are
from outcry.responder.storage import roll
from outcry.responder.storage.roll import Show, Sort, Which

ON_A_PAGE = 50
_LONGEST = 100  # letters of a search
_MOST_PAGES = 1_000_000


@dataclass(frozen=True)
class Asked:
    """What an officer wants to see of the list; ``page`` from 1."""

    words: str = ""
    show: Show = Show.ALL
    sort: Sort = Sort.NAME
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """As an address says it; what makes no sense there counts as not said."""
        words = " ".join(query.get("q", "").split())[:_LONGEST]
        show, sort = query.get("show", ""), query.get("sort", "")
        return cls(
            words,
            Show(show) if show in list(Show) else Show.ALL,
            Sort(sort) if sort in list(Sort) else Sort.NAME,
            page_of(query),
        )

    def address(self, **changed: object) -> str:
        """The address of this list, changed so: of its first page, if not said otherwise."""
        other = replace(self, page=1)
        other = replace(other, **changed)  # type: ignore[arg-type]
        said = {
            "q": other.words,
            "show": "" if other.show is Show.ALL else other.show.value,
            "sort": "" if other.sort is Sort.NAME else other.sort.value,
            "page": "" if other.page == 1 else str(other.page),
        }
        query = urlencode({key: value for key, value in said.items() if value})
        return f"/console?{query}" if query else "/console"


EVERYBODY = Asked()


def page_of(query: Mapping[str, str]) -> int:
    """The page that an address asks for, from 1."""
    page = query.get("page", "")
    known = page.isascii() and page.isdigit() and len(page) < 8
    return min(max(1, int(page)), _MOST_PAGES) if known else 1


class Listed(NamedTuple):
    """A page of the list. ``numbers``: how many there are of each, of what was searched for."""

    asked: Asked
    wearers: tuple[Health, ...]
    alarmed: frozenset[str]
    numbers: Mapping[Show, int]
    pages: int


def listed(connection: Connection, asked: Asked, now: float) -> Listed:
    """What was asked for, as of ``now`` (Unix seconds); a page past the last one is the last."""
    alarmed = standing.alarmed(connection)
    which = Which(asked.words, asked.show, alarmed, now - SILENT_AFTER_S)
    numbers = {show: roll.number(connection, which, show) for show in Show}
    pages = max(1, ceil(numbers[asked.show] / ON_A_PAGE))
    asked = replace(asked, page=min(asked.page, pages))
    devices = roll.found(connection, which, asked.sort, (asked.page - 1) * ON_A_PAGE, ON_A_PAGE)
    health = how_they_are(connection, devices, now)
    in_alarm = frozenset(f"{device:08x}" for device in alarmed)
    return Listed(asked, tuple(health), in_alarm, numbers, pages)
