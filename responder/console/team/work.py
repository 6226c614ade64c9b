"""What officers write down while they work on an alarm; it decides nothing."""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from fastapi import APIRouter, Response
from starlette.responses import RedirectResponse

from outcry.responder.console.dependencies import Form, Hq, LoggedIn, NoteForm
from outcry.responder.rules.events import NOTE_LENGTH, RING_LENGTH, Said

router = APIRouter()


class Tick(StrEnum):
    """What can be said of an item of the checklist."""

    TICK = "tick"
    UNTICK = "untick"


class NoWords(Exception):
    """A note in which nothing stands, or a call of which it is not said what came."""


class TooManyWords(Exception):
    """A note that is longer than the page lets one write."""


@router.post("/alarm/{alarm:int}/work/note")
def note(alarm: int, hq: Hq, session: LoggedIn, form: NoteForm) -> Response:
    hq.console.note(alarm, session.officer, note_in(form))
    return _back(alarm, "note")


@router.post("/alarm/{alarm:int}/work/still")
def still(alarm: int, hq: Hq, session: LoggedIn, form: Form) -> Response:
    hq.console.still(alarm, session.officer)
    return _back(alarm, "still")


@router.post("/alarm/{alarm:int}/work/rang/{contact:int}")
def rang(alarm: int, contact: int, hq: Hq, session: LoggedIn, form: Form) -> Response:
    words = " ".join(written(form.get("note", "")).split())
    if len(words) > RING_LENGTH:
        raise TooManyWords
    try:
        said = Said(form.get("said", ""))
    except ValueError:
        raise NoWords from None
    hq.console.rang(alarm, session.officer, contact, said, words)
    return _back(alarm, "real" if said is Said.REAL else "rang")


@router.post("/alarm/{alarm:int}/work/{tick}")
def tick(alarm: int, tick: Tick, hq: Hq, session: LoggedIn, form: Form) -> Response:
    done = tick is Tick.TICK
    hq.console.tick(alarm, session.officer, form.get("item", ""), done=done)
    return _back(alarm, tick)


def note_in(form: Mapping[str, str]) -> str:
    """The note that was written. Raises :class:`NoWords`, :class:`TooManyWords`."""
    text = written(form.get("note", ""))
    if not text:
        raise NoWords
    if len(text) > NOTE_LENGTH:
        raise TooManyWords
    return text


def written(field: str) -> str:
    """What somebody wrote into a form, without what no keyboard writes: lines end in one way."""
    lines = field.replace("\r\n", "\n")
    kept = (
        one for one in lines if one == "\n" or unicodedata.category(one) not in ("Cc", "Cs")
    )  # joiners stay: Persian words have them
    return "".join(kept).strip()


def _back(alarm: int, done: str) -> Response:
    return RedirectResponse(f"/console/alarm/{alarm}?done={done}", 303)
