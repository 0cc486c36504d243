"""What the run must know of the database and the Redis beside the gateway: that nothing was bought with durability or
privilege, and which processes to charge."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
import redis

from tests.bench.processes import parent

_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
_LOG_FILES = 32
_LOCAL = ("", "localhost", "127.0.0.1", "::1")


class NotComparable(Exception):
    """The database is set up so that the figures would flatter; the message says which setting."""


def require_honest(gateway_url: str) -> str:
    """One line on the database as the gateway's own role finds it. Raises `NotComparable` where a commit is not
    durable or the role is privileged."""
    with psycopg.connect(gateway_url) as connection:
        settings = {name: _one(connection, "SELECT current_setting(%s)", name) for name in _DURABLE}
        weak = [f"{name} is {value}" for name, value in settings.items() if value != "on"]
        if weak:
            raise NotComparable(f"commits are not durable: {', '.join(weak)}")
        role = _one(connection, "SELECT current_user")
        if _one(connection, "SELECT (rolsuper OR rolbypassrls)::text FROM pg_roles WHERE rolname = %s", role) == "true":
            raise NotComparable(f"the gateway's role {role} is a superuser or bypasses row-level security")
        version = _one(connection, "SELECT current_setting('server_version')")
    return f"PostgreSQL {version}: fsync, synchronous_commit and full_page_writes are on; {role} is an ordinary role."


def warm_up(admin_url: str) -> None:
    """Brings the write-ahead log to where a server that has run for a while is: its files are used again, not made.

    Making one of 16 MB stops every commit for some 45 ms, each two thousand calls, until the first of them is reused.
    """
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for _ in range(_LOG_FILES):
            connection.execute("SELECT pg_logical_emit_message(true, 'bench', '')")
            connection.execute("SELECT pg_switch_wal()")
        connection.execute("CHECKPOINT")


def beside(environment: Mapping[str, str]) -> dict[str, int]:
    """The heads of the process trees of PostgreSQL and Redis, where they run on this machine."""
    found = {}
    with psycopg.connect(environment["DATABASE_URL_GATEWAY"]) as connection:
        if connection.info.host.startswith("/") or connection.info.host in _LOCAL:
            found["PostgreSQL"] = parent(connection.info.backend_pid)
    server = redis.Redis.from_url(environment["REDIS_URL"])
    try:
        options = server.connection_pool.connection_kwargs
        if options.get("host", "") in _LOCAL:
            information: dict[str, int] = server.info("server")
            found["Valkey"] = information["process_id"]
    finally:
        server.close()
    return found


def _one(connection: psycopg.Connection, query: str, *parameters: str) -> str:
    row = connection.execute(query, parameters).fetchone()
    return str(row[0]) if row else ""
