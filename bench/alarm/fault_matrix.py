"""The fault matrix in full, lived once for all its figures. In simulated time, on every core."""

from __future__ import annotations

import math
from functools import cache

from bench.figure import say
from simulation import campaign
from simulation.cells import cells


@cache
def _lived() -> campaign.Campaign:
    lived = campaign.run(list(cells()))
    say(str(lived))
    for each in lived.broken:
        say(each)
    return lived


def fault_matrix_cells() -> float:
    """Cells lived: every step the modem is really asked in each life, with every fault."""
    return len(_lived().lived)


def fault_matrix_lost() -> float:
    """Cells in which the alarm left too late (60 s, 90 s if the fault sits in CMGS) or never."""
    return _lived().lost


def fault_matrix_worst_s() -> float:
    """Press until HQ's valid receipt or a +CMGS: of the simulated modem, s: the worst cell."""
    return _lived().worst_s


def first_cmgs_worst_s() -> float:
    """Press until the first AT+CMGS, s: the worst cell in which the modem could have taken it."""
    return _worst(_lived().first_cmgs)


def first_contact_cmgs_worst_s() -> float:
    """Press until the first contact's text was given, s: the worst cell, faults in CMGS apart."""
    return _worst(_lived().first_contact)


def sms_duplicates_beyond_unknown() -> float:
    """Texts on phones oftener than once, and once for each outcome told to be unknown."""
    return _lived().duplicates


def _worst(times: list[float | None]) -> float:
    return max((math.inf if at is None else at for at in times), default=math.inf)
