"""The simulated modem on its pty, driven by an ordinary serial program."""

import socket
import threading

import pytest
import serial
from gsmmodem.pdu import encodeSmsSubmitPdu

from outcry.hw.board.modem.faults import Fault, Kind
from tests.support.simulated_modem import SimulatedModem

PHONE = "+447700900201"


def reads_until(port: serial.Serial, ending: bytes) -> bytes:
    got = b""
    while not got.endswith(ending):
        byte = port.read(1)
        assert byte, f"nothing more after {got!r}"
        got += byte
    return got


def asks(port: serial.Serial, command: bytes, ending: bytes = b"OK\r\n") -> bytes:
    port.write(command + b"\r")
    return reads_until(port, ending)


def test_a_serial_program_gets_echo_and_answers_on_the_pty() -> None:
    with SimulatedModem() as modem, serial.Serial(modem.port, 115200, timeout=10) as port:
        assert asks(port, b"AT+CREG?") == b"AT+CREG?\r\r\n+CREG: 0,1\r\n\r\nOK\r\n"
        asks(port, b"ATE0")
        assert asks(port, b"AT") == b"\r\nOK\r\n"
        assert modem.commands() == ["AT+CREG", "ATE", "AT"]


def test_a_text_sent_on_the_pty_is_on_the_phone() -> None:
    with SimulatedModem() as modem, serial.Serial(modem.port, 115200, timeout=10) as port:
        asks(port, b"ATE0")
        pdu = encodeSmsSubmitPdu(PHONE, "help me")[0]
        asks(port, b"AT+CMGS=%d" % pdu.tpduLength, b"> ")
        port.write(str(pdu).encode() + b"\x1a")
        assert reads_until(port, b"OK\r\n") == b"\r\n+CMGS: 1\r\n\r\nOK\r\n"
        modem.wait_for(lambda: modem.texts(PHONE))
        assert modem.texts(PHONE)[0].text == "help me"


def test_a_fault_armed_from_the_test_strikes_once() -> None:
    with SimulatedModem() as modem, serial.Serial(modem.port, 115200, timeout=10) as port:
        asks(port, b"ATE0")
        modem.sim.faults.on("+CSQ", Fault(Kind.ERROR))
        assert asks(port, b"AT+CSQ", b"ERROR\r\n") == b"\r\nERROR\r\n"
        assert asks(port, b"AT+CSQ") == b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n"


def test_a_carrier_forgets_a_real_connection_and_neither_end_is_told() -> None:
    with (
        SimulatedModem() as modem,
        serial.Serial(modem.port, 115200, timeout=10) as port,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        asks(port, b"ATE0;+CIPQSEND=1;+CIPRXGET=1")
        start = b'AT+CIPSTART="TCP","127.0.0.1",%d' % server.getsockname()[1]
        asks(port, start, b"CONNECT OK\r\n")
        old, _ = server.accept()
        modem.arm("nat", seconds=0.0)
        asks(port, b"AT+CIPSEND=4", b"> ")
        port.write(b"lost")
        assert reads_until(port, b"\r\n").endswith(b"\r\n")
        assert reads_until(port, b"\r\n") == b"DATA ACCEPT:4\r\n"
        modem.wait_for(lambda: [each for each in modem.events if each["what"] == "tcp-forgotten"])
        assert asks(port, b"AT+CIPSTATUS", b"STATE: CONNECT OK\r\n")
        modem.arm("nat", seconds=3600.0)
        asks(port, b"AT+CIPSHUT", b"SHUT OK\r\n")
        asks(port, start, b"CONNECT OK\r\n")
        new, _ = server.accept()
        asks(port, b"AT+CIPSEND=5", b"> ")
        port.write(b"heard")
        assert new.recv(100) == b"heard"
        assert old.recv(100) == b""
        old.close()
        new.close()


def test_a_phone_texts_the_modem() -> None:
    with SimulatedModem() as modem, serial.Serial(modem.port, 115200, timeout=10) as port:
        asks(port, b"ATE0")
        modem.text(PHONE, "hello")
        assert reads_until(port, b"\r\n+CMTI: ") == b"\r\n+CMTI: "


@pytest.fixture
def echo_server() -> int:
    """Port of a server on this machine that sends back one message and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, listener:
            connection.sendall(connection.recv(100).upper())

    threading.Thread(target=serve, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def test_tcp_reaches_a_real_server_on_this_machine(echo_server: int) -> None:
    with SimulatedModem() as modem, serial.Serial(modem.port, 115200, timeout=10) as port:
        asks(port, b"ATE0")
        asks(port, b"AT+CIPRXGET=1")
        start = b'AT+CIPSTART="TCP","127.0.0.1","%d"' % echo_server
        asks(port, start, b"CONNECT OK\r\n")
        asks(port, b"AT+CIPSEND=5", b"> ")
        port.write(b"hello")
        reads_until(port, b"SEND OK\r\n")
        reads_until(port, b"CLOSED\r\n")
        assert asks(port, b"AT+CIPRXGET=2,1460").endswith(
            b"\r\n+CIPRXGET: 2,5,0\r\nHELLO\r\nOK\r\n"
        )


def test_tcp_refuses_every_address_that_is_not_this_machine() -> None:
    with SimulatedModem() as modem, serial.Serial(modem.port, 115200, timeout=10) as port:
        asks(port, b"ATE0")
        for host in (b"192.0.2.1", b"example.org", b"::2", b"0.0.0.0"):
            answer = asks(port, b'AT+CIPSTART="TCP","%s",80' % host, b"CONNECT FAIL\r\n")
            assert answer == b"\r\nOK\r\n\r\nSTATE: TCP CLOSED\r\n\r\nCONNECT FAIL\r\n"
            asks(port, b"AT+CIPSHUT", b"SHUT OK\r\n")
