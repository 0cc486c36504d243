"""PostgreSQL and Valkey for a test session: the product's own launcher, in a directory of the session's.

One template is migrated; each worker and each measurement gets a clone of it, which takes a tenth of a second.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from portal.embedded import bootstrap, postgres, programs
from portal.embedded.application import REPOSITORY
from portal.embedded.home import Home

TEMPLATE = "chancery"  # what the launcher bootstraps, then migrated; nobody connects to it while it is copied
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0


class ServicesFailed(Exception):
    """They did not start, or the migrations failed; the message holds what was said."""


@dataclass(frozen=True, slots=True)
class Services:
    """`environment` is complete for a process of the product, over a database that all who use it share."""

    home: Path
    environment: dict[str, str]
    launcher: subprocess.Popen[bytes] | None  # None where another process of the session started them

    @property
    def admin_url(self) -> str:
        """The superuser's."""
        return postgres.configure(Home(self.home)).admin_url

    def clone(self, name: str) -> dict[str, str]:
        """As `environment`, over the migrated database `name`, which is made if it is not there yet."""
        admin_url = self.admin_url
        with _lock(self.home), psycopg.connect(admin_url, autocommit=True) as server:
            if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                names = sql.Identifier(name), sql.Identifier(TEMPLATE)
                server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
                bootstrap.allow_connections(server, name)
        urls = bootstrap.role_urls(admin_url, name, bootstrap.passwords(Home(self.home)))
        return {**self.environment, **urls.environment()}

    def stop(self) -> None:
        """By whoever started them; the data goes too."""
        if self.launcher is None:
            return
        self.launcher.terminate()
        self.launcher.wait(_STOP_SECONDS)
        for directory in (Home(self.home).recall("services_directory"), self.home):
            if directory:
                shutil.rmtree(directory, ignore_errors=True)


def start(home: Path, *, is_durable: bool = True) -> Services:
    """Started and migrated by the first who comes, found by the others.

    What is not durable is lost with the machine, though not with a process: nothing waits for the disk.

    They end with the process that started them, so under xdist that must be the one that outlives the workers.
    `home` should lie where any account can pass (not below pytest's `tmp_path`): services drop root's privileges.
    """
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    with _lock(home):
        running = Home(home).supervisor() is not None
        launcher = None if running else _launch(home)
        if launcher is not None:
            try:
                if not is_durable:
                    _wait_for_no_disk(home)
                _migrate(home)
            except BaseException:
                launcher.terminate()
                launcher.wait(_STOP_SECONDS)
                raise
    services = Services(home, _environment(home), launcher)
    return Services(home, services.clone("shared"), launcher)


def _launch(home: Path) -> subprocess.Popen[bytes]:
    program = programs.Program(
        name="services",
        command=(sys.executable, "manage.py", "services", "run"),
        directory=REPOSITORY,
        environment={**_without_services(), "CHANCERY_HOME": str(home)},
        ready=lambda: True,
    )
    log = home / "launcher.log"
    with log.open("wb") as output:
        launcher = programs.spawn(program, output)
    deadline = time.monotonic() + _START_SECONDS
    while not Home(home).is_ready(launcher.pid):
        if launcher.poll() is not None or time.monotonic() > deadline:
            launcher.kill()
            raise ServicesFailed(log.read_text())
        time.sleep(0.05)
    return launcher


def _wait_for_no_disk(home: Path) -> None:
    with psycopg.connect(postgres.configure(Home(home)).admin_url, autocommit=True) as server:
        for setting in ("fsync", "full_page_writes"):
            server.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        server.execute("SELECT pg_reload_conf()")


def _migrate(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--database", "migrator", "--no-input", "--verbosity", "0"],
        cwd=REPOSITORY,
        env={**_without_services(), **_environment(home)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ServicesFailed(done.stdout + done.stderr)


def _environment(home: Path) -> dict[str, str]:
    published: dict[str, str] = Home(home).recall("environment")
    paths = {"PYTHONPATH": f"{REPOSITORY / 'platform'}{os.pathsep}{REPOSITORY}"}
    return {**published, **paths, "CHANCERY_HOME": str(home), "DJANGO_SETTINGS_MODULE": "portal.settings"}


def _without_services() -> dict[str, str]:
    """The shell's environment less what the launcher would use in place of making its own."""
    given = ("DATABASE_", "REDIS_URL", "BROKER_URL", "CHANNELS_URL", "SECRET_KEY", "FIELD_KEY", "VAULT_", "KEY_PEPPERS")
    return {name: value for name, value in os.environ.items() if not name.startswith(given)}


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    with (home / "session.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
