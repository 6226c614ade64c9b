"""Packet contexts by hand: AT+CGDCONT and AT+CGACT (manual p. 204 to 206)."""

from outcry.hw.board.modem.at import Cme, Command, NotAllowed
from outcry.hw.board.modem.handler import Answer, Steps, Wait, forms, says
from outcry.hw.board.modem.part import Core, Part

PROFILES = (1, 2, 3)
UNSPECIFIED = 148


class Contexts(Part):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._defined: dict[int, str] = {}  # access point by profile
        self._active: set[int] = set()
        core.registration.when_lost.append(self._active.clear)
        self.handlers = {
            "+CGDCONT": forms("read set", self._defines, test='(1-3),"IP",,,(0),(0,1)'),
            "+CGACT": forms("read set", self._activates, test="(0,1)"),
        }

    def restart(self) -> None:
        self._active.clear()

    def _defines(self, command: Command) -> Answer:
        if command.form == "read":
            known = sorted(self._defined.items())
            return says(*(f'+CGDCONT: {one},"IP","{apn}","0.0.0.0",0,0' for one, apn in known))
        profile = command.number(0)
        if profile not in PROFILES:
            raise NotAllowed
        if len(command.args) == 1:
            self._defined.pop(profile, None)
            return says()
        if command.text(1).upper() != "IP":
            raise NotAllowed
        self._defined[profile] = command.text(2)
        return says()

    def _activates(self, command: Command) -> Steps:
        if command.form == "read":
            known = sorted(self._defined)
            return says(*(f"+CGACT: {one},{one in self._active:d}" for one in known))
        wanted, profile = command.flag(0), command.number(1, PROFILES[0])
        if profile not in PROFILES or (wanted and profile not in self._defined):
            raise NotAllowed
        timing = self._context.timing
        if not wanted:
            yield Wait(self._context.draw(timing.shut))
            self._active.discard(profile)
            return says()
        fails = not self._registration.attached
        yield Wait(self._context.draw(timing.activate_fails if fails else timing.activate))
        if fails or not self._registration.attached:
            raise Cme(UNSPECIFIED)
        self._active.add(profile)
        return says()
