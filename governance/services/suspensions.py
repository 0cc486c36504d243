"""The kill switch: stopping every call of a subject, and letting its calls go on. Both say why.

What a subject is decides who may: the register is stopped without a one-time password, because seconds count there;
whoever stops callers of a whole team, or a key, gives one, as does whoever lets anything go on.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from audit.ledger.append import append_act
from governance.models import Approval, Deployment, Model, NoticeKind, Provider, SubjectKind, Suspension
from governance.services import notices
from kit import errors
from kit.context import Actor
from tenants import permissions
from tenants.models import ApiKey, Membership, Organization, Role, Team

Subject = Provider | Model | Deployment | Approval | ApiKey | Team | Organization
KINDS: dict[type[Subject], SubjectKind] = {
    Provider: SubjectKind.PROVIDER,
    Model: SubjectKind.MODEL,
    Deployment: SubjectKind.DEPLOYMENT,
    Approval: SubjectKind.APPROVAL,
    ApiKey: SubjectKind.KEY,
    Team: SubjectKind.TEAM,
    Organization: SubjectKind.ORGANIZATION,
}
CALLERS = (ApiKey, Team, Organization)


class Recorded(NamedTuple):
    """How an act on a subject stands in the ledger."""

    object_kind: str
    object_id: UUID
    details: dict[str, str]


def suspend(
    *, actor: Actor, subject: Subject, reason: str, now: datetime, cuts_calls: bool = False
) -> Suspension | None:
    """Stops every call of a subject, on every worker within a second; with `cuts_calls` also those that run.

    None where it is suspended already. Raises `errors.InvalidRequest` without a reason, `errors.Conflict` for an
    approval that has ended.
    """
    _require_to_stop(actor, subject)
    reason = said(reason)
    with transaction.atomic():
        locked = type(subject).objects.select_for_update().get(id=subject.id)
        if locked.suspended_at is not None:
            return None
        if isinstance(locked, Approval) and locked.ended_at is not None:
            raise errors.Conflict("A permission that has ended stops nothing.")
        locked.suspended_at = now
        locked.save(update_fields=["suspended_at"])
        suspension = Suspension.objects.create(
            organization_id=actor.organization_id,
            team_id=_team_of(locked),
            subject_kind=KINDS[type(subject)],
            subject_id=locked.id,
            reason=reason,
            cuts_calls=cuts_calls,
            act_id=_record(actor, locked, "suspended", cuts_calls=cuts_calls),
            begun_by_id=_person(actor),
            begun_at=now,
        )
        _tell(actor, locked, NoticeKind.SUSPENDED, now)
    return suspension


def resume(*, actor: Actor, subject: Subject, reason: str, now: datetime) -> None:
    """Lets calls of a suspended subject go on. Nothing changes where it is not suspended.

    Raises `errors.InvalidRequest` without a reason.
    """
    _require_to_go_on(actor, subject)
    reason = said(reason)
    with transaction.atomic():
        locked = type(subject).objects.select_for_update().get(id=subject.id)
        if locked.suspended_at is None:
            return
        locked.suspended_at = None
        locked.save(update_fields=["suspended_at"])
        Suspension.objects.filter(
            subject_kind=KINDS[type(subject)], subject_id=locked.id, ended_at__isnull=True
        ).update(ended_by_id=_person(actor), ended_at=now, end_reason=reason)
        _record(actor, locked, "resumed")
        _tell(actor, locked, NoticeKind.RESUMED, now)


def end(*, actor: Actor, suspension: Suspension, reason: str, now: datetime) -> None:
    """Lets calls of what it stopped go on. Nothing changes where it has ended.

    Raises `errors.Forbidden` for one of everything, which the operator alone ends; else what `resume` raises.
    """
    if suspension.subject_kind == SubjectKind.EVERYTHING:
        raise errors.Forbidden("The operator of the installation has stopped everything, and alone lets it go on.")
    subject = subject_of(suspension.subject_id)
    if suspension.ended_at is None:
        resume(actor=actor, subject=subject, reason=reason, now=now)


def subject_of(identifier: UUID) -> Subject:
    """The provider, model, deployment, approval, key, team or organisation of that id, as far as it is in the scope.

    Raises `errors.NotFound`.
    """
    for kind in KINDS:
        found = kind.objects.filter(id=identifier).first()
        if found is not None:
            return found
    raise errors.NotFound("Nothing that can be suspended has this id, or it belongs to somebody else.")


def said(reason: str) -> str:
    """A reason as it is kept. Raises `errors.InvalidRequest` for none."""
    if not reason.strip():
        raise errors.InvalidRequest("Say why: it is kept, and shown to whoever may resume.", param="reason")
    return reason.strip()


def _require_to_stop(actor: Actor, subject: Subject) -> None:
    if isinstance(subject, CALLERS):
        permissions.require(actor, "governance.caller.suspend", otp=True)
    else:
        permissions.require(actor, "governance.model.suspend")
    _require_reach(actor, subject)


def _require_to_go_on(actor: Actor, subject: Subject) -> None:
    if isinstance(subject, CALLERS):
        permissions.require(actor, "governance.caller.suspend", otp=True)
    elif isinstance(subject, Approval):
        permissions.require(actor, "governance.approval.decide", otp=True)
    else:
        permissions.require(actor, "governance.model.suspend", otp=True)
    _require_reach(actor, subject)


def _require_reach(actor: Actor, subject: Subject) -> None:
    """Whoever has a role in some teams only acts on what binds no others."""
    everybody: list[UUID | None] = [_team_of(subject)]
    named = subject.teams if isinstance(subject, Approval) else []
    for team_id in named or everybody:
        permissions.require_reach(actor, team_id)


def _team_of(subject: Subject) -> UUID | None:
    """Whose it is alone; none of what the whole organisation shares."""
    if isinstance(subject, Team):
        return subject.id
    return subject.team_id if isinstance(subject, ApiKey) else None


def _tell(actor: Actor, subject: Subject, kind: NoticeKind, now: datetime) -> None:
    """Whoever governs, and the leads of teams whose keys could call it; but for whoever did it."""
    governing = Membership.objects.filter(role__in=[Role.ADMINISTRATOR, Role.COMPLIANCE_OFFICER])
    leading = Membership.objects.filter(role=Role.TEAM_LEAD, team_id__in=ApiKey.objects.values("team_id"))
    people = {*governing.values_list("user_id", flat=True), *leading.values_list("user_id", flat=True)} - {actor.id}
    team_id = _team_of(subject)
    notices.tell(
        organization_id=actor.organization_id,
        people=people,
        kind=kind,
        subject_kind="api_key" if isinstance(subject, ApiKey) else KINDS[type(subject)].value,
        subject_id=subject.id,
        teams=subject.teams if isinstance(subject, Approval) else [team_id] if team_id else [],
        now=now,
    )


def _person(actor: Actor) -> UUID | None:
    return actor.id if actor.kind == "user" else None


def _record(actor: Actor, subject: Subject, verb: str, **details: bool) -> UUID:
    recorded = _recorded(subject)
    return append_act(
        actor=actor,
        action=f"governance.{KINDS[type(subject)].value}.{verb}",
        object_kind=recorded.object_kind,
        object_id=recorded.object_id,
        details={**recorded.details, **details},
    )


def _recorded(subject: Subject) -> Recorded:
    """An approval's acts belong to the timeline of its model."""
    if isinstance(subject, Approval):
        return Recorded("model", subject.model_id, {"approval_id": str(subject.id)})
    if isinstance(subject, ApiKey):
        return Recorded("api_key", subject.id, {})
    return Recorded(subject._meta.model_name or "", subject.id, {})
