"""What HQ is made of, wired in one place: the service, the tests and the campaigns all use it."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from argon2 import PasswordHasher

from outcry.hw.modem import ModemSettings, SaidPins, SerialPort
from outcry.responder import readiness
from outcry.responder.archive.housekeeping import Housekeeping
from outcry.responder.archive.time_stamps import TimeStamping
from outcry.responder.console.accounts import Officers
from outcry.responder.console.desk import Console
from outcry.responder.console.plan_desk import PlanDesk
from outcry.responder.contacts.desk import Desk
from outcry.responder.dispatch.workers import Lanes, Performer
from outcry.responder.enrolment import hq_keys
from outcry.responder.intake.device_clocks import DeviceClocks
from outcry.responder.intake.inbox import Inbox
from outcry.responder.intake.sms_answers import SmsAnswers
from outcry.responder.intake.texts import ArrivingTexts
from outcry.responder.notify import officer_channels
from outcry.responder.notify.announcement_round import AnnouncementRound
from outcry.responder.notify.messages import Briefer
from outcry.responder.notify.notices import Notices
from outcry.responder.notify.performers import Notifying, Texting
from outcry.responder.plans.repository import Means
from outcry.responder.posting import networks
from outcry.responder.posting.composing import Composer
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.performing import Posting
from outcry.responder.posting.preview import Preview
from outcry.responder.posting.publisher import Publisher
from outcry.responder.rules.calls import PUBLICATIONS, TEXTS, ActionKind
from outcry.responder.service.silence_watch import Watch
from outcry.responder.service.workflow import Workflow
from outcry.responder.settings import HqModem, Settings
from outcry.responder.storage.store import Store
from outcry.responder.transports.apprise import Channels
from outcry.responder.transports.sms import SmsModem

CALLS_AT_ONCE = 32  # of one group: that many channels may hang before another has to wait

Clock = Callable[[], float]
WatchThread = Callable[[str], Callable[[], None]]
"""Names a thread; gives what it calls to show that it works."""


def sms_modem(modem: HqModem | None, clock: Clock, watch: WatchThread) -> SmsModem | None:
    """The modem of this process, None if it has none; ``clock`` gives monotonic seconds."""
    if modem is None or not modem.port:
        return None
    said_pins = SaidPins((modem.said_pins,) if modem.said_pins else ())
    settings = ModemSettings(pin=modem.pin, said_pins=said_pins)
    return SmsModem(settings, lambda: SerialPort(modem.port), clock, watch("modem"))


@dataclass(frozen=True)
class Adapters:
    """How HQ reaches the world; what is not given is the real thing.

    ``clock`` gives Unix seconds.
    """

    clock: Clock = time.time
    monotonic: Clock = time.monotonic
    random: Callable[[int], bytes] = os.urandom
    watch: WatchThread = lambda _thread: lambda: None
    lanes: Lanes = field(default_factory=lambda: Lanes(CALLS_AT_ONCE))
    publishers: Callable[[Settings, Store, Clock], dict[str, Publisher]] = networks.publishers
    channels: Channels = field(default_factory=Channels)
    modem: Callable[[HqModem | None, Clock, WatchThread], SmsModem | None] = sms_modem
    hasher: PasswordHasher = field(default_factory=PasswordHasher)


@dataclass(frozen=True)
class Responder:
    """HQ's parts, wired to each other. None of their threads runs yet."""

    settings: Settings
    clock: Clock
    store: Store
    inbox: Inbox
    workflow: Workflow
    modem: SmsModem | None
    texts: ArrivingTexts
    publishers: dict[str, Publisher]
    own_page: OwnPage
    desk: Desk
    console: Console
    officers: Officers
    plan_desk: PlanDesk
    preview: Preview
    telling: AnnouncementRound
    silence: Watch
    notices: Notices
    housekeeping: Housekeeping
    time_stamping: TimeStamping

    def hear_the_modem(self) -> None:
        """Hand on the next thing the modem says; wait a moment for it."""
        assert self.modem is not None
        self.modem.hand_on(self.workflow.hear, self.texts.take, self.workflow.wake)


def assemble(settings: Settings, adapters: Adapters) -> Responder:
    """Everything HQ runs, made from its settings; opens the database and brings it up to date.

    Raises ``SettingsInvalid`` for what is wrong in the files that the settings name.
    """
    clock, random = adapters.clock, adapters.random
    url = settings.people.public_url
    officers = officer_channels.load(settings)
    database = Store.of(settings)
    publishers = adapters.publishers(settings, database, clock)
    means = Means(settings.modem is not None, tuple(publishers), officers)
    composer, own_page = Composer(settings.organisation), OwnPage(database, url, clock)
    posting = Posting(database, publishers, composer, clock)
    performers: dict[ActionKind, Performer] = dict.fromkeys(PUBLICATIONS, posting)
    briefer = Briefer(url, means)
    performers[ActionKind.NOTIFY] = Notifying(database, briefer, adapters.channels, clock)
    modem = adapters.modem(settings.modem, adapters.monotonic, adapters.watch)
    if modem is not None:
        performers |= dict.fromkeys(TEXTS, Texting(database, briefer, modem, clock))
    accounts = Officers(database, settings.organisation, clock, random, adapters.hasher)
    workflow = Workflow(
        database,
        performers,
        means,
        clock,
        adapters.watch("workflow"),
        adapters.lanes,
        adapters.monotonic,
    )
    wake = workflow.wake
    answers = SmsAnswers(database, clock, settings.modem.number if settings.modem else "")
    notices = Notices(officers, adapters.channels, url, adapters.monotonic)
    keys = hq_keys.load_or_create(settings.directory)
    inbox = Inbox(database, keys, clock, wake, random, DeviceClocks(notices.doubt_the_clock).hear)
    return Responder(
        settings=settings,
        clock=clock,
        store=database,
        inbox=inbox,
        workflow=workflow,
        modem=modem,
        texts=ArrivingTexts(inbox, answers, wake),
        publishers=publishers,
        own_page=own_page,
        desk=Desk(database, inbox, clock, wake, settings.people.link_days * 86_400.0),
        console=Console(database, clock, wake, partial(readiness.missing, settings)),
        officers=accounts,
        plan_desk=PlanDesk(database, accounts, clock, wake, settings.schemes),
        preview=Preview(publishers, composer, own_page, means, clock),
        telling=AnnouncementRound(database, officers, adapters.channels, url, clock),
        silence=Watch(database, clock, notices, wake),
        notices=notices,
        housekeeping=Housekeeping(database, clock),
        time_stamping=TimeStamping(database, settings.time_stamps, clock),
    )
