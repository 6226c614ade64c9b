"""The pages' contents: what the templates in ``pages/`` are filled with.

Every page is whole in one answer, style included: a second request takes
seconds on a slow network. No page needs a script, and none is allowed one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from outcry.report import AlarmKind, Flag, MessageType, NoPosition, Report
from outcry.responder import condition, texts
from outcry.responder.desk import Answer, Shown, Sighting, Standing
from outcry.responder.posting.own_page import Post

_FOLDER = Path(__file__).parent / "pages"
TODAY_S = 12 * 3600  # younger than this the date is plain, and a short line reads faster
_TYPES = {
    "FIRST": "Alarm raised",
    "POSITION": "Position",
    "STILL_IN_DANGER": "Held the button again: still in danger",
    "WITHDRAWAL": "Withdrawal received, not verified",
}
_PATHS = {"data": "over data", "sms": "by SMS", "link": "through a contact's link"}


@dataclass(frozen=True, repr=False)
class _Place:
    """A place in words, or why there is none."""

    known: bool
    why: str = ""
    words: str = ""
    map: str = ""
    accuracy: int | None = None
    age: str = ""


@dataclass(frozen=True, repr=False)
class _Line:
    """One report of the track, in words."""

    what: str
    when: str
    path: str
    marks: str
    place: _Place


def environment(organisation: str, public_url: str) -> Environment:
    """The templates; all that goes into them is escaped."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(organisation=organisation, public_url=public_url, moment=moment)
    return made


class Pages:
    """Renders each page; ``clock`` gives Unix seconds."""

    def __init__(self, organisation: str, public_url: str, clock: Callable[[], float]) -> None:
        self._environment = environment(organisation, public_url)
        self._clock = clock
        self.style_hash = self._style_hash()
        """What the Content-Security-Policy must allow for the pages' one inline style."""

    def alarm(
        self,
        shown: Shown,
        base: str,
        status: int = 200,
        wrong_pin: bool = False,
        wait_s: int | None = None,
    ) -> Response:
        """What a contact's link shows; ``base`` is the link's own path."""
        return self._page(
            "alarm.html",
            status,
            **self._who(shown),
            base=base,
            wrong_pin=wrong_pin,
            wait=None if wait_s is None else texts.span(wait_s),
        )

    def standing(self, shown: Shown, base: str, answer: Answer, standing: Standing) -> Response:
        """The answer to a right PIN: what was noted, and everything known."""
        track = [self._sighting(sighting) for sighting in standing.track]
        return self._page(
            "standing.html",
            200,
            **self._who(shown),
            base=base,
            answer=answer.value,
            standing=standing,
            track=track,
            last=next((each for each in track if each.place.known), None),
            device=self._device(standing),
        )

    def problem(self, status: int, what: str) -> Response:
        """Something is not as hoped, in words that say what to do."""
        return self._page("problem.html", status, what=what)

    def posts(self, posts: Sequence[Post]) -> HTMLResponse:
        """The public page."""
        return self._page("public.html", 200, posts=posts, title="Alarms", single=False)

    def thread(self, posts: Sequence[Post]) -> HTMLResponse:
        """One public post and the answers to it."""
        return self._page("public.html", 200, posts=posts, title="Alarm", single=True)

    def feed(self, posts: Sequence[Post]) -> Response:
        """The public page as an Atom feed (RFC 4287)."""
        changed = max((post.changed_at for post in posts), default=0.0)
        text = self._render(
            "feed.xml", posts=posts, updated=texts.rfc3339(changed), rfc3339=texts.rfc3339
        )
        return Response(text, media_type="application/atom+xml")

    def _who(self, shown: Shown) -> dict[str, object]:
        raised = texts.raised_at(shown.report, shown.arrived_at)
        return {
            "wearer": shown.wearer,
            "drill": shown.report.kind is AlarmKind.DRILL,
            "strap": shown.report.kind is AlarmKind.STRAP,
            "when": self._when(raised),
            "clock_unset": Flag.CLOCK_UNSET in shown.report.flags,
            "place": _place(shown.report),
        }

    def _device(self, standing: Standing) -> dict[str, object]:
        """How the device is; a withdrawal says less of that than any other report."""
        reports = [sighting.report for sighting in standing.track]
        full = (each for each in reports if each.type is not MessageType.WITHDRAWAL)
        report = next(full, reports[0])
        return {
            "heard": self._when(standing.heard_at),
            "battery": condition.battery(report.battery_percent, report.supply_mv),
            "signal": condition.signal(report.signal),
            "marks": condition.marks(report),
        }

    def _sighting(self, sighting: Sighting) -> _Line:
        return _Line(
            what=_TYPES[sighting.report.type.name],
            when=self._when(texts.raised_at(sighting.report, sighting.arrived_at)),
            path=_PATHS[sighting.path.value],
            marks=", ".join(sighting.marks),
            place=_place(sighting.report),
        )

    def _when(self, at: float) -> str:
        ago = self._clock() - at
        return f"{texts.span(ago)} ago, at {texts.clock_time(at) if ago < TODAY_S else moment(at)}"

    def _page(self, template: str, status: int, **values: object) -> HTMLResponse:
        return HTMLResponse(self._render(template, **values), status)

    def _render(self, template: str, **values: object) -> str:
        return self._environment.get_template(template).render(**values)

    def _style_hash(self) -> str:
        element = self._render("style.html")
        style = element.split("<style>", 1)[1].rsplit("</style>", 1)[0]
        digest = hashlib.sha256(style.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"


def moment(at: float) -> str:
    """14:03 UTC, 22 November 2026."""
    return f"{texts.clock_time(at)}, {texts.date(at)}"


def _place(report: Report) -> _Place:
    if isinstance(report.place, NoPosition):
        return _Place(known=False, why=texts.NO_FIX[report.place.reason])
    return _Place(
        known=True,
        words=f"{report.place.latitude:.5f}, {report.place.longitude:.5f}",
        map=texts.full_map(report.place),
        accuracy=report.place.accuracy_m,
        age=texts.span(report.place.age_s),
    )
