"""Starts child processes, starts them again when they end, and stops them in order.

One thread: children are started, waited for and stopped by whoever calls, and between calls `watch` sleeps until a
child ends, somebody connects to a program that waits for that, or a signal asks to stop. Signals are caught from the
first line on, so that Ctrl-C during a start stops what has been started.
"""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Self

from portal.embedded import orphans
from portal.embedded.home import Home
from portal.embedded.logs import Log
from portal.embedded.programs import Program, signal_group, spawn

_BACKOFF_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_STEADY_SECONDS = 60.0  # a program that ran this long starts again with no delay carried over
_ATTEMPTS_AT_START = 4  # a postmaster killed a moment ago can refuse its successor once or twice
_POLL_SECONDS = 0.05
_HOUSEKEEPING_SECONDS = 30.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """A signal asked to stop."""


class StartFailed(Exception):
    """A program did not become ready, or a command did not end well; the message holds its last words."""


@dataclass(slots=True, eq=False)
class _Child:
    program: Program
    log: Log
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    due: float = field(default_factory=time.monotonic)  # when it may be started again

    @property
    def waits_for_connection(self) -> bool:
        return self.process is None and self.program.activated_by is not None and time.monotonic() >= self.due


class Supervisor:
    """A context manager: leaving it stops everything. `report` gets one line for each thing a person should know.

    `pauses` are the seconds before a program that ended is started again, the first time, the second and so on.
    """

    def __init__(
        self, home: Home, report: Callable[[str], None], *, pauses: Sequence[float] = _BACKOFF_SECONDS
    ) -> None:
        self._home = home
        self._report = report
        self._pauses = pauses
        self._children: dict[str, _Child] = {}
        self._requests_to_stop = 0
        self._next_housekeeping = 0.0
        self._wakeup, self._waker = socket.socketpair()
        self._wakeup.setblocking(False)
        self._waker.setblocking(False)

    def __enter__(self) -> Self:
        self._previous_wakeup = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        self._previous = {number: signal.signal(number, self._asked_to_stop) for number in _STOP_SIGNALS}
        self._previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_wakeup)
        self._wakeup.close()
        self._waker.close()

    def start(self, program: Program) -> None:
        """Returns at once; `wait` until it is ready. From here on it is started again whenever it ends."""
        assert program.name not in self._children
        child = _Child(program, Log(self._home.logs / f"{program.name}.log"))
        self._children[program.name] = child
        if program.activated_by is None:
            self._spawn(child)

    def wait(self, name: str, seconds: float) -> None:
        """Until the program is ready. Raises `StartFailed` (the program is then given up), or `Stopped`."""
        child = self._children[name]
        deadline = time.monotonic() + seconds
        while child.process is None or not child.program.ready():
            if child.failures >= _ATTEMPTS_AT_START or time.monotonic() > deadline:
                self._stop([self._children.pop(name)])
                raise StartFailed(f"{name} did not start. From {child.log.path}:\n{child.log.last_lines()}")
            self._turn(_POLL_SECONDS)
        child.failures = 0

    def run(self, program: Program) -> None:
        """To its end. Raises `StartFailed` unless it ends with 0, `Stopped` when asked to stop meanwhile."""
        log = Log(self._home.logs / f"{program.name}.log")
        with log.open() as output:
            process = spawn(program, output)
        try:
            while process.poll() is None:
                self._turn(_POLL_SECONDS)
        finally:
            signal_group(process.pid, signal.SIGKILL)
            process.wait()
        if process.returncode:
            raise StartFailed(f"{program.name} failed. From {log.path}:\n{log.last_lines()}")

    def watch(self) -> None:
        """Until a signal asks to stop."""
        with suppress(Stopped):
            while True:
                self._turn(_HOUSEKEEPING_SECONDS)

    def stop(self) -> None:
        """What others depend on last. A second Ctrl-C does not wait for anybody."""
        self._requests_to_stop = 0
        children = list(self._children.values())
        self._children = {}
        self._stop([child for child in children if not child.program.is_service])
        self._stop([child for child in children if child.program.is_service])

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._requests_to_stop += 1

    def _turn(self, seconds: float) -> None:
        """Sleeps until something happens, at most `seconds`, and does what is due."""
        waiting = {child.program.activated_by: child for child in self._children.values() if child.waits_for_connection}
        idle = [child for child in self._children.values() if child.process is None and child not in waiting.values()]
        timeout = max(0.0, min([seconds, *(child.due - time.monotonic() for child in idle)]))
        readable, _, _ = select.select([self._wakeup, *filter(None, waiting)], [], [], timeout)
        if self._wakeup in readable:
            with suppress(BlockingIOError):
                self._wakeup.recv(4096)
        if self._requests_to_stop:
            raise Stopped
        for listener in readable:
            if listener in waiting:
                self._spawn(waiting[listener])
        for child in self._children.values():
            self._look_after(child)
        self._keep_house()

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            self._ended(child, now)
        if child.process is None and child.program.activated_by is None and now >= child.due:
            self._spawn(child)

    def _ended(self, child: _Child, now: float) -> None:
        assert child.process is not None
        signal_group(child.process.pid, signal.SIGKILL)  # whatever it left behind would be in its successor's way
        orphans.forget(self._home, child.program.name)
        code, child.process = child.process.returncode, None
        if code == 0 and child.program.activated_by is not None:
            return  # it had nothing to do
        if now - child.started > _STEADY_SECONDS:
            child.failures = 0
        how = f"signal {-code}" if code < 0 else f"code {code}"
        self._postpone(child, now, f"ended with {how}; it is started again (see {child.log.path})")

    def _postpone(self, child: _Child, now: float, why: str) -> None:
        child.due = now + self._pauses[min(child.failures, len(self._pauses) - 1)]
        child.failures += 1
        with suppress(OSError):  # whoever reads may have gone, or the disk be full: no reason to stop
            self._report(f"{child.program.name} {why}")

    def _spawn(self, child: _Child) -> None:
        """A disk that is full must not end what still runs: what cannot be started now is tried again."""
        child.started = time.monotonic()
        try:
            with child.log.open() as output:
                child.process = spawn(child.program, output)
        except OSError as failure:
            self._postpone(child, child.started, f"cannot be started ({failure.strerror}); it is tried again")
            return
        with suppress(OSError):  # then only the kernel knows whom to stop when this process dies
            orphans.record(self._home, child.program, child.process.pid)

    def _keep_house(self) -> None:
        if time.monotonic() >= self._next_housekeeping:
            self._next_housekeeping = time.monotonic() + _HOUSEKEEPING_SECONDS
            for child in self._children.values():
                child.log.shorten()

    def _stop(self, children: list[_Child]) -> None:
        """All asked at once, each given its time; what is left of their groups is killed."""
        running = [(child, child.process) for child in children if child.process is not None]
        for child, process in running:
            if process.poll() is None:
                process.send_signal(child.program.stop_signal)
        asked = time.monotonic()
        for child, process in running:
            while process.poll() is None and time.monotonic() < asked + child.program.stop_seconds:
                if self._requests_to_stop and not child.program.is_service:
                    break
                time.sleep(0.02)
            signal_group(process.pid, signal.SIGKILL)
            process.wait()
            orphans.forget(self._home, child.program.name)
