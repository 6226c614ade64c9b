"""Everything about the device on one screen: what ``outcry status`` shows.

The daemon answers with facts that JSON can carry, and the command line turns
them into words; both are here. Neither holds a position, number or name.
"""

from math import ceil
from typing import TYPE_CHECKING, Any

from outcry import __version__
from outcry.daemon.alarm.model import Alarm, State
from outcry.daemon.service import judge
from outcry.daemon.service.drills import Drill, Hop
from outcry.daemon.touch.button import Press
from outcry.hw.gps import NoFix
from outcry.hw.modem import ModemStatus
from outcry.report import MAX_AGE_S, AlarmKind, Flag, NoPosition, Position

if TYPE_CHECKING:
    from outcry.daemon.service.parts import Parts


def line(parts: "Parts", alarm: Alarm, now: float) -> str:
    """For `systemctl status`: as on the screen, with what to do first."""
    known = facts(parts, alarm, now)
    what = judge.headline(known, in_full=True)
    if alarm.state is not State.IDLE:
        but = what.removeprefix("armed") if what.startswith("armed") else f"; {what}"
        kind = "drill" if alarm.kind is AlarmKind.DRILL else "alarm"
        what = f"{kind} {alarm.id:08x} {alarm.state.value}{but}"
    reason = known["fix"]["reason"]
    fix = f"no fix ({reason})" if reason else "fix"
    data = "data down" if known["modem"]["data_up_s"] is None else "data up"
    return f"{what}; {fix}; modem {known['modem']['state']}; {data}"


def facts(parts: "Parts", alarm: Alarm, now: float) -> dict[str, Any]:
    """All there is to know at ``now``, in seconds of the loop's clock."""
    answered_at = parts.data.answered_at
    return {
        "version": __version__,
        "alarm": _alarm(alarm),
        "pressed": parts.senses.pressed,
        "worn": parts.senses.worn,
        "unheard": parts.senses.faults,
        "fix": fix_facts(parts.whereabouts.place(now), parts.whereabouts.no_fix),
        "modem": modem_facts(parts.modem.status(), now),
        "heartbeat": {
            # Exact: the check compares it with when it asked.
            "answered_s": None if answered_at is None else now - answered_at,
            "silent": parts.supervision.is_silent(answered_at, now),
            "trouble": parts.data.trouble,
            "waits": parts.data.under_way is not None,
        },
        "motor": parts.vibration is not None,
        "outbox": {
            "reports": len(parts.outbox.unanswered()),
            "texts": len(parts.outbox.open_texts()),
            "durable": parts.outbox.durable,
            "trouble": parts.outbox.card.trouble,
        },
        "time_by": parts.time.told()[1],
        "drill": _drill_facts(parts.drills.last, parts.drills.seconds_ago()),
        "marks": int(parts.marks.now()),
        "enrolled": parts.reporter.enrolled,
        "seals": parts.reporter.seals,
        "contacts": parts.contacts,
        "identity": parts.identity,
        "languages_complete": parts.languages_complete,
        "faults": parts.journal.part_faults,
    }


def fix_facts(place: Position | NoPosition, no_fix: NoFix | None) -> dict[str, Any]:
    """How old and how good the last fix is, and why there is none now."""
    fix = place if isinstance(place, Position) else None
    return {
        "age_s": fix.age_s if fix else None,
        "accuracy_m": fix.accuracy_m if fix else None,
        "reason": no_fix.reason.value if no_fix else "",
        "error": no_fix.error if no_fix else "",
    }


def modem_facts(modem: ModemStatus, now: float) -> dict[str, Any]:
    since = modem.connected_since
    return {
        "state": modem.state.value,
        "reason": modem.reason,
        "signal": modem.signal,
        "supply_mv": modem.battery_mv,
        "percent": modem.battery_percent,
        "data_up_s": None if since is None else int(now - since),
        "data_trouble": modem.data_trouble,
        "texts_waiting": modem.queued_texts,
        "texts_ready": modem.texts_ready,
        "text_refusal": modem.text_refusal,
        "texts_in_vain": modem.texts_in_vain,
        "under_voltage": modem.under_voltage,
        "jamming": modem.jamming,
    }


def _alarm(alarm: Alarm) -> dict[str, Any] | None:
    if alarm.state is State.IDLE:
        return None
    return {
        "id": f"{alarm.id:08x}",
        "kind": alarm.kind.name.lower(),
        "state": alarm.state.value,
        "withdrawn": alarm.withdrawn,
    }


def _drill_facts(drill: Drill | None, ago_s: float | None) -> dict[str, Any] | None:
    """The last drill, or the one going on."""
    if drill is None:
        return None
    return {
        "ago_s": None if ago_s is None else ceil(ago_s),
        "over": drill.over,
        "hops": {hop.value: drill.hops[hop] for hop in Hop if hop in drill.hops},
    }


def screen(facts: dict[str, Any]) -> str:
    """The facts for a person, one on each line."""
    lines = [f"Outcry {facts['version']}: {_headline(facts)}", ""]
    rows = {
        "button": _button(facts),
        "strap": _strap(facts),
        "fix": _fix(facts["fix"]),
        "modem": _modem(facts["modem"]),
        "data path": _ago(facts["modem"]["data_up_s"], "up for {}", "down"),
        "heartbeat": _heartbeat(facts["heartbeat"], facts["enrolled"]),
        "outbox": _outbox(facts["outbox"]),
        "last drill": _drill(facts["drill"]),
        "motor": "present" if facts["motor"] else "none",
        "battery": _battery(facts["modem"]),
        "time": f"known, by {facts['time_by']}" if facts["time_by"] else "not known: alarms say so",
        "contacts": str(facts["contacts"]),
    }
    lines += [f"  {name:<11}{words}" for name, words in rows.items()]
    found = judge.attention(facts)
    if found:
        lines += ["", "Needs attention:", *(finding.line() for finding in found)]
    return "\n".join(lines)


def _headline(facts: dict[str, Any]) -> str:
    alarm = facts["alarm"]
    if alarm is None:
        return judge.headline(facts)
    what = "drill" if alarm["kind"] == "drill" else f"{alarm['kind']} alarm {alarm['id']}"
    withdrawn = ", withdrawal sent" if alarm["withdrawn"] else ""
    return f"{what}: {alarm['state'].replace('_', ' ')}{withdrawn}"


def _button(facts: dict[str, Any]) -> str:
    chatters = facts["unheard"].get("button", "").startswith(Press.CHATTERS.value)
    if facts["marks"] & Flag.BUTTON_FAULT and not chatters:
        return "not watched"
    return "down" if facts["pressed"] else "up"


def _strap(facts: dict[str, Any]) -> str:
    if facts["marks"] & Flag.STRAP_FAULT:
        return "not watched"
    return {None: "none", True: "worn", False: "not worn"}[facts["worn"]]


def _fix(fix: dict[str, Any]) -> str:
    if fix["age_s"] is None:
        return f"none: {fix['reason']}"
    metres = fix["accuracy_m"]
    accuracy = "accuracy not known" if metres is None else f"within {metres} m"
    if fix["age_s"] >= MAX_AGE_S:
        return f"{accuracy}, old, or its age is not known"
    old = ", old" if fix["age_s"] > judge.FIX_OLD_S else ""
    return f"{accuracy}, {_span(fix['age_s'])} ago{old}"


def _modem(modem: dict[str, Any]) -> str:
    signal = "" if modem["signal"] is None else f", signal {modem['signal']} of 31"
    return f"{modem['state']}{signal}"


def _heartbeat(beat: dict[str, Any], enrolled: bool) -> str:
    if not enrolled:
        return "none: no HQ"
    return _ago(beat["answered_s"], "answered {} ago", "never answered since the start")


def _outbox(outbox: dict[str, Any]) -> str:
    waiting = f"{outbox['reports']} reports and {outbox['texts']} texts waiting"
    waiting = waiting if outbox["reports"] or outbox["texts"] else "empty"
    return waiting if outbox["durable"] else f"{waiting}; not written to the card"


def _drill(drill: dict[str, Any] | None) -> str:
    if drill is None:
        return "never"
    when = _ago(drill["ago_s"], "{} ago", "at an unknown time")
    hops = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in drill["hops"].items())
    going = "" if drill["over"] else "under way, begun "
    return f"{going}{when}: {hops or 'nobody was reached'}"


def _battery(modem: dict[str, Any]) -> str:
    if not modem["supply_mv"]:
        return "unknown"
    return f"{modem['supply_mv'] / 1000:.2f} V at the modem ({modem['percent']} %)"


def _ago(seconds: float | None, words: str, otherwise: str) -> str:
    return otherwise if seconds is None else words.format(_span(seconds))


def _span(seconds: float) -> str:
    """Rounded up: no age is told as less than it is."""
    for size, name in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{ceil(seconds / size)} {name}"
    return f"{ceil(seconds)} s"
