"""One row of every table that has an owner, for one team of one organisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import connections, models

from governance import documents
from governance import models as governance
from kit import money
from kit.ids import new_id
from kit.scoping import within
from tenants import models as tenants
from tests.isolation.alert_rows import ALERTS
from tests.isolation.discussion_rows import DISCUSSION
from tests.isolation.exception_rows import EXCEPTIONS
from tests.isolation.ledger_rows import LEDGER
from tests.isolation.money_rows import MONEY
from tests.isolation.probe_rows import PROBES
from tests.isolation.register_rows import REGISTER
from tests.isolation.view_rows import VIEWS
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


def _use_case(plot: Plot) -> Any:
    return plot.add(
        governance.UseCase,
        **plot.in_team,
        slug=_unique("use"),
        name="letters",
        purpose="drafts letters",
        ai_act_class="minimal",
        owner=plot.lead.user,
    )


def request_for(plot: Plot, model: Any, requested_by: Any, **asked: Any) -> Any:
    return plot.add(
        governance.ApprovalRequest,
        model=model,
        justification="for tests",
        requested_by=requested_by,
        requested_at=plot.world.now,
        content_hash="0" * 64,
        **asked,
    )


def _approval_request(plot: Plot) -> Any:
    """One that is open still, so that its owner may change it."""
    return request_for(plot, _model(plot), plot.lead.user, answers={"acts": False}, computed_tier=1)


def _revision(plot: Plot) -> Any:
    return plot.row(governance.Decision).request.revisions(manager="across_tenants").using("system").get()


def _stage(plot: Plot) -> Any:
    return plot.row(governance.Decision).stage


def _waiting(plot: Plot) -> Any:
    return plot.row(governance.ApprovalRequest).waiting


def _review_rule(plot: Plot) -> Any:
    """By which the lead decides: a row that names its author is put in by the author only."""
    rules = governance.ReviewRule.across_tenants.using("system").filter(organization_id=plot.world.organization.id)
    return plot.add(
        governance.ReviewRule,
        risk_tier=governance.RiskTier.MEDIUM,
        number=rules.count() + 1,
        stages=[{"roles": ["team_lead"], "needed": 1, "due_days": 3}],
        set_by=plot.lead.user,
        set_at=plot.world.now,
    )


def _decision(plot: Plot) -> Any:
    plot.row(governance.ReviewRule)
    officer = plot.world.people["officer"]
    model = plot.row(governance.Model)
    request = request_for(plot, model, officer, risk_tier=governance.RiskTier.MEDIUM, teams=[plot.team.id])
    requests = governance.ApprovalRequest.across_tenants.using("system").filter(id=request.id)
    requests.update(status="in_review")
    decision = plot.add(
        governance.Decision,
        request=request,
        stage=request.stages(manager="across_tenants").using("system").get(),
        revision=1,
        requested_by=officer,
        decided_by=plot.lead.user,
        decided_for=plot.lead.user,
        verdict="approve",
        reason="fine",
        signed_hash="0" * 64,
        decided_at=plot.world.now,
    )
    requests.update(status="approved")
    return decision


def _approval(plot: Plot) -> Any:
    request = plot.row(governance.Decision).request
    return plot.add(governance.Approval, model=plot.row(governance.Model), request=request, teams=request.teams)


def _delegation(plot: Plot) -> Any:
    return plot.add(
        governance.Delegation,
        delegator=plot.lead.user,
        delegate=plot.world.people["officer"],
        starts_at=plot.world.now,
        ends_at=plot.world.now + timedelta(days=800),
    )


def _notice(plot: Plot) -> Any:
    """Told to the lead, of a request."""
    with connections["system"].cursor() as cursor:
        what = ["commented", "approval_request", plot.row(governance.ApprovalRequest).id, plot.world.now, None]
        cursor.execute(
            "SELECT governance_tell(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [plot.world.organization.id, [plot.lead.user.id], *what, ["team_lead"], [plot.team.id]],
        )
    return governance.Notice.across_tenants.using("system").get(person=plot.lead.user)


def _notice_preference(plot: Plot) -> Any:
    """By the lead: nobody else, nor the system, says how somebody is told."""
    with within(plot.lead.actor.scope):
        return governance.NoticePreference.objects.create(
            organization_id=plot.world.organization.id, person=plot.lead.user, kind="commented", way="digest"
        )


def _reported_identity(plot: Plot) -> Any:
    said = governance.ReportedIdentity(
        organization_id=plot.world.organization.id,
        deployment_id=plot.row(governance.Deployment).id,
        model="helper-2026",
        first_heard_at=plot.world.now,
    )
    governance.ReportedIdentity.across_tenants.using("gateway").bulk_create([said])
    return said


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


def _evidence(plot: Plot) -> Any:
    """With a file."""
    evidence = plot.add(
        governance.Evidence,
        model=plot.row(governance.Model),
        kind="evaluation",
        title=_unique("evidence"),
        metric="accuracy",
        passed=True,
        sha256=documents.digest(b"x"),
        size_bytes=1,
        media_type="text/plain",
        added_by=plot.lead.user,
        added_at=plot.world.now,
        withdrawal_reason="for tests",
    )
    sealed = documents.seal(evidence.organization_id, evidence.id, b"x")
    plot.add(governance.EvidenceFile, evidence=evidence, sealed=sealed)
    return evidence


def _evidence_file(plot: Plot) -> Any:
    files = governance.EvidenceFile.across_tenants.using("system")
    return files.get(evidence=plot.row(governance.Evidence))


def _request_evidence(plot: Plot) -> Any:
    request = request_for(plot, plot.row(governance.Model), plot.lead.user, status="draft")
    return plot.add(governance.RequestEvidence, request=request, revision=1, evidence=plot.row(governance.Evidence))


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
    governance.UseCase: _use_case,
    governance.ApprovalRequest: _approval_request,
    governance.RequestRevision: _revision,
    governance.RequestStage: _stage,
    governance.Waiting: _waiting,
    governance.ReviewRule: _review_rule,
    governance.Delegation: _delegation,
    governance.Decision: _decision,
    governance.Approval: _approval,
    governance.Suspension: _suspension,
    **DISCUSSION,
    governance.Notice: _notice,
    governance.NoticePreference: _notice_preference,
    **VIEWS,
    governance.Evidence: _evidence,
    governance.EvidenceFile: _evidence_file,
    governance.RequestEvidence: _request_evidence,
    governance.ReportedIdentity: _reported_identity,
    **REGISTER,
    **EXCEPTIONS,
    **MONEY,
    **ALERTS,
    **PROBES,
    **LEDGER,
}
