"""A kind of journal entry: what the two ends' lists of entries have in common."""

from enum import Enum
from functools import partial
from logging import CRITICAL, DEBUG, ERROR, INFO, NOTSET, WARNING


class JournalEntry(Enum):
    """Each end lists its own kinds as members of a subclass, by the functions below.

    The ``message_id``, 128 bits in hex, never changes: scripts wait for it, and the catalogs in
    systemd/ say under it what to do. Braces in the sentence name what each entry fills in.
    """

    def __init__(self, message_id: str, level: int, sentence: str) -> None:
        self.message_id = message_id
        self.level = level
        self.sentence = sentence


def _at(level: int, message_id: str, sentence: str = "") -> tuple[str, int, str]:
    return message_id, level, sentence


critical = partial(_at, CRITICAL)
error = partial(_at, ERROR)
warning = partial(_at, WARNING)
info = partial(_at, INFO)
debug = partial(_at, DEBUG)
others = partial(_at, NOTSET)  # who speak under this id, each line at a level of its own


def priority(level: int) -> int:
    """The log level as in syslog(3): 2 critical, 3 error, 4 warning, 6 info, 7 debug."""
    at_least = ((CRITICAL, 2), (ERROR, 3), (WARNING, 4), (INFO, 6), (NOTSET, 7))
    return next(priority for least, priority in at_least if level >= least)
