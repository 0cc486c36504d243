"""How alerts are watched for: setting it, as an act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from audit.ledger.append import append_act
from governance.alerting.terms import OF_TEAMS, PARAMETERS, shipped
from governance.models import AlertKind, AlertRule, Severity
from kit import errors
from kit.context import Actor
from tenants import permissions
from tenants.models import Organization, Role, Team

MANAGE = "governance.alert_rule.manage"


def set_rule(
    *,
    actor: Actor,
    kind: AlertKind,
    team: Team | None = None,
    is_active: bool = True,
    severity: Severity,
    parameters: Mapping[str, int],
    roles: Sequence[Role],
    now: datetime,
) -> AlertRule:
    """Replaces how one kind is watched, in the organisation or for one team. Parameters that are not named are as
    shipped. It holds from the next look on, within five minutes.

    Raises `errors.InvalidRequest` for a parameter that the kind has not, or that is out of bounds, and for a rule of a
    team on what is everybody's.
    """
    permissions.require(actor, MANAGE)
    permissions.require_reach(actor, team.id if team else None)
    if team is not None and kind not in OF_TEAMS:
        raise errors.InvalidRequest("Models are watched for the whole organisation.", param="team")
    checked = _checked(kind, parameters)
    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(id=actor.organization_id)
        rule = AlertRule.objects.filter(kind=kind, team=team).first() or AlertRule(
            organization_id=actor.organization_id, kind=kind, team=team
        )
        is_new = rule._state.adding
        rule.is_active, rule.severity, rule.parameters = is_active, severity, checked
        rule.roles = sorted(set(roles))
        rule.set_by_id, rule.set_at = actor.id, now
        changed = None if is_new else ["is_active", "severity", "parameters", "roles", "set_by", "set_at"]
        rule.save(force_insert=is_new, update_fields=changed)
        append_act(
            actor=actor,
            action="governance.alert_rule.set",
            object_kind="alert_rule",
            object_id=rule.id,
            details={
                "kind": kind.value,
                "is_active": str(is_active).lower(),
                "severity": severity.name.lower(),
                **{name: str(value) for name, value in checked.items()},
            },
            team_id=rule.team_id,
        )
    return rule


def _checked(kind: AlertKind, parameters: Mapping[str, int]) -> dict[str, int]:
    known = PARAMETERS[kind]
    if unknown := set(parameters) - set(known):
        raise errors.InvalidRequest(f"This kind has no {', '.join(sorted(unknown))}.", param="parameters")
    for name, value in parameters.items():
        bounds = known[name]
        if not bounds.least <= value <= bounds.most:
            raise errors.InvalidRequest(f"{name} is between {bounds.least} and {bounds.most}.", param="parameters")
    return {**shipped(kind).parameters, **parameters}
