"""Channels against real servers on this machine: told, refused, or nobody knows."""

from __future__ import annotations

import logging
import time

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from apprise_endpoint import SECRET, Web

from outcry.responder.rules.events import Came, Outcome
from outcry.responder.transports.apprise import Channels, check, problem

BODY = "DRILL, not an alarm, from Ana. 43.31780,45.69490"
from stage.ports import free_port


@pytest.fixture
def web():
    server = Web()
    yield server
    server.may_answer.set()
    server.shutdown()
    server.server_close()


class Mails:
    def __init__(self) -> None:
        self.taken: list[tuple[list[str], bytes]] = []
        self.refuses = False

    async def handle_DATA(self, _server, _session, envelope) -> str:
        if self.refuses:
            return "554 not here"
        self.taken.append((envelope.rcpt_tos, envelope.content))
        return "250 taken"


@pytest.fixture
def mails():
    handler = Mails()

    def log_in(_server, _session, _envelope, _mechanism, data):
        return AuthResult(success=data.password == SECRET.encode(), handled=False)

    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=0,
        auth_require_tls=False,
        authenticator=log_in,
    )
    controller.port = free_port()
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


def mail(mails: Mails, password: str = SECRET) -> str:
    who = "to=ben@example.org&from=hq@example.org&smtp=127.0.0.1"
    return f"mailto://hq:{password}@example.org:{mails.port}?{who}"


@pytest.mark.parametrize("scheme", ["json", "ntfy"])
def test_a_message_arrives_whole(web, scheme):
    assert Channels().attempt(web.url("topic", scheme), "DRILL", BODY).outcome is Outcome.DONE
    assert (web.taken[0]["title"], web.taken[0]["message"]) == ("DRILL", BODY)


def test_a_mail_arrives_whole(mails):
    assert Channels().attempt(mail(mails), "DRILL", BODY).outcome is Outcome.DONE
    ((to, content),) = mails.taken
    assert to == ["ben@example.org"]
    assert b"Subject: DRILL" in content
    assert BODY.encode() in content


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_what_a_service_refuses_has_certainly_not_left(web, status):
    came = Channels().attempt(web.url(str(status)), "t", BODY)
    assert came == Came(Outcome.FAILED, f"error={status}")


@pytest.mark.parametrize("status", [502, 504])
def test_what_a_gateway_says_of_somebody_behind_it_is_unknown(web, status):
    assert Channels().attempt(web.url(str(status)), "t", BODY).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_message_that_is_sent_elsewhere_is_not_told_nor_repeated_there(web, status):
    """Libraries ask for the other address by GET, and take its page for the answer."""
    assert Channels().attempt(web.url(str(status)), "t", BODY).outcome is Outcome.UNKNOWN
    assert len(web.taken) == 1


def test_a_service_that_is_not_there_has_certainly_taken_nothing():
    url = f"json://127.0.0.1:{free_port()}/{SECRET}"
    assert Channels().attempt(url, "t", BODY).outcome is Outcome.FAILED


def test_a_name_nobody_has_takes_nothing():
    assert Channels().attempt("json://nobody.invalid/", "t", BODY).outcome is Outcome.FAILED


def test_a_connection_cut_after_the_message_is_unknown(web):
    assert Channels().attempt(web.url("cut"), "t", BODY).outcome is Outcome.UNKNOWN
    assert len(web.taken) == 1


@pytest.mark.slow
def test_a_service_that_does_not_answer_is_unknown_for_it_may_have_taken_it(web):
    assert Channels(read_s=0.5).attempt(web.url("slow"), "t", BODY).outcome is Outcome.UNKNOWN
    assert len(web.taken) == 1


@pytest.mark.slow
def test_no_call_outlives_its_limit_whatever_the_service_does(web):
    begun = time.monotonic()
    came = Channels(limit_s=3, read_s=60.0).attempt(web.url("slow"), "t", BODY)
    assert came == Came(Outcome.UNKNOWN, "no answer in time")
    assert time.monotonic() - begun < 30


def test_a_wrong_password_has_certainly_sent_nothing(mails):
    assert Channels().attempt(mail(mails, "wrong"), "t", BODY).outcome is Outcome.FAILED
    assert mails.taken == []


def test_a_mail_the_server_refuses_has_certainly_not_gone(mails):
    mails.refuses = True
    assert Channels().attempt(mail(mails), "t", BODY).outcome is Outcome.FAILED


def test_each_message_has_a_fresh_service(web):
    channels = Channels()
    came = [
        channels.attempt(web.url(path), "t", BODY).outcome for path in ("401", "topic", "topic")
    ]
    assert came == [Outcome.FAILED, Outcome.DONE, Outcome.DONE]


@pytest.mark.slow
def test_what_is_too_long_for_a_service_comes_in_parts_not_cut(web):
    words = " ".join(f"word{n}" for n in range(1200))
    assert Channels().attempt(web.url("topic", "ntfy"), "t", words).outcome is Outcome.DONE
    arrived = " ".join(taken["message"] for taken in web.taken)
    assert len(web.taken) > 1
    assert "word0 " in arrived
    assert "word1199" in arrived


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nonsense", "Apprise does not understand"),
        ("nosuch://127.0.0.1/", "Apprise does not understand"),
        (f"ntfy://127.0.0.1/{SECRET}/two", "names 2 targets"),
        (f"mailto://u:{SECRET}@example.org?to=a@example.org,b@example.org", "names 2 targets"),
        ("signal://127.0.0.1/+447700900111/+447700900112/+447700900113", "names 2 targets"),
    ],
)
def test_an_address_that_will_not_do_is_refused_without_repeating_it(url, why):
    said = problem(url)
    assert said.startswith(why)
    assert SECRET not in said


def test_an_address_that_is_no_address_fails_and_does_not_raise():
    assert Channels().attempt("nosuch://x", "t", BODY).outcome is Outcome.FAILED


class Journal(logging.Handler):
    """The root's handler: what a service's log would hold."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture
def journal():
    root, journal = logging.getLogger(), Journal()
    level = root.level
    root.addHandler(journal)
    root.setLevel(logging.DEBUG)
    yield journal
    root.setLevel(level)
    root.removeHandler(journal)


def test_no_secret_no_name_and_no_place_reaches_a_log(web, mails, journal):
    for path in ("topic", "403", "cut"):
        Channels().attempt(web.url(path), "Ana", BODY)
    Channels().attempt(mail(mails), "Ana", BODY)
    Channels().attempt(mail(mails, f"x{SECRET}"), "Ana", BODY)
    check("desk", web.url("topic"))
    ours = [line for line in journal.lines if not line.startswith("mail.log")]  # the test's server
    assert ours == []


def test_why_it_failed_holds_no_secret(web, mails):
    urls = [web.url(path) for path in ("topic", "403", "cut")] + [mail(mails, f"x{SECRET}")]
    for url in [*urls, f"json://127.0.0.1:{free_port()}/{SECRET}", f"nosuch://{SECRET}"]:
        assert SECRET not in str(Channels().attempt(url, "t", BODY).why)


def test_a_check_alarms_nobody_and_finds_what_is_wrong(web, mails):
    assert check("desk", web.url("topic", "ntfy")).ok
    assert check("mail", mail(mails)).ok
    wrong = check("mail", mail(mails, "wrong"))
    assert not wrong.ok
    assert wrong.what == "mail: the mail server refuses the password"
    gone = check("desk", f"json://127.0.0.1:{free_port()}/{SECRET}")
    assert not gone.ok
    assert SECRET not in gone.what
    assert not check("desk", "nosuch://x").ok
    assert (web.taken, mails.taken) == ([], [])
