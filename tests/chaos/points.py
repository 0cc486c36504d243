"""Points of a call's way at which a process kills itself, for `tests.chaos.kills`.

An order is an empty file, named by the point. The first process of the program to come by takes it (renames it), writes
down whose call it was at, and is gone by SIGKILL: no `finally`, no flush, no farewell.
"""

from __future__ import annotations

import asyncio
import importlib.abc
import importlib.machinery
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

_APPEND = "SELECT id, verdict FROM audit_append"
_A_MOMENT_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Point:
    """Whoever reads the books afterwards knows how the call ended, or does not; None: it may be either."""

    name: str
    means: str
    is_known: bool | None


OF_GATEWAYS = (
    Point("recorded", "on record as requested, nothing sent", False),
    Point("answering", "the upstream has begun to answer", False),
    Point("streaming", "in the midst of a stream", False),
    Point("answered", "the answer is whole, its cost not worked out", False),
    Point("appending", "outcome and settlement wait for the group commit", False),
    Point("committing", "PostgreSQL has the batch and has not answered", None),
    Point("settled", "settlement durable, counters not told", True),
    Point("counted", "counters told, caller not", True),
)
OF_TASKS = (
    Point("closing", "calls of dead workers settled, counters not told", False),
    Point("summing", "sums of usage being counted", None),
)


def orders_of(folder: Path, program: str) -> Path:
    orders = folder / f"{program}.kills"
    orders.mkdir(exist_ok=True)
    orders.chmod(0o777)  # whatever account the program runs as
    return orders


def order(folder: Path, program: str, point: Point) -> None:
    (orders_of(folder, program) / point.name).touch()


def taken(folder: Path, program: str, point: Point) -> list[str] | None:
    """Whose calls were at the point, once the process that came by is dead; None before. Ends the order."""
    note = orders_of(folder, program) / f"{point.name}.taken"
    if not note.exists():
        return None
    requests = note.read_text().split()
    note.unlink()
    return requests


def install(orders: Path) -> None:
    """For the process that is to be killed: once what works has been imported, and not before."""
    sys.meta_path.insert(0, _Watch({"gateway.process": _arm_gateway, "gateway.tasks": _arm_tasks}, orders))


class _Watch(importlib.abc.MetaPathFinder):
    def __init__(self, awaited: dict[str, Callable[[ModuleType, Path], None]], orders: Path) -> None:
        self._awaited = awaited
        self._orders = orders

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        arm = self._awaited.pop(fullname, None)
        if arm is None:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path)
        if found is None or found.loader is None:
            return None
        execute = found.loader.exec_module

        def execute_and_arm(module: ModuleType) -> None:
            execute(module)
            arm(module, self._orders)

        found.loader.exec_module = execute_and_arm  # type: ignore[method-assign]
        return found


def _arm_gateway(_: ModuleType, orders: Path) -> None:
    from audit.ledger.append import Writer
    from audit.ledger.wire import Wire
    from gateway.admission.admission import Admission
    from gateway.exchange import answer, outcome, run

    def die(point: str, *requests: object) -> None:
        if _take(orders, point):
            _die(orders, point, requests)

    def streaming(exchange: Any) -> None:
        if exchange.events > 2:
            die("streaming", exchange.request_id)

    def settling(point: str, row: Any) -> None:
        if row.settlement is not None:
            die(point, row.request_id)

    def committing(query: str) -> None:
        """Once the loop comes round again, the statement has been handed to the socket."""
        if query.startswith(_APPEND) and _take(orders, "committing"):
            asyncio.get_running_loop().call_soon(_die, orders, "committing", ())

    _after(Writer, "requested", lambda _, row: die("recorded", row.id))
    _after(run, "dispatch", lambda exchange: die("answering", exchange.request_id))
    _before(answer._Relay, "take", lambda relay: streaming(relay._exchange))
    _before(outcome, "note_completed", lambda exchange: die("answered", exchange.request_id))
    _before(Writer, "outcome", lambda _, row: settling("appending", row))
    _after(Writer, "outcome", lambda _, row: settling("settled", row))
    _after(Admission, "settle", lambda _, organization, request, *rest: die("counted", request))
    _before(Wire, "call", lambda _, query, *rest: committing(query))


def _arm_tasks(tasks: ModuleType, orders: Path) -> None:
    from audit.usage import rollups

    def closing(settled: list[Any]) -> None:
        if _take(orders, "closing"):
            _die(orders, "closing", [orphan.request_id for orphan in settled])

    def summing(**_: object) -> None:
        if _take(orders, "summing"):
            threading.Timer(_A_MOMENT_SECONDS, _die, (orders, "summing", ())).start()

    _before(tasks, "_count", closing)
    _before(rollups, "roll_up", summing)


def _take(orders: Path, point: str) -> bool:
    try:
        (orders / point).rename(orders / f"{point}.dying")
    except FileNotFoundError:
        return False
    return True


def _die(orders: Path, point: str, requests: Sequence[object]) -> None:
    note = orders / f"{point}.dying"
    note.write_text("\n".join(str(request) for request in requests))
    note.rename(orders / f"{point}.taken")
    os.kill(os.getpid(), signal.SIGKILL)


def _before(owner: Any, name: str, step: Callable[..., object]) -> None:
    original = getattr(owner, name)

    @wraps(original)
    def stepped(*args: Any, **kwargs: Any) -> Any:
        step(*args, **kwargs)
        return original(*args, **kwargs)

    setattr(owner, name, stepped)


def _after(owner: Any, name: str, step: Callable[..., object]) -> None:
    original = getattr(owner, name)

    @wraps(original)
    async def stepped(*args: Any, **kwargs: Any) -> Any:
        done = await original(*args, **kwargs)
        step(*args, **kwargs)
        return done

    setattr(owner, name, stepped)
