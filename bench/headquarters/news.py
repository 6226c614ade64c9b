"""How soon an open console learns of an alarm, through each proxy as it is shipped."""

from __future__ import annotations

import os
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pyotp
from sqlalchemy import insert

from outcry.envelope import KEY_BYTES, Header, public_key, seal
from outcry.report import TOKEN_BYTES, encode
from outcry.responder import settings
from outcry.responder.console.dependencies import SESSION_COOKIE
from outcry.responder.enrolment.hq_keys import load_or_create
from outcry.responder.intake.app import DeviceApp
from outcry.responder.service.assemble import Adapters, Responder, assemble
from outcry.responder.service.people_app import people_app
from outcry.responder.storage import store
from outcry.responder.web.listener import Listener
from stage.proxies import Proxy, proxy
from stage.reports import report
from stage.stage import NotSeen

ALARMS = 10
PASSWORD = "correct horse battery staple"
_STOP_S = 5.0
_LIMIT_S = 60.0


def news_behind_nginx_s(alarms: int = ALARMS) -> float:
    """The longest from a report's first byte to the event in the console, in seconds."""
    return _worst("nginx", alarms)


def news_behind_caddy_s(alarms: int = ALARMS) -> float:
    """The same through Caddy."""
    return _worst("caddy", alarms)


def _worst(kind: str, alarms: int) -> float:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        given = {"state": {"directory": f"{folder}/state"}, "people": {"behind_proxy": True}}
        Path(folder, "state").mkdir()
        hq = assemble(settings.check(given), Adapters())
        running.callback(hq.store.close)
        device = running.enter_context(listening("device", DeviceApp(hq.inbox)))
        people = running.enter_context(listening("people", people_app(hq)))
        front = running.enter_context(proxy(kind, Path(folder, "proxy"), device, people))
        sealed = _wearer(hq)
        live = running.enter_context(_live(front, session(hq)))
        return max(_seconds(front, live, sealed(alarm)) for alarm in range(1, alarms + 1))


@contextmanager
def listening(name: str, app: object) -> Iterator[int]:
    """An application on a real listener; its port."""
    listener = Listener(name, app, "127.0.0.1", 0)  # type: ignore[arg-type]
    listener.start()
    try:
        yield listener.port
    finally:
        listener.stop(_STOP_S)


def _wearer(hq: Responder) -> Callable[[int], bytes]:
    """Enrols one; makes the sealed first report of each alarm."""
    key, psk = public_key(load_or_create(hq.settings.directory)[0]), os.urandom(KEY_BYTES)
    row = {"device": 1, "name": "Zarema", "psk": psk, "quorum": 2, "enrolled_at": 0.0}
    with hq.store.write() as connection:
        connection.execute(insert(store.wearer), [row])

    def sealed(alarm: int) -> bytes:
        made = report(alarm=alarm, sent_at=int(time.time()), token=os.urandom(TOKEN_BYTES))
        return seal(encode(made), Header(1, alarm), key, psk)

    return sealed


def session(hq: Responder, name: str = "olga") -> str:
    """A new officer logs in; the cookie."""
    token = hq.officers.add(name)
    code = pyotp.TOTP(hq.officers.welcome(token).secret).now()
    recovery = hq.officers.settle(token, PASSWORD, code)[0]
    return hq.officers.login(name, PASSWORD, recovery, "127.0.0.1")[0]


@contextmanager
def _live(front: Proxy, session: str) -> Iterator[HTTPResponse]:
    """The stream of an open console, from where it has said that it is there."""
    trust = ssl.create_default_context(cafile=front.authority)
    console = HTTPSConnection(urlsplit(front.url).netloc, context=trust, timeout=_LIMIT_S)
    console.request("GET", "/console/live", headers={"Cookie": f"{SESSION_COOKIE}={session}"})
    answer = console.getresponse()
    if answer.status != 200 or not answer.readline().startswith(b": here"):
        raise NotSeen("the console's stream did not open")
    try:
        yield answer
    finally:
        console.close()


def _seconds(front: Proxy, live: HTTPResponse, sealed: bytes) -> float:
    began = time.perf_counter()
    device = HTTPConnection(urlsplit(front.plain).netloc, timeout=_LIMIT_S)
    device.request("POST", "/v1/reports", sealed)
    if device.getresponse().status != 200:
        raise NotSeen("HQ did not take the report")
    device.close()
    while not live.readline().startswith(b"data: "):
        if live.closed:
            raise NotSeen("the console's stream ended")
    return time.perf_counter() - began
