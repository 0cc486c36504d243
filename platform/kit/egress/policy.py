"""Which addresses may be connected to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Not public by the IANA special-purpose registries (RFC 6890; read 2026-10), and multicast and reserved space.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
        "192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 "
        "168.63.129.16/32"  # Azure's wire server: a public address that is the host's own metadata service
    ).split()
)
# Only 2000::/3 is allocated as global unicast; inside it: protocol assignments with Teredo, documentation, 6to4.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
# A host name on the allow-list opens private networks and loopback, never these: link-local and the metadata
# services of the clouds, which a name is easily pointed at, multicast and reserved space.
_NEVER_BY_NAME = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8 169.254.0.0/16 168.63.129.16/32 100.100.100.200/32 192.0.0.192/32 224.0.0.0/4 240.0.0.0/4 "
        "::/128 fe80::/10 fd00:ec2::254/128 fd20:ce::254/128 ff00::/8 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 "
        "2002::/16"
    ).split()
)
# IPv6 forms that carry an IPv4 address, and how many bits are to its right (RFC 4291, 6052, 8215, 3056).
_CARRIES_IPV4 = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("64:ff9b:1::/48"), 0),
    (IPv6Network("2002::/16"), 80),
)


class EgressRefused(OSError):
    """The operator's policy does not let this process connect there. An `OSError`, as a failed connection is."""


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What may be reached besides the public internet.

    `allowed_hosts` are (host, port) as in the address of the service, in lower case and without brackets.
    `allowed_unix_sockets` are absolute paths.
    """

    allowed_hosts: frozenset[tuple[str, int]] = frozenset()
    allowed_networks: tuple[Network, ...] = ()
    allowed_unix_sockets: frozenset[str] = frozenset()

    @classmethod
    def listing(cls, hosts: Iterable[str], networks: Iterable[str], unix_sockets: Iterable[str] = ()) -> EgressPolicy:
        """From settings: `host:port` (`[::1]:8000` for an address) and CIDR notation. Raises `ValueError`."""
        named = [host.rpartition(":") for host in hosts]
        return cls(
            frozenset((host.strip("[]").lower(), int(port)) for host, _, port in named),
            tuple(ip_network(network) for network in networks),
            frozenset(unix_sockets),
        )

    def permits(self, host: str, port: int, address: str) -> bool:
        """Whether `address`, which `host` was resolved to (or is), may be connected to on `port`."""
        found = parsed(address)
        if found is None:
            return False
        if _is_public(found) or self._lists(found):
            return True
        if (host.lower().rstrip("."), port) not in self.allowed_hosts:
            return False
        return parsed(host) == found or not _in_any(found, _NEVER_BY_NAME)

    def check_unix_socket(self, path: str) -> None:
        if path not in self.allowed_unix_sockets:
            raise EgressRefused("this unix socket is not on the egress allow-list")

    def _lists(self, address: Address) -> bool:
        if not _in_any(address, self.allowed_networks):
            return False
        # Listing a translation prefix (NAT64) opens the public addresses behind it, not the private ones.
        carried = _carried_ipv4(address)
        return carried is None or _is_public(carried) or _in_any(carried, self.allowed_networks)


def parsed(text: str) -> Address | None:
    """The address `text` is, in its canonical notation (a scope id allowed), or None when it is a name."""
    try:
        return ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not _in_any(address, _NOT_PUBLIC_4)
    return address in _PUBLIC_6 and not _in_any(address, _NOT_PUBLIC_6)


def _in_any(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)  # an address of the other version is in none


def _carried_ipv4(address: Address) -> IPv4Address | None:
    """`::1` and `::` lie in the compatible form's range but are addresses of their own."""
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return None
    for network, bits in _CARRIES_IPV4:
        if address in network:
            return IPv4Address(int(address) >> bits & 0xFFFFFFFF)
    return None
