from governance.models.approval import Approval, ApprovalRequest, Decision
from governance.models.catalogue import Deployment, Model, Price, Provider, Route, RouteCandidate
from governance.models.choices import ProviderKind, RequestStatus, SubjectKind, Tier, Verdict
from governance.models.snapshot import GatewayProcess, SnapshotAcknowledgement, SnapshotChange
from governance.models.suspension import Suspension

__all__ = [
    "Approval",
    "ApprovalRequest",
    "Decision",
    "Deployment",
    "GatewayProcess",
    "Model",
    "Price",
    "Provider",
    "ProviderKind",
    "RequestStatus",
    "Route",
    "RouteCandidate",
    "SnapshotAcknowledgement",
    "SnapshotChange",
    "SubjectKind",
    "Suspension",
    "Tier",
    "Verdict",
]
