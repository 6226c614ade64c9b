"""The duty officers' channels: a file of names and Apprise addresses, which are secrets."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping

from outcry import credentials
from outcry.responder.settings import Settings, SettingsInvalid
from outcry.responder.transports import apprise

CREDENTIAL = "telling.officers"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}\Z")


def load(settings: Settings, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Addresses by name; none if no file and no credential names any.

    Raises :class:`SettingsInvalid` with every problem found, repeating no address.
    """
    where = str(settings.officers or CREDENTIAL)
    try:
        if settings.officers is not None:
            text = settings.officers.read_text(encoding="utf-8")
        else:
            text = credentials.secret(CREDENTIAL, environment) or ""
        given = tomllib.loads(text)
    except OSError as error:
        raise SettingsInvalid([f"{where}: cannot be read: {error.strerror}"]) from None
    except ValueError:
        raise SettingsInvalid(
            [f'{where}: is not TOML; write lines such as desk = "ntfy://..."']
        ) from None
    problems = [
        f"{where}: {name}: {why}" for name, url in given.items() if (why := _wrong(name, url))
    ]
    if problems:
        raise SettingsInvalid(problems)
    return given


def _wrong(name: str, url: object) -> str | None:
    if not _NAME.match(name):
        return "will not do as a name; write small letters, digits, - and _"
    if not isinstance(url, str):
        return "is not an address in quotation marks"
    return apprise.problem(url)
