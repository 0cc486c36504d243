"""Several web processes on one listening socket, replaced one at a time without a call being lost.

    SIGTERM, SIGINT   all are asked to drain; a second one is passed on and hastens them
    SIGHUP            each is replaced: its successor serves before it is asked to drain
    a worker ends     another takes its place
    a worker's event loop stands still for `_HUNG_SECONDS`: it is killed, and another takes its place

One thread, which sleeps until something happens. A worker is a program of its own and no fork, so that a successor is
the code and the packages that are installed when it starts.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from socket import socket
from types import FrameType

from portal.embedded.programs import end_with_parent

logger = logging.getLogger(__name__)

Command = Callable[[int], tuple[str, ...]]
_START_SECONDS = 90.0
_HUNG_SECONDS = 30.0
_PAUSE_SECONDS = 1.0  # before a worker that ended before it served is started again
_TURN_SECONDS = 0.5
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class NeverServed(Exception):
    """No worker came up: another try would end the same way."""


@dataclass(slots=True, eq=False)
class Worker:
    """`silent_seconds` counts only time in which this process itself was running."""

    process: subprocess.Popen[bytes]
    alive: int
    started: float
    serves: bool = False
    silent_seconds: float = 0.0

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def listen(self, elapsed: float) -> None:
        self.silent_seconds += min(elapsed, 2 * _TURN_SECONDS)
        with suppress(BlockingIOError):
            while os.read(self.alive, 4096):
                self.serves, self.silent_seconds = True, 0.0

    def ask_to_drain(self) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.process.kill()


class Workers:
    """`command` makes a worker's command line from the descriptor on which it says that it is alive."""

    def __init__(self, listener: socket, count: int, command: Command) -> None:
        self._listener = listener
        self._count = count
        self._command = command
        self._serving: list[Worker] = []
        self._retiring: list[Worker] = []
        self._to_replace: deque[Worker] = deque()
        self._successor: Worker | None = None
        self._signals: deque[int] = deque()
        self._start_again_at = 0.0

    def run(self) -> None:
        """Until a signal asks to stop and the last worker has ended. Raises `NeverServed`."""
        wakeup, waker = _pipe()
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._note)
        try:
            self._serving = [self._start() for _ in range(self._count)]
            while self._turn(wakeup):
                self._fill_up()
                self._replace_next()
            self._stop(wakeup)
        finally:
            for worker in self._all():
                worker.kill()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)

    def _turn(self, wakeup: int) -> bool:
        """Waits for something to happen and takes note of it; false when asked to stop."""
        before = time.monotonic()
        select.select([wakeup], [], [], _TURN_SECONDS)
        with suppress(BlockingIOError):
            os.read(wakeup, 4096)
        for worker in self._all():
            worker.listen(time.monotonic() - before)
        self._bury()
        while self._signals:
            number = self._signals.popleft()
            if number == signal.SIGHUP:
                self._to_replace = deque(self._serving)
            elif number != signal.SIGCHLD:
                return False
        return True

    def _stop(self, wakeup: int) -> None:
        """The listening socket is the workers' alone now: callers are refused when they no longer take any."""
        self._listener.close()
        self._to_replace.clear()
        self._retiring, self._serving, self._successor = self._all(), [], None
        for worker in self._retiring:
            worker.ask_to_drain()
        while self._retiring:
            if not self._turn(wakeup):
                for worker in self._retiring:
                    worker.ask_to_drain()

    def _fill_up(self) -> None:
        for worker in self._serving:
            if worker.serves and worker.silent_seconds > _HUNG_SECONDS:
                logger.error("web worker %s stands still and is killed", worker.process.pid)
                worker.kill()
        if time.monotonic() >= self._start_again_at:
            self._serving += [self._start() for _ in range(self._count - len(self._serving))]

    def _replace_next(self) -> None:
        """One at a time, its retirement included: there is never more than one worker too many."""
        successor = self._successor
        if successor is None:
            while self._to_replace and self._to_replace[0] not in self._serving:
                self._to_replace.popleft()  # it ended by itself: its place is taken
            if self._to_replace and not self._retiring:
                self._successor = self._start()
        elif successor.serves:
            predecessor, self._successor = self._to_replace.popleft(), None
            self._serving.append(successor)
            if len(self._serving) > self._count:
                self._retire(predecessor if predecessor in self._serving else self._serving[0])
        elif time.monotonic() - successor.started > _START_SECONDS:
            successor.kill()

    def _retire(self, worker: Worker) -> None:
        self._serving.remove(worker)
        self._retiring.append(worker)
        worker.ask_to_drain()

    def _bury(self) -> None:
        """Those that have ended."""
        for worker in [worker for worker in self._all() if worker.has_ended]:
            os.close(worker.alive)
            if worker is self._successor:
                logger.error("a new web worker did not come up: the others stay as they are")
                self._successor = None
                self._to_replace.clear()
            elif worker in self._retiring:
                self._retiring.remove(worker)
            else:
                self._serving.remove(worker)
                self._ended_unasked(worker)

    def _ended_unasked(self, worker: Worker) -> None:
        code = worker.process.returncode
        logger.error("web worker %s ended with %s", worker.process.pid, code)
        if not worker.serves:
            if not any(other.serves for other in self._serving):
                raise NeverServed(f"A web worker ended with {code} before it served.")
            self._start_again_at = time.monotonic() + _PAUSE_SECONDS

    def _start(self) -> Worker:
        reading, writing = _pipe()
        process = subprocess.Popen(  # noqa: S603  every command is ours
            self._command(writing),
            stdin=subprocess.DEVNULL,
            pass_fds=(self._listener.fileno(), writing),
            preexec_fn=end_with_parent(signal.SIGTERM),
        )
        os.close(writing)
        return Worker(process, reading, time.monotonic())

    def _all(self) -> list[Worker]:
        return [*self._serving, *self._retiring, *([self._successor] if self._successor else [])]


def _pipe() -> tuple[int, int]:
    """For bytes that nobody waits to write or to read."""
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends
