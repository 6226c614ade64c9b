"""Hosts as people write them: the address one means, and whether it leads to a place inside."""

import ipaddress
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

Named = tuple[IPv4Network | IPv6Network, int | None]
"""Addresses, and the one port of theirs that is meant; None: every port."""

# All of IPv6 that leads anywhere in the internet (RFC 4291); each Python knows other exceptions.
_OPEN = IPv6Network("2000::/3")
# Public by their looks: where machines at Azure and Oracle ask for their own secrets, and what is
# for protocols (RFC 6890): Teredo's tunnels to IPv4 (RFC 4380), the router nearby (RFC 7723).
_SPECIAL = tuple(map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24", "2001::/23")))
# They lead nowhere (RFC 5737, 3849, 9637), and stand in examples for addresses of the internet.
_EXAMPLES = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
    )
)
# What carries an IPv4 address in its last bits: RFC 6052 (NAT64), 2765, and RFC 4291's old form. A
# network's own NAT64 (RFC 8215) may carry it anywhere.
_CARRIERS = tuple(map(IPv6Network, ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96")))
_INSIDE = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "arpa")
"""Names' ends that nobody outside can look up (RFC 6761, 6762, 8375, and ICANN's ``internal``)."""


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address a host is, in any spelling the system takes: ``127.1``, ``0x7f000001``; or None.

    An IPv6 address that only carries an IPv4 one is that one.
    """
    plain = host.strip().removeprefix("[").removesuffix("]").partition("%")[0]
    try:
        return _carried(ipaddress.ip_address(plain))
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(plain.removesuffix(".")))
    except (OSError, ValueError):
        return None


def named(written: str) -> Named:
    """What a setting names: ``10.0.0.5``, ``10.0.0.0/8``, ``127.0.0.1:8080``, ``[fd00::1]:443``.

    Raises ``ValueError``.
    """
    if "/" in written or (written.count(":") > 1 and not written.startswith("[")):
        return ipaddress.ip_network(written), None
    parts = urlsplit(f"//{written}")
    if parts.netloc != written or "@" in written:
        raise ValueError("this is neither an address nor a network")
    return ipaddress.ip_network(parts.hostname or ""), parts.port


def is_inside(address: IPv4Address | IPv6Address) -> bool:
    """Whether this is no address of the open internet: a private, link-local or metadata one,
    this machine's own, or one that means several.
    """
    if any(address in network for network in _EXAMPLES):
        return False
    if isinstance(address, IPv6Address) and address not in _OPEN:
        return True
    private = not address.is_global or address.is_multicast
    return private or any(address in network for network in _SPECIAL)


def is_inside_name(host: str) -> bool:
    """Whether this name can only be looked up inside a network."""
    labels = host.strip().lower().removesuffix(".").split(".")
    return len(labels) == 1 or labels[-1] in _INSIDE


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and int(address) > 1 and any(address in net for net in _CARRIERS):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or IPv6Address(int(address))
