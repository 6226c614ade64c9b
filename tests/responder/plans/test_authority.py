"""Who may weaken a plan: one officer's word alone never does, where there is another officer."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import insert, select, update

from outcry.report import AlarmKind
from outcry.responder.plans import announcements, authority, direction, document, repository
from outcry.responder.plans.authority import WAITS_S, Came, CannotConfirm, NotProven
from outcry.responder.rules.events import Closed
from outcry.responder.storage import event_log, store, verification, versions

ON_BOTH_DATABASES = True
SINK = "ntfys://sink.example.org/hush-3141"


class Hq:
    """The plan of Ana, and the officers who change it."""

    def __init__(self, world) -> None:
        self.world = world
        self.device = world.device.enrolment.device

    def settled(self, *names: str) -> None:
        row = {"made_at": 0.0, "totp_secret": "A", "password_hash": "x", "refused": 0}
        with self.world.hq.store.write() as connection:
            for name in names:
                connection.execute(insert(store.officer).values(name=name, **row))
                versions.note(connection, versions.OFFICER, name, self.world.clock(), what="made")

    def changes(self, by: str, proven: bool = True, why: str = "", **keys: object) -> Came:
        with self.world.hq.store.write() as connection:
            old = document.document(repository.of_device(connection, self.device))
            wanted = {name.replace("__", "."): value for name, value in keys.items()}
            agreed = document.check(direction.with_changes(old, wanted), [1, 2, 3])
            now = self.world.clock()
            return authority.change(connection, self.device, agreed, by, now, proven, why)

    def confirms(self, by: str, number: int = 1, seen: str | None = None) -> None:
        (waiting,) = self.waiting() or (None,)
        seen = seen or (waiting.seen if waiting else "")
        with self.world.hq.store.write() as connection:
            authority.confirm(connection, number, seen, by, self.world.clock())

    def waiting(self):
        with self.world.hq.store.read() as connection:
            return authority.waiting(connection, self.world.clock())

    @property
    def plan(self):
        with self.world.hq.store.read() as connection:
            return repository.of_device(connection, self.device)

    def told(self) -> list[str]:
        """What officers were told since Ana was enrolled, oldest first."""
        with self.world.hq.store.read() as connection:
            enrolment, *others = reversed(announcements.since(connection, 0.0))
        assert enrolment.words == "the command line enrolled Ana"
        return [each.words for each in others]

    def record(self) -> list[dict]:
        with self.world.hq.store.read() as connection:
            line = store.record.c
            about = line.subject.like(f"wearer:{self.device:08x}:%")
            lines = connection.scalars(select(line.data).where(about).order_by(line.n))
            enrolment, *others = map(json.loads, lines)
        assert enrolment["by"] == "enrolment"
        return others

    def problems(self) -> tuple[str, ...]:
        """What ``verify`` says of the whole record, and of the rows beside it."""
        with self.world.hq.store.read() as connection:
            return verification.verify(connection).problems


@pytest.fixture
def hq(world):
    made = Hq(world)
    made.settled("olga", "petr")
    yield made
    assert made.problems() == ()


def test_without_the_second_factor_nothing_is_weakened_and_nobody_told(hq):
    with pytest.raises(NotProven) as asked:
        hq.changes("olga", proven=False, confirming__quorum=1)
    assert [each.key for each in asked.value.changes] == ["confirming.quorum"]
    assert hq.plan.quorum == 2
    assert (hq.waiting(), hq.told()) == ((), [])


def test_what_strengthens_waits_for_nobody(hq):
    assert hq.changes("olga", proven=False, confirming__quorum=3) is Came.SAVED
    assert hq.plan.quorum == 3
    assert hq.told() == []


def test_what_weakens_waits_for_a_second_officer_and_the_rest_does_not(hq):
    came = hq.changes("olga", confirming__quorum=1, publication__position="nothing")
    assert came is Came.WAITS
    assert (hq.plan.quorum, hq.plan.position) == (2, "nothing")
    (waiting,) = hq.waiting()
    assert (waiting.asked_by, waiting.until) == ("olga", hq.world.clock() + WAITS_S)
    assert [(one.key, one.before, one.after) for one in waiting.changes] == [
        ("confirming.quorum", 2, 1)
    ]
    (told,) = hq.told()
    assert told.startswith("olga asks to weaken the plan of Ana: confirming.quorum.")


def test_a_second_officer_confirms_and_the_record_names_both(hq):
    hq.changes("olga", confirming__quorum=1)
    hq.confirms("petr")
    assert hq.plan.quorum == 1
    assert hq.waiting() == ()
    assert hq.told()[-1].startswith("petr confirmed what olga had asked")
    last = hq.record()[-1]
    assert (last["by"], last["asked_by"], last["keys"]) == ("petr", "olga", ["confirming.quorum"])
    assert [each["what"] for each in hq.record()] == ["asked", "confirmed"]


def test_asking_says_nothing_of_the_rows_so_it_cannot_make_good_a_change_past_outcry(hq):
    with hq.world.hq.store.write() as connection:
        right = connection.scalar(select(store.contact.c.number).filter_by(number_in_list=2))
        moved = update(store.contact).filter_by(number_in_list=2)
        connection.execute(moved.values(number="+447700900199"))
    hq.changes("olga", confirming__quorum=1)
    with hq.world.hq.store.write() as connection:
        authority.refuse(connection, hq.waiting()[0].id, "petr", hq.world.clock())
    (problem,) = hq.problems()
    assert problem.endswith("contact 2's number is not as it was written")
    with hq.world.hq.store.write() as connection:
        connection.execute(moved.values(number=right))


def test_a_wearer_who_is_forgotten_takes_along_what_was_asked_for_their_plan(hq):
    hq.changes("olga", confirming__quorum=1)
    with hq.world.hq.store.write() as connection:
        authority.refuse(connection, hq.waiting()[0].id, "petr", hq.world.clock())
        versions.forget(connection, hq.device, hq.world.clock(), "asked for")
        lines = connection.scalars(select(store.record.c.data)).all()
        assert not any("confirming.quorum" in data for data in lines)
        versions.note(connection, versions.WEARER, hq.device, hq.world.clock(), by="a test")


def test_the_officer_who_asked_cannot_confirm(hq):
    hq.changes("olga", confirming__quorum=1)
    with pytest.raises(CannotConfirm):
        hq.confirms("olga")
    assert hq.plan.quorum == 2
    assert len(hq.waiting()) == 1


def test_after_a_day_it_has_lapsed_whether_or_not_anybody_looked(hq):
    hq.changes("olga", confirming__quorum=1)
    hq.world.clock.passes(WAITS_S - 1)
    assert len(hq.waiting()) == 1
    hq.world.clock.passes(1)
    assert hq.waiting() == ()
    with pytest.raises(CannotConfirm):
        hq.confirms("petr")
    with hq.world.hq.store.write() as connection:
        authority.lapse(connection, hq.world.clock())
    assert hq.plan.quorum == 2
    assert hq.told()[-1].startswith("olga has not found a second officer within a day")
    with hq.world.hq.store.write() as connection:
        authority.lapse(connection, hq.world.clock())
    assert len(hq.told()) == 2


def test_what_was_refused_or_taken_back_cannot_be_confirmed(hq):
    for by in ("petr", "olga"):
        hq.changes("olga", confirming__quorum=1)
        (waiting,) = hq.waiting()
        with hq.world.hq.store.write() as connection:
            authority.refuse(connection, waiting.id, by, hq.world.clock())
        assert hq.told()[-1].startswith(f"{by} refused what olga had asked")
        with pytest.raises(CannotConfirm):
            hq.confirms("petr", waiting.id, waiting.seen)
    assert hq.plan.quorum == 2


def test_it_is_confirmed_once(hq):
    hq.changes("olga", confirming__quorum=1)
    (waiting,) = hq.waiting()
    hq.confirms("petr")
    hq.changes("petr", confirming__quorum=2)
    with pytest.raises(CannotConfirm):
        hq.confirms("petr", waiting.id, waiting.seen)
    assert hq.plan.quorum == 2


def test_a_confirmation_counts_for_what_its_page_has_shown(hq):
    hq.changes("olga", confirming__quorum=1)
    (shown,) = hq.waiting()
    hq.changes("olga", confirming__quorum=1, consent__minutes=5, consent__given_on="2026-11-22")
    with pytest.raises(CannotConfirm):
        hq.confirms("petr", hq.waiting()[0].id, shown.seen)
    assert (hq.plan.quorum, hq.plan.consent_minutes) == (2, 0)


def test_what_was_agreed_meanwhile_is_not_undone_by_it(hq):
    hq.changes("olga", confirming__officer_counts=True, confirming__quorum=1)
    hq.changes("petr", publication__position="nothing", silence__heartbeat_minutes=5.0)
    hq.confirms("petr", hq.waiting()[0].id)
    assert (hq.plan.quorum, hq.plan.position, hq.plan.heartbeat_minutes) == (1, "nothing", 5.0)


def test_a_lone_officer_needs_the_second_factor_alone_and_it_is_told(world):
    hq = Hq(world)
    hq.settled("olga")
    with world.hq.store.write() as connection:  # has never opened the link
        row = {"name": "petr", "made_at": 0.0, "totp_secret": "A", "refused": 0}
        connection.execute(insert(store.officer).values(row))
    assert hq.changes("olga", confirming__quorum=1) is Came.SAVED
    assert hq.plan.quorum == 1
    assert hq.told() == ["olga weakened the plan of Ana, from now on: confirming.quorum"]


def test_in_an_open_alarm_a_reason_is_enough_and_all_are_told_it(hq):
    assert hq.changes("olga", why="she asked me to", confirming__quorum=1) is Came.WAITS
    hq.world.hq.takes(hq.world.device.message())
    assert hq.changes("olga", why="", confirming__quorum=1) is Came.WAITS
    with pytest.raises(NotProven):
        hq.changes("olga", proven=False, why="her phone is taken", silence__watch=False)
    assert hq.changes("olga", why="her phone is taken", confirming__quorum=1) is Came.SAVED
    assert hq.plan.quorum == 1
    assert hq.told()[-1].endswith("from now on: confirming.quorum. Why: her phone is taken")
    assert hq.record()[-1]["why"] == "her phone is taken"


@pytest.mark.parametrize("kind", [AlarmKind.DRILL, None])
def test_a_drill_or_an_alarm_that_was_closed_makes_nothing_urgent(hq, kind):
    hq.world.hq.takes(hq.world.device.message(kind=kind or AlarmKind.PANIC))
    if kind is None:
        with hq.world.hq.store.write() as connection:
            closed = Closed(hq.world.clock(), "petr", "she is safe")
            event_log.happened(connection, 1, closed)
    assert hq.changes("olga", why="now", confirming__quorum=1) is Came.WAITS


def test_an_account_that_ends_takes_what_it_asked_with_it(hq):
    officers = hq.world.hq.parts.officers
    for end in (officers.reset, officers.remove):
        hq.changes("olga", confirming__quorum=1)
        end("olga")
        assert hq.waiting() == ()
    assert (
        hq.told()[-1]
        == "the command line changed the duty officer's account of olga: account ended"
    )


def test_a_new_address_waits_and_nobody_is_told_it(hq):
    assert hq.changes("olga", contact__2__channels__mail=SINK) is Came.WAITS
    assert hq.plan.people[2].channels == {}
    assert "contact.2.channels.mail" in hq.told()[0]
    assert "hush" not in repr((hq.told(), hq.waiting(), hq.record()))
    hq.confirms("petr")
    assert hq.plan.people[2].channels == {"mail": SINK}


def test_at_hqs_own_machine_it_applies_at_once_and_all_are_told(hq):
    with hq.world.hq.store.write() as connection:
        agreed = document.check({"confirming": {"quorum": 1}}, [1, 2, 3])
        authority.change_at_hq(connection, hq.device, agreed, hq.world.clock())
    assert hq.plan.quorum == 1
    assert hq.told() == [
        "the command line weakened the plan of Ana, from now on: confirming.quorum"
    ]


def test_a_crash_between_leaves_neither_the_change_nor_the_announcement(hq, monkeypatch):
    def dies(*_: object, **__: object) -> None:
        raise SystemError

    monkeypatch.setattr(announcements, "tell", dies)
    with pytest.raises(SystemError):
        hq.changes("olga", confirming__quorum=1, publication__position="nothing")
    assert (hq.plan.position, hq.waiting(), hq.record()) == ("town", (), [])
    hq.world.hq.restarts()
    assert hq.waiting() == ()


def test_what_waits_still_waits_after_a_restart(hq):
    hq.changes("olga", confirming__quorum=1)
    hq.world.hq.restarts()
    hq.confirms("petr")
    assert hq.plan.quorum == 1
