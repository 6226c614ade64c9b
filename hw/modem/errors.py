"""Why a conversation with the modem ends early."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from outcry.hw.modem.ladder import Step


class ModemError(Exception):
    """The conversation cannot go on as it was."""


class PortLost(ModemError):
    """The serial device is gone or takes no bytes; check cable, power and ``modem.port``."""


class ModemSilent(ModemError):
    """The modem does not answer AT on its serial port; check power key and cable."""


class ModemReset(ModemError):
    """The modem has restarted by itself and forgotten everything it was told; check its supply."""


class ModemOff(ModemReset):
    """The modem has switched itself off and says why; until its power comes again it stays so."""


class ModemStuck(ModemError):
    """A command that cannot be aborted held the modem while a text had to leave."""


class RestartDue(ModemError):
    """The ladder has come to a restart of the modem or its radio."""

    def __init__(self, step: "Step", why: str) -> None:
        super().__init__(why)
        self.step = step


class Stopping(ModemError):
    """The owner was told to stop."""
