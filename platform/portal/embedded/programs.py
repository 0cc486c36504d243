"""What to run: a program, and the one running instance of it."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from portal.embedded.accounts import Account

_PR_SET_PDEATHSIG = 1  # prctl(2)
_IS_LINUX = platform.system() == "Linux"
_libc = ctypes.CDLL(None) if _IS_LINUX else None


@dataclass(frozen=True, slots=True)
class Program:
    """`prepare` runs before every start, `ready` answers quickly and without raising.

    `descriptors` are inherited under their own numbers. With `activated_by` the program is started only when
    somebody connects to that listening socket, and again at the next connection after it has ended.
    """

    name: str
    command: tuple[str, ...]
    directory: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    prepare: Callable[[], None] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    descriptors: tuple[int, ...] = ()
    activated_by: socket.socket | None = None
    is_service: bool = False  # others depend on it: stopped after them


def spawn(program: Program, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts it as the leader of a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone.

    On Linux the kernel sends `stop_signal` when the supervisor dies without a chance to.
    """
    account = program.account
    program.prepare()
    return subprocess.Popen(  # noqa: S603  every command is ours
        program.command,
        cwd=program.directory,
        env=dict(program.environment),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        pass_fds=program.descriptors,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=end_with_parent(
            program.stop_signal
        ),  # runs after the change of account, which would clear the setting
    )


def end_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: on Linux the kernel sends the signal when this process, its one thread, dies."""
    parent = os.getpid()

    def before_exec() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, number.value)
            if os.getppid() != parent:  # it died before the line above
                os.kill(os.getpid(), signal.SIGKILL)

    return before_exec


def signal_group(leader: int, number: signal.Signals) -> None:
    """To a program and all it started; nothing if all are gone."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):  # macOS answers the latter for zombies
        return


def started_at(pid: int) -> str | None:
    """Tells a process from a later one of the same number. None once it has ended, waited for or not."""
    if _IS_LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    listed = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603
    return listed.stdout.strip() or None


SERVICE_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "TZ": "UTC"}  # all that a program not ours needs to know
