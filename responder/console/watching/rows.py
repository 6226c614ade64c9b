"""What a page says of a wearer's device, and of a page of the list of wearers."""

from collections.abc import Callable
from typing import Any

from outcry.report import Flag, NoPosition, Report
from outcry.responder import formatting, sentences
from outcry.responder.console.watching import past
from outcry.responder.console.watching.device_health import Health
from outcry.responder.console.watching.past import Found
from outcry.responder.console.watching.wearers import ON_A_PAGE, Listed
from outcry.responder.storage.roll import Show, Sort

Ago = Callable[[float], str]
"""Says how long ago something was (Unix seconds)."""

SHOWN = {
    Show.ALL: "All wearers",
    Show.ALARM: "In alarm",
    Show.SILENT: "Silent",
    Show.LOW: "Battery low",
    Show.UNDRILLED: "Never had a drill",
}
SORTED = {
    Sort.NAME: "Name",
    Sort.HEARD: "Last heard, longest ago first",
    Sort.BATTERY: "Battery, lowest first",
}
STATES = {
    "alarm": ("\N{BLACK UP-POINTING TRIANGLE}", "in alarm"),
    "silent": ("\N{BLACK SQUARE}", "silent"),
    "never": ("\N{WHITE CIRCLE}", "never heard"),
    "fine": ("\N{BLACK CIRCLE}", "heard"),
}
"""Each state's sign and word: told apart by colour, by shape, and by what is said."""


def wearer_list(listed: Listed, ago: Ago) -> dict[str, Any]:
    """A page of the list, with the addresses of the others."""
    asked, number = listed.asked, listed.numbers[listed.asked.show]
    return {
        **_page(asked.page, listed.pages, number, lambda page: asked.address(page=page)),
        "words": asked.words,
        "show": asked.show.value,
        "shown": SHOWN[asked.show],
        "sort": asked.sort.value,
        "sorts": [(each.value, words) for each, words in SORTED.items()],
        "filters": [
            {
                "id": show.value,
                "words": words,
                "sign": STATES[show.value][0] if show.value in STATES else "",
                "state": show.value,
                "number": f"{listed.numbers[show]:,}",
                "address": asked.address(show=show),
                "current": show is asked.show,
            }
            for show, words in SHOWN.items()
        ],
        "rows": [health(each, ago, each.device in listed.alarmed) for each in listed.wearers],
        "everything": asked.address(words="", show=Show.ALL),
        "is_part": bool(asked.words) or asked.show is not Show.ALL,
        "here": asked.address(page=asked.page),
    }


def archive(found: Found, ago: Ago) -> dict[str, Any]:
    """A page of the archive, with the addresses of the others."""
    wanted = found.wanted
    return {
        **_page(wanted.page, found.pages, found.number, wanted.address),
        "words": wanted.words,
        "said": wanted.said(),
        "how": wanted.how.value,
        "kinds": past.KINDS,
        "hows": [(how.value, words) for how, words in past.HOWS.items()],
        "alarms": [
            {
                "id": each.alarm,
                "wearer": each.wearer,
                "device": f"{each.device:08x}",
                "kind": sentences.KINDS[each.kind],
                "raised": ago(each.arrived_at),
                "ended": "still open" if each.ended_at is None else ago(each.ended_at),
                "how": each.ending or "not ended",
                "published": each.published,
            }
            for each in found.alarms
        ],
    }


def _page(page: int, pages: int, number: int, address: Callable[[int], str]) -> dict[str, Any]:
    """Which part of a list a page has, and the addresses of others."""
    first = (page - 1) * ON_A_PAGE
    others = {"first": 1, "previous": page - 1, "next": page + 1, "last": pages}
    return {
        "from": f"{first + 1:,}",
        "to": f"{min(first + ON_A_PAGE, number):,}",
        "number": f"{number:,}",
        "page": f"{page:,}",
        "pages": f"{pages:,}",
        "links": [
            (name, address(other))
            for name, other in others.items()
            if 1 <= other <= pages and other != page
        ],
    }


def health(health: Health, ago: Ago, in_alarm: bool = False) -> dict[str, Any]:
    report = health.report
    drill = "never" if health.drill_at is None else ago(health.drill_at)
    if health.drill_hours is not None:
        drill += f"; by the device's count {formatting.span(health.drill_hours * 3600)} ago"
    state = "alarm" if in_alarm else "silent" if health.silent else "fine"
    if state == "fine" and health.heard_at is None:
        state = "never"
    return {
        "name": health.name,
        "device": health.device,
        "state": state,
        "sign": STATES[state][0],
        "said": STATES[state][1],
        "silent": health.silent,
        "heard": "never" if health.heard_at is None else ago(health.heard_at),
        "beat": "none yet" if health.beat_at is None else ago(health.beat_at),
        "battery": formatting.battery(report.battery_percent, report.supply_mv)
        if report
        else formatting.NOT_KNOWN,
        "signal": formatting.signal(report.signal) if report else formatting.NOT_KNOWN,
        "fix": fix(report),
        "strap": _strap(report),
        "marks": ", ".join(formatting.marks(report)) if report else "",
        "drill": drill,
    }


def fix(report: Report | None) -> str:
    """How good the position in a report is, or why there is none."""
    if report is None:
        return formatting.NOT_KNOWN
    place = report.place
    if isinstance(place, NoPosition):
        return f"none ({formatting.NO_FIX[place.reason]})"
    age = f"{formatting.span(place.age_s)} old when sent" if place.age_known else "age not known"
    return f"{formatting.accuracy(place.accuracy_m)}, {age}"


_STRAP = {
    Flag.STRAP_OPEN: "open",
    Flag.STRAP_LOOSE: "loose wire",
    Flag.STRAP_FAULT: "sensor does not work",
}


def _strap(report: Report | None) -> str:
    if report is None:
        return formatting.NOT_KNOWN
    return next((words for flag, words in _STRAP.items() if flag in report.flags), "OK")
