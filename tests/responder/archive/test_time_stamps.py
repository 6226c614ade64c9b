"""Time stamps of a real authority: openssl's own, behind HTTP. None of them holds anything up."""

from __future__ import annotations

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from builders import hq_config
from sqlalchemy import select

from outcry.report import MessageType
from outcry.responder.archive import case_file, proof, time_stamps
from outcry.responder.archive.time_stamps import StampInvalid, TimeStamping
from outcry.responder.cli.main import main
from outcry.responder.storage import audit_chain, store, verification

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]

CONFIG = """
[tsa]
default_tsa = ours
[ours]
dir = {folder}
serial = $dir/serial
signer_cert = $dir/tsa.pem
certs = $dir/ca.pem
signer_key = $dir/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
PURPOSE = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"


class Authority:
    """A certificate authority, and the time-stamping server that it has signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate = folder / "ca.pem"
        (folder / "serial").write_text("01")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "purpose").write_text(PURPOSE)
        new_key = "req", "-newkey", "rsa:2048", "-nodes"
        ca = "-subj", "/CN=A fictitious authority", "-keyout", "ca.key", "-out", "ca.pem"
        self.openssl(*new_key, "-x509", "-days", "30", *ca)
        tsa = "-subj", "/CN=A fictitious clock", "-keyout", "tsa.key", "-out", "tsa.csr"
        self.openssl(*new_key, *tsa)
        signed = "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key"
        more = "-CAcreateserial", "-days", "30", "-extfile", "purpose", "-out", "tsa.pem"
        self.openssl(*signed, *more)

    def openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def stamp(self, asked: bytes) -> bytes:
        (self.folder / "asked.tsq").write_bytes(asked)
        config = "-config", "tsa.cnf", "-queryfile", "asked.tsq", "-out", "said.tsr"
        self.openssl("ts", "-reply", *config)
        return (self.folder / "said.tsr").read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority):
    """The authority behind HTTP; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            said = authority.stamp(asked)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}/"
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def sealed(world):
    """An alarm that stands in HQ's record."""
    world.hq.takes(world.device.message())
    world.hq.works()
    seal(world)
    return world


def seal(world):
    with world.hq.store.write() as connection:
        audit_chain.seal(connection, world.clock())


def stamps(world):
    with world.hq.store.read() as connection:
        return connection.scalars(select(store.stamp.c.n)).all()


def stamping(world, post, url="http://tsa.invalid/"):
    return TimeStamping(world.hq.store, url, world.clock, post)


def test_a_case_file_carries_a_time_stamp_that_anyone_can_check(
    sealed, server, authority, tmp_path, capsys
):
    stamping(sealed, time_stamps.http, server).look()
    assert len(stamps(sealed)) == 1
    file = case_file.write(sealed.hq.store, 1, "Example Org", sealed.clock())
    written = tmp_path / "case-1.html"
    written.write_bytes(file.encode())
    known = "--authority", str(authority.certificate), "--config", "/nowhere"
    assert main(["verify", str(written), *known]) == 0
    said = capsys.readouterr().out
    assert "Time stamp over line " in said
    assert "Common Name: A fictitious clock" in said
    assert main(["verify", str(written), "--config", "/nowhere"]) == 1
    assert "leads to no authority that is trusted here" in capsys.readouterr().err
    with sealed.hq.store.read() as connection:
        assert verification.verify(connection).problems == ()


def test_no_bit_of_a_time_stamp_can_be_changed(authority):
    link = bytes(range(32))
    reply = authority.stamp(time_stamps.request(link, 7))
    assert time_stamps.check(reply, link, authority.certificate).by.endswith("A fictitious clock")
    with pytest.raises(StampInvalid, match="over something else"):
        time_stamps.check(reply, bytes(32), authority.certificate)
    at = len(reply) - 20  # in its signature
    forged = reply[:at] + bytes([reply[at] ^ 1]) + reply[at + 1 :]
    with pytest.raises(StampInvalid, match="no authority"):
        time_stamps.check(forged, link, authority.certificate)


def test_a_file_with_the_stamp_of_another_is_found(sealed, authority, tmp_path, capsys):
    asked = time_stamps.request(bytes(32), 7)
    with sealed.hq.store.write() as connection:
        n = audit_chain.head(connection).n
        time_stamps.keep(connection, n, authority.stamp(asked), sealed.clock())
    written = tmp_path / "case-1.html"
    file = case_file.write(sealed.hq.store, 1, "Example Org", sealed.clock())
    assert len(proof.check(file).stamps) == 1
    written.write_bytes(file.encode())
    known = "--authority", str(authority.certificate), "--config", "/nowhere"
    assert main(["verify", str(written), *known]) == 1
    assert "a time stamp over something else" in capsys.readouterr().err


def test_it_is_asked_once_for_what_was_sealed_and_again_when_the_alarm_goes_on(sealed, authority):
    asked = []

    def post(url, request):
        asked.append(request)
        return authority.stamp(request)

    asks = stamping(sealed, post)
    for _ in range(3):
        asks.look()
        sealed.clock.passes(time_stamps.STAMP_EVERY_S)
    assert len(asked) == 1
    sealed.hq.takes(sealed.device.message(MessageType.POSITION, sequence=1))
    seal(sealed)
    asks.look()
    asks.look()
    assert len(asked) == len(stamps(sealed)) == 2


def test_a_fault_is_told_and_tried_again_and_costs_nothing_else(sealed, authority, caplog):
    caplog.set_level("INFO")
    fails = [OSError("secret"), b"rubbish", b"", authority.stamp(time_stamps.request(bytes(32), 1))]

    def post(url, request):
        if not fails:
            return authority.stamp(request)
        failure = fails.pop(0)
        if isinstance(failure, Exception):
            raise failure
        return failure

    asks = stamping(sealed, post)
    for wait_s in time_stamps.RETRY_S:
        asks.look()
        assert stamps(sealed) == []
        sealed.clock.passes(wait_s - 1)
        left = len(fails)
        asks.look()
        assert len(fails) == left, "before its time"
        sealed.clock.passes(1)
    asks.look()
    assert len(stamps(sealed)) == 1
    told = [line for line in caplog.messages if "time stamp" in line]
    assert len(told) == 5
    assert "for the 4. time in a row: it is a time stamp over something else" in told[3]
    assert "gets time stamps again" in told[4]
    assert "secret" not in caplog.text


def test_nobody_is_asked_where_no_server_is_set(sealed):
    asks = stamping(sealed, lambda *_: pytest.fail("asked"), url="")
    asks.look()
    assert stamps(sealed) == []


def test_the_address_is_a_setting(world, server, tmp_path, capsys):
    world.hq.restarts({"record": {"time_stamps": server}})
    assert world.hq.parts.time_stamping.url == server
    config = hq_config(tmp_path, world.hq.directory, record={"time_stamps": "ftp://example.org"})
    assert main(["status", "--config", str(config)]) == 78
    assert "record.time_stamps" in capsys.readouterr().err
