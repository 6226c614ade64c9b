"""The networks a modem finds: AT+COPS, and AT+CNETSCAN, which lists every cell (manual p. 189)."""

from outcry.hw.board.modem.at import Command, Refused
from outcry.hw.board.modem.cells import Cell
from outcry.hw.board.modem.handler import Answer, Steps, Wait, forms, says
from outcry.hw.board.modem.part import Core, Part
from outcry.hw.board.modem.registration import OPERATOR

SHORT_NAME = "Outcry"
_FORMATS = 3  # long name, short name, number


class Operators(Part):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.restart()
        self.handlers = {
            "+COPS": forms("test read set", self._answer_cops),
            "+CNETSCAN": forms("read run set", self._scans, test="(0-1)"),
        }

    def restart(self) -> None:
        self._format, self._detailed = 0, False

    def _answer_cops(self, command: Command) -> Answer:
        serving = self._registration.cells[0]
        names = (OPERATOR, SHORT_NAME, f"{serving.mcc}{serving.mnc}")
        if command.form == "test":
            listed = ",".join(f'"{name}"' for name in names)
            return says(f"+COPS: (2,{listed}),,(0-4),(0-2)")
        if command.form == "read":
            found = f'+COPS: 0,{self._format},"{names[self._format]}"'
            return says(found if self._registration.registered else "+COPS: 0")
        shown = command.number(1, self._format)
        if command.number(0) not in (0, 3) or shown >= _FORMATS:
            raise Refused
        self._format = shown
        return says()

    def _scans(self, command: Command) -> Steps:
        """The search takes the modem off its network, and it has to find it again."""
        if command.form == "read":
            return says(f"+CNETSCAN: {int(self._detailed)}")
        if command.form == "set":
            self._detailed = command.flag(0)
            return says()
        self._registration.leave()
        yield Wait(self._context.draw(self._context.timing.scan))
        self._registration.search()
        heard = self._registration.cells if self._registration.coverage else ()
        return says(*(self._listed(cell) for cell in heard))

    def _listed(self, cell: Cell) -> str:
        more = f",Lac:{cell.lac:04X},Bsic:{cell.bsic:02X}" if self._detailed else ""
        return (
            f'Operator:"{OPERATOR}",MCC:{cell.mcc},MNC:{cell.mnc},Rxlev:{cell.level},'
            f"Cellid:{cell.cell_id:04X},Arfcn:{cell.arfcn}{more}"
        )
