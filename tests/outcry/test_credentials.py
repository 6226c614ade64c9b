"""Secrets from systemd."""

import pytest

from outcry.credentials import secret
from outcry.daemon.journal import Journal
from outcry.daemon.messages.identity import Identity
from outcry.daemon.service.assemble import MODEM_PIN, modem_settings
from outcry.daemon.settings import read


def test_a_secret_is_read_without_its_line_end(tmp_path):
    (tmp_path / MODEM_PIN).write_text("0000\n")
    assert secret(MODEM_PIN, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "0000"


@pytest.mark.parametrize("content", ["", "\n", None])
def test_an_empty_or_missing_one_is_none(tmp_path, content):
    if content is not None:
        (tmp_path / MODEM_PIN).write_text(content)
    assert secret(MODEM_PIN, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) is None
    assert secret(MODEM_PIN, {}) is None


def test_one_that_cannot_be_read_says_so(tmp_path):
    (tmp_path / MODEM_PIN).write_bytes(b"\xff\xfe")
    with pytest.raises(UnicodeDecodeError):
        secret(MODEM_PIN, {"CREDENTIALS_DIRECTORY": str(tmp_path)}, "ascii")


@pytest.mark.parametrize(
    "content", [b"12", b"\xff\xfe", b"not a pin", b"\xef\xbb\xbf2468\r\n", b"2468 # mine"]
)
def test_a_credential_that_is_no_pin_is_told_and_the_daemon_starts_without(
    tmp_path, monkeypatch, content
):
    (tmp_path / MODEM_PIN).write_bytes(content)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    told = []
    journal = Journal(lambda level, sentence, fields: told.append(sentence))
    asked = modem_settings(read("", tmp_path / "outcry.toml"), Identity("Z", (), None), journal)
    assert asked.pin is None
    assert len(told) == 1
    assert MODEM_PIN in told[0]
    assert "12" not in told[0].replace("4 to 8", "")
    assert told[0] in asked.no_pin, "and what the SIM wants has this cause"
