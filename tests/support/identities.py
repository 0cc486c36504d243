"""What upstreams say they are, without one that says it."""

from __future__ import annotations

from datetime import datetime

from governance.models import Deployment, ReportedIdentity
from kit.ids import new_id


def says(deployment: Deployment, fingerprint: str, at: datetime, model: str = "helper-2026") -> ReportedIdentity:
    """As the gateway writes it down, and with its rights."""
    said = ReportedIdentity(
        id=new_id(),
        organization_id=deployment.organization_id,
        deployment=deployment,
        model=model,
        fingerprint=fingerprint,
        first_heard_at=at,
    )
    ReportedIdentity.across_tenants.using("gateway").bulk_create([said])
    return said
