"""Channels: people told by whatever Apprise can reach, one address at a time.

Apprise says yes or no; whether a "no" means that certainly nothing left is
read from what it logs, which nobody else gets to see: addresses are secrets.
Every call has a process of its own, which is ended with it: Apprise's services never log in
again, some try again by themselves, and none may send anything after the call's limit.
"""

import logging
import re
import smtplib
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from outcry.responder.callers import outgoing
from outcry.responder.callers.processes import Callers, Lost, May, NothingLeft, Withheld
from outcry.responder.findings import Finding
from outcry.responder.rules.events import Came, Outcome

CONNECT_S = 6.0
READ_S = 10.0
LIMIT_S = 30.0  # of one call, whatever a service does: several requests, a login first
END_NOT_KNOWN = "when its token ends cannot be known"
CALLERS = Callers("outcry.responder.transports.apprise:load")
"""The processes of this service; the one they are made from has Apprise loaded."""

_NOTHING_LEFT = re.compile(
    r"NewConnectionError|ConnectTimeout|NameResolutionError|Failed to (establish|resolve)"
    r"|Connection refused|Name or service not known|name resolution|No route to host"
    r"|Network is unreachable|SSLCertVerificationError|CERTIFICATE_VERIFY_FAILED"
    r"|error=(4\d\d|500|501|503)\b|SMTPAuthenticationError|SMTPNotSupportedError"
    r"|SMTPRecipientsRefused|SMTPSenderRefused|\((4|5)\d\d, b'|Authentication"
)
"""What a failed call's log says when the service has refused it or was never reached."""


_INSIDE = f"{outgoing.REFUSED} (network.private)"

_SCHEMES = """
46elks atalk bark barks bulksms bulkvs clickatell clicksend d7sms deltachat deltachats discord elks fcm
flock freemobile gchat gotify gotifys guilded httpsms infobip kavenegar line mailersend mailgun mailto
mailtos matrix matrixs mmost mmosts msg91 msgbird nctalk nctalks ncloud nclouds nexmo ntfy ntfys o365
octopush onesignal pbul plivo postmark pover prowl pushy resend revolt ringc rocket rockets sendgrid ses
session sessions seven signal signals sinch slack smseagle smseagles smsmgr smtp2go sogs sparkpost spush
telnyx tgram threema twilio viber voipms vonage webex whapi whatsapp workflow workflows wxteams zulip
"""
SCHEMES = frozenset(_SCHEMES.split())
"""What contacts' channels may begin with: mail, messengers, push, and senders of SMS. Left out is
what reaches a machine: logs, queues, home automation, bare web hooks.
"""


class Channels:
    """Tells people by Apprise; safe to call from any thread."""

    def __init__(
        self, limit_s: float = LIMIT_S, read_s: float = READ_S, callers: Callers = CALLERS
    ) -> None:
        """``limit_s``: of one call; ``read_s``: how long a service may keep silent."""
        self.limit_s = limit_s
        self._read_s = read_s
        self._callers = callers

    def attempt(self, url: str, title: str, body: str, may: May = lambda: None) -> Came:
        """Send, as long as ``may`` allows it; returns within ``limit_s`` and never raises."""
        try:
            caller = self._callers.new()
        except OSError as error:  # too many processes, or files
            return Came(Outcome.FAILED, type(error).__name__)
        try:
            came = caller.call(send, (url, title, body, self._read_s), self.limit_s, url, may)
        except Withheld as no:
            kind = Outcome.DROPPED if no.wait_s is None else Outcome.FAILED
            return Came(kind, str(no), wait_s=no.wait_s)
        except NothingLeft as lost:  # memory ran out, say: it is sent as often as it takes
            return Came(Outcome.FAILED, str(lost))
        except Lost as lost:
            return Came(Outcome.UNKNOWN, str(lost))
        finally:
            caller.end()
        outcome, why = came.value
        return Came(Outcome[outcome], why, wait_s=came.wait_s if why else None)


def load() -> None:
    """Load the library and its services, which take half a second."""
    _service("json://localhost", READ_S)


def send(url: str, title: str, body: str, read_s: float) -> tuple[str, str | None]:
    """In a process of its own: what came of it, an :class:`Outcome` by name, and why."""
    apprise = _apprise()
    service = _service(url, read_s)
    if service is None:
        return Outcome.FAILED.name, "this address is not understood"
    one = apprise.Apprise(asset=service.asset)
    one.add(service)
    with _listening() as said:
        done = bool(one.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT))
    if done:
        return Outcome.DONE.name, None
    if any(re.match(r"Sent\b", line) for line in said):
        return Outcome.UNKNOWN.name, "some of it may have been sent"
    refusal = next((found[0] for line in said if (found := _NOTHING_LEFT.search(line))), None)
    if refusal is None:
        return Outcome.UNKNOWN.name, "no answer"
    return Outcome.FAILED.name, refusal


def problem(url: str) -> str | None:
    """What is wrong with an address, in words that do not repeat it; None: it can be used."""
    service = _service(url, READ_S)
    if service is None:
        return "Apprise does not understand this address; see its list of services"
    targets = _targets(service)
    if targets != 1:
        return f"names {targets} targets; give each target its own channel"
    return None


def refused_kind(url: str, more: Iterable[str] = ()) -> str | None:
    """Why a plan should not have an address of this kind; ``more``: schemes that settings name."""
    scheme = url.partition("://")[0].lower()
    if scheme in SCHEMES or scheme in more:
        return None
    return "this kind of address is not for people; if it is meant, add it to network.schemes"


def refused(url: str, more: Iterable[str] = ()) -> str | None:
    """Why HQ does not take this address from a plan, in words that do not repeat it; None: it does.

    ``more``: schemes that the settings name. Looks the server up, which may take seconds.
    """
    if (why := refused_kind(url, more)) is not None:
        return why
    server = _server(_service(url, READ_S))
    if server is not None and outgoing.leads_inside(*server):
        return _INSIDE
    return None


def name_server(url: str) -> None:
    """Allow the private address that stands in an address from a file of settings, if one does."""
    server = _server(_service(url, READ_S))
    if server is not None:
        outgoing.name_server(*server)


def check(name: str, url: str) -> Finding:
    """Whether a channel could be used now, without sending anything. Never raises."""
    try:
        wrong = problem(url)
        if wrong is not None:
            return Finding(False, f"{name}: {wrong}", "write another address")
        server = _server(_service(url, READ_S))
        if server is not None and outgoing.leads_inside(*server):
            return Finding(False, f"{name}: {_INSIDE}", "write another address, or name it there")
        service: Any = _service(url, READ_S)
        if hasattr(service, "smtp_host"):
            return _check_mail(name, service)
        return _check_host(name, service)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        return Finding(False, f"{name}: {type(error).__name__}", "check this address")


def _server(service: Any) -> tuple[str, int | None] | None:
    """The host and port that a service of Apprise's connects to, as far as its address says."""
    host = getattr(service, "smtp_host", None) or getattr(service, "host", None)
    return (host, getattr(service, "port", None)) if isinstance(host, str) and host else None


def _check_mail(name: str, service: Any) -> Finding:
    """Log in as a mail would be sent, and leave."""
    host, port = service.smtp_host, service.port
    secure = str(getattr(service, "secure_mode", ""))
    kind = smtplib.SMTP_SSL if secure.endswith(("ssl", "SSL")) else smtplib.SMTP
    try:
        with outgoing.guarded(), kind(host, port, timeout=CONNECT_S) as server:
            if secure.lower().endswith("starttls"):
                server.starttls()
            if service.user and service.password:
                server.login(service.user, service.password)
    except smtplib.SMTPAuthenticationError:
        return Finding(False, f"{name}: the mail server refuses the password", "renew it")
    except (OSError, smtplib.SMTPException) as error:
        why = type(error).__name__
        return Finding(False, f"{name}: the mail server cannot be used ({why})", "check the server")
    return Finding(True, f"{name}: the mail server accepts the login; {END_NOT_KNOWN}")


def _check_host(name: str, service: Any) -> Finding:
    """Reach the service's own host, where it has one."""
    host = getattr(service, "host", None)
    if not isinstance(host, str) or "." not in host:
        what = f"{name}: the address is valid; only a drill can prove more; {END_NOT_KNOWN}"
        return Finding(True, what)
    port = getattr(service, "port", None) or (443 if service.secure else 80)
    try:
        with outgoing.guarded():
            socket.create_connection((host, int(port)), CONNECT_S).close()
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Finding(False, f"{name}: its server cannot be reached: {why}", "check the server")
    return Finding(True, f"{name}: its server answers; {END_NOT_KNOWN}")


def _apprise() -> Any:
    """The library, which takes a quarter of a second to load, with nobody listening to its logs."""
    for name in ("apprise", "urllib3", "requests"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if _ear not in logger.handlers:
            logger.addHandler(_ear)
    logging.getLogger("apprise").setLevel(logging.DEBUG)
    import apprise

    return apprise


def _service(url: str, read_s: float) -> Any:
    apprise = _apprise()
    quiet = apprise.AppriseAsset(async_mode=False, secure_logging=True)
    with _listening():
        service = apprise.Apprise.instantiate(url, asset=quiet, suppress_exceptions=True)
    if service is not None:
        service.socket_connect_timeout = CONNECT_S
        service.socket_read_timeout = read_s
        service.overflow_mode = apprise.OverflowMode.SPLIT
    return service


def _targets(service: Any) -> int:
    """How many people; a service that tells several in one go counts itself as one."""
    listed = getattr(service, "targets", None)
    return max(len(service), len(listed) if isinstance(listed, list) else 0)


_said: ContextVar[list[str] | None] = ContextVar("_said", default=None)


class _Ear(logging.Handler):
    """Hears what Apprise says, for a listener in the same context: it may change threads."""

    def emit(self, record: logging.LogRecord) -> None:
        lines = _said.get()
        if lines is not None:
            lines.append(record.getMessage())


_ear = _Ear(logging.DEBUG)


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What Apprise says meanwhile; it says it to nobody else."""
    lines: list[str] = []
    token = _said.set(lines)
    try:
        yield lines
    finally:
        _said.reset(token)
