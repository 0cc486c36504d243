"""Who may do what, role by role and act by act, as the services answer. A new act fails here until it is listed."""

from __future__ import annotations

import pytest
from django.core.exceptions import ObjectDoesNotExist

from governance.services import approvals
from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tenants import permissions
from tenants.models import Role, Team
from tests.support.acts import PREPARED, acts_of, ask, perform
from tests.support.world import World, without_second_factor

TEAM_ROLES = {Role.TEAM_LEAD, Role.DEVELOPER, Role.READ_ONLY}
_ADMIN, _OFFICER, _AUDITOR = Role.ADMINISTRATOR, Role.COMPLIANCE_OFFICER, Role.AUDITOR
_LEAD, _DEVELOPER = Role.TEAM_LEAD, Role.DEVELOPER

# Roles over the whole organisation, and over the team whose project and key it is.
KEYS = {_ADMIN, _LEAD, _DEVELOPER}
REGISTER = {_ADMIN, _OFFICER}
CALLERS = ("key", "team", "organization")
WHO: dict[str, set[Role]] = {
    "tenants.organization.changed": {_ADMIN},
    "tenants.team.created": {_ADMIN},
    "tenants.project.created": {_ADMIN, _LEAD},
    "tenants.project.placed": {_ADMIN},
    "tenants.membership.added": {_ADMIN},
    "tenants.membership.ended": {_ADMIN},
    "tenants.access_token.issued": set(Role),
    "tenants.access_token.revoked": set(),  # its holder
    "tenants.api_key.issued": KEYS,
    "tenants.api_key.rotated": KEYS,
    "tenants.api_key.revoked": KEYS,
    "tenants.identity_provider.registered": {_ADMIN},
    "tenants.identity_provider.keys_replaced": {_ADMIN},
    "tenants.identity_provider.revoked": {_ADMIN},
    "tenants.budget.added": {_ADMIN},
    "tenants.budget.changed": {_ADMIN},
    "tenants.budget_increase.asked": {_ADMIN},
    "tenants.budget_increase.granted": {_ADMIN},
    "tenants.budget_increase.refused": {_ADMIN},
    "tenants.budget_increase.ended": {_ADMIN},
    "governance.alert_rule.set": {_ADMIN},
    "governance.alert.acknowledged": {_ADMIN, _OFFICER, _LEAD},  # a lead of their own team's
    "governance.alert.muted": {_ADMIN, _OFFICER, _LEAD},
    "governance.alert.unmuted": {_ADMIN, _OFFICER, _LEAD},
    "governance.alert_channel.added": {_ADMIN},
    "governance.alert_channel.changed": {_ADMIN},
    "governance.alert_channel.moved": {_ADMIN},
    "governance.alert_channel.tested": {_ADMIN},
    "tenants.rate_limit.set": {_ADMIN},
    "governance.provider.registered": REGISTER,
    "governance.provider.moved": {_OFFICER},
    "governance.provider.credential_replaced": REGISTER,
    "governance.provider.suspended": REGISTER,
    "governance.provider.resumed": REGISTER,
    "governance.model.registered": REGISTER,
    "governance.model.suspended": REGISTER,
    "governance.model.resumed": REGISTER,
    "governance.model.estimates_set": REGISTER,
    "governance.model.deprecated": REGISTER,
    "governance.model.deprecation_revoked": REGISTER,
    "governance.model.retired": REGISTER,
    "governance.deployment.registered": REGISTER,
    "governance.deployment.suspended": REGISTER,
    "governance.deployment.resumed": REGISTER,
    "governance.price.registered": REGISTER,
    "governance.price.rerated": {_ADMIN},
    "governance.route.registered": REGISTER,
    "governance.use_case.registered": REGISTER,
    "governance.use_case.changed": REGISTER,
    "governance.use_case.retired": REGISTER,
    "governance.third_party.described": REGISTER,
    "governance.agreement.added": REGISTER,
    "governance.agreement.ended": REGISTER,
    "governance.model_card.written": REGISTER,
    "governance.evaluation_plan.set": REGISTER,
    "governance.evaluation_case.added": REGISTER,
    "governance.evaluation_case.retired": REGISTER,
    "governance.evaluation.queued": REGISTER,
    "governance.evaluation.judged": set(),  # the timetable
    "governance.inventory.taken_in": REGISTER,
    "governance.system.registered": REGISTER,
    "governance.system.changed": REGISTER,
    "governance.system.retired": REGISTER,
    "governance.approval.drafted": {_ADMIN, _OFFICER, _LEAD, _DEVELOPER},
    "governance.approval.revised": set(),  # whoever asked
    "governance.approval.requested": {_ADMIN, _OFFICER, _LEAD, _DEVELOPER},
    "governance.approval.tier_overridden": {_OFFICER},
    "governance.approval.signed": {_OFFICER},  # by default; a rule may ask administrators as well
    "governance.approval.changes_requested": {_OFFICER},
    "governance.approval.approved": {_OFFICER},
    "governance.approval.rejected": {_OFFICER},
    "governance.approval.withdrawn": set(),  # whoever asked
    "governance.evidence.added": {_ADMIN, _OFFICER, _LEAD, _DEVELOPER},
    "governance.evidence.withdrawn": {_OFFICER},  # and whoever added it
    "governance.break_glass.asked": REGISTER,
    "governance.break_glass.opened": REGISTER,
    "governance.break_glass.reviewed": REGISTER,
    "governance.break_glass.ended": {_OFFICER},  # and the two who opened it
    "governance.waiver.asked": {_ADMIN, _OFFICER, _LEAD, _DEVELOPER},
    "governance.waiver.signed": REGISTER,
    "governance.waiver.granted": REGISTER,
    "governance.waiver.ended": {_OFFICER},  # and those who asked for and signed it
    "governance.review_rule.set": {_OFFICER},
    "governance.approval.claimed": {_OFFICER},  # as for signing
    "governance.approval.claim_released": set(),  # whoever claimed
    "governance.approval.commented": {_ADMIN, _OFFICER, _LEAD, _DEVELOPER},
    "governance.questionnaire.set": {_OFFICER},
    "governance.delegation.made": {_ADMIN, _OFFICER},
    "governance.delegation.ended": set(),  # whoever delegated
    "governance.approval.brought_forward": REGISTER,
    "governance.approval.recertification_noticed": set(),  # the timetable
    "governance.approval.suspended": REGISTER,
    "governance.approval.resumed": {_OFFICER},
    "governance.team.onboarded": {_ADMIN},
    **{f"governance.{kind}.{verb}": REGISTER for kind in CALLERS for verb in ("suspended", "resumed")},
}
WITH_CODE = {
    "governance.alert_channel.added",
    "governance.alert_channel.changed",
    "governance.alert_channel.moved",
    "tenants.organization.changed",
    "tenants.project.placed",
    "tenants.membership.added",
    "tenants.membership.ended",
    "tenants.budget_increase.granted",
    "tenants.budget_increase.refused",
    "tenants.identity_provider.registered",
    "tenants.identity_provider.keys_replaced",
    "tenants.identity_provider.revoked",
    "governance.price.rerated",
    "governance.provider.moved",
    "governance.provider.credential_replaced",
    "governance.provider.resumed",
    "governance.model.resumed",
    "governance.model.deprecated",
    "governance.model.deprecation_revoked",
    "governance.model.retired",
    "governance.deployment.resumed",
    "governance.evaluation_plan.set",
    "governance.evaluation_case.retired",
    "governance.approval.tier_overridden",
    "governance.approval.signed",
    "governance.approval.changes_requested",
    "governance.approval.approved",
    "governance.approval.rejected",
    "governance.break_glass.asked",
    "governance.break_glass.opened",
    "governance.break_glass.reviewed",
    "governance.waiver.signed",
    "governance.waiver.granted",
    "governance.review_rule.set",
    "governance.questionnaire.set",
    "governance.delegation.made",
    "governance.approval.resumed",
    "governance.team.onboarded",
    *(f"governance.{kind}.{verb}" for kind in CALLERS for verb in ("suspended", "resumed")),
}
# Done by anybody for themselves, whatever their role.
OWN = {
    "tenants.access_token.issued",
    "tenants.access_token.revoked",
    "governance.approval.revised",
    "governance.approval.withdrawn",
    "governance.approval.claim_released",
    "governance.delegation.ended",
}


def somebody(world: World, role: Role, team: Team | None = None) -> Actor:
    return world.person(f"another-{role}-{team}", role, team or (world.team if role in TEAM_ROLES else None))


@pytest.mark.parametrize("action", PREPARED)
def test_each_role_does_what_it_may(world: World, action: str) -> None:
    done, act = set(), None
    for role in Role:
        act = act or PREPARED[action](world)  # what was refused is there to be tried by the next
        actor = somebody(world, role)
        before = len(acts_of(world))
        try:
            perform(act, actor)
        except (errors.Forbidden, errors.NotFound):
            assert len(acts_of(world)) == before
        else:
            done.add(role)
            act = None
    assert done == WHO[action]


@pytest.mark.parametrize("action", PREPARED)
def test_what_weighs_most_needs_a_one_time_password(world: World, action: str) -> None:
    act = PREPARED[action](world)
    actor = without_second_factor(act.actor)
    if action in WITH_CODE:
        with pytest.raises(errors.Forbidden, match="one-time password") as refusal:
            perform(act, actor)
        assert refusal.value.code == "otp_required"
    else:
        perform(act, actor)


@pytest.mark.parametrize("action", [action for action in PREPARED if action not in OWN])
def test_without_any_role_nothing_is_done(world: World, action: str) -> None:
    act = PREPARED[action](world)
    nobody = Actor("user", act.actor.id, world.organization.id, otp_verified=True)
    with pytest.raises(errors.Forbidden):
        perform(act, nobody)


# Not of the whole organisation, though their role says so.
REACHING = [
    "governance.approval.commented",
    "tenants.project.created",
    "tenants.api_key.issued",
    "governance.approval.drafted",
    "governance.approval.requested",
    "governance.evidence.added",
    "governance.delegation.made",  # one's own right, which reaches no further in other hands
]


@pytest.mark.parametrize("action", [action for action in PREPARED if action not in {*REACHING, *OWN}])
def test_a_role_in_one_team_does_not_bind_the_others(world: World, action: str) -> None:
    """An administrator or officer of one team only: what concerns all teams, or another one, is not theirs."""
    act = PREPARED[action](world)
    other, _ = world.new_team("research")
    role = _OFFICER if WHO[action] == {_OFFICER} else _ADMIN
    actor = somebody(world, role, other)
    with pytest.raises((errors.Forbidden, errors.NotFound, ObjectDoesNotExist)):
        perform(act, actor)


def test_an_officer_of_one_team_decides_what_binds_that_team_alone(world: World) -> None:
    officer = somebody(world, _OFFICER, world.team)
    ours = ask(world, teams=[world.team.id])
    everybodys = ask(world)
    with within(officer.scope):
        approvals.approve(actor=officer, request=ours, reason="x", signed_hash=ours.content_hash, now=clock.now())
        with pytest.raises(errors.Forbidden):
            approvals.approve(
                actor=officer, request=everybodys, reason="x", signed_hash=everybodys.content_hash, now=clock.now()
            )


def test_an_officer_of_one_team_takes_nothing_from_the_others(world: World) -> None:
    """By granting their own team something in place of what binds all."""
    officer, model = somebody(world, _OFFICER, world.team), world.model("assistant")
    ours = ask(world, model=model, teams=[world.team.id])
    with within(officer.scope), pytest.raises(errors.Forbidden, match="binds other teams"):
        approvals.approve(actor=officer, request=ours, reason="x", signed_hash=ours.content_hash, now=clock.now())


def test_every_role_is_in_the_table() -> None:
    assert set(permissions.ACTS) == {role.value for role in Role}
