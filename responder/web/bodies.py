"""Bodies of a known largest size, and forms: what is longer is thrown away as it comes."""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

from outcry.responder.web.guard import is_same_origin

PATIENCE_S = 30.0  # GPRS carries our largest body in about a second; a stall is given this long
MOST_FIELDS = 20  # no form of ours has as many
DRAIN_LIMIT = 16 * 1024 * 1024  # read past, so that the refusal reaches its sender; then hang up


class TooLarge(Exception):
    """The body is longer than allowed."""


class TooSlow(Exception):
    """The body stopped coming, or its sender went away."""


class Stranger(Exception):
    """A form that was not sent from one of our own pages."""


async def read_body(request: Request, limit: int) -> bytes:
    """The body, at most ``limit`` bytes; never holds more than that and one chunk.

    Raises :class:`TooLarge`, :class:`TooSlow`.
    """
    kept = bytearray()
    total = 0
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for chunk in request.stream():
                total += len(chunk)
                if total > DRAIN_LIMIT:
                    break
                if total <= limit:
                    kept += chunk
    except (TimeoutError, ClientDisconnect):
        raise TooSlow from None
    if total > limit:
        raise TooLarge
    return bytes(kept)


async def read_form(request: Request, limit: int) -> Mapping[str, str]:
    """The first value of each field of a form that one of our pages sent.

    Raises :class:`Stranger`, :class:`TooLarge`, :class:`TooSlow`.
    """
    if not is_same_origin(request.scope):
        raise Stranger
    body = (await read_body(request, limit)).decode("ascii", "replace")
    try:
        fields = parse_qs(body, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise TooLarge from None
    return {name: values[0] for name, values in fields.items()}
