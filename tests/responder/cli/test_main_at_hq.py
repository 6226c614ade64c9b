"""`outcry-responder` as whoever administers HQ meets it: what it says and how it ends."""

import json
import os

import pytest
from builders import hq_config

from outcry.responder.cli import main as cli
from outcry.responder.cli.main import main
from outcry.responder.service import journal_handler
from outcry.responder.storage.store import DATABASE

CONTACTS = ["--contact", "Ana=+447700900101,ru", "--contact", "Boris=+447700900102"]


@pytest.fixture
def config(tmp_path):
    return hq_config(tmp_path, tmp_path / "hq")


def test_an_enrolment_for_a_script_is_one_line_of_json(config, tmp_path, capsys):
    out = tmp_path / "zarema.json"
    arguments = ["enrol", "Zarema", "--config", str(config), *CONTACTS, "--out", str(out), "--json"]
    arguments.append("--anyway")
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    made = json.loads(said)
    assert made["device"] == f"{json.loads(out.read_text())['device']:08x}"
    assert made["file"] == str(out)
    assert [each["name"] for each in made["contacts"]] == ["Ana", "Boris"]
    assert all(each["pin"].isdecimal() and len(each["pin"]) >= 6 for each in made["contacts"])
    assert all(group.isdecimal() for group in made["code"].split())


def test_bad_settings_are_all_told_and_the_exit_code_says_so(config, capsys):
    config.write_text("[device]\nport = 0\n[plan]\nquorum = 99\n")
    assert main(["status", "--config", str(config)]) == 78
    told = capsys.readouterr().err
    assert "device.port" in told
    assert "plan.quorum" in told


def test_files_of_another_user_are_told_with_whom_to_be(config, capsys, monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(cli, "load", closed)
    assert main(["status", "--config", str(config)]) == 77
    assert "sudo -u outcry-responder" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be refused as root")
@pytest.mark.parametrize("words", [["status"], ["key", "new"], ["run"]])
def test_root_leaves_no_files_that_the_service_cannot_read(config, tmp_path, words, monkeypatch):
    monkeypatch.setattr(journal_handler, "set_up", lambda: None)  # this process is not the service
    (tmp_path / "hq").mkdir()
    os.chown(tmp_path / "hq", 65534, 65534)
    assert main([*words, "--config", str(config)]) == 77
    assert not (tmp_path / "hq" / DATABASE).exists()
    assert os.listdir(tmp_path / "hq") == []


def test_every_exit_code_is_in_the_help(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    codes = [value for name, value in vars(cli).items() if name.startswith("EXIT_")]
    assert len(codes) == 4
    assert all(f"\n  {code} " in said for code in (*codes, 2))


def test_a_database_whose_file_was_damaged_is_told_in_words(config, tmp_path, capsys):
    out = str(tmp_path / "zarema.json")
    assert (
        main(["enrol", "Zarema", "--config", str(config), *CONTACTS, "--out", out, "--anyway"]) == 0
    )
    assert main(["verify", "--config", str(config)]) == 0
    file = tmp_path / "hq" / DATABASE
    whole = file.read_bytes()
    for broken in (whole[:8192] + b"\xff" * (len(whole) - 8192), b"no database" * 1000):
        file.write_bytes(broken)
        capsys.readouterr()
        assert main(["verify", "--config", str(config)]) == 1
        assert "restore the backup" in capsys.readouterr().err
