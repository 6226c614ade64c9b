"""Many devices at once on kept connections, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from itertools import cycle
from pathlib import Path

from outcry.envelope import SEALED_BYTES

CONNECTIONS = 100


async def device(port: int, bodies: list[bytes], waits: list[float]) -> None:
    """Post each, waiting for the receipt of the one before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for body in bodies:
        head = f"POST /v1/reports HTTP/1.1\r\nHost: hq\r\nContent-Length: {len(body)}\r\n\r\n"
        begun = time.perf_counter()
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer[:60]
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        waits.append(time.perf_counter() - begun)
    writer.close()


async def load(ports: list[int], sealed: list[bytes]) -> tuple[float, list[float]]:
    """How long it all took, and each wait, in seconds."""
    waits: list[float] = []
    lanes = [sealed[n::CONNECTIONS] for n in range(CONNECTIONS)]
    begun = time.perf_counter()
    await asyncio.gather(
        *(device(port, lane, waits) for port, lane in zip(cycle(ports), lanes, strict=False))
    )
    return time.perf_counter() - begun, waits


def main(file: str, core: str, *ports: str) -> None:
    """Print receipts a second, and the 99th percentile of the waits in ms."""
    os.sched_setaffinity(0, {int(core)})
    data = Path(file).read_bytes()
    sealed = [data[n : n + SEALED_BYTES] for n in range(0, len(data), SEALED_BYTES)]
    took, waits = asyncio.run(load([int(port) for port in ports], sealed))
    print(len(sealed) / took, sorted(waits)[int(len(waits) * 0.99)] * 1000)


if __name__ == "__main__":
    main(*sys.argv[1:])
