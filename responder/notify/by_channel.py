"""The performer that tells contacts and duty officers by their channels."""

from __future__ import annotations

from outcry.responder.dispatch.outbox import Call
from outcry.responder.dispatch.workers import Lane
from outcry.responder.notify.messages import Briefer
from outcry.responder.rules.calls import ToContact, ToOfficers
from outcry.responder.rules.events import Came, Outcome
from outcry.responder.storage.store import Store
from outcry.responder.transports.apprise import Channels


class Notifying:
    """Each address is a lane of its own: a service that hangs delays nobody else."""

    def __init__(self, database: Store, briefer: Briefer, channels: Channels) -> None:
        self._store = database
        self._briefer = briefer
        self._channels = channels

    def lane(self, call: Call) -> Lane:
        """One for each alarm and target."""
        return Lane("channels", f"{call.alarm} {call.target}")

    def limit_s(self, call: Call) -> float:
        """That of the channels."""
        return self._channels.limit_s

    def perform(self, call: Call) -> Came:
        """Tell."""
        target = call.target
        assert isinstance(target, ToContact | ToOfficers)
        try:
            with self._store.read() as connection:
                said = self._briefer.message(connection, call.alarm, target)
        except KeyError:
            return Came(Outcome.FAILED, "this channel is in no plan any more")
        return self._channels.attempt(said.address, said.title, said.body)
