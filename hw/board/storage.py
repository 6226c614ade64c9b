"""The SIM's message store, and the commands that look into it: CPMS, CMGL, CMGR, CMGD."""

from dataclasses import dataclass

from outcry.hw.board import textmode
from outcry.hw.board.at import Cms, Command, Refused
from outcry.hw.board.options import Options
from outcry.hw.board.parameters import Parameters
from outcry.hw.board.terminal import Answer, Handler, says

UNREAD, READ, ANY = 0, 1, 4
_INVALID_INDEX = 321


@dataclass
class Stored:
    tpdu: bytes
    status: int = UNREAD


class Storage:
    def __init__(self, parameters: Parameters, options: Options, service_centre: bytes) -> None:
        self.handlers: dict[str, Handler] = {
            "+CPMS": self._answer_cpms,
            "+CMGL": self._answer_cmgl,
            "+CMGR": self._answer_cmgr,
            "+CMGD": self._answer_cmgd,
            "+CMGDA": self._answer_cmgda,
        }
        self.capacity = options.sms_capacity
        self._memories: dict[str, dict[int, Stored]] = {"SM": {}}
        if options.me_storage:
            self._memories["ME"] = {}
        self._chosen = ["SM", "SM", "SM"]  # to read and delete, to write, to receive
        self._freed = False
        self._parameters = parameters
        self._service_centre = service_centre

    def add(self, tpdu: bytes) -> int | None:
        """The index it is stored under, or None when the store is full."""
        received = self._memories[self.memory]
        for index in range(1, self.capacity + 1):
            if index not in received:
                received[index] = Stored(tpdu)
                return index
        return None

    @property
    def messages(self) -> dict[int, Stored]:
        """Those in the memory that is read from now, by index."""
        return self._memories[self._chosen[0]]

    def freed(self) -> bool:
        """Whether room was made since this was last asked."""
        freed, self._freed = self._freed, False
        return freed

    @property
    def memory(self) -> str:
        """Where new messages go, as +CMTI names it."""
        return self._chosen[2]

    def _answer_cpms(self, command: Command) -> Answer:
        if command.form == "test":
            # A SIM800L lists what it then refuses (facts of a real module).
            listed = '("SM","ME","SM_P","ME_P","MT")'
            return says(f"+CPMS: {listed},{listed},{listed}")
        if command.form == "read":
            return says("+CPMS: " + ",".join(f'"{n}",{self._used(n)}' for n in self._chosen))
        if command.form != "set" or len(command.args) > 3:
            raise Refused
        wanted = [command.text(position) for position in range(len(command.args))]
        if not all(name in self._memories for name in wanted):
            raise Cms(302)
        self._chosen[: len(wanted)] = wanted
        return says("+CPMS: " + ",".join(self._used(name) for name in self._chosen))

    def _used(self, name: str) -> str:
        return f"{len(self._memories[name])},{self.capacity}"

    def _answer_cmgl(self, command: Command) -> Answer:
        if command.form == "test":
            return says(f"+CMGL: {self._statuses()}")
        if command.form not in ("run", "set"):
            raise Refused
        wanted = self._status_named(command.text(0))
        lines = []
        for index, stored in sorted(self.messages.items()):
            if wanted in (ANY, stored.status):
                lines.append(f"+CMGL: {index},{self._shown(stored)}")
                if command.text(1) != "1":
                    stored.status = READ
        return says(*lines)

    def _answer_cmgr(self, command: Command) -> Answer:
        if command.form == "test":
            return says()
        if command.form != "set":
            raise Refused
        index = command.number(0)
        if not 1 <= index <= self.capacity:
            raise Cms(_INVALID_INDEX)
        stored = self.messages.get(index)
        if stored is None:
            return says()
        shown = says(f"+CMGR: {self._shown(stored)}")
        if command.text(1) != "1":
            stored.status = READ
        return shown

    def _answer_cmgd(self, command: Command) -> Answer:
        if command.form == "test":
            indexes = ",".join(str(index) for index in sorted(self.messages))
            return says(f"+CMGD: ({indexes}),(0-4)")
        if command.form != "set":
            raise Refused
        match command.number(1, 0):
            case 0:
                index = command.number(0)
                if not 1 <= index <= self.capacity:
                    raise Cms(_INVALID_INDEX)
                self._delete([index])
            case 1 | 2 | 3:
                self._delete([i for i, stored in self.messages.items() if stored.status == READ])
            case 4:
                self._delete(list(self.messages))
            case _:
                raise Refused
        return says()

    def _answer_cmgda(self, command: Command) -> Answer:
        """Delete by kind (manual p. 111): read, unread, inbox or all."""
        if command.form == "test":
            return says("+CMGDA: (1-6)")
        kind = command.text(0).upper()
        if command.form != "set" or kind not in _DELETABLE:
            raise Refused
        statuses = _DELETABLE[kind]
        self._delete([i for i, stored in self.messages.items() if stored.status in statuses])
        return says()

    def _delete(self, indexes: list[int]) -> None:
        for index in indexes:
            self._freed |= self.messages.pop(index, None) is not None

    def _in_text(self) -> bool:
        return self._parameters.number("+CMGF") == 1

    def _shown(self, stored: Stored) -> str:
        if self._in_text():
            details = self._parameters.number("+CSDH") == 1
            charset = self._parameters.text("+CSCS")
            return f'"{_NAMES[stored.status]}",{textmode.shown(stored.tpdu, charset, details)}'
        pdu = (self._service_centre + stored.tpdu).hex().upper()
        return f'{stored.status},"",{len(stored.tpdu)}\r\n{pdu}'

    def _status_named(self, text: str) -> int:
        if self._in_text():
            names = {**{name: status for status, name in _NAMES.items()}, "ALL": ANY, "": UNREAD}
            if text.upper() not in names:
                raise Refused
            return names[text.upper()]
        if text not in ("", "0", "1", "2", "3", "4"):
            raise Refused
        return int(text or "0")

    def _statuses(self) -> str:
        if not self._in_text():
            return "(0-4)"
        return "(" + ",".join(f'"{name}"' for name in (*_NAMES.values(), "ALL")) + ")"


_NAMES = {0: "REC UNREAD", 1: "REC READ", 2: "STO UNSENT", 3: "STO SENT"}
_DELETABLE = {
    **dict.fromkeys(("DEL READ", "1"), (READ,)),
    **dict.fromkeys(("DEL UNREAD", "2"), (UNREAD,)),
    **dict.fromkeys(("DEL SENT", "3", "DEL UNSENT", "4"), ()),
    **dict.fromkeys(("DEL INBOX", "5", "DEL ALL", "6"), (UNREAD, READ)),
}
