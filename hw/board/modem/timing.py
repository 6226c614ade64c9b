"""How long a modem and its network take, each as a span drawn from the board's own randomness."""

from dataclasses import dataclass, fields
from random import Random
from typing import Self

Span = tuple[float, float]


@dataclass(frozen=True)
class Timing:
    """Delays in seconds, lowest and highest; the defaults are what logs of real SIM800s show.

    "TinyGSM 184" is an issue of vshymanskyy/TinyGSM, "ostaquet 18" of Arduino-SIM800L-driver.
    """

    query: Span = (0.02, 0.09)  # only asks or sets: logs in TinyGSM 184 and 197
    boot_uart: Span = (3.0, 3.0)  # power key to the first byte: hardware design V1.01 p. 23
    boot_sim: Span = (0.3, 0.8)  # belief: UART to +CPIN: READY
    boot_ready: Span = (8.0, 12.0)  # belief: power key to Call Ready and SMS Ready; some take 20
    registration: Span = (9.0, 11.0)  # power key to +CREG: 1: ostaquet 16 and 18
    registration_again: Span = (4.0, 8.0)  # belief: coverage back to +CREG: 1
    network_time: Span = (2.0, 5.0)  # belief: +CREG: 1 to *PSUTTZ
    sms_submit: Span = (3.0, 4.0)  # belief: text to +CMGS:, where the network is not busy
    sms_refusal: Span = (1.0, 2.0)  # belief: text to +CMS ERROR:
    sms_delivery: Span = (3.5, 4.5)  # belief: centre to phone
    sms_report: Span = (1.5, 2.5)  # belief: phone to +CDS:
    context: Span = (0.65, 1.3)  # CIICR, and SAPBR=1,1: TinyGSM 184
    context_fails: Span = (80.0, 85.0)  # manual p. 222
    connect: Span = (1.0, 1.4)  # belief: CIPSTART to CONNECT OK
    connect_fails: Span = (70.0, 78.0)  # belief: CIPSTART to CONNECT FAIL (manual p. 215: 75)
    one_way: Span = (0.4, 0.5)  # belief: GPRS, each direction
    function: Span = (0.5, 2.0)  # belief: CFUN=0, 1 and 4; at most 10 (manual p. 96)
    activate: Span = (3.6, 6.5)  # CGACT=1: TinyGSM 184
    activate_fails: Span = (140.0, 150.0)  # manual p. 206
    scan: Span = (15.0, 40.0)  # belief: CNETSCAN; at most 45 (manual p. 189)
    shut: Span = (0.016, 0.04)  # CIPSHUT with nothing open: TinyGSM 184 and 197, ostaquet 18
    attach: Span = (1.0, 3.0)  # belief: CGATT=0 and 1
    attach_fails: Span = (70.0, 75.0)  # manual p. 202

    @classmethod
    def instant(cls) -> Self:
        """Nothing takes any time; for tests of logic and for demos in a hurry."""
        return cls(**{each.name: (0.0, 0.0) for each in fields(cls)})


def drawn(span: Span, random: Random) -> float:
    low, high = span
    return low if low == high else random.uniform(low, high)
