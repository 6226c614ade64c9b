"""Gestures on the one button: a pure function over its edges and the time.

========  =====================================================================
a bounce  closed for less than 50 ms: nothing
a tap     50 ms to ``tap_s``
neither   between a tap and a hold: nothing, and it spoils a code being tapped
a hold    ``hold_s``, openings up to 50 ms ignored: reported at once, before release
stuck     ``stuck_s``: nobody holds that long; a short circuit, or something presses it
========  =====================================================================

A hold never waits for anything, and what was tapped before it is dropped: a wearer
who holds is in danger. Pass every edge to :func:`edge`, and call :func:`look` when
:func:`due` says. There is no clock here: times are seconds of the edges' own clock.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf

from outcry.daemon.alarm.model import CodeTapped
from outcry.daemon.touch import hold, taps
from outcry.daemon.touch.hold import GRAIN_S, SHORTEST_S, Hold
from outcry.daemon.touch.taps import Code

CHATTERS_S = 90.0  # the longest code takes half of it
CALM_AFTER_S = 600.0  # a loose contact shows when the wearer moves
FREED_AFTER_S = 1.0  # a shorted contact flickers; a released one stays open


@dataclass(frozen=True)
class Times:
    """The lengths of gestures, in seconds. Raises ValueError if they contradict one another."""

    tap_s: float = 0.6  # a quick tap takes 0.1 to 0.3; through gloves and a jacket twice as long
    pause_s: float = 0.7  # taps of a group are 0.2 to 0.5 apart; the next group follows after 1
    hold_s: float = 1.5
    code_end_s: float = 3.0  # time to think of the next number, and a soon enough answer
    stuck_s: float = 60.0

    def __post_init__(self) -> None:
        if not SHORTEST_S < self.tap_s < self.hold_s < self.stuck_s:
            raise ValueError("a tap must be shorter than a hold, and a hold than being stuck")
        if not SHORTEST_S < self.pause_s < self.code_end_s:
            raise ValueError("a pause between groups must be shorter than the one that ends a code")


class Press(Enum):
    """What one press can mean; the value is for the journal."""

    HELD = "the button was held"  # the wearer is in danger; once for each hold, while it lasts
    STUCK = "the button is stuck"  # down for longer than a hand would be; once, until it is free
    FREED = "the button is free again"
    CHATTERS = "the button opens and closes all the time"  # and no hand does that


Gesture = Press | CodeTapped


@dataclass(frozen=True)
class Button:
    """What the edges so far say about the button."""

    press: Hold = field(default_factory=Hold)
    code: Code = field(default_factory=Code)
    stuck: bool = False
    restless: tuple[float, float] = (inf, inf)  # first and last press since a hold or a pause

    def chatters(self, now: float) -> bool:
        """Whether its contact does, or did until some minutes ago."""
        first, last = self.restless
        return last - first >= CHATTERS_S and now - last < CALM_AFTER_S

    @property
    def uncounted(self) -> bool:
        """Whether the latest press is not yet judged to be a tap or none."""
        return self.press.began_at is not None and self.press.changed_at > self.code.ended_at


def edge(
    button: Button, closed: bool, at: float, times: Times
) -> tuple[Button, tuple[Gesture, ...]]:
    """The button after its contact closed or opened, and the gestures until then.

    Edges may come late, twice or out of order.
    """
    at = max(at, button.press.changed_at)
    button, gestures = look(button, at, times)
    if closed and button.press.is_over(at):
        button = _counted(button, times)
    if closed and not button.press.on:
        pauses = at - button.press.changed_at >= times.code_end_s
        ends = button.press.counted or (pauses and not button.chatters(at))
        button = replace(button, restless=(at if ends else button.restless[0], at))
    press, _ = hold.edge(button.press, closed, at, times.hold_s)
    return replace(button, press=press), gestures


def look(button: Button, now: float, times: Times) -> tuple[Button, tuple[Gesture, ...]]:
    """The button at this moment, and the gestures until now."""
    if button.press.on:
        return _look_while_down(button, now, times)
    return _look_while_up(button, now, times)


def due(button: Button, times: Times) -> float | None:
    """When to look again, or ``None`` if only an edge can change anything."""
    press = button.press
    dues = []
    if press.on:
        dues.append(hold.due(press, times.hold_s))
        if press.began_at is not None and not button.stuck:
            dues.append(press.began_at + times.stuck_s)
    else:
        if button.stuck:
            dues.append(press.changed_at + FREED_AFTER_S)
        if button.code.groups:
            dues.append(_last_release(button) + times.code_end_s)
    return min((time for time in dues if time is not None), default=None)


def _look_while_down(
    button: Button, now: float, times: Times
) -> tuple[Button, tuple[Gesture, ...]]:
    gestures: list[Gesture] = []
    press, held = hold.look(button.press, now, times.hold_s)
    button = replace(button, press=press)
    if held:
        gestures.append(Press.HELD)
    down_s = 0.0 if press.began_at is None else now - press.began_at
    if not button.stuck and down_s >= times.stuck_s - GRAIN_S:
        button = replace(button, stuck=True)
        gestures.append(Press.STUCK)
    return button, tuple(gestures)


def _look_while_up(button: Button, now: float, times: Times) -> tuple[Button, tuple[Gesture, ...]]:
    gestures: list[Gesture] = []
    if button.stuck and now - button.press.changed_at >= FREED_AFTER_S - GRAIN_S:
        button = replace(button, stuck=False)
        gestures.append(Press.FREED)
    if now - _last_release(button) >= times.code_end_s - GRAIN_S:
        button = _counted(button, times)
        if groups := taps.finished(button.code):
            gestures.append(CodeTapped(groups))
        button = replace(button, code=Code(ended_at=button.code.ended_at))
    return button, tuple(gestures)


def _last_release(button: Button) -> float:
    return button.press.changed_at if button.uncounted else button.code.ended_at


def _counted(button: Button, times: Times) -> Button:
    """The latest press is over: a tap, a hold that was reported, or neither."""
    press, code = button.press, button.code
    if press.began_at is None or not button.uncounted:
        return button
    if press.counted:
        code = Code(ended_at=press.changed_at)
    elif press.changed_at - press.began_at <= times.tap_s + GRAIN_S:
        code = taps.with_tap(code, press.began_at, press.changed_at, times.pause_s)
    else:
        code = replace(code, spoilt=True, ended_at=press.changed_at)
    return replace(button, code=code)
