"""What the data path does: it works, or fails in one of the ways the field has seen."""

from dataclasses import dataclass
from typing import Literal

How = Literal["on", "dead", "refused", "connecting", "silent", "rubbish"]
HOWS: tuple[How, ...] = ("on", "dead", "refused", "connecting", "silent", "rubbish")
Fate = Literal["true", "lost", "rubbish"]
"""What becomes of the bytes on a connection that stands."""
_FATES: dict[How, Fate] = {"silent": "lost", "rubbish": "rubbish"}


@dataclass(frozen=True)
class Gprs:
    """``dead``: +PDP: DEACT, and CONNECT FAIL only after long; ``refused``: CONNECT FAIL at once;
    ``connecting``: no result ever; ``silent``: connections stand and bytes vanish; ``rubbish``:
    a stranger answers in the server's place.

    ``old_only`` spares new connections, as a carrier does that forgot an idle one.
    """

    how: How = "on"
    old_only: bool = False

    @property
    def for_new(self) -> How:
        """What a connection opened now meets."""
        return "on" if self.old_only else self.how


def fate(how: How) -> Fate:
    return _FATES.get(how, "true")
