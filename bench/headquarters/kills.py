"""Kills, and stops, the responder at random moments of a running response, and counts the harm."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Self

import sqlalchemy as sa

from bench.headquarters import answering
from bench.headquarters.peer import LONGEST_DELAY_S, Peer
from bench.headquarters.postgresql import cluster, programs
from outcry import enrolment
from outcry.enrolment import Contact
from outcry.report import TOKEN_BYTES
from outcry.responder import settings
from outcry.responder.callers.gate import FRESH_S
from outcry.responder.dispatch.outbox import State
from outcry.responder.enrolment.enrol import Application, enrol
from outcry.responder.plans import repository
from outcry.responder.rules.calls import Action, ActionKind, Post, ToContact
from outcry.responder.rules.events import CallEnded, CameBy, Confirmed, Event, Outcome, Vetoed
from outcry.responder.service.assemble import Adapters, assemble
from outcry.responder.storage import alarms, event_log, store
from outcry.responder.storage.store import Store
from outcry.responder.transports import apprise
from stage import reports

ROOT = Path(__file__).parents[2]
ALARMS = 12
ALARMS_AT_ONCE, WEARERS = 20, 200
KILLS_A_RUN = 4
SEED = 500  # of the first run: the tests have those from 0
_FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
RUNS, STOPS = (60, 40) if _FULL else (6, 4)
REQUESTS_A_LIFE = 25  # at most, of the about 90 of a run
MISFORTUNES = (
    *("killed",) * 3,
    "callers_killed",
    "stopped",
    "hung",
    "full",
    "locked",
    "stepped",
)
SOON_S = 150.0  # by the campaign's clock; what is due later waits for a look at what may be out
PEOPLE = ("Ben", "Cleo", "Dana")
SETTLES_WITHIN_S = 600.0
LOOK_EVERY_S = 0.3  # reading every history takes long enough to slow down those who are to settle


@dataclass
class Harm:
    """What a campaign found; all but ``kills``, ``vetoes`` and ``unknown`` must stay empty.

    ``unknown``: tells whose outcome was lost, which may have happened twice.
    """

    kills: int = 0
    vetoes: int = 0
    unknown: int = 0
    double_tells: list[str] = field(default_factory=list)
    double_posts: list[str] = field(default_factory=list)
    posts_after_veto: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def __iadd__(self, other: Harm) -> Self:
        self.kills += other.kills
        self.unknown += other.unknown
        self.vetoes += other.vetoes
        self.posts_after_veto += other.posts_after_veto
        self.double_tells += other.double_tells
        self.double_posts += other.double_posts
        self.forgotten += other.forgotten
        return self


class Response:
    """Some alarms that are confirmed and that nobody has answered yet, and who is to answer them."""

    def __init__(self, directory: Path, url: str, random: Random, wearers: int = 1) -> None:
        self._directory = directory
        self._url = url
        self._random = random
        self._epoch = time.time()
        self._starting: list[subprocess.Popen[bytes]] = []
        self._running: list[subprocess.Popen[bytes]] = []
        self._processes = 2 if url else 1
        self.peer = Peer(random)
        _raise_alarms(directory, url, wearers, self.peer.url)
        self._store = Store(directory, url)
        self.peer.links = _links(self._store)
        self._vetoed_at: dict[int, float] = {}  # monotonic seconds, by alarm

    def close(self) -> None:
        for process in self._starting + self._running:
            process.kill()
            process.wait()
        self._store.close()
        self.peer.close()

    def start(self) -> None:
        """One more process, which is at work soon."""
        arguments = [str(self._directory), self._url, self.peer.url, str(self._epoch)]
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.headquarters.answering", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        self._starting.append(process)

    def ready(self, all_: bool = True) -> None:
        """Wait until those that were started, or at least one, can begin, and let them."""
        while self._starting and (all_ or not self._running or _has_spoken(self._starting[0])):
            process = self._starting.pop(0)
            assert process.stdout is not None
            assert process.stdin is not None
            self._running.append(process)
            assert process.stdout.readline() == b"READY\n", "it did not start"
        for process in self._running:
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.write(b"GO\n")
                process.stdin.close()

    def kill_one(self) -> None:
        """SIGKILL at a random moment of its work."""
        self.ready(all_=False)
        self._wait_for_a_moment()
        victim = self._random.choice(self._running)
        victim.kill()
        victim.wait()

    def strike(self) -> None:
        """One misfortune of many kinds, at a random moment; what ends of it is started again."""
        self.ready(all_=False)
        self._veto_one()
        kind = self._random.choice(MISFORTUNES)
        if kind == "killed":
            self.kill_one()
        else:
            self._wait_for_a_moment()
            victim = self._random.choice(self._running)
            misfortune = getattr(self, f"_{kind}")
            with misfortune(victim):
                time.sleep(self._random.uniform(0.2, 2 * answering.LIMIT_S))
        for ended in [each for each in self._running if each.poll() is not None]:
            self._running.remove(ended)
        if len(self._running) + len(self._starting) < self._processes:
            self.start()

    def _veto_one(self) -> None:
        """A duty officer forbids to publish one of the alarms, in the midst of it all."""
        alarm = self._random.randrange(1, ALARMS + 1)
        if alarm in self._vetoed_at:
            return
        with self._store.write() as connection:
            store.lock_alarms(connection, [alarm])
            at = answering.clock_from(self._epoch)
            event_log.append(connection, alarm, Vetoed(at, "Olga"))
            alarms.set_due(connection, alarm, at)
        self._vetoed_at[alarm] = time.monotonic()

    @contextmanager
    def _callers_killed(self, victim: subprocess.Popen[bytes]) -> Iterator[None]:
        """Out of memory, say: the processes in which libraries run, and what they are made from."""
        for pid in _descendants(victim.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        yield

    @contextmanager
    def _stopped(self, victim: subprocess.Popen[bytes]) -> Iterator[None]:
        victim.send_signal(signal.SIGSTOP)
        yield
        victim.send_signal(signal.SIGCONT)

    @contextmanager
    def _hung(self, _victim: subprocess.Popen[bytes]) -> Iterator[None]:
        """Everybody outside takes what comes, and answers nothing."""
        self.peer.may_answer.clear()
        yield
        self.peer.may_answer.set()

    @contextmanager
    def _full(self, victim: subprocess.Popen[bytes]) -> Iterator[None]:
        """No file of it can grow."""
        unlimited = resource.RLIM_INFINITY, resource.RLIM_INFINITY
        resource.prlimit(victim.pid, resource.RLIMIT_FSIZE, (0, unlimited[1]))
        yield
        with suppress(ProcessLookupError):
            resource.prlimit(victim.pid, resource.RLIMIT_FSIZE, unlimited)

    @contextmanager
    def _locked(self, _victim: subprocess.Popen[bytes]) -> Iterator[None]:
        """Somebody else holds the database."""
        with ExitStack() as held:
            held.enter_context(suppress(sa.exc.DBAPIError))  # PostgreSQL ends it after 5 s
            connection = held.enter_context(self._store.write())
            if self._store.shared:
                connection.execute(sa.text("LOCK TABLE action IN ACCESS EXCLUSIVE MODE"))
            yield

    @contextmanager
    def _stepped(self, victim: subprocess.Popen[bytes]) -> Iterator[None]:
        """Its clock is an hour wrong for a while."""
        victim.send_signal(signal.SIGUSR1)
        yield
        with suppress(ProcessLookupError):
            victim.send_signal(signal.SIGUSR1)

    @contextmanager
    def stop_one(self) -> Iterator[None]:
        """SIGSTOP at a random moment; SIGCONT at the end."""
        self._wait_for_a_moment()
        victim = self._random.choice(self._running)
        victim.send_signal(signal.SIGSTOP)
        yield
        victim.send_signal(signal.SIGCONT)

    def settled(self) -> bool:
        """Whether nothing is left to do."""
        with self._store.read() as connection:
            open_ = [State.PLANNED.value, State.CALLING.value]
            busy = sa.select(store.action.c.id).where(store.action.c.state.in_(open_)).limit(1)
            soon = answering.clock_from(self._epoch) + SOON_S
            due = sa.select(store.alarm.c.id).where(store.alarm.c.due_at < soon).limit(1)
            if connection.scalar(busy) is not None or connection.scalar(due) is not None:
                return False
        return not self._forgotten()

    def harm(self) -> Harm:
        """Everything that should not be there."""
        found = Harm(forgotten=self._forgotten())
        marked: Counter[tuple[int, str]] = Counter()
        for alarm, entries in self._histories():
            for action in _came_to(entries, Outcome.UNKNOWN):
                if action.kind is ActionKind.NOTIFY:
                    marked[alarm, str(action.target)] += 1
        found.unknown = marked.total()
        for who, times in self.peer.told.items():
            if times > 1 + marked[who]:
                found.double_tells.append(f"{who} told {times} times, {marked[who]} unknown")
        found.vetoes = len(self._vetoed_at)
        for alarm, vetoed_at in self._vetoed_at.items():
            posted_at = self.peer.posted_at.get(f"alarm-{alarm}", 0.0)
            if posted_at > vetoed_at + FRESH_S:
                late_s = posted_at - vetoed_at
                found.posts_after_veto.append(f"alarm {alarm} posted {late_s:.1f} s after its veto")
        found.double_posts = [f"{key}: {n}" for key, n in self.peer.posted.items() if n > 1]
        return found

    def _forgotten(self) -> list[str]:
        forgotten = []
        for alarm, entries in self._histories():
            done = {action.target for action in _came_to(entries, Outcome.DONE)}
            unknown = Counter(action.target for action in _came_to(entries, Outcome.UNKNOWN))
            is_out = self.peer.posted[f"alarm-{alarm}"] > 0
            vetoed = alarm in self._vetoed_at
            for network in answering.NETWORKS:
                wanted = not vetoed or (network == answering.NETWORK and is_out)
                if wanted and Post(network) not in done:
                    forgotten.append(f"alarm {alarm}: {network}")
            for n in range(1, len(PEOPLE) + 1):
                tell = ToContact(n, "loop")
                if tell not in done and unknown[tell] < 2:  # once more than unknown, and no more
                    forgotten.append(f"alarm {alarm}: contact {n}")
        return forgotten

    def _histories(self) -> list[tuple[int, tuple[Event, ...]]]:
        with self._store.read() as connection:
            alarms = connection.scalars(sa.select(store.alarm.c.id)).all()
            return [(alarm, event_log.load(connection, alarm)) for alarm in alarms]

    def _wait_for_a_moment(self) -> None:
        """Until so many more requests have come, or a while, and a little more."""
        enough = self.peer.asked + self._random.randrange(REQUESTS_A_LIFE)
        until(lambda: self.peer.asked >= enough, self._random.uniform(0.2, 1.0))
        time.sleep(self._random.uniform(0, 2 * LONGEST_DELAY_S))


def _came_to(history: Sequence[Event], outcome: Outcome) -> list[Action]:
    """Every try that ended so."""
    ended = (event for event in history if isinstance(event, CallEnded))
    return [event.action for event in ended if event.outcome is outcome]


def _descendants(pid: int) -> list[int]:
    """The processes that this one has started, and those have."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def _has_spoken(process: subprocess.Popen[bytes]) -> bool:
    return bool(select.select([process.stdout], [], [], 0)[0])


def until(is_it: Callable[[], bool], limit_s: float, every_s: float = 0.01) -> bool:
    """Wait for a condition; whether it came true."""
    end = time.monotonic() + limit_s
    while not is_it():
        if time.monotonic() > end:
            return False
        time.sleep(every_s)
    return True


@contextmanager
def response(directory: Path, url: str, random: Random, wearers: int = 1) -> Iterator[Response]:
    """Alarms to answer, and the processes that do, ended at the end."""
    made = Response(directory, url, random, wearers)
    try:
        yield made
    finally:
        made.close()


def kill(directory: Path, url: str, seed: int) -> Harm:
    """Strike again and again while some alarms are answered: two processes on PostgreSQL."""
    with response(directory, url, Random(seed)) as answers:
        for _ in range(2 if url else 1):
            answers.start()
        answers.ready()
        for _ in range(KILLS_A_RUN):
            answers.strike()
        answers.ready()
        until(answers.settled, SETTLES_WITHIN_S, LOOK_EVERY_S)
        harm = answers.harm()
        harm.kills = KILLS_A_RUN
        return harm


def stop(directory: Path, url: str, seed: int) -> Harm:
    """Stop one of two processes until its leases are over and the other has done all; wake it."""
    with response(directory, url, Random(seed)) as answers:
        for _ in range(2):
            answers.start()
        answers.ready()
        with answers.stop_one():
            until(answers.settled, SETTLES_WITHIN_S, LOOK_EVERY_S)
            harm = answers.harm()
        asked = -1
        while asked != answers.peer.asked:  # what the woken one still does
            asked = answers.peer.asked
            time.sleep(2 * answering.LIMIT_S)
        until(answers.settled, SETTLES_WITHIN_S, LOOK_EVERY_S)
        forgotten = harm.forgotten  # by the other one, while it was alone
        harm = answers.harm()
        harm.forgotten += forgotten
        harm.kills = 1
        return harm


def _links(database: Store) -> dict[str, tuple[int, str]]:
    """By the token of each contact's link: its alarm, and what a call to tell them is named."""
    invitation, contact = store.invitation.c, store.contact.c
    invited = sa.select(invitation.token, invitation.alarm, contact.number_in_list).join(
        store.contact, contact.id == invitation.contact
    )
    with database.read() as connection:
        return {
            row.token: (row.alarm, f"contact:{row.number_in_list}:loop")
            for row in connection.execute(invited)
        }


def _raise_alarms(directory: Path, url: str, wearers: int, peer: str) -> None:
    """Alarms that have just come in, each confirmed by two contacts; one a wearer, or all of one."""
    directory.mkdir(parents=True, exist_ok=True)
    chosen = settings.check({"state": {"directory": str(directory), "database": url}})
    apprise.load()  # which takes long for a busy machine, and not in a transaction
    contacts = tuple(Contact(name, f"+44770090011{n}") for n, name in enumerate(PEOPLE))
    address = peer.replace("http://", "json://") + "/tell"
    channels = {str(n): {"sms": False, "channels": {"loop": address}} for n in (1, 2, 3)}
    enrolled = []
    for n in range(min(wearers, ALARMS_AT_ONCE)):
        out = directory / f"{n}.json"
        enrol(chosen, Application(f"Wearer {n}", None, contacts, 2), out)
        enrolled.append(enrolment.read(out.read_text()))
    with ExitStack() as stack:
        hq = assemble(chosen, Adapters(clock=lambda: answering.NOON))
        database = hq.store
        stack.callback(database.close)
        with database.write() as connection:
            for wearer in enrolled:
                repository.change(connection, wearer.device, {"contact": channels}, answering.NOON)
            quiet = [  # they are there, and nothing is the matter with them
                {"device": n, "name": "Q", "psk": bytes(32), "quorum": 2, "enrolled_at": 0.0}
                for n in range(1, wearers - len(enrolled) + 1)
            ]
            if quiet:
                connection.execute(sa.insert(store.wearer), quiet)
        for n in range(1, (ALARMS if wearers == 1 else ALARMS_AT_ONCE) + 1):
            wearer = enrolled[n % len(enrolled)]
            noon = int(answering.NOON)
            report = reports.report(alarm=n, sent_at=noon, token=os.urandom(TOKEN_BYTES))
            alarm = hq.inbox.take(reports.sealed(report, wearer, n), CameBy.DATA).alarm
            assert alarm is not None
            with database.write() as connection:
                for contact in (1, 2):
                    event_log.append(connection, alarm, Confirmed(answering.NOON, contact))
                alarms.set_due(connection, alarm, answering.NOON)


def first_contact_told_worst_s() -> float:
    """Of so many alarms at once from 200 wearers, how long the last one's first contact waits."""
    with (
        tempfile.TemporaryDirectory() as folder,
        response(Path(folder), "", Random(1), WEARERS) as answers,
    ):
        answers.start()
        answers.ready()
        begun = time.monotonic()
        told = answers.peer.first_told_at
        assert until(lambda: len(told) == ALARMS_AT_ONCE, SETTLES_WITHIN_S)
        return max(told.values()) - begun


@cache
def _campaign(runs: int, stops: int) -> Harm:
    """Kills on SQLite, and where there is one and stops are wanted on PostgreSQL, and stops."""
    harm = Harm()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        bin_ = programs() if stops else None
        server = None if bin_ is None else running.enter_context(cluster(bin_, durable=False))
        for seed in range(SEED, SEED + runs):
            harm += kill(Path(folder) / f"s{seed}", "", seed)
            if server is not None:
                harm += kill(Path(folder) / f"p{seed}", server.database(), seed)
        if server is not None:
            for seed in range(stops):
                harm += stop(Path(folder) / f"t{seed}", server.database(), 1000 + seed)
    return harm


def kill_runs(runs: int = RUNS, stops: int = STOPS) -> float:
    """Kills and stops, on all databases there are."""
    return _campaign(runs, stops).kills


def kill_double_tells(runs: int = RUNS, stops: int = STOPS) -> float:
    """People told twice, beyond what is marked unknown; or not at all."""
    return len(_campaign(runs, stops).double_tells) + len(_campaign(runs, stops).forgotten)


def posts_after_veto(runs: int = RUNS, stops: int = STOPS) -> float:
    """Posts that left later after a veto than an answered question stays fresh."""
    return len(_campaign(runs, stops).posts_after_veto)


def kill_double_posts(runs: int = RUNS, stops: int = STOPS) -> float:
    """Posts that were made twice."""
    return len(_campaign(runs, stops).double_posts)
