"""The button and the strap, each judged independently of the other."""

from collections.abc import Callable
from typing import Protocol

from outcry.daemon.touch import button as gestures
from outcry.daemon.touch import strap
from outcry.daemon.touch.button import Button, Gesture, Press, Times
from outcry.daemon.touch.edges import Edge, StrapEdge
from outcry.daemon.touch.strap import Strap, StrapEvent
from outcry.report import NO_FLAGS, Flag

Event = Gesture | StrapEvent

_MARKS: dict[Event, tuple[Flag, bool]] = {  # which mark each sets or clears
    Press.STUCK: (Flag.BUTTON_STUCK, True),
    Press.FREED: (Flag.BUTTON_STUCK, False),
    StrapEvent.OPENED: (Flag.STRAP_OPEN, True),
    StrapEvent.CLOSED: (Flag.STRAP_OPEN, False),
    StrapEvent.LOOSE: (Flag.STRAP_LOOSE, True),
    StrapEvent.FIRM: (Flag.STRAP_LOOSE, False),
}
_FAULTS = {"button": Flag.BUTTON_FAULT, "strap": Flag.STRAP_FAULT}
_LOOSE = "see what presses it; else repair its wire or contact, or take another button"


class Switch(Protocol):
    """A switch whose edges come by the queue; see :class:`outcry.hw.switch.Switch`."""

    @property
    def fault(self) -> Exception | None: ...
    @property
    def closed(self) -> bool: ...
    def is_told(self) -> bool: ...
    def due(self, wanted: float | None) -> float | None: ...


class Senses:
    """The button's state and, once :meth:`watch` is called, the strap's."""

    def __init__(self, times: Times, button: Switch | None = None) -> None:
        self._times = times
        self._button = Button()
        self._strap: Strap | None = None
        self._open_s = 0.0
        self._switches = {} if button is None else {"button": button}
        self.marks = NO_FLAGS
        """What is wrong with them, for reports."""
        self.faults: dict[str, str] = {}
        """Why button or strap may not be heard now."""

    def watch(self, loop: Switch, worn: bool, open_s: float, at: float) -> None:
        """Watch the strap too, ``worn`` before or not; ``open_s`` seconds open count as opened."""
        closed = loop.closed
        self._switches["strap"] = loop
        self._open_s = open_s
        self._strap = strap.begin(closed, worn, at)
        self._mark(Flag.STRAP_OPEN, not closed)

    @property
    def worn(self) -> bool | None:
        """Whether the strap is on somebody; ``None`` without a strap."""
        return None if self._strap is None else self._strap.worn

    @property
    def pressed(self) -> bool:
        return self._button.press.on

    def hear(self, edge: Edge | StrapEdge) -> tuple[Event, ...]:
        if isinstance(edge, Edge):
            self._button, said = gestures.edge(self._button, edge.closed, edge.at, self._times)
            return self._noted(said)
        if self._strap is None:
            return ()
        self._strap, happened = strap.edge(self._strap, edge.closed, edge.at, self._open_s)
        return self._noted(happened)

    def look(self, now: float, quiet: Callable[[], bool] = lambda: True) -> tuple[Event, ...]:
        """What the time that has passed means. A switch with an edge on its way is left alone.

        ``quiet()`` says whether no edge is in the queue; it is asked after the switch, because an
        edge may come in between.
        """
        said: tuple[Event, ...] = ()
        if self._is_told("button") and quiet():
            self._button, gestured = gestures.look(self._button, now, self._times)
            said += gestured
        if self._strap is not None and self._is_told("strap") and quiet():
            self._strap, happened = strap.look(self._strap, now, self._open_s)
            said += happened
        self.faults = {each: str(at.fault) for each, at in self._switches.items() if at.fault}
        if self._button.chatters(now):
            self.faults.setdefault("button", f"{Press.CHATTERS.value} -> {_LOOSE}")
            said += () if self.marks & Flag.BUTTON_FAULT else (Press.CHATTERS,)
        for name in {"button", *self._switches}:
            self._mark(_FAULTS[name], name in self.faults)
        return self._noted(said)

    def due(self) -> float | None:
        """When to look again, unless an edge comes before."""
        dues = [self._due("button", gestures.due(self._button, self._times))]
        if self._strap is not None:
            dues.append(self._due("strap", strap.due(self._strap, self._open_s)))
        return min((due for due in dues if due is not None), default=None)

    def _due(self, name: str, wanted: float | None) -> float | None:
        switch = self._switches.get(name)
        return wanted if switch is None else switch.due(wanted)

    def _is_told(self, name: str) -> bool:
        switch = self._switches.get(name)
        return switch is None or switch.is_told()

    def _noted(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        for event in events:
            if event in _MARKS:
                self._mark(*_MARKS[event])
        return events

    def _mark(self, flag: Flag, on: bool) -> None:
        self.marks = self.marks | flag if on else self.marks & ~flag
