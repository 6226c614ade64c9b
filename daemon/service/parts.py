"""What the loop works with, and what is told to it."""

from __future__ import annotations

from dataclasses import dataclass

from outcry.beats import Beats
from outcry.daemon.alarm.model import Pulse
from outcry.daemon.journal import Journal
from outcry.daemon.messages.delivery import Delivery
from outcry.daemon.messages.reports import Reporter
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.runtime_cache import Memory
from outcry.daemon.service.control_socket import Asked
from outcry.daemon.service.drills import Drills
from outcry.daemon.service.supervision import Supervision
from outcry.daemon.service.systemd import Service
from outcry.daemon.touch.edges import Edge, StrapEdge
from outcry.daemon.touch.haptics import ALL
from outcry.daemon.touch.inputs import Senses
from outcry.hw.gps import Fix, Gps, NoFix
from outcry.hw.modem import Modem, ModemEvent
from outcry.hw.vibration import Vibration


@dataclass(frozen=True)
class Stop:
    """The service is asked to stop."""

    reason: str


Message = Edge | StrapEdge | Asked | Stop | Fix | NoFix | ModemEvent


@dataclass
class Parts:
    """All the loop works with. ``vibration`` is ``None`` when nothing may or can buzz.

    ``felt`` are the pulses the wearer wants, ``drill_taps`` is the code that begins a drill, and
    ``languages_complete`` says whether every contact is told in a language of their own.
    """

    outbox: Outbox
    memory: Memory
    reporter: Reporter
    delivery: Delivery
    modem: Modem
    gps: Gps
    vibration: Vibration | None
    journal: Journal
    service: Service
    beats: Beats
    senses: Senses
    supervision: Supervision
    drills: Drills
    contacts: int
    felt: frozenset[Pulse] = ALL
    drill_taps: tuple[int, ...] = (5, 5)
    languages_complete: bool = True
