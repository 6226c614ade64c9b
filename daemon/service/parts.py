"""What the loop works with, and the messages it gets."""

from dataclasses import dataclass
from typing import NamedTuple

from outcry.beats import Beats
from outcry.daemon.alarm.model import Pulse
from outcry.daemon.journal import Journal
from outcry.daemon.messages.data_delivery import DataDelivery
from outcry.daemon.messages.receipts import Receipts
from outcry.daemon.messages.reports import Reporter
from outcry.daemon.messages.sms_delivery import SmsDelivery
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.runtime_cache import Memory
from outcry.daemon.service.control_socket import Asked
from outcry.daemon.service.drills import Drills
from outcry.daemon.service.supervision import Marks, Supervision
from outcry.daemon.service.systemd import Service
from outcry.daemon.service.true_time import TrueTime
from outcry.daemon.service.whereabouts import Whereabouts
from outcry.daemon.touch.edges import Edge, StrapEdge
from outcry.daemon.touch.inputs import Senses
from outcry.hw.gps import Fix, Gps, NoFix
from outcry.hw.modem import Modem, ModemEvent
from outcry.hw.vibration import Vibration


class Stop(NamedTuple):
    reason: str


Message = Edge | StrapEdge | Asked | Stop | Fix | NoFix | ModemEvent


@dataclass(eq=False, repr=False)
class Parts:
    """All the loop works with. ``vibration`` is ``None`` without a motor that may be used.

    ``felt`` are the pulses that the wearer wants; ``languages_complete``: every contact gets texts
    in their own language; ``identity`` marks the keys and contacts that are used.
    """

    outbox: Outbox
    memory: Memory
    reporter: Reporter
    receipts: Receipts
    data: DataDelivery
    sms: SmsDelivery
    modem: Modem
    gps: Gps
    vibration: Vibration | None
    journal: Journal
    service: Service
    beats: Beats
    senses: Senses
    whereabouts: Whereabouts
    marks: Marks
    supervision: Supervision
    drills: Drills
    time: TrueTime
    contacts: int
    identity: dict[str, int]
    felt: frozenset[Pulse]
    languages_complete: bool
