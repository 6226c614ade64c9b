"""AT+CENG: the serving cell and its neighbours, line by line (manual p. 154 and 341)."""

from outcry.hw.board.modem.at import Command
from outcry.hw.board.modem.cells import Cell
from outcry.hw.board.modem.handler import Answer, says
from outcry.hw.board.modem.part import Core, Part

NEIGHBOURS_MOST = 6  # lines after the serving cell's
ON_CHANGE, SHORT = 2, 3  # values of AT+CENG=<mode>


class EngineeringMode(Part):
    """Lists cells when asked, and by itself when they change, if it was told to."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.handlers = {"+CENG": self._answer}
        core.registration.when_moved.append(self._moved)

    def _moved(self) -> None:
        if self._parameters.number("+CENG") == ON_CHANGE and self._registration.registered:
            self._terminal.urc("\r\n".join(self._lines()))

    def _answer(self, command: Command) -> Answer:
        if command.form != "read":
            return self._parameters.answer(command)
        mode = f"+CENG: {self._parameters.shown('+CENG')}"
        if not self._parameters.number("+CENG") or not self._registration.registered:
            return says(mode)
        return says(mode, "\r\n".join(self._lines()))

    def _lines(self) -> list[str]:
        heard = self._registration.cells
        if self._parameters.number("+CENG") == SHORT:
            lines = [_short(cell) for cell in heard]
            lines += [",,0000,0000,00,00"] * (1 + NEIGHBOURS_MOST - len(lines))
        else:
            named = self._parameters.number("+CENG", 1) == 1
            lines = [_serving(heard[0]), *(_neighbour(cell, named) for cell in heard[1:])]
        return [f'+CENG: {number},"{line}"' for number, line in enumerate(lines)]


def _serving(cell: Cell) -> str:
    """Channel, level, quality, operator, colour, cell, access level, power, area, timing."""
    return (
        f"{cell.arfcn:04d},{cell.level:02d},00,{cell.mcc},{cell.mnc},{cell.bsic:02d},"
        f"{cell.cell_id:04x},08,05,{cell.lac:04x},255"
    )


def _neighbour(cell: Cell, named: bool) -> str:
    name = f"{cell.cell_id:04x}," if named else ""
    return (
        f"{cell.arfcn:04d},{cell.level:02d},{cell.bsic:02d},{name}"
        f"{cell.mcc},{cell.mnc},{cell.lac:04x}"
    )


def _short(cell: Cell) -> str:
    return (
        f"{cell.mcc},{cell.mnc},{cell.lac:04x},{cell.cell_id:04x},{cell.bsic:02d},{cell.level:02d}"
    )
