"""The snapshot others read, and the event that tells of a changed condition."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from outcry.hw.modem.events import Condition, ModemEvent, ModemState, ModemStatus, ModemWarning

LOW_MV = 3600  # a supply that was too low has recovered at this

log = logging.getLogger("outcry.modem")


class StatusBoard:
    """Written by the owner's thread alone; a reader gets one frozen snapshot."""

    def __init__(self, emit: Callable[[ModemEvent], None]) -> None:
        self._emit = emit
        self.now = ModemStatus()

    def note(self, state: Condition, reason: str = "") -> None:
        """The modem's condition; told only when it has changed."""
        volts = (self.now.battery_mv or LOW_MV) / 1000
        if state is Condition.SILENT and self.now.under_voltage and volts < LOW_MV / 1000:
            reason += f"; its supply had fallen to {volts:.2f} V: charge it"
        if (state, reason) == (self.now.state, self.now.reason):
            return
        self.now = replace(self.now, state=state, reason=reason)
        if not state.registered:
            self.now = replace(self.now, signal=None, cell=None, neighbours=())
        log.info("modem: %s%s", state.value, f" ({reason})" if reason else "")
        self._emit(ModemState(state, reason))

    def measured(self, **found: Any) -> None:
        """What a poll has found, by the snapshot's own names."""
        self.now = replace(self.now, **found)

    def warned(self, **found: Any) -> None:
        """Of ``under_voltage`` or ``jamming``; False takes it back. Told when it has changed."""
        before, self.now = self.now, replace(self.now, **found)
        if self.now != before:
            for name, on in found.items():
                log.warning("modem: %s %s", name.replace("_", "-"), "begins" if on else "is over")
            self._emit(ModemWarning(self.now.under_voltage, self.now.jamming))

    def connected(self, since: float | None, trouble: str = "") -> None:
        """Since when the data path is up; None: it is down, and ``trouble`` says why."""
        if (since, trouble) != (self.now.connected_since, self.now.data_trouble):
            self.measured(data_up=since is not None, connected_since=since, data_trouble=trouble)
