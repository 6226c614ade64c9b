"""What duty officers do about a wearer's plan: read it, change it, confirm what another has asked."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from outcry.responder.console.accounts import Officers
from outcry.responder.plans import addresses, authority, repository
from outcry.responder.plans.authority import Came, CannotConfirm, NotProven, Proposal
from outcry.responder.plans.document import PlanInvalid
from outcry.responder.plans.repository import NoSuchWearer
from outcry.responder.storage.store import Store

_DEVICE = re.compile(r"[0-9a-f]{8}\Z")
_OLD = "the plan was changed after you opened this page; open it again, and repeat what you did"


@dataclass(frozen=True, repr=False)
class PlanView:
    """A plan as a file that explains itself, its version, and the changes that wait."""

    text: str
    version: str
    waiting: tuple[Proposal, ...]


@dataclass(frozen=True)
class PlanDesk:
    """Shows plans and records what officers change in them; for any thread.

    ``clock`` gives Unix seconds; ``on_act`` is called after what was decided is on disk.
    ``schemes``: of channels, as the settings name them.
    """

    store: Store
    officers: Officers
    clock: Callable[[], float]
    on_act: Callable[[], None] = lambda: None
    schemes: tuple[str, ...] = ()

    def view(self, device: str) -> PlanView:
        """Raises :class:`NoSuchWearer`."""
        number = _number(device)
        with self.store.read() as connection:
            text = repository.as_file(connection, number)
            version = repository.version(connection, number)
            return PlanView(text, version, authority.waiting(connection, self.clock(), number))

    def change(
        self, device: str, text: str, version: str, officer: str, code: str, why: str
    ) -> Came:
        """Agree on another plan; an open alarm follows it at once.

        ``version``: of the plan whose page this comes from, if it says so. ``code``: the second
        factor again, which is asked for by :class:`NotProven` where the change weakens the plan.

        Raises :class:`NoSuchWearer`, ``PlanInvalid`` with every problem in the file,
        :class:`NotProven`, ``CodeRefused`` and ``TooSoon``.
        """
        number = _number(device)
        with self.store.read() as connection:
            agreed = repository.from_file(connection, number, text)
            before = repository.of_device(connection, number)
        addresses.look_up(addresses.new(agreed, before), self.schemes)
        try:
            return self._change(number, text, version, officer, proven=False, why=why)
        except NotProven:
            if not code:
                raise
        self.officers.prove(officer, code)
        return self._change(number, text, version, officer, proven=True, why=why)

    def _change(
        self, device: int, text: str, version: str, officer: str, *, proven: bool, why: str
    ) -> Came:
        with self.store.write() as connection:
            if version and version != repository.version(connection, device):
                raise PlanInvalid([_OLD])
            agreed = repository.from_file(connection, device, text)
            now = self.clock()
            came = authority.change(connection, device, agreed, officer, now, proven, why)
        self.on_act()
        return came

    def confirm(self, number: int, seen: str, officer: str, code: str) -> None:
        """Confirm a change that another officer has asked for, as the page had shown it.

        Raises ``CannotConfirm``, ``CodeRefused`` and ``TooSoon``.
        """
        self.officers.prove(officer, code)
        try:
            with self.store.write() as connection:
                authority.confirm(connection, number, seen, officer, self.clock())
        except PlanInvalid:  # by what was agreed meanwhile
            raise CannotConfirm from None
        self.on_act()

    def refuse(self, number: int, officer: str) -> None:
        """Refuse such a change, or take one's own back. Raises ``CannotConfirm``."""
        with self.store.write() as connection:
            authority.refuse(connection, number, officer, self.clock())
        self.on_act()


def _number(device: str) -> int:
    if not _DEVICE.match(device):
        raise NoSuchWearer
    return int(device, 16)
