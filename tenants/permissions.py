"""Which role may do which act: one table, read by services, admin, API and templates alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from kit import errors
from kit.context import Actor

if TYPE_CHECKING:
    from tenants.models.people import User

_EVERYONE = {"portal.view"}
_OPERATE = {
    "tenants.organization.change",
    "tenants.team.manage",
    "tenants.project.manage",
    "tenants.member.manage",
    "tenants.budget.manage",
    "tenants.identity_provider.manage",
}
_KEYS = {"tenants.api_key.view", "tenants.api_key.manage"}
_ASK = {"governance.approval.request", "governance.evidence.add"}
_INCREASES = {"tenants.budget_increase.view"}
_SPEND = {"audit.spend.view"} | _INCREASES
_ASK_FOR_MORE = {"tenants.budget.ask"} | _INCREASES
_RATE = {"governance.price.rerate"}
_ALERTS = {"governance.alert.view", "governance.alert.handle", "governance.alert_rule.manage"}
_REGISTER = {"governance.register.view", "governance.register.manage"} | _ASK
_STOP = {"governance.model.suspend", "governance.caller.suspend", "governance.suspension.view"}
_REVIEW = {"governance.approval.review", "governance.break_glass.decide", "governance.waiver.sign"}
_DECIDE = {"governance.approval.decide", "governance.review_rule.manage"} | _STOP

ACTS: dict[str, frozenset[str]] = {
    "administrator": frozenset(
        _EVERYONE
        | _OPERATE
        | _KEYS
        | _REGISTER
        | _STOP
        | _REVIEW
        | _RATE
        | _ASK_FOR_MORE
        | _ALERTS
        | _SPEND
        | {"audit.request.view", "tenants.member.view"}
    ),
    "compliance_officer": frozenset(
        _EVERYONE
        | _REGISTER
        | _REVIEW
        | _DECIDE
        | _SPEND
        | {"tenants.api_key.view", "audit.request.view", "audit.act.view", "tenants.member.view"}
        | {"governance.alert.view", "governance.alert.handle"}
    ),
    "auditor": frozenset(
        _EVERYONE
        | _SPEND
        | {
            "governance.register.view",
            "governance.suspension.view",
            "tenants.api_key.view",
            "tenants.member.view",
            "audit.request.view",
            "audit.act.view",
            "governance.alert.view",
        }
    ),
    "team_lead": frozenset(
        _EVERYONE
        | _KEYS
        | _ASK
        | _ASK_FOR_MORE
        | _SPEND
        | _ALERTS
        | {
            "governance.register.view",
            "tenants.project.manage",
            "tenants.member.view",
            "tenants.budget.manage",
            "audit.request.view",
        }
    ),
    "developer": frozenset(
        _EVERYONE | _KEYS | _ASK | _ASK_FOR_MORE | {"governance.register.view", "audit.request.view"}
    ),
    "read_only": frozenset(_EVERYONE | _SPEND | {"governance.register.view"}),
}

# Roles that decide sign in with a one-time password; the others may.
OTP_REQUIRED = frozenset({"administrator", "compliance_officer"})

# Django's permission names, as its admin asks for them, in terms of acts. What is missing here nobody has.
_VIEW, _CHANGE = "view", "add change delete"
_MODEL_ACTS: dict[str, tuple[str, str]] = {
    "tenants.organization": ("portal.view", "tenants.organization.change"),
    "tenants.team": ("portal.view", "tenants.team.manage"),
    "tenants.project": ("portal.view", "tenants.project.manage"),
    "tenants.user": ("tenants.member.view", "tenants.member.manage"),
    "tenants.membership": ("tenants.member.view", "tenants.member.manage"),
    "tenants.apikey": ("tenants.api_key.view", "tenants.api_key.manage"),
    "tenants.apikeysecret": ("tenants.api_key.view", "tenants.api_key.manage"),
    "tenants.identityprovider": ("tenants.api_key.view", "tenants.identity_provider.manage"),
    "tenants.budget": ("audit.spend.view", "tenants.budget.manage"),
    "tenants.ratelimit": ("audit.spend.view", "tenants.budget.manage"),
    "governance.provider": ("governance.register.view", "governance.register.manage"),
    "governance.model": ("governance.register.view", "governance.register.manage"),
    "governance.deployment": ("governance.register.view", "governance.register.manage"),
    "governance.price": ("governance.register.view", "governance.register.manage"),
    "governance.route": ("governance.register.view", "governance.register.manage"),
    "governance.routecandidate": ("governance.register.view", "governance.register.manage"),
    "governance.usecase": ("governance.register.view", "governance.register.manage"),
    "governance.othersystem": ("governance.register.view", "governance.register.manage"),
    "governance.approvalrequest": ("governance.register.view", "governance.approval.request"),
    "governance.approval": ("governance.register.view", "governance.approval.decide"),
    "governance.reviewrule": ("governance.register.view", "governance.review_rule.manage"),
    "governance.delegation": ("governance.register.view", "governance.approval.review"),
    "audit.record": ("audit.request.view", ""),
}


def acts_of(roles: Iterable[str]) -> frozenset[str]:
    """Everything that any of the roles allows."""
    return frozenset().union(*(ACTS[role] for role in roles))


def roles_with(act: str) -> list[str]:
    """The roles that allow an act."""
    return [role for role, acts in ACTS.items() if act in acts]


def require(actor: Actor, act: str, *, otp: bool = False) -> None:
    """Raises `errors.Forbidden` unless the actor may do the act, with a one-time password where asked."""
    if not actor.may(act):
        raise errors.Forbidden(f"Your role does not include {act}{_held_by(act)}.")
    if otp:
        require_code(actor)


def require_code(actor: Actor) -> None:
    """Raises `errors.Forbidden` for a person who has given no one-time password lately."""
    if actor.kind == "user" and not actor.otp_verified:
        raise errors.Forbidden("This act needs a one-time password.", code="otp_required")


def _held_by(act: str) -> str:
    """Who may, in the words of a refusal; nothing for an act that is nobody's."""
    roles = [role.replace("_", " ") for role in roles_with(act)]
    return f"; it takes the role of {' or '.join(filter(None, [', '.join(roles[:-1]), *roles[-1:]]))}" if roles else ""


def require_system(actor: Actor) -> None:
    """Raises `errors.Forbidden` unless the installation itself acts, by its timetable or a command."""
    if actor.kind != "system":
        raise errors.Forbidden("Nobody does this; it happens by itself.")


def require_reach(actor: Actor, team_id: UUID | None) -> None:
    """Raises `errors.Forbidden` where someone with a role in some teams would change what binds all or other teams."""
    if actor.team_ids is not None and team_id not in actor.team_ids:
        raise errors.Forbidden("Your role reaches your own teams only.")


def allows(user: User, permission: str) -> bool:
    """Whether the user's active membership grants a Django permission such as `tenants.view_team`.

    The portal's middleware sets `user.actor` for each request; without it nothing is allowed.
    """
    actor: Actor | None = getattr(user, "actor", None)
    if actor is None:
        return False
    app_label, _, codename = permission.partition(".")
    verb, _, model_name = codename.partition("_")
    view, change = _MODEL_ACTS.get(f"{app_label}.{model_name}", ("", ""))
    if verb == _VIEW:
        return actor.may(view) or actor.may(change)
    return verb in _CHANGE.split() and bool(change) and actor.may(change)
