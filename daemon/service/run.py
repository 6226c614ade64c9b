"""Arms the button, and only then imports and starts everything else."""

import queue
from contextlib import ExitStack
from typing import TYPE_CHECKING

from outcry.daemon.settings import Settings
from outcry.daemon.touch.edges import Edge
from outcry.hw.switch import Button

if TYPE_CHECKING:
    from outcry.daemon.service.parts import Message


def run(settings: Settings, verbose: bool) -> None:
    """Watch the button until SIGTERM or SIGINT; ``verbose`` logs every step of the modem.

    Raises :class:`outcry.settings_file.SettingsInvalid` if nobody would be told of an alarm,
    and :class:`outcry.hw.pin_library.PinUnusable`.
    """
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    with ExitStack() as life:
        pin = settings.whole("button", "pin")
        button = Button(pin, lambda closed, at: messages.put(Edge(closed, at)))
        life.callback(button.close)  # last of all
        # A press from here on counts. What follows takes a Pi Zero a second or more.
        from outcry.daemon.service.life import live

        live(settings, verbose, messages, life, button)
