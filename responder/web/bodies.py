"""Request bodies of a known largest size: what is longer is thrown away as it comes."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

PATIENCE_S = 30.0  # GPRS carries our largest body in about a second; a stall is given this long
DRAIN_LIMIT = 16 * 1024 * 1024  # read past, so that the refusal reaches its sender; then hang up


class TooLarge(Exception):
    """The body is longer than allowed."""


class TooSlow(Exception):
    """The body stopped coming, or its sender went away."""


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
