"""A kind of journal entry: what the two ends' lists of entries have in common."""

from __future__ import annotations

import logging
from enum import Enum


class JournalEntry(Enum):
    """Each end lists its own kinds as members of a subclass: id, log level and sentence.

    The ``message_id``, 128 bits in hex, never changes: scripts wait for it, and the catalogs in
    systemd/ say under it what to do. Braces in the sentence name what each entry fills in.
    """

    def __init__(self, message_id: str, level: int, sentence: str) -> None:
        self.message_id = message_id
        self.level = level
        self.sentence = sentence


def priority(level: int) -> int:
    """The log level as in syslog(3): 2 critical, 3 error, 4 warning, 6 info, 7 debug."""
    at_least = (
        (logging.CRITICAL, 2),
        (logging.ERROR, 3),
        (logging.WARNING, 4),
        (logging.INFO, 6),
        (logging.NOTSET, 7),
    )
    return next(priority for least, priority in at_least if level >= least)
