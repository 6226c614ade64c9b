"""Every log record of the process as an entry of the journal.

What a library says is withheld, and so are the words of every exception: both may hold a number, a
name or a place.
"""

import logging
import sys
import threading
from contextlib import suppress

from outcry.journal_entry import priority
from outcry.responder.journal import Entry, Log, describe
from outcry.systemd import journal_send

log = Log("outcry.responder")

IDENTIFIER = "outcry-responder"


def fields_of(record: logging.LogRecord) -> dict[str, str]:
    """An entry's own fields; of what is no entry of ours, an id that says who speaks."""
    own: dict[str, str] | None = getattr(record, "journal_fields", None)
    if own is not None:
        return own
    if record.name == "outcry.modem":
        entry = Entry.MODEM
    else:
        entry = Entry.OTHER if _is_ours(record) else Entry.LIBRARY
    return {"MESSAGE_ID": entry.message_id}


def sentence(record: logging.LogRecord) -> str:
    """What may be said of it: our own words, and of a library's only that there were some."""
    said = record.getMessage() if _is_ours(record) else "(words withheld)"
    error = record.exc_info[1] if record.exc_info else None
    words = f"{record.name}: {said}"
    return f"{words}: {describe(error)}" if error is not None else words


class JournalHandler(logging.Handler):
    """Each record as one entry of the journal, or as a line on stderr where there is none."""

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises: nobody is left to tell, and the traceback would show the record."""
        with suppress(Exception):  # no line may hold up an alarm
            words = sentence(record)
            send = journal_send()
            if send is None:
                print(f"{record.levelname} {words}", file=sys.stderr, flush=True)
                return
            weight = priority(record.levelno)
            send(words, PRIORITY=weight, SYSLOG_IDENTIFIER=IDENTIFIER, **fields_of(record))


def set_up() -> None:
    """From now on everything that is said in this process goes through here."""
    logging.basicConfig(level=logging.INFO, handlers=[JournalHandler()], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = lambda _type, error, _trace: _unexpected(error)
    threading.excepthook = lambda args: _unexpected(args.exc_value)


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "outcry"


def _unexpected(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, KeyboardInterrupt):
        log.tell(Entry.UNEXPECTED, error=describe(error))
