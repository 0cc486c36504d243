"""Closed sets of the governance app."""

from __future__ import annotations

from django.db import models


class ProviderKind(models.TextChoices):
    """How a provider is spoken to."""

    OPENAI_COMPATIBLE = "openai_compatible", "OpenAI-compatible HTTP"
    HOSTED = "hosted", "Hosted, through litellm"
    DUMMY = "dummy", "Built-in dummy"


class Tier(models.TextChoices):
    ECONOMY = "economy", "Economy"
    STANDARD = "standard", "Standard"
    PREMIUM = "premium", "Premium"


class AiActClass(models.TextChoices):
    """What Regulation (EU) 2024/1689 makes of a use case."""

    PROHIBITED = "prohibited", "Prohibited"
    HIGH = "high", "High risk"
    LIMITED = "limited", "Limited risk"
    MINIMAL = "minimal", "Minimal risk"


class RiskTier(models.IntegerChoices):
    """How much care a request takes: which review rule it is decided by. Higher is more."""

    LOW = 1, "Low"
    MEDIUM = 2, "Medium"
    HIGH = 3, "High"


class Life(models.TextChoices):
    """How far a model is through its life; `governance.workflows` has the legal steps."""

    REGISTERED = "registered", "Registered"
    DEPRECATED = "deprecated", "Deprecated"
    RETIRED = "retired", "Retired"


class ApprovalState(models.TextChoices):
    """How an approval stands; `governance.approval_state` tells."""

    IN_FORCE = "in_force", "In force"
    EXPIRING = "expiring", "Expires soon"
    RECERTIFICATION_DUE = "recertification_due", "Recertification due"
    RECERTIFICATION_OVERDUE = "recertification_overdue", "Recertification overdue"
    EXPIRED = "expired", "Expired"
    SUSPENDED = "suspended", "Suspended"
    SUPERSEDED = "superseded", "Superseded or withdrawn"


class RequestStatus(models.TextChoices):
    """Where an approval request stands; `governance.workflows` has the legal steps between them."""

    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    IN_REVIEW = "in_review", "In review"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class EvidenceKind(models.TextChoices):
    """What evidence shows. Review rules ask for kinds."""

    EVALUATION = "evaluation", "Evaluation"
    RED_TEAM = "red_team", "Red-team test"
    DPIA = "dpia", "Data protection impact assessment"
    SECURITY_REVIEW = "security_review", "Security review"
    LICENCE = "licence", "Licence"
    CONTRACT = "contract", "Contract"
    MODEL_CARD = "model_card", "Model card"
    OTHER = "other", "Other"


class Expectation(models.TextChoices):
    """What the answer to a probe is held against."""

    CONTAINS = "contains", "Contains a text"
    EQUALS = "equals", "Is a text"
    MATCHES = "matches", "Matches a pattern"
    JSON = "json", "Is JSON of a schema"


class RunStatus(models.TextChoices):
    """How far a run of probes is."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class SubjectKind(models.TextChoices):
    """What can be suspended. Everything is the whole installation, which its operator alone stops."""

    PROVIDER = "provider", "Provider"
    MODEL = "model", "Model"
    DEPLOYMENT = "deployment", "Deployment"
    APPROVAL = "approval", "Permission"
    KEY = "key", "API key"
    TEAM = "team", "Team"
    ORGANIZATION = "organization", "Organisation"
    EVERYTHING = "everything", "Everything"


class Verdict(models.TextChoices):
    APPROVE = "approve", "Approve"
    REJECT = "reject", "Reject"
    REQUEST_CHANGES = "request_changes", "Request changes"


class NoticeKind(models.TextChoices):
    """What a person is told of."""

    REVIEW_WANTED = "review_wanted", "A request waits for your review"
    REVIEW_OVERDUE = "review_overdue", "A review is overdue"
    CHANGES_REQUESTED = "changes_requested", "Changes of your request are asked for"
    REQUEST_APPROVED = "request_approved", "Your request is approved"
    REQUEST_REJECTED = "request_rejected", "Your request is rejected"
    COMMENTED = "commented", "Somebody comments on a request"
    DELEGATED = "delegated", "Somebody lets you decide in their place"
    SUSPENDED = "suspended", "Something that is called is suspended"
    RESUMED = "resumed", "Something that was suspended goes on"
    DRIFTED = "drifted", "A model is no longer what was approved"
    VOIDED = "voided", "Another model answers than was approved"
    MOVED = "moved", "A provider is called at another address"
    DEPLOYED = "deployed", "A model under an approval is deployed elsewhere as well"
    PROBES_FAILED = "probes_failed", "Probes of a model could not be run"
    BROUGHT_FORWARD = "brought_forward", "A permission is to be recertified sooner than was due"
    RULES_CHANGED = "rules_changed", "What it takes to approve was changed"
    RECERTIFICATION_DUE = "recertification_due", "A permission is to be recertified"
    RECERTIFICATION_OVERDUE = "recertification_overdue", "A permission was not recertified in time"
    DEPRECATED = "deprecated", "A model that your team calls comes to its end"
    GLASS_TO_SIGN = "glass_to_sign", "Break glass waits for a second person"
    GLASS_TO_REVIEW = "glass_to_review", "Break glass waits for a review"
    MORE_WANTED = "more_wanted", "More of a budget is asked for"
    MORE_GRANTED = "more_granted", "More of a budget that you asked for is granted"
    MORE_REFUSED = "more_refused", "More of a budget that you asked for is refused"
    MORE_ENDED = "more_ended", "More of a budget that you asked for ends before its time"
    DAILY_COSTS = "daily_costs", "What was spent the day before"
    WEEKLY_COSTS = "weekly_costs", "What was spent the week before"
    STATEMENT_CLOSED = "statement_closed", "The statement of a month is closed"
    LEADING = "leading", "A team is made for you to lead"
    WAIVER_TO_SIGN = "waiver_to_sign", "A waiver waits for your signature"
    WAIVER_GRANTED = "waiver_granted", "A waiver you asked for is in force"
    WAIVER_ENDED = "waiver_ended", "A waiver you asked for or signed was ended"
    ALERTED = "alerted", "An alert is opened"


class NoticeWay(models.TextChoices):
    """How a notice reaches somebody besides the page."""

    PORTAL = "portal", "On the page alone"
    MAIL = "mail", "By e-mail at once"
    DIGEST = "digest", "In the daily e-mail"


class MailState(models.TextChoices):
    """What became of the e-mail of a notice. `HANDED` is written before the mail server is spoken to: a worker that
    dies then has sent it or not, and it is not sent again."""

    DUE = "due", "Due"
    DIGEST = "digest", "In the next digest"
    HANDED = "handed", "Handed to the mail server"
    SENT = "sent", "Sent"
    NONE = "none", "Not by e-mail"
    FAILED = "failed", "Not delivered"


class AgreementKind(models.TextChoices):
    """What is agreed with a provider."""

    DPA = "dpa", "Data processing agreement"
    BAA = "baa", "Business associate agreement"
    SCC = "scc", "Standard contractual clauses"
    OTHER = "other", "Other agreement"


class Criticality(models.TextChoices):
    """Of the function that a provider supports (Regulation (EU) 2022/2554, article 3(22))."""

    ORDINARY = "ordinary", "Neither critical nor important"
    IMPORTANT = "important", "Important"
    CRITICAL = "critical", "Critical"


class Substitutability(models.TextChoices):
    EASY = "easy", "Easily replaced"
    HARD = "hard", "Hard to replace"
    NONE = "none", "Not to be replaced"


class Modality(models.TextChoices):
    """What goes into a model or comes out of it."""

    TEXT = "text", "Text"
    IMAGE = "image", "Images"
    AUDIO = "audio", "Audio"
    VIDEO = "video", "Video"
    EMBEDDING = "embedding", "Embeddings"


class ExceptionStatus(models.TextChoices):
    """Of break glass and of waivers.

    asked ──► in force ──► ended, or from asked to ended at once. Time that runs out changes no status.
    """

    ASKED = "asked", "Waits for signatures"
    IN_FORCE = "in_force", "In force"
    ENDED = "ended", "Ended"


class SignatureKind(models.TextChoices):
    COUNTERSIGN = "countersign", "Countersigned"
    JUSTIFIED = "justified", "Found justified"
    UNJUSTIFIED = "unjustified", "Found not justified"
    END = "end", "Ended"


class Finding(models.TextChoices):
    JUSTIFIED = "justified", "Justified"
    UNJUSTIFIED = "unjustified", "Not justified"


class WaivedCondition(models.TextChoices):
    """What of an approval can be waived. A suspension, a model's end and what was never approved cannot."""

    TEAM = "team", "Team"
    USE_CASE = "use_case", "Use case"
    CALLER_REGION = "caller_region", "Region of the application"
    REGION = "region", "Region of the deployment"
    DEPLOYMENTS = "deployments", "Deployment"
    DATA_CLASS = "data_class", "Data class"
    RECERTIFICATION = "recertification", "Expiry or recertification"


class WaiverStep(models.TextChoices):
    SIGN = "sign", "Signed"
    END = "end", "Ended"
