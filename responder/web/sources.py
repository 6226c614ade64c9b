"""Who is counted together: the addresses that one customer of a network has to himself."""

import ipaddress
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

KEPT = 10_000
SITE_SHARE = 4  # a /48 holds 65,536 customers' networks, or one attacker's


class Source(NamedTuple):
    """Addresses that are counted together; ``share`` times what one customer may, they may."""

    name: str
    share: int = 1


class Sources:
    """From where somebody came who was one of ours, by the narrowest; the latest are kept."""

    def __init__(self) -> None:
        self._known = OrderedDict[Source, None]()

    def add(self, sources: Sequence[Source]) -> None:
        for source in sources[:1]:
            self._known[source] = None
            self._known.move_to_end(source)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)

    def have(self, sources: Sequence[Source]) -> bool:
        return any(source in self._known for source in sources[:1])


def sources_of(address: str) -> tuple[Source, ...]:
    """The sources an address belongs to, the narrowest first: IPv4 alone, IPv6 by /64 and /48."""
    ip = _ip(address)
    if isinstance(ip, ipaddress.IPv6Address):
        return Source(_network(ip, 64)), Source(_network(ip, 48), SITE_SHARE)
    return (Source("unknown" if ip is None else str(ip)),)


def network_of(address: str) -> str:
    """About what one operator has: IPv4 by /16, IPv6 by /32."""
    ip = _ip(address)
    return "unknown" if ip is None else _network(ip, 16 if ip.version == 4 else 32)


def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def _network(ip: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int) -> str:
    return str(ipaddress.ip_network((ip, bits), strict=False))
