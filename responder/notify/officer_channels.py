"""The duty officers' channels: a file of names and Apprise addresses, which are secrets."""

import re

from outcry.responder.settings import Settings, load_secret
from outcry.responder.transports import apprise
from outcry.settings_file import SettingsInvalid

CREDENTIAL = "telling.officers"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}\Z")


def load(settings: Settings) -> dict[str, str]:
    """Addresses by name; none if no file and no credential names any.

    Raises :class:`SettingsInvalid` with every problem found, repeating no address.
    """
    given = load_secret(settings.officers, CREDENTIAL)
    where = str(settings.officers or CREDENTIAL)
    problems = [
        f"{where}: {name}: {why}" for name, url in given.items() if (why := _wrong(name, url))
    ]
    if problems:
        raise SettingsInvalid(problems)
    for url in given.values():
        apprise.name_server(url)
    return given


def _wrong(name: str, url: object) -> str | None:
    if not _NAME.match(name):
        return "is not valid as a name; write small letters, digits, - and _"
    if not isinstance(url, str):
        return "is not an address in quotation marks"
    return apprise.problem(url)
