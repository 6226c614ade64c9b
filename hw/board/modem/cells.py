"""The base stations a modem hears, and AT+CENG, which lists them (manual p. 154 and 341)."""

from collections.abc import Callable
from dataclasses import dataclass

from outcry.hw.board.modem.at import Command
from outcry.hw.board.modem.parameters import Parameters
from outcry.hw.board.modem.terminal import Answer, Terminal, says

NEIGHBOURS_MOST = 6  # lines after the serving cell's
ON_CHANGE, SHORT = 2, 3  # values of AT+CENG=<mode>


@dataclass(frozen=True)
class Cell:
    """One base station as heard here.

    ``level`` is the received level, 0 to 63 above -110 dBm; ``bsic`` 0 to 63. ``cell_id`` and
    ``lac`` have 16 bits.
    """

    lac: int
    cell_id: int
    arfcn: int = 81
    level: int = 55
    bsic: int = 31
    mcc: str = "001"
    mnc: str = "01"

    def __post_init__(self) -> None:
        if not (0 <= self.lac <= 0xFFFF and 0 <= self.cell_id <= 0xFFFF):
            raise ValueError("an area code and a cell's number have 16 bits")


HERE = Cell(0x00E6, 0x7A9F)
NEAR = Cell(0x00E6, 0xF2A1, arfcn=14, level=40, bsic=15)


class Cells:
    """The serving cell and its neighbours; ``heard`` says whether the modem hears any at all."""

    def __init__(
        self, terminal: Terminal, parameters: Parameters, heard: Callable[[], bool]
    ) -> None:
        self.serving = HERE
        self.neighbours: tuple[Cell, ...] = (NEAR,)
        self._terminal = terminal
        self._parameters = parameters
        self._heard = heard

    def become(self, serving: Cell, neighbours: tuple[Cell, ...]) -> None:
        """The wearer has moved. Raises ValueError for more neighbours than a SIM800 lists."""
        if len(neighbours) > NEIGHBOURS_MOST:
            raise ValueError(f"a SIM800 lists at most {NEIGHBOURS_MOST} neighbours")
        self.serving, self.neighbours = serving, neighbours
        if self._parameters.number("+CENG") == ON_CHANGE and self._heard():
            self._terminal.urc("\r\n".join(self._lines()))

    def answer(self, command: Command) -> Answer:
        if command.form != "read":
            return self._parameters.answer(command)
        mode = f"+CENG: {self._parameters.shown('+CENG')}"
        if not self._parameters.number("+CENG") or not self._heard():
            return says(mode)
        return says(mode, "\r\n".join(self._lines()))

    def _lines(self) -> list[str]:
        if self._parameters.number("+CENG") == SHORT:
            cells = [_short(cell) for cell in (self.serving, *self.neighbours)]
            cells += [",,0000,0000,00,00"] * (1 + NEIGHBOURS_MOST - len(cells))
        else:
            named = self._parameters.number("+CENG", 1) == 1
            cells = [_serving(self.serving)]
            cells += [_neighbour(cell, named) for cell in self.neighbours]
        return [f'+CENG: {number},"{cell}"' for number, cell in enumerate(cells)]


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
