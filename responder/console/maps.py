"""What the console's maps are drawn with: land and towns, by squares of whole degrees."""

from fastapi import APIRouter, Response

from outcry.responder.console.dependencies import LoggedIn
from outcry.responder.maps import squares, surroundings

JSON = "application/json"

router = APIRouter()


@router.get("/land/{size}/{south}/{west}.json")
def land(size: int, south: int, west: int, session: LoggedIn) -> Response:
    return Response(squares.packed(size, south, west), media_type=JSON)


@router.get("/towns/{size}/{south}/{west}.json")
def towns(size: int, south: int, west: int, session: LoggedIn) -> Response:
    return Response(surroundings.towns(size, south, west), media_type=JSON)
