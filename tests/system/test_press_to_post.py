"""The real processes on one stage: what a press leads to, seen from phones, pins, files and pages."""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from parts import needs_gpsd

from demo.contact import Contact, page
from stage.networks import peers
from stage.networks.accounts import Accounts
from stage.stage import CONTACTS, HQ_NUMBER, ROOT, Stage

pytestmark = [pytest.mark.slow]
QUICK = ("--instant", "--warm")
MOTOR_PIN = 18
FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
STOP_LIMIT_S = 5.0  # promised; also what systemd would wait before it kills


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path / "stage", QUICK) as stage:
        yield stage


def events(stage, what, **facts):
    return [
        event
        for event in stage.events(what)
        if all(event.get(key) == value for key, value in facts.items())
    ]


def connected(stage):
    stage.wait("data path", lambda: events(stage, "tcp-connected", modem="wearer"), 30)


def press(stage):
    """A held button; returns when the wearer has felt it."""
    felt = len(events(stage, "pin-out", pin=MOTOR_PIN, level=1))
    stage.board("press", "1.8")
    stage.wait(
        "the pulse", lambda: len(events(stage, "pin-out", pin=MOTOR_PIN, level=1)) > felt, 10
    )


def alerts_of(contact):
    """The texts the device itself sent; HQ's say no such thing."""
    return [text for text in contact.texts() if "Not a drill" in text]


def reports(stage):
    path = stage.folder / "state" / "outbox.sqlite"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT alarm, sequence, answered FROM report ORDER BY counter")
        return rows.fetchall()


def alarms_at_hq(stage):
    path = next((stage.folder / "responder").glob("*.sqlite*"))
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute("SELECT count(*) FROM alarm").fetchone()[0]


@needs_gpsd
def test_a_press_reaches_hq_contacts_and_after_two_confirmations_the_world(stage):
    stage.start()
    connected(stage)
    press(stage)
    contacts = [Contact(stage, name) for name in CONTACTS]
    for contact in contacts:
        stage.wait("HQ's text", lambda contact=contact: contact.link("/c/"), 30)
    contacts[0].confirms(contacts[0].link("/c/"))
    assert "Zarema" not in page(stage.people_url), "one confirmation is no quorum"
    contacts[1].confirms(contacts[1].link("/c/"))
    stage.wait("the post", lambda: "Zarema" in page(stage.people_url), 20)
    assert "Zarema" in page(f"{stage.people_url}/feed.atom")


@needs_gpsd
def test_two_confirmations_post_once_on_every_network_there_is(tmp_path):
    """Bluesky's own server and snac, read by asking them; killed and restarted after the post."""
    if peers.pds() is None or peers.snac() is None:
        pytest.skip("no PDS or no snac here: make peers")
    accounts = Accounts(tmp_path / "networks")
    with Stage(tmp_path / "stage", QUICK, accounts) as stage:
        stage.start()
        connected(stage)
        press(stage)
        contacts = [Contact(stage, name) for name in CONTACTS]
        for contact in contacts[:2]:
            stage.wait("HQ's text", lambda contact=contact: contact.link("/c/"), 30)
            contact.confirms(contact.link("/c/"))
        assert accounts.names() == ["bluesky", "mastodon"]
        for name in accounts.names():
            stage.wait(f"the post on {name}", lambda name=name: accounts.posts(name), 60)
        stage.stop("responder", signal.SIGKILL)
        stage.start_responder()
        stage.wait("HQ's page again", lambda: "Zarema" in page(stage.people_url), 30)
        for name in accounts.names():
            [post] = accounts.posts(name)
            assert "Zarema" in post
            assert "43.3" not in post, "the town, never the position"


@pytest.mark.parametrize("kill_after_s", [0.0, 0.05, 0.3, 1.0] if FULL else [0.05, 1.0])
def test_killed_after_the_pulse_the_daemon_finishes_the_same_alarm(stage, kill_after_s):
    stage.start()
    connected(stage)
    stage.board("gprs", "off", "--how", "refused", "--modem", "wearer")
    stage.board("gprs", "off", "--how", "dead", "--modem", "wearer")
    press(stage)
    moment = time.monotonic() + kill_after_s
    while time.monotonic() < moment:
        time.sleep(0.005)  # the moment of the kill is what this test varies
    stage.stop("daemon", signal.SIGKILL)
    before = {alarm for alarm, _, _ in reports(stage)}
    assert len(before) == 1
    stage.start_daemon()
    for name in CONTACTS:
        contact = Contact(stage, name)
        stage.wait("the device's own text", lambda contact=contact: alerts_of(contact), 60)
        alerts = alerts_of(contact)
        assert 1 <= len(alerts) <= 2
        assert len(set(alerts)) == 1, "a repeated text has the same words"
    assert {alarm for alarm, _, _ in reports(stage)} == before


def test_killed_again_and_again_the_alarm_is_one_and_everybody_hears(stage):
    stage.start()
    connected(stage)
    stage.board("gprs", "off", "--modem", "wearer")
    press(stage)
    for _ in range(5):
        stage.stop("daemon", signal.SIGKILL)
        stage.start_daemon()
        stage.wait("armed", lambda: "armed" in stage.log("daemon"), 20)
    for name in CONTACTS:
        stage.wait("the text", lambda name=name: Contact(stage, name).texts(), 60)
    assert len({alarm for alarm, _, _ in reports(stage)}) == 1


@pytest.mark.parametrize("state", ["starting", "idle", "alarm over data", "alarm over sms"])
def test_sigterm_stops_it_cleanly_from_any_state(stage, state):
    stage.start()
    if state != "starting":
        connected(stage)
    if state == "alarm over sms":
        stage.board("gprs", "off", "--modem", "wearer")
    if state.startswith("alarm"):
        press(stage)
    if state == "alarm over sms":
        stage.wait("a text under way", lambda: events(stage, "at", command="AT+CMGS"), 30)
    pid = stage.pid("daemon")
    assert stage.stop("daemon") < STOP_LIMIT_S
    assert not os.path.exists(f"/proc/{pid}")
    assert "Traceback" not in stage.log("daemon")


def test_a_press_during_boot_still_raises_the_alarm(stage):
    stage.write_settings()
    stage.enrol()
    stage.start_board()
    stage.board("hold")
    stage.start_daemon()  # no gpsd, no responder
    stage.wait("the pulse", lambda: events(stage, "pin-out", pin=MOTOR_PIN, level=1), 30)
    stage.wait("a text", lambda: Contact(stage, "Ana").texts(), 60)
    assert "Position not known yet" in Contact(stage, "Ana").texts()[0]


def test_with_the_modem_mute_at_start_the_alarm_waits_and_leaves_when_it_speaks(stage):
    stage.write_settings()
    stage.enrol()
    stage.start_board()
    stage.start_responder()
    stage.board("mute", "on", "--modem", "wearer")
    stage.start_daemon()
    stage.wait("armed", lambda: "armed" in stage.log("daemon"), 20)
    press(stage)
    assert len(reports(stage)) == 1
    stage.board("mute", "off", "--modem", "wearer")
    stage.wait("HQ", lambda: reports(stage)[0][2] or Contact(stage, "Ana").texts(), 120)


@needs_gpsd
def test_gpsd_dying_and_returning_is_reported_as_it_is(stage):
    stage.start()
    connected(stage)
    stage.wait("a fix", lambda: "gps: fix" in stage.log("daemon"), 40)
    stage.stop("gpsd")
    stage.wait("no gpsd told", lambda: "gpsd does not answer" in stage.log("daemon"), 30)
    stage.start_gpsd()
    press(stage)
    stage.wait("a fix again", lambda: stage.log("daemon").count("gps: fix") >= 2, 60)


def post(stage, body):
    request = urllib.request.Request(
        f"http://127.0.0.1:{stage.device_port}/v1/reports", data=body, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def test_whatever_is_posted_to_hq_is_refused_and_the_next_alarm_is_taken(stage):
    stage.start()
    connected(stage)
    for body in (b"", b"x", os.urandom(116), b"\x01" + os.urandom(115), b"x" * 10_000_000):
        assert 400 <= post(stage, body) < 500
    press(stage)
    stage.wait("HQ", lambda: any(answered for _, _, answered in reports(stage)), 20)
    assert alarms_at_hq(stage) == 1


def test_the_two_listeners_do_not_serve_each_others_callers(stage):
    stage.write_settings()
    stage.enrol()
    stage.start_responder()
    for url in (f"http://127.0.0.1:{stage.device_port}/", f"{stage.people_url}/v1/reports"):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(url, timeout=10)
        assert refusal.value.code in (404, 405)


@needs_gpsd
def test_no_process_says_where_who_or_which_number(stage):
    stage.start()
    connected(stage)
    stage.wait("a fix", stage.has_fix, 40)
    stage.stop("daemon")
    stage.start_daemon("--verbose")
    stage.board("gprs", "off", "--modem", "wearer")
    press(stage)
    stage.wait("texts", lambda: len(stage.texts(CONTACTS["Chiara"])) >= 2, 60)
    contact = Contact(stage, "Ana")
    contact.confirms(contact.link("/a/"))
    stage.close()
    said = stage.log("daemon") + stage.log("responder")
    numbers = [number[1:] for number in (*CONTACTS.values(), HQ_NUMBER)]
    for canary in ("43.31", "45.69", "Zarema", *CONTACTS, *numbers, *stage.pins.values(), "/a/"):
        assert canary not in said, canary
    card = b"".join(path.read_bytes() for path in (stage.folder / "state").glob("outbox*"))
    for canary in ("43.31", "45.69", "ALARM", "Zarema", "4477009"):
        assert canary.encode() not in card


GUARD = """
import pkgutil, importlib, sys
packages = ["outcry.daemon", "outcry.hw"]
for package in packages:
    module = importlib.import_module(package)
    for info in pkgutil.iter_modules(module.__path__, package + "."):
        if info.name not in ("outcry.hw.board", "outcry.daemon.__main__"):
            importlib.import_module(info.name)
            packages += [info.name] if info.ispkg else []
from outcry import envelope
envelope._suite()
import gsmmodem.pdu, h11, systemd.journal
print(*sorted(sys.modules))
"""


def test_nothing_on_the_devices_path_imports_asyncio_the_web_or_the_board():
    done = subprocess.run(
        [sys.executable, "-P", "-c", GUARD], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "outcry.daemon.service.life" in loaded
    heavy = re.compile(
        r"^(asyncio|fastapi|starlette|uvicorn|sqlalchemy|jinja2|httpx|requests|apprise"
        r"|outcry\.responder|outcry\.hw\.board|argparse|_hashlib)(\.|$)"  # the last two: memory
    )
    assert [name for name in loaded if heavy.match(name)] == []


def test_make_demo_is_stopped_by_one_ctrl_c_and_leaves_no_process(tmp_path):
    demo = subprocess.Popen(
        [sys.executable, "-m", "demo", "--scenario", "data"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert demo.stdout is not None
    for line in demo.stdout:
        if "armed, registered" in line:
            break
    assert _processes_about(tmp_path)
    demo.send_signal(signal.SIGINT)
    demo.stdout.read()
    assert demo.wait(60) == 130
    assert _processes_about(tmp_path) == []


def _processes_about(folder):
    """The command lines that name this folder; a process may end while we look."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().decode(errors="replace")
            if str(folder) in words:
                found.append(words)
    return found
