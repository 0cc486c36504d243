"""What comes to its day: permissions to recertify or that expire, evidence, models that are retired,
waivers that end. Soonest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.http import urlencode

from governance import coverage, selectors
from governance.approval_state import SOON, state_of
from governance.models import Approval, ApprovalState, Evidence, Life, Model

MOST = 100


@dataclass(frozen=True, slots=True)
class Due:
    """`renewal` is where to ask for another term; empty where that is nothing to ask for."""

    at: datetime
    what: str
    name: str
    address: str
    is_past: bool
    renewal: str = ""


def coming(now: datetime) -> list[Due]:
    """Within the next 90 days, what has passed and holds nothing any more, and what was exchanged: the first `MOST`."""
    found = [
        *_approvals(now, Approval.objects.all()),
        *_changed(),
        *_evidence(now),
        *_sunsets(now, Model.objects.all()),
        *_waivers(now),
    ]
    return sorted(found, key=lambda due: due.at)[:MOST]


def concerning(teams: Sequence[UUID], now: datetime) -> list[Due]:
    """What these teams will notice: permissions that are good for them, and the models they may call by those."""
    theirs = Approval.objects.filter(Q(teams=[]) | Q(teams__overlap=list(teams)), ended_at__isnull=True)
    models = Model.objects.filter(id__in=theirs.values("model_id"))
    return sorted([*_approvals(now, theirs), *_sunsets(now, models)], key=lambda due: due.at)


def renewal_of(approval: Approval) -> str:
    """The page to ask for another term on, beginning with the conditions in force."""
    return f"{reverse('approval-ask')}?{urlencode({'model': str(approval.model_id), 'renews': str(approval.id)})}"


def _approvals(now: datetime, among: QuerySet[Approval]) -> list[Due]:
    is_over = Q(model__life=Life.RETIRED) | Q(model__sunset_at__lte=now)
    rows = among.filter(ended_at__isnull=True, recertify_by__lte=now + SOON).exclude(is_over)
    return [
        Due(
            row.recertify_by,
            str(ApprovalState(state_of(row, now)).label),
            str(row.model),
            reverse("admin:governance_approval_change", args=[row.id]),
            row.recertify_by <= now,
            renewal_of(row),
        )
        for row in rows.select_related("model").order_by("recertify_by")[:MOST]
    ]


def _changed() -> list[Due]:
    """Deployments that are not what was approved any more."""
    found = []
    for deployment in selectors.changed_since_approval():
        approval = coverage.in_force(deployment.model)
        at = coverage.changed_at(deployment, approval) if approval else None
        if approval and at:
            address = reverse("admin:governance_deployment_change", args=[deployment.id])
            found.append(Due(at, "Needs approval anew", str(deployment), address, True, renewal_of(approval)))
    return found


def _evidence(now: datetime) -> list[Due]:
    rows = Evidence.objects.filter(Q(expires_at__gt=now, expires_at__lte=now + SOON), withdrawn_at__isnull=True)
    return [
        Due(row.expires_at, "Evidence expires", row.title, reverse("evidence-one", args=[row.id]), is_past=False)
        for row in rows.order_by("expires_at")[:MOST]
        if row.expires_at is not None
    ]


def _sunsets(now: datetime, among: QuerySet[Model]) -> list[Due]:
    rows = among.filter(life=Life.DEPRECATED, sunset_at__lte=now + SOON)
    return [
        Due(row.sunset_at, "Sunset", str(row), reverse("model-life", args=[row.id]), row.sunset_at <= now)
        for row in rows.order_by("sunset_at")[:MOST]
        if row.sunset_at is not None
    ]


def _waivers(now: datetime) -> list[Due]:
    rows = selectors.waivers_in_force(now).filter(ends_at__lte=now + SOON)
    return [
        Due(row.ends_at, "Waiver ends", f"{row.approval.model}, {row}", reverse("waiver", args=[row.id]), is_past=False)
        for row in rows
    ]
