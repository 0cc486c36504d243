"""The ledger's part of a plot: rows put in as its owner, past the functions that write it. What is tested is who sees
them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from audit import models as audit
from audit.ledger.envelope import Decided, Held, Named, RequestedEnvelope, encode
from audit.usage.statements import Stated, digest
from kit.ids import new_id

if TYPE_CHECKING:
    from tests.isolation.plots import Plot


def _record(plot: Plot) -> Any:
    identifier, caller = new_id(), Named(new_id(), "api_key")
    envelope = RequestedEnvelope(
        actor=caller,
        bodies=(),
        data_class="internal",
        decided=Decided(model="model"),
        held=Held("2", 1),
        organization=plot.world.organization.id,
        parent=None,
        pipeline="direct",
        request=identifier,
        subject=None,
        team=plot.team.id,
        verdicts=(),
    )
    return plot.add(
        audit.Record,
        id=identifier,
        team_id=plot.team.id,
        request_id=identifier,
        kind="requested",
        action="inference.requested",
        actor_kind="api_key",
        actor_id=caller.id,
        at=plot.world.now,
        xid="1",
        envelope=encode(envelope),
    )


def _settlement(plot: Plot) -> Any:
    return plot.add(
        audit.Settlement,
        **_usage(),
        request_id=plot.row(audit.Record).id,
        team_id=plot.team.id,
        outcome_record_id=new_id(),
        model="model",
        outcome="completed",
        estimated=False,
        held_nano_usd=2,
        admitted_at=plot.world.now,
        settled_at=plot.world.now,
        budgets={},
    )


def _correction(plot: Plot) -> Any:
    return plot.add(
        audit.Correction,
        **_usage(),
        request_id=plot.row(audit.Record).id,
        team_id=plot.team.id,
        record_id=new_id(),
        kind="late_truth",
        difference_nano_usd=-1,
        at=plot.world.now,
    )


def _statement(plot: Plot) -> Any:
    content = Stated({}, {}).written({})
    return plot.add(
        audit.Statement,
        id=new_id(),
        owner_id=plot.team.id,
        month=plot.world.now.date().replace(day=1),
        time_zone="UTC",
        closed_at=plot.world.now,
        content=content,
        digest=digest(content),
        spent_nano_usd=0,
        corrected_nano_usd=0,
    )


def _usage() -> dict[str, int]:
    return {
        "input_tokens": 1,
        "cached_input_tokens": 0,
        "output_tokens": 1,
        "reasoning_tokens": 0,
        "cost_nano_usd": 1,
    }


def _body(plot: Plot) -> Any:
    return plot.add(
        audit.Body,
        record_id=plot.row(audit.Record).id,
        part="request",
        team_id=plot.team.id,
        data_key_id=new_id(),
        ciphertext=b"sealed",
    )


def _data_key(plot: Plot) -> Any:
    return plot.add(
        audit.DataKey,
        subject_id=new_id(),
        period="2026-11-20",
        wrapped=b"wrapped",
        tenant_key_version=1,
        created_at=plot.world.now,
    )


def _subject(plot: Plot) -> Any:
    return plot.add(audit.Subject, digest=new_id().bytes, created_at=plot.world.now)


def _spent(plot: Plot) -> Any:
    return plot.add(audit.Spent, budget_id=new_id(), period="2026-11", nano_usd=1)


def _change(plot: Plot) -> Any:
    return plot.add(
        audit.Change,
        team_id=plot.team.id,
        object_kind="budget",
        object_id=new_id(),
        operation="update",
        before={"name": "monthly"},
        after={"name": "weekly"},
        secret=[],
        actor_kind="user",
        actor_id=plot.lead.user.id,
        address="192.0.2.1",
        database_role="chancery_app",
        xid="1",
        at=plot.world.now,
    )


def _combination(plot: Plot) -> Any:
    return plot.add(
        audit.UsageCombination,
        id=new_id(),
        team_id=plot.team.id,
        **dict.fromkeys(("route", "tier", "operation", "pipeline", "cache", "outcome", "error"), ""),
        model="model",
    )


def _quarter(plot: Plot) -> Any:
    return _totals(plot, audit.UsageQuarter, starts_at=plot.world.now)


def _day(plot: Plot) -> Any:
    return _totals(plot, audit.UsageDay, day=plot.world.now.date())


def _totals(plot: Plot, model: Any, **when: Any) -> Any:
    return plot.add(
        model,
        **_usage(),
        **when,
        combination=plot.row(audit.UsageCombination),
        team_id=plot.team.id,
        requests=1,
        estimated_nano_usd=0,
        held_nano_usd=2,
        latency_ms=1,
        timed=1,
    )


def _label(plot: Plot) -> Any:
    return _labelled(plot, audit.UsageLabel, starts_at=plot.world.now)


def _label_day(plot: Plot) -> Any:
    return _labelled(plot, audit.UsageLabelDay, day=plot.world.now.date())


def _labelled(plot: Plot, model: Any, **when: Any) -> Any:
    return plot.add(
        model,
        **when,
        id=new_id(),
        team_id=plot.team.id,
        kind="end_user",
        value=str(new_id()),
        requests=1,
        input_tokens=1,
        output_tokens=1,
        cost_nano_usd=1,
    )


def _latency(plot: Plot) -> Any:
    return plot.add(
        audit.UsageLatency,
        starts_at=plot.world.now,
        deployment_id=new_id(),
        model="model",
        measured="answer",
        bucket=1,
        requests=1,
    )


def _tag(plot: Plot) -> Any:
    return plot.add(audit.UsageTag, tag=new_id().hex)


def _zone(plot: Plot) -> Any:
    """Told when the organisation was founded."""
    return audit.UsageZone.across_tenants.using("migrator").get(organization_id=plot.world.organization.id)


def _epoch(plot: Plot) -> Any:
    rows = audit.AdmissionEpoch.objects.using("migrator")
    row, _ = rows.get_or_create(organization_id=plot.world.organization.id, defaults={"epoch": "first"})
    return row


LEDGER: dict[type[Any], Callable[[Plot], Any]] = {
    audit.Record: _record,
    audit.Settlement: _settlement,
    audit.Correction: _correction,
    audit.Body: _body,
    audit.DataKey: _data_key,
    audit.Subject: _subject,
    audit.Spent: _spent,
    audit.UsageCombination: _combination,
    audit.UsageQuarter: _quarter,
    audit.Statement: _statement,
    audit.UsageDay: _day,
    audit.UsageLabel: _label,
    audit.UsageLabelDay: _label_day,
    audit.UsageLatency: _latency,
    audit.UsageTag: _tag,
    audit.UsageZone: _zone,
    audit.Change: _change,
    audit.AdmissionEpoch: _epoch,
}
