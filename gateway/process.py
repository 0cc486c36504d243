"""The gateway's part of a process: started before the first request, stopped after the last."""

from __future__ import annotations

import asyncio
import gc
from ipaddress import ip_network

from django.conf import settings

from audit.ledger.append import Writer
from audit.usage.balances import LedgerTruth
from audit.usage.sums import UsageSums
from audit.vault.keys import Keyring
from audit.vault.roots.file import FileRootKeys
from gateway import upkeep
from gateway.admission.admission import Admission
from gateway.admission.connection import Connection
from gateway.admission.flood import FloodGate
from gateway.admission.line import Line
from gateway.admission.share import LocalShare
from gateway.evaluations.runner import run_probes
from gateway.guards.policy import GuardPolicy
from gateway.identity import TokenReader
from gateway.providers.base import Timeouts
from gateway.providers.registry import Registry
from gateway.services import Services
from gateway.snapshot.keeper import Keeper
from gateway.telemetry import gauges, request_log, tracing
from gateway.truth import Books
from kit import errors
from kit.egress import EgressPolicy
from tenants.peppers import peppers

_running: Gateway | None = None


class Gateway:
    """Everything that lives as long as the process: connections, snapshot, background work."""

    def __init__(self) -> None:
        self.keeper = Keeper(settings.GATEWAY_DSN)
        self.services: Services | None = None
        self._books = Books(LedgerTruth(settings.GATEWAY_DSN), settings.HOLD_LEASE_SECONDS)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns when requests can be decided on."""
        request_log.destination()  # a file that cannot be written is a reason not to start
        gc.disable()  # what is loaded now stays: the collector would walk it again and again
        try:
            await self.keeper.start()
        finally:
            gc.enable()
        self.services = await _compose(self.keeper, self._books)
        self._tasks = [
            asyncio.create_task(upkeep.renew_leases(self.services)),
            asyncio.create_task(upkeep.cut_suspended(self.services)),
            asyncio.create_task(upkeep.note_seen_secrets(self.services)),
            asyncio.create_task(upkeep.note_identities(self.services)),
            asyncio.create_task(run_probes(self.services)),
            asyncio.create_task(gauges.watch(self.services)),
        ]
        tracing.start(self.services.process_id)

    async def stop(self) -> None:
        """Lets what is unfinished come to its end, then closes everything."""
        for task in self._tasks:
            task.cancel()
        if self.services is not None:
            await asyncio.gather(*self.services.unfinished, return_exceptions=True)
            await self.services.writer.close()
            await self.services.providers.close()
            await self.services.admission.close()
            await self.services.keyring.close()
            await self.services.usage.close()
        await self._books.close()
        await self.keeper.stop()
        await asyncio.to_thread(tracing.stop)


async def _compose(keeper: Keeper, books: Books) -> Services:
    writer = Writer(settings.GATEWAY_DSN, writer_id=keeper.process_id)
    await writer.start()
    return Services(
        process_id=keeper.process_id,
        snapshot=keeper.snapshot,
        peppers=peppers(),
        tokens=TokenReader(),
        flood_gate=FloodGate(),
        guard_policy=GuardPolicy(),
        admission=Admission(Connection(settings.REDIS_URL), books, share=_share(keeper)),
        writer=writer,
        keyring=Keyring(settings.GATEWAY_DSN, FileRootKeys(settings.KEYSTORE_DIR, settings.VAULT_ROOT_KEY)),
        usage=UsageSums(settings.GATEWAY_DSN),
        providers=Registry(
            _egress_policy(), hosted_socket=settings.HOSTED_SOCKET, max_answer_bytes=settings.MAX_ANSWER_BYTES
        ),
        timeouts=Timeouts(
            connect=settings.UPSTREAM_CONNECT_SECONDS,
            idle=settings.UPSTREAM_IDLE_SECONDS,
            total=settings.UPSTREAM_TOTAL_SECONDS,
        ),
        snapshot_max_age_seconds=settings.SNAPSHOT_MAX_AGE_SECONDS,
        hold_lease_seconds=settings.HOLD_LEASE_SECONDS,
        max_in_flight=settings.MAX_IN_FLIGHT,
        line=Line(settings.MAX_WAITING),
        wait_seconds=settings.WAIT_SECONDS,
        trusted_proxies=tuple(ip_network(network) for network in settings.TRUSTED_PROXIES),
    )


def _share(keeper: Keeper) -> LocalShare | None:
    """What admits calls while the server of the limits is away; none where nothing is to."""
    return LocalShare(lambda: keeper.workers) if settings.ADMISSION_WITHOUT_REDIS == "local_share" else None


def _egress_policy() -> EgressPolicy:
    return EgressPolicy.listing(settings.EGRESS_ALLOWED_HOSTS, settings.EGRESS_ALLOWED_NETWORKS)


def services() -> Services:
    """The running process's services. Raises `errors.Unavailable` before they are there."""
    if _running is None or _running.services is None:
        raise errors.Unavailable("The gateway is starting.", code="overloaded", headers={"retry-after": "1"})
    return _running.services


async def cut_calls(reason: errors.ChanceryError, seconds: float) -> None:
    """Ends all calls that run, for this reason; returns when their callers have been told, or after so many seconds."""
    exchanges = list(_running.services.open_exchanges) if _running is not None and _running.services is not None else []
    tasks = [exchange.task for exchange in exchanges if exchange.task is not None]
    for exchange in exchanges:
        exchange.cut(reason)
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


async def start() -> None:
    global _running
    _running = Gateway()
    await _running.start()


async def stop() -> None:
    global _running
    if _running is not None:
        await _running.stop()
        _running = None
