"""An organisation's counters, rebuilt from the books under a new epoch.

Redis can come back empty (a flush, an eviction) or with the state of a second ago (`kill -9`, a failover). The first is
seen by the missing state; the second by the server's run id and replication id, which every epoch begins with. Either
way the counters are not mended but made again: the new epoch is made durable, then the balances are read, then they
are installed in one step, provided nobody else has.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

from gateway.admission.connection import Connection
from gateway.admission.holds import budget_field, level_field
from gateway.admission.organization import Organization
from gateway.admission.resp import Argument, bulks
from gateway.admission.scripts import INSTALL
from gateway.admission.truth import Balances, Truth
from gateway.admission.wire import LinkError, Superseded

logger = logging.getLogger(__name__)

_LOOK_AGAIN_SECONDS = 0.02


class Rebuilds:
    """One rebuild of an organisation at a time: by a task here, by a lock in Redis across processes."""

    def __init__(self, connection: Connection, truth: Truth, timeout: float) -> None:
        self._connection = connection
        self._truth = truth
        self._timeout = timeout
        self._running: dict[UUID, asyncio.Task[None]] = {}

    async def catch_up(self, organization: Organization, now: Argument, unwanted: str = "") -> None:
        """Returns once `organization.epoch` is that of a good state: one that is there, or one rebuilt.

        A state of the epoch `unwanted` is no good one. Raises `LinkError`, `TimeoutError`, or what the books raise.
        """
        task = self._running.get(organization.id)
        if task is None:
            task = asyncio.create_task(self._catch_up(organization, now, unwanted), name="admission-rebuild")
            self._running[organization.id] = task
            task.add_done_callback(lambda done: self._finished(organization.id, done))
        await asyncio.shield(task)

    async def close(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _finished(self, organization_id: UUID, task: asyncio.Task[None]) -> None:
        del self._running[organization_id]
        if not task.cancelled():
            task.exception()  # looked at, even if every caller has left

    async def _catch_up(self, organization: Organization, now: Argument, unwanted: str) -> None:
        token = secrets.token_hex(8)
        async with asyncio.timeout(self._timeout):
            while not await self._found(organization, unwanted):
                if not await self._lock(organization, token):
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
                    continue
                try:
                    if not await self._found(organization, unwanted):
                        await self._rebuild(organization, token, now)
                finally:
                    with suppress(LinkError):  # still ours: the lock outlives the timeout
                        await self._connection.command("DEL", organization.lock)

    async def _found(self, organization: Organization, unwanted: str) -> bool:
        server = await self._connection.read_epoch()
        epoch = await self._stored_epoch(organization)
        return epoch != unwanted and organization.adopt(server, epoch)

    async def _stored_epoch(self, organization: Organization) -> str:
        stored: bytes | None = await self._connection.command("HGET", organization.state, "epoch")
        return (stored or b"").decode()

    async def _lock(self, organization: Organization, token: str) -> bool:
        milliseconds = int(self._timeout * 2000)
        taken = await self._connection.command("SET", organization.lock, token, "NX", "PX", milliseconds)
        return bool(taken)

    async def _rebuild(self, organization: Organization, token: str, now: Argument) -> None:
        server = await self._connection.read_epoch()
        replaced = await self._stored_epoch(organization)
        epoch = f"{server}.{token}"
        await self._truth.begin_epoch(organization.id, epoch)
        balances = await self._truth.balances(organization.id)
        arguments = (epoch, now, token, replaced, *_as_arguments(balances))
        keys = bulks((3, organization.state, organization.leases, organization.lock))
        packed = keys + bulks(arguments)
        try:
            installed = await self._connection.run(INSTALL, 4 + len(arguments), packed, under=server)
        except Superseded:
            installed = 0
        logger.info(
            "admission state of organisation %s rebuilt: %d budgets, %d open holds, installed: %s",
            organization.id,
            len(balances.spent),
            len(balances.holds),
            bool(installed),
        )


def _as_arguments(balances: Balances) -> Iterator[Argument]:
    yield len(balances.spent)
    for spent in balances.spent:
        yield from (budget_field(spent.budget_id), spent.period, spent.nano_usd)
    yield len(balances.holds)
    for hold in balances.holds:
        yield from (hold.request_id.hex, hold.input_tokens, hold.output_tokens)
        yield from (hold.cost_nano_usd, hold.lease_seconds * 1000)
        yield len(hold.levels)
        for level, level_id in hold.levels:
            yield level_field(level, level_id)
        yield len(hold.budgets)
        for budget_id, period in hold.budgets:
            yield from (budget_field(budget_id), period)
