"""What people do around a review: say that they are at it, talk, and are reminded when it is overdue."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from governance.models.approval import ApprovalRequest
from governance.models.review import RequestStage
from kit.tenant_owned import TenantOwned
from tenants.models import User

CLAIM_LASTS = timedelta(hours=8)


class Claim(TenantOwned):
    """Somebody reviews a request, so that nobody else begins. It binds nobody: whoever may sign still signs, and may
    take it over. It ends by itself, with a decision, or when the request is withdrawn."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="claims")
    claimed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField(editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-claimed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=Q(ended_at__isnull=True), name="one_claim_in_force_per_request"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("claimed_at")), name="claim_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"claim of {self.claimed_at:%Y-%m-%d %H:%M}"

    @property
    def lasts_until(self) -> datetime:
        return self.claimed_at + CLAIM_LASTS

    def is_live(self, at: datetime) -> bool:
        return self.ended_at is None and at < self.lasts_until


class Comment(TenantOwned):
    """What somebody said of a request. Insert-only; whoever leaves is named no more."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="comments")
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    mentions = ArrayField(models.UUIDField(), default=list, blank=True, help_text="People who are told of it.")
    written_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["written_at"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="comment_says_something")]

    def __str__(self) -> str:
        return f"comment of {self.written_at:%Y-%m-%d %H:%M}"


class Escalation(TenantOwned):
    """A stage went past its due day, and others were told. Once for each stage; put in by the system."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="escalations")
    stage = models.OneToOneField(RequestStage, on_delete=models.PROTECT, related_name="escalation")
    escalated_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["-escalated_at"]

    def __str__(self) -> str:
        return f"escalation of {self.escalated_at:%Y-%m-%d %H:%M}"
