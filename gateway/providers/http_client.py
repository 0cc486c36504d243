"""A pool of HTTP/1.1 connections to upstreams, under the egress policy."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit
from weakref import WeakSet

from gateway.providers.base import FailureClass, Timeouts, UpstreamFailure
from gateway.providers.http_connection import Connection
from kit import metrics
from kit.egress import EgressPolicy, EgressRefused, connect, connect_unix

_opened = metrics.counter("chancery_upstream_connections_opened_total", "Connections made to upstreams.").of()
_full = metrics.counter(
    "chancery_upstream_pool_full_total", "Calls refused because this process had too many connections to upstreams."
).of()
_clients: WeakSet[HttpClient] = WeakSet()

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections go: a host and port, with TLS or without, or the path of a unix socket."""

    host: str
    port: int
    tls: bool
    unix_socket: str = ""

    @property
    def authority(self) -> str:
        """The `Host` header's value."""
        if self.unix_socket:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS["https" if self.tls else "http"] else f"{host}:{self.port}"


@lru_cache(maxsize=1024)
def split_base_url(base_url: str) -> tuple[Origin, str]:
    """`https://host/v1` or `unix:/run/a.sock:/v1` as its origin and its path. Raises `ValueError`."""
    if base_url.startswith("unix:"):
        socket_path, _, path = base_url.removeprefix("unix:").partition(":")
        if not socket_path.startswith("/"):
            raise ValueError("the path of a unix socket is absolute")
        return Origin("", 0, tls=False, unix_socket=socket_path), path.rstrip("/")
    parts = urlsplit(base_url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("a base URL is http(s)://host[:port][/path], without user, query or fragment")
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    return Origin(parts.hostname, port, tls=parts.scheme == "https"), parts.path.rstrip("/")


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """`keep_alive_seconds` ends an idle connection; `connections` bounds all of them, busy and idle."""

    connections: int = 4096
    keep_alive_seconds: float = 30.0


class HttpClient:
    """One per process and event loop."""

    def __init__(
        self, policy: EgressPolicy, *, limits: PoolLimits | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._policy = policy
        self._limits = limits or PoolLimits()
        self._tls = tls
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._open: dict[Connection, Origin] = {}
        self._connecting = 0
        _clients.add(self)

    async def post(self, origin: Origin, request: bytes, timeouts: Timeouts) -> Connection:
        """Sends the whole request and waits for the answer's head. The caller finishes or aborts the connection.

        A kept-alive connection that turns out to have been closed by the other side is replaced once.
        """
        connection = self._reusable(origin)
        if connection is not None:
            try:
                return await _exchanged(connection, request, timeouts)
            except UpstreamFailure:
                if not connection.crossed:
                    raise
        return await _exchanged(await self._connected(origin, timeouts.connect), request, timeouts)

    async def close(self) -> None:
        for connection in list(self._open):
            connection.abort()
        await asyncio.sleep(0)  # the transports close in the loop's next turn

    @property
    def open_connections(self) -> int:
        return len(self._open)

    @property
    def idle_connections(self) -> int:
        return sum(len(idle) for idle in self._idle.values())

    def _reusable(self, origin: Origin) -> Connection | None:
        """The most recently used one: the others grow idle and are closed."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
        return None

    async def _connected(self, origin: Origin, timeout_seconds: float) -> Connection:
        if len(self._open) + self._connecting >= self._limits.connections:
            _full.value += 1
            raise UpstreamFailure(FailureClass.OVERLOADED, "this process has too many upstream connections", sent=False)
        self._connecting += 1
        try:
            async with asyncio.timeout(timeout_seconds):
                connection = await self._connect(origin)
        except EgressRefused as error:
            raise UpstreamFailure(FailureClass.EGRESS_REFUSED, str(error), sent=False) from error
        except TimeoutError as error:
            message = "no connection to the upstream in time"
            raise UpstreamFailure(FailureClass.TIMEOUT_BEFORE_SEND, message, sent=False) from error
        except (OSError, UnicodeError) as error:  # refused, unreachable, TLS; a name that does not or cannot resolve
            message = f"no connection to the upstream ({type(error).__name__})"
            raise UpstreamFailure(FailureClass.CONNECT_FAILED, message, sent=False) from error
        finally:
            self._connecting -= 1
        self._open[connection] = origin
        _opened.value += 1
        return connection

    async def _connect(self, origin: Origin) -> Connection:
        if origin.unix_socket:
            return await connect_unix(self._policy, self._new_connection, origin.unix_socket)
        tls = self._tls_context() if origin.tls else None
        return await connect(self._policy, self._new_connection, origin.host, origin.port, tls)

    def _new_connection(self) -> Connection:
        return Connection(self._released, self._lost, keep_alive_seconds=self._limits.keep_alive_seconds)

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:  # reading the system's certificates takes some 20 ms: once, and only if needed
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls

    def _released(self, connection: Connection) -> None:
        self._idle[self._open[connection]].append(connection)

    def _lost(self, connection: Connection) -> None:
        origin = self._open.pop(connection, None)
        if origin is not None and connection in self._idle[origin]:
            self._idle[origin].remove(connection)


async def _exchanged(connection: Connection, request: bytes, timeouts: Timeouts) -> Connection:
    connection.send(request, timeouts)
    try:
        await connection.begun()
    except BaseException:  # a cancelled caller too: the upstream must not go on generating
        connection.abort()
        raise
    return connection


def _by_state() -> list[tuple[tuple[str], float]]:
    clients = list(_clients)
    idle = sum(client.idle_connections for client in clients)
    busy = sum(client.open_connections for client in clients) - idle
    return [(("busy",), float(busy)), (("idle",), float(idle))]


metrics.gauges("chancery_upstream_connections", "Connections to upstreams, by state.", ("state",), _by_state)
