"""Whose number a text came from: networks write the same number in several ways."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from outcry.responder.storage import store

SHORTEST = 7  # digits of a number without its country's code that tell people apart
# ITU-T E.164 country codes of one digit and of two; all others have three.
_COUNTRY = re.compile(
    r"\+(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})", re.ASCII
)
_TRUNK = ("0", "8", "06")  # dialled before a number within its own country


def contacts(connection: Connection, sender: str, own: str) -> Sequence[Row[Any]]:
    """Who has this number: one phone may be a contact of several wearers.

    ``own``: HQ's own number, empty if there is none: networks leave out what is the same.
    """
    table = store.contact
    is_it = table.c.number.in_([*_written_out(sender, own)])
    return connection.execute(select(table).where(is_it).order_by(table.c.id)).all()


def _written_out(sender: str, own: str) -> Iterator[str]:
    """The numbers with + and country code that a sender's number may stand for."""
    if not re.fullmatch(r"\+?\d+", sender, re.ASCII):
        return  # a name, which anybody can choose
    if sender.startswith("+"):
        yield sender
        return
    yield "+" + sender.removeprefix("00")
    country = _COUNTRY.match(own)
    if country is None or len(sender) < SHORTEST:
        return
    yield country[0] + sender
    for prefix in _TRUNK:
        if sender.startswith(prefix):
            yield country[0] + sender.removeprefix(prefix)
