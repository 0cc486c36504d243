"""What this process needs, and what it can do without: each component with its state.

No look is worth an attack: each component is looked at once at a time, at most once a second, and given up after a
deadline of its own. Providers and the hosted process are never called to find out; what calls saw last is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg
from django.conf import settings
from redis import asyncio as redis
from redis.exceptions import RedisError

from gateway import process
from kit import clock
from kit.errors import Unavailable
from portal import heartbeats

Status = Literal["ok", "failing", "unavailable", "unknown"]
_DEADLINE_SECONDS = 2.0
_FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class State:
    """`reason` names a type of failure. `details` are for those who may see them: versions, ages, providers."""

    status: Status
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


OK = State("ok")
Look = Callable[[], Awaitable[State]]


@dataclass(frozen=True, slots=True)
class Component:
    """`is_needed`: without it this process does not do its work, and no request should be sent to it."""

    name: str
    look: Look
    roles: tuple[str, ...]
    is_needed: Callable[[], bool] = lambda: False

    @property
    def needed(self) -> bool:
        return self.is_needed()


class Watched:
    """A component with what was last seen of it. Belongs to one event loop."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self._seen: State | None = None
        self._seen_at = float("-inf")
        self._looking: asyncio.Task[State] | None = None

    async def state(self) -> State:
        if self._seen is not None and clock.monotonic() - self._seen_at < _FRESH_SECONDS:
            return self._seen
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> State:
        self._seen = await look(self.component)
        self._seen_at = clock.monotonic()
        return self._seen


async def look(component: Component) -> State:
    """Its state now, whatever goes wrong."""
    try:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            return await component.look()
    except (OSError, TimeoutError, psycopg.Error, RedisError, Unavailable) as failure:
        return State("unavailable", type(failure).__name__)


async def _database() -> State:
    async with await psycopg.AsyncConnection.connect(settings.GATEWAY_DSN, connect_timeout=2) as connection:
        await connection.execute("SELECT 1")
    return OK


async def _redis() -> State:
    """Of a gateway its own connection: a server that answers may be one that takes no writes."""
    if settings.ROLE in _GATEWAY:
        await process.services().admission.reach()
        return OK
    return await _answers(settings.REDIS_URL)


async def _channels() -> State:
    return await _answers(settings.CHANNELS_URL)


async def _answers(url: str) -> State:
    async with redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
        await client.ping()
    return OK


async def _snapshot() -> State:
    services = process.services()
    freshness = services.snapshot.freshness
    status: Status = "ok" if freshness.holds(services.snapshot_max_age_seconds) else "unavailable"
    return State(
        status,
        details={"version": services.snapshot.version, "age_seconds": round(freshness.age_seconds(), 1)},
    )


def _alive(name: str) -> Look:
    async def look() -> State:
        try:
            age = await heartbeats.age_seconds(name)
        except RedisError as failure:
            return State("unknown", type(failure).__name__)
        if age is None:
            return State("unavailable", "NeverSeen")
        details = {"age_seconds": round(age, 1)}
        if age > settings.HEARTBEAT_MAX_AGE_SECONDS:
            return State("unavailable", "Silent", details)
        return State("ok", details=details)

    return look


async def _hosted() -> State:
    """The socket is there before the process, which starts with its first call."""
    if not any(provider.kind == "hosted" for provider in process.services().snapshot.providers):
        return State("ok", "NotUsed")
    return OK if Path(settings.HOSTED_SOCKET).is_socket() else State("unavailable", "NoSocket")


async def _providers() -> State:
    """All of them together; which is which, and of whom, is a detail.

    `failing` where some do: one customer's wrong credential is not this process's trouble. Where all do, it may be.
    """
    services = process.services()
    registered = services.snapshot.providers.by_id
    seen = services.provider_states.of(registered)
    failing = sum(each.failure is not None for each in seen.values())
    now = clock.monotonic()
    told = [
        {
            "id": str(identifier),
            "name": registered[identifier].name,
            "status": each.failure.value if each.failure else "ok",
            "age_seconds": round(now - each.at, 1),
        }
        for identifier, each in seen.items()
    ]
    if not seen:
        return State("unknown", details={"providers": told})
    status: Status = "ok" if not failing else "failing" if failing < len(seen) else "unavailable"
    return State(status, "CallsFail" if failing else None, {"providers": told})


def _always() -> bool:
    return True


def _where_it_decides() -> bool:
    """A gateway that admits calls without it goes on, and so does what else its process serves."""
    return settings.ROLE not in _GATEWAY or settings.ADMISSION_WITHOUT_REDIS == "refuse"


_ALL, _GATEWAY, _PORTAL = ("all", "gateway", "portal"), ("all", "gateway"), ("all", "portal")
COMPONENTS = (
    Component("database", _database, _ALL, _always),
    Component("redis", _redis, _ALL, _where_it_decides),
    Component("snapshot", _snapshot, _GATEWAY, _always),
    Component("tasks", _alive(heartbeats.TASKS), _ALL),
    Component("timetable", _alive(heartbeats.TIMETABLE), _ALL),
    Component("channels", _channels, _PORTAL),
    Component("hosted", _hosted, _GATEWAY),
    Component("providers", _providers, _GATEWAY),
)
_IN_MEMORY = frozenset({"snapshot", "providers", "hosted"})  # always looked at: it costs nothing


class Readiness:
    """Of one process and its event loop."""

    def __init__(self) -> None:
        here = [component for component in COMPONENTS if settings.ROLE in component.roles]
        self._watched = [Watched(component) for component in here]

    async def components(self) -> list[tuple[Component, State]]:
        """All that matter to this process's role."""
        states = await asyncio.gather(*(self._state(watched) for watched in self._watched))
        return [(watched.component, state) for watched, state in zip(self._watched, states, strict=True)]

    async def _state(self, watched: Watched) -> State:
        if watched.component.name in _IN_MEMORY:
            return await look(watched.component)
        return await watched.state()


def overall(components: list[tuple[Component, State]]) -> Literal["ok", "degraded", "unavailable"]:
    """`degraded` where only something is gone that this process can do without."""
    gone = [component for component, state in components if state.status == "unavailable"]
    if any(component.needed for component in gone):
        return "unavailable"
    return "degraded" if gone else "ok"
