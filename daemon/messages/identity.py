"""Who this device belongs to: the enrolment from HQ, or without HQ the people in the settings."""

from binascii import crc32
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

from outcry.daemon.outbox.private_files import write_whole
from outcry.daemon.settings import Settings
from outcry.enrolment import Contact, Enrolment, EnrolmentInvalid, read
from outcry.envelope import SEALED_CHARS
from outcry.hw.system_errors import told
from outcry.settings_file import SettingsInvalid, text_of

FILE_NAME = "enrolment.json"


@dataclass(frozen=True, repr=False)
class Identity:
    """The wearer, the contacts, and the enrolment if there is a responder."""

    wearer: str
    contacts: tuple[Contact, ...]
    enrolment: Enrolment | None

    def __repr__(self) -> str:
        return f"Identity(contacts={len(self.contacts)}, enrolled={self.enrolment is not None})"

    def marks(self) -> dict[str, int]:
        """What tells other keys or contacts from these: 16 bits, too few to tell whose they are."""
        wearer, contacts, enrolment = astuple(self)
        held = {"keys": enrolment, "contacts": (wearer, contacts)}
        return {name: crc32(ascii(each).encode()) & 0xFFFF for name, each in held.items()}

    def longest_link(self) -> str | None:
        """A link as long as any that a contact can be sent; ``None`` without HQ."""
        if self.enrolment is None:
            return None
        return contact_link(self.enrolment, "x" * SEALED_CHARS, max(len(self.contacts), 1))


def contact_link(enrolment: Enrolment, sealed_text: str, contact: int) -> str:
    """The link that carries a sealed report and the number of its contact (from 1)."""
    return f"{enrolment.hq.link}{sealed_text}/{contact}"


def load(settings: Settings, on_fault: Callable[[str], None]) -> Identity:
    """Raises :class:`SettingsInvalid` if nobody would be told of an alarm.

    ``on_fault`` is told of an enrolment that cannot be used; the contacts in the settings, if there
    are any, are still told of an alarm.
    """
    path = settings.path("storage", "state") / FILE_NAME
    enrolment, problems = _enrolment(path)
    contacts = settings.contacts or (enrolment.contacts if enrolment else ())
    wearer = settings.wearer or (enrolment.wearer if enrolment else None)
    if wearer is None or (enrolment is None and not contacts):
        nobody = (
            f"{path}: there is no enrolment; run `outcry enrol FILE` with the file from HQ, or"
            " write [wearer] and [[contacts]] into the settings"
        )
        raise SettingsInvalid(problems or [nobody])
    if problems:
        on_fault(f"{'; '.join(problems)}; only the contacts in the settings are told, without HQ")
    return Identity(wearer, contacts, enrolment)


def _enrolment(path: Path) -> tuple[Enrolment | None, list[str]]:
    """The enrolment, if there is one that can be used, or what is wrong with it."""
    try:
        return read(text_of(path)), []
    except FileNotFoundError:
        return None, []
    except EnrolmentInvalid as error:
        return None, [f"{path}: {problem}" for problem in error.problems]
    except OSError as error:
        return None, [f"{path}: cannot be read ({told(error)})"]


def install(source: Path, settings: Settings) -> Enrolment:
    """Check an enrolment file and keep it for the service alone.

    Raises :class:`EnrolmentInvalid` if it is not valid and ``OSError`` if it cannot be kept.
    """
    text = source.read_text(encoding="utf-8-sig")
    enrolment = read(text)
    if not enrolment.can_seal():
        raise EnrolmentInvalid(["hq.public_key: nothing can be sealed for it; HQ makes a new file"])
    folder = settings.path("storage", "state")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(folder / FILE_NAME, text, synced=True)
    return enrolment
