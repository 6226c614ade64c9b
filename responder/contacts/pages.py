"""The pages' contents: what the templates in ``web/pages/`` are filled with.

Every page is whole in one answer, style and drawing included: a second request
takes seconds on a slow network. No page needs a script, and none is allowed one.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import tzinfo

from markupsafe import Markup
from starlette.responses import HTMLResponse

from outcry.report import AlarmKind, Flag, MessageType, NoPosition, Position, Report
from outcry.responder import formatting, translations
from outcry.responder.contacts.desk import Answer, Shown, Standing
from outcry.responder.maps import surroundings
from outcry.responder.maps.picture import ATTRIBUTION
from outcry.responder.maps.track_svg import track_svg
from outcry.responder.storage.alarms import Sighting
from outcry.responder.translations import ENGLISH, Words
from outcry.responder.web.templates import environment

REPORTS_SHOWN = 8  # each is 250 bytes; a device reports for days
LOOKS_EVERY_S = 60
_BOLD = Markup("<b>{}</b>")


class Pages:
    """Renders each page; ``clock`` gives Unix seconds."""

    def __init__(
        self,
        organisation: str,
        public_url: str,
        clock: Callable[[], float],
        sign: str = "",
        phone: str = "",
    ) -> None:
        """``sign``: the organisation's as :func:`web.sign.read` gives it.

        ``phone``: its number that contacts call to make sure. Empty: none.
        """
        self.environment = environment(organisation, public_url, ATTRIBUTION)
        self._clock = clock
        self._sign, self._phone = sign, phone
        self.languages = translations.load()
        self.style_hash = self._style_hash()
        """What the Content-Security-Policy must allow for the pages' one inline style."""

    def alarm(
        self,
        shown: Shown,
        base: str,
        language: str,
        status: int = 200,
        wrong_pin: bool = False,
        wait_s: int | None = None,
    ) -> HTMLResponse:
        """What a contact's link shows; ``base`` is the link's own path."""
        say = self.languages[language]
        place = shown.report.place
        points = [place] if isinstance(place, Position) and shown.again_at is None else []
        return self._page(
            "alarm.html",
            status,
            say=say,
            **self._who(shown, say),
            base=base,
            mark=shown.mark,
            again=None if shown.again_at is None else self._when(shown.again_at, say, shown.zone),
            wrong_pin=wrong_pin,
            wait=None if wait_s is None else say.span(wait_s),
            sign=self._sign,
            drawn=_drawn(points, say, shown.wearer),
        )

    def standing(
        self,
        shown: Shown,
        base: str,
        standing: Standing,
        answer: Answer | None = None,
        older: bool = False,
        still: bool = False,
    ) -> HTMLResponse:
        """What a contact sees after the PIN: what was noted, and everything known.

        ``older``: their answer was not saved, for the form was made before all this. ``still``: it
        is not to load itself again, which takes a screen reader back to its beginning.
        """
        say = self.languages.get(standing.language, self.languages[ENGLISH])
        track = [
            self._sighting(each, say, standing.zone) for each in standing.track[:REPORTS_SHOWN]
        ]
        places = [each.report.place for each in reversed(standing.track)]
        here = (each for each in standing.track if isinstance(each.report.place, Position))
        last = next(here, None)
        page = self._page(
            "standing.html",
            409 if older else 200,
            say=say,
            **self._who(replace(shown, zone=standing.zone), say),
            base=base,
            older=older,
            still=still,
            earlier=[self._when(each, say, standing.zone) for each in reversed(standing.earlier)],
            answer=None if answer is None else answer.value,
            standing=standing,
            said=Markup("; ").join(_BOLD.format(say(each.value)) for each in standing.said),
            confirmed=Answer.CONFIRM in standing.said,
            track=track,
            more=len(standing.track) - len(track),
            last=None if last is None else self._sighting(last, say, standing.zone),
            device=self._device(standing, say, standing.zone),
            drawn=_drawn([p for p in places if isinstance(p, Position)], say, shown.wearer),
        )
        if not still:
            page.headers["Refresh"] = f"{LOOKS_EVERY_S}; url={base}"
        return page

    def problem(self, status: int, what: str, language: str = ENGLISH) -> HTMLResponse:
        return self._page("problem.html", status, say=self.languages[language], what=what)

    def _who(self, shown: Shown, say: Words) -> dict[str, object]:
        raised = formatting.raised_at(shown.report, shown.arrived_at)
        return {
            "wearer": shown.wearer,
            "phone": self._phone,
            "heading": say.html(shown.report.kind.name.lower(), wearer=shown.wearer),
            "drill": shown.report.kind is AlarmKind.DRILL,
            "when": self._when(raised, say, shown.zone),
            "newer": None
            if shown.newer_at is None
            else self._when(shown.newer_at, say, shown.zone),
            "clock_unset": Flag.CLOCK_UNSET in shown.report.flags,
            "place": _place(shown.report, say),
        }

    def _device(self, standing: Standing, say: Words, zone: tzinfo | None) -> dict[str, object]:
        """How the device is; a withdrawal says less of that than any other report."""
        reports = [sighting.report for sighting in standing.track]
        full = (each for each in reports if each.type is not MessageType.WITHDRAWAL)
        report = next(full, reports[0] if reports else None)
        heard = say("heard", when=self._when(standing.heard_at, say, zone))
        if report is None:
            return {"heard": heard, "battery": "", "marks": ""}
        battery = formatting.battery(report.battery_percent, report.supply_mv, say)
        signal = formatting.signal(report.signal, say)
        return {
            "heard": heard,
            "battery": say("battery", battery=battery, signal=signal),
            "marks": ", ".join(formatting.marks(report, say)),
        }

    def _sighting(self, sighting: Sighting, say: Words, zone: tzinfo | None) -> dict[str, object]:
        raised = formatting.raised_at(sighting.report, sighting.arrived_at)
        return {
            "what": say(f"type_{sighting.report.type.name}"),
            "when": self._when(raised, say, zone),
            "path": say(f"path_{sighting.path.value}"),
            "doubtful": bool(sighting.marks),
            "place": _place(sighting.report, say),
        }

    def _when(self, at: float, say: Words, zone: tzinfo | None) -> str:
        now = self._clock()
        time = formatting.when(at, now, zone, formatting.iso_date)
        return say("ago", span=say.span(now - at), time=time)

    def _page(self, template: str, status: int, **values: object) -> HTMLResponse:
        return HTMLResponse(self._render(template, **values), status)

    def _render(self, template: str, **values: object) -> str:
        return self.environment.get_template(template).render(**values)

    def _style_hash(self) -> str:
        element = self._render("style.html")
        style = element.split("<style>", 1)[1].rsplit("</style>", 1)[0]
        digest = hashlib.sha256(style.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"


def _drawn(points: Sequence[Position], say: Words, wearer: str) -> Markup:
    # Numbers, and words that the drawing escapes.
    return Markup(track_svg(points, say("drawing", wearer=wearer)))


def _place(report: Report, say: Words) -> dict[str, object]:
    """A place in words, or why there is none."""
    place = report.place
    if isinstance(place, NoPosition):
        return {"known": False, "why": say(f"no_fix_{place.reason.name}")}
    return {
        "known": True,
        "words": f"{place.latitude:.5f}, {place.longitude:.5f}",
        "map": formatting.full_map(place),
        "accuracy": formatting.accuracy(place.accuracy_m, say),
        "age": say("seen_there", span=say.span(place.age_s))
        if place.age_known
        else say("seen_unknown"),
        "near": say.html("near", **surroundings.near(place)._asdict()),
    }
