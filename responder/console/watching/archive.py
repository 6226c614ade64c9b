"""The archive of alarms: its page, and what officers take out of it as files."""

from enum import StrEnum

from fastapi import APIRouter, Request, Response

from outcry.responder.console.accounts import Session
from outcry.responder.console.dependencies import Form, Hq, LoggedIn, Parts
from outcry.responder.console.watching import past
from outcry.responder.console.watching.past import Wanted
from outcry.responder.maps import track_files

_SPREADSHEETS = "\ufeff"  # else they take UTF-8 for something else

router = APIRouter(prefix="/archive")


class Kind(StrEnum):
    """A file with a track."""

    GEOJSON = "geojson"
    GPX = "gpx"


@router.get("")
def archive(request: Request, hq: Hq, session: LoggedIn) -> Response:
    with hq.console.store.read() as connection:
        found = past.found(connection, Wanted.of(request.query_params))
    return hq.pages.archive(session, found)


@router.post("/alarms.csv")
def as_csv(hq: Hq, session: LoggedIn, form: Form) -> Response:
    with hq.console.store.read() as connection:
        text, count = past.as_csv(connection, Wanted.of(form))
    _note(hq, session, "a list of alarms", alarms=count)
    return _file(_SPREADSHEETS + text, "text/csv; charset=utf-8", "alarms.csv")


@router.post("/{alarm:int}/track.{kind}")
def track(alarm: int, kind: Kind, hq: Hq, session: LoggedIn, form: Form) -> Response:
    with hq.console.store.read() as connection:
        title, spots = past.track(connection, alarm)
    _note(hq, session, "a track", alarm=alarm)
    if kind is Kind.GPX:
        text, type_ = track_files.gpx(spots, title), track_files.GPX
    else:
        text, type_ = track_files.geojson(spots, title), track_files.GEOJSON
    return _file(text, type_, f"alarm-{alarm}.{kind}")


def _note(hq: Parts, session: Session, what: str, **more: int) -> None:
    with hq.console.store.write() as connection:
        past.note(connection, hq.console.clock(), session.officer, what, **more)


def _file(text: str, type_: str, name: str) -> Response:
    return Response(text, headers={
        "Content-Type": type_, "Content-Disposition": f'attachment; filename="{name}"'
    })  # fmt: skip
