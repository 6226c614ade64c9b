"""Hands for the pin tests: they press and cut, and hear what the daemon's loop would hear."""

import queue

from pin_benches import BUTTON, STRAP

from outcry.daemon.alarm.model import CodeTapped
from outcry.daemon.touch import button, strap
from outcry.daemon.touch.button import Times
from outcry.daemon.touch.strap import StrapEvent
from outcry.hw.switch import Button, Strap

LIMIT_S = 60.0
REACTION_S = 0.3  # between a word on a terminal and a thumb


class Ear:
    """A switch and what the daemon's loop would hear from it: ``said`` has the words so far."""

    switch, judge, pin, times = Button, button, BUTTON, Times()

    def __init__(self, bench):
        self.bench = bench
        self.said = []
        self._state = self.at_first()
        self._edges = queue.SimpleQueue()
        self.device = self.switch(self.pin, lambda *edge: self._edges.put(edge), clock=bench.clock)
        self.rest(0.2)

    def at_first(self):
        return button.Button()

    def rest(self, seconds):
        """Let time pass; the loop takes edges as they come and looks when it has to."""
        self._listen(self.bench.clock() + seconds, lambda: False)

    def volts(self):
        """What a meter shows between the pin and ground."""
        return self.bench.volts(self.pin)

    def closes(self, seconds):
        """The contact is closed for so long."""
        self.bench.ground(self.pin)
        self.rest(seconds)
        self.bench.let_go(self.pin)

    def close(self):
        self.bench.let_go(self.pin)
        self.device.close()

    def _listen(self, end, enough):
        while not enough():
            now = self.bench.clock()
            due = self.device.due(self.judge.due(self._state, self.times))
            wake = end if due is None else min(due, end)
            edge = self.bench.next_edge(self._edges, max(wake, now))
            if edge is not None:
                self._take(self.judge.edge(self._state, *edge, self.times))
            elif self.device.is_told() and self._edges.empty():
                self._take(self.judge.look(self._state, self.bench.clock(), self.times))
            if edge is None and self.bench.clock() >= end:
                return

    def _take(self, answer):
        self._state, events = answer
        for event in events:
            self.said.append(word(event))


def word(event):
    match event:
        case CodeTapped(groups):
            return f"tapped {' '.join(map(str, groups))}"
        case StrapEvent():
            return f"strap{event.name.lower()}"
    return event.name.lower()


class Thumb(Ear):
    """A thumb on the button, as exact as a relay."""

    def press(self, seconds):
        """Press for so long, and then leave it alone for a moment."""
        self.closes(seconds)
        self.rest(0.2)

    def tap(self, *groups):
        """Tap this code, and wait until it is over."""
        for count in groups:
            for _ in range(count):
                self.closes(0.15)
                self.rest(0.25)
            self.rest(1.0)
        self.rest(self.times.code_end_s)

    def bounce(self, times, ms):
        """The contact closes and opens for so many milliseconds each, so often."""
        for _ in range(times):
            self.closes(ms / 1000)
            self.rest(ms / 1000)

    def struggle(self, seconds, slips, slip_ms):
        """Press for so long, letting go for moments, evenly spread."""
        stretch = (seconds - slips * slip_ms / 1000) / (slips + 1)
        for _ in range(slips):
            self.closes(stretch)
            self.rest(slip_ms / 1000)
        self.press(stretch)


class Buckle(Ear):
    """The strap's loop of wire, as exact as a relay. ``times`` is how long open is removed."""

    switch, judge, pin, times = Strap, strap, STRAP, 1.0

    def at_first(self):
        return strap.Strap()

    def fasten(self):
        """Close the loop and leave it closed for a while."""
        self.bench.ground(self.pin)
        self.rest(3.0)

    def cut(self):
        """The loop is open from now on."""
        self.bench.let_go(self.pin)
        self.rest(2.0)

    def flicker(self, times, open_ms, closed_ms):
        """The loop opens and closes for so many milliseconds each, so often."""
        for _ in range(times):
            self.bench.let_go(self.pin)
            self.rest(open_ms / 1000)
            self.bench.ground(self.pin)
            self.rest(closed_ms / 1000)


class PersonsThumb(Thumb):
    """Somebody's thumb: told when to press and when to let go."""

    say = staticmethod(print)

    def press(self, seconds):
        self.say("press the button and HOLD it")
        self._until(closed=True)
        self.rest(max(seconds - REACTION_S, 0))
        self.say("LET GO")
        self._until(closed=False)
        self.rest(0.2)

    def tap(self, *groups):
        self.say(f"TAP {' then '.join(map(str, groups))} times, a breath in between")
        self._until(closed=True)
        self.rest(sum(groups) * 0.6 + len(groups) * 2.0 + self.times.code_end_s)

    def _until(self, closed):
        end = self.bench.clock() + LIMIT_S
        self._listen(end, lambda: self.device.closed is closed)
        assert self.device.closed is closed, "nobody did it"


class PersonsBuckle(Buckle):
    """Somebody who fastens and opens the strap when told."""

    say = staticmethod(print)
    _until = PersonsThumb._until

    def fasten(self):
        self.say("FASTEN the strap")
        self._until(closed=True)
        self.rest(3.0)

    def cut(self):
        self.say("OPEN the strap, or pull its wire")
        self._until(closed=False)
        self.rest(2.0)
