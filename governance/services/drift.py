"""Noticing that a model has been exchanged behind its name, and having it approved anew or recertified."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from audit.ledger.append import append_act
from governance import versions
from governance.models import Approval, NoticeKind, ReportedIdentity
from governance.services import notices
from governance.services.approvals.signing import REVIEW
from kit.context import Actor
from tenants import permissions
from tenants.models import Membership

TO_RECERTIFY = timedelta(days=30)


def to_look_at() -> QuerySet[ReportedIdentity]:
    """What deployments of the entered scope have begun to say, oldest first."""
    return ReportedIdentity.objects.filter(looked_at__isnull=True).order_by("first_heard_at", "id")


def drifted(approval: Approval) -> QuerySet[ReportedIdentity]:
    """What deployments of its model say that nobody has approved.

    What a deployment says first of all is what was approved, and so is all it said before this approval was granted.
    """
    earlier = ReportedIdentity.objects.filter(
        deployment_id=OuterRef("deployment_id"), first_heard_at__lt=OuterRef("first_heard_at")
    )
    heard = ReportedIdentity.objects.filter(deployment__model_id=approval.model_id)
    return heard.filter(Exists(earlier), first_heard_at__gt=approval.granted_at)


def look(*, actor: Actor, identity: ReportedIdentity, now: datetime) -> bool:
    """Compares what a deployment has begun to say with what was approved; gives whether that is drift.

    Drift is put on record and the deciders are told. Another model: the gateway refuses its calls there already, and
    waits for nothing here. Anything else: the approval is recertified within a month, or refused from then on. Again
    changes nothing.
    """
    permissions.require_system(actor)
    with transaction.atomic():
        rows = ReportedIdentity.objects.select_for_update(of=("self",)).select_related("deployment")
        locked = rows.get(id=identity.id)
        if locked.looked_at is not None:
            return False
        locked.looked_at = now
        locked.save(update_fields=["looked_at"])
        model_id = locked.deployment.model_id
        approval = Approval.objects.select_for_update().filter(model_id=model_id, ended_at__isnull=True).first()
        if approval is None or not drifted(approval).filter(id=locked.id).exists():
            return False
        _note(actor, locked, approval, now)
    return True


def _note(actor: Actor, identity: ReportedIdentity, approval: Approval, now: datetime) -> None:
    if versions.voids() and identity in versions.exchanges(identity.deployment.identities.all()):
        action, kind = "governance.approval.voided", NoticeKind.VOIDED
    else:
        action, kind = "governance.model.drifted", NoticeKind.DRIFTED
        _bring_forward(approval, now + TO_RECERTIFY)
    record = append_act(
        actor=actor,
        action=action,
        object_kind="model",
        object_id=approval.model_id,
        details={
            "approval_id": str(approval.id),
            "deployment_id": str(identity.deployment_id),
            "identity_id": str(identity.id),
        },
    )
    deciders = Membership.objects.filter(role__in=permissions.roles_with(REVIEW))
    notices.tell(
        organization_id=approval.organization_id,
        people=deciders.values_list("user_id", flat=True),
        kind=kind,
        subject_kind="model",
        subject_id=approval.model_id,
        now=now,
        once=f"drift:{record}",
    )


def _bring_forward(approval: Approval, day: datetime) -> None:
    if day < approval.recertify_by:
        approval.recertify_by = day
        approval.save(update_fields=["recertify_by"])
