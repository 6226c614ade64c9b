"""What the responder says to whoever reads the journal, and under which ``MESSAGE_ID``.

The code says it with ``logging``; here each sentence is found again by its
template and gets its id, under which systemd/outcry-responder.catalog tells
what to do. What a library says is withheld, and so are the words of every
exception: both may hold a number, a name or a place.
"""

from __future__ import annotations

import logging
import sys
import threading
from enum import Enum

from outcry.responder.safe_errors import describe
from outcry.responder.service.systemd import journal_send

log = logging.getLogger("outcry.responder")

IDENTIFIER = "outcry-responder"
_OF_AN_ALARM = "alarm %d: "


class Entry(Enum):
    """MESSAGE_ID and template of each kind of entry; without a template: who else may speak."""

    READY = ("318687eb52e14c6fa6022ecc85212f24", "ready: people: %s, device: %s:%d")
    NO_MODEM = (
        "979ec0eb205445909746a84e1e50b407",
        "no modem: contacts get the device's own texts only (modem.port is empty)",
    )
    CANNOT_SERVE = ("f3ae518aba6941d28ff02e2fc5ec420b", "cannot serve: %s")
    STUCK = (
        "6d360af75aca4ab8bc393ff2de214863",
        "a part has stopped working (%s): ending, to be restarted",
    )
    STOPPING = ("b8dd70c39e7d43d5aa3ae7be346ce0d9", "stopping")
    REPORT = ("da6482ab90374b2f847facd3f25e4837", "alarm %d: %s over %s%s")
    BEAT_REFUSED = (
        "ba3a631d41cf4996a266c1ef4b7f33e1",
        "a heartbeat over %s was refused: not newer than before",
    )
    POST_REFUSED = ("204958eb8b0049248f1a11341bdb331b", "a post was refused: %d")
    TEXT_DROPPED = (
        "9293ba73601f48d387f731b57faa714d",
        "a text that is no report was dropped (%d so far)",
    )
    ANSWER = ("ba47427625b8413a8f502e8b61cab463", "alarm %d: contact %d: %s")
    WRONG_PIN = ("96f7f0c96daa4c5c86103845fff3e6b4", "alarm %d: a wrong PIN was tried")
    JUDGED = ("24024586907448dbab5e757445c5e8ad", "alarm %d: a withdrawal was judged")
    MAY_BE_PUBLISHED = ("7a7d2a6775b94d5ca2b8644840d1b922", "alarm %d: may be published, by %s")
    CALL_CAME = ("844ff134bf1a401885d49005656fdf9b", "alarm %d: %s to %s: %s")
    TEXT_LEAVES = ("9c7434448403473cba2ec6f035298fb6", "alarm %d: %s, text %d leaves")
    TEXT_CAME = ("9f3763883d054830bd50e001fca3d0bd", "alarm %d: text %d: %s")
    TEXT_FAULT = ("f20666114d11473a90385a737ad4249a", "alarm %d: text %d cannot be made: %s")
    INTERRUPTED = (
        "3d78341638c4483698928662f71d9e94",
        "alarm %d: %s was under way: %s",
    )
    CANNOT_DECIDE = ("24b29dc84b3149249ca46ba1e69ba747", "alarm %d: cannot decide: %s")
    CANNOT_WORK = ("ae4e28f2494241b3be2eab9ace9fc896", "cannot work: %s")
    PAGE_FAILED = ("726316b7034441939a159bba3aaf9a67", "a request failed: %s")
    NO_DATABASE = (
        "33e99677bce747d29b3bfe9b7c04fd61",
        "cannot serve: the database: %s; see [state] in the settings",
    )
    MODEM_ELSEWHERE = (
        "82cc7cd226af40f48c5486b180f19cdc",
        "the modem is at another process on this database, which sends the texts",
    )
    OFFICER_SAID = ("5287d4a438da4fdfa21cb0775cadfae8", "alarm %d: a duty officer: %s")
    OFFICER_IN = ("bf54564561f84191a60d6165e30c128d", "a duty officer has logged in")
    OFFICER_SETTLED = ("f5b234b487f84fbc81e5b6cb648290f0", "a duty officer has settled in")
    LOGIN_REFUSED = ("0cd5a833fbbb443c84a14d8e61d5798a", "a login to the console was refused")
    SILENT = (
        "de87b67180784d0f9eee69365cd95742",
        "alarm %d: nothing heard of device %08x for too long",
    )
    HEARD_AGAIN = ("85e89418693a4bc3908b7fc9e8084884", "alarm %d: device %08x is heard again")
    ANSWER_BY_SMS = ("ebf1c5fabf2241f4abab8ec95a905ab5", "alarm %d: contact %d: %s by SMS")
    CODE_WRONG = (
        "4f3587c7a89040dc9bab96f3f879474c",
        "a wrong code was texted from a contact's number",
    )
    CODE_IDLE = (
        "55039aab9db94586b3630b517ac7ea0f",
        "a code was texted that is used up, or no alarm is open",
    )
    NEWEST_LINK = ("5c1ac136301d4fa5b886fbd98dd5378b", "the record's newest link, line %d: %s")
    DELETED = ("01df7e43d6794d0292be9392d7df6d4d", "%d alarms were deleted, as their plans say")
    ROUND_FAILED = ("41b2cf3bfc264cc2bc37816bc0d9d41b", "%s: failed, and is tried again: %s")
    CALL_FAULT = ("8332900ccb0c425db756ce8adc52a0f5", "alarm %d: %s cannot be done: %s")
    UNEXPECTED = ("924945f9c67c4c5d903e43eb4296469f", "unexpected: %s")
    MODEM = ("71beaf21deb8445e91e09ff27e71a712", "")
    LIBRARY = ("18bdc0d89abe4004b4f4afff8db71045", "")
    OTHER = ("14c6851e7e834b619d56ebba91c2dd9b", "")

    @property
    def message_id(self) -> str:
        """128 bits in hex, the same for ever."""
        return self.value[0]


_BY_TEMPLATE = {entry.value[1]: entry for entry in Entry if entry.value[1]}


def entry_of(record: logging.LogRecord) -> Entry:
    """Which kind of entry this is."""
    if record.name == "outcry.modem":
        return Entry.MODEM
    if record.name.partition(".")[0] != "outcry":
        return Entry.LIBRARY
    return _BY_TEMPLATE.get(str(record.msg), Entry.OTHER)


def sentence(record: logging.LogRecord) -> str:
    """What may be said of it: our own words, and of a library's only that there were some."""
    said = record.getMessage() if entry_of(record) is not Entry.LIBRARY else "(words withheld)"
    error = record.exc_info[1] if record.exc_info else None
    words = f"{record.name}: {said}"
    return f"{words}: {describe(error)}" if error is not None else words


class Lines(logging.Handler):
    """Each record as one entry of the journal, or as a line on stderr where there is none."""

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises: nobody is left to tell."""
        try:
            words = sentence(record)
            send = journal_send()
            if send is None:
                print(f"{record.levelname} {words}", file=sys.stderr, flush=True)
                return
            fields = {"MESSAGE_ID": entry_of(record).message_id}
            if str(record.msg).startswith(_OF_AN_ALARM) and isinstance(record.args, tuple):
                fields["OUTCRY_ALARM"] = str(record.args[0])
            priority = _priority(record.levelno)
            send(words, PRIORITY=priority, SYSLOG_IDENTIFIER=IDENTIFIER, **fields)
        except Exception:  # noqa: BLE001 - an alarm must not pay for a line
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Unlike the standard one, without a traceback: it would show the record."""


def set_up() -> None:
    """From now on everything that is said in this process goes through here."""
    logging.basicConfig(level=logging.INFO, handlers=[Lines()], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = lambda _type, error, _trace: _unexpected(error)
    threading.excepthook = lambda args: _unexpected(args.exc_value)


def _unexpected(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, KeyboardInterrupt):
        log.critical("unexpected: %s", describe(error))


def _priority(level: int) -> int:
    """syslog(3): 2 critical, 3 error, 4 warning, 6 info, 7 debug."""
    for at_least, priority in ((50, 2), (40, 3), (30, 4), (20, 6)):
        if level >= at_least:
            return priority
    return 7
