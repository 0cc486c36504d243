"""Logs: one JSON object a line, written by a thread, so that a full pipe or a slow disk stops nobody.

`sink` gives the way to standard error or to a file; `LineHandler` sends ordinary log records there. What does not fit
the buffer is lost and counted. A line never holds a line break or a control character: JSON escapes them.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import stat
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

from kit import metrics
from kit.errors import ChanceryError

_lost = metrics.counter(
    "chancery_log_lines_lost_total", "Lines of logs that found no room in the buffer or could not be written."
).of()
_sinks: list[Sink] = []

request_id: ContextVar[UUID | None] = ContextVar("request_id", default=None)

_MOST_LINES = 8192
_MOST_CHARACTERS = 8192  # of one message
_PAUSE_SECONDS = 0.1  # between two rounds of writing: a wake-up for each line would cost more than the line
_PIPE_BYTES = 4096  # what goes into a pipe in one piece, whoever else writes there (PIPE_BUF)
_TOGETHER = 256  # lines, into a file


class Sink:
    """Lines on their way to a descriptor. `write` returns at once, from any thread; beyond the bound lines are lost."""

    def __init__(self, path: Path | None = None, descriptor: int = 2) -> None:
        self._path = path
        self._descriptor = descriptor if path is None else _open(path)
        self._is_file = stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        self._lines: deque[bytes] = deque()
        self._filled = threading.Event()
        self._is_writing = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def write(self, line: bytes) -> None:
        """`line` ends with its line feed and has no other."""
        if len(self._lines) >= _MOST_LINES:
            _lost.value += 1
            return
        self._lines.append(line)
        if not self._filled.is_set():
            self._wake()

    @property
    def waiting(self) -> int:
        return len(self._lines)

    def flush(self, seconds: float = 1.0) -> None:
        """Returns when everything is written, or after so many seconds."""
        until = time.monotonic() + seconds
        while (self._lines or self._is_writing) and time.monotonic() < until:
            time.sleep(0.01)

    def _wake(self) -> None:
        self._filled.set()
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="log-lines", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            self._filled.wait()
            self._is_writing = True
            self._filled.clear()
            with suppress(OSError):
                self._follow_rotation()
            while piece := self._piece():
                self._put(piece)
            self._is_writing = False
            time.sleep(_PAUSE_SECONDS)

    def _piece(self) -> list[bytes]:
        """Whole lines that go out together; into a pipe as many as nobody else's can come between."""
        waiting = self._lines
        if self._is_file:
            return [waiting.popleft() for _ in range(min(len(waiting), _TOGETHER))]
        lines: list[bytes] = []
        size = 0
        while waiting and (not lines or size + len(waiting[0]) <= _PIPE_BYTES):
            lines.append(waiting.popleft())
            size += len(lines[-1])
        return lines

    def _put(self, lines: list[bytes]) -> None:
        left = memoryview(b"".join(lines))
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                time.sleep(_PAUSE_SECONDS)
            except OSError:  # nobody reads, or the disk is full
                _lost.value += len(lines)
                return

    def _follow_rotation(self) -> None:
        """To the new file, where the old one has been moved away."""
        if self._path is not None and not (
            self._path.exists() and os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        ):
            before, self._descriptor = self._descriptor, _open(self._path)
            os.close(before)


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


@cache
def sink(target: str) -> Sink:
    """`stderr`, or the path of a file. One for each in a process. Raises `OSError`."""
    made = Sink() if target == "stderr" else Sink(Path(target))
    _sinks.append(made)
    return made


@atexit.register
def flush() -> None:
    """Before a process ends, by a signal too, which runs nothing at exit."""
    for each in _sinks:
        each.flush()


def lines_waiting() -> int:
    return sum(each.waiting for each in _sinks)


class LineHandler(logging.Handler):
    """For `LOGGING`: a record as a line of JSON on standard error."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sink("stderr").write(self.format(record).encode() + b"\n")
        except Exception:  # noqa: BLE001  as every handler of `logging`
            self.handleError(record)


class JsonFormatter(logging.Formatter):
    """Of an exception its type and where it was raised; its message only where it is ours: others quote their input."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "kind": "log",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage()[:_MOST_CHARACTERS],
            "process": record.process,
        }
        if (request := request_id.get()) is not None:
            line["request_id"] = str(request)
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _exception(record.exc_info[1])
        return json.dumps(line)


def _exception(failure: BaseException) -> list[dict[str, Any]]:
    """It and what caused it, the outermost first."""
    found: list[dict[str, Any]] = []
    cause: BaseException | None = failure
    while cause is not None and len(found) < 5:
        told: dict[str, Any] = {"type": f"{type(cause).__module__}.{type(cause).__qualname__}"}
        if isinstance(cause, ChanceryError):
            told["message"] = cause.message[:_MOST_CHARACTERS]
        found.append({**told, "at": _places(cause.__traceback__)})
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return found


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_qualname}")
        trace = trace.tb_next
    return places[-30:]


def for_terminal() -> bool:
    """Whether somebody reads along."""
    return sys.stderr is not None and sys.stderr.isatty()
