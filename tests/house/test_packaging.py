"""What the packages say of themselves, against the code and the settings they are made of."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest
from parts import needs_systemd_analyze

from bench.product.packages import unit_score
from outcry import __version__

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "systemd"
EXAMPLES = UNITS / "examples"
DEBIAN_NAMES = {  # where Debian's name is not python3- and the distribution's
    "apprise": "apprise",
    "argon2-cffi": "python3-argon2",
    "pillow": "python3-pil",
    "pyserial": "python3-serial",
    "systemd-python": "python3-systemd",
    "tzdata": "tzdata",
}
CARRIED = {"anyascii", "gpsd-py3", "pyhpke", "python-gsmmodem-new"}


def setup() -> configparser.ConfigParser:
    parsed = configparser.ConfigParser()
    parsed.read(ROOT / "setup.cfg")
    return parsed


def requirements(text: str) -> dict[str, str]:
    """Each distribution named in a list of setup.cfg, with its lowest version."""
    found = re.findall(r"^([A-Za-z0-9._-]+)>=([\d.]+)", text, re.MULTILINE)
    return {name.lower(): lowest for name, lowest in found}


def depends(package: str) -> dict[str, str]:
    """Each package that ``package`` depends on, with its lowest version."""
    text = (ROOT / "debian" / "control").read_text()
    paragraph = next(part for part in text.split("\n\n") if f"Package: {package}\n" in part)
    field = re.search(r"^Depends:((?:.*\n)(?: .*\n)*)", paragraph, re.MULTILINE)
    assert field
    found = re.findall(r"([a-z0-9+.-]+) \(>= ([\d.]+)\)", field[1])
    return dict(found)


def carried() -> dict[str, str]:
    text = (ROOT / "debian" / "carried.txt").read_text()
    return dict(
        re.findall(r"^([a-z0-9-]+)==([\d.]+) --hash=sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    )


def as_debian(wanted: dict[str, str]) -> dict[str, str]:
    return {
        DEBIAN_NAMES.get(name, f"python3-{name}"): lowest
        for name, lowest in wanted.items()
        if name not in CARRIED
    }


def test_the_wearables_package_depends_on_what_the_wearable_needs_and_carries_the_rest():
    options = setup()["options"]
    needed = requirements(options["install_requires"])
    needed |= requirements(setup()["options.extras_require"]["systemd"])
    assert as_debian(needed).items() <= depends("outcry").items()
    assert set(carried()) == CARRIED == CARRIED & set(needed)


def test_the_responders_package_depends_on_what_the_responder_needs():
    extras = setup()["options.extras_require"]
    needed = requirements(extras["responder"]) | requirements(extras["systemd"])
    assert as_debian(needed).items() <= depends("outcry-responder").items()


def test_what_is_carried_lies_within_the_ranges_of_the_settings():
    ranges = dict(
        re.findall(
            r"^([a-z0-9-]+)>=([\d.]+),<[\d.]+$",
            setup()["options"]["install_requires"],
            re.MULTILINE,
        )
    )
    for name, version in carried().items():
        lowest = tuple(map(int, ranges[name].split(".")))
        assert tuple(map(int, version.split("."))) >= lowest


def test_every_carried_library_has_its_licence_written_down():
    text = (ROOT / "debian" / "copyright").read_text()
    for name in CARRIED:
        stanza = re.search(rf"^Files: {name}\nCopyright: .+\nLicense: (.+)$", text, re.MULTILINE)
        assert stanza, name
        assert re.search(rf"^License: {re.escape(stanza[1])}\n .+", text, re.MULTILINE), stanza[1]


def test_the_packages_have_the_version_of_the_code():
    said = (ROOT / "debian" / "changelog").read_text()
    assert re.match(r"outcry \(([^)]+)\)", said)[1] == __version__


def test_every_console_script_is_in_a_package():
    scripts = re.findall(
        r"^(\S+) = (\S+):main$", setup()["options.entry_points"]["console_scripts"], re.MULTILINE
    )
    installed = "".join(path.read_text() for path in (ROOT / "debian").glob("*.install"))
    for name, module in scripts:
        text = (ROOT / "debian" / "bin" / name).read_text()
        assert f"from {module} import main" in text
        assert f"debian/bin/{name} " in installed


# The units


@needs_systemd_analyze
@pytest.mark.parametrize(
    ("unit", "drop_in", "highest"),
    [
        ("outcry.service", None, 1.6),
        ("outcry-responder.service", None, 1.2),
        ("outcry-responder-check.service", None, 1.3),
        # HQ's modem opens a little, and says so.
        ("outcry-responder.service", "responder-modem.conf", 1.5),
    ],
)
def test_a_unit_leaves_no_more_open_than_promised(tmp_path, unit, drop_in, highest):
    text = (UNITS / unit).read_text()
    if drop_in:
        text += (EXAMPLES / drop_in).read_text()
    (tmp_path / unit).write_text(text)
    assert unit_score(str(tmp_path / unit)) <= highest


@needs_systemd_analyze
@pytest.mark.parametrize("unit", sorted(path.name for path in UNITS.glob("*.service")))
def test_a_unit_has_no_word_that_systemd_does_not_know(tmp_path, unit):
    """The program itself is not installed here: a stand-in takes its path."""
    text = re.sub(r"^Exec(Start|Paths)=.*$", r"", (UNITS / unit).read_text(), flags=re.MULTILINE)
    text = re.sub(r"^Documentation=.*$", "", text, flags=re.MULTILINE)
    (tmp_path / unit).write_text(text.replace("[Service]", "[Service]\nExecStart=/bin/true"))
    said = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(tmp_path / unit)],
        capture_output=True,
        text=True,
        check=False,
    ).stderr
    assert [line for line in said.splitlines() if unit in line] == []


@pytest.mark.parametrize("path", sorted([*UNITS.glob("*.service"), *EXAMPLES.glob("*.conf")]))
def test_no_unit_hides_what_gpiozero_reads_of_proc(path):
    assert not re.search(r"^ProcSubset=", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("unit", ["outcry.service", "outcry-responder.service"])
def test_a_unit_never_gives_up_and_is_watched(unit):
    lines = (UNITS / unit).read_text().splitlines()
    for line in ("StartLimitIntervalSec=0", "Restart=always", "RestartSec=1", "WatchdogSec=30"):
        assert line in lines
    assert "Type=notify" in lines


def test_the_daily_check_is_shut_in_like_the_service_and_runs_as_it():
    service, check = (
        set((UNITS / f"{name}.service").read_text().splitlines())
        for name in ("outcry-responder", "outcry-responder-check")
    )
    shut = {line for line in service if re.match(r"[A-Z][A-Za-z]*=", line)}
    only_the_service = {line.split("=")[0] for line in shut - check}
    assert only_the_service == {
        *("Description", "After", "StartLimitIntervalSec", "Type", "NotifyAccess", "ExecStart"),
        *("WatchdogSec", "Restart", "RestartSec", "TimeoutStartSec", "TimeoutStopSec"),
        *("LimitNOFILE", "PrivateDevices", "WantedBy"),
    }
    timer = (UNITS / "outcry-responder-check.timer").read_text().splitlines()
    assert {"OnCalendar=*-*-* 08:00", "Persistent=yes", "WantedBy=timers.target"} <= set(timer)


def test_gpsd_is_ordered_and_not_required():
    text = (UNITS / "outcry.service").read_text()
    assert re.search(r"^After=gpsd\.service$", text, re.MULTILINE)
    assert re.search(r"^Wants=gpsd\.service$", text, re.MULTILINE)
    assert not re.search(r"^(Requires|BindsTo|Requisite)=", text, re.MULTILINE)
