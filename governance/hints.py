"""Live hints: a message without content that something changed, sent when the transaction has committed.

A lost hint loses nothing: pages refetch, and poll where no socket is open.
"""

from __future__ import annotations

import logging
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, transaction

logger = logging.getLogger(__name__)


def group_of(organization_id: UUID) -> str:
    """The channel group that the organisation's open pages listen to."""
    return f"organization.{organization_id}"


def approvals_changed(organization_id: UUID) -> None:
    """Tells open pages that the approval inbox is not what it was."""
    transaction.on_commit(lambda: _send(organization_id, "approvals"), robust=True)


def notices_changed(organization_id: UUID, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Tells open pages that somebody was told something. Each fetches its own count."""
    transaction.on_commit(lambda: _send(organization_id, "notices"), using=using, robust=True)


def _send(organization_id: UUID, topic: str) -> None:
    layer = get_channel_layer()
    if layer is None:
        raise ImproperlyConfigured("CHANNEL_LAYERS has no default layer")
    try:
        async_to_sync(layer.group_send)(group_of(organization_id), {"type": "hint", "topic": topic})
    except OSError:
        logger.warning("live hint not sent: the channel layer is away")
