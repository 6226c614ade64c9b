"""The modem's messages: sending (CMGS), what arrives (+CMTI, +CMT), delivery reports (+CDS)."""

from dataclasses import replace
from functools import partial

from outcry.hw.board.modem.at import Cms, Command, NotAllowed, Refused
from outcry.hw.board.modem.handler import Answer, Handler, Steps, Wait, forms, says
from outcry.hw.board.modem.part import Core, Part
from outcry.hw.board.modem.sms import pdu, text_mode, typed_message
from outcry.hw.board.modem.sms.centre import Centre
from outcry.hw.board.modem.sms.storage import Storage

SIM_BUSY, NO_CENTRE, NO_NETWORK, NETWORK_TIMEOUT, NOTHING_TO_ACKNOWLEDGE = 314, 330, 331, 332, 340
_ONLY_WHEN_READY = ("+CMGF", "+CSCS", "+CNMI", "+CSMP", "+CSDH")
_BUFFERED_AT_MOST = 64  # belief: unsolicited lines kept while CNMI says to


class Sms(Part):
    """A subscriber of the centre, and the handlers of the message commands."""

    def __init__(self, core: Core, number: str, centre: Centre) -> None:
        super().__init__(core)
        self.number = number
        self.refusal: int | None = None  # a +CMS ERROR that every CMGS gets, on demand
        self._centre = centre
        self._service_centre = self._options.service_centre
        self._reference = 0
        self._service = 0  # +CSMS
        self._buffered: list[str] = []
        fetch = partial(centre.alert, number)
        self.storage = Storage(core, when_freed=fetch)
        core.registration.when_registered.append(fetch)
        centre.attach(self)
        handlers: dict[str, Handler] = {
            **self.storage.handlers,
            **dict.fromkeys(_ONLY_WHEN_READY, self._set),
            "+CMGS": forms("set", self._sends, test=""),
            "+CMSS": forms("set", self._sends_draft, test=""),
            "+CSCA": forms("read set", self._answer_csca, test=""),
            "+CNMA": forms("read run set", self._answer_cnma, test="(0-2)"),
            "+CSMS": forms("read set", self._answer_csms, test="(0,1)"),
        }
        self.handlers = {name: self._once_ready(each) for name, each in handlers.items()}

    # What the centre does with this modem

    def take(self, tpdu: bytes) -> bool:
        if not self._reachable():
            return False
        if self._parameters.number("+CNMI", 1) >= 2:
            self._announce("+CMT: " + self._direct(tpdu))
            return True
        index = self.storage.add(tpdu)
        if index is None:
            return False
        self._context.see("sms-stored", index=index)
        if self._parameters.number("+CNMI", 1) == 1:
            self._announce(f'+CMTI: "{self.storage.memory}",{index}')
        return True

    def report(self, tpdu: bytes) -> bool:
        if not self._reachable():
            return False
        if self._parameters.number("+CNMI", 3) == 1:
            self._announce(f"+CDS: {self._whole(tpdu)}")
        return True

    def _reachable(self) -> bool:
        return self._registration.registered and self._registration.sms_ready

    def _direct(self, tpdu: bytes) -> str:
        if self._parameters.number("+CMGF"):
            details = self._parameters.number("+CSDH") == 1
            return text_mode.shown(tpdu, self._parameters.text("+CSCS"), details)
        return f'"",{self._whole(tpdu)}'

    def _whole(self, tpdu: bytes) -> str:
        """The TPDU's length, and on the next line the centre's address and the TPDU, in hex."""
        octets = pdu.centre_address(self._service_centre) + tpdu
        return f"{len(tpdu)}\r\n{octets.hex().upper()}"

    def _announce(self, line: str) -> None:
        if self._parameters.number("+CNMI", 0):
            self._terminal.urc(line)
        elif len(self._buffered) < _BUFFERED_AT_MOST:
            self._buffered.append(line)

    def _once_ready(self, handler: Handler) -> Handler:
        """Message commands fail until SMS Ready."""

        def guarded(command: Command) -> Answer | Steps:
            if self._registration.sms_ready:
                return handler(command)
            if command.name in _ONLY_WHEN_READY:
                raise NotAllowed
            raise Cms(self._registration.sim.trouble() or SIM_BUSY)

        return guarded

    def _set(self, command: Command) -> Answer:
        answer = self._parameters.answer(command)
        if self._parameters.number("+CNMI", 0):
            buffered, self._buffered = self._buffered, []
            for line in buffered:
                self._terminal.urc(line)
        return answer

    def _answer_csca(self, command: Command) -> Answer:
        if command.form == "read":
            kind = 145 if self._service_centre.startswith("+") else 129
            return says(f'+CSCA: "{self._service_centre}",{kind}')
        number = command.text(0)
        if not number.removeprefix("+").isdecimal():
            raise Refused
        self._service_centre = number
        return says()

    def _answer_csms(self, command: Command) -> Answer:
        """Service 1 is GSM phase 2+, where AT+CNMA acknowledges what came directly."""
        if command.form == "read":
            return says(f"+CSMS: {self._service},1,1,1")
        self._service = int(command.flag(0))
        return says("+CSMS: 1,1,1")

    def _answer_cnma(self, command: Command) -> Answer:
        if not self._service:
            raise Cms(NOTHING_TO_ACKNOWLEDGE)
        return says()

    def _sends(self, command: Command) -> Steps:
        if self._parameters.number("+CMGF"):
            typed_message.recipient(command, 0, self._parameters)  # a bad one has no prompt
        try:
            message = yield from typed_message.message(command, self._parameters)
        except Cms as error:
            return (yield from self._refused(error.code))
        return (yield from self._sent("+CMGS", message)) if message else self._cancelled()

    def _sends_draft(self, command: Command) -> Steps:
        """What lies in the store, to its own number or to another (manual p. 118)."""
        index = command.number(0)
        message = self.storage.draft(index)
        if command.text(1):
            other = typed_message.recipient(command, 1, self._parameters)
            message = replace(message, recipient=other)
        if not message.recipient:
            raise Cms(typed_message.BAD_PDU)
        answer = yield from self._sent("+CMSS", message)
        self.storage.sent(index)
        return answer

    def _cancelled(self) -> Answer:
        self._context.see("cmgs", outcome="cancelled")
        return says() if self._options.escape_answers_ok else Answer(b"", "")

    def _sent(self, command: str, message: pdu.Submit) -> Steps:
        timing = self._context.timing
        if not self._service_centre:
            return (yield from self._refused(NO_CENTRE))
        if self.refusal is not None:
            return (yield from self._refused(self.refusal))
        if self._off_network():
            return (yield from self._refused(NO_NETWORK))
        yield Wait(self._context.draw(timing.sms_submit))
        if self._off_network():
            return (yield from self._refused(NETWORK_TIMEOUT))
        self._reference = self._reference % 255 + 1
        name = self._centre.submit(self.number, message, self._reference)
        outcome = f"{command}: {self._reference}"
        self._context.see("cmgs", outcome=outcome, id=name)
        return says(outcome)

    def _off_network(self) -> bool:
        registration = self._registration
        by_packets_alone = self._parameters.number("+CGSMS") == 0
        return not (registration.attached if by_packets_alone else registration.registered)

    def _refused(self, code: int) -> Steps:
        yield Wait(self._context.draw(self._context.timing.sms_refusal))
        self._context.see("cmgs", outcome=f"+CMS ERROR: {code}")
        raise Cms(code)
