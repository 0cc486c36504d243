"""Approval: a request, the decision on it by somebody else, and the permission that follows."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from governance.models.catalogue import Model
from governance.models.choices import RequestStatus, Verdict
from kit import clock
from kit.data_class import DataClass
from kit.tenant_owned import TenantOwned
from tenants.models import User


class Conditions(models.Model):
    """Under which calls are permitted. Evaluated on every call; empty lists mean any."""

    teams = ArrayField(models.UUIDField(), default=list, blank=True, help_text="Teams that may call. Empty: all.")
    regions = ArrayField(
        models.CharField(max_length=32), default=list, blank=True, help_text="Regions prompts may go to. Empty: any."
    )
    max_data_class = models.PositiveSmallIntegerField(
        choices=DataClass.choices(), default=DataClass.INTERNAL, help_text="The most sensitive data that may be sent."
    )
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class ApprovalRequest(TenantOwned, Conditions):
    """Asks that a model may be called under conditions."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="approval_requests")
    justification = models.TextField()
    status = models.CharField(max_length=16, choices=RequestStatus.choices, default=RequestStatus.SUBMITTED)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(editable=False)
    content_hash = models.CharField(
        max_length=64, editable=False, help_text="SHA-256 of what is asked; a decision signs this."
    )

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="approval_request_in_organization"),
            models.UniqueConstraint(fields=["id", "requested_by"], name="approval_request_and_requester"),
            models.UniqueConstraint(
                fields=["model"], condition=Q(status="submitted"), name="one_open_approval_request_per_model"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} ({self.get_status_display().lower()})"


class Decision(TenantOwned):
    """One person's verdict on a request. Insert-only. The requester is repeated here so that the database itself
    can refuse a decision by the one who asked."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="decisions")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    reason = models.TextField()
    signed_hash = models.CharField(max_length=64)
    decided_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["decided_at"]
        constraints = [
            models.UniqueConstraint(fields=["request", "decided_by"], name="one_decision_per_person"),
            models.CheckConstraint(condition=~Q(decided_by=F("requested_by")), name="decision_maker_is_not_requester"),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} by {self.decided_by}"


class Approval(TenantOwned, Conditions):
    """The permission itself. A call runs only under one that is live, and names it."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="approvals")
    request = models.OneToOneField(ApprovalRequest, on_delete=models.PROTECT, related_name="approval")
    granted_at = models.DateTimeField(default=clock.now, editable=False)
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Superseded or withdrawn.")

    class Meta:
        ordering = ["-granted_at"]
        constraints = [models.UniqueConstraint(fields=["organization", "id"], name="approval_in_organization")]

    def __str__(self) -> str:
        return f"approval of {self.model}"

    def is_live(self, at: datetime) -> bool:
        return not (self.suspended_at or self.ended_at) and (self.expires_at is None or at < self.expires_at)
