"""What an approval says of the condition that is waived, for whoever signs."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone
from django.utils.formats import date_format

from governance.models import Approval, Deployment, UseCase, WaivedCondition, Waiver
from kit.data_class import DataClass
from tenants.models import Team


def said_by_approval(waiver: Waiver) -> str:
    """Such as the teams that it is for; what the viewer may not see of them has no name."""
    approval = waiver.approval
    match WaivedCondition(waiver.condition):
        case WaivedCondition.TEAM:
            return _listed(Team.objects.filter(id__in=approval.teams).values_list("name", flat=True))
        case WaivedCondition.USE_CASE:
            return _listed(UseCase.objects.filter(id__in=approval.use_cases).values_list("slug", flat=True))
        case WaivedCondition.CALLER_REGION:
            return _listed(approval.caller_regions)
        case WaivedCondition.REGION:
            return _listed(approval.regions)
        case WaivedCondition.DEPLOYMENTS:
            named = Deployment.objects.filter(id__in=approval.deployments).select_related("provider")
            return _listed(deployment.place for deployment in named)
        case WaivedCondition.DATA_CLASS:
            return f"up to {DataClass(approval.max_data_class).label}"
        case WaivedCondition.RECERTIFICATION:
            return _until(approval)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "others than yours"


def _until(approval: Approval) -> str:
    is_end = approval.recertify_by == approval.expires_at
    day = date_format(timezone.localtime(approval.recertify_by), "j F Y")
    return f"{'good until' if is_end else 'to be recertified by'} {day}"
