"""Noticing that a model has been exchanged behind its name, and having it approved anew or recertified."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from audit.ledger.append import append_act
from governance import versions
from governance.models import Approval, NoticeKind, ReportedIdentity
from governance.services import notices, recertification
from governance.services.approvals.signing import REVIEW
from kit.context import Actor
from tenants import permissions


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
        noticed = {"deployment_id": str(locked.deployment_id), "identity_id": str(locked.id)}
        if versions.voids() and locked in versions.exchanges(locked.deployment.identities.all()):
            _note(actor, approval, "governance.approval.voided", NoticeKind.VOIDED, noticed, now)
        else:
            have_recertified(actor=actor, approval=approval, noticed=noticed, now=now)
    return True


def have_recertified(*, actor: Actor, approval: Approval, noticed: Mapping[str, str], now: datetime) -> None:
    """What follows from drift, however it was noticed: what `noticed` names goes on record. In a running transaction
    that has locked the approval."""
    permissions.require_system(actor)
    recertification.bring_forward(approval, now)
    _note(actor, approval, "governance.model.drifted", NoticeKind.DRIFTED, noticed, now)


def _note(
    actor: Actor, approval: Approval, action: str, kind: NoticeKind, noticed: Mapping[str, str], now: datetime
) -> None:
    """Puts it on record and tells the deciders."""
    record = append_act(
        actor=actor,
        action=action,
        object_kind="model",
        object_id=approval.model_id,
        details={"approval_id": str(approval.id), **noticed},
    )
    notices.tell_holders(
        act=REVIEW,
        actor=actor,
        kind=kind,
        subject_kind="model",
        subject_id=approval.model_id,
        now=now,
        once=f"drift:{record}",
    )
