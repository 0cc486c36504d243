"""Connections to addresses that were checked, for protocols of our own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from kit.egress.policy import EgressPolicy, EgressRefused, parsed

_Protocol = TypeVar("_Protocol", bound=asyncio.Protocol)


async def addresses(policy: EgressPolicy, host: str, port: int) -> list[str]:
    """The addresses of `host` that may be connected to, in the resolver's order.

    Raises `EgressRefused` when none of them is permitted, `OSError` when the name does not resolve.
    """
    if parsed(host) is not None:
        found = [host]
    else:
        entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
    permitted = [address for address in found if policy.permits(host, port, address)]
    if not permitted:
        raise EgressRefused("the host's address is not public and not on the egress allow-list")
    return permitted


async def connect(
    policy: EgressPolicy, protocol: Callable[[], _Protocol], host: str, port: int, tls: ssl.SSLContext | None = None
) -> _Protocol:
    """A TCP (or TLS) connection to the first permitted address that accepts one. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for address in await addresses(policy, host, port):
        try:
            _, connected = await loop.create_connection(
                protocol, address, port, ssl=tls, server_hostname=host if tls else None
            )
        except OSError as error:
            failure = error
        else:
            return connected
    raise failure or OSError("the host has no address")


async def connect_unix(policy: EgressPolicy, protocol: Callable[[], _Protocol], path: str) -> _Protocol:
    """A connection to a local socket the operator has listed. Raises `OSError`."""
    policy.check_unix_socket(path)
    _, connected = await asyncio.get_running_loop().create_unix_connection(protocol, path)
    return connected
