"""The SIM's message store, and the commands that look into it: CPMS, CMGL, CMGR, CMGD."""

from collections.abc import Callable
from dataclasses import dataclass

from outcry.hw.board.modem.at import Cms, Command, Refused
from outcry.hw.board.modem.handler import Answer, Steps, forms, says
from outcry.hw.board.modem.part import Core, Part
from outcry.hw.board.modem.sms import pdu, text_mode, typed_message

UNREAD, READ, UNSENT, SENT, ANY = range(5)
_INVALID_INDEX, _FULL = 321, 322
_LISTED = '("SM","ME","SM_P","ME_P","MT")'  # a SIM800L then refuses ME (facts of a real module)


@dataclass
class Stored:
    """``draft`` is what a message to be sent says; one that was received has none."""

    tpdu: bytes
    status: int = UNREAD
    draft: pdu.Submit | None = None


class Storage(Part):
    def __init__(self, core: Core, when_freed: Callable[[], None]) -> None:
        super().__init__(core)
        self.handlers = {
            "+CPMS": forms("read set", self._answer_cpms, test=",".join([_LISTED] * 3)),
            "+CMGL": forms("test run set", self._answer_cmgl),
            "+CMGR": forms("set", self._answer_cmgr, test=""),
            "+CMGW": forms("run set", self._writes, test=""),
            "+CMGD": forms("test set", self._answer_cmgd),
            "+CMGDA": forms("set", self._answer_cmgda, test="(1-6)"),
        }
        self.capacity = self._options.sms_capacity
        on_the_sim: dict[int, Stored] = {}
        self._memories = dict.fromkeys(("SM", "SM_P", "MT"), on_the_sim)
        if self._options.me_storage:
            in_the_modem: dict[int, Stored] = {}
            self._memories |= dict.fromkeys(("ME", "ME_P"), in_the_modem)
        self._chosen = ["SM", "SM", "SM"]  # to read and delete, to write, to receive
        self._when_freed = when_freed
        self._service_centre = pdu.centre_address(self._options.service_centre)

    def add(self, tpdu: bytes) -> int | None:
        """The index it is stored under, or None when the store is full."""
        return self._keep(Stored(tpdu), self.memory)

    def draft(self, index: int) -> pdu.Submit:
        """The message to be sent that lies here. Raises Cms 321."""
        stored = self.messages.get(index)
        if stored is None or stored.draft is None:
            raise Cms(_INVALID_INDEX)
        return stored.draft

    def sent(self, index: int) -> None:
        if index in self.messages:
            self.messages[index].status = SENT

    def _keep(self, stored: Stored, memory: str) -> int | None:
        kept = self._memories[memory]
        for index in range(1, self.capacity + 1):
            if index not in kept:
                kept[index] = stored
                return index
        return None

    @property
    def messages(self) -> dict[int, Stored]:
        """Those in the memory that is read from now, by index."""
        return self._memories[self._chosen[0]]

    @property
    def memory(self) -> str:
        """Where new messages go, as +CMTI names it."""
        return self._chosen[2]

    def _answer_cpms(self, command: Command) -> Answer:
        if command.form == "read":
            return says("+CPMS: " + ",".join(f'"{n}",{self._used(n)}' for n in self._chosen))
        if len(command.args) > 3:
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
            names = ",".join(f'"{name}"' for name in _NAMES.values())
            return says(f"+CMGL: ({names if self._in_text() else '0-4'})")
        wanted = self._status_named(command.text(0))
        found = [each for each in sorted(self.messages.items()) if wanted in (ANY, each[1].status)]
        return says(*(f"+CMGL: {index},{self._shown(each, command)}" for index, each in found))

    def _answer_cmgr(self, command: Command) -> Answer:
        index = command.number(0)
        if not 1 <= index <= self.capacity:
            raise Cms(_INVALID_INDEX)
        stored = self.messages.get(index)
        return says() if stored is None else says(f"+CMGR: {self._shown(stored, command)}")

    def _writes(self, command: Command) -> Steps:
        """Writes to the second memory (manual p. 116): <length>[,<stat>], or a number and words."""
        if self._in_text():
            number = command.text(0) and typed_message.recipient(command, 0, self._parameters)
            message = yield from typed_message.words(number, self._parameters)
            stored = Stored(pdu.submit_octets(message), UNSENT, message) if message else None
        else:
            status = command.number(1, UNSENT)
            tpdu = yield from typed_message.transfer_unit(command)
            stored = _read(tpdu, status) if tpdu is not None else None
        if stored is None:
            return says()
        index = self._keep(stored, self._chosen[1])
        if index is None:
            raise Cms(_FULL)
        return says(f"+CMGW: {index}")

    def _answer_cmgd(self, command: Command) -> Answer:
        if command.form == "test":
            indexes = ",".join(str(index) for index in sorted(self.messages))
            return says(f"+CMGD: ({indexes}),(0-4)")
        match command.number(1, 0):
            case 0:
                index = command.number(0)
                if not 1 <= index <= self.capacity:
                    raise Cms(_INVALID_INDEX)
                self._delete([index])
            case 1 | 2 | 3 as most:
                gone = (READ, SENT, UNSENT)[:most]
                self._delete([i for i, stored in self.messages.items() if stored.status in gone])
            case 4:
                self._delete(list(self.messages))
            case _:
                raise Refused
        return says()

    def _answer_cmgda(self, command: Command) -> Answer:
        """Delete by kind (manual p. 111): read, unread, inbox or all."""
        kind = command.text(0).upper()
        if kind not in _DELETABLE:
            raise Refused
        statuses = _DELETABLE[kind]
        self._delete([i for i, stored in self.messages.items() if stored.status in statuses])
        return says()

    def _delete(self, indexes: list[int]) -> None:
        if [self.messages.pop(index) for index in indexes if index in self.messages]:
            self._when_freed()

    def _in_text(self) -> bool:
        return self._parameters.number("+CMGF") == 1

    def _shown(self, stored: Stored, command: Command) -> str:
        """What the host reads, which then counts as read unless the second argument is 1."""
        status = stored.status
        if status == UNREAD and command.text(1) != "1":
            stored.status = READ
        if self._in_text():
            details = self._parameters.number("+CSDH") == 1
            charset = self._parameters.text("+CSCS")
            name = _NAMES[status]
            if stored.draft is not None:
                return f'"{name}",{text_mode.drafted(stored.draft, charset)}'
            return f'"{name}",{text_mode.shown(stored.tpdu, charset, details)}'
        whole = (self._service_centre + stored.tpdu).hex().upper()
        return f'{status},"",{len(stored.tpdu)}\r\n{whole}'

    def _status_named(self, text: str) -> int:
        in_text = self._in_text()
        named = {name if in_text else str(status): status for status, name in _NAMES.items()}
        named[""] = UNREAD
        if text.upper() not in named:
            raise Refused
        return named[text.upper()]


_NAMES = dict(enumerate(("REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL")))
_DELETABLE = {
    **dict.fromkeys(("DEL READ", "1"), (READ,)),
    **dict.fromkeys(("DEL UNREAD", "2"), (UNREAD,)),
    **dict.fromkeys(("DEL SENT", "3"), (SENT,)),
    **dict.fromkeys(("DEL UNSENT", "4"), (UNSENT,)),
    **dict.fromkeys(("DEL INBOX", "5"), (UNREAD, READ)),
    **dict.fromkeys(("DEL ALL", "6"), (UNREAD, READ, UNSENT, SENT)),
}


def _read(tpdu: bytes, status: int) -> Stored:
    """What was typed as a PDU. Raises Cms 304 for what the status does not fit."""
    try:
        if status in (UNSENT, SENT):
            return Stored(tpdu, status, pdu.submit(tpdu))
        if status in (UNREAD, READ):
            pdu.read_deliver(tpdu)
            return Stored(tpdu, status)
    except (pdu.PduInvalid, IndexError):
        raise Cms(typed_message.BAD_PDU) from None
    raise Cms(typed_message.BAD_PDU)
