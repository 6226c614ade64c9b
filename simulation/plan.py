"""What will happen in a week, drawn from its own dice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from simulation.week import BEGIN_S, CALM_AT_THE_END_S, HOUR_S, Week
from simulation.world import NAMES

NO_RESOURCES = 47  # +CMS ERROR
WITHOUT_NETWORK = 3 / 7  # of the whole time, at a stretch


def plan(week: Week) -> None:
    """Everything that will happen: troubles of every kind, and a wearer in them."""
    _Plan(week).draw()


class _Plan:
    def __init__(self, week: Week) -> None:
        self._week = week
        self._dice = week.dice
        self._end = BEGIN_S + week.length_s - CALM_AT_THE_END_S

    def draw(self) -> None:
        week, dice = self._week, self._dice
        first_alarm = dice.uniform(0.05, 0.2) * self._end
        self._at(0.2 * first_alarm, week.wears_it, True)
        self._at(dice.uniform(0.3, 0.5) * first_alarm, week.practises)
        self._at(dice.uniform(0.6, 0.8) * first_alarm, week.taps_it, 5, 5)
        self._at(first_alarm, week.holds_it)
        self._without_network(first_alarm)
        self._spells(4, 600, 6 * HOUR_S, lambda ill: week.changes(receiver=not ill))
        self._spells(8, 1200, 3 * HOUR_S, lambda on: week.changes(moving=on))
        self._spells(3, 900, 5 * HOUR_S, lambda ill: week.hq_is_up(not ill))
        for how in ("dead", "silent", "refused", "rubbish", "connecting"):
            self._spells(1, 300, 2 * HOUR_S, partial(self._data_is_ill, how))
        self._spells(2, 300, 2400, week.is_mute)
        self._spells(2, 300, 1800, lambda ill: week.refuses_texts(NO_RESOURCES if ill else None))
        for number in NAMES:
            self._spells(1, HOUR_S, 8 * HOUR_S, partial(self._phone_is_off, number))
        self._spells(
            3, 1800, 9 * HOUR_S, partial(self._battery_is_empty, lambda: week.strikes(True))
        )
        self._spells(2, 3600, 9 * HOUR_S, partial(self._battery_is_empty, self._strikes_soon))
        self._often(6, week.strikes, False)
        self._often(3, week.is_reset)
        self._often(5, week.steps_the_clock)
        self._often(6, week.holds_it, after=first_alarm)
        self._often(3, week.taps_it, 2, 1, 2, after=first_alarm)
        self._often(2, self._is_torn)
        crashes = dice.uniform(0, self._end)
        for nth in range(5):
            self._at(crashes + nth * dice.uniform(60, 700), week.strikes, False)

        week.at(BEGIN_S + self._end, week.forgets_the_date)  # nothing may wait by the date
        week.at(BEGIN_S + self._end + CALM_AT_THE_END_S / 2, week.learns_the_date)

    def _without_network(self, first_alarm: float) -> None:
        week, dice = self._week, self._dice
        lasts = WITHOUT_NETWORK * week.length_s
        lost = max(first_alarm - HOUR_S, dice.uniform(0.1, 0.4) * self._end)
        self._at(lost, week.has_network, False)
        self._at(lost + lasts, week.has_network, True)
        for deed in (
            week.holds_it,
            partial(week.taps_it, 3, 1),
            week.holds_it,
            partial(week.strikes, False),
        ):
            self._at(lost + dice.uniform(0, lasts), deed)

    def _spells(
        self, number: int, shortest_s: float, longest_s: float, deed: Callable[[bool], None]
    ) -> None:
        """This many spells, each in its own part of the week: ``deed(True)``, later ``deed(False)``."""
        part = self._end / number
        for n in range(number):
            lasts = self._dice.uniform(shortest_s, min(longest_s, 0.8 * part))
            at = self._dice.uniform(n * part, (n + 1) * part - lasts)
            self._at(at, deed, True)
            self._at(at + lasts, deed, False)

    def _often(
        self, number: int, deed: Callable[..., None], *details: Any, after: float = 0.0
    ) -> None:
        for _ in range(number):
            self._at(self._dice.uniform(after, self._end), deed, *details)

    def _at(self, when: float, deed: Callable[..., None], *details: Any) -> None:
        if when < self._end:
            self._week.at(BEGIN_S + when, partial(deed, *details))

    def _data_is_ill(self, how: str, ill: bool) -> None:
        self._week.has_data(how if ill else "on")

    def _phone_is_off(self, number: str, off: bool) -> None:
        self._week.board.centre.switch(number, not off)

    def _battery_is_empty(self, empties: Callable[[], None], empty: bool) -> None:
        if empty:
            empties()
        else:
            self._week.is_switched_on()

    def _strikes_soon(self) -> None:
        """During a write, just when the button is held."""
        self._week.strikes_at_write(self._dice.choice(("before", "after")))
        self._week.holds_it()

    def _is_torn(self) -> None:
        self._week.wears_it(False)
        self._week.at(self._week.now + 900, partial(self._week.wears_it, True))
