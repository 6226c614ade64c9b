"""What a contact's old phone has to load before there is something to read."""

from __future__ import annotations

import re

from outcry.enrolment import MAX_NAME_CHARS
from outcry.envelope import SEALED_CHARS
from outcry.report import AlarmKind, Flag, MessageType, Position, Report
from outcry.responder.contacts.desk import Answer, Shown, Standing
from outcry.responder.contacts.pages import Pages
from outcry.responder.rules.events import CameBy, Mark
from outcry.responder.storage.alarms import Sighting
from outcry.responder.web.sign import MAX_BYTES
from stage import reports
from stage.reports import NOON
from stage.stage import NotSeen

REPORTS = 600  # ten hours of a report a minute
_NAMES = ("W" * MAX_NAME_CHARS, "ش" * MAX_NAME_CHARS, "👩" * MAX_NAME_CHARS)
_BASE = f"/a/{'x' * SEALED_CHARS}/99"
_SIGN = "data:image/png;base64," + "A" * (-(-MAX_BYTES // 3) * 4)  # the largest there is
_SECOND_REQUEST = re.compile(r"<(?:img(?! src=\"data:)|script|link|iframe|object)\b|url\(")


def contact_page_bytes() -> float:
    """The longest contact's page, in bytes as it is sent.

    In every language, before and after the PIN, with the largest sign, the longest names, all marks
    and a track of 600 reports. A 2G phone loads 14 kB in three to five seconds. The page is whole in that: one
    that asks for a second file is not counted but refused.
    """
    of = "Example Org", "https://help.example.org", lambda: NOON
    pages = Pages(*of, _SIGN, "+447700900100")
    sizes = []
    for language in pages.languages:
        for name in _NAMES:
            shown = Shown(1, name, _report(0), NOON, 1, language)
            standing = _standing(name, language)
            for page in (
                pages.alarm(shown, _BASE, language),
                pages.alarm(shown, _BASE, language, wrong_pin=True),
                pages.standing(shown, _BASE, standing, Answer.CONFIRM),
            ):
                if _SECOND_REQUEST.search(bytes(page.body).decode()):
                    raise NotSeen("the contact's page asks for a second file")
                sizes.append(len(page.body))
    return max(sizes)


def _standing(name: str, language: str) -> Standing:
    track = [
        Sighting(_report(n), NOON - 60 * (REPORTS - n), CameBy.LINK, (Mark.LATE, Mark.OUT_OF_ORDER))
        for n in range(REPORTS)
    ]
    return Standing(
        contact=name,
        language=language,
        ticket="",
        heard_at=NOON,
        track=tuple(reversed(track)),
        seen_by=10,
        confirmed=9,
        quorum=10,
        doubts=10,
        withdrawn=True,
        drill=False,
        closed=True,
        being_published=True,
        corrected=True,
        post="https://help.example.org/post/1000000",
        said=tuple(Answer),
    )


def _report(n: int) -> Report:
    return reports.report(
        MessageType.STILL_IN_DANGER if n else MessageType.FIRST,
        kind=AlarmKind.STRAP,
        sequence=n,
        sent_at=NOON - 60 * (REPORTS - n),
        place=Position(-88.88888 + n / 1000, -178.88888 - n / 900, 60_000, 5_999),
        battery_percent=57,
        supply_mv=3810,
        signal=17,
        flags=Flag(0xFFFF) & ~Flag.CLOCK_UNSET,
    )
