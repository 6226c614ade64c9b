"""Somebody with a laptop opens connections and says half a word on each: alarms go on."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from stage.half_requests import Crowd, get, post

pytestmark = pytest.mark.slow

HALVES = 20_000 if os.environ.get("OUTCRY_CAMPAIGNS") == "full" else 2_000
LIMIT_S = 60.0
MOST_LINES = 100
OTHERS_FILES = 100  # of a process that has no connection
KEPT_BACK = 1024


def lines(service):
    return service.log.read_text().splitlines()


def connected_from(source, port):
    return socket.create_connection(("127.0.0.1", port), LIMIT_S, (source, 0))


def port_of(url):
    return urlsplit(url).port


@pytest.mark.parametrize("sources", [1, HALVES])
@pytest.mark.parametrize("listener", ["device", "people"])
def test_half_requests_hold_up_nobody_else(process, world, listener, sources):
    service = process()
    device, people = port_of(service.device_url), port_of(service.people_url)
    before = len(lines(service))

    def report(to, source=""):
        return post(to, world.device.message().sealed, source, LIMIT_S)

    with ExitStack() as stack:
        kept = stack.enter_context(connected_from("127.0.0.7", device))
        assert report(kept)  # its address is known from now on
        crowd = Crowd(device if listener == "device" else people, HALVES, sources)
        stack.enter_context(crowd).open()
        assert get(people, "/", "127.0.0.8", LIMIT_S)
        assert report(kept)
        assert report(device, "127.0.0.7")
        if sources == 1:
            assert report(device, "127.0.0.9")
        assert crowd.opened > HALVES / 2
        files = [int(name) for name in os.listdir(f"/proc/{service.process.pid}/fd")]
    assert len([each for each in files if each < KEPT_BACK]) < OTHERS_FILES
    assert get(people, "/", "127.0.0.8", LIMIT_S)
    told = lines(service)[before:]
    assert len(told) < MOST_LINES
    assert any(
        re.search(rf"{listener}: \d+ connections were ended or refused: ", one) for one in told
    )
    assert not service.ended()


GARBAGE = (
    b"no http at all\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: hq\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    b"POST /v1/reports HTTP/1.1\r\nHost: hq\r\nContent-Length: 1\r\n\r\nx",
)


def test_what_strangers_send_does_not_fill_the_journal(process):
    service = process()
    before = len(lines(service))
    for port in (port_of(service.device_url), port_of(service.people_url)):
        for request in GARBAGE * 100:
            with socket.create_connection(("127.0.0.1", port), LIMIT_S) as raw:
                raw.sendall(request)
                raw.recv(100)
    told = lines(service)[before:]
    assert 0 < len(told) < MOST_LINES


STANDS_STILL = """
import sys, time
from outcry.responder.service import run
from outcry.responder.cli.main import main

async def app(scope, receive, send):
    time.sleep(600)

run.{app} = lambda _: app
sys.exit(main())
"""


@pytest.mark.parametrize(("app", "name"), [("DeviceApp", "device"), ("people_app", "people")])
def test_a_listener_that_no_longer_answers_ends_the_service_to_be_restarted(
    process, monkeypatch, app, name
):
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    service = process(start=False)
    program = STANDS_STILL.format(app=app)
    command = [sys.executable, "-c", program, "run", "--config", service.config]
    log = service.config.with_suffix(".stuck")
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as stuck:
        port = port_of(service.device_url if name == "device" else service.people_url)
        request = b"GET / HTTP/1.1\r\nHost: hq\r\n\r\n"
        with connected(port, stuck, log) as raw:
            raw.sendall(request)
            assert stuck.wait(LIMIT_S) == 1
    told = next(line for line in log.read_text().splitlines() if "has stopped working" in line)
    assert f"'{name} listener'" in told


def connected(port, process, log):
    while True:
        assert process.poll() is None, log.read_text()
        try:
            return socket.create_connection(("127.0.0.1", port), LIMIT_S)
        except ConnectionRefusedError:
            time.sleep(0.05)  # it is starting, on the same two cores
