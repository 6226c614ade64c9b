"""The snapshot others read, and the event that tells of a changed condition."""

import logging
from collections.abc import Callable
from dataclasses import replace

from outcry.hw.modem.events import Cell, Condition, ModemEvent, ModemState, ModemStatus

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
            self.now = replace(self.now, signal=None, cell=None)
        log.info("modem: %s%s", state.value, f" ({reason})" if reason else "")
        self._emit(ModemState(state, reason))

    def measured(
        self,
        *,
        signal: int | None = None,
        cell: Cell | None = None,
        battery_mv: int | None = None,
    ) -> None:
        """What a poll has found; None leaves the last value."""
        now = self.now
        self.now = replace(
            now,
            signal=now.signal if signal is None else signal,
            cell=now.cell if cell is None else cell,
            battery_mv=now.battery_mv if battery_mv is None else battery_mv,
        )

    def connected(self, since: float | None) -> None:
        """Since when the data path is up; None: it is down."""
        if since != self.now.connected_since:
            self.now = replace(self.now, data_up=since is not None, connected_since=since)
