"""The snapshot others read, and the event that tells of a changed condition."""

import logging
from collections.abc import Callable
from dataclasses import replace

from outcry.hw.modem.events import (
    Cell,
    Condition,
    ModemEvent,
    ModemState,
    ModemStatus,
    ModemWarning,
)

log = logging.getLogger("outcry.modem")


class StatusBoard:
    """Written by the owner's thread alone; a reader gets one frozen snapshot."""

    def __init__(self, emit: Callable[[ModemEvent], None]) -> None:
        self._emit = emit
        self.now = ModemStatus()

    def note(self, state: Condition, reason: str = "") -> None:
        """The modem's condition; told only when it has changed."""
        if (state, reason) == (self.now.state, self.now.reason):
            return
        self.now = replace(self.now, state=state, reason=reason)
        if not state.registered:
            self.now = replace(self.now, signal=None, cell=None, neighbours=())
        log.info("modem: %s%s", state.value, f" ({reason})" if reason else "")
        self._emit(ModemState(state, reason))

    def measured(
        self,
        *,
        signal: int | None = None,
        cell: Cell | None = None,
        neighbours: tuple[Cell, ...] | None = None,
        battery: tuple[int, int] | None = None,
    ) -> None:
        """What a poll has found; None leaves the last value. ``battery``: percent, millivolts."""
        now = self.now
        percent, millivolts = battery or (now.battery_percent, now.battery_mv)
        self.now = replace(
            now,
            signal=now.signal if signal is None else signal,
            cell=now.cell if cell is None else cell,
            neighbours=now.neighbours if neighbours is None else neighbours,
            battery_percent=percent,
            battery_mv=millivolts,
        )

    def warned(self, *, under_voltage: bool | None = None, jamming: bool | None = None) -> None:
        """What the modem has warned of or taken back; told when it has changed."""
        now = self.now
        for name, old, new in (
            ("under-voltage", now.under_voltage, under_voltage),
            ("jamming", now.jamming, jamming),
        ):
            if new is not None and new is not old:
                log.warning("modem: %s %s", name, "begins" if new else "is over")
        self.now = replace(
            now,
            under_voltage=now.under_voltage if under_voltage is None else under_voltage,
            jamming=now.jamming if jamming is None else jamming,
        )
        if self.now != now:
            self._emit(ModemWarning(self.now.under_voltage, self.now.jamming))

    def connected(self, since: float | None) -> None:
        """Since when the data path is up; None: it is down."""
        if since != self.now.connected_since:
            self.now = replace(self.now, data_up=since is not None, connected_since=since)
