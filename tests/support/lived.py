"""Alarms lived in memory: what happens, what HQ decides, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from outcry.report import AlarmKind
from outcry.responder.rules.decide import Action, Plan, decide
from outcry.responder.rules.events import Entry, What

PLAN = Plan(
    AlarmKind.PANIC,
    (1, 2, 3),
    quorum=2,
    can_text=True,
    wearer_number=True,
    networks=("own page", "mastodon"),
)


def report(
    message: int = 1,
    at: float = 0.0,
    type_: str = "FIRST",
    sequence: int | None = None,
    path: str = "data",
    marks: tuple[str, ...] = (),
) -> Entry:
    data = {
        "message": message,
        "path": path,
        "type": type_,
        "marks": list(marks),
        "sequence": message - 1 if sequence is None else sequence,
    }
    return Entry(at, What.REPORT, data)


def says(contact: int, what: What = What.CONFIRMED, at: float = 1.0, by: str = "page") -> Entry:
    return Entry(at, what, {"contact": contact, **({"by": by} if what is What.CONFIRMED else {})})


def officer(what: What, at: float = 1.0, **more: str) -> Entry:
    return Entry(at, what, {"officer": "night", **more})


def ground(at: float = 2.0, name: str = "quorum") -> Entry:
    return Entry(at, What.GROUND, {"ground": name})


def about(action: Action, what: What, at: float = 0.0) -> Entry:
    return Entry(at, what, {"key": action.key, "kind": action.kind, "target": action.target})


def wanted(history: list[Entry], plan: Plan = PLAN, now: float = 0.0) -> list[str]:
    """What is to be done now, as ``tell 1`` or ``publish own page``."""
    return [f"{a.kind} {a.target}" for a in decide(history, plan, now).actions]


@dataclass
class Life:
    """One alarm's history as it grows. ``comes`` says what becomes of each action."""

    plan: Plan
    comes: Callable[[Action], What | None] = lambda _: What.DONE
    history: list[Entry] = field(default_factory=list)
    now: float = 0.0

    def happens(self, *entries: Entry) -> None:
        """Something happened; HQ does what there is to do now."""
        self.history += entries
        self.works()

    def works(self) -> None:
        for _ in range(50):
            decision = decide(self.history, self.plan, self.now)
            if decision.ground is not None:
                self.history.append(ground(self.now, decision.ground.value))
            elif not decision.actions:
                return
            for action in decision.actions:
                self.history.append(about(action, What.PLANNED, self.now))
                came = self.comes(action)
                if came is not None:
                    self.history.append(about(action, came, self.now))
        raise AssertionError("HQ never comes to rest")

    def until(self, end: float) -> None:
        """Time passes; HQ looks again whenever it said it would."""
        while self.now < end:
            at = decide(self.history, self.plan, self.now).look_again_at
            self.now = end if at is None else max(self.now + 0.001, min(at, end))
            self.works()

    def done(self, kind: str) -> list[str]:
        return [
            entry.data["target"]
            for entry in self.history
            if entry.what is What.DONE and entry.data["kind"] == kind
        ]
