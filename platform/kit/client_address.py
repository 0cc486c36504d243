"""Where a request comes from, when proxies stand between."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_parsed = lru_cache(4096)(ip_address)  # the same few addresses call again and again


def nearest(peer: str, forwarded_for: str, proxies: Collection[Network]) -> Address | None:
    """The nearest address that is no trusted proxy; where all are, the farthest of them.

    `forwarded_for` is the value of `X-Forwarded-For`, to which each proxy appends whom it was called by: it is believed
    from its end, as far as the proxies go. None where what a proxy says is no address.
    """
    address: Address | None = None
    for hop in [peer, *reversed([hop for hop in forwarded_for.split(",") if hop.strip()])]:
        try:
            address = _parsed(hop.strip())
        except ValueError:
            return None
        if not any(address in network for network in proxies):
            return address
    return address
