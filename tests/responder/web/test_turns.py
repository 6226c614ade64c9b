"""Requests at a time: one source does not take all turns, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from outcry.responder.web.guard import vouch_for
from outcry.responder.web.turns import EACH, STRANGERS, Turns

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

    async def status(self, address, receive=None):
        said = []

        async def send(message):
            said.append(message)

        headers = [(b"x-forwarded-for", address.encode())]
        here = ("127.0.0.1", 1)
        scope = {"type": "http", "headers": headers, "client": here, "server": here}
        await self.turns(scope, receive, send)
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
        tasks = await asked.waiting(*strangers(STRANGERS + 5))
        asked.go_on.set()
        statuses = await asyncio.gather(*tasks)
        assert statuses == [200] * STRANGERS + [503] * 5
        assert await asked.status("198.51.100.7") == 200

    asyncio.run(story())


def test_who_was_right_before_has_a_turn_when_strangers_have_theirs():
    """An officer who is logged in, a contact whose PIN was right, behind a proxy or not."""

    async def story():
        asked = Asked()

        async def right(scope, receive, send):
            vouch_for(scope)
            await asked.app(scope, receive, send)

        asked.go_on.set()
        asked.turns = Turns(right, True)
        assert await asked.status("2001:db8:0:1::7") == 200
        asked.go_on.clear()
        crowd = await asked.waiting(*strangers(STRANGERS + 1))
        known = await asked.waiting(*["2001:db8:0:1::8"] * (EACH + 1))
        asked.go_on.set()
        assert await asyncio.gather(*known) == [200] * EACH + [503]
        assert (await asyncio.gather(*crowd))[-1] == 503

    asyncio.run(story())


class Slow:
    """Senders of bodies that come in two parts, the second when the test says so."""

    def __init__(self):
        self.rest = asyncio.Event()
        self.ends = []

    def receive(self):
        parts = iter((True, False))

        async def receive():
            more = next(parts)
            if not more:
                await self.rest.wait()
            return {"type": "http.request", "body": b"x", "more_body": more}

        return receive

    async def app(self, scope, receive, send):
        """Reads all, works, answers; an end of the stream is a sender who went away."""
        while (message := await receive()).get("more_body"):
            pass
        self.ends.append(message["type"])
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def test_bodies_that_are_waited_for_take_nobodys_turn():
    async def story():
        asked, slow = Asked(), Slow()
        asked.turns = Turns(slow.app, True)
        sending = [
            asyncio.create_task(asked.status(each, slow.receive()))
            for each in strangers(2 * STRANGERS)
        ]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(asked.status("198.51.100.7", ready), PATIENCE_S) == 200
        slow.rest.set()
        statuses = await asyncio.gather(*sending)
        assert 503 in statuses, "all of them at once are too much again"
        assert statuses.count(200) >= STRANGERS
        assert await asked.status("198.51.100.7", ready) == 200, "every turn was given back"
        assert await asyncio.gather(*(asked.status(each, ready) for each in strangers(STRANGERS)))

    asyncio.run(story())


async def ready():
    return {"type": "http.request", "body": b"", "more_body": False}


def strangers(number):
    return [f"198.51.{n // 250}.{n % 250}" for n in range(number)]


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
