"""AT+SJDR: the detector that tells of jamming (manual p. 180 to 182)."""

from typing import Literal

from outcry.hw.board.modem.at import Command
from outcry.hw.board.modem.handler import Answer, says
from outcry.hw.board.modem.part import Core, Part
from outcry.hw.board.modem.schedule import Planned

Noise = Literal["none", "jamming", "interference"]
NOISES: tuple[Noise, ...] = ("none", "jamming", "interference")
REPEATED_S = 3.0  # between two reports with <display> 0: manual p. 182
UNSOLICITED = 1  # <mode>; with 0 the modem tells only when it is asked
_WORDS = {
    "none": "NO JAMMING",
    "jamming": "JAMMING DETECTED",
    "interference": "INTERFERENCE DETECTED",
}


class JammingDetector(Part):
    """What jamming does to coverage is for the network to say, not for the detector."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.noise: Noise = "none"
        self._told: Noise = "none"
        self._next: Planned | None = None
        core.registration.when_down.append(self._restart)
        self.handlers = {"+SJDR": self._answer}

    @property
    def on(self) -> bool:
        return bool(self._parameters.number("+SJDR"))

    def become(self, noise: Noise) -> None:
        self.noise = noise
        self._look()

    def _restart(self) -> None:
        """It tells from the start again."""
        self._told = "none"
        if self._next is not None:
            self._next.cancel()

    def _answer(self, command: Command) -> Answer:
        if command.form == "read":
            mode = self._parameters.shown("+SJDR") if self.on else "0"
            result = f",{NOISES.index(self.noise)}" if self.on else ""
            return says(f"+SJDR: {mode}{result}")
        answer = self._parameters.answer(command)
        if command.form == "set":
            self._restart()
            self._context.schedule.after(0, self._look)
            if self._tells_always():
                self._repeat()
            # Switched on before registration, it keeps that from happening (manual p. 182).
            self._registration.hold_back(self.on and not self._registration.registered)
        return answer

    def _tells(self) -> bool:
        return self.on and self._parameters.number("+SJDR", 1) == UNSOLICITED

    def _tells_always(self) -> bool:
        return self._tells() and not self._parameters.number("+SJDR", 3)

    def _look(self) -> None:
        """Tell of a change, if that is what was asked for."""
        if not self._tells() or self._tells_always() or self.noise == self._told:
            return
        self._told = self.noise
        self._tell()

    def _repeat(self) -> None:
        def again() -> None:
            self._tell()
            self._repeat()

        self._next = self._context.schedule.after(REPEATED_S, again)

    def _tell(self) -> None:
        self._terminal.urc(f"+SJDR: {_WORDS[self.noise]}")
