"""Where HQ may connect to: the open internet, and of all other addresses those that settings name.

It is asked at the connect itself, after every look-up and redirect, by Python's own audit hook: so
it holds for every library, and for a name that means another address the second time.
"""

import ipaddress
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import urlsplit

from outcry.responder import hosts

REFUSED = "leads to a private address that no setting names"

_CALLS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_named: set[hosts.Named] = set()
_is_guarded: ContextVar[bool] = ContextVar("_is_guarded", default=False)
_is_confined = False


class OutgoingRefused(ConnectionRefusedError):
    """This process may not connect there; nothing has left. The words hold no address."""

    def __init__(self) -> None:
        super().__init__(f"Connection refused: {REFUSED}")


def named() -> frozenset[hosts.Named]:
    """What this process may connect to beside the open internet: to be handed to a caller."""
    return frozenset(_named)


def only(named: Iterable[hosts.Named]) -> None:
    """From now on this process may connect to these beside the open internet, and to no others."""
    global _named
    _named = set(named)


def name(addresses: Iterable[str]) -> None:
    """From now on this process may connect to these, too; each as :func:`hosts.named` takes it."""
    _named.update(map(hosts.named, addresses))


def name_url(url: str) -> None:
    """The same for the server of an address that settings hold, as :func:`name_server` has it."""
    server = urlsplit(url)
    default = 80 if server.scheme == "http" else 443
    name_server(server.hostname or "", server.port or default)


def name_server(host: str, port: int | None) -> None:
    """The same for a server that a file of settings names by its address, or as localhost.

    A name that only happens to mean a private address names nothing: it may mean another tomorrow.
    """
    here = ["127.0.0.1", "::1"] if host == "localhost" else [host]
    found = [address for each in here if (address := hosts.literal(each)) is not None]
    _named.update((ipaddress.ip_network(each), port) for each in found)


def allows(host: str, port: int) -> bool:
    """Whether this process may connect to an address that was looked up; a name is none."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    address = hosts.literal(host)
    return address is not None and (not hosts.is_inside(address) or _is_named(address, port))


def leads_inside(host: str, port: int | None) -> bool:
    """Whether a host's look-up now gives an address where this process may not connect.

    What cannot be looked up now leads nowhere now. May take as long as the system's resolver.
    """
    if (address := hosts.literal(host)) is not None:  # also in brackets, which are not looked up
        return not allows(str(address), port or 0)
    try:
        found = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return not all(allows(str(each[4][0]), port or 0) for each in found)


@contextmanager
def guarded() -> Iterator[None]:
    """Inside the block this thread may connect only where :func:`allows` says so.

    Any other connect raises :class:`OutgoingRefused`.
    """
    _listen()
    token = _is_guarded.set(True)
    try:
        yield
    finally:
        _is_guarded.reset(token)


def confine() -> None:
    """The same for the whole process and all its threads, for good: for one that makes calls."""
    global _is_confined
    _listen()
    _is_confined = True


def _is_named(address: IPv4Address | IPv6Address, port: int) -> bool:
    return any(address in network and only in (None, port) for network, only in _named)


@cache
def _listen() -> None:
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _CALLS or not (_is_confined or _is_guarded.get()):
        return
    by, to = arguments[:2]
    if by.family in (socket.AF_INET, socket.AF_INET6) and to is not None:
        host, port = to[:2]
        if not (isinstance(host, str) and allows(host, port)):
            raise OutgoingRefused
