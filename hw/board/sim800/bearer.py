"""The bearer under the modem's own HTTP: AT+SAPBR (manual p. 240 and 241).

A profile apart from CSTT and CIICR: what is up there is not up here.
"""

from enum import IntEnum
from typing import Literal

from outcry.hw.board.modem.at import Command, NotAllowed, Refused
from outcry.hw.board.modem.handler import Answer, Signal, Steps, Wait, forms, says
from outcry.hw.board.modem.part import Core, Part
from outcry.hw.board.sim800.tcp import ADDRESS

State = Literal["closed", "connecting", "connected"]
PROFILES = (1, 2, 3)
_SHOWN = {"connecting": 0, "connected": 1, "closed": 3}
_TAGS = ("CONTYPE", "PHONENUM", "APN", "USER", "PWD", "RATE")


class Order(IntEnum):
    """The first value of AT+SAPBR."""

    CLOSE = 0
    OPEN = 1
    QUERY = 2
    SET = 3
    GET = 4
    KEEP = 5


class Bearer(Part):
    """One profile can be open at a time, as the network gives one address."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.state: State = "closed"
        self.lost = Signal()
        """Told when the open bearer goes; a new one each time it opens."""
        self._profile = PROFILES[0]
        self._kept = {profile: dict.fromkeys(_TAGS, "") for profile in PROFILES}
        self._values = {profile: dict(values) for profile, values in self._kept.items()}
        core.registration.when_lost.insert(0, self.deactivate)  # told before +PDP: DEACT
        listed = '(0-5),(1-3),"ConParamTag","ConParamValue"'
        self.handlers = {"+SAPBR": forms("set", self._answer, test=listed)}

    def connected(self, profile: int) -> bool:
        return self.state == "connected" and self._profile == profile

    def deactivate(self) -> None:
        """The network takes the bearer away: +SAPBR 1: DEACT, if it was up."""
        was_up = self.state == "connected"
        self._end()
        if was_up:
            self._terminal.urc(f"+SAPBR {self._profile}: DEACT")

    def restart(self) -> None:
        """The modem has restarted: what SAPBR=5 kept is all that is known."""
        self._end()
        self._values = {profile: dict(values) for profile, values in self._kept.items()}

    def _end(self) -> None:
        self.state = "closed"
        self.lost.tell()

    def _answer(self, command: Command) -> Answer | Steps:
        profile = command.number(1)
        if profile not in PROFILES:
            raise NotAllowed
        match command.number(0):
            case Order.SET:
                return self._set(profile, command)
            case Order.OPEN:
                return self._opens(profile)
            case Order.CLOSE:
                return self._closes(profile)
            case Order.QUERY:
                state = self.state if profile == self._profile else "closed"
                address = ADDRESS if state == "connected" else "0.0.0.0"
                return says(f'+SAPBR: {profile},{_SHOWN[state]},"{address}"')
            case Order.GET:
                known = [f"{tag}: {value}" for tag, value in self._values[profile].items()]
                return says("\r\n".join(["+SAPBR:", *known]))
            case Order.KEEP:
                self._kept[profile] = dict(self._values[profile])
                return says()
        raise NotAllowed

    def _set(self, profile: int, command: Command) -> Answer:
        tag = command.text(2).upper()
        if tag not in _TAGS or len(command.args) != 4:
            raise NotAllowed
        self._values[profile][tag] = command.text(3)
        return says()

    def _opens(self, profile: int) -> Steps:
        if self.state != "closed":
            raise NotAllowed
        self.state, self._profile = "connecting", profile
        timing = self._context.timing
        fails = not self._registration.attached
        yield Wait(self._context.draw(timing.context_fails if fails else timing.context))
        if fails or self.state != "connecting":
            self.state = "closed"
            raise Refused
        self.state, self.lost = "connected", Signal()
        return says()

    def _closes(self, profile: int) -> Steps:
        if not self.connected(profile):
            raise Refused
        yield Wait(self._context.draw(self._context.timing.shut))
        self._end()
        return says()
