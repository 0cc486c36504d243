"""What a gateway process says of itself when somebody looks: its loop, its ledger, its snapshot, what it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter

from gateway.services import Services
from kit import metrics

_LOOK_SECONDS = 0.25
_services: Services | None = None


def _of_services(name: str, means: str, read: Callable[[Services], float]) -> None:
    metrics.gauge(name, means, lambda: float(read(_services)) if _services is not None else None)


_lag = metrics.histogram(
    "chancery_event_loop_lag_seconds", "How much later than due the event loop came to a timer, four times a second."
).of()
_of_services("chancery_holds_open", "Calls whose worst case is held.", lambda services: len(services.open_exchanges))
_of_services("chancery_ledger_backlog_rows", "Rows that wait to be durable.", lambda services: services.writer.backlog)
_of_services(
    "chancery_ledger_connected",
    "1 where PostgreSQL took rows of late.",
    lambda services: services.writer.is_connected,
)
_of_services(
    "chancery_snapshot_version",
    "The last change of policy this worker has taken in.",
    lambda services: services.snapshot.version,
)
_of_services(
    "chancery_snapshot_age_seconds",
    "Since the database last confirmed that nothing newer was known.",
    lambda services: services.snapshot.freshness.age_seconds(),
)


async def watch(services: Services) -> None:
    """Runs for as long as the process: a loop that is late here is late for every stream."""
    global _services
    _services = services
    while True:
        began = perf_counter()
        await asyncio.sleep(_LOOK_SECONDS)
        _lag.observe(max(0.0, perf_counter() - began - _LOOK_SECONDS))
