"""The recipients: who is texted of a report and in which order, at which number, in which words."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from outcry.daemon.alarm.model import Audience
from outcry.daemon.messages.identity import Identity, contact_link
from outcry.daemon.messages.texts import Language, Template
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.runtime_cache import Memory
from outcry.daemon.outbox.stored import HQ, StoredReport, StoredText
from outcry.envelope import to_text
from outcry.report import AlarmKind, NoPosition, Position


@dataclass(eq=False, repr=False)
class Recipients:
    """``time()`` is Unix seconds, ``None`` if the clock is not set. ``place(now)`` is what is known
    at ``now``, in seconds of the alarm's clock."""

    _identity: Identity
    _outbox: Outbox
    _memory: Memory
    _languages: dict[str, Language]
    _time: Callable[[], float | None]
    _place: Callable[[float], Position | NoPosition]

    def order(self, report: StoredReport, audience: Audience) -> list[tuple[int, Template]]:
        """Who gets what, in the order in which people need it.

        The first contact is told first, then HQ, then the others; then every contact gets a link or,
        without HQ, once in an alarm, words to publish. Never in a drill.
        """
        contacts = range(1, len(self._identity.contacts) + 1)
        order: list[tuple[int, Template]] = []
        if audience is Audience.EVERYONE:
            order += [(contact, Template.ALERT) for contact in contacts]
        enrolment, drill = self._identity.enrolment, self._outbox.alarm.kind is AlarmKind.DRILL
        if enrolment is not None and report.sealed:
            if enrolment.hq.number is not None:
                order.insert(1, (HQ, self._sealed(report)))
            if audience is Audience.EVERYONE:
                order += [(contact, Template.LINK) for contact in contacts]
        elif enrolment is None and audience is Audience.EVERYONE and not drill:
            publish = Template.PUBLISH
            order += [(each, publish) for each in contacts if not self.told(report, each, publish)]
        return order

    def _sealed(self, report: StoredReport) -> Template:
        alarm = self._outbox.alarm
        is_code = report.alarm == alarm.id and report.sequence in alarm.withdrawals
        return Template.CODE if is_code else Template.SEALED

    def told(
        self, report: StoredReport, recipient: int, template: Template, but: int | None = None
    ) -> bool:
        """Whether the network has taken such a text of this report's alarm before, apart from the
        text ``but``."""
        reports = self._outbox.reports
        return any(
            text.is_taken
            and text.id != but
            and text.counter in reports
            and reports[text.counter].alarm == report.alarm
            for text in self._outbox.texts_to(recipient, template.value)
        )

    def current(self, text: StoredText, now: float) -> StoredText:
        """The text about what is known now: the newest report of its alarm.

        One that may have left before stays as it is, and so do a code and a hold, which HQ may
        learn from it alone. A report from before a power cut may know more than one without a
        position.
        """
        outbox = self._outbox
        if self._is_word(text) or self._stays(text, now):
            return text
        newest = outbox.newest_report(but=outbox.alarm.withdrawals)
        alike = bool(newest.sealed) is bool(outbox.reports[text.counter].sealed)
        return replace(text, counter=newest.counter) if alike else text

    def _is_word(self, text: StoredText) -> bool:
        """Whether this text is to bring HQ a code, or a hold that was not the first."""
        report = self._outbox.reports[text.counter]
        says_more = report.sequence > 0 and not report.position
        return says_more and text.template not in (Template.ALERT.value, Template.PUBLISH.value)

    def apart(self, recipient: int, template: Template, report: StoredReport) -> set[int]:
        """The texts that stay beside one of this report, for it does not say what they say."""
        alike = self._outbox.texts_to(recipient, template.value)
        says_less = template is Template.CODE or report.position
        waiting = (text for text in alike if says_less and text.needs_words)
        return {text.id for text in waiting if self._is_word(text)}

    def _stays(self, text: StoredText, now: float) -> bool:
        """Whether nothing new is to be said in this text."""
        if text.goes_again or self._outbox.reports[text.counter].alarm != self._outbox.alarm.id:
            return True
        return self._lost_place(text, now)

    def _lost_place(self, text: StoredText, now: float) -> bool:
        """Whether the position may have been lost with a restart: there is none to say since."""
        from_before = text.counter < self._outbox.first_counter
        return from_before and isinstance(self._place(now), NoPosition)

    def words(self, text: StoredText, now: float) -> str:
        """What is sent: to HQ the sealed report, to a contact what is known now."""
        wearer, enrolment = self._identity.wearer, self._identity.enrolment
        outbox, time, place = self._outbox, self._time(), self._place(now)
        report, alarm = outbox.reports[text.counter], outbox.alarm
        if text.recipient == HQ:
            return to_text(report.sealed)
        kept, stays = self._memory.texts.get(text.id), self._stays(text, now)
        language = self._languages[self._identity.contacts[text.recipient - 1].language]
        # Words without a time say an age that nothing puts right when they go again.
        is_old = text.goes_again and kept is not None and language.lacks_time(kept)
        if kept is not None and stays and not is_old:
            return kept
        known = None if self._lost_place(text, now) else place
        if text.template == Template.ALERT.value:
            again = self.told(report, text.recipient, Template.ALERT, but=text.id)
            link_follows = enrolment is not None and bool(report.sealed)
            return language.alert(wearer, time, known, alarm.kind, again, link_follows)
        if text.template == Template.PUBLISH.value:
            if alarm.id == outbox.resumed:  # nobody knows any more when it was raised
                return kept or language.publish(wearer, None, known)
            raised_at = None if time is None else time - (now - alarm.raised_at)
            return language.publish(wearer, raised_at, known)
        assert enrolment is not None  # a link is only queued where there is an HQ to open it
        link = contact_link(enrolment, to_text(report.sealed), text.recipient)
        return language.link(wearer, link, alarm.kind)

    def ages_at(self, now: float) -> float | None:
        """When the minutes in words of now are no longer the position's age."""
        place = self._place(now)
        if not isinstance(place, Position):
            return None
        return now + 60 - (place.age_s - (place.age_s >= 60)) % 60  # from then on rounded up

    def has(self, text: StoredText) -> bool:
        """Whether the recipient is still there: the enrolment may have changed."""
        enrolment = self._identity.enrolment
        if text.recipient == HQ:
            return enrolment is not None and enrolment.hq.number is not None
        can_be_opened = enrolment is not None or text.template != Template.LINK.value
        return can_be_opened and text.recipient <= len(self._identity.contacts)

    def number(self, text: StoredText) -> str:
        """The phone number of a recipient who is still there."""
        if text.recipient == HQ:
            assert self._identity.enrolment is not None
            number = self._identity.enrolment.hq.number
            assert number is not None
            return number
        return self._identity.contacts[text.recipient - 1].number
