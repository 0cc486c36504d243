from governance.models.alert import Alert, AlertChannel, AlertMessage, AlertMute, AlertRule
from governance.models.alert_choices import AlertKind, ChannelKind, MessageEvent, MessageState, Severity
from governance.models.approval import Approval, ApprovalRequest
from governance.models.break_glass import BreakGlass, BreakGlassSignature
from governance.models.card import ModelCard
from governance.models.catalogue import Deployment, Model, Provider, Route, RouteCandidate
from governance.models.choices import (
    AgreementKind,
    AiActClass,
    ApprovalState,
    Criticality,
    EvidenceKind,
    ExceptionStatus,
    Expectation,
    Finding,
    Life,
    MailState,
    Modality,
    NoticeKind,
    NoticeWay,
    ProviderKind,
    RequestStatus,
    RiskTier,
    RunStatus,
    SignatureKind,
    SubjectKind,
    Substitutability,
    Tier,
    Verdict,
    WaivedCondition,
    WaiverStep,
)
from governance.models.discussion import Claim, Comment, Escalation
from governance.models.evaluation import EvaluationCase, EvaluationPlan, EvaluationResult, EvaluationRun
from governance.models.evidence import Evidence, EvidenceFile, RequestEvidence
from governance.models.identity import ReportedIdentity
from governance.models.notice import Notice, NoticePreference
from governance.models.price import Price
from governance.models.questionnaire import Questionnaire, TierOverride
from governance.models.review import Decision, Delegation, RequestRevision, RequestStage, ReviewRule, Waiting
from governance.models.snapshot import GatewayProcess, SnapshotAcknowledgement, SnapshotChange
from governance.models.suspension import Suspension
from governance.models.system import OtherSystem
from governance.models.third_party import Agreement, ThirdPartyFile
from governance.models.use_case import UseCase
from governance.models.waiver import Waiver, WaiverSignature

__all__ = [
    "Agreement",
    "AgreementKind",
    "AiActClass",
    "Alert",
    "AlertChannel",
    "AlertKind",
    "AlertMessage",
    "AlertMute",
    "AlertRule",
    "Approval",
    "ApprovalRequest",
    "ApprovalState",
    "BreakGlass",
    "BreakGlassSignature",
    "ChannelKind",
    "Claim",
    "Comment",
    "Criticality",
    "Decision",
    "Delegation",
    "Deployment",
    "Escalation",
    "EvaluationCase",
    "EvaluationPlan",
    "EvaluationResult",
    "EvaluationRun",
    "Evidence",
    "EvidenceFile",
    "EvidenceKind",
    "ExceptionStatus",
    "Expectation",
    "Finding",
    "GatewayProcess",
    "Life",
    "MailState",
    "MessageEvent",
    "MessageState",
    "Modality",
    "Model",
    "ModelCard",
    "Notice",
    "NoticeKind",
    "NoticePreference",
    "NoticeWay",
    "OtherSystem",
    "Price",
    "Provider",
    "ProviderKind",
    "Questionnaire",
    "ReportedIdentity",
    "RequestEvidence",
    "RequestRevision",
    "RequestStage",
    "RequestStatus",
    "ReviewRule",
    "RiskTier",
    "Route",
    "RouteCandidate",
    "RunStatus",
    "Severity",
    "SignatureKind",
    "SnapshotAcknowledgement",
    "SnapshotChange",
    "SubjectKind",
    "Substitutability",
    "Suspension",
    "ThirdPartyFile",
    "Tier",
    "TierOverride",
    "UseCase",
    "Verdict",
    "Waiting",
    "WaivedCondition",
    "Waiver",
    "WaiverSignature",
    "WaiverStep",
]
