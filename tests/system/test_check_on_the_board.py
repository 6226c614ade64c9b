"""`outcry check` on the simulated board: each fault alone, named alone, with its remedy.

First with no daemon, when the check opens the parts itself; then with the daemon, which it asks.
"""

import json
import shutil
import subprocess
import sys

import pytest
from parts import needs_gpsd

from outcry.daemon.messages.identity import FILE_NAME
from outcry.daemon.service.true_time import synchronised_at
from outcry.enrolment import read
from stage.stage import ROOT, Stage, program

pytestmark = [pytest.mark.slow, needs_gpsd]
BUTTON, STRAP, MOTOR = 17, 27, 18
HURRY = 4  # a mute modem is called at every usual rate before it is said to be silent
NAMES = [
    *("service", "button", "modem", "sim", "registration", "SMS", "signal", "supply"),
    *(
        "data path",
        "receipt",
        "strap",
        "motor",
        "gpsd",
        "fix",
        "clock",
        "keys",
        "contacts",
        "texts",
        "disk",
    ),
    "swap",
    "watchdog",
]

# What is so while no daemon runs; without one, nobody vouches for a clock that is not synchronised.
UNWATCHED = {"service"} if synchronised_at() else {"service", "clock"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """Everything but the daemon; near the root, because a UNIX socket's path is short."""
    folder = tmp_path_factory.getbasetemp() / "chk"
    with Stage(folder, ("--instant", "--warm")) as stage:
        stage.write_settings()
        stage.enrol()
        stage.start_board()
        stage.board("release", "--pin", str(BUTTON))
        stage.start_gpsd()
        stage.start_responder()
        stage.wait("a position at gpsd", stage.has_fix, 60)
        yield stage
    shutil.rmtree(folder)


# The same program, but its clock runs ahead: for faults that only time tells from a slow part.
HURRIED = f"""
import sys, time
from outcry.daemon.check import check
from outcry.daemon.cli import main as cli
patience = check.Patience
check.Patience = lambda clock, sleep, say: patience(lambda: {HURRY} * clock(), sleep, say)
sys.exit(cli.main())
"""


class Check:
    """A check's answer."""

    def __init__(self, stage, *options, config=None, environment=None, hurried=False):
        config = config or stage.folder / "outcry.toml"
        outcry = [sys.executable, "-c", HURRIED] if hurried else [program("outcry")]
        done = subprocess.run(
            [*outcry, "--config", str(config), "check", "--json", *options],
            capture_output=True,
            text=True,
            env=stage.environment() | (environment or {}),
            timeout=200,
            check=False,
        )
        self.code, self.progress = done.returncode, done.stderr
        assert done.stdout.count("\n") == 1, done.stderr
        self.well = json.loads(done.stdout)["well"]
        self.found = {each["name"]: each for each in json.loads(done.stdout)["checks"]}

    @property
    def wrong(self):
        fine = ("ok", "left out")
        return {name for name, each in self.found.items() if each["result"] not in fine}

    def __getitem__(self, name):
        return self.found[name]


@pytest.fixture
def changed(stage):
    """Settings with these changes, for one check."""

    def change(**changes):
        stage.write_device_settings(
            {tuple(key.split("_", 1)): value for key, value in changes.items()}
        )

    yield change
    stage.write_device_settings({})


def named(stage, name, words, *options, **how):
    """One check, in which this alone is wrong beside the daemon that does not run."""
    check = Check(stage, *options, **how)
    assert check.wrong == UNWATCHED | {name}
    assert (check.code, check.well) == (1, False)
    assert words in check[name]["remedy"]
    return check


def test_without_a_daemon_every_part_is_opened_and_ok_but_nobody_watches(stage):
    check = Check(stage)
    assert list(check.found) == NAMES
    assert check.wrong == UNWATCHED
    assert "systemctl start outcry" in check["service"]["remedy"]
    assert check["receipt"]["result"] == "ok"
    assert not any(event["level"] for event in stage.events("pin-out")), "and the motor is silent"


def test_a_button_that_is_down(stage):
    stage.board("hold", "--pin", str(BUTTON))
    try:
        named(stage, "button", "let go")
    finally:
        stage.board("release", "--pin", str(BUTTON))


def test_an_open_strap_and_a_fastened_one(stage, changed):
    changed(strap_enabled=True)
    stage.board("release", "--pin", str(STRAP))
    named(stage, "strap", "fasten")
    stage.board("hold", "--pin", str(STRAP))
    assert Check(stage)["strap"]["result"] == "ok"


def test_pins_that_cannot_be_had(stage):
    check = Check(stage, environment={"GPIOZERO_PIN_FACTORY": "no-such-factory"})
    assert check.wrong == UNWATCHED | {"button", "motor"}
    assert "GPIOZERO_PIN_FACTORY" in check["button"]["remedy"]


def test_the_motor_moves_when_asked_for(stage):
    check = Check(stage, "--buzz")
    assert check.wrong == UNWATCHED
    levels = [each["level"] for each in stage.events("pin-out") if each["pin"] == MOTOR]
    assert levels.count(1) == 1


def test_no_gpsd(stage, changed):
    changed(gps_port=1)
    named(stage, "gpsd", "systemctl status gpsd", hurried=True)


def test_no_satellites(stage):
    stage.board("fix", "off")
    try:
        stage.wait("no fix", lambda: not stage.has_fix(), 30)
        check = named(stage, "fix", "sky", hurried=True)
        assert "satellites" in check.progress
    finally:
        stage.board("fix", "on")
        stage.wait("a fix", stage.has_fix, 60)


def test_no_such_serial_port(stage, changed):
    changed(modem_port="/dev/no-such-port")
    named(stage, "modem", "modem.port is wrong")


def test_a_serial_port_that_somebody_else_holds(stage):
    import serial

    port = str(stage.board_folder / "modem-wearer")
    with serial.Serial(port, exclusive=True):
        named(stage, "modem", "fuser -v")


def test_a_silent_modem(stage):
    stage.board("mute", "on")
    try:
        named(stage, "modem", "serial cable", hurried=True)
    finally:
        stage.board("mute", "off")


@pytest.mark.parametrize(
    ("code", "words"),
    [(10, "seat the SIM"), (11, "/etc/outcry/modem.pin"), (12, "PUK")],
    ids=["absent", "wants its PIN", "wants its PUK"],
)
def test_a_sim_that_is_not_ready(stage, code, words):
    text = f"+CME ERROR: {code}"
    stage.board("fault", "error", "--step", "+CPIN", "--text", text, "--times", "always")
    try:
        named(stage, "sim", words, hurried=True)
    finally:
        stage.board("fault", "clear")


def test_no_network(stage):
    stage.board("network", "off")
    try:
        named(stage, "registration", "antenna", hurried=True)
    finally:
        stage.board("network", "on")


def test_a_network_that_refuses_the_sim(stage):
    stage.board("welcome", "denied")
    try:
        named(stage, "registration", "operator", hurried=True)
    finally:
        stage.board("welcome", "home")


def test_a_weak_signal(stage):
    stage.board("signal", "3")
    try:
        named(stage, "signal", "antenna")
    finally:
        stage.board("signal", "17")


def test_a_low_supply(stage):
    stage.board("supply", "3450")
    try:
        named(stage, "supply", "2 A")
    finally:
        stage.board("supply", "3990")


def test_a_dead_data_path(stage):
    stage.board("gprs", "off", "--how", "refused")
    try:
        named(stage, "data path", "modem.apn", hurried=True)
    finally:
        stage.board("gprs", "on")


def test_a_stranger_in_hqs_place(stage):
    stage.board("gprs", "off", "--how", "rubbish")
    try:
        named(stage, "receipt", "in HQ's place")
    finally:
        stage.board("gprs", "on")


@pytest.fixture
def enrolment(stage):
    """The device's enrolment, to be changed for a test."""
    path = stage.folder / "state" / FILE_NAME
    kept = path.read_text()
    yield path
    path.write_text(kept)
    path.chmod(0o600)


def test_an_hq_that_does_not_know_the_device(stage, enrolment):
    made = json.loads(enrolment.read_text())
    made["psk"] = made["hq"]["public_key"]
    enrolment.write_text(json.dumps(made))
    named(stage, "receipt", "enrol it again")


def test_keys_that_others_can_read(stage, enrolment):
    enrolment.chmod(0o644)
    named(stage, "keys", "chmod 600")


def test_an_enrolment_that_is_broken(stage, enrolment):
    enrolment.write_text("{}")
    check = Check(stage)
    assert check.wrong == UNWATCHED | {"keys", "contacts"}
    assert "outcry enrol FILE" in check["keys"]["remedy"]


def test_a_contact_whose_language_has_no_texts(stage, enrolment):
    made = json.loads(enrolment.read_text())
    made["contacts"][1]["language"] = "xx"
    enrolment.write_text(json.dumps(made))
    check = named(stage, "contacts", "a language needs a file")
    assert "contact 2" in check["contacts"]["words"]


def test_a_text_with_a_fault(stage, changed, tmp_path):
    shutil.copytree(ROOT / "config" / "texts", tmp_path / "texts")
    (tmp_path / "texts" / "fr.toml").write_text('alert = "{nonsense}"\n')
    changed(texts_folder=str(tmp_path / "texts"))
    named(stage, "texts", "correct the file")


def test_a_disk_that_takes_nothing(stage):
    """No file may grow: writes fail as on a broken card."""
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0));"
        "from pathlib import Path; from outcry.daemon.check import host;"
        "found = host.disk(Path(sys.argv[1]), True); print(found.result.value, found.remedy)"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, str(stage.folder / "state")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("failed the card is failing")


def test_nobody_it_tells_of_can_be_read_in_it(stage):
    said = json.dumps(Check(stage).found)
    held = read((stage.folder / "state" / FILE_NAME).read_text())
    for canary in ("43.3", "45.6", held.wearer, "+4477009", *(each.name for each in held.contacts)):
        assert canary not in said


# With the daemon


@pytest.fixture(scope="module")
def armed(stage):
    stage.start_daemon()
    runtime = stage.folder / "run" / "control"
    stage.wait("the control socket", runtime.exists, 40)
    stage.wait("a receipt", lambda: Check(stage).well, 60)
    yield stage
    stage.stop("daemon")


def test_the_daemon_is_asked_for_what_it_holds_and_all_is_well(armed):
    check = Check(armed, "--buzz")
    assert list(check.found) == NAMES
    assert {name: check[name]["words"] for name in check.wrong} == {}
    assert (check.code, check.well) == (0, True)
    assert "short pulse" in check["motor"]["words"]


def test_an_open_alarm_is_told_and_left_alone(armed):
    """From here on an alarm is open on this stage."""
    posted = len(list(armed.events("tcp-received")))
    armed.board("press", "1.8")
    armed.wait("a receipt", lambda: len(list(armed.events("tcp-received"))) > posted, 40)
    check = Check(armed, "--buzz")
    assert "an alarm" in check["service"]["words"]
    for name in ("motor", "data path", "receipt"):
        assert check[name]["result"] == "left out"
    assert check.wrong == set()


def test_a_modem_that_the_daemon_has_lost_is_named(armed):
    """And from here on the modem is mute."""
    armed.board("mute", "on")
    armed.board("press", "1.8")  # it has something to say, and hears nothing
    check = armed.wait("it to be named", lambda: named_in(armed, "modem"), 120)
    assert check.wrong == {"modem"}
    assert "serial cable" in check["modem"]["remedy"]


def named_in(stage, name):
    check = Check(stage)
    return check if name in check.wrong else None
