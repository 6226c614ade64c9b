"""Open consoles share one look at a time, and each hears of it before there is another."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from outcry.responder.console.news import Live


def test_every_open_console_hears_of_a_look_before_the_next_one():
    happened = []

    def look():
        happened.append("look")
        return str(happened.count("look"))

    async def hears(live, name, until):
        async with aclosing(live.events(lambda: True)) as events:
            async for event in events:
                happened.append(name)
                if event == f"data: {until}\n\n":
                    return

    async def all_hear():
        live = Live(look)
        await asyncio.gather(*(hears(live, name, until=4) for name in "ab"))

    asyncio.run(all_hear())
    looks = " ".join(happened).split("look")[1:]
    assert [sorted(heard.split()) for heard in looks] == [["a", "b"]] * 4
