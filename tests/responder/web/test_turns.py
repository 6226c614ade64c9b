"""Requests at a time: one source does not take all turns, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from outcry.responder.web.turns import EACH, MOST, Turns

PATIENCE_S = 60.0


class Asked:
    """Requests to an application that answers when the test says so."""

    def __init__(self, limit_s=PATIENCE_S, behind_proxy=True):
        self.go_on = asyncio.Event()
        self.turns = Turns(self.app, behind_proxy, limit_s)
        self.begun = 0

    async def app(self, scope, receive, send):
        self.begun += 1
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def status(self, address):
        said = []

        async def send(message):
            said.append(message)

        headers = [(b"x-forwarded-for", address.encode())]
        here = ("127.0.0.1", 1)
        scope = {"type": "http", "headers": headers, "client": here, "server": here}
        await self.turns(scope, None, send)
        return said[0]["status"]

    async def waiting(self, *addresses):
        tasks = [asyncio.create_task(self.status(each)) for each in addresses]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return tasks


def test_one_source_has_some_turns_and_the_others_have_theirs():
    async def story():
        asked = Asked()
        many = await asked.waiting(*["198.51.100.7"] * (EACH + 3))
        others = await asked.waiting("198.51.100.8", "2001:db8::1")
        assert asked.begun == EACH + 2
        asked.go_on.set()
        statuses = await asyncio.gather(*many)
        assert statuses == [200] * EACH + [503] * 3
        assert await asyncio.gather(*others) == [200, 200]
        assert await asked.status("198.51.100.7") == 200

    asyncio.run(story())


def test_all_together_have_no_more_than_can_be_worked_through():
    async def story():
        asked = Asked()
        addresses = [f"198.51.{n // 250}.{n % 250}" for n in range(MOST + 5)]
        tasks = await asked.waiting(*addresses)
        asked.go_on.set()
        statuses = await asyncio.gather(*tasks)
        assert statuses == [200] * MOST + [503] * 5
        assert await asked.status("198.51.100.7") == 200

    asyncio.run(story())


def test_a_request_that_gets_no_answer_is_ended_and_counts_until_its_work_is():
    async def story():
        asked = Asked(limit_s=0.0)
        for _ in range(EACH):
            with pytest.raises(TimeoutError):
                await asked.status("198.51.100.7")
        assert await asked.status("198.51.100.7") == 503
        asked.go_on.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asked.status("198.51.100.7")

    asyncio.run(story())


def test_an_answer_that_has_begun_gives_its_turn_to_another():
    """News to an open console go on for hours."""

    async def story():
        asked, ended = Asked(), asyncio.Event()

        async def news(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await ended.wait()

        asked.turns = Turns(news, True)
        streams = await asked.waiting(*["198.51.100.7"] * EACH)
        streams += await asked.waiting(*["198.51.100.7"] * EACH)
        ended.set()
        assert await asyncio.gather(*streams) == [200] * 2 * EACH

    asyncio.run(story())


def test_an_error_inside_is_the_callers_and_gives_the_turn_back():
    async def story():
        async def fails(scope, receive, send):
            raise KeyError

        asked = Asked()
        asked.turns = Turns(fails, True)
        for _ in range(EACH + 1):
            with pytest.raises(KeyError):
                await asked.status("198.51.100.7")

    asyncio.run(story())
