"""The command line as a maintainer meets it: what it says and how it ends."""

import os
import stat

import pytest
from builders import device_config

from outcry.daemon.cli.main import main
from outcry.enrolment import write
from simulation.world import ENROLMENT, TEXTS


@pytest.fixture
def config(tmp_path):
    return device_config(tmp_path, texts={"folder": str(TEXTS)})


def test_config_shows_what_is_in_force(config, capsys):
    assert main(["--config", str(config), "config"]) == 0
    assert "hold_seconds = 1.5" in capsys.readouterr().out


def test_config_shows_each_problem_beside_its_line(config, capsys):
    config.write_text(
        '[button]\npin = 99\n[gps]\nprot = 3\n[modem]\npin = "secret"\napn = 7\n[modme]\n'
        "[strap]\nenabled = true\npin = 18\n"
    )
    assert main(["--config", str(config), "config"]) == 78
    shown = capsys.readouterr().out.splitlines()
    beside = [line for line in shown if "# <- " in line]
    assert [line.partition("  # <- ")[0] for line in beside[:2]] == ["pin = 99", "pin = 18"]
    assert "99 is not valid; write" in beside[0]
    assert shown[shown.index("[gps]") + 3] == '# <- prot: is not known; did you mean "port"?'
    assert any(line.startswith("apn = 7  # <- ") for line in beside)
    assert beside[-1].startswith("# <- modme: is not known")
    assert not any("secret" in line for line in shown)
    assert "hold_seconds = 1.5" in shown, "and what is well stands there too"


def test_config_tells_of_faults_in_the_contacts_texts(config, tmp_path, capsys):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "en.toml").write_text('alert = "{nonsense}"\n')
    config.write_text('[texts]\nfolder = "texts"\n')
    assert main(["--config", str(config), "config"]) == 1
    told = capsys.readouterr()
    assert "hold_seconds = 1.5" in told.out
    assert "nonsense" in told.err


def test_bad_settings_are_all_told_and_the_exit_code_says_so(config, capsys):
    config.write_text("[button]\npin = 99\n[gps]\nport = 0\n")
    assert main(["--config", str(config), "run"]) == 78
    told = capsys.readouterr().err
    assert "button.pin" in told
    assert "gps.port" in told


def test_enrolling_keeps_the_file_for_this_device_alone(config, tmp_path, capsys):
    file = tmp_path / "enrolment.json"
    file.write_text(write(ENROLMENT))
    assert main(["--config", str(config), "enrol", str(file)]) == 0
    kept = tmp_path / "state" / "enrolment.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert kept.read_text() == write(ENROLMENT)
    said = capsys.readouterr().out
    assert "3 contacts" in said
    assert "delete" in said


@pytest.mark.parametrize("text", ["", "{}", '{"outcry_enrolment": 1}', "\xff"])
def test_a_bad_enrolment_is_refused_and_the_old_one_kept(config, tmp_path, capsys, text):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(write(ENROLMENT))
    bad.write_text(text)
    main(["--config", str(config), "enrol", str(good)])
    assert main(["--config", str(config), "enrol", str(bad)]) == 65
    assert (tmp_path / "state" / "enrolment.json").read_text() == write(ENROLMENT)


def test_a_file_that_is_not_there_is_said_so(config, capsys):
    assert main(["--config", str(config), "enrol", "nowhere.json"]) == 73
    assert "nowhere.json" in capsys.readouterr().err


def test_without_anybody_to_tell_the_daemon_says_what_to_do(config, capsys, monkeypatch):
    monkeypatch.setitem(os.environ, "GPIOZERO_PIN_FACTORY", "mock")
    assert main(["--config", str(config), "run"]) == 78
    assert "outcry enrol FILE" in capsys.readouterr().err


def test_a_button_that_cannot_be_watched_ends_with_its_own_code(config, capsys, monkeypatch):
    from gpiozero import Device

    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.setitem(os.environ, "GPIOZERO_PIN_FACTORY", "no-such-factory")
    assert main(["--config", str(config), "run"]) == 69
    assert "button" in capsys.readouterr().err
