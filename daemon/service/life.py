"""The daemon's life behind the button: started in order, stopped in reverse."""

import os
import queue
import signal
from contextlib import ExitStack

from outcry import __version__
from outcry.daemon.journal import Entry
from outcry.daemon.service import confinement
from outcry.daemon.service.adapters import Adapters
from outcry.daemon.service.assemble import assemble
from outcry.daemon.service.control_socket import Control
from outcry.daemon.service.parts import Message, Stop
from outcry.daemon.service.systemd import set_up_logging
from outcry.daemon.settings import Settings
from outcry.hw.switch import Button
from outcry.hw.system_errors import told


def live(
    settings: Settings,
    verbose: bool,
    messages: queue.SimpleQueue[Message],
    life: ExitStack,
    button: Button,
) -> None:
    """Start every part, run the loop until it is told to stop, and leave stopping to ``life``."""
    set_up_logging(verbose)
    os.umask(0o077)  # files are for this user alone
    adapters = Adapters(settings, messages, life, button)
    journal, service = adapters.journal, adapters.service
    journal.tell(Entry.STARTED, detail=__version__)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: messages.put(Stop(signal.Signals(number).name)))
    try:
        confinement.lock_memory()  # before there is a key in it
    except Exception as error:  # noqa: BLE001 - told, and the button is watched
        journal.tell(Entry.NOT_LOCKED, detail=told(error))
    if service.is_supervised and (path := confinement.not_withheld()):
        journal.tell(Entry.NOT_LIMITED, detail=path)
    loop = assemble(settings, adapters)
    try:
        life.callback(Control(settings.path("storage", "runtime"), messages.put).close)
    except OSError as error:
        fault = f"`outcry status` will not work: no socket ({told(error)})"
        journal.tell(Entry.PART_FAULT, detail=fault)
    loop.parts.modem.start()
    loop.parts.gps.start()
    journal.tell(Entry.ARMED)
    service.ready()
    loop.run()
    service.stopping()
