"""The networks an organisation posts to: one file of their accounts, which is a secret.

Each section is a network; ``docs/networks.md`` says how to come by what goes
into it. Libraries are loaded when the first call is made, each in a process of its own.
"""

import re
from collections.abc import Callable, Mapping

from outcry.responder.callers import outgoing
from outcry.responder.posting import bluesky, broadcast, facebook, mastodon, own_page, x
from outcry.responder.posting.isolated import Isolated
from outcry.responder.posting.publisher import Publisher
from outcry.responder.settings import Settings, is_secure, load_secret
from outcry.responder.storage.store import Store
from outcry.responder.transports import apprise
from outcry.settings_file import Key, SettingsInvalid, check_section, unknown

CREDENTIAL = "publishing.networks"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,20}\Z")

_SECRET = Key("", write="what docs/networks.md says", secret=True, required=True)


def _server(default: str = "") -> Key:
    write = "an address that begins with https://"
    return Key(default, good=is_secure, write=write, secret=True, required=not default)


# Of every value it is only said what is wrong with it.
_KEYS: Mapping[str, Mapping[str, Key]] = {
    "mastodon": {
        "server": _server(),
        "token": _SECRET,
        "visibility": Key("public", one_of=("public", "unlisted"), secret=True),
    },
    "bluesky": {
        "server": _server("https://bsky.social"),
        "handle": _SECRET,
        "app_password": _SECRET,
    },
    "x": {
        "api_key": _SECRET,
        "api_secret": _SECRET,
        "access_token": _SECRET,
        "access_token_secret": _SECRET,
        "link": Key(False, secret=True),
        "server": _server(x.SERVER),
    },
    "facebook": {
        "page": _SECRET,
        "token": _SECRET,
        "app_secret": _SECRET,
        "server": _server(facebook.SERVER),
    },
}

_CLASSES = (mastodon.Mastodon, bluesky.Bluesky, x.X, facebook.Facebook)
_PUBLISHERS: Mapping[str, Callable[..., Publisher]] = {each.name: each for each in _CLASSES}
"""What is made of each section."""


def publishers(
    settings: Settings, database: Store, clock: Callable[[], float]
) -> dict[str, Publisher]:
    """Every network that is set up, by name; the own page always.

    Raises :class:`SettingsInvalid` with every problem found, repeating no value.
    """
    given = load_secret(settings.networks, CREDENTIAL)
    problems: list[str] = []
    own = own_page.OwnPage(database, settings.people.public_url, clock)
    made: dict[str, Publisher] = {own.name: own}
    for section, keys in given.items():
        if section == "apprise":
            made |= _broadcasts(keys, problems)
        elif section not in _KEYS:
            problems.append(unknown(section, [*_KEYS, "apprise"]))
        else:
            before = len(problems)
            account = check_section(section, _KEYS[section], keys, problems)
            if len(problems) == before:
                outgoing.name_url(account["server"])
                made[section] = Isolated(_PUBLISHERS[section], account, apprise.CALLERS)
    if problems:
        where = str(settings.networks or CREDENTIAL)
        raise SettingsInvalid([f"{where}: {problem}" for problem in problems])
    return made


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
            apprise.name_server(url)
            one = broadcast.Broadcast(name, url)
            made[one.name] = one
    return made
