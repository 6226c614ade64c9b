"""``outcry-responder officer``: accounts are made where HQ's machine is."""

from __future__ import annotations

import re
import shutil

import httpx
import pyotp
import pytest
from builders import hq_config
from console_hand import PASSWORD, Hand, token_in

from outcry.responder.cli import main, officer

pytestmark = pytest.mark.slow


@pytest.fixture
def run(enrolled, tmp_path, capsys):
    """Runs the command on a copy of HQ's state; gives the exit code and what was said."""
    directory = tmp_path / "state"
    shutil.copytree(enrolled.directory, directory)
    config = hq_config(tmp_path, people={"public_url": "https://help.example.org"})

    def run(*words):
        code = main.main(["officer", *words, "--config", str(config)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_adding_prints_a_link_that_works_once(run):
    code, said = run("add", "Olga")
    assert code == 0
    assert re.search(r"https://help\.example\.org/console/welcome/[\w-]{43}\n", said)
    assert run("list")[1] == "olga  (has not opened the link yet)\n"


def test_a_reset_gives_another_link_and_removing_ends_the_account(run):
    links = {run(what, "olga")[1].split("/welcome/")[1] for what in ("add", "reset", "reset")}
    assert len(links) == 3
    assert run("remove", "olga")[0] == 0
    assert "There are no duty officers" in run("list")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "o l g a"), "an officer's name has"),
        (("reset", "olga"), "there is no officer olga"),
        (("remove", "olga"), "there is no officer olga"),
        (("add",), "give a name"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_to_do(run, words, said):
    code, words_said = run(*words)
    assert code == 1
    assert said in words_said


def test_at_the_terminal_the_officer_types_and_scans(run, monkeypatch):
    shown = []
    monkeypatch.setattr(officer.getpass, "getpass", lambda _prompt: PASSWORD)
    monkeypatch.setattr(officer, "print", lambda *w: shown.append(" ".join(w)), raising=False)

    def digits(_prompt):
        secret = re.search(r"type into the app: ([A-Z2-7]{32})", "\n".join(shown))[1]
        return pyotp.TOTP(secret).now()

    monkeypatch.setattr("builtins.input", digits)
    code, drawn = run("add", "olga", "--here")
    assert code == 0
    assert "\u2588" in drawn  # the picture for the authenticator
    assert (
        len(re.findall(r"^  [A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}$", "\n".join(shown), re.MULTILINE)) == 8
    )
    assert PASSWORD not in drawn + "\n".join(shown)


def test_an_officer_added_while_the_service_runs_gets_in(process, capsys, world):
    service = process()
    assert main.main(["officer", "add", "olga", "--config", str(service.config)]) == 0
    link = re.search(r"(/console/welcome/\S+)", capsys.readouterr().out)[1]
    import time

    hand = Hand(service.people_url, time.time)
    hand.settle(link)
    # The code that settled in is used up, and the next one is not to be waited for.
    page = hand.get("/console/login").text
    ahead = pyotp.TOTP(hand.secret).at(int(time.time()) + 30)
    fields = {"name": "olga", "password": PASSWORD, "code": ahead}
    answer = hand.post("/console/login", token_in(page), **fields)
    assert answer.status_code == 303, answer.text
    httpx.post(f"{service.device_url}/v1/reports", content=world.device.message().sealed)
    assert "Ana: panic alarm" in hand.get("/console").text
    assert hand.act(1, "acknowledge").status_code == 303
    log = service.log.read_text()
    for secret in (link, hand.secret, PASSWORD, hand.cookies["__Host-console"]):
        assert secret not in log
    hand.close()


def test_an_open_console_does_not_hold_the_service_up_when_it_stops(process, capsys, wait_for):
    import signal
    import time

    service = process()
    main.main(["officer", "add", "olga", "--config", str(service.config)])
    link = re.search(r"(/console/welcome/\S+)", capsys.readouterr().out)[1]
    hand = Hand(service.people_url, time.time)
    hand.settle(link)
    ahead = pyotp.TOTP(hand.secret).at(int(time.time()) + 30)
    token = token_in(hand.get("/console/login").text)
    hand.post("/console/login", token, name="olga", password=PASSWORD, code=ahead)
    with hand.client.stream("GET", "/console/live", headers=hand.headers()) as events:
        assert next(events.iter_lines()) == ": here"
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0
    hand.close()
