"""The state directory of one installation, `$CHANCERY_HOME`.

secrets.json   0600   generated once: passwords, keys, peppers
runtime.json   0600   the environment of what runs now (read by `portal.env`), ports and places chosen
demo.json      0600   written by the demo seed
up.lock               held by the one supervisor
postgres/ valkey/     data; elsewhere if their account cannot reach it (see `accounts`)
run/  logs/           sockets and process ids; one log a process
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class AlreadyRunning(Exception):
    """Another supervisor holds this home."""


class Home:
    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self.run = self.path / "run"
        self._ready = self.run / "ready"
        self._lock = self.path / "up.lock"

    def create(self) -> None:
        """Directories are passable but not readable by others, so that services can reach theirs under an account of
        their own. One that exists keeps its mode."""
        self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.run.mkdir(mode=0o711, exist_ok=True)
        self.logs.mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Holds the home for this process. Raises `AlreadyRunning`; the kernel lets go when the holder dies."""
        with self._lock.open("a+") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(
                    f"{self.path} is in use by process {self._holder() or '?'}: `make down` stops it, "
                    "CHANCERY_HOME=… starts another installation beside it."
                ) from None
            held.truncate(0)
            held.write(str(os.getpid()))
            held.flush()
            self._ready.unlink(missing_ok=True)
            try:
                yield
            finally:
                self._ready.unlink(missing_ok=True)

    def supervisor(self) -> int | None:
        """The process id of the supervisor that holds this home."""
        if not self._lock.exists():
            return None
        with self._lock.open() as probe:
            try:
                fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return self._holder()
        return None

    def declare_ready(self) -> None:
        """By the supervisor, once everything is up."""
        self._ready.write_text(str(os.getpid()))

    def is_ready(self, supervisor: int) -> bool:
        """Whether that process has declared it."""
        try:
            return self._ready.read_text() == str(supervisor)
        except FileNotFoundError:
            return False

    def _holder(self) -> int | None:
        text = self._lock.read_text()
        return int(text) if text.isdigit() else None

    def secret(self, name: str, generate: Callable[[], str]) -> str:
        """Generated at its first use and kept."""
        path = self.path / "secrets.json"
        kept = _read(path)
        if name not in kept:
            kept[name] = generate()
            _write(path, kept)
        return str(kept[name])

    def kept(self, name: str) -> str | None:
        """A secret that was generated, or put there, before."""
        found: str | None = _read(self.path / "secrets.json").get(name)
        return found

    def recall(self, name: str) -> Any:
        """What `remember` kept, or None."""
        return _read(self.path / "runtime.json").get(name)

    def remember(self, name: str, value: Any) -> None:
        path = self.path / "runtime.json"
        _write(path, {**_read(path), name: value})

    def publish(self, environment: Mapping[str, str]) -> None:
        """For commands in another shell: `portal.env` falls back to it."""
        self.remember("environment", dict(environment))

    def port(self, name: str) -> int:
        """A loopback port: the one of the last start, or another if something else has taken it."""
        ports = self.recall("ports") or {}
        if not _is_free(ports.get(name, 0)):
            ports[name] = _free_port()
            self.remember("ports", ports)
        return int(ports[name])


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return content


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Whole or not at all, and never readable by others."""
    beside = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _is_free(port: int) -> bool:
    if not port:
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT are no obstacle
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
