"""Nobody is enrolled at an HQ that cannot be reached, or where nobody watches: it says what to do."""

from __future__ import annotations

import pytest
from builders import READY, hq_config
from officers import settle_an_officer

from outcry.responder import readiness, settings
from outcry.responder.cli.main import main
from outcry.responder.storage import store
from outcry.responder.storage.store import DATABASE, Store

CONTACT = "--contact=Ana=+447700900101"


def missing(sections=None, changed=None):
    """What is missing in these settings, but for an officer."""
    given = {name: dict(keys) for name, keys in (READY if sections is None else sections).items()}
    for name, keys in (changed or {}).items():
        given[name] = given.get(name, {}) | keys
    found = readiness.missing(settings.check(given), None)
    return [each.what for each in found if "duty officer" not in each.what]


@pytest.fixture
def enrols(tmp_path, capsys):
    """Types ``enrol``; the exit code and what was said."""

    def run(*more, **sections):
        config = hq_config(tmp_path, **sections)
        out = tmp_path / "ana.json"
        arguments = ["enrol", "Zarema", CONTACT, "--quorum=1", f"--out={out}", *more]
        code = main([*arguments, f"--config={config}"])
        said = capsys.readouterr()
        assert out.exists() == (code == 0)
        return code, said.out + said.err

    return run


def test_untouched_settings_enrol_nobody_and_say_all_that_is_missing(enrols, tmp_path):
    code, said = enrols()
    assert code == 1
    for setting in ("organisation.name", "device.public_host", "people.public_url"):
        assert f"into {setting}" in said
    assert "outcry-responder officer add NAME" in said
    assert "--anyway" in said
    assert not (tmp_path / "state" / DATABASE).exists()


def test_a_try_out_enrols_anyway(enrols):
    assert enrols("--anyway")[0] == 0


def test_an_hq_that_lacks_nothing_enrols(enrols, tmp_path):
    code, said = enrols(**READY)
    assert (code, "into" in said) == (1, False)
    settle_an_officer(tmp_path / "state")
    assert enrols(**READY)[0] == 0


def test_an_officer_who_has_not_opened_the_link_watches_nothing(enrols, tmp_path):
    database = Store(tmp_path / "state")
    with database.write() as connection:
        row = {"name": "olga", "made_at": 0.0, "totp_secret": "A", "refused": 0}
        connection.execute(store.officer.insert().values(row))
    database.close()
    code, said = enrols(**READY)
    assert code == 1
    assert "officer reset olga" in said


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"),
        *("localhost", "LOCALHOST.", "hq", "hq.local", "10.0.0.1", "192.168.1.7", "169.254.1.1"),
    ],
)
def test_an_address_that_no_phone_in_the_field_reaches_is_told(host):
    (what,) = missing(changed={"device": {"public_host": host}})
    assert host in what
    (what,) = missing(changed={"device": {"public_host": "", "host": host}})
    assert host in what
    written = f"[{host}]" if ":" in host else host
    (what,) = missing(changed={"people": {"public_url": f"https://{written}"}})
    assert "contacts' links" in what


@pytest.mark.parametrize("host", ["hq.example.org", "203.0.113.7", "8.8.8.8", "2001:db8::7"])
def test_an_address_of_the_internet_is_good(host):
    assert missing(changed={"device": {"public_host": host}}) == []


def test_a_private_network_that_is_meant_is_good_but_never_this_machine():
    vpn = {"network": {"private": ["10.8.0.0/24", "127.0.0.1"]}}
    assert missing(changed=vpn | {"device": {"public_host": "10.8.0.1"}}) == []
    assert len(missing(changed=vpn | {"device": {"public_host": "127.0.0.1"}})) == 1


def test_a_proxy_that_hq_does_not_know_of_is_told():
    (what,) = missing(changed={"people": {"behind_proxy": False}})
    assert "no TLS that HQ knows of" in what
    tls = {"behind_proxy": False, "certificate": "/a.pem", "key": "/b.pem"}
    assert missing(changed={"people": tls}) == []


def test_the_default_name_is_no_name():
    for name in ("Outcry", " Outcry "):
        (what,) = missing(changed={"organisation": {"name": name}})
        assert "in the name of" in what
