"""What a given modem, SIM and HQ need. The device path and baud rate belong to ``open_port``."""

from dataclasses import dataclass, field

from outcry.hw.at_strings import LONGEST, can_be_said, is_pin
from outcry.hw.said_pins import SaidPins


@dataclass(frozen=True)
class ModemSettings:
    """How to reach the network and HQ. All times in seconds.

    Without ``host`` there is no data path: texts only, as for HQ's own modem.
    Raises ``ValueError`` naming the setting that cannot be sent to a modem.
    """

    apn: str = ""
    apn_user: str = ""
    apn_password: str = field(default="", repr=False)
    pin: str | None = field(default=None, repr=False)
    no_pin: str = "the SIM wants a PIN, and there is none in the settings"
    """What is said of a SIM that wants one where there is no ``pin``."""
    said_pins: SaidPins = field(default_factory=SaidPins, repr=False)
    host: str | None = None
    port: int = 80
    sms_while_connecting: bool = True
    """Whether this modem takes AT+CMGS while TCP CONNECTING; if not, connecting waits for texts."""
    stale_after_s: float = 3.0
    """An old connection that gives no answer for this long is closed and opened once."""
    old_after_s: float = 60.0
    """A connection idle for longer is old: carriers drop idle ones within minutes."""
    connect_limit_s: float = 30.0
    """The modem itself may take 160 s to give up (manual p.215)."""
    answer_limit_s: float = 10.0
    poll_interval_s: float = 30.0
    texted_before: bool = False
    """Whether texts left in an earlier run of the daemon: reports of theirs may still come."""
    refused_before: str = ""
    """The code by which the last text was refused in an earlier run."""

    def __post_init__(self) -> None:
        for name in ("apn", "apn_user", "apn_password", "host"):
            if not can_be_said(getattr(self, name) or ""):
                raise ValueError(
                    f"modem {name}: at most {LONGEST} printable ASCII characters, no quotation marks"
                )
        if self.pin is not None and not is_pin(self.pin):
            raise ValueError("modem pin: 4 to 8 digits")
        if not 1 <= self.port <= 65535:
            raise ValueError("modem port: 1 to 65535")
        for name in ("stale_after_s", "connect_limit_s", "answer_limit_s", "poll_interval_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"modem {name}: more than 0 seconds")
