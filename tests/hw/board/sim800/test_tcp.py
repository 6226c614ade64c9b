"""TCP over GPRS in simulated time: connecting, sending, receiving, and how the data path dies."""

from dataclasses import replace

import pytest

from outcry.hw.board.modem.network import LoopbackNetwork
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from tests.support.rig import Rig

HQ = ("hq.example", 8080)
START = 'AT+CIPSTART="TCP","hq.example","8080"'
FAIL = b"\r\nSTATE: %s\r\n\r\nCONNECT FAIL\r\n"


class Server:
    """Answers with OK and what it got, and remembers it; says goodbye and closes when told bye."""

    def __init__(self) -> None:
        self.got = b""

    def received(self, data: bytes, now: float) -> list[tuple[float, bytes | None]]:
        self.got += data
        return [(0.5, b"goodbye"), (0.5, None)] if data == b"bye" else [(0.0, b"OK " + data)]


@pytest.fixture
def server() -> Server:
    return Server()


def online(server: Server, *, timing: Timing | None = None, options: Options | None = None) -> Rig:
    rig = Rig(timing=timing, options=options)
    rig.network.listen(*HQ, lambda: server)
    rig.say("AT+CIPRXGET=1", 0.1)
    rig.say('AT+CIPCSGP=1,"internet"', 0.1)
    return rig


def connected(server: Server, *, timing: Timing | None = None) -> Rig:
    rig = online(server, timing=timing)
    said = rig.say(START, 3.0)
    assert said == b"\r\nOK\r\n\r\nCONNECT OK\r\n"
    return rig


def sends(rig: Rig, data: bytes, seconds: float = 0.0) -> bytes:
    assert rig.say(f"AT+CIPSEND={len(data)}", 0.1) == b"\r\n> "
    return rig.say(data, seconds)


def state(rig: Rig) -> bytes:
    return rig.say("AT+CIPSTATUS", 0.1)


def test_cipstart_from_ip_initial_brings_everything_up_itself(server: Server) -> None:
    rig = online(server)
    assert state(rig) == b"\r\nOK\r\n\r\nSTATE: IP INITIAL\r\n"
    assert rig.say(START) == b"\r\nOK\r\n\r\nCONNECT OK\r\n"
    assert state(rig) == b"\r\nOK\r\n\r\nSTATE: CONNECT OK\r\n"


def test_the_long_way_goes_through_every_state_of_the_manual(server: Server) -> None:
    rig = online(server)
    for command, answer, then in [
        ('AT+CSTT="internet","",""', b"\r\nOK\r\n", b"IP START"),
        ("AT+CIICR", b"\r\nOK\r\n", b"IP GPRSACT"),
        ("AT+CIFSR", b"\r\n10.89.193.1\r\n", b"IP STATUS"),
        (START, b"\r\nOK\r\n\r\nCONNECT OK\r\n", b"CONNECT OK"),
        ("AT+CIPCLOSE", b"\r\nCLOSE OK\r\n", b"TCP CLOSED"),
        ("AT+CIPSHUT", b"\r\nSHUT OK\r\n", b"IP INITIAL"),
    ]:
        assert rig.say(command) == answer
        assert state(rig) == b"\r\nOK\r\n\r\nSTATE: " + then + b"\r\n"


@pytest.mark.parametrize(
    "command", ["AT+CIICR", "AT+CIFSR", "AT+CIPSEND=5", "AT+CIPCLOSE", "AT+CIPSEND?", "AT+CIPACK"]
)
def test_what_needs_a_connection_is_refused_without_one(server: Server, command: str) -> None:
    assert online(server).say(command) == b"\r\nERROR\r\n"


def test_bytes_travel_both_ways_and_are_read_on_demand(server: Server) -> None:
    rig = connected(server)
    assert sends(rig, b"\x00\x1a\x1b\r\xff") == b"\r\nSEND OK\r\n\r\n+CIPRXGET: 1\r\n"
    assert server.got == b"\x00\x1a\x1b\r\xff"
    assert rig.say("AT+CIPRXGET=4") == b"\r\n+CIPRXGET: 4,8\r\n\r\nOK\r\n"
    assert rig.say("AT+CIPRXGET=2,3") == b"\r\n+CIPRXGET: 2,3,5\r\nOK \r\nOK\r\n"
    assert rig.say("AT+CIPRXGET=3,1460") == b"\r\nERROR\r\n"
    assert rig.say("AT+CIPRXGET=3,730") == b"\r\n+CIPRXGET: 3,5,0\r\n001A1B0DFF\r\nOK\r\n"
    assert rig.say("AT+CIPRXGET=2,1460") == b"\r\n+CIPRXGET: 2,0,0\r\n\r\nOK\r\n"


def test_the_lf_after_a_command_s_cr_is_not_the_first_byte_of_its_data(server: Server) -> None:
    rig = connected(server)
    assert rig.say(b"AT+CIPSEND=3\r\n") == b"\r\n> "
    rig.say(b"\nab")
    assert server.got == b"\nab"


def test_more_data_while_some_is_unread_is_not_announced_again(server: Server) -> None:
    rig = connected(server)
    assert b"+CIPRXGET: 1" in sends(rig, b"one")
    assert b"+CIPRXGET: 1" not in sends(rig, b"two")
    rig.say("AT+CIPRXGET=2,1460")
    assert b"+CIPRXGET: 1" in sends(rig, b"three")


def test_quick_send_accepts_before_the_peer_has_it(server: Server) -> None:
    rig = connected(server, timing=Timing())
    rig.say("AT+CIPQSEND=1", 0.1)
    assert sends(rig, b"hello", 0.1) == b"\r\nDATA ACCEPT:5\r\n"
    assert server.got == b""
    assert rig.say("AT+CIPACK", 0.1) == b"\r\n+CIPACK: 5,0,5\r\n\r\nOK\r\n"
    assert b"+CIPRXGET: 1" in rig.passes(1.2)
    assert rig.say("AT+CIPACK", 0.1) == b"\r\n+CIPACK: 5,5,0\r\n\r\nOK\r\n"


def test_send_ok_waits_for_the_peer(server: Server) -> None:
    rig = connected(server, timing=Timing())
    assert sends(rig, b"hello", 0.7) == b""
    assert b"SEND OK" in rig.passes(0.5)


def test_sending_without_a_length_ends_with_ctrl_z_or_escape(server: Server) -> None:
    rig = connected(server)
    assert rig.say("AT+CIPSEND") == b"\r\n> "
    assert rig.say(b"hello\x1a").startswith(b"\r\nSEND OK\r\n")
    assert rig.say("AT+CIPSEND") == b"\r\n> "
    rig.say(b"never\x1b")
    assert server.got == b"hello"


def test_data_come_raw_when_nobody_asked_for_them_on_demand(server: Server) -> None:
    rig = Rig()
    rig.network.listen(*HQ, lambda: server)
    rig.say(START)
    assert sends(rig, b"hi") == b"\r\nSEND OK\r\nOK hi"
    rig.say("AT+CIPHEAD=1")
    assert sends(rig, b"hi") == b"\r\nSEND OK\r\n\r\n+IPD,5:OK hi"


def test_a_second_cipstart_says_already_connect(server: Server) -> None:
    assert connected(server).say(START) == b"\r\nOK\r\n\r\nALREADY CONNECT\r\n"


def test_after_a_close_cipstart_wants_cipshut_first(server: Server) -> None:
    rig = connected(server)
    rig.say("AT+CIPCLOSE=1")
    assert rig.say(START) == b"\r\nERROR\r\n"
    rig.say("AT+CIPSHUT")
    assert rig.say(START) == b"\r\nOK\r\n\r\nCONNECT OK\r\n"


def test_a_modem_that_may_restart_after_a_close_does(server: Server) -> None:
    rig = online(server, options=Options(restarts_after_close=True))
    rig.say(START)
    rig.say("AT+CIPCLOSE")
    assert rig.say(START) == b"\r\nOK\r\n\r\nCONNECT OK\r\n"


def test_a_shut_modem_forgets_the_connection_it_was_trying(server: Server) -> None:
    rig = online(server, timing=Timing())
    rig.modem.set_gprs("dead", rig.now)
    rig.say(START, 10.0)
    assert rig.say("AT+CIPSHUT", 0.2) == b"\r\nSHUT OK\r\n"
    assert rig.passes(200.0) == b""


def test_what_was_on_its_way_when_the_path_fell_silent_never_arrives(server: Server) -> None:
    rig = connected(server, timing=Timing())
    rig.say("AT+CIPQSEND=1", 0.1)
    sends(rig, b"hello", 0.55)
    assert server.got == b"hello"
    rig.modem.set_gprs("silent", rig.now)
    assert rig.passes(30.0) == b""


def test_a_dead_data_path_outlasts_a_reset(server: Server) -> None:
    rig = online(server)
    rig.modem.set_gprs("dead", rig.now)
    rig.modem.reset(rig.now)
    rig.say("ATE0")
    assert rig.say("AT+CREG?;+CGATT?") == b"\r\n+CREG: 0,1\r\n\r\n+CGATT: 0\r\n\r\nOK\r\n"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.9.9.9", "127.9.9.9"),
        ("localhost", "127.0.0.1"),
        ("::1", "::1"),
        ("192.0.2.1", None),
        ("0.0.0.0", None),
        ("::ffff:192.0.2.1", None),
        ("example.org", None),
        ("", None),
    ],
)
def test_the_shipped_network_knows_this_machine_alone(host: str, address: str | None) -> None:
    assert LoopbackNetwork().resolve(host) == address


def test_a_refusing_server_is_connect_fail(server: Server) -> None:
    rig = online(server)
    other = START.replace("8080", "81")
    assert rig.say(other) == b"\r\nOK\r\n" + FAIL % b"TCP CLOSED"


def test_other_commands_are_served_while_connecting(server: Server) -> None:
    rig = online(server, timing=Timing())
    assert rig.say(START, 0.1) == b"\r\nOK\r\n"
    assert rig.say("AT", 0.1) == b"\r\nOK\r\n"
    assert rig.passes(2.0) == b"\r\nCONNECT OK\r\n"


def test_a_modem_that_is_busy_while_connecting_serves_nothing_before_the_result(
    server: Server,
) -> None:
    rig = online(server, timing=Timing(), options=Options(serves_while_connecting=False))
    assert rig.say(START, 0.1) == b"\r\nOK\r\n"
    assert rig.say("AT", 0.1) == b""
    assert rig.passes(2.0) == b"\r\nCONNECT OK\r\n\r\nOK\r\n"


def test_a_dead_data_path_takes_the_connection_and_then_its_time_to_fail(server: Server) -> None:
    rig = connected(server, timing=Timing())
    rig.modem.set_gprs("dead", rig.now)
    assert rig.passes(0) == b"\r\n+PDP: DEACT\r\n"
    assert state(rig).endswith(b"STATE: PDP DEACT\r\n")
    assert rig.say(START, 0.1) == b"\r\nERROR\r\n"
    rig.say("AT+CIPSHUT", 0.2)
    assert rig.say(START, 60.0) == b"\r\nOK\r\n"
    assert rig.passes(20.0) == FAIL % b"PDP DEACT"
    assert rig.say("AT+CGATT?", 0.1) == b"\r\n+CGATT: 0\r\n\r\nOK\r\n"


def test_a_dead_data_path_fails_ciicr_after_85_seconds(server: Server) -> None:
    rig = online(server, timing=Timing())
    rig.modem.set_gprs("dead", rig.now)
    rig.say("AT+CSTT", 0.1)
    assert rig.say("AT+CIICR", 79.0) == b""
    assert rig.passes(7.0) == b"\r\nERROR\r\n"


def test_a_refusing_data_path_fails_at_once_and_comes_back(server: Server) -> None:
    rig = online(server, timing=Timing())
    rig.modem.set_gprs("refused", rig.now)
    assert rig.say(START, 0.1) == b"\r\nOK\r\n" + FAIL % b"TCP CLOSED"
    rig.modem.set_gprs("on", rig.now)
    rig.say("AT+CIPSHUT", 0.2)
    assert rig.say(START, 3.0) == b"\r\nOK\r\n\r\nCONNECT OK\r\n"


def test_a_path_that_connects_for_ever_never_says_so_and_can_be_shut(server: Server) -> None:
    rig = online(server, timing=Timing())
    rig.modem.set_gprs("connecting", rig.now)
    assert rig.say(START, 10_000.0) == b"\r\nOK\r\n"
    assert state(rig).endswith(b"STATE: TCP CONNECTING\r\n")
    assert rig.say("AT+CIPSHUT", 0.2) == b"\r\nSHUT OK\r\n"


def test_a_silent_path_swallows_bytes_until_the_modem_gives_up(server: Server) -> None:
    rig = connected(server, timing=Timing())
    rig.modem.set_gprs("silent", rig.now)
    assert sends(rig, b"hello", 644.0) == b""
    assert server.got == b""
    assert b"\r\nCLOSE\r\n" in rig.passes(2.0)
    assert state(rig).endswith(b"STATE: TCP CLOSED\r\n")


def test_a_silent_path_lies_to_new_connections_unless_only_old_ones_are_lost(
    server: Server,
) -> None:
    rig = connected(server)
    rig.modem.set_gprs("silent", rig.now)
    rig.say("AT+CIPSHUT;+CIPQSEND=1")
    assert rig.say(START) == b"\r\nOK\r\n\r\nCONNECT OK\r\n"
    assert sends(rig, b"lost", 100.0) == b"\r\nDATA ACCEPT:4\r\n"
    assert server.got == b""
    rig.modem.set_gprs("silent", rig.now, old_only=True)
    rig.say("AT+CIPSHUT")
    rig.say(START)
    assert b"+CIPRXGET: 1" in sends(rig, b"heard")
    assert server.got == b"heard"


def test_a_rubbish_path_answers_with_noise_and_the_server_hears_nothing(server: Server) -> None:
    rig = connected(server)
    rig.modem.set_gprs("rubbish", rig.now)
    assert b"+CIPRXGET: 1" in sends(rig, b"hello")
    assert server.got == b""
    noise = rig.say("AT+CIPRXGET=2,1460")
    assert noise.startswith(b"\r\n+CIPRXGET: 2,200,0\r\n")
    assert b"OK hello" not in noise


def test_losing_the_network_takes_the_context(server: Server) -> None:
    rig = connected(server)
    rig.modem.set_network(False, rig.now)
    assert rig.passes(0) == b"\r\n+PDP: DEACT\r\n"


def test_a_connection_lost_during_the_prompt_makes_the_send_fail(server: Server) -> None:
    rig = connected(server)
    rig.say("AT+CIPSEND=5")
    rig.modem.set_gprs("dead", rig.now)
    assert rig.say(b"hello") == b"\r\n+PDP: DEACT\r\n\r\nSEND FAIL\r\n"
    assert server.got == b""


def test_a_peer_that_closes_is_told_after_its_last_words_which_stay_readable(
    server: Server,
) -> None:
    rig = connected(server, timing=Timing())
    rig.say("AT+CIPQSEND=1", 0.1)
    sends(rig, b"bye", 0.8)
    assert rig.passes(3.0) == b"\r\n+CIPRXGET: 1\r\n\r\nCLOSED\r\n"
    assert state(rig).endswith(b"STATE: TCP CLOSED\r\n")
    assert rig.say("AT+CIPRXGET=2,1460", 0.1).startswith(b"\r\n+CIPRXGET: 2,7,0\r\ngoodbye")
    assert rig.say("AT+CIPSEND=1", 0.1) == b"\r\nERROR\r\n"


def test_names_are_looked_up_or_not_found(server: Server) -> None:
    rig = online(server)
    assert rig.say('AT+CDNSGIP="hq.example"') == (
        b'\r\nOK\r\n\r\n+CDNSGIP: 1,"hq.example","hq.example"\r\n'
    )
    assert rig.say('AT+CDNSGIP="nowhere.example"') == b"\r\nOK\r\n\r\n+CDNSGIP:0,8\r\n"
    rig.modem.set_network(False, rig.now)
    assert rig.say('AT+CDNSGIP="hq.example"') == b"\r\nOK\r\n\r\n+CDNSGIP:0,3\r\n"


def test_bytes_keep_their_order_whatever_their_delays(server: Server) -> None:
    rig = connected(server, timing=replace(Timing.instant(), one_way=(0.1, 20.0)))
    rig.say("AT+CIPQSEND=1", 0.1)
    sent = b""
    for number in range(30):
        sends(rig, b"%02d" % number, 0.05)
        sent += b"%02d" % number
    rig.passes(60.0)
    assert server.got == sent
    assert rig.say("AT+CIPRXGET=2,1460", 0.1).startswith(b"\r\n+CIPRXGET: 2,150,0\r\nOK 00OK 01")


def test_an_observer_sees_connections_and_how_many_bytes(server: Server) -> None:
    rig = connected(server)
    sends(rig, b"hello")
    rig.say("AT+CIPCLOSE")
    story = [event["what"] for event in rig.events if str(event["what"]).startswith("tcp")]
    assert story == ["tcp-connecting", "tcp-connected", "tcp-sent", "tcp-received", "tcp-closed"]
    assert rig.seen("tcp-sent")[0]["bytes"] == 5


def test_the_access_point_of_cstt_is_shown_as_it_was_given() -> None:
    rig = Rig()
    assert rig.say("AT+CSTT?") == b'\r\n+CSTT: "CMNET","",""\r\n\r\nOK\r\n'
    rig.say('AT+CSTT="internet","me","secret"')
    assert rig.say("AT+CSTT?") == b'\r\n+CSTT: "internet","me","secret"\r\n\r\nOK\r\n'
