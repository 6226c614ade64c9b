"""Packet contexts by hand: AT+CGDCONT and AT+CGACT (manual p. 204 to 206)."""

from outcry.hw.board.modem.at import Cme, Command, Refused
from outcry.hw.board.modem.part import Core, Part
from outcry.hw.board.modem.terminal import Answer, Handler, Steps, Wait, says

PROFILES = (1, 2, 3)
NOT_ALLOWED, UNSPECIFIED = 3, 148


class Contexts(Part):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._defined: dict[int, str] = {}  # access point by profile
        self._active: set[int] = set()
        core.registration.when_lost.append(self._active.clear)
        self.handlers: dict[str, Handler] = {
            "+CGDCONT": self._answer_cgdcont,
            "+CGACT": self._answer_cgact,
        }

    def restart(self) -> None:
        self._active.clear()

    def _answer_cgdcont(self, command: Command) -> Answer:
        if command.form == "test":
            return says('+CGDCONT: (1-3),"IP",,,(0),(0,1)')
        if command.form == "read":
            known = sorted(self._defined.items())
            return says(*(f'+CGDCONT: {one},"IP","{apn}","0.0.0.0",0,0' for one, apn in known))
        profile = command.number(0)
        if command.form != "set" or profile not in PROFILES:
            raise Cme(NOT_ALLOWED)
        if len(command.args) == 1:
            self._defined.pop(profile, None)
            return says()
        if command.text(1).upper() != "IP":
            raise Cme(NOT_ALLOWED)
        self._defined[profile] = command.text(2)
        return says()

    def _answer_cgact(self, command: Command) -> Answer | Steps:
        if command.form == "test":
            return says("+CGACT: (0,1)")
        if command.form == "read":
            return says(
                *(f"+CGACT: {one},{one in self._active:d}" for one in sorted(self._defined))
            )
        wanted, profile = command.number(0), command.number(1, PROFILES[0])
        if command.form != "set" or wanted not in (0, 1):
            raise Refused
        if profile not in PROFILES or (wanted and profile not in self._defined):
            raise Cme(NOT_ALLOWED)
        return self._activates(profile) if wanted else self._deactivates(profile)

    def _activates(self, profile: int) -> Steps:
        timing = self._context.timing
        fails = not self._registration.attached
        yield Wait(self._context.draw(timing.activate_fails if fails else timing.activate))
        if fails or not self._registration.attached:
            raise Cme(UNSPECIFIED)
        self._active.add(profile)
        return says()

    def _deactivates(self, profile: int) -> Steps:
        yield Wait(self._context.draw(self._context.timing.shut))
        self._active.discard(profile)
        return says()
