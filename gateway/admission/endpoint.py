"""Where the Redis-compatible server listens, read from a URL."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

P = TypeVar("P", bound=asyncio.Protocol)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A TCP address, with or without TLS, or a Unix socket; and the name to sign in with."""

    host: str
    port: int
    path: str | None
    database: int
    username: str | None
    password: str | None = field(repr=False)
    tls: ssl.SSLContext | None

    @classmethod
    def parse(cls, url: str) -> Endpoint:
        """Reads `redis://`, `rediss://` or `unix://`, with `user:password@`, `/database` or `?db=`.

        `?ssl_ca_certs=` names the authorities to trust instead of the system's. Raises `ValueError` for anything else.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError("a Redis URL begins with redis://, rediss:// or unix://")
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 6379,
            path=unquote(parts.path) if parts.scheme == "unix" else None,
            database=_database(parts, query),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=ssl.create_default_context(cafile=query.get("ssl_ca_certs")) if parts.scheme == "rediss" else None,
        )

    async def open(self, protocol: Callable[[], P]) -> P:
        """Connects. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        if self.path:
            return (await loop.create_unix_connection(protocol, self.path))[1]
        return (await loop.create_connection(protocol, self.host, self.port, ssl=self.tls))[1]


def _database(parts: SplitResult, query: dict[str, str]) -> int:
    in_path = "" if parts.scheme == "unix" else parts.path.strip("/")
    return int(query.get("db") or in_path or 0)
