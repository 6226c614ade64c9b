"""The service around the daemon: systemd's readiness, status, watchdog and journal.

Outside systemd everything works the same: entries go to stderr, and the first one says so.
"""

import logging
import os
import sys
import threading
from functools import partial
from traceback import walk_tb

from outcry import systemd
from outcry.daemon.journal import Sink
from outcry.journal_entry import priority

log = logging.getLogger("outcry")


class Service:
    """READY, STATUS, WATCHDOG and STOPPING to systemd, if it listens (``$NOTIFY_SOCKET``)."""

    def __init__(self) -> None:
        self._status = ""
        self.watchdog_s = systemd.watchdog_s()
        """How often systemd wants to hear from us at least, in seconds; ``None``: never."""
        self.is_supervised = "NOTIFY_SOCKET" in os.environ

    def ready(self) -> None:
        """The button is watched."""
        systemd.notify(READY="1")

    def status(self, words: str) -> None:
        """One line for ``systemctl status``; told only when it changes."""
        if words != self._status:
            self._status = words
            systemd.notify(STATUS=words)

    def alive(self) -> None:
        systemd.notify(WATCHDOG="1")

    def stopping(self) -> None:
        systemd.notify(STOPPING="1")


def journal_sink() -> Sink:
    """Where entries go: the journal when systemd started us, else stderr."""
    send = systemd.journal_send()
    if send is None:
        return lambda level, sentence, _fields: log.log(level, sentence)
    send = partial(send, SYSLOG_IDENTIFIER="outcry")
    return lambda level, sentence, fields: send(sentence, PRIORITY=priority(level), **fields)


def set_up_logging(verbose: bool) -> None:
    """Library logs stay quiet: they hold bytes of the modem. Ours name steps, never contents."""
    handler = logging.StreamHandler(sys.stderr)
    if os.environ.get("JOURNAL_STREAM"):
        handler.setFormatter(_LevelPrefix("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.CRITICAL, handlers=[handler])
    log.setLevel(logging.DEBUG if verbose else logging.INFO)
    if not verbose:  # the loop tells what the modem's owner tells it
        logging.getLogger("outcry.modem").setLevel(logging.WARNING)
    sys.excepthook = lambda _type, error, _trace: _unexpected(error)
    threading.excepthook = lambda args: _unexpected(args.exc_value)
    if not os.environ.get("JOURNAL_STREAM"):
        log.info("not started by systemd: the journal is this terminal")


def where(error: BaseException) -> str:
    """An exception's type and place in our code; never its words, which may hold a secret."""
    place = "?"
    for frame, line in walk_tb(error.__traceback__):
        place = f"{os.path.basename(frame.f_code.co_filename)}:{line}"
    return f"{type(error).__name__} at {place}"


def _unexpected(error: BaseException | None) -> None:
    if not isinstance(error, KeyboardInterrupt):
        log.critical("unexpected: %s", where(error) if error is not None else "?")


class _LevelPrefix(logging.Formatter):
    """sd-daemon(3): a ``<n>`` before the line tells journald its priority."""

    def format(self, record: logging.LogRecord) -> str:
        return f"<{priority(record.levelno)}>{super().format(record)}"
