"""What HQ is made of, wired in one place: the service, the tests and the campaigns all use it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from argon2 import PasswordHasher

from outcry.hw.modem import ModemSettings, open_serial
from outcry.responder.archive.housekeeping import Housekeeping
from outcry.responder.console.accounts import Officers
from outcry.responder.console.desk import Console
from outcry.responder.console.plans import Plans
from outcry.responder.contacts.desk import Desk
from outcry.responder.dispatch.workers import Lanes, Threads
from outcry.responder.enrolment import hq_keys
from outcry.responder.intake.inbox import Inbox
from outcry.responder.notify import officer_channels
from outcry.responder.notify.by_channel import Notifying
from outcry.responder.notify.by_sms import Texting
from outcry.responder.notify.messages import Briefer
from outcry.responder.plans.repository import Means
from outcry.responder.posting import networks
from outcry.responder.posting.composing import Composer
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.performing import KINDS as POSTING
from outcry.responder.posting.performing import Posting
from outcry.responder.posting.publisher import Publisher
from outcry.responder.rules.model import ActionKind
from outcry.responder.service.silence_watch import Watch
from outcry.responder.service.workflow import Workflow
from outcry.responder.settings import HqModem, Settings
from outcry.responder.storage.store import Store
from outcry.responder.transports.apprise import Channels
from outcry.responder.transports.sms import Notifier, NotifierEvent, SmsNotifier

CALLS_AT_ONCE = 32  # of one group: that many channels may hang before another has to wait

Beat = Callable[[], None]
Clock = Callable[[], float]


def sms_notifier(
    modem: HqModem, on_event: Callable[[NotifierEvent], None], clock: Clock, beat: Beat
) -> Notifier:
    """The real modem at HQ; ``clock`` gives monotonic seconds."""
    settings = ModemSettings(pin=modem.pin)
    return SmsNotifier(settings, lambda: open_serial(modem.port), on_event, clock, beat)


@dataclass(frozen=True)
class Adapters:
    """How HQ reaches the world; what is not given is the real thing.

    ``clock`` gives Unix seconds. ``watch`` names a thread and gives what it calls to show that it
    works. ``notifier`` is asked for only where the settings name a modem's port.
    """

    clock: Clock = time.time
    monotonic: Clock = time.monotonic
    random: Callable[[int], bytes] = os.urandom
    watch: Callable[[str], Beat] = lambda _thread: lambda: None
    lanes: Lanes = field(default_factory=lambda: Threads(CALLS_AT_ONCE))
    publishers: Callable[[Settings, Store, Clock], dict[str, Publisher]] = networks.publishers
    channels: Channels = field(default_factory=Channels)
    notifier: Callable[[HqModem, Callable[[NotifierEvent], None], Clock, Beat], Notifier] = (
        sms_notifier
    )
    hasher: PasswordHasher = field(default_factory=PasswordHasher)


@dataclass(frozen=True)
class Responder:
    """HQ's parts, wired to each other. None of their threads runs yet."""

    settings: Settings
    clock: Clock
    store: Store
    inbox: Inbox
    workflow: Workflow
    notifier: Notifier | None
    publishers: dict[str, Publisher]
    own_page: OwnPage
    desk: Desk
    console: Console
    officers: Officers
    plans: Plans
    silence: Watch
    housekeeping: Housekeeping


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
    posting = Posting(database, publishers, Composer(settings.organisation))
    notifying = Notifying(database, Briefer(url, means), adapters.channels)
    workflow = Workflow(
        database,
        {**dict.fromkeys(POSTING, posting), ActionKind.NOTIFY: notifying},
        Texting(database, url),
        means,
        clock,
        adapters.watch("workflow"),
        adapters.lanes,
        adapters.monotonic,
    )
    wake = workflow.wake
    inbox = Inbox(database, hq_keys.load_or_create(settings.directory), clock, wake, random)
    modem, notifier = settings.modem, None
    if modem is not None and modem.port:
        beat = adapters.watch("modem")
        notifier = adapters.notifier(modem, workflow.on_event, adapters.monotonic, beat)
    workflow.connect(inbox, notifier)
    return Responder(
        settings,
        clock,
        database,
        inbox,
        workflow,
        notifier,
        publishers,
        OwnPage(database, url, clock),
        Desk(database, inbox, clock, wake, settings.people.link_days * 86_400.0),
        Console(database, clock, wake),
        Officers(database, settings.organisation, clock, random, adapters.hasher),
        Plans(database, clock, wake),
        Watch(database, clock, wake),
        Housekeeping(database, clock),
    )
