"""What the wearer feels: a pattern of pulses for each thing worth knowing, told apart by counting.

One: raised. Two: HQ has it. Three, long: a person has it. Four, quick: the code
is on its way. Five: a drill has begun. One very long: nobody could be reached
yet. Counting works through a jacket and with a racing heart. Differences of
length do not, so only the first and the last pattern differ by length alone,
and the last is four times as long. A pattern that another one interrupts would
be miscounted, so each is played to its end; only "raised" does not wait.
"""

from outcry.daemon.alarm.model import Pulse
from outcry.hw.vibration import Pattern

PATTERNS = {
    Pulse.RAISED: Pattern(pulses=1, on_s=0.5, off_s=0.2, at_once=True),
    Pulse.STORED: Pattern(pulses=2, on_s=0.2, off_s=0.2),
    Pulse.ACKNOWLEDGED: Pattern(pulses=3, on_s=0.6, off_s=0.3),
    Pulse.WITHDRAWN: Pattern(pulses=4, on_s=0.15, off_s=0.15),
    Pulse.DRILL: Pattern(pulses=5, on_s=0.3, off_s=0.3),
    Pulse.UNREACHED: Pattern(pulses=1, on_s=2.0, off_s=0.2),
}

TRIAL = Pattern(pulses=1, on_s=0.2, off_s=0.2)
"""For a maintainer who checks the motor; like none of the above."""

ALL = frozenset(Pulse)
FEW = frozenset({Pulse.RAISED, Pulse.ACKNOWLEDGED})
"""For a wearer whom a buzz can betray: only that it was raised, and that a person knows."""
