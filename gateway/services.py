"""What a gateway process holds for as long as it lives: made at start, handed to every exchange."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING
from uuid import UUID

from audit.ledger.append import Writer
from audit.usage.sums import UsageSums
from audit.vault.keys import Keyring
from gateway.admission.admission import Admission
from gateway.admission.flood import FloodGate
from gateway.admission.line import Line
from gateway.guards.policy import GuardPolicy
from gateway.identity import TokenReader
from gateway.providers.base import Timeouts
from gateway.providers.identities import Identities
from gateway.providers.registry import Registry
from gateway.providers.states import ProviderStates
from gateway.snapshot.index import Snapshot
from kit.secrets import Peppers

if TYPE_CHECKING:
    from gateway.exchange.exchange import Exchange


@dataclass(slots=True)
class Services:
    process_id: UUID
    snapshot: Snapshot
    peppers: Peppers
    tokens: TokenReader
    flood_gate: FloodGate
    guard_policy: GuardPolicy
    admission: Admission
    writer: Writer
    keyring: Keyring
    usage: UsageSums
    providers: Registry
    timeouts: Timeouts
    snapshot_max_age_seconds: float
    hold_lease_seconds: int
    max_in_flight: int
    line: Line
    wait_seconds: int
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    open_exchanges: set[Exchange] = field(default_factory=set)
    seen_secrets: set[UUID] = field(default_factory=set)
    unfinished: set[asyncio.Task[None]] = field(default_factory=set)
    provider_states: ProviderStates = field(default_factory=ProviderStates)
    identities: Identities = field(default_factory=Identities)

    def finish_later(self, work: asyncio.Task[None]) -> None:
        """Keeps a task that must come to its end although nobody waits for it."""
        self.unfinished.add(work)
        work.add_done_callback(self.unfinished.discard)
