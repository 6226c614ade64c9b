"""HQ behind nginx and behind Caddy, with the examples as they are shipped."""

from __future__ import annotations

import pytest
from console_hand import Hand
from fronts import BOTH, Front, port
from served import Address, DeviceAddress

from outcry.responder.intake.app import DeviceApp
from outcry.responder.service.people_app import people_app
from stage.proxies import proxy


@pytest.fixture(scope="module", params=BOTH)
def standing(request, tmp_path_factory):
    """Proxy and listeners that stay for a module: starting them takes long."""
    people, device = Address(), DeviceAddress()
    folder = tmp_path_factory.mktemp("proxy") / request.param
    with proxy(request.param, folder, port(device), port(people)) as running:
        yield Front(request.param, running, people, device)
    people.stop()
    device.stop()


@pytest.fixture
def front(standing, world):
    """This test's HQ behind the proxy."""
    url = standing.proxy.url
    world.hq.restarts({"people": {"behind_proxy": True, "public_url": url}})
    standing.asked.clear()
    standing.bytes_read = 0
    standing.people.app = standing.watched(people_app(world.hq.parts))
    standing.device.app = standing.watched(DeviceApp(world.hq.parts.inbox))
    return standing


@pytest.fixture
def visitor(front):
    with front.visitor() as client:
        yield client


@pytest.fixture
def olga(front, world, visitor):
    """An officer who has logged in through the proxy."""
    hand = Hand(front.proxy.url, world.clock)
    hand.client.close()
    hand.client = visitor
    hand.settle(f"/console/welcome/{world.hq.parts.officers.add('olga')}")
    assert hand.login().status_code == 303
    return hand
