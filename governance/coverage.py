"""Which deployments of a model the approval in force covers, whatever else it asks of a call."""

from __future__ import annotations

from datetime import datetime

from governance import versions
from governance.models import Approval, Deployment, Model
from governance.models.approval import Conditions

READ = ("identities", "model__approvals")  # of a deployment, to be prefetched for several


def in_force(model: Model) -> Approval | None:
    """The one that has not ended; another may be granted in its place. From approvals that may be prefetched."""
    return next((approval for approval in model.approvals.all() if approval.ended_at is None), None)


def lack(deployment: Deployment) -> str:
    """Why no call there runs under the approval in force, in a few words; empty where calls may, and where there is no
    approval at all."""
    approval = in_force(deployment.model)
    if approval is None:
        return ""
    if not is_named(deployment, approval):
        return "it is bound to other regions or deployments"
    return "it names another model than was approved" if changed_at(deployment, approval) else ""


def is_named(deployment: Deployment, terms: Conditions) -> bool:
    """Whether the regions and the deployments that conditions name leave it in."""
    is_in_region = not terms.regions or deployment.region in terms.regions
    return is_in_region and (not terms.deployments or deployment.id in terms.deployments)


def changed_at(deployment: Deployment, approval: Approval) -> datetime | None:
    """When it ceased to be what was approved; none where it is that still."""
    voided_at = versions.voided_at(deployment.identities.all())
    return voided_at if voided_at is not None and voided_at > approval.granted_at else None
