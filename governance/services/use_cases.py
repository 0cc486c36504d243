"""Use cases: what models are called for, who answers for it, and its class under the EU AI Act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit.ledger.append import append_act
from governance import selectors
from governance.models import AiActClass, UseCase
from governance.services import recertification, waivers
from kit import clock, errors
from kit.context import Actor
from tenants import permissions
from tenants.models import Membership, Team

MANAGE = "governance.register.manage"
_DESCRIBED = ["name", "purpose", "ai_act_class", "owner_id", "decides_about_persons"]
_CARE = [AiActClass.MINIMAL, AiActClass.LIMITED, AiActClass.HIGH, AiActClass.PROHIBITED]


@dataclass(frozen=True, slots=True)
class Description:
    """What is said of a use case, and may be said otherwise later."""

    name: str
    purpose: str
    ai_act_class: AiActClass
    owner_id: UUID
    decides_about_persons: bool = False


def register(*, actor: Actor, slug: str, described: Description, now: datetime, team: Team | None = None) -> UseCase:
    """A new use case, of a team or of the whole organisation. A prohibited one is on record and never in service.

    Raises `errors.InvalidRequest` for an owner who is no member, and Django's `ValidationError`.
    """
    permissions.require(actor, MANAGE)
    permissions.require_reach(actor, team.id if team else None)
    use_case = UseCase(organization_id=actor.organization_id, slug=slug, team=team, created_at=now)
    with transaction.atomic():
        _describe(use_case, described)
        use_case.save(force_insert=True)
        _record(actor, "registered", use_case, slug=slug, ai_act_class=use_case.ai_act_class)
    return use_case


def change(*, actor: Actor, use_case: UseCase, described: Description) -> UseCase:
    """Says otherwise what it is. One that becomes prohibited goes out of service at once; approvals that name it stay.
    One that becomes high risk has those that were reviewed in a lower tier recertified within a month.

    A class that asks for less care is given by whoever decides on approvals, with a one-time password. Raises
    `errors.Conflict` for one that is retired, and for another purpose while something approved relies on this one;
    further as `register`.
    """
    permissions.require(actor, MANAGE)
    with transaction.atomic():
        locked = _lock(actor, use_case)
        if _CARE.index(described.ai_act_class) < _CARE.index(AiActClass(locked.ai_act_class)):
            permissions.require(actor, "governance.approval.decide", otp=True)
        _require_same_meaning(locked, described)
        was_high = locked.ai_act_class == AiActClass.HIGH
        _describe(locked, described)
        if locked.ai_act_class == AiActClass.PROHIBITED:
            waivers.end_with(actor=actor, hanging=locked.waivers.all(), now=clock.now())
        locked.save(update_fields=_DESCRIBED)
        _record(actor, "changed", locked, ai_act_class=locked.ai_act_class)
        if locked.ai_act_class == AiActClass.HIGH and not was_high:
            recertification.take_with_care(actor=actor, use_case=locked, now=clock.now())
    return locked


def retire(*, actor: Actor, use_case: UseCase, now: datetime) -> UseCase:
    """Ends it for good: no call runs under it from then on. Raises `errors.Conflict` where it has ended."""
    permissions.require(actor, MANAGE)
    with transaction.atomic():
        locked = _lock(actor, use_case)
        waivers.end_with(actor=actor, hanging=locked.waivers.all(), now=now)
        locked.retired_at = now
        locked.save(update_fields=["retired_at"])
        _record(actor, "retired", locked)
    return locked


def _lock(actor: Actor, use_case: UseCase) -> UseCase:
    """The use case as it is now, still in use and within reach."""
    permissions.require_reach(actor, use_case.team_id)
    locked = UseCase.objects.select_for_update().get(id=use_case.id)
    if locked.retired_at is not None:
        raise errors.Conflict("This use case is retired.")
    return locked


def _require_same_meaning(locked: UseCase, described: Description) -> None:
    """What was signed for a use case covers that and nothing else, as an approval does the exact version of a model."""
    is_same = (described.purpose, described.decides_about_persons) == (locked.purpose, locked.decides_about_persons)
    if not is_same and selectors.is_relied_on(locked, clock.now()):
        words = "What is approved, or waits to be, names this use case: register another for another purpose."
        raise errors.Conflict(words)


def _describe(use_case: UseCase, described: Description) -> None:
    members = Membership.objects.filter(user_id=described.owner_id, user__is_active=True)
    if described.owner_id != use_case.owner_id and not members.exists():
        raise errors.InvalidRequest("The owner is no member of the organisation.", param="owner")
    use_case.name, use_case.purpose = described.name, described.purpose
    use_case.ai_act_class, use_case.owner_id = described.ai_act_class, described.owner_id
    use_case.decides_about_persons = described.decides_about_persons
    use_case.full_clean(exclude=["created_at", "owner"])


def _record(actor: Actor, verb: str, use_case: UseCase, **details: str) -> None:
    append_act(
        actor=actor,
        action=f"governance.use_case.{verb}",
        object_kind="use_case",
        object_id=use_case.id,
        details=details,
    )
