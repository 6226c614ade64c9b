"""Every log record of the process as an entry of the journal.

What a library says is withheld, and so are the words of every exception: both may hold a number, a
name or a place.
"""

import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable
from contextlib import suppress

from outcry.journal_entry import priority
from outcry.responder.journal import Entry, Log, describe
from outcry.systemd import journal_send

log = Log("outcry.responder")

IDENTIFIER = "outcry-responder"
MOST_A_MINUTE = 60  # of one kind, and of one alarm
FEW_A_MINUTE = 5  # of what strangers can bring about
_OF_STRANGERS = (Entry.POST_REFUSED.message_id,)


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


class Thinned:
    """So many lines of one kind a minute: strangers cannot fill the journal with what they send."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds."""
        self._clock = clock
        self._begun = clock()
        self._said = Counter[Hashable]()
        self._unsaid = Counter[Hashable]()

    def left_out(self, kind: Hashable, most: int) -> int | None:
        """How many of this kind were left out before this one; None: leave it out, too."""
        now = self._clock()
        if now >= self._begun + 60.0:
            self._begun = now
            self._said.clear()
        self._said[kind] += 1
        if self._said[kind] > most:
            self._unsaid[kind] += 1
            return None
        return self._unsaid.pop(kind, 0)


class JournalHandler(logging.Handler):
    """Each record as one entry of the journal, or as a line on stderr where there is none."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._thinned = Thinned(clock)

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises: nobody is left to tell, and the traceback would show the record."""
        with suppress(Exception):  # no line may hold up an alarm
            words, fields = sentence(record), fields_of(record)
            few = fields["MESSAGE_ID"] in _OF_STRANGERS
            most = FEW_A_MINUTE if few else MOST_A_MINUTE
            left_out = self._thinned.left_out((record.name, *fields.values()), most)
            if left_out is None:
                return
            if left_out:
                words += f" ({left_out} more like this were left out)"
            send = journal_send()
            if send is None:
                print(f"{record.levelname} {words}", file=sys.stderr, flush=True)
                return
            weight = priority(record.levelno)
            send(words, PRIORITY=weight, SYSLOG_IDENTIFIER=IDENTIFIER, **fields)


def set_up() -> None:
    """From now on everything that is said in this process goes through here."""
    logging.basicConfig(level=logging.INFO, handlers=[JournalHandler()], force=True)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # it warns of what strangers send
    logging.captureWarnings(True)
    sys.excepthook = lambda _type, error, _trace: _unexpected(error)
    threading.excepthook = lambda args: _unexpected(args.exc_value)


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "outcry"


def _unexpected(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, KeyboardInterrupt):
        log.tell(Entry.UNEXPECTED, error=describe(error))
