"""The SIM800: one owner of the serial port, through which every AT byte goes."""

from outcry.hw.modem.errors import PortLost
from outcry.hw.modem.events import (
    Cell,
    Condition,
    DataPath,
    ModemEvent,
    ModemState,
    ModemStatus,
    ModemWarning,
    Outcome,
    PostAnswered,
    PostFailed,
    SmsLeaving,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from outcry.hw.modem.owner import Modem
from outcry.hw.modem.port import Port, open_serial
from outcry.hw.modem.settings import ModemSettings, SaidPins

__all__ = [
    "Cell",
    "Condition",
    "DataPath",
    "Modem",
    "ModemEvent",
    "ModemSettings",
    "ModemState",
    "ModemStatus",
    "ModemWarning",
    "Outcome",
    "Port",
    "PortLost",
    "PostAnswered",
    "PostFailed",
    "SaidPins",
    "SmsLeaving",
    "SmsOutcome",
    "SmsReceived",
    "SmsReport",
    "open_serial",
]
