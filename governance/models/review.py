"""How a request is reviewed: rules, the stages frozen from them, revisions, decisions, delegations.

What a request asks and how it is decided is written by the database itself (governance/migrations/0007): the portal
may read revisions and stages, and put in decisions, rules and delegations.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from governance.models.approval import ApprovalRequest, Asked
from governance.models.choices import EvidenceKind, RiskTier, Verdict
from kit.tenant_owned import TenantOwned
from tenants.models import Role, User


def kinds_of_evidence() -> ArrayField[Any, Any]:
    """What has to be attached, and good, when somebody approves."""
    return ArrayField(models.CharField(max_length=24, choices=EvidenceKind.choices), default=list, blank=True)


class ReviewRule(TenantOwned):
    """The stages that requests of a risk tier pass, from when it was set on. Insert-only; the highest number holds.

    `stages` is a list of `{"roles": [...], "needed": 1, "due_days": 3}`, in their order.
    """

    risk_tier = models.PositiveSmallIntegerField(choices=RiskTier.choices)
    number = models.PositiveIntegerField()
    stages = models.JSONField()
    recertify_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How long an approval holds before it is recertified. Empty: as shipped."
    )
    evidence = kinds_of_evidence()
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["risk_tier", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "risk_tier", "number"], name="review_rule_is_numbered"),
            models.CheckConstraint(condition=Q(recertify_days__gte=1), name="recertification_has_its_time"),
        ]

    def __str__(self) -> str:
        return f"rule {self.number} for {self.get_risk_tier_display().lower()} risk"


class RequestRevision(TenantOwned, Asked):
    """What a request asked in one of its revisions."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["request", "number"], name="request_revision_is_numbered")]

    def __str__(self) -> str:
        return f"revision {self.number}"


class RequestStage(TenantOwned):
    """A stage that a revision of a request passes: so many approvals by people of these roles, one stage at a time."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="stages")
    revision = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField()
    roles = ArrayField(models.CharField(max_length=32, choices=Role.choices))
    needed = models.PositiveSmallIntegerField()
    evidence = kinds_of_evidence()
    due_at = models.DateTimeField()

    class Meta:
        ordering = ["revision", "position"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="request_stage_in_organization"),
            models.UniqueConstraint(fields=["request", "revision", "position"], name="request_stage_is_ordered"),
        ]

    def __str__(self) -> str:
        return f"stage {self.position}"


class Waiting(TenantOwned):
    """That a request waits for the signatures of a stage: a row for each open request, so that a queue of thousands is
    read and not worked out. Kept by the database (governance/migrations/0029), as requests and decisions come."""

    request = models.OneToOneField(ApprovalRequest, on_delete=models.PROTECT, related_name="waiting")
    stage = models.OneToOneField(RequestStage, on_delete=models.PROTECT, related_name="waiting")

    def __str__(self) -> str:
        return f"waits in {self.stage}"


class Decision(TenantOwned):
    """One person's verdict in a stage of a request. Insert-only. `decided_for` is whose right is used: one's own, or
    that of whoever has delegated it. `waiver` says why evidence that lacks is done without. The requester is repeated
    here so that the database itself can refuse a decision by the one who asked, or in their name."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="decisions")
    stage = models.ForeignKey(RequestStage, on_delete=models.PROTECT, related_name="decisions")
    revision = models.PositiveIntegerField()
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_for = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    reason = models.TextField()
    waiver = models.TextField(blank=True)
    signed_hash = models.CharField(max_length=64)
    decided_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["decided_at"]
        constraints = [
            models.UniqueConstraint(fields=["request", "revision", "decided_by"], name="one_decision_per_person"),
            models.UniqueConstraint(fields=["request", "revision", "decided_for"], name="one_decision_per_right"),
            models.CheckConstraint(condition=~Q(decided_by=F("requested_by")), name="decision_maker_is_not_requester"),
            models.CheckConstraint(condition=~Q(decided_for=F("requested_by")), name="decision_is_not_for_requester"),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} by {self.decided_by}"


class Delegation(TenantOwned):
    """Lets somebody decide in place of a reviewer for a while. It passes on the reviewer's own right and no other
    delegation; nobody decides through it on what the reviewer asks for."""

    delegator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    delegate = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(delegate=F("delegator")), name="delegation_is_to_somebody_else"),
            models.CheckConstraint(condition=Q(ends_at__gte=F("starts_at")), name="delegation_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"delegation until {self.ends_at:%Y-%m-%d}"

    def is_live(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at
