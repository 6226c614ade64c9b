"""The base stations a modem hears: the serving one first, then its neighbours."""

from dataclasses import dataclass


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
