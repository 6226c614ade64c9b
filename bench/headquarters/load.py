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
WARM = 4  # reports of each connection: the alarms of its devices, and then one more of each
Device = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def device(port: int) -> Device:
    """A kept connection."""
    return await asyncio.open_connection("127.0.0.1", port)


async def post(device: Device, bodies: list[bytes], every_s: float, waits: list[float]) -> None:
    """Post each, waiting for the receipt of the one before, and for the next one's time."""
    reader, writer = device
    due = time.perf_counter()
    for body in bodies:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        head = f"POST /v1/reports HTTP/1.1\r\nHost: hq\r\nContent-Length: {len(body)}\r\n\r\n"
        begun = due if every_s else time.perf_counter()  # one that comes late has waited already
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer[:60]
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        waits.append(time.perf_counter() - begun)
        due += every_s


async def load(ports: list[int], sealed: list[bytes], rate: float) -> tuple[float, list[float]]:
    """Posts a second, and each wait in seconds; ``rate`` a second in all, 0: what is possible.

    Each connection has posted once before the clock begins: nobody measures a cold start here.
    """
    lanes = [sealed[n::CONNECTIONS] for n in range(CONNECTIONS)]
    every_s = CONNECTIONS / rate if rate else 0.0
    devices = [await device(port) for port, _ in zip(cycle(ports), lanes, strict=False)]
    await asyncio.gather(
        *(post(one, lane[:WARM], 0.0, []) for one, lane in zip(devices, lanes, strict=True))
    )
    waits: list[float] = []
    begun = time.perf_counter()

    async def begin(n: int) -> None:
        await asyncio.sleep(n * every_s / CONNECTIONS)  # not all in the same moment
        await post(devices[n], lanes[n][WARM:], every_s, waits)

    await asyncio.gather(*(begin(n) for n in range(CONNECTIONS)))
    return len(waits) / (time.perf_counter() - begun), waits


def main(file: str, core: str, rate: str, *ports: str) -> None:
    """Print receipts a second, and the 99th percentile of the waits in ms."""
    os.sched_setaffinity(0, {int(core)})
    data = Path(file).read_bytes()
    sealed = [data[n : n + SEALED_BYTES] for n in range(0, len(data), SEALED_BYTES)]
    per_s, waits = asyncio.run(load([int(port) for port in ports], sealed, float(rate)))
    print(per_s, sorted(waits)[int(len(waits) * 0.99)] * 1000)


if __name__ == "__main__":
    main(*sys.argv[1:])
