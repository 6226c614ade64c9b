"""What an alarm's history consists of: what arrived, what people decided, what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from outcry.report import MessageType


class What(StrEnum):
    """What an entry says, and the keys of its data."""

    REPORT = "a report arrived"  # message, type, sequence, path, marks
    REPEAT = "a report arrived again"  # message, path
    JUDGED = "a withdrawal's code was judged"  # message, verdict
    SEEN = "a contact has seen it"  # contact
    CONFIRMED = "a contact confirms: real, publish"  # contact, by: "page" or "sms"
    UNSURE = "a contact cannot tell"  # contact
    FALSE = "a contact says it is false"  # contact
    WRONG_PIN = "a wrong PIN was tried"  # contact, if the link named one
    ACKNOWLEDGED = "a duty officer has it"  # officer
    OFFICER_CONFIRMED = "a duty officer confirms: real"  # officer
    APPROVED = "a duty officer says: publish"  # officer
    VETOED = "a duty officer says: do not publish"  # officer
    VETO_LIFTED = "a duty officer takes the veto back"  # officer
    CORRECTED = "a duty officer corrects what was published"  # officer, reason
    CLOSED = "a duty officer closes the alarm"  # officer, reason
    SILENT = "nothing was heard of the device for too long"  # heard_at, marks, vanished
    HEARD = "the device was heard again"
    GROUND = "publication has a ground"  # ground
    PLANNED = "planned"  # key, kind, target
    DONE = "done"  # key, kind, target, url of a post
    FAILED = "failed"  # key, kind, target, why
    UNKNOWN = "unknown: it may have happened"  # key, kind, target, why
    DROPPED = "no longer to be done when its turn came"  # key, kind, target, why
    DELIVERED = "the text was delivered"  # key, kind, target
    UNDELIVERED = "the text will never be delivered"  # key, kind, target


class Verdict(StrEnum):
    """What is known of a withdrawal, and of an alarm's withdrawals together: the worst, last."""

    SAFE = "safe"
    OLD = "old"  # the code that means safe, but older than what was heard: it proves nothing
    WAITING = "waiting"  # for its code to be judged
    DURESS = "duress"  # any other code


CONTACT_ANSWERS = (What.SEEN, What.CONFIRMED, What.UNSURE, What.FALSE)
"""What a contact can say; the entry names the contact."""

OFFICER_ANSWERS = (
    What.ACKNOWLEDGED,
    What.OFFICER_CONFIRMED,
    What.APPROVED,
    What.VETOED,
    What.VETO_LIFTED,
    What.CORRECTED,
    What.CLOSED,
)
"""What a duty officer can do; the entry names the officer."""

ANSWERS = CONTACT_ANSWERS + OFFICER_ANSWERS
"""A person has it: each of these is an acknowledgement too."""

NO_LONGER = (What.CLOSED, What.HEARD)
"""The alarm is over, unless its wearer holds the button again."""


@dataclass(frozen=True)
class Entry:
    """One line of a history. ``at`` is Unix seconds by HQ's clock."""

    at: float
    what: What
    data: Mapping[str, Any] = field(default_factory=dict)


def withdrawal(entries: Sequence[Entry]) -> Verdict | None:
    """What an alarm's withdrawals come to; None without any.

    The worst counts, and a later safe one takes nothing back: whoever holds the device can try
    codes. Anything but safe forbids publishing on the wearer's own consent.
    """
    verdicts = {
        entry.data["message"]: Verdict.WAITING
        for entry in entries
        if entry.what is What.REPORT and entry.data["type"] == MessageType.WITHDRAWAL.name
    }
    for entry in entries:
        if entry.what is What.JUDGED:
            verdicts[entry.data["message"]] = Verdict(entry.data["verdict"])
    return max(verdicts.values(), key=list(Verdict).index, default=None)


class CameBy(StrEnum):
    """Which way a sealed message reached HQ."""

    DATA = "data"
    SMS = "sms"
    LINK = "link"
