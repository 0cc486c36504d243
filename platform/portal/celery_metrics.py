"""Figures of the Celery worker: how its tasks end, when each last went well, what waits in the queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

from celery import Celery, signals

from kit import metrics
from portal import metrics_page

_LOOK_SECONDS = 15.0
_QUEUE = "celery"
_counting = threading.Lock()  # tasks run on threads
_ended = metrics.counter("chancery_tasks_total", "Tasks that have ended, by state.", "task", "state")
_duration = metrics.histogram("chancery_task_duration_seconds", "What tasks took.", "task", bounds=metrics.SLOW)
_began: dict[str, float] = {}
_succeeded: dict[str, float] = {}


def connect(app: Celery) -> None:
    """To the signals of a worker; a process that only sends tasks has nothing to count."""

    def begin(**_: Any) -> None:
        _queue.app = app
        metrics_page.start("tasks")

    signals.worker_ready.connect(begin, weak=False)
    signals.worker_shutdown.connect(lambda **_: metrics_page.stop(), weak=False)
    signals.task_prerun.connect(_task_begins, weak=False)
    signals.task_postrun.connect(_task_ends, weak=False)


def _task_begins(task_id: str, **_: Any) -> None:
    _began[task_id] = time.perf_counter()


def _task_ends(task_id: str, task: Any, state: str | None, **_: Any) -> None:
    began = _began.pop(task_id, None)
    with _counting:
        _ended.of(task.name, state or "UNKNOWN").value += 1
        if began is not None:
            _duration.of(task.name).observe(time.perf_counter() - began)
        if state == "SUCCESS":
            _succeeded[task.name] = time.time()


def _last_successes() -> Iterable[tuple[tuple[str, ...], float]]:
    return [((task,), at) for task, at in list(_succeeded.items())]


class _Queue:
    """Looks now and then: figures are written more often than the broker need be asked."""

    app: Celery | None = None

    def __init__(self) -> None:
        self._looked_at = float("-inf")
        self._length: float | None = None

    def length(self) -> float | None:
        if self.app is not None and time.monotonic() - self._looked_at > _LOOK_SECONDS:
            self._looked_at = time.monotonic()
            self._length = self._look(self.app)
        return self._length

    def _look(self, app: Celery) -> float | None:
        """None where the broker is away; a queue that is empty may be none to the broker."""
        connection = app.connection_for_read()
        try:
            with connection:
                declared = connection.default_channel.queue_declare(_QUEUE, passive=True)
                return float(declared.message_count)
        except connection.channel_errors:
            return 0.0
        except (OSError, *connection.connection_errors):
            return None


_queue = _Queue()
metrics.gauge("chancery_task_queue_length", "Tasks that wait for a worker.", _queue.length)
metrics.gauges(
    "chancery_task_last_success_time_seconds",
    "When each task last went well, in seconds since 1970.",
    ("task",),
    _last_successes,
)
