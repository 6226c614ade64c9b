"""How soon an alarm is on the page of each of fifty open consoles."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from random import Random

from bench.figure import say
from bench.headquarters.desk import desk_with, psk
from bench.headquarters.news import listening, session
from outcry.envelope import Header, public_key, seal
from outcry.report import TOKEN_BYTES, encode
from outcry.responder.console.dependencies import SESSION_COOKIE
from outcry.responder.enrolment.hq_keys import load_or_create
from outcry.responder.intake.app import DeviceApp
from outcry.responder.service.assemble import Responder
from outcry.responder.service.people_app import people_app
from stage.reports import report
from stage.stage import NotSeen

CONSOLES = 50
ALARMS = 8
WEARERS = 10_000
_LIMIT_S = 60.0
_TRY_AGAIN_S = 0.3  # and up to twice that, as the console's script does
_APART_S = 3.0


def console_news_s_50_open(
    consoles: int = CONSOLES, alarms: int = ALARMS, wearers: int = WEARERS
) -> float:
    """The longest from a report's first byte to the alarm's being on the page of the last console.

    In each an officer of their own is logged in, all from one address; on news it asks for its page.
    10,000 wearers, and 200 alarms that are open already.
    """
    with desk_with("", wearers) as desk, ExitStack() as running:
        hq = desk.hq
        people = running.enter_context(listening("people", people_app(hq)))
        device = running.enter_context(listening("device", DeviceApp(hq.inbox)))
        say(f"opening {consoles} consoles")
        cookies = [session(hq, f"officer-{n}") for n in range(consoles)]
        open_ = [running.enter_context(_console(people, each)) for each in cookies]
        return max(_seconds(hq, device, open_, n) for n in range(alarms))


class _Console:
    """Listens to the stream, and asks for the page when it says that something has changed."""

    def __init__(self, port: int, cookie: str, number: int) -> None:
        self._headers = {"Cookie": f"{SESSION_COOKIE}={cookie}"}
        self._stream = HTTPConnection("127.0.0.1", port, timeout=_LIMIT_S)
        self._pages = HTTPConnection("127.0.0.1", port, timeout=_LIMIT_S)
        self._random = Random(number)
        self.shown = threading.Condition()
        self.page = b""
        self._closed = False
        self._live = self._open()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _open(self) -> HTTPResponse:
        self._stream.request("GET", "/console/live", headers=self._headers)
        live = self._stream.getresponse()
        if live.status != 200 or not live.readline().startswith(b": here"):
            raise NotSeen("a console's stream did not open")
        return live

    def _listen(self) -> None:
        try:
            while line := self._live.readline():
                if line.startswith(b"data: "):
                    page = self._look()
                    with self.shown:
                        self.page = page
                        self.shown.notify_all()
        except (OSError, ValueError, AttributeError, HTTPException):  # what a closed stream raises
            if not self._closed:
                raise

    def _look(self) -> bytes:
        while True:
            self._pages.request("GET", "/console", headers=self._headers)
            answer = self._pages.getresponse()
            body = answer.read()
            if answer.status == 200:
                return body
            if answer.status != 503:
                raise NotSeen(f"a console's page is answered with {answer.status}")
            time.sleep(_TRY_AGAIN_S * (1 + self._random.random()))

    def waits_for(self, words: bytes) -> None:
        with self.shown:
            if not self.shown.wait_for(lambda: words in self.page, _LIMIT_S):
                raise NotSeen("an alarm did not come to an open console")

    def close(self) -> None:
        self._closed = True
        for connection in (self._stream, self._pages):
            if connection.sock is not None:
                connection.sock.shutdown(socket.SHUT_RDWR)  # its reader lets go of it
        self._thread.join(_LIMIT_S)
        self._stream.close()
        self._pages.close()


@contextmanager
def _console(port: int, cookie: str) -> Iterator[_Console]:
    console = _Console(port, cookie, hash(cookie))
    try:
        yield console
    finally:
        console.close()


def _seconds(hq: Responder, port: int, consoles: list[_Console], n: int) -> float:
    time.sleep(_APART_S)  # the last news has been read
    which = 2 + n
    key = public_key(load_or_create(hq.settings.directory)[0])
    made = report(alarm=9, sent_at=int(time.time()), token=os.urandom(TOKEN_BYTES))
    sealed = seal(encode(made), Header(which, 1000), key, psk(which))
    began = time.perf_counter()
    device = HTTPConnection("127.0.0.1", port, timeout=_LIMIT_S)
    device.request("POST", "/v1/reports", sealed)
    if device.getresponse().status != 200:
        raise NotSeen("HQ did not take the report")
    device.close()
    alarm = max(each.alarm for each in hq.console.overview().alarms)
    for each in consoles:
        each.waits_for(f'id="alarm-{alarm}"'.encode())
    took = time.perf_counter() - began
    say(f"{took:.2f} s")
    return took
