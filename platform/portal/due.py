"""What comes to its day: permissions to recertify or that expire, evidence, models that are retired,
waivers that end. Soonest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model as Row
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.http import urlencode

from governance import coverage, selectors
from governance.approval_state import SOON, state_of
from governance.models import Approval, ApprovalState, Evidence, Life, Model

PAGE = 50
_MOST = 100  # of what a person's teams will notice
_Row = TypeVar("_Row", bound=Row)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the list, and the row there. Written as it stands in addresses."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}_{self.id}"

    @classmethod
    def read(cls, text: str) -> Place:
        """Raises `ValueError`."""
        at, _, identifier = text.partition("_")
        place = cls(datetime.fromisoformat(at), UUID(identifier))
        if place.at.tzinfo is None:
            raise ValueError("a place is a moment of some time zone")
        return place


@dataclass(frozen=True, slots=True)
class Due:
    """`kind` is that of the row. `renewal` is where to ask for another term; empty where that is nothing to ask for."""

    place: Place
    kind: str
    what: str
    name: str
    address: str
    is_past: bool
    renewal: str = ""

    @property
    def at(self) -> datetime:
        return self.place.at


def coming(now: datetime, after: Place | None = None, limit: int = PAGE) -> list[Due]:
    """Within the next 90 days, what has passed and holds nothing any more, and what was exchanged: a page of it.

    No source is asked for more rows than the page takes.
    """
    found = [
        *_approvals(now, Approval.objects.all(), after, limit),
        *(due for due in _changed() if after is None or due.place > after),
        *_evidence(now, after, limit),
        *_sunsets(now, Model.objects.all(), after, limit),
        *_waivers(now, after, limit),
    ]
    return sorted(found, key=lambda due: due.place)[:limit]


def concerning(teams: Sequence[UUID], now: datetime) -> list[Due]:
    """What these teams will notice: permissions that are good for them, and the models they may call by those."""
    theirs = Approval.objects.filter(Q(teams=[]) | Q(teams__overlap=list(teams)), ended_at__isnull=True)
    models = Model.objects.filter(id__in=theirs.values("model_id"))
    found = [*_approvals(now, theirs, None, _MOST), *_sunsets(now, models, None, _MOST)]
    return sorted(found, key=lambda due: due.place)


def renewal_of(approval: Approval) -> str:
    """The page to ask for another term on, beginning with the conditions in force."""
    return f"{reverse('approval-ask')}?{urlencode({'model': str(approval.model_id), 'renews': str(approval.id)})}"


def _approvals(now: datetime, among: QuerySet[Approval], after: Place | None, limit: int) -> list[Due]:
    is_over = Q(model__life=Life.RETIRED) | Q(model__sunset_at__lte=now)
    rows = among.filter(ended_at__isnull=True, recertify_by__lte=now + SOON).exclude(is_over)
    return [
        Due(
            Place(row.recertify_by, row.id),
            "approval",
            str(ApprovalState(state_of(row, now)).label),
            str(row.model),
            reverse("admin:governance_approval_change", args=[row.id]),
            row.recertify_by <= now,
            renewal_of(row),
        )
        for row in _page(rows.select_related("model"), "recertify_by", after, limit)
    ]


def _changed() -> list[Due]:
    """Deployments that are not what was approved any more."""
    found = []
    for deployment in selectors.changed_since_approval():
        approval = coverage.in_force(deployment.model)
        at = coverage.changed_at(deployment, approval) if approval else None
        if approval and at:
            address = reverse("admin:governance_deployment_change", args=[deployment.id])
            place = Place(at, deployment.id)
            renewal = renewal_of(approval)
            found.append(Due(place, "deployment", "Needs approval anew", str(deployment), address, True, renewal))
    return found


def _evidence(now: datetime, after: Place | None, limit: int) -> list[Due]:
    rows = Evidence.objects.filter(expires_at__gt=now, expires_at__lte=now + SOON, withdrawn_at__isnull=True)
    return [
        Due(
            Place(row.expires_at, row.id),
            "evidence",
            "Evidence expires",
            row.title,
            reverse("evidence-one", args=[row.id]),
            is_past=False,
        )
        for row in _page(rows, "expires_at", after, limit)
        if row.expires_at is not None
    ]


def _sunsets(now: datetime, among: QuerySet[Model], after: Place | None, limit: int) -> list[Due]:
    rows = among.filter(life=Life.DEPRECATED, sunset_at__lte=now + SOON)
    return [
        Due(
            Place(row.sunset_at, row.id),
            "model",
            "Sunset",
            str(row),
            reverse("model-life", args=[row.id]),
            row.sunset_at <= now,
        )
        for row in _page(rows, "sunset_at", after, limit)
        if row.sunset_at is not None
    ]


def _waivers(now: datetime, after: Place | None, limit: int) -> list[Due]:
    rows = selectors.waivers_in_force(now).filter(ends_at__lte=now + SOON)
    return [
        Due(
            Place(row.ends_at, row.id),
            "waiver",
            "Waiver ends",
            f"{row.approval.model}, {row}",
            reverse("waiver", args=[row.id]),
            is_past=False,
        )
        for row in _page(rows, "ends_at", after, limit)
    ]


def _page(rows: QuerySet[_Row], day: str, after: Place | None, limit: int) -> QuerySet[_Row]:
    if after is not None:
        beyond: dict[str, Any] = {f"{day}__gt": after.at}
        rows = rows.filter(Q(**beyond) | Q(**{day: after.at, "id__gt": after.id}))
    return rows.order_by(day, "id")[:limit]
