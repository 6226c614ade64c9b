"""The SIM800: one owner of the serial port, through which every AT byte goes."""

from outcry.hw.modem.errors import PortLost as PortLost
from outcry.hw.modem.events import Cell as Cell
from outcry.hw.modem.events import Condition as Condition
from outcry.hw.modem.events import DataPath as DataPath
from outcry.hw.modem.events import ModemEvent as ModemEvent
from outcry.hw.modem.events import ModemState as ModemState
from outcry.hw.modem.events import ModemStatus as ModemStatus
from outcry.hw.modem.events import ModemWarning as ModemWarning
from outcry.hw.modem.events import Outcome as Outcome
from outcry.hw.modem.events import PostAnswered as PostAnswered
from outcry.hw.modem.events import PostFailed as PostFailed
from outcry.hw.modem.events import SmsLeaving as SmsLeaving
from outcry.hw.modem.events import SmsOutcome as SmsOutcome
from outcry.hw.modem.events import SmsReceived as SmsReceived
from outcry.hw.modem.events import SmsReport as SmsReport
from outcry.hw.modem.owner import Modem as Modem
from outcry.hw.modem.port import Port as Port
from outcry.hw.modem.port import SerialPort as SerialPort
from outcry.hw.modem.settings import ModemSettings as ModemSettings
from outcry.hw.said_pins import SaidPins as SaidPins
