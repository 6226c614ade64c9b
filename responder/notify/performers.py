"""The performers that tell people: texts through HQ's modem, messages by their channels."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from outcry.envelope import Header, to_text
from outcry.receipt import make
from outcry.report import decode
from outcry.responder import journal
from outcry.responder.dispatch.outbox import Call
from outcry.responder.dispatch.workers import Lane, May
from outcry.responder.notify.messages import Briefer
from outcry.responder.rules.calls import Receipt, Reply, ToContact, ToOfficers
from outcry.responder.rules.events import Came, Outcome
from outcry.responder.storage import exhibits, store
from outcry.responder.storage.store import Store
from outcry.responder.transports.apprise import Channels
from outcry.responder.transports.sms import SmsModem

log = journal.Log("outcry.responder.texts")


def keep_words(database: Store, call: Call, now: float, text: str) -> None:
    """Write down what is about to leave; it leaves all the same where that cannot be done."""
    try:
        with database.write() as connection:
            exhibits.words(connection, call.alarm, now, call.action, text)
    except Exception as error:  # noqa: BLE001 - people first: evidence may wait, they may not
        why = journal.describe(error)
        log.tell(journal.Entry.WORDS_NOT_KEPT, alarm=call.alarm, call=call.kind, error=why)


@dataclass(frozen=True)
class Texting:
    """One lane, the modem: one text at a time, so at most one is ever in doubt."""

    store: Store
    briefer: Briefer
    modem: SmsModem
    clock: Callable[[], float]  # Unix seconds

    def lane(self, call: Call) -> Lane | None:
        """The modem; None while it can send nothing."""
        return Lane("sms", "modem") if self.modem.ready() else None

    def limit_s(self, call: Call) -> float:
        """None: a text stays with a modem that has lost its network until that is back."""
        return math.inf

    def perform(self, call: Call, may: May) -> Came:
        """Write the text from what is on disk, the same at every try, and send it."""
        try:
            number, text = self._write(call)
        except Exception as error:  # noqa: BLE001 - nothing has left; let the next text go
            why = journal.describe(error)
            log.tell(journal.Entry.TEXT_FAULT, alarm=call.alarm, text=call.id, error=why)
            return Came(Outcome.FAILED, type(error).__name__)
        keep_words(self.store, call, self.clock(), text)
        why_not = may(None)
        if why_not is not None:
            return Came(Outcome.DROPPED, why_not)
        log.tell(journal.Entry.TEXT_LEAVES, alarm=call.alarm, call=call.kind, text=call.id)
        return self.modem.send(call.id, number, text, lambda: may(None))

    def _write(self, call: Call) -> tuple[str, str]:
        with self.store.read() as connection:
            match call.target:
                case ToContact() as contact:
                    return self.briefer.text(connection, call.alarm, contact)
                case Reply() as reply:
                    return self.briefer.reply(connection, call.alarm, reply)
                case Receipt() as receipt:
                    return self._receipt(connection, receipt)
                case target:
                    raise ValueError(f"a call of the kind {target.kind} is no text")

    def _receipt(self, connection: Connection, receipt: Receipt) -> tuple[str, str]:
        number, message = store.wearer.c.number, store.message.c
        answered = select(number, message.report, message.device, message.counter)
        answered = answered.join_from(store.message, store.wearer)
        row = connection.execute(answered.where(message.id == receipt.message)).one()
        header = Header(row.device, row.counter)
        return row.number, to_text(make(decode(row.report).token, receipt.status, header))


@dataclass(frozen=True)
class Notifying:
    """Each address is a lane of its own: a service that hangs delays nobody else."""

    store: Store
    briefer: Briefer
    channels: Channels
    clock: Callable[[], float]  # Unix seconds

    def lane(self, call: Call) -> Lane:
        return Lane("channels", f"{call.alarm} {call.target}")

    def limit_s(self, call: Call) -> float:
        return self.channels.limit_s

    def perform(self, call: Call, may: May) -> Came:
        target = call.target
        assert isinstance(target, ToContact | ToOfficers)
        try:
            with self.store.read() as connection:
                said = self.briefer.message(connection, call.alarm, target)
        except KeyError:
            return Came(Outcome.FAILED, "this channel is in no plan any more")
        keep_words(self.store, call, self.clock(), f"{said.title}\n{said.body}")
        return self.channels.attempt(said.address, said.title, said.body, lambda: may(None))
