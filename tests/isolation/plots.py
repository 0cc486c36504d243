"""One row of every table that has an owner, for one team of one organisation.

Rows of the ledger are put in as its owner, past the functions that write it: what is tested is who sees them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import models

from audit import models as audit
from audit.ledger.envelope import Decided, Held, Named, RequestedEnvelope, encode
from governance import models as governance
from kit import money
from kit.ids import new_id
from tenants import models as tenants
from tests.support.cast import Person
from tests.support.world import World

OUR_APPS = ("audit", "tenants", "governance", "gateway", "portal")
AnyModel = type[models.Model]


@dataclass(slots=True)
class Plot:
    """What one team has. A row is made when it is first asked for."""

    world: World
    team: tenants.Team
    project: tenants.Project
    lead: Person
    _rows: dict[AnyModel, Any] = field(default_factory=dict)

    def row(self, model: AnyModel) -> Any:
        if model not in self._rows:
            self._rows[model] = FACTORIES[model](self)
        return self._rows[model]

    def add(self, model: Any, /, **fields: Any) -> Any:
        """A row of this organisation. The portal writes none here: what it may do is what is tested."""
        alias = "migrator" if model._meta.app_label == "audit" else "system"
        manager = getattr(model, "across_tenants", model._default_manager)
        columns = {
            f"{name}_id" if isinstance(value, models.Model) else name: getattr(value, "pk", value)
            for name, value in fields.items()
        }
        return manager.using(alias).create(organization_id=self.world.organization.id, **columns)

    @property
    def in_team(self) -> dict[str, Any]:
        return {"team": self.team}


def owned_models() -> list[AnyModel]:
    """Every table with an organisation, and organisations themselves."""
    return [
        model
        for app in OUR_APPS
        for model in apps.get_app_config(app).get_models()
        if model is tenants.Organization or "organization_id" in {each.attname for each in model._meta.concrete_fields}
    ]


def _unique(word: str) -> str:
    return f"{word}-{new_id().hex[-12:]}"


def _project(plot: Plot) -> Any:
    return plot.project


def _api_key(plot: Plot) -> Any:
    return plot.add(
        tenants.ApiKey,
        **plot.in_team,
        project=plot.project,
        name="key",
        prefix=_unique("chy"),
        created_at=plot.world.now,
    )


def _api_key_secret(plot: Plot) -> Any:
    return plot.add(
        tenants.ApiKeySecret,
        api_key=plot.row(tenants.ApiKey),
        digest=new_id().bytes,
        pepper_number=1,
        created_at=plot.world.now,
    )


def _identity_provider(plot: Plot) -> Any:
    return plot.add(
        tenants.IdentityProvider,
        **plot.in_team,
        project=plot.project,
        name="issuer",
        issuer=f"https://{_unique('issuer')}.example.com",
        audience="chancery",
        jwks={"keys": []},
        created_at=plot.world.now,
    )


def _budget(plot: Plot) -> Any:
    return plot.add(tenants.Budget, **plot.in_team, name="monthly", limit_nano_usd=money.NANO)


def _rate_limit(plot: Plot) -> Any:
    return plot.add(tenants.RateLimit, **plot.in_team, requests_per_minute=60)


def _membership(plot: Plot) -> Any:
    rows = tenants.Membership.across_tenants.using("system")
    return rows.get(organization=plot.world.organization, user=plot.lead.user)


def _access_token(plot: Plot) -> Any:
    return plot.add(
        tenants.PersonalAccessToken,
        user=plot.lead.user,
        name="script",
        prefix=_unique("chp"),
        digest=new_id().bytes,
        pepper_number=1,
        expires_at=plot.world.now + timedelta(days=1),
    )


def _provider(plot: Plot) -> Any:
    return plot.add(governance.Provider, name=_unique("provider"), kind="dummy")


def _model(plot: Plot) -> Any:
    return plot.add(
        governance.Model,
        slug=_unique("model"),
        name="model",
        publisher="somebody",
        version="1",
        context_window=8_192,
        max_output_tokens=1_024,
    )


def _deployment(plot: Plot) -> Any:
    return plot.add(
        governance.Deployment,
        model=plot.row(governance.Model),
        provider=plot.row(governance.Provider),
        upstream_model="dummy",
        region="eu",
    )


def _price(plot: Plot) -> Any:
    return plot.add(
        governance.Price,
        deployment=plot.row(governance.Deployment),
        effective_from=plot.world.now,
        input_nano_usd_per_million=1,
        cached_input_nano_usd_per_million=1,
        output_nano_usd_per_million=1,
    )


def _route(plot: Plot) -> Any:
    return plot.add(governance.Route, **plot.in_team, slug=_unique("route"))


def _route_candidate(plot: Plot) -> Any:
    return plot.add(
        governance.RouteCandidate,
        route=plot.row(governance.Route),
        deployment=plot.row(governance.Deployment),
    )


def request_for(plot: Plot, model: Any, requested_by: Any, status: str = "submitted") -> Any:
    return plot.add(
        governance.ApprovalRequest,
        model=model,
        justification="for tests",
        requested_by=requested_by,
        requested_at=plot.world.now,
        content_hash="0" * 64,
        status=status,
    )


def _approval_request(plot: Plot) -> Any:
    """One that is open still, so that its owner may change it."""
    return request_for(plot, _model(plot), plot.lead.user)


def _decision(plot: Plot) -> Any:
    """By the lead: a row that names its author is put in by the author only."""
    officer = plot.world.people["officer"]
    return plot.add(
        governance.Decision,
        request=request_for(plot, plot.row(governance.Model), officer, status="approved"),
        requested_by=officer,
        decided_by=plot.lead.user,
        verdict="approve",
        reason="fine",
        signed_hash="0" * 64,
        decided_at=plot.world.now,
    )


def _approval(plot: Plot) -> Any:
    request = plot.row(governance.Decision).request
    return plot.add(governance.Approval, model=plot.row(governance.Model), request=request)


def _suspension(plot: Plot) -> Any:
    """Begun by the lead, as a row that names who acts."""
    return plot.add(
        governance.Suspension,
        **plot.in_team,
        subject_kind="key",
        subject_id=plot.row(tenants.ApiKey).id,
        reason="for tests",
        end_reason="for tests",
        act_id=new_id(),
        begun_by=plot.lead.user,
        begun_at=plot.world.now,
    )


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
        difference_nano_usd=-1,
        at=plot.world.now,
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


def _epoch(plot: Plot) -> Any:
    rows = audit.AdmissionEpoch.objects.using("migrator")
    row, _ = rows.get_or_create(organization_id=plot.world.organization.id, defaults={"epoch": "first"})
    return row


FACTORIES: dict[AnyModel, Callable[[Plot], Any]] = {
    tenants.Organization: lambda plot: plot.world.organization,
    tenants.Team: lambda plot: plot.team,
    tenants.Project: _project,
    tenants.ApiKey: _api_key,
    tenants.ApiKeySecret: _api_key_secret,
    tenants.IdentityProvider: _identity_provider,
    tenants.Budget: _budget,
    tenants.RateLimit: _rate_limit,
    tenants.Membership: _membership,
    tenants.PersonalAccessToken: _access_token,
    governance.Provider: _provider,
    governance.Model: _model,
    governance.Deployment: _deployment,
    governance.Price: _price,
    governance.Route: _route,
    governance.RouteCandidate: _route_candidate,
    governance.ApprovalRequest: _approval_request,
    governance.Decision: _decision,
    governance.Approval: _approval,
    governance.Suspension: _suspension,
    audit.Record: _record,
    audit.Settlement: _settlement,
    audit.Correction: _correction,
    audit.Body: _body,
    audit.DataKey: _data_key,
    audit.Subject: _subject,
    audit.Spent: _spent,
    audit.Change: _change,
    audit.AdmissionEpoch: _epoch,
}
