"""The recipients: who is texted of a report and in which order, at which number, in which words."""

from __future__ import annotations

from outcry.daemon.alarm.model import Audience
from outcry.daemon.messages.identity import Identity, contact_link
from outcry.daemon.messages.texts import Language, Template
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.runtime_cache import Memory
from outcry.daemon.outbox.stored import HQ, StoredReport, StoredText
from outcry.envelope import to_text
from outcry.report import AlarmKind, NoPosition, Position


class Recipients:
    def __init__(
        self, identity: Identity, outbox: Outbox, memory: Memory, languages: dict[str, Language]
    ) -> None:
        self._identity = identity
        self._outbox = outbox
        self._memory = memory
        self._languages = languages

    def order(
        self, report: StoredReport, audience: Audience, kind: AlarmKind
    ) -> list[tuple[int, Template]]:
        """Who gets what, in the order in which people need it.

        The first contact is told first, then HQ, then the others; then every contact gets a link or,
        without HQ, once in an alarm, words to publish. Never in a drill.
        """
        contacts = range(1, len(self._identity.contacts) + 1)
        order: list[tuple[int, Template]] = []
        if audience is Audience.EVERYONE:
            order += [(contact, Template.ALERT) for contact in contacts]
        enrolment = self._identity.enrolment
        if enrolment is not None and report.sealed:
            if enrolment.hq.number is not None:
                order.insert(1, (HQ, self._sealed(report)))
            if audience is Audience.EVERYONE:
                order += [(contact, Template.LINK) for contact in contacts]
        elif enrolment is None and audience is Audience.EVERYONE and kind is not AlarmKind.DRILL:
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

    def words(
        self,
        text: StoredText,
        raised_at: float | None,
        place: Position | NoPosition | None,
        kind: AlarmKind,
    ) -> str:
        """What a contact will read; ``place`` is ``None`` if a power cut has taken it."""
        wearer, enrolment = self._identity.wearer, self._identity.enrolment
        language = self._languages[self._identity.contacts[text.recipient - 1].language]
        report = self._outbox.reports[text.counter]
        if text.template == Template.ALERT.value:
            again = self.told(report, text.recipient, Template.ALERT, but=text.id)
            link_follows = enrolment is not None and bool(report.sealed)
            return language.alert(wearer, raised_at, place, kind, again, link_follows)
        if text.template == Template.PUBLISH.value:
            return language.publish(wearer, raised_at, place)
        assert enrolment is not None  # a link is only queued where there is an HQ to open it
        link = contact_link(enrolment, to_text(report.sealed), text.recipient)
        return language.link(wearer, link, kind)

    def final(self, text: StoredText) -> str:
        """What is sent: to HQ the sealed report, to a contact the words as first written."""
        if text.recipient == HQ:
            return to_text(self._outbox.reports[text.counter].sealed)
        words = self._memory.texts.get(text.id)
        if words is None:  # a power cut took them; that there is an alarm is still known
            words = self.words(text, None, None, self._outbox.alarm.kind)
            self._memory.remember_texts({text.id: words})
        return words

    def has(self, text: StoredText) -> bool:
        """Whether the recipient is still there: the enrolment may have changed."""
        enrolment = self._identity.enrolment
        if text.recipient == HQ:
            return enrolment is not None and enrolment.hq.number is not None
        return text.recipient <= len(self._identity.contacts) and (
            enrolment is not None or text.template != Template.LINK.value
        )

    def number(self, text: StoredText) -> str:
        """The phone number of a recipient who is still there."""
        if text.recipient == HQ:
            assert self._identity.enrolment is not None
            number = self._identity.enrolment.hq.number
            assert number is not None
            return number
        return self._identity.contacts[text.recipient - 1].number
