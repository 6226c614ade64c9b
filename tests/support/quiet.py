"""A world whose device has been heard, HQ's watch over it, and what the duty officers are told."""

from __future__ import annotations

from dataclasses import dataclass, field

from builders import kind_of
from sqlalchemy import insert, select, update

from outcry.report import NO_FLAGS, AlarmKind, Flag, MessageType
from outcry.responder.notify.notices import Notices
from outcry.responder.plans import repository
from outcry.responder.rules.events import Came, Outcome
from outcry.responder.service.silence_watch import Watch
from outcry.responder.storage import event_log, store


@dataclass
class Mouth:
    """The duty officers' channels; what they are told, and what comes of it."""

    outcome: Outcome = Outcome.DONE
    said: list[tuple[str, str, str]] = field(default_factory=list)

    def attempt(self, url: str, title: str, body: str) -> Came:
        self.said.append((url, title, body))
        return Came(self.outcome)

    @property
    def titles(self) -> list[str]:
        return [title for _, title, _ in self.said]


class Quiet:
    def __init__(self, world) -> None:
        self.world = world
        self.woken = 0
        self.mouth = Mouth()
        self.notices = Notices(
            {"desk": "ntfy://127.0.0.1/desk"}, self.mouth, "https://hq.example", world.clock
        )
        self.restarts()

    def another_watch(self) -> Watch:
        """As another process has it, or this one after a restart."""
        return Watch(self.world.hq.store, self.world.clock, self.notices, self.wakes)

    def restarts(self) -> None:
        """Another process has taken over, and looks for the first time."""
        self.watch = self.another_watch()
        self.watch.look()

    def wakes(self) -> None:
        self.woken += 1

    def beats(self, flags: Flag = NO_FLAGS) -> None:
        self.world.hq.takes(self.world.device.message(MessageType.HEARTBEAT, flags=flags))

    def copies(self, number: int) -> None:
        """So many more wearers, whose devices were heard when this one was."""
        with self.world.hq.store.write() as connection:
            wearer, beat = (
                connection.execute(select(table)).one()._asdict()
                for table in (store.wearer, store.heartbeat)
            )
            for device in range(1, number + 1):
                connection.execute(insert(store.wearer).values(wearer | {"device": device}))
                connection.execute(insert(store.heartbeat).values(beat | {"device": device}))

    def goes_by(self, seconds: float) -> None:
        """HQ listens for so long; the watch looks at the end of it, and not before."""
        self.world.clock.passes(seconds)
        with self.world.hq.store.write() as connection:
            latest = update(store.listening).values(looked_at=self.world.clock.now)
            connection.execute(latest)

    def passes(self, seconds: float, step: float = 10) -> None:
        """Looking every ten seconds, as the service does."""
        for _ in range(int(seconds // step)):
            self.goes_by(step)
            self.watch.look()

    def alarms(self) -> list[tuple[int, list[object]]]:
        with self.world.hq.store.read() as connection:
            kinds = (store.alarm.c.kind == int(AlarmKind.SILENCE),)
            order = select(store.alarm.c.id).where(*kinds).order_by(store.alarm.c.id)
            ids = connection.scalars(order).all()
            return [(id_, [kind_of(e) for e in event_log.load(connection, id_)]) for id_ in ids]

    def plans(self, document: dict[str, object]) -> None:
        with self.world.hq.store.write() as connection:
            repository.change(connection, self.world.device.enrolment.device, document, 0.0)
