"""Live hints: a message without content that something changed, sent when the transaction has committed.

A lost hint loses nothing: pages refetch, and poll where no socket is open. So nobody waits for one: what has not been
taken within `MOST_SECONDS` is given up and counted, and for `AWAY_SECONDS` after that none is tried.
"""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, transaction
from redis.exceptions import RedisError

from kit import clock, metrics

MOST_SECONDS = 0.3
AWAY_SECONDS = 5.0

logger = logging.getLogger(__name__)
_lost = metrics.counter(
    "chancery_hints_lost_total", "Live hints that the channel layer did not take in time; pages refetch without them."
).of()
_away_until = 0.0  # of `clock.monotonic`; the threads of a process learn it from each other


def group_of(organization_id: UUID) -> str:
    """The channel group that the organisation's open pages listen to."""
    return f"organization.{organization_id}"


def approvals_changed(organization_id: UUID) -> None:
    """Tells open pages that the approval inbox is not what it was."""
    transaction.on_commit(lambda: _send(organization_id, "approvals"), robust=True)


def notices_changed(organization_id: UUID, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Tells open pages that somebody was told something. Each fetches its own count."""
    transaction.on_commit(lambda: _send(organization_id, "notices"), using=using, robust=True)


def alerts_changed(organization_id: UUID) -> None:
    """Tells open pages that alerts are not what they were."""
    transaction.on_commit(lambda: _send(organization_id, "alerts"), robust=True)


def usage_counted(organization_id: UUID, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Tells open pages that what was used is counted anew."""
    transaction.on_commit(lambda: _send(organization_id, "usage"), using=using, robust=True)


def _send(organization_id: UUID, topic: str) -> None:
    global _away_until
    if clock.monotonic() < _away_until:
        _lost.value += 1
        return
    try:
        async_to_sync(_send_soon)(group_of(organization_id), {"type": "hint", "topic": topic})
    except (OSError, RedisError):  # of which a time that is up is one
        _away_until = clock.monotonic() + AWAY_SECONDS
        _lost.value += 1
        logger.warning("live hint not sent: the channel layer is away")


async def _send_soon(group: str, message: dict[str, str]) -> None:
    layer = get_channel_layer()
    if layer is None:
        raise ImproperlyConfigured("CHANNEL_LAYERS has no default layer")
    async with asyncio.timeout(MOST_SECONDS):
        await layer.group_send(group, message)
