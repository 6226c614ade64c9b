"""The console's pages: what the templates in ``pages/console/`` are filled with."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from math import floor
from typing import Any
from urllib.parse import urlencode, urlsplit

import segno
from jinja2 import Environment
from markupsafe import Markup
from starlette.responses import HTMLResponse

from outcry.report import NoPosition, Position
from outcry.responder import daily_check, formatting, sentences
from outcry.responder.console.accounts import SHORTEST_PASSWORD, Newcomer, Session
from outcry.responder.console.desk import GRAVE, Overview, View
from outcry.responder.console.facts import earlier, facts
from outcry.responder.console.older_news import Act, OlderNews
from outcry.responder.console.plan_desk import PlanView
from outcry.responder.console.team.shift_log import Entries, Entry
from outcry.responder.console.team.trail import Trail
from outcry.responder.console.watching import rows
from outcry.responder.console.watching.device_health import SILENT_AFTER_S
from outcry.responder.console.watching.overviews import Watched
from outcry.responder.console.watching.past import Found
from outcry.responder.console.watching.standing import LISTED_S, Standing
from outcry.responder.daily_check import Checked
from outcry.responder.maps import surroundings
from outcry.responder.maps.grid_reference import mgrs
from outcry.responder.maps.track_svg import track_svg
from outcry.responder.plans.addresses import masked
from outcry.responder.plans.authority import NotProven, Proposal
from outcry.responder.plans.direction import Change
from outcry.responder.posting.preview import Previewed
from outcry.responder.rules.events import NOTE_LENGTH, RING_LENGTH, Reason, Said
from outcry.responder.settings import Coordinates
from outcry.responder.storage.alarms import Sighting
from outcry.settings_file import as_toml

CARDS = 50  # of open alarms; the others are lines, so that the list of wearers is not far below
DONE = {
    "acknowledge": "Saved: you have taken this alarm. The wearer's next receipt says so.",
    "take-over": "Saved: you have this alarm now. All officers are told, also who had it.",
    "hand-over": "Saved: you no longer have this alarm. All officers are told who has it now.",
    "give-back": "Saved: nobody has this alarm now. All officers are told.",
    "tick": "Saved: done.",
    "untick": "Saved: not done.",
    "rang": "Saved: what came of the call.",
    "real": "Saved: what came of the call. It is not the contact's confirmation. If you are sure, press "
    "“I confirm: it is real”.",
    "still": "Saved: you are still on it.",
    "note": "Saved: your note stands below.",
    "confirm": "Saved: you confirm that it is real.",
    "publish": "Saved: the alarm is being made public now.",
    "veto": "Saved: nothing is published until a duty officer allows it again or publishes.",
    "lift": "Saved: publishing is allowed again, as the plan says.",
    "correct": "Saved: the correction goes to every network that has the post.",
    "close": "Saved: the alarm is closed.",
    "reopen": "Saved: the alarm is open again, and the contacts are told so.",
}
_ALL_THE_SAME = {
    Act.TAKE_OVER: "Take it over all the same",
    Act.CONFIRM: "Confirm all the same",
    Act.PUBLISH: "Publish all the same",
    Act.VETO: "Forbid publishing all the same",
    Act.LIFT: "Allow publishing all the same",
    Act.CORRECT: "Publish the correction all the same",
    Act.CLOSE: "Close this alarm all the same",
    Act.REOPEN: "Open it again all the same",
}

_WRITTEN = {
    Coordinates.DEGREES: formatting.decimal_degrees,
    Coordinates.MINUTES: formatting.decimal_minutes,
    Coordinates.MGRS: mgrs,
}
_SAID = {
    Said.REACHED: "Reached",
    Said.NO_ANSWER: "No answer",
    Said.REAL: "Says that it is real",
    Said.NOT_REAL: "Says that it is not real",
    Said.OTHER: "Something else",
}
_LANGUAGES = {
    "ar": "Arabic",
    "en": "English",
    "es": "Spanish",
    "fa": "Persian",
    "fr": "French",
    "ru": "Russian",
    "uk": "Ukrainian",
}

SHIFT_DONE = {
    "written": "Saved.",
    "ended": "Saved. It stands on the first page until the next officer has read it.",
    "read": "Saved: you have read it.",
}
PLAN_DONE = {
    "saved": "Saved. The plan applies from now on, also to an open alarm.",
    "waits": "What weakens the plan waits for a second officer, who has a day. All officers are told. "
    "The rest applies from now on.",
    "confirmed": "Confirmed. The plan applies from now on, also to an open alarm.",
    "refused": "Done: this change will not be made.",
}


@dataclass(frozen=True)
class ConsolePages:
    """Renders the console; ``clock`` gives Unix seconds.

    ``static``: the address of each file; ``tiles``: a tile server's address, if any; ``coordinates``:
    how a position is written.
    """

    environment: Environment
    clock: Callable[[], float]
    static: Mapping[str, str]
    tiles: str = ""
    credit: str = ""
    coordinates: Coordinates = Coordinates.DEGREES

    def preview(
        self, session: Session, standing: Standing, posts: Sequence[Previewed]
    ) -> HTMLResponse:
        alarm, wearer = standing.alarm, standing.wearer
        return self._page("preview", session, alarm=alarm, wearer=wearer, posts=posts)

    def corrections(
        self,
        session: Session,
        standing: Standing,
        posts: Mapping[Reason, Sequence[Previewed]],
    ) -> HTMLResponse:
        ready = [(sentences.REASONS[reason], said) for reason, said in posts.items() if said]
        alarm, wearer = standing.alarm, standing.wearer
        return self._page("corrections", session, alarm=alarm, wearer=wearer, ready=ready)

    def login(
        self, form_token: str, next_: str, problem: str = "", status: int = 200
    ) -> HTMLResponse:
        return self._page("login", None, status, form_token=form_token, next=next_, problem=problem)

    def welcome(
        self, newcomer: Newcomer, token: str, form_token: str, problem: str = "", status: int = 200
    ) -> HTMLResponse:
        """Where a new officer settles in; the code for their authenticator is drawn here."""
        picture = segno.make(newcomer.uri, error="m", micro=False).svg_inline(scale=5, border=2)
        letters = " ".join(newcomer.secret[n : n + 4] for n in range(0, len(newcomer.secret), 4))
        return self._page(
            "welcome",
            status=status,
            newcomer=newcomer,
            token=token,
            form_token=form_token,
            problem=problem,
            shortest=SHORTEST_PASSWORD,
            picture=Markup(picture),
            letters=letters,
        )

    def settled(self, codes: tuple[str, ...]) -> HTMLResponse:
        return self._page("settled", codes=codes)

    def problem(
        self,
        status: int,
        heading: str,
        words: str,
        back: str = "/console",
        back_words: str = "Back to the console",
    ) -> HTMLResponse:
        values = {"heading": heading, "words": words, "back": back, "back_words": back_words}
        return self._page("problem", None, status, **values)

    def overview(
        self, session: Session, watched: Watched, handovers: Sequence[Entry], refused: int
    ) -> HTMLResponse:
        unread = [self._entry(each, session) for each in handovers]
        return self._page("overview", session, watched=watched, handovers=unread, refused=refused)

    def watched(self, seen: Overview) -> Watched:
        """What an overview shows to every officer, to be put into the page of each."""
        values = {
            "alarms": [self._alarm(each) for each in seen.alarms[:CARDS]],
            "others": [self._alarm(each) for each in seen.alarms[CARDS:]],
            "drills": [self._alarm(each) for each in seen.drills],
            "closed": [self._alarm(each) for each in seen.closed],
            "more": seen.more,
            "tiles": self.tiles,
            "credit": self.credit,
            "listed": rows.wearer_list(seen.listed, self._ago),
            "checked": self._checked(seen.checked),
            "missing": [(each.what, each.remedy) for each in seen.missing],
            "waiting": [self._proposal(each) for each in seen.waiting],
            "announcements": [(self._ago(each.at), each.words) for each in seen.announcements],
            "silent_after": formatting.span(SILENT_AFTER_S),
            "lately": formatting.span(LISTED_S),
            "now": formatting.clock_time(self.clock()),
        }
        alarms, body = (
            Markup(self.environment.get_template(f"console/{name}.html").render(values))
            for name in ("watched_alarms", "watched")
        )
        return Watched(sum(each.is_new for each in seen.alarms), alarms, body)

    def shift(
        self, session: Session, found: Entries, done: str = "", *, paged: bool = False
    ) -> HTMLResponse:
        """The shift log; a page of older entries, ``paged``, stays as it is while others write."""
        return self._page(
            "shift",
            session,
            entries=[self._entry(each, session) for each in found.entries],
            older=found.older,
            paged=paged,
            colleagues=found.colleagues,
            note_length=NOTE_LENGTH,
            done=SHIFT_DONE.get(done, ""),
        )

    def trail(self, session: Session, found: Trail, officer: str, wearer: str) -> HTMLResponse:
        """The audit trail; ``wearer``: the device's eight digits, or nothing."""
        asked = {"officer": officer, "wearer": wearer, "before": repr(found.before)}
        return self._page(
            "trail",
            session,
            lines=[
                {
                    "when": formatting.when(each.at, self.clock()),
                    "iso": formatting.rfc3339(each.at),
                    "words": each.words,
                    "alarm": each.alarm,
                }
                for each in found.lines
            ],
            officers=list(dict.fromkeys([*found.officers, *([officer] if officer else [])])),
            officer=officer,
            wearers=[(f"{device:08x}", name) for device, name in found.wearers],
            wearer=wearer,
            older="" if found.before is None else urlencode(asked),
        )

    def _entry(self, entry: Entry, session: Session) -> dict[str, Any]:
        """An entry of the shift log."""
        read = entry.read_at and f"{entry.read_by}, {self._ago(entry.read_at)}"
        return {
            "id": entry.id,
            "when": self._ago(entry.at),
            "officer": entry.officer,
            "text": entry.text,
            "to": entry.to,
            "read": read,
            "own": entry.officer == session.officer,
        }

    def plan(
        self,
        session: Session,
        device: str,
        view: PlanView,
        problems: Sequence[str] = (),
        *,
        asked: NotProven | None = None,
        done: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """A wearer's plan, to be read and changed.

        With ``problems`` it was refused; with ``asked`` it needs the second factor.
        """
        return self._page(
            "plan",
            session,
            status,
            device=device,
            version=view.version,
            text=view.text,
            problems=problems,
            done=PLAN_DONE.get(done, ""),
            weakens=[_difference(each) for each in asked.changes] if asked else [],
            alarm_is_open=asked is not None and asked.alarm_is_open,
            waiting=[self._proposal(each, session.officer) for each in view.waiting],
        )

    def _proposal(self, proposal: Proposal, officer: str = "") -> dict[str, Any]:
        return {
            "id": proposal.id,
            "device": f"{proposal.device:08x}",
            "by": proposal.asked_by,
            "own": proposal.asked_by == officer,
            "asked": self._ago(proposal.asked_at),
            "left": formatting.span(proposal.until - self.clock(), floor),
            "changes": [_difference(each) for each in proposal.changes],
            "seen": proposal.seen,
        }

    def view(self, session: Session, view: View, done: str = "") -> HTMLResponse:
        seen = [
            (place, self._seen(place, each, view.standing.zone))
            for each in reversed(view.track)
            if isinstance(place := each.report.place, Position)
        ]
        title = f"Map of {view.standing.wearer}'s track, north up, {len(seen)} positions"
        newest = view.track[0].report if view.track else None
        last = None
        if seen:
            place, words = seen[-1]
            last = {
                "words": _WRITTEN[self.coordinates](place.latitude, place.longitude),
                "geo": formatting.geo(place),
                "osm": formatting.full_map(place),
                "accuracy": formatting.accuracy(place.accuracy_m),
                "near": "{0.town}, {0.km} km".format(surroundings.near(place)),
                "seen": words,
                "count": len(seen),
            }
        way = [[each.latitude, each.longitude, each.accuracy_m, words] for each, words in seen]
        lost = newest is not None and isinstance(newest.place, NoPosition)
        return self._page(
            "alarm",
            session,
            alarm=self._alarm(view.standing),
            can={act.value for act in view.can},
            done=DONE.get(done, ""),
            last=last,
            no_fix=rows.fix(newest),
            cells=formatting.cells(newest) if newest is not None and lost else [],
            track_json=json.dumps(way),
            drawn=Markup(track_svg([place for place, _ in seen], title)),
            tiles=self.tiles,
            credit=self.credit,
            contacts=self._people(view),
            said=[(each.value, words) for each, words in _SAID.items()],
            ring_length=RING_LENGTH,
            checklist=[self._item(view, item) for item in _items(view)],
            wearer_number=view.wearer_number,
            health=rows.health(view.health, partial(self._ago, zone=view.standing.zone)),
            history=[self._line(line, view.standing.zone) for line in reversed(view.history)],
            seen_so_far=view.seen,
            newer=view.newer,
            colleagues=view.colleagues,
            note_length=NOTE_LENGTH,
            now=formatting.clock_time(self.clock(), view.standing.zone),
        )

    def archive(self, session: Session, found: Found) -> HTMLResponse:
        return self._page("archive", session, **rows.archive(found, self._ago))

    def older_news(
        self,
        session: Session,
        alarm: int,
        act: Act,
        reason: str | None,
        older: OlderNews,
        names: Mapping[int, str],
        spoke: str = "",
    ) -> HTMLResponse:
        """What has happened since a form's page was made, and whether it is meant all the same."""
        now = self.clock()
        return self._page(
            "older_news",
            session,
            409,
            alarm=alarm,
            act=act,
            reason=reason,
            reason_words=_reason(act, reason),
            spoke=spoke,
            seen=older.seen,
            news=[
                f"{formatting.span(now - each.at)} ago: {sentences.told(each, names)}"
                for each in older.news
            ],
            grave=act in GRAVE,
            all_the_same=_ALL_THE_SAME[act],
        )

    def _checked(self, last: Checked | None) -> dict[str, Any] | None:
        """The daily check: when it was, and what of it needs a person."""
        if last is None:
            return None
        now = self.clock()
        bad = [each for each in last.findings if daily_check.needs_a_person(each, now)]
        return {
            "when": self._ago(last.at),
            "tried": len(last.findings),
            "bad": [daily_check.line(each, now) for each in bad],
        }

    def _alarm(self, standing: Standing) -> dict[str, Any]:
        return {
            "id": standing.alarm,
            "wearer": standing.wearer,
            "heading": f"{standing.wearer}: {sentences.KINDS[standing.kind]}",
            "new": standing.is_new,
            "nobody": _nobody(standing.case.now.given_back_by),
            "holder": standing.case.now.holder,
            "arrived": self._ago(standing.arrived_at, standing.zone),
            "heard": self._ago(standing.heard_at, standing.zone),
            "facts": facts(standing),
            "posts": standing.posts,
            "earlier": earlier(standing, self.clock()),
        }

    def _line(self, line: sentences.Line, zone: tzinfo | None) -> dict[str, Any]:
        return {
            "when": formatting.when(line.at, self.clock(), zone),
            "iso": formatting.rfc3339(line.at),
            "words": line.words,
            "grave": line.grave,
        }

    def _item(self, view: View, item: str) -> dict[str, Any]:
        """An item of the checklist: by whom and when it was ticked, or nothing of both."""
        ticked = view.standing.case.now.ticked.get(item)
        by = (
            ticked
            and f"{ticked.officer}, {formatting.when(ticked.at, self.clock(), view.standing.zone)}"
        )
        return {"words": item, "by": by, "off": item not in view.checklist}

    def _rings(self, view: View, contact: int) -> list[str]:
        """What came of the calls to a contact, newest first."""
        return [
            f"{formatting.when(each.at, self.clock(), view.standing.zone)}, {each.officer}: "
            + sentences.rang(each)
            for each in reversed(view.standing.case.now.rings)
            if each.contact == contact
        ]

    def _people(self, view: View) -> list[dict[str, Any]]:
        return [
            {
                "n": one.number_in_list,
                "name": one.name,
                "number": one.number,
                "relation": view.relations.get(one.number_in_list, ""),
                "language": _LANGUAGES.get(one.language, one.language),
                "rings": self._rings(view, one.number_in_list),
            }
            for one in view.contacts
        ]

    def _seen(self, place: Position, told: Sighting, zone: tzinfo | None) -> str:
        ago = self._ago(formatting.raised_at(told.report, told.arrived_at) - place.age_s, zone)
        return formatting.least(told.report) + ago if place.age_known else "at an unknown time"

    def _ago(self, at: float, zone: tzinfo | None = None) -> str:
        now = self.clock()
        when = formatting.when(at, now, zone)
        said = f", at {when}" if "(" in when else f" ({when})"  # no brackets within brackets
        return f"{formatting.span(now - at)} ago{said}"

    def _page(
        self, template: str, session: Session | None = None, status: int = 200, **values: object
    ) -> HTMLResponse:
        page = self.environment.get_template(f"console/{template}.html")
        policy = {"Content-Security-Policy": content_policy(self.tiles)}
        text = page.render(session=session, static=self.static, **values)
        return HTMLResponse(text, status, policy)


def _items(view: View) -> list[str]:
    """The plan's checklist, and what was ticked before the plan lost it."""
    return list(dict.fromkeys([*view.checklist, *view.standing.case.now.ticked]))


def _nobody(given_back_by: str | None) -> str:
    """What stands first of an alarm that no duty officer has."""
    if given_back_by:
        return f"{sentences.sentence(sentences.given_back(given_back_by))}."
    return "No duty officer has taken it yet."


def _difference(change: Change) -> str:
    """A key, and what it is changed from and to; of a channel's address only its kind."""
    before, after = (
        ("nothing" if value is None else masked(value)) if change.is_channel else as_toml(value)
        for value in (change.before, change.after)
    )
    return f"{change.key}: {before} becomes {'another ' if before == after else ''}{after}"


def content_policy(tiles: str) -> str:
    """The Content-Security-Policy of the console: its own files, and one tile server if set."""
    parts = urlsplit(tiles)
    server = f" {parts.scheme}://{parts.netloc.replace('{s}', '*')}" if tiles else ""
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        f"img-src 'self'{server}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _reason(act: Act, reason: str | None) -> str:
    """What an officer wrote, or chose."""
    return sentences.REASONS[Reason(reason or "")] if act is Act.CORRECT else reason or ""
