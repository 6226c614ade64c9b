"""Time stamps of a real authority: openssl's own, behind HTTP. None of them holds anything up."""

from __future__ import annotations

import re
import shutil
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

import pytest
from asn1crypto import cms, pem, tsp, x509
from builders import hq_config
from sqlalchemy import select
from stamping_authority import Authority

from outcry.report import MessageType
from outcry.responder.archive import case_file, proof, time_stamps
from outcry.responder.archive.time_stamps import StampInvalid, TimeStamping
from outcry.responder.cli.main import main
from outcry.responder.storage import audit_chain, links, store, verification, versions

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]


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


@pytest.fixture
def at_hq(sealed, server, authority, tmp_path, capsys):
    """``verify`` as HQ runs it, on an alarm that was sealed and stamped."""
    stamping(sealed, time_stamps.http, server).look()
    config = str(hq_config(tmp_path, sealed.hq.directory))

    def run(*words):
        code = main(["verify", "--config", config, *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    run.known = "--authority", str(authority.certificate)
    return run


def rewrite_the_record(world):
    """As somebody who has the database alone would: every line made again from the first one on."""
    with world.hq.store.write() as connection:
        previous = None
        for row in connection.execute(select(store.record).order_by(store.record.c.n)).all():
            at = row.at + 60 if row.n == 1 else row.at
            made = links.leaf(row.salt, row.n, at, row.what, row.data, row.alarm, row.subject)
            previous = links.onto(previous, made)
            new = {"at": at, "leaf": made, "link": previous}
            connection.execute(store.record.update().filter_by(n=row.n).values(new))


def test_a_record_that_was_made_again_as_a_whole_is_found_by_its_time_stamps(sealed, at_hq):
    assert at_hq()[0] == 0
    assert at_hq(*at_hq.known)[0] == 0
    rewrite_the_record(sealed)
    code, said = at_hq()
    assert code == 1
    assert (
        said
        == f"time stamp over line {stamps(sealed)[0]}: it is a time stamp over something else\n"
    )


def test_a_time_stamp_that_nobody_has_signed_is_found(sealed, at_hq, authority):
    """Put into the place of the real one by somebody who has made the whole record again."""
    rewrite_the_record(sealed)
    (n,) = stamps(sealed)
    with sealed.hq.store.write() as connection:
        link = audit_chain.link_of(connection, n)
        real = authority.stamp(time_stamps.request(link, 1))
        forged = real[:-20] + bytes([real[-20] ^ 1]) + real[-19:]
        connection.execute(store.stamp.update().values(reply=forged))
        versions.note(connection, versions.STAMP, n, sealed.clock())
    assert "the signatures were not checked" in at_hq()[1]
    code, said = at_hq(*at_hq.known)
    assert code == 1
    assert f"time stamp over line {n}: its signature leads to no authority" in said


def test_a_line_that_was_kept_elsewhere_is_compared(sealed, at_hq, tmp_path):
    said = at_hq()[1]
    kept = re.search(r"verify --kept (\d+:[0-9a-f]{64})", said)[1]
    file = tmp_path / "case-1.html"
    file.write_bytes(case_file.write(sealed.hq.store, 1, "Example Org", sealed.clock()).encode())
    _, of_file = at_hq(str(file))
    written = re.search(r"verify --kept (\d+:[0-9a-f]{64})", of_file)[1]
    assert written != kept
    assert at_hq("--kept", kept, "--kept", written)[0] == 0
    for other in ("1:" + "0" * 64, "999:" + "0" * 64):
        code, said = at_hq("--kept", kept, "--kept", other)
        assert code == 1
        assert f"line {other.partition(':')[0]} is not the one that was kept" in said
    with sealed.hq.store.write() as connection:
        connection.execute(store.stamp.delete())
        connection.execute(store.record.delete().where(store.record.c.what.in_(["STAMP", "CASE"])))
    assert at_hq()[0] == 0, "cut short, it holds together"
    assert at_hq("--kept", written)[0] == 1


def test_a_stamp_is_good_years_later_if_its_certificate_was_good_when_it_was_made(authority):
    link = bytes(range(32))
    reply = authority.stamp(time_stamps.request(link, 7))
    now = time_stamps.read(reply, link).at.timestamp()
    known = authority.certificate
    assert not time_stamps.check(reply, link, known, now + 86_400.0).ended
    assert time_stamps.check(reply, link, known, now + 20 * 365 * 86_400.0).ended


def test_a_stamp_by_a_certificate_that_had_ended_before_is_refused(authority, tmp_path):
    late = Authority(tmp_path, ended=True)
    link = bytes(range(32))
    reply = late.stamp(time_stamps.request(link, 7))
    assert time_stamps.read(reply, link).by.endswith("A fictitious clock")
    with pytest.raises(StampInvalid, match="no authority"):
        time_stamps.check(reply, link, late.certificate)


def test_of_the_certificates_that_come_along_the_signers_alone_is_named(authority):
    """The others are held by no signature: anyone can put one with another name there."""
    link = bytes(range(32))
    reply = tsp.TimeStampResp.load(authority.stamp(time_stamps.request(link, 7)))
    content = reply["time_stamp_token"]["content"]
    other = x509.Certificate.load(pem.unarmor(authority.certificate.read_bytes())[2])
    mine = [each.chosen for each in content["certificates"]]
    content["certificates"] = cms.CertificateSet(
        [cms.CertificateChoices("certificate", each) for each in (other, *mine)]
    )
    assert time_stamps.read(reply.dump(force=True), link).by == "Common Name: A fictitious clock"


def test_no_changed_bit_of_a_reply_is_more_than_refused(authority):
    link, random = bytes(range(32)), Random(2)
    real = authority.stamp(time_stamps.request(link, 7))
    for _ in range(2000):
        at = random.randrange(len(real))
        changed = real[:at] + bytes([real[at] ^ (1 << random.randrange(8))]) + real[at + 1 :]
        for other in (changed, real[:at], real[:at] + real[at + 1 :]):
            with suppress(StampInvalid):
                time_stamps.read(other, link)
