"""A part of one modem: some of its commands, and what they are about."""

from dataclasses import dataclass

from outcry.hw.board.modem.context import Context
from outcry.hw.board.modem.handler import Handler
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.parameters import Parameters
from outcry.hw.board.modem.registration import Registration
from outcry.hw.board.modem.terminal import Terminal


@dataclass(frozen=True)
class Core:
    """What every part of one modem works with."""

    context: Context
    terminal: Terminal
    parameters: Parameters
    options: Options
    registration: Registration


class Part:
    handlers: dict[str, Handler]

    def __init__(self, core: Core) -> None:
        self._context = core.context
        self._terminal = core.terminal
        self._parameters = core.parameters
        self._options = core.options
        self._registration = core.registration

    def restart(self) -> None:
        """The modem has restarted or gone off: forget what it does not keep."""
