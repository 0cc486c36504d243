"""The egress policy for a whole process, where other people's code opens the connections."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from typing import Any

from kit.egress.policy import EgressPolicy, EgressRefused


def install_process_guard(policy: EgressPolicy) -> None:
    """Refuses, for the rest of this process's life, every Python socket that would leave the policy.

    It rests on the interpreter's audit events. An extension that brings its own sockets raises none: uvloop is refused
    at import, others must not be used where this is relied on. A host name on the allow-list opens the addresses it
    resolves to at the moment of the connection.
    """

    def guard(event: str, args: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            if args[1] is not None:  # a message without an address goes where the checked connection goes
                _check(policy, args[0], args[1])
        elif event == "import" and args[0] == "uvloop":
            raise ImportError("uvloop opens sockets that the process guard cannot see")

    sys.addaudithook(guard)


def _check(policy: EgressPolicy, sock: socket.socket, target: object) -> None:
    if sock.family == socket.AF_UNIX:
        policy.check_unix_socket(target.decode() if isinstance(target, bytes) else str(target))
        return
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(target, tuple):
        raise EgressRefused("only IP and listed unix sockets may be connected")
    address, port = str(target[0]), int(target[1])
    # A name here would be resolved by the socket after this check; `permits` refuses what is no address.
    if policy.permits(address, port, address):
        return
    if not any(policy.permits(host, port, address) for host in _listed_names(policy, address, port)):
        raise EgressRefused("the address is not public and not on the egress allow-list")


def _listed_names(policy: EgressPolicy, address: str, port: int) -> Iterator[str]:
    """The names on the allow-list that resolve to `address` now."""
    for host, allowed_port in policy.allowed_hosts:
        if allowed_port != port:
            continue
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            continue
        if any(entry[4][0] == address for entry in entries):
            yield host
