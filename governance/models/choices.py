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


class RequestStatus(models.TextChoices):
    """Where an approval request stands; `governance.workflows` has the legal steps between them."""

    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    IN_REVIEW = "in_review", "In review"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


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
