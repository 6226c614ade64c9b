"""Every network with a server behind it: real ones where there are any, one for a whole run."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from graph_endpoint import APP_SECRET, PAGE, TOKEN, GraphEndpoint
from hanging_proxy import HangingProxy

from outcry.responder.callers.processes import Callers
from outcry.responder.posting.bluesky import Bluesky
from outcry.responder.posting.facebook import Facebook
from outcry.responder.posting.isolated import Isolated
from outcry.responder.posting.mastodon import Mastodon
from outcry.responder.posting.publisher import Draft, OutcomeUnknown, Posted
from outcry.responder.posting.x import X
from stage.networks import pds, peers, snac
from stage.ports import free_port

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)


@pytest.fixture(scope="session")
def bluesky_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pds.Pds]:
    if peers.pds() is None:
        pytest.skip("Bluesky's PDS is not installed: make peers")
    server = pds.start(tmp_path_factory.mktemp("pds"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def snac_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[snac.Snac]:
    if peers.snac() is None:
        pytest.skip("snac is not here: make peers")
    server = snac.start(tmp_path_factory.mktemp("snac"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mock_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """mastodon_mock honours what snac lacks: Idempotency-Key, 500 characters, delete."""
    pytest.importorskip("mastodon_mock")
    port = free_port()
    program = Path(sys.executable).with_name("mastodon_mock")
    log = tmp_path_factory.mktemp("mock") / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, "serve", "--in-memory", "--host", "127.0.0.1", "--port", str(port)],
            stdout=out,
            stderr=out,
        )
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 60
    while not _answers(url):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(30)


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{url}/api/v1/instance", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture
def x_server() -> Iterator[Any]:
    # Here, since X's library takes two seconds to load: only who asks for the server waits.
    from x_endpoint import XEndpoint

    server = XEndpoint()
    yield server
    server.stop()


@pytest.fixture
def graph() -> Iterator[GraphEndpoint]:
    server = GraphEndpoint()
    yield server
    server.stop()


@pytest.fixture
def proxied() -> Iterator[Any]:
    """Makes a proxy before a server."""
    made: list[HangingProxy] = []

    def make(url: str) -> HangingProxy:
        made.append(HangingProxy(url))
        return made[-1]

    yield make
    for proxy in made:
        proxy.stop()


@dataclass(frozen=True)
class Network:
    """How to make a publisher for one server, given where it is to be reached, and a bad one."""

    name: str
    url: str
    request: pytest.FixtureRequest

    def publisher(self, url: str | None = None, secret: str | None = None, timeout_s: float = 15.0):
        kind, account = self._account(url or self.url, secret, timeout_s)
        made = kind(**account)
        return Patient(made) if self.name == "snac" and timeout_s > 5 else made

    def isolated(self, callers: Callers, url: str | None = None, timeout_s: float = 15.0):
        """The same in a process of its own."""
        return Isolated(*self._account(url or self.url, None, timeout_s), callers)

    def _account(self, url: str, secret: str | None, timeout_s: float) -> tuple[Any, dict]:
        match self.name:
            case "bluesky":
                server = self.request.getfixturevalue("bluesky_server")
                about = {"handle": server.handle, "app_password": secret or server.app_password}
                kind: Any = Bluesky
            case "snac":
                server = self.request.getfixturevalue("snac_server")
                kind, about = Mastodon, {"token": secret or server.token}
            case "mock":
                kind, about = Mastodon, {"token": secret or "mock_token"}
            case "x":
                from x_endpoint import KEYS

                kind, about = X, dict(KEYS) | ({"access_token_secret": secret} if secret else {})
            case _:
                about = {"page": PAGE, "token": secret or TOKEN, "app_secret": APP_SECRET}
                kind = Facebook
        return kind, {**about, "server": url, "timeout_s": timeout_s}


@pytest.fixture(params=["bluesky", "snac", "mock", "x", "facebook"])
def network(request: pytest.FixtureRequest) -> Network:
    match request.param:
        case "bluesky":
            url = request.getfixturevalue("bluesky_server").url
        case "snac":
            url = request.getfixturevalue("snac_server").url
        case "mock":
            url = request.getfixturevalue("mock_server")
        case "x":
            url = request.getfixturevalue("x_server").url
        case _:
            url = request.getfixturevalue("graph").url
    return Network(request.param, url, request)


class Patient:
    """Does what the workflow does about an unknown outcome: looks, and then tries once more.

    snac resets about one connection in ten as it answers; a proxy before it hides that from the
    world, and here there is none.
    """

    def __init__(self, publisher: Any) -> None:
        self._publisher = publisher

    def __getattr__(self, name: str) -> Any:
        return getattr(self._publisher, name)

    def post(self, key: str, draft: Draft) -> Posted:
        return self._said(key, draft, lambda: self._publisher.post(key, draft))

    def reply(self, key: str, to: Posted, draft: Draft) -> Posted:
        return self._said(key, draft, lambda: self._publisher.reply(key, to, draft))

    def find(self, key: str, draft: Draft) -> Posted | None:
        return self._again(lambda: self._publisher.find(key, draft))

    def correct(self, key: str, to: Posted, draft: Draft) -> Posted:
        return self._again(lambda: self._publisher.correct(key, to, draft))

    def check(self) -> Any:
        for _ in range(20):
            (finding,) = self._publisher.check()
            if "Network" not in finding.what:
                break
        return (finding,)

    def _said(self, key: str, draft: Draft, say: Any) -> Posted:
        for _ in range(20):
            try:
                return say()
            except OutcomeUnknown:
                found = self.find(key, draft)
                if found is not None:
                    return found
        raise AssertionError("the server resets every connection")

    def _again(self, work: Any) -> Any:
        for _ in range(20):
            try:
                return work()
            except OutcomeUnknown:
                continue
        raise AssertionError("the server resets every connection")


@pytest.fixture
def callers() -> Iterator[Callers]:
    made = Callers()
    yield made
    made.close()


@pytest.fixture
def snac_account(snac_server: snac.Snac) -> Patient:
    return Patient(Mastodon(snac_server.url, snac_server.token))


_counter = iter(range(10**6))


@pytest.fixture
def draft():
    """Makes a draft of words nobody has posted before; made a moment ago."""

    def make(text: str = "Ana raised an alarm", **more: Any) -> Draft:
        return Draft(
            f"{text} ({next(_counter)})", **{"language": "en", "made_at": time.time(), **more}
        )

    return make


@pytest.fixture
def png() -> bytes:
    """One red pixel."""
    return PNG


@pytest.fixture
def closed_port() -> int:
    return free_port()
