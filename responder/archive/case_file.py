"""The case file: everything HQ knows of one alarm, for lawyers and the press.

A JSON file that a program can read and check, and the same as a page to print.
It holds places and names, as it must, but no number, PIN or code of anybody.
Times are UTC, ISO 8601. ``links`` are the record's (``audit_chain.py``):
anyone who has the file can compute them from ``history`` and see that nothing
was changed between the alarm and the day the file was made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection, select

from outcry.report import Flag, Position, Report
from outcry.responder import formatting, sentences
from outcry.responder.formatting import NO_FIX, rfc3339
from outcry.responder.maps.picture import ATTRIBUTION
from outcry.responder.maps.track_svg import track_svg
from outcry.responder.plans import repository
from outcry.responder.rules.case import Case
from outcry.responder.rules.episode import Episode
from outcry.responder.rules.events import CallEnded, Event
from outcry.responder.storage import alarms, audit_chain, event_log, store
from outcry.responder.storage.store import Store
from outcry.responder.web import templates

FORMAT = 1


class CaseFileInvalid(Exception):
    """This is not a case file; the message says what is wrong with it."""


def case(database: Store, alarm: int, organisation: str, now: float) -> dict[str, Any]:
    """The case as JSON can carry it; raises :class:`alarms.NoSuchAlarm`."""
    with database.read() as connection:
        about = alarms.about(connection, alarm)
        history = event_log.load(connection, alarm)
        found = audit_chain.verify(connection)
        return {
            "outcry_case_file": FORMAT,
            "made_at": rfc3339(now),
            "organisation": organisation,
            "alarm": alarm,
            "wearer": about.name,
            "kind": about.kind.name.lower(),
            "arrived_at": rfc3339(about.arrived_at),
            "contacts": [
                {"contact": n, "name": one.name}
                for n, one in repository.contacts_of(connection, about.device).items()
            ],
            "reports": _reports(connection, alarm, history),
            "posts": [
                {"at": rfc3339(each.at), "where": str(each.action.target), "url": each.came.url}
                for each in history
                if isinstance(each, CallEnded) and each.came.url is not None
            ],
            "episodes": [_episode(each) for each in Case.of(history).episodes],
            "history": _history(connection, alarm),
            "record": {
                "lines": found.head.n,
                "link": found.head.link.hex(),
                "problems": list(found.problems),
            },
        }


def check(file: Mapping[str, Any]) -> int:
    """The number of entries of a case file, if all of them are as HQ wrote them.

    Raises :class:`CaseFileInvalid` if it is no case file, or an entry was changed.
    """
    try:
        if file["outcry_case_file"] != FORMAT:
            why = "this case file has a format that this version of Outcry does not know"
            raise CaseFileInvalid(why)
        previous = None
        for expected, line in enumerate(file["history"], 1):
            entry = (file["alarm"], line["n"], line["at_unix"], line["what"], line["data"])
            computed = audit_chain.link(previous, bytes.fromhex(line["salt"]), *entry)
            if line["n"] != expected or computed.hex() != line["link"]:
                raise CaseFileInvalid(f"entry {expected} of the history is not as HQ wrote it")
            previous = computed
        return len(file["history"])
    except (KeyError, TypeError, AttributeError):
        raise CaseFileInvalid("this is not a case file, or parts of it are missing") from None
    except ValueError:
        raise CaseFileInvalid("a link or salt in it is not hexadecimal") from None


def page(file: Mapping[str, Any]) -> str:
    """The case as a page that stands alone, to be read and printed."""
    names = {each["contact"]: each["name"] for each in file["contacts"]}

    def words(line: Mapping[str, Any]) -> str:
        return sentences.told(event_log.from_row(0.0, line["what"], line["data"]), names)

    points = [Position(**report["fix"]) for report in file["reports"] if report["fix"]]
    title = f"Map of the track, north up: {len(points)} positions, the last one red"
    environment = templates.environment(file["organisation"], "", ATTRIBUTION)
    track = Markup(track_svg(points, title))
    return environment.get_template("case.html").render(case=file, words=words, track=track)


def _episode(episode: Episode) -> dict[str, Any]:
    """From its beginning to its end: what was made public in it, and how it ended."""
    began, ended = episode.began_at, episode.ended_at
    return {
        "episode": episode.number,
        "began_at": None if began is None else rfc3339(began),
        "ended_at": None if ended is None else rfc3339(ended),
        "posts": [{"where": name, "url": post.url} for name, post in episode.posts.items()],
        "corrected": [each.reason.value for each in episode.corrections.values()],
        "closed": episode.over,
    }


def _reports(connection: Connection, alarm: int, history: Sequence[Event]) -> list[dict[str, Any]]:
    """In the order in which the device made them."""
    arrived = Case.of(history).reports
    messages = alarms.received(connection, alarm=alarm)
    return [
        {
            **_report(each.report),
            "arrived_at": rfc3339(each.received_at),
            "path": each.path,
            "marks": list(arrived[each.id].marks) if each.id in arrived else [],
            "sealed_sha256": each.digest.hex(),
        }
        for each in sorted(messages, key=lambda each: (each.report.sequence, each.id))
    ]


def _report(report: Report) -> dict[str, Any]:
    place = report.place
    return {
        "type": report.type.name.lower(),
        "sequence": report.sequence,
        "made_at": rfc3339(report.sent_at),
        "clock_unset": Flag.CLOCK_UNSET in report.flags,
        "fix": asdict(place) if isinstance(place, Position) else None,
        "no_fix": None if isinstance(place, Position) else NO_FIX[place.reason],
        "cells": formatting.cells(report),
        "battery_percent": report.battery_percent,
        "device": formatting.marks(report),
    }


def _history(connection: Connection, alarm: int) -> list[dict[str, Any]]:
    table = store.history
    rows = connection.execute(select(table).where(table.c.alarm == alarm).order_by(table.c.n))
    return [
        {
            "n": row.n,
            "at": rfc3339(row.at),
            "at_unix": row.at,
            "what": row.what,
            "data": row.data,
            "salt": row.salt.hex(),
            "link": row.link.hex(),
        }
        for row in rows
    ]
