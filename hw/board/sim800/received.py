"""What came over TCP and how the host gets it: at once, or on demand (CIPRXGET; manual p. 235)."""

from outcry.hw.board.modem.at import Command, NotAllowed, Refused
from outcry.hw.board.modem.handler import Answer, says
from outcry.hw.board.modem.part import Core, Part

GET, GET_HEX, HOW_MUCH = 2, 3, 4
LIMITS = {GET: 1460, GET_HEX: 730}  # bytes of data in one answer


class Received(Part):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._data = bytearray()
        self._on_demand = False

    def restart(self) -> None:
        self._data.clear()
        self._on_demand = False

    def clear(self) -> None:
        self._data.clear()

    def arrived(self, data: bytes) -> None:
        """Data while some is unread is not announced again."""
        if not self._on_demand:
            head = f"\r\n+IPD,{len(data)}:" if self._parameters.number("+CIPHEAD") else ""
            self._terminal.raw(head.encode() + data)
            return
        was_empty = not self._data
        self._data += data
        if was_empty:
            self._terminal.urc("+CIPRXGET: 1")

    def answer(self, command: Command, *, connected: bool) -> Answer:
        """AT+CIPRXGET; the mode cannot be changed while connected."""
        if command.form == "read":
            return says(f"+CIPRXGET: {int(self._on_demand)}")
        mode = command.number(0)
        if mode > HOW_MUCH:
            raise Refused
        if mode not in (GET, GET_HEX, HOW_MUCH):
            if connected:
                raise NotAllowed
            self._on_demand = bool(mode)
            return says()
        if not self._on_demand:
            raise NotAllowed
        if mode == HOW_MUCH:
            return says(f"+CIPRXGET: 4,{len(self._data)}")
        wanted = command.number(1, LIMITS[mode])
        if not 1 <= wanted <= LIMITS[mode]:
            raise NotAllowed
        return self._taken(mode, wanted)

    def _taken(self, mode: int, wanted: int) -> Answer:
        data = bytes(self._data[:wanted])
        del self._data[:wanted]
        head = f"\r\n+CIPRXGET: {mode},{len(data)},{len(self._data)}\r\n".encode()
        return Answer(head + (data if mode == GET else data.hex().upper().encode()))
