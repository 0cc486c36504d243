"""Signs of life of what answers no request: the task worker, and the timetable that gives it work.

They are kept in Redis, where a web process of either role can read them and where they cost no row; lost with it, they
are back within seconds. Their age is what is left of a key's life, so no clock is compared with another machine's.

    tasks      written by every worker itself, every few seconds, while its main loop turns
    timetable  written by a task that the timetable sends: young while timetable, broker and worker all do their part
"""

from __future__ import annotations

import logging
from typing import Any

import redis as blocking_redis
from django.conf import settings
from redis import asyncio as redis
from redis.exceptions import RedisError

from kit import clock

logger = logging.getLogger(__name__)

TASKS, TIMETABLE = "tasks", "timetable"
_KEY = "chancery:heartbeat:%s"
_KEPT_MS = 24 * 3600 * 1000
_EVERY_SECONDS = 5.0
_TIMEOUT_SECONDS = 2.0

_client: blocking_redis.Redis | None = None
_written_at = float("-inf")


def write(name: str) -> None:
    """Now. Where Redis is away there is nothing to be done: readers cannot read either."""
    global _client
    _client = _client or blocking_redis.from_url(
        settings.REDIS_URL, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )
    try:
        _client.set(_KEY % name, "", px=_KEPT_MS)
    except RedisError as failure:
        logger.warning("sign of life not written: %s", type(failure).__name__)


async def age_seconds(name: str) -> float | None:
    """Since the last one; none where there is none. Raises `RedisError`."""
    async with redis.from_url(
        settings.REDIS_URL, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    ) as client:
        left: int = await client.pttl(_KEY % name)
    return (_KEPT_MS - left) / 1000 if left >= 0 else None


def of_worker(**_: Any) -> None:
    """Celery says every two seconds that its main loop turns; that is oftener than needed."""
    global _written_at
    if clock.monotonic() - _written_at >= _EVERY_SECONDS:
        _written_at = clock.monotonic()
        write(TASKS)
