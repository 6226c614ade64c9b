"""The templates of every page, and what all of them are given."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from outcry.responder import formatting

_FOLDER = Path(__file__).parent / "pages"


@cache
def environment(organisation: str, public_url: str, credit: str) -> Environment:
    """The templates, compiled once; all that goes into them is escaped.

    ``credit``: whose maps are shown.
    """
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(organisation=organisation, public_url=public_url, credit=credit)
    made.globals.update(moment=moment, rfc3339=formatting.rfc3339)
    return made


def moment(at: float) -> str:
    """14:03 UTC, 22 November 2026."""
    return f"{formatting.clock_time(at)}, {formatting.date(at)}"
