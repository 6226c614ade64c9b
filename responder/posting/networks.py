"""The networks an organisation posts to: one file of their accounts, which is a secret.

Each section is a network; ``docs/networks.md`` says how to come by what goes
into it. Libraries are loaded when the first call is made.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from outcry import credentials
from outcry.responder.posting import bluesky, broadcast, facebook, mastodon, own_page, x
from outcry.responder.posting.publisher import Publisher
from outcry.responder.settings import Settings, SettingsInvalid
from outcry.responder.storage.store import Store
from outcry.responder.transports import apprise

CREDENTIAL = "publishing.networks"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,20}\Z")

# name: whether it is needed, what else it defaults to
_KEYS: Mapping[str, Mapping[str, Any]] = {
    "mastodon": {"server": None, "token": None, "visibility": "public"},
    "bluesky": {"server": "https://bsky.social", "handle": None, "app_password": None},
    "x": {
        "api_key": None,
        "api_secret": None,
        "access_token": None,
        "access_token_secret": None,
        "link": False,
        "server": x.SERVER,
    },
    "facebook": {"page": None, "token": None, "app_secret": None, "server": facebook.SERVER},
}
_VISIBLE = ("public", "unlisted")


def publishers(
    settings: Settings,
    database: Store,
    clock: Callable[[], float],
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Publisher]:
    """Every network that is set up, by name; the own page always.

    Raises :class:`SettingsInvalid` with every problem found, repeating no value.
    """
    given = _read(settings, environment)
    problems: list[str] = []
    made: dict[str, Publisher] = {
        own_page.OwnPage.name: own_page.OwnPage(database, settings.people.public_url, clock)
    }
    for section, keys in given.items():
        if section == "apprise":
            made |= _broadcasts(keys, problems)
        elif section not in _KEYS or not isinstance(keys, dict):
            problems.append(f"[{section}] is no network; write one of {', '.join(_KEYS)}, apprise")
        elif (account := _account(section, keys, problems)) is not None:
            made[section] = _publisher(section, account)
    if problems:
        where = str(settings.networks or CREDENTIAL)
        raise SettingsInvalid([f"{where}: {problem}" for problem in problems])
    return made


def _read(settings: Settings, environment: Mapping[str, str]) -> dict[str, Any]:
    where = str(settings.networks or CREDENTIAL)
    try:
        if settings.networks is not None:
            text = settings.networks.read_text(encoding="utf-8")
        else:
            text = credentials.secret(CREDENTIAL, environment) or ""
        return tomllib.loads(text)
    except OSError as error:
        raise SettingsInvalid([f"{where}: cannot be read: {error.strerror}"]) from None
    except ValueError:
        raise SettingsInvalid([f"{where}: is not TOML; see docs/networks.md"]) from None


def _account(
    section: str, given: Mapping[str, Any], problems: list[str]
) -> Mapping[str, Any] | None:
    known = _KEYS[section]
    before = len(problems)
    for key in given:
        if key not in known:
            problems.append(f"{section}.{key} is not known; known are {', '.join(known)}")
    account = {key: given.get(key, default) for key, default in known.items()}
    for key, value in account.items():
        wrong = _wrong(key, value, known[key])
        if wrong:
            problems.append(f"{section}.{key}: {wrong}")
    return account if len(problems) == before else None


def _wrong(key: str, value: Any, default: Any) -> str | None:
    if value is None:
        return "is missing; see docs/networks.md"
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "write true or false"
    if not isinstance(value, str) or not value.strip():
        return "write it in quotation marks"
    if key == "server" and not _is_safe(value):
        return "write an address that begins with https://"
    if key == "visibility" and value not in _VISIBLE:
        return 'write "public" or "unlisted"'
    return None


def _is_safe(url: str) -> bool:
    """HTTPS; plain HTTP only within this machine."""
    parts = urlsplit(url)
    here = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and here))


def _publisher(section: str, account: Mapping[str, Any]) -> Publisher:
    match section:
        case "mastodon":
            return mastodon.Mastodon(**account)
        case "bluesky":
            return bluesky.Bluesky(**account)
        case "x":
            keys = x.Keys(*(account[field] for field in x.Keys._fields))
            return x.X(keys, account["link"], account["server"])
        case _:
            return facebook.Facebook(**account)


def _broadcasts(given: object, problems: list[str]) -> dict[str, Publisher]:
    made: dict[str, Publisher] = {}
    if not isinstance(given, dict):
        problems.append('apprise: write a section of names, such as news = "ntfy://..."')
        return made
    for name, url in given.items():
        if not _NAME.match(name):
            problems.append("apprise: names are small letters, digits, - and _")
        elif not isinstance(url, str):
            problems.append(f"apprise.{name}: write an address in quotation marks")
        elif (wrong := apprise.problem(url)) is not None:
            problems.append(f"apprise.{name}: {wrong}")
        else:
            one = broadcast.Broadcast(name, url)
            made[one.name] = one
    return made
