"""The real service as a process: garbage, listeners, its end, and a second one."""

from __future__ import annotations

import configparser
import random
import signal
import socket
import ssl
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from certificates import make_certificate

from outcry import receipt
from outcry.envelope import SEALED_BYTES

pytestmark = pytest.mark.slow

UNIT = Path(__file__).parents[3] / "systemd" / "outcry-responder.service"


@pytest.fixture
def device(enrolled, world):
    return world.device


def chunks(total, size=65_536):
    for _ in range(0, total, size):
        yield b"x" * size


def test_garbage_is_refused_and_the_next_alarm_taken_in_constant_memory(process, device):
    service = process()
    url = f"{service.device_url}/v1/reports"
    good = device.message()
    rng = random.Random(7)
    with httpx.Client(timeout=60) as client:
        warm = [client.post(url, content=rng.randbytes(SEALED_BYTES)) for _ in range(50)]
        assert {answer.status_code for answer in warm} == {400}
        before = service.rss_kb()
        for n in range(10):
            announced = client.post(url, content=b"x" * 10_000_000)
            streamed = client.post(url, content=chunks(10_000_000))
            assert (announced.status_code, streamed.status_code) == (413, 413), n
        for body in (b"", b"\0", good.sealed[:-1], good.sealed + b"\0", rng.randbytes(1024),
                     b"\0" * SEALED_BYTES, b"\xff" * SEALED_BYTES):  # fmt: skip
            assert client.post(url, content=body).status_code == 400
        assert client.post(url, content=rng.randbytes(1025)).status_code == 413
        grown = service.rss_kb() - before
        answer = client.post(url, content=good.sealed)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/octet-stream"
        assert receipt.verify(answer.content, good.report.token, good.header)
    assert grown < 8_000, f"{grown} kB more after 200 MB of garbage"
    # 70 MB of x and random bytes went by: no line repeats any
    assert all(len(line) < 200 for line in service.log.read_text().splitlines())
    assert "xxxx" not in service.log.read_text()


def test_what_is_not_even_http_leaves_the_service_whole(process, device):
    service = process()
    rng = random.Random(7)
    for url in (service.device_url, service.people_url):
        port = urlsplit(url).port
        for garbage in (rng.randbytes(3000), b"\0" * 100_000, b"POST /v1/reports HTTP/1.1\r\n",
                        b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01" + rng.randbytes(200),
                        b"POST /v1/reports HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"):  # fmt: skip
            with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
                raw.sendall(garbage)
                raw.shutdown(socket.SHUT_WR)
    answer = httpx.post(f"{service.device_url}/v1/reports", content=device.message().sealed)
    assert answer.status_code == 200
    assert "Traceback" not in service.log.read_text()


def test_the_devices_port_serves_reports_and_nothing_else(process):
    service = process()
    for path in ("/", "/feed.atom", "/a/x", "/c/x", "/docs", "/openapi.json", "/v1/reports/"):
        assert httpx.get(service.device_url + path).status_code == 404
    assert httpx.get(f"{service.device_url}/v1/reports").status_code == 405
    assert httpx.post(f"{service.people_url}/v1/reports", content=b"x").status_code == 404


def test_a_replay_over_http_acts_once_and_an_old_heartbeat_is_refused(process, device):
    from outcry.receipt import OUTDATED, make
    from outcry.report import MessageType

    service = process()
    url = f"{service.device_url}/v1/reports"
    beat, alarm = device.message(MessageType.HEARTBEAT), device.message()
    assert httpx.post(url, content=beat.sealed).status_code == 200
    refused = httpx.post(url, content=beat.sealed)
    assert refused.status_code == 409
    assert refused.content == make(beat.report.token, OUTDATED, beat.header)
    answers = {httpx.post(url, content=alarm.sealed).content for _ in range(3)}
    assert len(answers) == 1


def test_a_kept_connection_carries_many_reports(process, device):
    service = process()
    url = f"{service.device_url}/v1/reports"
    with httpx.Client(timeout=60) as client:
        answers = [client.post(url, content=device.message().sealed) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    streams = {id(answer.extensions["network_stream"]) for answer in answers}
    assert len(streams) == 1


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path)


def test_pages_over_tls_are_served_and_say_to_stay_with_it(process, certificate):
    service = process(certificate=str(certificate[0]), key=str(certificate[1]))
    trust = ssl.create_default_context(cafile=certificate[0])
    answer = httpx.get(service.people_url.replace("http:", "https:"), verify=trust)
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_a_certificate_that_cannot_be_used_is_named(process, certificate):
    service = process(certificate=str(certificate[0]), key=str(certificate[1]))
    service.kill()
    certificate[1].write_text("no key at all")
    assert service.spawn().wait(60) == 1
    assert "people: certificate or key cannot be used" in service.log.read_text()


def test_sigterm_ends_it_cleanly_with_connections_open(process, device):
    service = process()
    with httpx.Client(timeout=60) as client:
        client.post(f"{service.device_url}/v1/reports", content=device.message().sealed)
        client.get(service.people_url)
        port = urlsplit(service.device_url).port
        with socket.create_connection(("127.0.0.1", port)) as half:
            half.sendall(b"POST /v1/reports HTTP/1.1\r\nHost: a\r\nContent-Length: 116\r\n\r\nx")
            service.process.send_signal(signal.SIGTERM)
            assert service.process.wait(60) == 0
    assert not (service.state / "responder.sqlite-wal").exists()


def test_the_parts_waits_at_the_end_add_up_to_less_than_is_promised():
    from outcry.responder.service.run import STOP_PART_S
    from outcry.responder.web.listener import STOP_WITHIN_S

    assert 3 * STOP_PART_S < 5
    assert STOP_WITHIN_S < STOP_PART_S


def test_a_second_one_refuses_to_start_and_says_why(process):
    service = process()
    second = service.spawn()
    assert second.wait(60) == 1
    assert "another responder works on" in service.log.read_text()
    assert not service.ended()


def test_a_port_in_use_is_named(process, tmp_path, wait_for):
    service = process()
    other = tmp_path / "other.toml"
    text = service.config.read_text().replace("service-state", "other-state")
    other.write_text(text)
    service.config = other
    second = service.spawn()
    assert second.wait(60) == 1
    assert "device: cannot listen on 127.0.0.1:" in service.log.read_text()


def test_wearers_are_enrolled_while_it_runs(process, tmp_path):
    from outcry import enrolment
    from outcry.responder.cli.main import main
    from stage import reports

    service = process()
    out = tmp_path / "eva.json"
    arguments = ["enrol", "Eva", "--contact", "Ben=+447700900111", "--quorum", "1", "--anyway"]
    assert main([*arguments, "--out", str(out), "--config", str(service.config)]) == 0
    eva = enrolment.read(out.read_text())
    sealed = reports.sealed(reports.report(), eva, counter=1)
    answer = httpx.post(f"http://{eva.hq.host}:{eva.hq.port}/v1/reports", content=sealed)
    assert answer.status_code == 200


def test_nothing_of_people_places_or_keys_is_in_the_log(process, device, enrolled):
    service = process()
    url = f"{service.device_url}/v1/reports"
    message = device.message()
    link = f"/a/{message.text}/1"
    with httpx.Client(timeout=60, base_url=service.people_url) as pages:
        httpx.post(url, content=message.sealed)
        pages.get(link)
        pages.get(link + "?canary=7700900555")
        for pin in ("000000", *enrolled.pins[:2]):
            pages.post(f"{link}/confirm", data={"pin": pin})
        pages.get("/c/canarytoken")
        pages.post(f"{link}/confirm", data={"pin": "x" * 5000})
        httpx.post(url, content=b"canary" * 100)
        httpx.post(url + "/canary")
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 0
    log = service.log.read_text()
    assert "alarm 1: FIRST over data" in log
    names = ("Ana", "Ben", "Cleo", "Dana", "52.52", "13.40", "77009", "canary", message.text[:24],
             *enrolled.pins, f"{enrolled.enrolment.device:08x}", str(enrolled.enrolment.device))  # fmt: skip
    assert [name for name in names if name in log] == []


def test_readiness_and_the_watchdog_reach_systemd(process, tmp_path, monkeypatch, wait_for):
    pytest.importorskip("systemd.daemon", reason="systemd-python is not installed")
    heard = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        service = process()
        while "WATCHDOG=1" not in heard:
            heard += systemd.recv(4096).decode().splitlines()
        service.process.send_signal(signal.SIGTERM)
        while "STOPPING=1" not in heard:
            heard += systemd.recv(4096).decode().splitlines()
    assert heard.index("READY=1") < heard.index("WATCHDOG=1") < heard.index("STOPPING=1")


def test_the_unit_starts_a_command_that_is_installed():
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read(UNIT)
    command = unit["Service"]["ExecStart"].split()
    names = {point.name for point in entry_points(group="console_scripts")}
    assert Path(command[0]).name in names
    assert command[1] == "run"
