"""How every wearer is: what ``outcry-responder status`` shows the people at HQ.

Facts first, as JSON can carry them, then a screen for a person. Neither holds a
phone number or a key, and positions only when ``where`` asks for them.
"""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from outcry.report import AlarmKind, Position
from outcry.responder import formatting, sentences
from outcry.responder.console.watching.device_health import Health, how_they_are
from outcry.responder.formatting import NO_FIX, full_map, span
from outcry.responder.rules.events import Verdict
from outcry.responder.storage import alarms, event_log, store
from outcry.responder.storage.alarms import Received
from outcry.responder.storage.store import Store

RECENT_S = 7 * 86_400  # nothing heard of an alarm for longer: it is counted, no longer listed


def facts(database: Store, now: float, where: bool = False) -> dict[str, Any]:
    """All there is to know at ``now`` (Unix seconds); with ``where``, also places and cells."""
    with database.read() as connection:
        wearers = connection.execute(select(store.wearer).order_by(store.wearer.c.name)).all()
        health = how_they_are(connection, [each.device for each in wearers], now)
        return {
            "wearers": [
                _health(each, now) | _alarms(connection, wearer, now, where)
                for each, wearer in zip(health, wearers, strict=True)
            ]
        }


def _health(health: Health, now: float) -> dict[str, Any]:
    report = health.report
    return {
        "name": health.name,
        "device": health.device,
        "heard_s": _ago(now, health.heard_at),
        "heartbeat_s": _ago(now, health.beat_at),
        "battery_percent": report.battery_percent if report else None,
        "supply_mv": report.supply_mv if report else None,
        "signal": report.signal if report else None,
        "marks": formatting.marks(report) if report else [],
        "drill_s": _ago(now, health.drill_at),
        "drill_hours_by_device": health.drill_hours,
    }


def _alarms(
    connection: Connection, wearer: Row[tuple[object, ...]], now: float, where: bool
) -> dict[str, Any]:
    device, table = wearer.device, store.alarm
    code = select(store.safe_code.c.device).filter_by(device=device)
    heard_at = alarms.last_heard.label("heard_at")
    found = connection.execute(
        select(table.c.id, table.c.kind, table.c.arrived_at, heard_at)
        .where(table.c.device == device)
        .order_by(table.c.id.desc())
    ).all()
    recent = [alarm for alarm in found if alarm.heard_at > now - RECENT_S]
    return {
        "has_code": connection.scalar(code) is not None,
        "alarms": [
            told
            for alarm in recent
            for told in [_alarm(connection, alarm, wearer.quorum, now, where)]
            if not (told["kind"] == "silence" and told["over"])
        ],
        "older_alarms": len(found) - len(recent),
    }


def _alarm(
    connection: Connection, row: Row[*tuple[Any, ...]], quorum: int, now: float, where: bool
) -> dict[str, Any]:
    alarm = row.id
    case = event_log.case_of(connection, alarm)
    messages = alarms.received(connection, alarm=alarm)
    last = messages[-1] if messages else None
    invited = select(func.count()).select_from(store.invitation)
    contacts = connection.scalar(invited.where(store.invitation.c.alarm == alarm))
    found = {
        "alarm": alarm,
        "kind": AlarmKind(row.kind).name.lower(),
        "arrived_s": _ago(now, row.arrived_at),
        "over": case.now.over,
        "reports": len(messages),
        "last_report_s": _ago(now, last and last.received_at),
        "last_path": last and last.path,
        "contacts": contacts,
        "told": len(case.told),
        "seen": len(case.now.seen_by),
        "confirmed": case.now.votes,
        "quorum": quorum,
        "doubts": len(case.now.doubted_by),
        "wrong_pins": case.now.wrong_pins,
        "withdrawal": case.withdrawal,
        "post": case.now.address,
    }
    if where:
        found["where"] = _where(messages, now)
    return found


def _where(messages: Sequence[Received], now: float) -> dict[str, Any]:
    """The newest place reported, and if a later report has none, why and which cells it heard."""
    found: dict[str, Any] = {}
    for message in sorted(messages, key=lambda each: each.report.sequence):
        report, place = message.report, message.report.place
        if isinstance(place, Position):
            at = formatting.raised_at(report, message.received_at) - place.age_s
            found = {
                "map": full_map(place),
                "accuracy_m": place.accuracy_m,
                "seen_s": _ago(now, at) if place.age_known else None,
                "least": formatting.least(report),
            }
        else:
            found["no_fix"] = NO_FIX[place.reason]
            found["cells"] = formatting.cells(report)
    return found


def _ago(now: float, at: float | None) -> int | None:
    return None if at is None else math.ceil(now - at)


def screen(facts: dict[str, Any]) -> str:
    """The facts for a person: those with an alarm that is no drill come first."""
    wearers = sorted(
        facts["wearers"], key=lambda one: all(each["kind"] == "drill" for each in one["alarms"])
    )
    return "\n\n".join("\n".join(_lines(wearer)) for wearer in wearers) or "nobody is enrolled"


def _lines(wearer: dict[str, Any]) -> list[str]:
    rows = {
        "last heard": _since(wearer["heard_s"], "never"),
        "heartbeat": _since(wearer["heartbeat_s"], "none yet"),
        "battery": formatting.battery(wearer["battery_percent"], wearer["supply_mv"]),
        "signal": formatting.signal(wearer["signal"]),
        "last drill": _drill(wearer),
    }
    lines = [f"{wearer['name']}, device {wearer['device']}"]
    lines += [f"  {name:<12}{words}" for name, words in rows.items()]
    lines += [f"  ! {mark}" for mark in wearer["marks"]]
    if not wearer["has_code"]:
        lines.append("  ! no safe code is set: draw one with `outcry-responder code`")
    for alarm in wearer["alarms"]:
        lines += _alarm_lines(alarm)
    if wearer["older_alarms"]:
        lines.append(f"  older alarms, not heard of for {span(RECENT_S)}: {wearer['older_alarms']}")
    return lines


def _alarm_lines(alarm: dict[str, Any]) -> list[str]:
    kind = _loud(AlarmKind[alarm["kind"].upper()])
    if alarm["kind"] == "silence":
        return [f"  {kind} ({alarm['alarm']}), for {span(alarm['arrived_s'])} now"]
    last = f"last {span(alarm['last_report_s'])} ago by {alarm['last_path']}"
    told = f"told {alarm['told']} of {alarm['contacts']}, seen by {alarm['seen']}"
    confirmed = sentences.confirmed(alarm["confirmed"], alarm["quorum"])
    lines = [
        f"  {kind} ({alarm['alarm']}), {span(alarm['arrived_s'])} ago",
        f"    reports: {alarm['reports']}, {last}",
        f"    contacts: {told}, {confirmed}, {sentences.doubted(alarm['doubts'])}",
    ]
    if alarm["wrong_pins"]:
        lines.append(f"    ! {sentences.wrong_pins(alarm['wrong_pins'])}")
    if alarm["withdrawal"]:
        lines.append(f"    {sentences.withdrawal(Verdict(alarm['withdrawal']))}")
    if alarm["post"]:
        lines.append(f"    public: {alarm['post']}")
    if "where" in alarm:
        lines += [f"    {line}" for line in _places(alarm["where"])]
    return lines


def _loud(kind: AlarmKind) -> str:
    """Anything but a drill stands out on the screen."""
    name, comma, more = sentences.KINDS[kind].partition(",")
    return name if kind is AlarmKind.DRILL else f"{name.upper()}{comma}{more}"


def _places(where: dict[str, Any]) -> list[str]:
    lines = []
    if "map" in where:
        within = formatting.accuracy(where["accuracy_m"])
        seen = where["seen_s"]
        when = "at an unknown time" if seen is None else f"{where['least']}{span(seen)} ago"
        lines.append(f"seen {when}, {within}: {where['map']}")
    if "no_fix" in where:
        lines.append(f"no position: {where['no_fix']}")
        lines += [f"cell: {cell}" for cell in where["cells"]]
    return lines


def _since(seconds: int | None, never: str) -> str:
    return never if seconds is None else f"{span(seconds)} ago"


def _drill(wearer: dict[str, Any]) -> str:
    hours = wearer["drill_hours_by_device"]
    by_device = "" if hours is None else f"; by the device's count {span(hours * 3600)} ago"
    return _since(wearer["drill_s"], "none at HQ") + by_device
