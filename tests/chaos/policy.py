"""Acts of governance on the organisations under traffic, by the product's services, past the proxies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.db import Error, close_old_connections, connections

from governance.models import Model
from governance.services import suspensions
from governance.snapshot import acknowledge
from kit import clock
from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tenants.models import ApiKey, Budget, Project
from tenants.services import allotments, api_keys
from tests.chaos.installation import Installation
from tests.chaos.traffic import Asked, Callers

_IN_FORCE_SECONDS = 40.0
P = ParamSpec("P")
R = TypeVar("R")


def _attempted(
    act: Callable[Concatenate[Policy, P], R],
) -> Callable[Concatenate[Policy, P], Coroutine[Any, Any, R | None]]:
    """On a thread; None where the database is away."""

    async def on_a_thread(self: Policy, /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        def attempt() -> R | None:
            close_old_connections()
            try:
                return act(self, *args, **kwargs)
            except Error:
                connections.close_all()
                return None

        return await asyncio.to_thread(attempt)

    return on_a_thread


class Policy:
    """What it tells the callers is what the product tells: a change is in force when nobody is pending any more."""

    def __init__(self, installation: Installation, callers: Callers) -> None:
        self._organizations = installation.organizations
        self._callers = callers

    async def revoke_a_key(self) -> bool:
        """Issues a key, sees it work, revokes it, and calls with it once that is in force. False: it did not come to
        it."""
        issued = await self._issue()
        if issued is None or not await self._until(lambda: self._works(issued[1])):
            return False
        if not await self._revoke(issued[0]) or not await self._until(lambda: self._in_force(issued[0])):
            return False
        await self._call_everywhere(issued[1])
        return True

    async def suspend_a_model(self) -> bool:
        """Suspends the model that is called, calls once that is in force, and resumes it."""
        key = self._organizations["policy"]["keys"][0]
        model_id = await self._suspend(suspended=True)
        try:
            if model_id is None or not await self._until(lambda: self._in_force(model_id)):
                return False
            await self._call_everywhere(key)
            return True
        finally:
            while await self._suspend(suspended=False) is None:
                await asyncio.sleep(0.2)

    @_attempted
    def set_budget(self, budget_id: str, limit_nano_usd: int) -> bool:
        actor = self._actor("tight")
        with within(actor.scope):
            budget = Budget.objects.get(id=budget_id)
            allotments.change_budget(actor=actor, budget=budget, limit_nano_usd=limit_nano_usd)
        return True

    @_attempted
    def _issue(self) -> tuple[UUID, str]:
        actor = self._actor("policy")
        with within(actor.scope):
            key, issued = api_keys.issue(actor=actor, project=Project.objects.get(), name="chaos", now=clock.now())
        return key.id, issued.text

    @_attempted
    def _revoke(self, key_id: UUID) -> bool:
        actor = self._actor("policy")
        with within(actor.scope):
            api_keys.revoke(actor=actor, key=ApiKey.objects.get(id=key_id), now=clock.now())
        return True

    @_attempted
    def _suspend(self, *, suspended: bool) -> UUID:
        actor = self._actor("policy")
        with within(actor.scope):
            model = Model.objects.get(slug="helper")
            if suspended:
                suspensions.suspend(actor=actor, subject=model, reason="for tests", now=clock.now())
            else:
                suspensions.resume(actor=actor, subject=model, reason="for tests", now=clock.now())
        return model.id

    @_attempted
    def _in_force(self, object_id: UUID) -> bool:
        return not acknowledge.pending(clock.now(), using="system", object_id=object_id).exists()

    async def _works(self, key: str) -> bool:
        call = await self._callers.call(Asked("policy", key))
        return call.result == "ok"

    async def _call_everywhere(self, key: str) -> None:
        asked = Asked("policy", key, forbidden=True)
        await asyncio.gather(*(self._callers.call(asked, gateway) for gateway in self._callers.gateways))

    async def _until(self, condition: Callable[[], Any]) -> bool:
        try:
            async with asyncio.timeout(_IN_FORCE_SECONDS):
                while not await condition():
                    await asyncio.sleep(0.1)
        except TimeoutError:
            return False
        return True

    def _actor(self, organization: str) -> Actor:
        return Actor("system", new_id(), UUID(self._organizations[organization]["id"]))
