"""Where all wearers were last known to be, as marks for a map: at most some hundreds, however many
wearers there are.

Of each wearer the newest report that HQ keeps says where, or that there is no position. Those in
alarm have marks of their own; the others that are near each other, at the map's scale, share one.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from outcry.responder.console.dependencies import Hq, LoggedIn
from outcry.responder.console.watching import standing
from outcry.responder.console.watching.device_health import SILENT_AFTER_S
from outcry.responder.storage import roll
from outcry.responder.storage.roll import View

MOST_SHARED = 300  # marks of wearers that are not in alarm; 200 more have an alarm
_PIXELS = 90  # between two marks
_TILE = 256  # pixels of the whole world at zoom 0

router = APIRouter()


class Asked(NamedTuple):
    """The part of the world that a map shows, and how close (Leaflet's zoom, 0 to 19)."""

    view: View
    zoom: int

    @property
    def cell(self) -> float:
        """How many degrees wide the square is in which wearers share a mark."""
        wide = min(360.0, self.view.east - self.view.west)
        high = self.view.north - self.view.south
        enough = math.sqrt(wide * high / MOST_SHARED)
        return max(_PIXELS * 360.0 / (_TILE * 2.0**self.zoom), enough)


@router.get("/map.json")
def marks(request: Request, hq: Hq, session: LoggedIn) -> Response:
    asked = _asked(request.query_params)
    with hq.console.store.read() as connection:
        found = marks_of(connection, asked, hq.console.clock())
    return Response(json.dumps(found, ensure_ascii=False), media_type="application/json")


def marks_of(connection: Connection, asked: Asked, now: float) -> dict[str, Any]:
    """All that a map shows of a view, as plain JSON; ``now`` in Unix seconds."""
    alarms = standing.alarmed(connection)
    silent_before = now - SILENT_AFTER_S
    found: list[dict[str, Any]] = [
        {
            "at": [one.latitude, one.longitude],
            "state": "alarm",
            "name": one.name,
            "device": one.device,
        }
        for one in roll.placed(connection, asked.view, alarms)
    ]
    for shared in roll.shared(connection, asked.view, alarms, asked.cell, silent_before):
        state = "silent" if shared.silent else "fine"
        mark: dict[str, Any] = {"at": [shared.latitude, shared.longitude], "state": state}
        if shared.number == 1:
            mark |= {"name": shared.name, "device": f"{shared.device:08x}"}
        found.append(mark | {"number": shared.number, "silent": shared.silent})
    return {
        "marks": found,
        "nowhere": roll.nowhere(connection),
        "bounds": roll.bounds(connection),  # south, west, north, east
    }


def _asked(query: Mapping[str, str]) -> Asked:
    """As a map's script says it; what makes no sense counts as the whole world."""
    west, east = _number(query, "west", -540, 540, -180), _number(query, "east", -540, 540, 180)
    south, north = _number(query, "south", -90, 90, -90), _number(query, "north", -90, 90, 90)
    if east <= west or north <= south:
        west, south, east, north = -180.0, -90.0, 180.0, 90.0
    return Asked(View(west, south, east, north), math.floor(_number(query, "zoom", 0, 19)))


def _number(
    query: Mapping[str, str], name: str, low: float, high: float, otherwise: float = 0.0
) -> float:
    try:
        value = float(query.get(name, otherwise))
    except ValueError:
        return otherwise
    return min(high, max(low, value)) if math.isfinite(value) else otherwise
