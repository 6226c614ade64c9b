"""What each person is told: gathered from what is on disk, the same at every try."""

from dataclasses import dataclass
from datetime import tzinfo

from sqlalchemy import Connection, select

from outcry.report import AlarmKind, Flag
from outcry.responder import formatting
from outcry.responder.notify import sms_texts
from outcry.responder.notify.sms_texts import News
from outcry.responder.plans import repository, time_zone
from outcry.responder.plans.repository import Contact, Means
from outcry.responder.rules import publication
from outcry.responder.rules.calls import Reply, ToContact, ToOfficers, Topic
from outcry.responder.rules.case import Case
from outcry.responder.rules.episode import Episode
from outcry.responder.rules.events import HandedOver, Mark, OfficerAct, Reopened, TakenOver
from outcry.responder.storage import alarms, event_log, store

_KINDS = {
    AlarmKind.PANIC: "ALARM",
    AlarmKind.STRAP: "ALARM (the strap was opened or cut)",
    AlarmKind.DRILL: "DRILL, not an alarm",
    AlarmKind.SILENCE: "SILENCE",
}
_TOPICS = {
    Topic.UNANSWERED: "nobody has answered yet",
    Topic.DOUBTED: "a contact has doubts; the alarm goes on",
    Topic.WITHDRAWN: "withdrawal received, not verified",
    Topic.UNREAD: "a text that may be an answer could not be read; call the contacts",
    Topic.WRONG_PIN: "somebody is trying wrong PINs or codes",
    Topic.UNPUBLISHED: "posting on a network has failed",
    Topic.SLIPPED: "a post is out that was forbidden too late",
    Topic.CONTRADICTED: "it was ended, and somebody says it is real; if it is, open it again",
}
_NO_CONSENT = {
    Mark.TIME_UNKNOWN: "when it was raised is not known, for the device's clock was not set",
    Mark.LATE: "it came more than an hour after it was raised",
    Mark.OUT_OF_ORDER: "something newer of the device came before it",
    Mark.COUNTER_USED: "another message of the device had its number",
}


@dataclass(frozen=True, repr=False)
class Briefing:
    """To whom, and in which words. ``address`` is a phone number or an Apprise address."""

    address: str
    title: str
    body: str


@dataclass(frozen=True)
class Briefer:
    """Writes what people are told. ``public_url`` ends without a slash."""

    public_url: str
    means: Means

    def text(self, connection: Connection, alarm: int, one: ToContact) -> tuple[str, str]:
        contact, news, link = self._for_contact(connection, alarm, one)
        has_codes = _has_codes(connection, contact)
        return contact.number, sms_texts.text(contact.language, news, link, has_codes)

    def reply(self, connection: Connection, alarm: int, one: Reply) -> tuple[str, str]:
        """To the number in the list, however the text's own sender was written."""
        device = alarms.about(connection, alarm).device
        contact = repository.contacts_of(connection, device)[one.contact]
        has_codes = _has_codes(connection, contact)
        return contact.number, sms_texts.reply(contact.language, one.says, has_codes)

    def message(self, connection: Connection, alarm: int, one: ToContact | ToOfficers) -> Briefing:
        """What a NOTIFY says, and to which address. Raises ``KeyError`` if there is none now."""
        if isinstance(one, ToOfficers):
            return self._for_officer(connection, alarm, one)
        assert one.channel is not None
        agreed = repository.of_alarm(connection, alarm)
        address = agreed.people[one.contact].channels[one.channel]
        contact, news, link = self._for_contact(connection, alarm, one)
        return Briefing(address, *sms_texts.message(contact.language, news, link))

    def _for_officer(self, connection: Connection, alarm: int, one: ToOfficers) -> Briefing:
        case = event_log.case_of(connection, alarm)
        news = self._news(connection, alarm, case, one.episode)
        title = f"{_KINDS[news.kind]}: {news.wearer}"
        # By UTC or by the plan's own zone: officers' channels are never told where.
        zone = time_zone.agreed(connection, alarm)
        at = formatting.when(news.at, news.told_of_at or news.at, zone)
        raised = f"raised at {at}" if news.dated else f"received at {at}"
        if news.kind is AlarmKind.SILENCE:
            marks = "".join(f", {mark}" for mark in news.marks)
            raised = f"no signal from the device since {at}{marks}"
        if one.topic is Topic.RAISED and news.kind is AlarmKind.SILENCE:
            said = raised
        elif one.topic is Topic.RAISED:
            said = _raised(case, one.episode, at, raised) + _by_whose_clock(news)
        else:
            said = f"{raised}: {self._topic(connection, alarm, case, one)}"
        body = f"{title}, {said}. {self.public_url}/console"
        return Briefing(self.means.officers[one.channel], title, body)

    def _topic(self, connection: Connection, alarm: int, case: Case, one: ToOfficers) -> str:
        episode = case.episodes[one.episode - 1]
        if one.topic is Topic.PASSED:
            return _passed(episode.passes[one.number - 1])
        if one.topic is Topic.UNATTENDED:
            return _unattended(episode, time_zone.agreed(connection, alarm))
        if one.topic is not Topic.NO_CONSENT:
            return _TOPICS[one.topic]
        mark = publication.why_no_consent(case, repository.load(connection, alarm, self.means))
        why = f": {_NO_CONSENT[mark]}" if mark in _NO_CONSENT else ""
        return f"the wearer's consent alone does not publish it{why}. Decide yourself"

    def _news(self, connection: Connection, alarm: int, case: Case, number: int) -> News:
        about = alarms.about(connection, alarm)
        name, kind = about.name, about.kind
        if kind is AlarmKind.SILENCE:
            assert case.silence is not None
            zone = time_zone.of_report(connection, alarm, None)
            return News(
                name, kind, case.silence.heard_at, None, marks=case.silence.marks, zone=zone
            )
        episode = case.episodes[number - 1]
        assert episode.opened_by is not None
        (found,) = alarms.received(connection, id=episode.opened_by.message)
        return News(
            name,
            kind,
            formatting.raised_at(found.report, found.received_at),
            found.report.place,
            again=episode.again,
            told_of_at=found.received_at,
            by_hq=Flag.CLOCK_UNSET in found.report.flags,
            dated=episode.opened_by.is_dated,
            zone=time_zone.of_report(connection, alarm, found.report.place),
        )

    def _for_contact(
        self, connection: Connection, alarm: int, one: ToContact
    ) -> tuple[Contact, News, str]:
        """Who is told, of what, and their link: of a silence, which nobody can confirm, none."""
        device = alarms.about(connection, alarm).device
        contact = repository.contacts_of(connection, device)[one.contact]
        invitation = select(store.invitation.c.token).filter_by(alarm=alarm, contact=contact.id)
        token = connection.scalar(invitation)
        link = "" if token is None else f"{self.public_url}/c/{token}"
        case = event_log.case_of(connection, alarm)
        return contact, self._news(connection, alarm, case, one.episode), link


def _raised(case: Case, number: int, at: str, raised: str) -> str:
    """How an episode began, for a duty officer."""
    if number == 1:
        return raised
    ended = "closed" if case.episodes[number - 2].over else "corrected"
    if case.episodes[number - 1].again:
        return f"pressed again at {at}, after it was {ended}"
    if case.episodes[number - 1].has(Reopened):
        return f"{raised}, opened again by a duty officer after it was {ended}"
    return f"{raised}, is to be made public after it was {ended}"


def _passed(act: OfficerAct) -> str:
    """Who has it now."""
    match act:
        case HandedOver():
            return f"{act.officer} has handed it over to {act.to}, who has it now"
        case TakenOver():
            return f"{act.officer} has taken it over from {act.holder}"
        case _:
            return f"{act.officer} has given it back: nobody has it. Take it"


def _unattended(episode: Episode, zone: tzinfo | None) -> str:
    """That an open alarm is left alone."""
    assert episode.attended_at is not None
    since = formatting.clock_time(episode.attended_at, zone)
    if episode.holder is None:
        return f"nobody has it since {since}. Take it"
    return (
        f"{episode.holder} has it, and has done nothing since {since}. Call them, or take it over"
    )


def _has_codes(connection: Connection, contact: Contact) -> bool:
    codes = select(store.sms_code.c.id).filter_by(contact=contact.id, burned_at=None)
    return connection.scalar(codes.limit(1)) is not None


def _by_whose_clock(news: News) -> str:
    if not news.dated:
        return "; when it was raised is not known"
    return ", by HQ's clock" if news.by_hq else ""
