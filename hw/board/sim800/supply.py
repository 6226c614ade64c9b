"""The modem's supply: AT+CBC, the warnings of AT+CBATCHK, AT+CPOWD, and what low voltage does.

Limits and lines, spelling included: SIM800L Hardware Design V1.00, p. 21 to 25.
"""

from collections.abc import Callable

from outcry.hw.board.modem.at import Command
from outcry.hw.board.modem.handler import Answer, forms, says
from outcry.hw.board.modem.part import Core, Part

USUAL_MV = 3986  # a charged cell under load
DEAD_MV = 3000  # belief: the processor stops without a word (p. 21: never lower)
FULL_MV, EMPTY_MV = 4100, 3400  # what +CBC calls 100 and 0 percent


class Supply(Part):
    """``power_down`` switches the modem off; ``power_on`` is the board's own, when power is back."""

    def __init__(
        self, core: Core, power_down: Callable[[], None], power_on: Callable[[], None]
    ) -> None:
        super().__init__(core)
        self.millivolts = USUAL_MV
        self._power_down = power_down
        self._power_on = power_on
        self.handlers = {
            "+CBC": forms("read run set", self._answer_cbc, test="(0-2),(1-100),(voltage)"),
            "+CBATCHK": self._answer_cbatchk,
            "+CPOWD": forms("set", self._answer_cpowd),
        }

    @property
    def dead(self) -> bool:
        return self.millivolts < DEAD_MV

    def become(self, millivolts: int) -> None:
        """Change the voltage. A brown-out below 3.0 V resets: back above it, the modem starts."""
        was_dead, before = self.dead, _zone(self.millivolts)
        self.millivolts = millivolts
        if self.dead:
            self._power_down()
        elif was_dead:
            self._power_on()
        elif self._parameters.number("+CBATCHK") and self._terminal.listening:
            self._warn(before)

    def _warn(self, before: str) -> None:
        zone = _zone(self.millivolts)
        if zone == before or not zone:
            return
        self._terminal.urc(zone)
        if zone.endswith("POWER DOWN"):
            self._power_down()

    def _answer_cbatchk(self, command: Command) -> Answer:
        """From now on, or no longer, the voltage is watched."""
        answer = self._parameters.answer(command)
        if command.form == "set" and self._parameters.number("+CBATCHK"):
            self._context.schedule.after(0, lambda: self._warn(""))
        return answer

    def _answer_cbc(self, command: Command) -> Answer:
        charge = (self.millivolts - EMPTY_MV) * 100 // (FULL_MV - EMPTY_MV)
        return says(f"+CBC: 0,{min(100, max(0, charge))},{self.millivolts}")

    def _answer_cpowd(self, command: Command) -> Answer:
        """Power down; only the power key or the board's reset brings the modem back."""
        says_so = command.flag(0)
        self._power_down()
        return says("NORMAL POWER DOWN", final="") if says_so else Answer(b"", "")


def _zone(millivolts: int) -> str:
    """What the modem says of this voltage; nothing when it is as it should be."""
    if millivolts < 3400:
        return "UNDER-VOLTAGE POWER DOWN"
    if millivolts <= 3500:
        return "UNDER-VOLTAGE WARNNING"
    if millivolts > 4400:
        return "OVER-VOLTAGE POWER DOWN"
    return "OVER-VOLTAGE WARNNING" if millivolts >= 4300 else ""
