"""``outcry-responder check``: everything an alarm will need is tried, and nobody is alarmed."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime, timedelta

import pytest
from apprise_endpoint import SECRET, Web
from builders import HQ_MODEM, READY, hq_config
from cheap_hashes import PIN_COST
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from officers import settle_an_officer

from outcry.responder import daily_check
from outcry.responder.cli.main import main
from outcry.responder.daily_check import SOON_S, last, line, needs_a_person
from outcry.responder.enrolment.answer_cards import print_codes
from outcry.responder.findings import Finding
from outcry.responder.plans import repository
from outcry.responder.storage import audit_chain, store


@pytest.fixture
def web():
    server = Web()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def hq(enrolled, tmp_path, web, capsys, monkeypatch):
    """HQ with everything an alarm needs, and a duty officer who asks whether it works."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    class Hq:
        directory = tmp_path / "state"
        officers = tmp_path / "officers.toml"
        port = tmp_path / "ttyUSB0"
        device = enrolled.enrolment.device
        people = certificate(tmp_path, 60.0)  # no proxy that would have to be there

        def config(self, **sections: dict[str, object]) -> str:
            modem = HQ_MODEM | {"port": str(self.port)}
            telling = {"officers": str(self.officers)}
            given = READY | {"people": self.people} | sections
            return str(hq_config(tmp_path, modem=modem, telling=telling, **given))

        def checks(self, *words: str, **sections: dict[str, object]) -> tuple[int, str]:
            capsys.readouterr()
            code = main(["check", *words, "--config", self.config(**sections)])
            said = capsys.readouterr()
            return code, said.out + said.err

        def agrees(self, document: dict[str, object]) -> None:
            database = store.Store(self.directory)
            with database.write() as connection:
                repository.change(connection, self.device, document, 0.0)
            database.close()

    made = Hq()
    shutil.copytree(enrolled.directory, made.directory)
    settle_an_officer(made.directory)
    made.officers.write_text(f'desk = "{web.url("desk", "ntfy")}"')
    made.port.touch()
    return made


def test_an_hq_that_cannot_be_reached_is_not_well(hq):
    code, said = hq.checks(device={}, people={}, organisation={})
    assert code == 1
    for setting in ("organisation.name", "device.public_host", "people.public_url"):
        assert f"into {setting}" in said


def test_all_is_well(hq, web):
    code, said = hq.checks()
    assert (code, said.count("NOT OK")) == (0, 0)
    assert "ok: duty officers' desk: its server answers" in said
    assert "HQ's key can be read" in said
    assert web.taken == []


def test_a_network_that_a_plan_names_and_nobody_set_up_is_told(hq):
    hq.agrees({"publication": {"networks": ["own page", "mastodon"]}})
    code, said = hq.checks()
    assert code == 1
    assert f"plan of {hq.device:08x} names a network that HQ does not have: mastodon" in said
    assert said.count("does not have") == 1


def test_a_program_can_read_it_too(hq):
    code, said = hq.checks("--json")
    assert code == 0
    assert {"ok", "what", "remedy", "expires_at"} == json.loads(said)[0].keys()


def test_what_fails_comes_first_with_what_to_do(hq):
    hq.port.unlink()
    hq.officers.write_text('desk = "json://127.0.0.1:1/hush"')
    code, said = hq.checks()
    assert code == 1
    assert (
        "NOT OK: the modem's serial port is not there; connect the modem, or correct modem.port"
        in said
    )
    assert "NOT OK: duty officers' desk: its server cannot be reached" in said
    assert "hush" not in said


def test_without_a_duty_officers_channel_a_person_is_needed(hq):
    hq.officers.write_text("")
    assert "no duty officer has a channel" in hq.checks()[1]


def test_a_file_that_will_not_do_is_a_finding_and_the_rest_is_still_tried(hq):
    hq.officers.write_text("desk = hush")
    code, said = hq.checks()
    assert code == 1
    assert "is not TOML" in said
    assert "ok: HQ's key can be read" in said


def test_a_channel_that_no_plan_may_have_today_is_told_of(hq, web):
    hq.agrees({"contact": {"2": {"channels": {"mine": web.url("x")}}}})
    code, said = hq.checks()
    assert code == 1
    assert f"contact 2 of device {hq.device:08x}, mine: this kind of address" in said
    assert hq.checks(network={"schemes": ["json"]})[0] == 0


def test_a_sign_that_pages_cannot_show_is_told_of(hq, tmp_path):
    sign = tmp_path / "sign.svg"
    organisation = READY["organisation"] | {"sign": str(sign)}
    sign.write_text("<svg><script/></svg>")
    code, said = hq.checks(organisation=organisation)
    assert code == 1
    assert "NOT OK: organisation.sign is no whole" in said
    sign.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    assert hq.checks(organisation=organisation)[0] == 0


def test_each_contacts_channel_is_tried(hq, web):
    hq.agrees({"contact": {"2": {"channels": {"mine": f"ntfy://127.0.0.1:1/{SECRET}"}}}})
    code, said = hq.checks()
    assert code == 1
    assert f"contact 2 of device {hq.device:08x}, mine: its server cannot be reached" in said
    assert SECRET not in said


def test_a_card_that_is_nearly_used_up_is_told_of(hq):
    database = store.Store(hq.directory)
    with database.write() as connection:
        print_codes(connection, hq.device, bytes_, 1, PIN_COST)
        used = store.sms_code.update().where(store.sms_code.c.id > 2).values(burned_at=1.0)
        connection.execute(used)
    database.close()
    code, said = hq.checks()
    assert code == 1
    assert f"contact 1 of device {hq.device:08x} has 2 codes left" in said


def bytes_(count: int, _counter: list[int] = [0]) -> bytes:  # noqa: B006
    _counter[0] += 1
    return _counter[0].to_bytes(count, "big")


def certificate(tmp_path, days: float) -> dict[str, object]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "pages.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return {"public_url": "https://help.example.org", "certificate": str(path), "key": str(path)}


@pytest.mark.parametrize(
    ("days", "code", "words"),
    [(60, 0, "expires in 60 days"), (5, 2, "expires in 5 days; renew"), (-1, 2, "has expired")],
)
def test_what_expires_soon_is_told_in_time(hq, tmp_path, days, code, words):
    found, said = hq.checks(people=certificate(tmp_path, days + 0.01))
    assert words in said
    assert found == code


def test_a_network_that_raises_hides_no_other(hq, tmp_path):
    class Broken:
        name = "mastodon"

        def check(self):
            raise RuntimeError(SECRET)

    class Fine:
        name = "x"

        def check(self):
            return [Finding(True, "x: the token works", "renew it", 1000.0 + SOON_S)]

    database = store.Store(hq.directory)
    from outcry.responder import settings

    found = daily_check.look(
        settings.load(tmp_path / "responder.toml" if hq.config() else tmp_path),
        database,
        lambda: {"mastodon": Broken(), "x": Fine()},
        1000.0,
    )
    database.close()
    words = [line(finding, 1000.0) for finding in found]
    assert "NOT OK: mastodon: RuntimeError; check its account" in words
    assert "ok: x: the token works; expires in 14 days" in words
    assert SECRET not in " ".join(words)


def test_time_stamps_that_do_not_come_for_hours_are_told(hq):
    """A fault that ends by itself is the journal's; one that goes on needs a person."""
    asked = {"record": {"time_stamps": "https://tsa.example.org/"}}
    assert "ok: time stamps come" in hq.checks(**asked)[1]
    database = store.Store(hq.directory)

    def seals(ago_s):
        with database.write() as connection:
            at = time.time() - ago_s
            audit_chain.note(connection, at, audit_chain.Noted.SEALED, {"heads": {}})
            return audit_chain.head(connection).n

    seals(daily_check.STAMPS_LATE_S - 600)
    assert "ok: time stamps come" in hq.checks(**asked)[1]
    n = seals(daily_check.STAMPS_LATE_S + 600)
    with database.write() as connection:
        connection.execute(store.stamp.insert().values(n=n, reply=b""))
    assert "ok: time stamps come" in hq.checks(**asked)[1]
    seals(3 * 86_400.0)
    seals(60.0)
    code, said = hq.checks(**asked)
    assert code == 1
    assert "NOT OK: no time stamp has come for 3 days" in said
    assert "check record.time_stamps" in said
    assert hq.checks()[0] == 0, "where none are asked for, none are missing"
    database.close()


def test_the_last_check_is_kept_for_the_console(hq):
    database = store.Store(hq.directory)
    with database.read() as connection:
        assert last(connection) is None
    database.close()
    hq.checks()
    hq.officers.write_text("")
    hq.checks()
    database = store.Store(hq.directory)
    with database.read() as connection:
        kept = last(connection)
    database.close()
    assert [one.what for one in kept.findings if needs_a_person(one, kept.at)] == [
        "no duty officer has a channel"
    ]
