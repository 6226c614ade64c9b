"""How long a modem and its network take, each as a span drawn from the board's own randomness."""

from dataclasses import dataclass, fields
from random import Random
from typing import Self

Span = tuple[float, float]


@dataclass(frozen=True)
class Timing:
    """Delays in seconds, lowest and highest; the defaults are what logs of real SIM800s show."""

    query: Span = (0.02, 0.09)  # any command that only asks or sets
    boot_uart: Span = (3.0, 3.0)  # power key to the first answered byte
    boot_sim: Span = (0.3, 0.8)  # UART to +CPIN: READY
    boot_ready: Span = (8.0, 12.0)  # power key to Call Ready and SMS Ready
    registration: Span = (9.0, 11.0)  # power key to +CREG: 1
    registration_again: Span = (4.0, 8.0)  # coverage back to +CREG: 1
    network_time: Span = (2.0, 5.0)  # +CREG: 1 to *PSUTTZ
    sms_submit: Span = (3.0, 4.0)  # text to +CMGS:
    sms_refusal: Span = (1.0, 2.0)  # text to +CMS ERROR:
    sms_delivery: Span = (3.5, 4.5)  # centre to phone
    sms_report: Span = (1.5, 2.5)  # phone to +CDS:
    context: Span = (0.65, 1.3)  # CIICR; SAPBR=1,1 takes the same
    context_fails: Span = (80.0, 85.0)  # manual p. 222
    connect: Span = (1.0, 1.4)  # CIPSTART to CONNECT OK
    connect_fails: Span = (70.0, 78.0)  # CIPSTART to CONNECT FAIL without GPRS
    one_way: Span = (0.4, 0.5)  # GPRS, each direction
    function: Span = (0.5, 2.0)  # CFUN=0, 1 and 4; at most 10 (manual p. 96)
    activate: Span = (3.6, 6.5)  # CGACT=1, in logs of real modems
    activate_fails: Span = (140.0, 150.0)  # manual p. 206
    scan: Span = (15.0, 40.0)  # CNETSCAN; at most 45 (manual p. 189)
    shut: Span = (0.016, 0.04)
    attach: Span = (1.0, 3.0)
    attach_fails: Span = (70.0, 75.0)  # manual p. 202

    @classmethod
    def instant(cls) -> Self:
        """Nothing takes any time; for tests of logic and for demos in a hurry."""
        return cls(**{each.name: (0.0, 0.0) for each in fields(cls)})


def drawn(span: Span, random: Random) -> float:
    low, high = span
    return low if low == high else random.uniform(low, high)
