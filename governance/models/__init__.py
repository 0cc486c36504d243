from governance.models.approval import Approval, ApprovalRequest
from governance.models.catalogue import Deployment, Model, Price, Provider, Route, RouteCandidate
from governance.models.choices import (
    AiActClass,
    ApprovalState,
    EvidenceKind,
    Life,
    MailState,
    NoticeKind,
    NoticeWay,
    ProviderKind,
    RequestStatus,
    RiskTier,
    SubjectKind,
    Tier,
    Verdict,
)
from governance.models.evidence import Evidence, EvidenceFile, RequestEvidence
from governance.models.identity import ReportedIdentity
from governance.models.notice import Notice, NoticePreference
from governance.models.review import Decision, Delegation, RequestRevision, RequestStage, ReviewRule
from governance.models.snapshot import GatewayProcess, SnapshotAcknowledgement, SnapshotChange
from governance.models.suspension import Suspension
from governance.models.use_case import UseCase

__all__ = [
    "AiActClass",
    "Approval",
    "ApprovalRequest",
    "ApprovalState",
    "Decision",
    "Delegation",
    "Deployment",
    "Evidence",
    "EvidenceFile",
    "EvidenceKind",
    "GatewayProcess",
    "Life",
    "MailState",
    "Model",
    "Notice",
    "NoticeKind",
    "NoticePreference",
    "NoticeWay",
    "Price",
    "Provider",
    "ProviderKind",
    "ReportedIdentity",
    "RequestEvidence",
    "RequestRevision",
    "RequestStage",
    "RequestStatus",
    "ReviewRule",
    "RiskTier",
    "Route",
    "RouteCandidate",
    "SnapshotAcknowledgement",
    "SnapshotChange",
    "SubjectKind",
    "Suspension",
    "Tier",
    "UseCase",
    "Verdict",
]
