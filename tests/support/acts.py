"""One way to do each act that the ledger knows, and what the ledger then holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from governance.models import (
    AiActClass,
    Approval,
    ApprovalRequest,
    Delegation,
    Deployment,
    Evidence,
    EvidenceKind,
    Model,
    ProviderKind,
    RiskTier,
    UseCase,
    Waiver,
)
from governance.review import StageRule
from governance.services import (
    approvals,
    catalogue,
    delegations,
    evidence,
    life,
    onboarding,
    questionnaires,
    recertification,
    review_rules,
    suspensions,
    use_cases,
)
from governance.services.evidence import Offered, Result
from governance.services.use_cases import Description
from kit import clock
from kit.context import Actor
from kit.scoping import within
from tenants.models import Membership, Role, User
from tenants.services import allotments, api_keys, identity_providers, organizations, people
from tenants.services.organizations import Defaults, Limits, Settings
from tests.support import breaking_glass as glass
from tests.support import issuers, waiving
from tests.support import world as worlds
from tests.support.alert_acts import ALERTS
from tests.support.answers import defined
from tests.support.asked import ask, draft, new_model
from tests.support.discussion_acts import DISCUSSION
from tests.support.increase_acts import INCREASES
from tests.support.onboarding import plan
from tests.support.preparing import (
    Act,
    acts_of,
    perform,
)
from tests.support.preparing import (
    after as _after,
)
from tests.support.preparing import (
    by_admin as _by_admin,
)
from tests.support.preparing import (
    by_officer as _by_officer,
)
from tests.support.preparing import (
    on as _on,
)
from tests.support.preparing import (
    unique as _unique,
)
from tests.support.probes import PROBES
from tests.support.register_acts import REGISTER
from tests.support.terms import announce_end, approved_long_ago
from tests.support.world import World

__all__ = ["PREPARED", "Act", "acts_of", "ask", "draft", "new_model", "perform"]


def new_deployment(world: World) -> Deployment:
    return world.deploy(new_model(world), world.provider(), rates=None)


def new_person(world: World) -> User:
    """Of no organisation yet."""
    with within(world.system.scope):
        return worlds.new_user("Someone")


def add_evidence(
    world: World, actor: Actor, subject: Any, kind: EvidenceKind = EvidenceKind.EVALUATION, **offered: Any
) -> Evidence:
    """A result that passed, unless told otherwise."""
    told = {"title": "Letters, answered", "result": Result("accuracy", passed=True), **offered}
    with within(actor.scope):
        return evidence.add(actor=actor, subject=subject, offered=Offered(kind, **told), now=clock.now())


def granted(world: World) -> Approval:
    return world.approve(new_model(world))


def new_use_case(world: World, actor: Actor | None = None, **described: Any) -> UseCase:
    """The administrator's, of the whole organisation, unless told otherwise."""
    actor = actor or world.admin
    slug, team = described.pop("slug", None) or _unique("use"), described.pop("team", None)
    with within(actor.scope):
        return use_cases.register(
            actor=actor, slug=slug, team=team, described=description(actor, **described), now=clock.now()
        )


def _waivable(world: World) -> tuple[Approval, UseCase]:
    return granted(world), new_use_case(world, team=world.team)


def _waiver(world: World) -> Waiver:
    return waiving.ask(world.admin, *_waivable(world))


def description(owner: Actor, **described: Any) -> Description:
    fitting = {"name": "Letters", "purpose": "Drafts letters", "ai_act_class": AiActClass.MINIMAL, "owner_id": owner.id}
    return Description(**{**fitting, **described})


def _decide(decision: Callable[..., Any]) -> Callable[[Actor, ApprovalRequest], Any]:
    return lambda actor, request: decision(
        actor=actor, request=request, reason="fine", signed_hash=request.content_hash, now=clock.now()
    )


def _revise(actor: Actor, request: ApprovalRequest) -> ApprovalRequest:
    asked = approvals.Terms(regions=["eu"])
    return approvals.revise(actor=actor, request=request, justification="letters", terms=asked)


def _set_rule(actor: Actor, _: World) -> Any:
    stages = [StageRule((Role.COMPLIANCE_OFFICER,), needed=2)]
    return review_rules.set_rule(actor=actor, risk_tier=RiskTier.MEDIUM, stages=stages, now=clock.now())


def _add_evidence(actor: Actor, model: Model) -> Evidence:
    offered = Offered(EvidenceKind.DPIA, "Letters", content=b"Looked into.")
    return evidence.add(actor=actor, subject=model, offered=offered, now=clock.now())


def _delegate(actor: Actor, to: User) -> Delegation:
    now = clock.now()
    return delegations.delegate(actor=actor, to=to, starts_at=now, ends_at=now + timedelta(days=1))


def new_member(world: World) -> User:
    return perform(Act(world.admin, lambda actor: _add_member(actor, new_person(world)))).user  # type: ignore[no-any-return]


def _notice(world: World) -> Act:
    approval = approved_long_ago(world)
    return Act(world.system, lambda actor: recertification.notice(actor=actor, approval=approval, now=clock.now()))


def _approved_lightly(world: World) -> UseCase:
    """A use case that an approval names."""
    use_case = new_use_case(world)
    world.approve(new_model(world), use_cases=[use_case.id])
    return use_case


def _become_high(actor: Actor, use_case: UseCase) -> None:
    described = description(actor, ai_act_class=AiActClass.HIGH, owner_id=use_case.owner_id)
    use_cases.change(actor=actor, use_case=use_case, described=described)


def _stop(actor: Actor, subject: Any) -> Any:
    suspensions.suspend(actor=actor, subject=subject, reason="for tests", now=clock.now())
    return subject


def _go_on(actor: Actor, subject: Any) -> None:
    suspensions.resume(actor=actor, subject=subject, reason="for tests", now=clock.now())


def _add_member(actor: Actor, user: User) -> Membership:
    return people.add_member(actor=actor, user=user, role=Role.AUDITOR, now=clock.now())


def _issue_token(actor: Actor, _: World) -> Any:
    own = User.objects.get(id=actor.id)
    return people.issue_access_token(actor=actor, user=own, name="script", now=clock.now())


def _change_settings(actor: Actor, world: World) -> None:
    changed = Settings("Another name", "Europe/Berlin", ["https://app.example.com"], Defaults())
    organizations.change(actor=actor, organization=world.organization, settings=changed)


def _register_model(actor: Actor, world: World) -> Model:
    described = {"name": "new", "publisher": "Somebody", "version": "1"}
    return catalogue.register_model(
        actor=actor, now=world.now, slug=_unique("model"), context_window=8, max_output_tokens=4, **described
    )


def _register_deployment(actor: Actor, found: tuple[Model, Any]) -> Deployment:
    model, provider = found
    return catalogue.register_deployment(
        actor=actor, model=model, provider=provider, upstream_model="m", region="eu", now=clock.now()
    )


def _set_price(actor: Actor, deployment: Deployment) -> Any:
    now, rates = clock.now(), catalogue.Rates(input=1, output=2)
    return catalogue.set_price(actor=actor, deployment=deployment, rates=rates, effective_from=now, now=now)


def _set_estimates(actor: Actor, model: Model) -> Any:
    return catalogue.set_estimates(actor=actor, model=model, usual_output_tokens=2, image_tokens=3)


def _move(actor: Actor, provider: Any) -> None:
    to = {"kind": ProviderKind.OPENAI_COMPATIBLE, "base_url": "https://models.example.com/v1", "credential": "other"}
    catalogue.move_provider(actor=actor, provider=provider, now=clock.now(), **to)


_add = _by_admin(lambda actor, world: allotments.add_budget(actor=actor, name="all", limit_nano_usd=1, now=world.now))
_join = _on(new_person, _add_member)
_hold_token = _by_admin(_issue_token)

PREPARED: dict[str, Callable[[World], Act]] = {
    "tenants.organization.changed": _by_admin(_change_settings),
    "tenants.team.created": _by_admin(
        lambda actor, world: organizations.create_team(actor=actor, name="Team", slug=_unique("team"), now=world.now)
    ),
    "tenants.project.created": _by_admin(
        lambda actor, world: organizations.create_project(
            actor=actor, team=world.team, name="Other", slug=_unique("project"), now=world.now
        )
    ),
    "tenants.project.placed": _by_admin(
        lambda actor, world: organizations.place_project(actor=actor, project=world.project, region="us")
    ),
    "tenants.membership.added": _join,
    "tenants.membership.ended": _after(
        _join,
        lambda actor, made: people.end_membership(actor=actor, membership=Membership.objects.get(id=made.id)),
    ),
    "tenants.access_token.issued": _hold_token,
    "tenants.access_token.revoked": _after(
        _hold_token, lambda actor, made: people.revoke_access_token(actor=actor, token=made[0], now=clock.now())
    ),
    "tenants.api_key.issued": _by_admin(
        lambda actor, world: api_keys.issue(actor=actor, project=world.project, name="key", now=world.now)
    ),
    "tenants.api_key.rotated": _by_admin(
        lambda actor, world: api_keys.rotate(actor=actor, key=world.key, now=clock.now())
    ),
    "tenants.api_key.revoked": _by_admin(
        lambda actor, world: api_keys.revoke(actor=actor, key=world.key, now=clock.now())
    ),
    "tenants.identity_provider.registered": _by_admin(lambda actor, world: issuers.register(world, actor)),
    "tenants.identity_provider.keys_replaced": _on(
        issuers.register,
        lambda actor, provider: identity_providers.replace_keys(
            actor=actor, provider=provider, jwks=issuers.new_jwks()
        ),
    ),
    "tenants.identity_provider.revoked": _on(
        issuers.register,
        lambda actor, provider: identity_providers.revoke(actor=actor, provider=provider, now=clock.now()),
    ),
    "tenants.budget.added": _add,
    "tenants.budget.changed": _after(
        _add, lambda actor, budget: allotments.change_budget(actor=actor, budget=budget, limit_nano_usd=2)
    ),
    "tenants.rate_limit.set": _by_admin(
        lambda actor, world: allotments.set_limits(actor=actor, limits=Limits(60), now=world.now)
    ),
    "governance.provider.registered": _by_admin(
        lambda actor, world: catalogue.register_provider(
            actor=actor, name=_unique("provider"), kind="dummy", now=world.now
        )
    ),
    "governance.provider.moved": _by_officer(World.provider, _move),
    "governance.provider.credential_replaced": _on(
        World.provider,
        lambda actor, provider: catalogue.replace_credential(actor=actor, provider=provider, credential="other"),
    ),
    "governance.provider.suspended": _on(World.provider, _stop),
    "governance.provider.resumed": _after(_on(World.provider, _stop), _go_on),
    "governance.model.registered": _by_admin(_register_model),
    "governance.model.suspended": _on(new_model, _stop),
    "governance.model.resumed": _after(_on(new_model, _stop), _go_on),
    "governance.model.estimates_set": _on(new_model, _set_estimates),
    "governance.model.deprecated": _on(new_model, announce_end),
    "governance.model.deprecation_revoked": _after(
        _on(new_model, announce_end),
        lambda actor, model: life.revoke_deprecation(actor=actor, model=model, now=clock.now()),
    ),
    "governance.model.retired": _after(
        _on(new_model, announce_end), lambda actor, model: life.retire(actor=actor, model=model, now=clock.now())
    ),
    "governance.deployment.registered": _on(lambda world: (new_model(world), world.provider()), _register_deployment),
    "governance.deployment.suspended": _on(new_deployment, _stop),
    "governance.deployment.resumed": _after(_on(new_deployment, _stop), _go_on),
    "governance.price.registered": _on(new_deployment, _set_price),
    "governance.route.registered": _on(
        new_deployment,
        lambda actor, made: catalogue.create_route(
            actor=actor, slug=_unique("route"), deployments=[made], now=clock.now()
        ),
    ),
    "governance.use_case.registered": _by_admin(
        lambda actor, world: use_cases.register(
            actor=actor, slug=_unique("use"), described=description(world.admin), now=clock.now()
        )
    ),
    "governance.use_case.changed": _on(
        new_use_case,
        lambda actor, made: use_cases.change(
            actor=actor,
            use_case=made,
            described=Description("Verdicts", "Writes them", AiActClass.PROHIBITED, made.owner_id, True),
        ),
    ),
    "governance.use_case.retired": _on(
        new_use_case, lambda actor, made: use_cases.retire(actor=actor, use_case=made, now=clock.now())
    ),
    "governance.team.onboarded": _on(
        lambda world: (world.officer, plan(_unique("team"), email=world.people["olivia"].email))[1],
        lambda actor, planned: onboarding.onboard(actor=actor, plan=planned, now=clock.now()),
    ),
    **REGISTER | INCREASES | ALERTS | DISCUSSION | PROBES,
    "governance.approval.requested": _on(
        new_model,
        lambda actor, model: approvals.submit(
            actor=actor, model=model, justification="letters", terms=approvals.Terms(), now=clock.now()
        ),
    ),
    "governance.approval.drafted": _on(
        new_model,
        lambda actor, model: approvals.draft(
            actor=actor, model=model, justification="letters", terms=approvals.Terms(), now=clock.now()
        ),
    ),
    "governance.approval.revised": _on(draft, _revise),
    "governance.approval.tier_overridden": _by_officer(
        ask,
        lambda actor, request: approvals.override_tier(
            actor=actor, request=request, risk_tier=RiskTier.HIGH, reason="for tests", now=clock.now()
        ),
    ),
    "governance.approval.signed": _by_officer(
        lambda world: ask(world, risk_tier=RiskTier.HIGH), _decide(partial(approvals.approve, waiver="for tests"))
    ),
    "governance.approval.changes_requested": _by_officer(ask, _decide(approvals.request_changes)),
    "governance.approval.approved": _by_officer(ask, _decide(approvals.approve)),
    "governance.approval.rejected": _by_officer(ask, _decide(approvals.reject)),
    "governance.approval.withdrawn": _on(ask, lambda actor, request: approvals.withdraw(actor=actor, request=request)),
    "governance.approval.brought_forward": _on(_approved_lightly, _become_high),
    "governance.approval.recertification_noticed": _notice,
    "governance.approval.suspended": _by_officer(granted, _stop),
    "governance.approval.resumed": _by_officer(lambda world: _stopped(world, granted(world)), _go_on),
    "governance.key.suspended": _on(lambda world: world.new_key()[0], _stop),
    "governance.key.resumed": _after(_on(lambda world: world.new_key()[0], _stop), _go_on),
    "governance.team.suspended": _on(lambda world: world.new_team(_unique("team"))[0], _stop),
    "governance.team.resumed": _after(_on(lambda world: world.new_team(_unique("team"))[0], _stop), _go_on),
    "governance.organization.suspended": _on(lambda world: world.organization, _stop),
    "governance.organization.resumed": _after(_on(lambda world: world.organization, _stop), _go_on),
    "governance.break_glass.asked": _on(new_model, glass.ask),
    "governance.break_glass.opened": _by_officer(glass.waiting, glass.countersign),
    "governance.break_glass.reviewed": lambda world: Act(
        glass.third(world), _on(glass.broken, glass.find_against)(world).do
    ),
    "governance.break_glass.ended": _on(glass.broken, glass.end),
    "governance.waiver.asked": _on(_waivable, lambda actor, pair: waiving.ask(actor, *pair)),
    "governance.waiver.signed": _by_officer(_waiver, waiving.sign),
    "governance.waiver.granted": _by_officer(lambda world: waiving.signed_once(world, _waiver(world)), waiving.sign),
    "governance.waiver.ended": _on(_waiver, waiving.end),
    "governance.review_rule.set": _by_officer(lambda world: world, _set_rule),
    "governance.questionnaire.set": _by_officer(
        lambda world: world,
        lambda actor, _: questionnaires.set_version(actor=actor, definition=defined(), now=clock.now()),
    ),
    "governance.evidence.added": _on(new_model, _add_evidence),
    "governance.evidence.withdrawn": _by_officer(
        lambda world: add_evidence(world, world.admin, new_model(world)),
        lambda actor, made: evidence.withdraw(actor=actor, evidence=made, reason="for tests", now=clock.now()),
    ),
    "governance.delegation.made": _by_officer(new_member, _delegate),
    "governance.delegation.ended": _by_officer(
        lambda world: perform(Act(world.officer, _by_officer(new_member, _delegate)(world).do)),
        lambda actor, made: delegations.end(actor=actor, delegation=made, now=clock.now()),
    ),
}


def _stopped(world: World, approval: Approval) -> Approval:
    return perform(Act(world.officer, lambda actor: _stop(actor, approval)))  # type: ignore[no-any-return]
