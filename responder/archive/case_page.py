"""What a case file shows, made from its proof alone: names, sentences, a map, one line an event."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from outcry.report import AlarmKind, Flag, Position, Report
from outcry.responder import formatting, sentences
from outcry.responder.formatting import NO_FIX
from outcry.responder.maps import surroundings
from outcry.responder.maps.picture import ATTRIBUTION
from outcry.responder.maps.track_svg import track_svg
from outcry.responder.rules import calls, events
from outcry.responder.rules.calls import ActionKind
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import CallEnded, CallPlanned, Outcome, ReportArrived
from outcry.responder.storage import event_log, evidence
from outcry.responder.storage.event_log import Exhibit
from outcry.responder.web import templates

_PUBLIC = {"nothing": "nothing", "town": "the nearest town", "coordinates": "the coordinates"}

_PICTURED = {
    True: "It left with its picture",
    False: "It left without its picture",
    None: "Whether its picture went with it is not known",
}


@dataclass(frozen=True)
class Making:
    """By whom and when (Unix seconds) a case file is made, and what was found wrong then."""

    organisation: str
    at: float
    problems: Sequence[str] = ()


@dataclass(frozen=True)
class Line:
    """One event: when by HQ's clock and by the device's, what, and what else is known of it."""

    n: int
    at: str
    made: str
    words: str
    more: tuple[str, ...] = ()


def render(proof: Mapping[str, Any], making: Making) -> str:
    """The page, with an empty element for its proof."""
    history = [(entry, json.loads(entry["data"])) for entry in proof["history"]]
    agreed = [_agreed(line) for line in proof["agreed"]]
    about = next(said for entry, said in history if entry["what"] == Exhibit.PLAN.name)
    names = agreed[-1]["contacts"] if agreed else {}
    reports = dict(_reports(history))
    places = [report.place for report in reports.values()]
    points = [place for place in places if isinstance(place, Position)]
    title = f"Map of the track, north up: {len(points)} positions, the last one red"
    environment = templates.environment(making.organisation, "", ATTRIBUTION)
    return environment.get_template("case.html").render(
        alarm=proof["alarm"],
        wearer=agreed[-1]["wearer"] if agreed else "A wearer",
        kind=sentences.KINDS[AlarmKind(about["kind"])],
        arrived_at=_time(about["arrived_at"]),
        made_at=_time(making.at),
        problems=making.problems,
        track=Markup(track_svg(points, title)),
        agreed=agreed,
        episodes=list(_episodes(history)),
        lines=list(_lines(history, names, reports)),
        link=proof["history"][-1]["link"],
        stamps=len(proof["stamps"]),
    )


def _reports(history: Sequence[tuple[Any, Any]]) -> Iterator[tuple[int, Report]]:
    """What was read in each message, by its number."""
    for entry, said in history:
        if "read" in said and entry["what"] in ("REPORT", Exhibit.READ.name):
            yield said["message"], evidence.report_in(said)


def _lines(
    history: Sequence[tuple[Any, Any]], names: Mapping[int, str], reports: Mapping[int, Report]
) -> Iterator[Line]:
    """An event a line: of a call that has ended its end alone, of an exhibit what it adds."""
    told = [entry for entry, _ in history if entry["what"] not in Exhibit.__members__]
    happened = [event_log.from_row(e["at"], e["what"], e["data"]) for e in told]
    ended = {event.action for event in happened if isinstance(event, CallEnded)}
    by_number = dict(zip([entry["n"] for entry in told], happened, strict=True))
    written = {
        (said["kind"], said["target"]): said
        for entry, said in history
        if entry["what"] == Exhibit.WORDS.name
    }
    for entry, said in history:
        n, at, event = entry["n"], _time(entry["at"]), by_number.get(entry["n"])
        match event:
            case ReportArrived() if event.message in reports:
                report = reports[event.message]
                yield Line(n, at, _made(report), sentences.told(event, names), _details(report))
            case CallPlanned() if event.action in ended:
                pass
            case None if entry["what"] == Exhibit.WORDS.name:
                yield Line(n, at, "", _words(said, names), _picture(said))
            case None if entry["what"] == Exhibit.PLAN.name:
                yield Line(n, at, "", "From here on this is decided by the plan agreed then")
            case None:
                pass
            case _:
                more = *_page(said), *_left(event, written)
                yield Line(n, at, "", sentences.told(event, names) + _where(event), more)


def _episodes(history: Sequence[tuple[Any, Any]]) -> Iterator[str]:
    """Each from its beginning to its end, with what was made public in it."""
    told = [entry for entry, _ in history if entry["what"] not in Exhibit.__members__]
    case = Case.of([event_log.from_row(e["at"], e["what"], e["data"]) for e in told])
    for each in case.episodes:
        began, ended = each.began_at, each.ended_at
        until = "now" if ended is None else _time(ended)
        posts = [f"public on {name}" for name in each.posts]
        corrections = each.corrections.values()
        corrected = [f"corrected: {sentences.REASONS[one.reason]}" for one in corrections]
        closed = ["closed"] if each.over else []
        since = "not known" if began is None else _time(began)
        yield "; ".join([f"{since} to {until}", *posts, *corrected, *closed])


def _made(report: Report) -> str:
    return "not known" if Flag.CLOCK_UNSET in report.flags else _time(report.sent_at)


def _details(report: Report) -> tuple[str, ...]:
    place = report.place
    if isinstance(place, Position):
        near = surroundings.near(place)
        age = f"{place.age_s} s before" if place.age_known else "at an unknown time"
        within = formatting.accuracy(place.accuracy_m)
        where = f"{place.latitude:.5f}, {place.longitude:.5f}, {within}, measured {age}"
        around = f"Nearest town: {near.town}, {near.km} km"
        found = [f"Position: {where}", around]
    else:
        found = [f"Position not known: {NO_FIX[place.reason]}"]
    if report.battery_percent is not None:
        found.append(f"Battery: {report.battery_percent} %")
    return (*found, *formatting.cells(report), *formatting.marks(report))


def _words(said: Mapping[str, Any], names: Mapping[int, str]) -> str:
    target = calls.target_of(ActionKind(said["kind"]), said["target"])
    if said["text"] is None:
        return f"{sentences.call(target, names)}: a code that the device alone can read"
    return f"{sentences.call(target, names)}, word for word: “{said['text']}”"


def _picture(said: Mapping[str, Any]) -> tuple[str, ...]:
    return (f"A picture was to go with it: {said['alt']}",) if said.get("picture") else ()


def _left(event: events.Event, written: Mapping[tuple[str, str], Any]) -> Iterator[str]:
    """How a post left that is out, where it is not as it was written, or may not be."""
    if not isinstance(event, CallEnded) or event.outcome is not Outcome.DONE:
        return
    words = written.get((event.action.kind, str(event.action.target)), {})
    if event.came.text not in (None, words.get("text")):
        yield f"It left as: “{event.came.text}”"
    if words.get("picture"):
        yield _PICTURED[event.came.pictured]


def _where(event: events.Event) -> str:
    address = event.came.url if isinstance(event, CallEnded) else None
    return f": {address}" if address else ""


def _page(said: Mapping[str, Any]) -> tuple[str, ...]:
    """What the person had before them who decided this."""
    shown, report, again_at = (said.get(name) for name in ("shown", "page", "again_at"))
    if again_at is not None:
        return (f"Their page showed that it had begun again at {_time(again_at)}",)
    if report is not None:
        return (f"Their page showed the report at number {report}",)
    return () if shown is None else (f"Their page showed what stands here up to number {shown}",)


def _agreed(line: Mapping[str, Any]) -> dict[str, Any]:
    """What was agreed with a wearer from some day on, in sentences."""
    said = json.loads(line["data"])
    rows = said["rows"]
    terms = rows.get("plan.terms") or {}
    confirming, consent = terms.get("confirming", {}), terms.get("consent", {})
    quorum = confirming.get("quorum", rows["wearer.quorum"])
    contacts = {
        value: rows[name.replace(".number_in_list", ".name")]
        for name, value in rows.items()
        if name.endswith(".number_in_list")
    }
    public = _PUBLIC[terms.get("publication", {}).get("position", "town")]
    minutes = consent.get("minutes", 0)
    return {
        "since": _time(line["at"]),
        "by": said.get("by", "the command line"),
        "wearer": rows["wearer.name"],
        "contacts": contacts,
        "terms": [
            f"Contacts who have to confirm before it is published: {quorum}",
            f"Consent of {consent.get('given_on')}: published when nobody answers for {minutes} min"
            if minutes
            else "No consent to publication when nobody answers",
            f"Of the position the public may learn: {public}",
        ],
    }


def _time(at: float) -> str:
    """2026-11-22 14:03:00."""
    return formatting.rfc3339(at).replace("T", " ").rstrip("Z")
