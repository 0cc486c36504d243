"""What makes a request low, medium or high risk: the questions an organisation asks, and what officers overrode.

Every change of either is another row. What a request answered is in its revisions (`governance.models.approval.Asked`).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from governance.models.approval import ApprovalRequest
from governance.models.choices import RiskTier
from kit.tenant_owned import TenantOwned
from tenants.models import User


class Questionnaire(TenantOwned):
    """One version of an organisation's questions. Insert-only; the highest number is asked, and where there is none
    the shipped one (`governance.questionnaire.shipped`).

    `schema` is a JSON Schema of the answers, `points` gives each answer's, `alone_high` the answers that make a request
    high by themselves (`governance.questionnaire.definition`).
    """

    number = models.PositiveIntegerField()
    schema = models.JSONField()
    points = models.JSONField()
    alone_high = models.JSONField(default=dict)
    medium_from = models.PositiveSmallIntegerField()
    high_from = models.PositiveSmallIntegerField()
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="questionnaire_in_organization"),
            models.UniqueConstraint(fields=["organization", "number"], name="questionnaire_is_numbered"),
            models.CheckConstraint(
                condition=Q(medium_from__gte=1) & Q(medium_from__lte=F("high_from")), name="tiers_are_in_their_order"
            ),
        ]

    def __str__(self) -> str:
        return f"questionnaire {self.number}"


class TierOverride(TenantOwned):
    """An officer has a request decided in another tier than it had, and says why. Insert-only. `revision` is the one
    that begins with it; without this row the database takes no tier below the computed one."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="overrides")
    revision = models.PositiveIntegerField()
    from_tier = models.PositiveSmallIntegerField(choices=RiskTier.choices)
    risk_tier = models.PositiveSmallIntegerField(choices=RiskTier.choices)
    reason = models.TextField()
    overridden_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    overridden_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["revision"]
        constraints = [
            models.UniqueConstraint(fields=["request", "revision"], name="tier_is_overridden_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="tier_is_overridden_with_a_reason"),
            models.CheckConstraint(condition=~Q(risk_tier=F("from_tier")), name="tier_is_overridden_by_another"),
        ]

    def __str__(self) -> str:
        return f"{self.get_from_tier_display()} to {self.get_risk_tier_display()}"
