"""Rows for the ledger, complete and cheap to make."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from audit.choices import Outcome
from audit.ledger.envelope import (
    Decided,
    Held,
    Named,
    OutcomeEnvelope,
    RequestedEnvelope,
    TokenUsage,
    encode,
)
from audit.ledger.rows import Hold, OutcomeRow, RequestedRow, SealedBody, Settled
from kit import clock
from kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation that exists in the ledger only."""

    id: UUID = field(default_factory=new_id)
    team_id: UUID = field(default_factory=new_id)
    key_id: UUID = field(default_factory=new_id)


def hold(tenant: Tenant, *, cost_nano_usd: int = 1_000, budgets: dict[str, str] | None = None) -> Hold:
    return Hold(
        project_id=new_id(),
        api_key_id=tenant.key_id,
        model="small",
        tokens=100,
        cost_nano_usd=cost_nano_usd,
        budgets=budgets or {},
        admitted_at=clock.now(),
        input_tokens=60,
    )


def requested(
    tenant: Tenant,
    *,
    held: Hold | None = None,
    request_id: UUID | None = None,
    epoch: str | None = None,
    bodies: tuple[SealedBody, ...] = (),
) -> RequestedRow:
    held = held or hold(tenant)
    request_id = request_id or new_id()
    envelope = RequestedEnvelope(
        actor=Named(tenant.key_id, "api_key"),
        bodies=(),
        data_class="internal",
        decided=Decided(model=held.model),
        held=Held(str(held.cost_nano_usd), held.tokens),
        organization=tenant.id,
        parent=None,
        pipeline="direct",
        request=request_id,
        subject=None,
        team=tenant.team_id,
        verdicts=(),
    )
    return RequestedRow(
        id=request_id,
        organization_id=tenant.id,
        team_id=tenant.team_id,
        actor_kind="api_key",
        actor_id=tenant.key_id,
        envelope=encode(envelope),
        hold=held,
        epoch=epoch,
        bodies=bodies,
    )


def outcome_of(
    row: RequestedRow,
    *,
    kind: Outcome = "completed",
    cost_nano_usd: int = 600,
    bodies: tuple[SealedBody, ...] = (),
    record_id: UUID | None = None,
) -> OutcomeRow:
    settled = Settled(
        hold=row.hold, model=row.hold.model, cost_nano_usd=cost_nano_usd, input_tokens=20, output_tokens=10
    )
    return _outcome(
        row.organization_id, row.team_id, row.actor_id, record_id or new_id(), row.id, kind, settled, bodies
    )


def refusal(tenant: Tenant, *, record_id: UUID | None = None) -> OutcomeRow:
    record_id = record_id or new_id()
    return _outcome(tenant.id, tenant.team_id, tenant.key_id, record_id, record_id, "refused", None, ())


def _outcome(
    organization_id: UUID,
    team_id: UUID | None,
    actor_id: UUID,
    record_id: UUID,
    request_id: UUID,
    kind: Outcome,
    settled: Settled | None,
    bodies: tuple[SealedBody, ...],
) -> OutcomeRow:
    envelope = OutcomeEnvelope(
        actor=Named(actor_id, "api_key"),
        attempts=(),
        bodies=(),
        cache=None,
        cost_nano_usd=str(settled.cost_nano_usd if settled else 0),
        data_class="internal",
        decided=Decided(),
        error=None,
        latency_us={},
        organization=organization_id,
        outcome=kind,
        request=request_id,
        streamed=False,
        subject=None,
        team=team_id,
        tool_calls=0,
        usage=TokenUsage(),
        verdicts=(),
    )
    return OutcomeRow(
        id=record_id,
        request_id=request_id,
        organization_id=organization_id,
        team_id=team_id,
        kind=kind,
        actor_kind="api_key",
        actor_id=actor_id,
        envelope=encode(envelope),
        settlement=settled,
        bodies=bodies,
    )
