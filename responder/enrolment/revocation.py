"""Keys that change hands: HQ's own, renewed and forgotten; a lost device's, made worthless.

The service reads HQ's keys when it starts, and a device's with every report.
"""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import update

from outcry.envelope import KEY_BYTES
from outcry.responder.enrolment import hq_keys
from outcry.responder.enrolment.enrol import CannotEnrol
from outcry.responder.plans import announcements, repository
from outcry.responder.plans.announcements import BY_COMMAND, Announcement
from outcry.responder.settings import Settings
from outcry.responder.storage import store, versions
from outcry.responder.storage.store import Store, is_new
from outcry.responder.storage.versions import WEARER

_KEY = re.compile(r"wearer\.psk")


def renew(directory: Path, random: Callable[[int], bytes] = os.urandom) -> int:
    """Make HQ a new key; the older ones still open what was sealed for them. How many there are."""
    held = hq_keys.load_or_create(directory, random)
    hq_keys.replace(directory, [random(KEY_BYTES), *held])
    return len(held) + 1


def forget_oldest(directory: Path) -> int:
    """Forget HQ's oldest key: what was sealed for it can never be opened again. How many are left.

    Raises :class:`CannotEnrol` if it is the only one.
    """
    held = hq_keys.load_or_create(directory)
    if len(held) < 2:
        raise CannotEnrol(["this is HQ's only key; make a new one first: outcry-responder key new"])
    hq_keys.replace(directory, held[:-1])
    return len(held) - 1


def retire(
    settings: Settings,
    device: int,
    random: Callable[[int], bytes] = os.urandom,
    clock: Callable[[], float] = time.time,
) -> str:
    """From now on nothing this device has sealed, or will, can be opened. The wearer's name.

    Nobody minds its silence any more; what HQ knows of the wearer stays. Raises
    :class:`CannotEnrol` if nobody was ever enrolled, :class:`NoSuchWearer` if nobody has this device.
    """
    if is_new(settings):
        raise CannotEnrol([f"nobody has been enrolled in {settings.directory}"])
    with Store.of(settings) as database, database.write() as connection:
        repository.unwatch(connection, device, clock())
        unknowable = random(KEY_BYTES)  # nobody ever learns it
        retired = update(store.wearer).filter_by(device=device).values(psk=unknowable)
        name = connection.scalar(retired.returning(store.wearer.c.name))
        versions.note(connection, WEARER, device, clock(), touched=_KEY, by=BY_COMMAND)
        announcements.tell(connection, clock(), Announcement.RETIRED, BY_COMMAND, device=device)
    return str(name)
