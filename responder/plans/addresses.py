"""Addresses of contacts' channels, which are secrets: written, not shown, and looked at when new."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from outcry.responder.plans.document import PlanInvalid, Terms
from outcry.responder.transports import apprise

_KEPT = "://(kept)"


def masked(url: str) -> str:
    """What is shown of an address: its kind. Written into a plan, it means no change."""
    return url.partition("://")[0] + _KEPT


def hidden(terms: Terms) -> Terms:
    """The same with every address masked."""
    return _with_addresses(terms, lambda _n, _name, url: masked(url))


def kept(terms: Terms, before: Terms) -> Terms:
    """The same with the addresses that were shown masked. Raises :class:`PlanInvalid`."""
    old = dict(_addresses(before))

    def whole(n: int, name: str, url: str) -> str:
        known = old.get((n, name))
        return known if known is not None and url == masked(known) else url

    made = _with_addresses(terms, whole)
    problems = [
        f"contact.{n}.channels.{name}: there is no such address to keep; write it whole"
        for (n, name), url in _addresses(made)
        if url.endswith(_KEPT)
    ]
    if problems:
        raise PlanInvalid(problems)
    return made


def new(terms: Terms, before: Terms) -> Mapping[str, str]:
    """The addresses that were not there before, by their keys in the file."""
    old = dict(_addresses(before))
    return {
        f"contact.{n}.channels.{name}": url
        for (n, name), url in _addresses(terms)
        if old.get((n, name)) != url
    }


def look_up(addresses: Mapping[str, str], schemes: Iterable[str]) -> None:
    """Raises :class:`PlanInvalid` with each of these addresses that HQ does not take from a plan.

    May take seconds: never inside a transaction. ``schemes``: those that the settings name.
    """
    more = tuple(schemes)
    problems = [
        f"{key}: {why}"
        for key, url in addresses.items()
        if (why := apprise.refused(url, more)) is not None
    ]
    if problems:
        raise PlanInvalid(problems)


def _addresses(terms: Terms) -> Iterator[tuple[tuple[int, str], str]]:
    for n, person in terms.people.items():
        yield from (((n, name), url) for name, url in person.channels.items())


def _with_addresses(terms: Terms, of: Callable[[int, str, str], str]) -> Terms:
    people = {
        n: replace(one, channels={name: of(n, name, url) for name, url in one.channels.items()})
        for n, one in terms.people.items()
    }
    return replace(terms, people=people)
