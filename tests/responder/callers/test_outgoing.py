"""Where HQ connects to: asked at the connect itself, with real libraries and real servers here.

Calls are made as the service makes them, in callers.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from apprise_endpoint import Web
from rebinding import REBOUND

from outcry.responder.archive import time_stamps
from outcry.responder.callers import outgoing
from outcry.responder.callers.processes import Callers
from outcry.responder.posting.bluesky import Bluesky
from outcry.responder.posting.facebook import Facebook
from outcry.responder.posting.isolated import Isolated
from outcry.responder.posting.mastodon import Mastodon
from outcry.responder.posting.publisher import (
    Draft,
    OutcomeUnknown,
    PublishingFailed,
    PublishingRefused,
)
from outcry.responder.posting.x import X
from outcry.responder.rules.events import Outcome
from outcry.responder.transports import apprise
from outcry.responder.transports.apprise import Channels
from stage import reports

pytestmark = pytest.mark.slow

NETWORKS = {
    "mastodon": (Mastodon, {"token": "token"}),
    "bluesky": (Bluesky, {"handle": "ana.example.org", "app_password": "password"}),
    "x": (X, dict.fromkeys(("api_key", "api_secret", "access_token", "access_token_secret"), "a")),
    "facebook": (Facebook, {"page": "1", "token": "token", "app_secret": "secret"}),
}


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch):
    monkeypatch.setattr(outgoing, "_named", set())


@pytest.fixture
def inside():
    """A server that no setting names; what has reached it."""
    server = Web()
    yield server
    server.may_answer.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def door(inside):
    """A server that settings name, and which sends everybody on to the one inside."""

    class Onward(BaseHTTPRequestHandler):
        def go(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(303 if self.path == "/see-other" else 307)
            self.send_header("Location", f"http://127.0.0.1:{inside.server_port}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = go

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Onward)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    outgoing.name([f"127.0.0.1:{server.server_port}"])
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def reached(inside, monkeypatch):
    """Connections to the server inside."""
    found: list[int] = []
    monkeypatch.setattr(inside.RequestHandlerClass, "handle", lambda _: found.append(1))
    return found


@pytest.fixture
def callers():
    with closing(Callers()) as made:
        yield made


@pytest.fixture
def rebinding_callers():
    """Callers to which a name means this machine, whatever it meant to HQ."""
    with closing(Callers("rebinding:load")) as made:
        yield made


def network(kind, server, callers):
    publisher, account = NETWORKS[kind]
    return Isolated(publisher, {**account, "server": server}, callers)


def test_a_channel_to_this_machine_gets_no_byte_and_certainly_nothing_left(inside):
    came = Channels().attempt(inside.url("x"), "t", "b")
    assert came.outcome is Outcome.FAILED
    assert inside.taken == []


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "127.1", "localhost", "example.org@127.0.0.1", "0"]
)
def test_no_spelling_leads_inside(inside, host):
    url = f"json://{host}:{inside.server_port}/x"
    assert apprise.problem(url) or "private address" in (apprise.refused(url, ["json"]) or "")
    assert Channels().attempt(url, "t", "b").outcome is not Outcome.DONE
    assert inside.taken == []


@pytest.mark.parametrize(
    "host",
    [
        *(
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[fe80::1%25eth0]",
            "[fd00::1]:99",
        ),
        *("[2002:7f00:1::]", "169.254.169.254.", "[::]", "[ff02::1]"),
    ],
)
def test_an_address_inside_is_refused_when_it_is_saved_in_brackets_or_with_a_dot(host):
    assert apprise.problem(f"ntfy://{host}/topic") is None
    assert "private address" in (apprise.refused(f"ntfy://{host}/topic") or "")


def test_an_address_in_brackets_that_settings_name_is_taken():
    outgoing.name(["[fd00::7]:8080"])
    assert apprise.refused("ntfy://[fd00::7]:8080/topic") is None
    assert apprise.refused("ntfy://[fd00::7]:8081/topic")


def test_what_settings_name_is_reached_and_nothing_beside_it(inside):
    outgoing.name([f"127.0.0.1:{inside.server_port}"])
    assert apprise.refused(inside.url("x", "ntfy")) is None
    assert Channels().attempt(inside.url("x"), "t", "b").outcome is Outcome.DONE
    assert not outgoing.allows("127.0.0.1", inside.server_port + 1)
    assert not outgoing.allows("127.0.0.2", inside.server_port)


def test_a_file_of_settings_names_the_server_whose_address_stands_in_it():
    apprise.name_server("json://127.0.0.1:8080/x")
    apprise.name_server("mailto://hq:x@example.org?smtp=localhost&to=ben@example.org")
    assert outgoing.allows("127.0.0.1", 8080)
    assert outgoing.allows("::1", 25)
    assert not outgoing.allows("127.0.0.1", 5432)
    outgoing.name_server(REBOUND, 443)
    assert not outgoing.allows("10.0.0.1", 443)


def test_a_channels_name_that_means_another_address_the_second_time_is_refused(
    inside, rebinding_callers, monkeypatch
):
    real = socket.getaddrinfo

    def at_first(host, port, *arguments, **more):
        return real("203.0.113.7" if host == REBOUND else host, port, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", at_first)
    url = f"json://{REBOUND}:{inside.server_port}/x"
    assert apprise.refused(url, ["json"]) is None
    channels = Channels(callers=rebinding_callers)
    assert channels.attempt(url, "t", "b").outcome is Outcome.FAILED
    assert inside.taken == []
    outgoing.name([f"127.0.0.1:{inside.server_port}"])
    assert channels.attempt(url, "t", "b").outcome is Outcome.DONE


@pytest.mark.parametrize("kind", NETWORKS)
def test_no_network_whose_name_means_a_place_inside_is_reached(
    inside, rebinding_callers, kind, reached
):
    made = network(kind, f"http://{REBOUND}:{inside.server_port}", rebinding_callers)
    (found, *_) = made.check()
    assert not found.ok
    assert reached == []
    outgoing.name([f"127.0.0.1:{inside.server_port}"])
    made.check()
    assert reached != []  # by the same process, and only now


def test_a_channels_server_cannot_send_it_on_to_a_place_inside(inside, door):
    assert Channels().attempt(f"json://{door}/x", "t", "b").outcome is not Outcome.DONE
    assert inside.taken == []


@pytest.mark.parametrize("kind", NETWORKS)
def test_no_network_can_send_us_on_to_a_place_inside(inside, door, callers, kind, reached):
    made = network(kind, f"http://{door}", callers)
    (found, *_) = made.check()
    assert not found.ok
    with pytest.raises((PublishingFailed, PublishingRefused, OutcomeUnknown)):
        made.post("key", Draft("Ana raised an alarm", "en", reports.NOON))
    assert reached == []


def test_where_settings_name_it_a_network_is_sent_on(inside, door, callers, reached):
    outgoing.name([f"127.0.0.1:{inside.server_port}"])
    network("mastodon", f"http://{door}", callers).check()
    assert reached != []


def test_no_time_stamping_server_can_send_us_on_to_a_place_inside(inside, door, reached):
    with pytest.raises(OSError, match="private address"):
        time_stamps.http(f"http://{door}/see-other", b"asked")
    assert reached == []
    outgoing.name([f"127.0.0.1:{inside.server_port}"])
    with suppress(OSError):
        time_stamps.http(f"http://{door}/see-other", b"asked")
    assert reached != []


def test_a_mail_server_inside_is_refused_before_its_plan_counts():
    where = "hq:x@example.org?smtp=169.254.169.254&to=ben@example.org"
    assert "private" in (apprise.refused(f"mailtos://{where}") or "")
    assert "private" in apprise.check("desk", f"mailtos://{where}").what


@pytest.mark.parametrize("scheme", ["syslog", "rsyslog", "dbus", "json", "xml", "form", "amqp"])
def test_an_address_of_a_machine_is_none_of_a_person(scheme):
    assert "not for people" in (apprise.refused(f"{scheme}://example.org/x") or "")
    assert apprise.refused("JSON://203.0.113.7/x", ["json"]) is None


def test_the_guide_lists_every_scheme_that_plans_may_have():
    guide = (Path(__file__).parents[3] / "docs" / "telling.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(\w+)`[,.]", guide)) >= apprise.SCHEMES


def test_every_scheme_that_plans_may_have_is_one_that_apprise_knows():
    import apprise as library

    known = {
        each
        for one in library.Apprise().details()["schemas"]
        for kind in ("protocols", "secure_protocols")
        for each in one[kind] or ()
    }
    assert known >= apprise.SCHEMES


def test_a_socket_of_any_kind_is_guarded_and_the_services_own_are_not(tmp_path):
    tcp, udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here = ("127.0.0.1", 9)
    tries = [
        lambda: tcp.connect(here),
        lambda: tcp.connect_ex(here),
        lambda: udp.sendto(b"x", here),
        lambda: udp.sendmsg([b"x"], [], 0, here),
        lambda: tcp.connect(("localhost", 9)),
        lambda: tcp.connect(("", 9)),
    ]
    with outgoing.guarded():
        for attempt in tries:
            with pytest.raises(outgoing.OutgoingRefused):
                attempt()
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).connect_ex(str(tmp_path / "none"))
    assert udp.sendto(b"x", here) == 1
    tcp.close()
    udp.close()


def test_a_confined_process_is_so_in_every_thread():
    program = """
import socket, threading
from outcry.responder.callers import outgoing
outgoing.confine()
def work():
    try:
        socket.create_connection(("127.0.0.1", 9))
    except outgoing.OutgoingRefused:
        print("refused")
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert said.stdout == "refused\n"
