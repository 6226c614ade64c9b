"""PyPI's usim800, which nobody in the project wrote, uses the simulated modem's HTTP and texts."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from outcry.hw.board.modem.timing import Timing
from tests.support.simulated_modem import SimulatedModem

pytestmark = pytest.mark.slow

VISITOR = Path(__file__).with_name("visitor_usim800.py")
PACE = 0.5
LIMIT_S = 120.0
PHONE = "+447700900201"
# It looks for +HTTPACTION between its second and its fourth second, in its own pace.
TIMING = Timing(
    query=(0.01, 0.02),
    context=(0.2, 0.2),
    connect=(0.7, 0.7),
    one_way=(0.4, 0.4),
    shut=(0.02, 0.02),
    sms_submit=(0.1, 0.1),
    sms_delivery=(0.1, 0.1),
)


@dataclass
class Server:
    """A real HTTP server on this machine, and what it was sent."""

    port: int = 0
    requests: list[tuple[str, str, bytes, str | None]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    seen = Server()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kind = self.headers.get("Content-Type")
            seen.requests.append((self.command, self.path, body, kind))
            said = json.dumps({"method": self.command, "bytes": len(body)}).encode()
            self.send_response(200 if self.command == "GET" else 201)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        seen.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield seen
        http.shutdown()
        thread.join()


def visits(modem: SimulatedModem, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, VISITOR, modem.port, str(PACE), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def made(visitor: "subprocess.Popen[str]") -> Any:
    said, errors = visitor.communicate(timeout=LIMIT_S)
    assert visitor.returncode == 0, errors
    return json.loads(said)


def test_usim800_gets_and_posts(server: Server) -> None:
    data = json.dumps({"alarm": "drill", "who": "Zoë".encode().hex()})
    at = f"http://127.0.0.1:{server.port}"
    with SimulatedModem(timing=TIMING) as one, SimulatedModem(timing=TIMING) as two:
        getter = visits(one, "get", f"{at}/track?n=1")
        poster = visits(two, "post", f"{at}/v1/reports", data)
        got, posted = made(getter), made(poster)
    assert got["status"] == "200"
    assert got["ip"] == "10.89.193.1"
    assert json.loads(got["text"]) == {"method": "GET", "bytes": 0}
    assert got["json"] == [{"method": "GET", "bytes": 0}]
    sent = data.encode() + b"\r\n"  # it ends everything it sends like that
    assert posted["status"] == "201"
    assert posted["json"] == [{"method": "POST", "bytes": len(sent)}]
    assert sorted(server.requests) == [
        ("GET", "/track?n=1", b"", None),
        ("POST", "/v1/reports", sent, "application/json"),
    ]


def test_usim800_sends_a_text_and_asks_who_it_is_talking_to() -> None:
    with SimulatedModem(timing=TIMING) as one, SimulatedModem(timing=TIMING) as two:
        sender, asker = visits(one, "text", PHONE, "drill"), visits(two, "ask")
        made(sender)
        asked = made(asker)
        one.wait_for(lambda: one.texts(PHONE))
        assert [text.text.strip() for text in one.texts(PHONE)] == ["drill"]
    assert asked == {
        "imei": "001010123456780",
        "version": "1418B04SIM800L24",
        "operator": " Outcry Test",  # it cuts at the colon
    }
