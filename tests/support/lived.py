"""Alarms lived in memory: what happens, what HQ decides, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from outcry.report import AlarmKind
from outcry.responder.rules.calls import Action
from outcry.responder.rules.case import Case
from outcry.responder.rules.decide import Decision, decide
from outcry.responder.rules.events import CallEnded, CallPlanned, Came, Event, GroundFound, Outcome
from outcry.responder.rules.model import Plan

PLAN = Plan(
    AlarmKind.PANIC,
    (1, 2, 3),
    quorum=2,
    can_text=True,
    wearer_number=True,
    networks=("own page", "mastodon"),
)


def decided(history: list[Event], plan: Plan, now: float) -> Decision:
    """What HQ does now about an alarm with this history."""
    return decide(Case.of(history), plan, now)


def wanted(history: list[Event], plan: Plan = PLAN, now: float = 0.0) -> list[str]:
    """What is to be done now, as ``tell 1`` or ``publish own page``."""
    return [f"{a.kind} {a.target}" for a in decided(history, plan, now).actions]


@dataclass
class Life:
    """One alarm's history as it grows. ``comes`` says what becomes of each action."""

    plan: Plan
    comes: Callable[[Action], Outcome | None] = lambda _: Outcome.DONE
    history: list[Event] = field(default_factory=list)
    now: float = 0.0

    @property
    def case(self) -> Case:
        return Case.of(self.history)

    def happens(self, *events: Event) -> None:
        """Something happened; HQ does what there is to do now."""
        self.history += events
        self.works()

    def works(self) -> None:
        for _ in range(50):
            decision = decide(self.case, self.plan, self.now)
            if decision.ground is not None:
                self.history.append(GroundFound(self.now, decision.ground))
            elif not decision.actions:
                return
            for action in decision.actions:
                self.history.append(CallPlanned(self.now, action))
                came = self.comes(action)
                if came is not None:
                    self.history.append(CallEnded(self.now, action, Came(came)))
        raise AssertionError("HQ never comes to rest")

    def until(self, end: float) -> None:
        """Time passes; HQ looks again whenever it said it would."""
        while self.now < end:
            at = decide(self.case, self.plan, self.now).look_again_at
            self.now = end if at is None else max(self.now + 0.001, min(at, end))
            self.works()

    def done(self, kind: str) -> list[str]:
        return [str(event.action.target) for event in self.calls(Outcome.DONE, kind)]

    def calls(self, outcome: Outcome, kind: str) -> list[CallEnded]:
        """The calls of a kind that came to this."""
        ended = [event for event in self.history if isinstance(event, CallEnded)]
        return [e for e in ended if e.outcome is outcome and e.action.kind == kind]
