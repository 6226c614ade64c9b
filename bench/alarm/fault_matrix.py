"""The fault matrix in full, lived once for all its figures. In simulated time, on every core."""

from __future__ import annotations

import math
from functools import cache

from bench.figure import say
from simulation.fault_matrix import campaign
from simulation.fault_matrix.cells import cells, sample


@cache
def lived(sampled: int | None) -> campaign.Campaign:
    """The whole matrix, or a seeded sample of so many cells."""
    lived = campaign.run(list(cells()) if sampled is None else sample(1, sampled))
    say(str(lived))
    for each in lived.broken:
        say(each)
    return lived


def fault_matrix_cells(sampled: int | None = None) -> float:
    """Cells lived: every step the modem is really asked in each life, with every fault."""
    return len(lived(sampled).lived)


def fault_matrix_lost(sampled: int | None = None) -> float:
    """Cells in which the alarm left too late or never: 60 s, and 45 s if the fault sits in CMGS.

    But for a modem that hears nothing: it has its 45 s from when it could take a text, 60 s for two
    faults in a row, and 90 s where it takes its minute for a text and no wire ends that.
    """
    return lived(sampled).lost


def fault_matrix_worst_s(sampled: int | None = None) -> float:
    """Press until HQ's valid receipt, a +CMGS: or another proof of a text, s: the worst cell."""
    return lived(sampled).worst_s


def slow_text_worst_s(sampled: int | None = None) -> float:
    """The same where the modem takes its minute for a text and no wire ends that."""
    return lived(sampled).slow_text_worst_s


def first_cmgs_worst_s(sampled: int | None = None) -> float:
    """Press until the first AT+CMGS, s: the worst cell in which the modem could have taken it."""
    return _worst(lived(sampled).first_cmgs)


def first_contact_cmgs_worst_s(sampled: int | None = None) -> float:
    """Press until the first contact's text was given, s: the worst cell, faults in CMGS apart."""
    return _worst(lived(sampled).first_contact)


def sms_duplicates_beyond_unknown(sampled: int | None = None) -> float:
    """Texts on phones oftener than once, and once for each outcome told to be unknown."""
    return lived(sampled).duplicates


def _worst(times: list[float | None]) -> float:
    return max((math.inf if at is None else at for at in times), default=math.inf)
