"""The modem's own bearer and HTTP client, in simulated time and against a real TLS server."""

import socket
import ssl
import threading

import pytest
import serial

from outcry.hw.board.modem.network import LoopbackNetwork
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.sim800.exchange import Target, target
from tests.support.rig import Rig
from tests.support.simulated_modem import SimulatedModem

OK, ERROR = b"\r\nOK\r\n", b"\r\nERROR\r\n"
URL = "http://hq.example:8080/v1/reports"
OPENED = b'\r\n+SAPBR: 1,1,"10.89.193.1"\r\n' + OK
CLOSED = b'\r\n+SAPBR: 1,3,"0.0.0.0"\r\n' + OK


class Server:
    """Remembers the requests; answers each with what it was given."""

    def __init__(self, *answers: bytes) -> None:
        self.requests: list[bytes] = []
        self.answers = list(answers)

    def received(self, data: bytes, now: float) -> list[tuple[float, bytes | None]]:
        self.requests.append(data)
        answer = self.answers.pop(0) if self.answers else b""
        return [(0.0, answer), (0.0, None)]


def answer(body: bytes, status: str = "200 OK", extra: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


class Served(Rig):
    """A rig with one server on its network, which gives these answers."""

    def __init__(
        self, *answers: bytes, timing: Timing | None = None, options: Options | None = None
    ) -> None:
        super().__init__(timing=timing, options=options)
        self.server = Server(*answers)
        self.network.listen("hq.example", 8080, lambda: self.server)


def opened(*answers: bytes, timing: Timing | None = None, options: Options | None = None) -> Served:
    rig = Served(*answers, timing=timing, options=options)
    assert rig.say('AT+SAPBR=3,1,"Contype","GPRS"', 0.1) == OK
    assert rig.say('AT+SAPBR=3,1,"APN","internet"', 0.1) == OK
    assert rig.say("AT+SAPBR=1,1", 2) == OK
    return rig


def begun(*answers: bytes, timing: Timing | None = None, options: Options | None = None) -> Served:
    rig = opened(*answers, timing=timing, options=options)
    for command in ("AT+HTTPINIT", 'AT+HTTPPARA="CID",1', f'AT+HTTPPARA="URL","{URL}"'):
        assert rig.say(command, 0.1) == OK
    return rig


# The bearer


def test_a_bearer_opens_has_an_address_and_closes() -> None:
    rig = Served()
    assert rig.say("AT+SAPBR=2,1") == CLOSED
    rig.say('AT+SAPBR=3,1,"APN","internet"')
    assert rig.say("AT+SAPBR=1,1") == OK
    assert rig.say("AT+SAPBR=2,1") == OPENED
    assert rig.say("AT+SAPBR=0,1") == OK
    assert rig.say("AT+SAPBR=2,1") == CLOSED
    assert rig.say("AT+SAPBR=0,1") == ERROR


def test_opening_an_open_bearer_is_not_allowed() -> None:
    rig = opened()
    rig.say("AT+CMEE=2")
    assert rig.say("AT+SAPBR=1,1") == b"\r\n+CME ERROR: operation not allowed\r\n"


def test_opening_takes_its_time_and_the_port_waits() -> None:
    rig = Served(timing=Timing())
    assert rig.say("AT+SAPBR=1,1", 0.6) == b""
    assert rig.passes(1.0) == OK


def test_without_gprs_opening_fails_after_what_the_manual_allows() -> None:
    rig = Served(timing=Timing())
    rig.modem.set_gprs("dead", rig.now)
    assert rig.say("AT+SAPBR=1,1", 79) == b""
    assert rig.passes(7) == ERROR


@pytest.mark.parametrize("loss", ["network", "gprs", "attach", "function"])
def test_a_bearer_that_the_network_takes_is_told_before_the_other_context(loss: str) -> None:
    rig = opened()
    rig.say("AT+CSTT")
    match loss:
        case "network":
            rig.modem.set_network(False, rig.now)
        case "gprs":
            rig.modem.set_gprs("dead", rig.now)
        case "attach":
            rig.modem.feed(b"AT+CGATT=0\r", rig.now)
        case "function":
            rig.modem.feed(b"AT+CFUN=0\r", rig.now)
    assert rig.passes(0).startswith(b"\r\n+SAPBR 1: DEACT\r\n\r\n+PDP: DEACT\r\n")
    assert rig.say("AT+SAPBR=2,1") == CLOSED


def test_a_bearer_shows_what_it_was_told_and_keeps_what_it_was_told_to_keep() -> None:
    rig = Served()
    rig.say('AT+SAPBR=3,2,"APN","internet";+SAPBR=5,2')
    rig.say('AT+SAPBR=3,2,"USER","someone"')
    assert b"\r\nAPN: internet\r\nUSER: someone\r\n" in rig.say("AT+SAPBR=4,2")
    rig.modem.reset(rig.now)
    rig.passes(0)
    assert b"\r\nAPN: internet\r\nUSER: \r\n" in rig.say("AT+SAPBR=4,2")


@pytest.mark.parametrize("what", ["1", "1,4", "6,1", '3,1,"NOSUCH","x"', '3,1,"APN"'])
def test_what_no_bearer_knows_is_an_error(what: str) -> None:
    assert Served().say(f"AT+SAPBR={what}") == ERROR


# Asking and being answered


def test_a_get_brings_status_length_and_body() -> None:
    rig = begun(answer(b"hello\r\n\x00\xff"))
    assert rig.say("AT+HTTPACTION=0") == OK + b"\r\n+HTTPACTION: 0,200,9\r\n"
    assert rig.server.requests[0].startswith(
        b"GET /v1/reports HTTP/1.1\r\nHost: hq.example:8080\r\n"
    )
    assert rig.say("AT+HTTPREAD") == b"\r\n+HTTPREAD: 9\r\nhello\r\n\x00\xff" + OK
    assert rig.say("AT+HTTPREAD=2,3") == b"\r\n+HTTPREAD: 3\r\nllo" + OK
    assert rig.say("AT+HTTPREAD=7,100") == b"\r\n+HTTPREAD: 2\r\n\x00\xff" + OK
    assert rig.say("AT+HTTPREAD=9,100") == OK
    assert rig.say("AT+HTTPREAD=0,0") == ERROR


def test_a_post_carries_the_bytes_that_were_downloaded() -> None:
    rig = begun(answer(b"", "201 Created"))
    rig.say('AT+HTTPPARA="CONTENT","application/octet-stream"')
    rig.say('AT+HTTPPARA="USERDATA","X-One: 1\\r\\nX-Two: 2"')
    assert rig.say("AT+HTTPDATA=6,5000") == b"\r\nDOWNLOAD\r\n"
    assert rig.say(b"\n\x1a\x1b\r\x00\xff") == OK
    assert rig.say("AT+HTTPACTION=1") == OK + b"\r\n+HTTPACTION: 1,201,0\r\n"
    head, _, body = rig.server.requests[0].partition(b"\r\n\r\n")
    assert body == b"\n\x1a\x1b\r\x00\xff"
    for line in (
        b"Content-Type: application/octet-stream",
        b"Content-Length: 6",
        b"X-One: 1",
        b"X-Two: 2",
    ):
        assert line in head.split(b"\r\n")
    assert rig.say("AT+HTTPREAD") == OK


def test_downloading_ends_with_its_time_and_keeps_what_came() -> None:
    rig = begun(answer(b""))
    assert rig.say("AT+HTTPDATA=100,3000") == b"\r\nDOWNLOAD\r\n"
    assert rig.say(b"short", 2.9) == b""
    assert rig.passes(0.2) == OK
    rig.say("AT+HTTPACTION=1")
    assert rig.server.requests[0].endswith(b"Content-Length: 5\r\n\r\nshort")


def test_as_much_can_be_downloaded_as_the_manual_says() -> None:
    rig = begun(answer(b""))
    data = bytes(range(256)) * 1248
    rig.say(f"AT+HTTPDATA={len(data)},120000")
    assert rig.say(data) == OK
    rig.say("AT+HTTPACTION=1")
    assert rig.server.requests[0].endswith(data)


def test_an_urc_waits_for_the_end_of_the_download() -> None:
    rig = begun()
    rig.say("AT+CREG=1")
    rig.say("AT+HTTPDATA=3,5000")
    rig.modem.set_network(False, rig.now)
    assert rig.passes(1) == b""
    assert b"+CREG: 2" in rig.say(b"abc")


def test_the_port_is_free_while_the_answer_is_on_its_way() -> None:
    rig = begun(answer(b"hello"), timing=Timing())
    assert rig.say("AT+HTTPACTION=0", 0.1) == OK
    assert rig.say("AT+HTTPSTATUS?", 0.1) == b"\r\n+HTTPSTATUS: GET,1,0,0\r\n" + OK
    assert rig.passes(5) == b"\r\n+HTTPACTION: 0,200,5\r\n"
    assert rig.say("AT+HTTPSTATUS?", 0.1) == b"\r\n+HTTPSTATUS: GET,0,0,0\r\n" + OK


def test_the_status_is_a_digit_on_modems_that_follow_the_manual() -> None:
    rig = begun(options=Options(http_status_words=False))
    assert rig.say("AT+HTTPSTATUS?") == b"\r\n+HTTPSTATUS: 0,0,0,0\r\n" + OK


def test_a_redirection_is_followed_only_if_wanted() -> None:
    moved = answer(b"", "302 Found", "Location: /elsewhere\r\n")
    rig = begun(moved, moved, answer(b"here"))
    assert b"+HTTPACTION: 0,302,0" in rig.say("AT+HTTPACTION=0")
    rig.say('AT+HTTPPARA="REDIR",1')
    assert b"+HTTPACTION: 0,200,4" in rig.say("AT+HTTPACTION=0")
    assert rig.server.requests[-1].startswith(b"GET /elsewhere HTTP/1.1\r\n")


def test_a_head_has_a_status_and_no_body() -> None:
    rig = begun(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")
    assert b"+HTTPACTION: 2,200,0" in rig.say("AT+HTTPACTION=2")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://hq.example:8080/path", Target("hq.example", 8080, "/path", False)),
        ("http://hq.example/path:8080", Target("hq.example", 8080, "/path", False)),
        ("hq.example/a?b=c:d", Target("hq.example", 80, "/a?b=c:d", False)),
        ("hq.example", Target("hq.example", 80, "/", False)),
        ("https://hq.example/", Target("hq.example", 443, "/", True)),
        ("http://", None),
        ("", None),
        ("http://hq.example:99999/", None),
        ("ftp://hq.example/", None),
    ],
)
def test_a_url_may_have_its_port_after_the_host_or_after_the_path(
    url: str, expected: Target | None
) -> None:
    assert target(url, False) == expected


# What goes wrong


def after(rig: Rig, seconds: float = 0) -> bytes:
    return rig.say("AT+HTTPACTION=0", seconds).removeprefix(OK).strip()


def test_cstt_and_sapbr_are_separate_profiles() -> None:
    rig = Served()
    rig.say('AT+CSTT="internet"')
    rig.say("AT+CIICR")
    rig.say("AT+CIFSR")
    rig.say(f'AT+HTTPINIT;+HTTPPARA="URL","{URL}"')
    assert after(rig) == b"+HTTPACTION: 0,601,0"


def test_an_unknown_name_is_a_dns_error_and_a_refusing_peer_a_network_error() -> None:
    rig = begun()
    rig.say('AT+HTTPPARA="URL","http://nobody.example/"')
    assert after(rig) == b"+HTTPACTION: 0,603,0"
    rig.say('AT+HTTPPARA="URL","http://hq.example:81/"')
    assert after(rig) == b"+HTTPACTION: 0,601,0"
    rig.say('AT+HTTPPARA="URL","http://192.0.2.1/"')
    assert after(rig) == b"+HTTPACTION: 0,601,0"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"SSH-2.0-server\r\n", b"600"),
        (b"", b"601"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"601"),
        (answer(bytes(319489)), b"602"),
    ],
)
def test_an_answer_that_is_none_has_its_code(said: bytes, status: bytes) -> None:
    rig = begun(said)
    assert after(rig) == b"+HTTPACTION: 0," + status + b",0"
    assert rig.say("AT+HTTPREAD") == OK


def test_a_stranger_s_answer_is_not_http() -> None:
    rig = begun(answer(b"hello"))
    rig.modem.set_gprs("rubbish", rig.now)
    assert after(rig) == b"+HTTPACTION: 0,600,0"


@pytest.mark.parametrize("how", ["silent", "connecting"])
def test_no_answer_is_a_network_error_when_the_session_s_time_is_up(how: str) -> None:
    rig = begun(answer(b"hello"))
    rig.say('AT+HTTPPARA="TIMEOUT",30')
    rig.modem.set_gprs("silent" if how == "silent" else "connecting", rig.now)
    assert after(rig, 29.9) == b""
    assert rig.passes(0.2) == b"\r\n+HTTPACTION: 0,601,0\r\n"


def test_a_path_that_falls_silent_under_a_request_takes_the_answer_with_it() -> None:
    rig = begun(answer(b"hello"), timing=Timing())
    assert rig.say("AT+HTTPACTION=0", 1.6) == OK
    rig.modem.set_gprs("silent", rig.now)
    assert rig.passes(110) == b""
    assert rig.passes(10) == b"\r\n+HTTPACTION: 0,601,0\r\n"


def test_a_second_request_meanwhile_finds_the_stack_busy() -> None:
    rig = begun(answer(b"hello"), timing=Timing())
    rig.say("AT+HTTPACTION=0", 0.1)
    assert rig.say("AT+HTTPACTION=0", 0.1) == OK + b"\r\n+HTTPACTION: 0,604,0\r\n"
    assert rig.passes(5) == b"\r\n+HTTPACTION: 0,200,5\r\n"


def test_losing_the_bearer_ends_the_request() -> None:
    rig = begun(answer(b"hello"), timing=Timing())
    rig.say("AT+HTTPACTION=0", 0.5)
    rig.modem.set_network(False, rig.now)
    assert rig.passes(0) == b"\r\n+HTTPACTION: 0,601,0\r\n\r\n+SAPBR 1: DEACT\r\n"
    assert rig.passes(200) == b""


def test_httpterm_ends_a_request_without_a_word() -> None:
    rig = begun(answer(b"hello"), timing=Timing())
    rig.say("AT+HTTPACTION=0", 0.5)
    assert rig.say("AT+HTTPTERM", 0.1) == OK
    assert rig.passes(200) == b""


def test_nothing_is_allowed_before_httpinit_nor_a_second_one() -> None:
    rig = opened()
    rig.say("AT+CMEE=1")
    not_allowed = b"\r\n+CME ERROR: 3\r\n"
    for command in ("TERM", 'PARA="CID",1', "DATA=1,1000", "ACTION=0", "READ", "STATUS?"):
        assert rig.say(f"AT+HTTP{command}") == not_allowed
    assert rig.say("AT+HTTPINIT") == OK
    assert rig.say("AT+HTTPINIT") == not_allowed


@pytest.mark.parametrize(
    "command",
    [
        "DATA=0,1000",
        "DATA=319489,1000",
        "DATA=1,999",
        "DATA=1,120001",
        "ACTION=3",
        'PARA="TIMEOUT",29',
        'PARA="TIMEOUT",1001',
        'PARA="CID",4',
        'PARA="NOSUCH",1',
        'PARA="URL"',
    ],
)
def test_what_is_out_of_range_is_an_error(command: str) -> None:
    assert begun().say(f"AT+HTTP{command}") == ERROR


def test_a_reset_forgets_bearer_and_request() -> None:
    rig = begun(answer(b"hello"))
    rig.modem.reset(rig.now)
    rig.passes(0)
    rig.say("ATE0")
    assert rig.say("AT+SAPBR=2,1") == CLOSED
    assert rig.say("AT+HTTPTERM") == ERROR


# TLS, as a modem of 2014 has it


@pytest.mark.slow
def test_a_server_of_today_refuses_the_modem_s_tls() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with socket.create_server(("127.0.0.1", 0)) as listener, SimulatedModem() as modem:
        seen: list[type[BaseException] | None] = []

        def serve() -> None:
            connection, _ = listener.accept()
            try:
                context.wrap_socket(connection, server_side=True).close()
            except (ssl.SSLError, OSError) as error:
                seen.append(type(error))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        said = talked(modem, f"http://127.0.0.1:{port}/", tls=True)
        thread.join(10)
    assert said == b"+HTTPACTION: 0,606,0"
    assert seen == [ssl.SSLError]


@pytest.mark.slow
def test_a_server_without_tls_fails_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, SimulatedModem() as modem:
        thread = threading.Thread(
            target=lambda: listener.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            daemon=True,
        )
        thread.start()
        port = listener.getsockname()[1]
        assert talked(modem, f"https://127.0.0.1:{port}/", tls=False) == b"+HTTPACTION: 0,605,0"
        thread.join(10)


def talked(modem: SimulatedModem, url: str, *, tls: bool) -> bytes:
    """The line with which the request of this page ends."""
    with serial.Serial(modem.port, 115200, timeout=30) as port:
        port.write(b"ATE0\r")
        port.read_until(OK)
        for command in ("+SAPBR=1,1", "+HTTPINIT", f'+HTTPPARA="URL","{url}"', f"+HTTPSSL={tls:d}"):
            port.write(f"AT{command}\r".encode())
            assert port.read_until(b"\r\n").strip() in (b"", b"OK")
            assert port.read_until(b"\r\n").strip() == b"OK"
        port.write(b"AT+HTTPACTION=0\r")
        port.read_until(OK)
        port.read_until(b"\r\n")
        return port.read_until(b"\r\n").strip()


def test_the_loopback_network_resolves_nothing_but_this_machine() -> None:
    assert LoopbackNetwork().resolve("hq.example") is None
