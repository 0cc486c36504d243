"""Sockets of open pages: hints that something changed, never what."""

from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from governance.hints import group_of
from portal.sign_in import actor_of_session

_NOT_SIGNED_IN = 4401


class HintsConsumer(AsyncJsonWebsocketConsumer):
    """Joins the organisation's group. What a page sends is ignored."""

    group: str | None = None

    async def connect(self) -> None:
        actor = await database_sync_to_async(actor_of_session)(self.scope["session"])
        if actor is None:
            await self.close(_NOT_SIGNED_IN)
            return
        self.group = group_of(actor.organization_id)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Pages have nothing to say here."""

    async def hint(self, event: dict[str, Any]) -> None:
        """A message of `governance.hints`. Signing out or losing the role ends the socket at the next one."""
        actor = await database_sync_to_async(actor_of_session)(self.scope["session"])
        if actor is None or group_of(actor.organization_id) != self.group:
            await self.close(_NOT_SIGNED_IN)
            return
        await self.send_json({"topic": event["topic"]})
