"""Approval: a request, the decision on it by somebody else, and the permission that follows."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from governance.models.catalogue import Model
from governance.models.choices import RequestStatus, RiskTier
from kit import clock
from kit.data_class import DataClass
from kit.tenant_owned import TenantOwned
from tenants.models import User


class Conditions(models.Model):
    """Under which calls are permitted. Evaluated on every call; empty lists mean any."""

    teams = ArrayField(models.UUIDField(), default=list, blank=True, help_text="Teams that may call. Empty: all.")
    use_cases = ArrayField(
        models.UUIDField(), default=list, blank=True, help_text="Use cases that calls may be made for. Empty: any."
    )
    caller_regions = ArrayField(
        models.CharField(max_length=32),
        default=list,
        blank=True,
        help_text="Regions applications may call from. Empty: any.",
    )
    regions = ArrayField(
        models.CharField(max_length=32), default=list, blank=True, help_text="Regions prompts may go to. Empty: any."
    )
    deployments = ArrayField(
        models.UUIDField(),
        default=list,
        blank=True,
        help_text="Deployments of the model that calls may go to. Empty: all, those registered later too.",
    )
    max_data_class = models.PositiveSmallIntegerField(
        choices=DataClass.choices(), default=DataClass.INTERNAL, help_text="The most sensitive data that may be sent."
    )
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class Asked(Conditions):
    """What a request asks for, as a decision signs it."""

    justification = models.TextField()
    risk_tier = models.PositiveSmallIntegerField(
        choices=RiskTier.choices, default=RiskTier.LOW, help_text="Which review rule it is decided by."
    )
    questionnaire = models.ForeignKey(
        "governance.Questionnaire",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Whose questions are answered. Empty where there are answers: the shipped one's.",
    )
    answers = models.JSONField(null=True, blank=True, editable=False)
    computed_tier = models.PositiveSmallIntegerField(
        choices=RiskTier.choices, null=True, blank=True, editable=False, help_text="What follows from the answers."
    )
    content_hash = models.CharField(
        max_length=64, editable=False, help_text="SHA-256 of what is asked; a decision signs this."
    )

    class Meta:
        abstract = True


class ApprovalRequest(TenantOwned, Asked):
    """Asks that a model may be called under conditions. Each change of what is asked counts `revision` up, and the
    database keeps what every revision asked and freezes the stages it is decided in."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="approval_requests")
    status = models.CharField(max_length=20, choices=RequestStatus.choices, default=RequestStatus.SUBMITTED)
    revision = models.PositiveIntegerField(default=1, editable=False)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(editable=False)
    renews = models.ForeignKey(
        "governance.Approval",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="renewals",
        help_text="The approval that this one takes the place of when it is granted.",
    )

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="approval_request_in_organization"),
            models.UniqueConstraint(fields=["id", "requested_by"], name="approval_request_and_requester"),
            models.UniqueConstraint(
                fields=["model"],
                condition=Q(status__in=["submitted", "in_review", "changes_requested"]),
                name="one_open_approval_request_per_model",
            ),
            models.CheckConstraint(
                condition=Q(answers__isnull=True, computed_tier__isnull=True, questionnaire__isnull=True)
                | Q(answers__isnull=False, computed_tier__isnull=False),
                name="tier_is_computed_from_answers",
            ),
        ]

    def __str__(self) -> str:
        return str(self.model)

    @property
    def is_open(self) -> bool:
        """Whether it waits for reviewers."""
        return self.status in (RequestStatus.SUBMITTED, RequestStatus.IN_REVIEW)

    @property
    def is_editable(self) -> bool:
        """Whether it waits for its requester."""
        return self.status in (RequestStatus.DRAFT, RequestStatus.CHANGES_REQUESTED)


class Approval(TenantOwned, Conditions):
    """The permission itself. A call runs only under one that is live, and names it.

    `recertify_by` is given by the database from the review rule in force (governance/migrations/0012); it is never
    later than `expires_at`, and only ever brought forward: beyond it another approval goes on. `noticed_days` is how
    many days before it the last notice was due.
    """

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="approvals")
    request = models.OneToOneField(ApprovalRequest, on_delete=models.PROTECT, related_name="approval")
    granted_at = models.DateTimeField(default=clock.now, editable=False)
    recertify_by = models.DateTimeField(editable=False)
    noticed_days = models.PositiveSmallIntegerField(null=True, editable=False)
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Superseded or withdrawn.")

    class Meta:
        ordering = ["-granted_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="approval_in_organization"),
            models.UniqueConstraint(fields=["id", "model"], name="approval_and_its_model"),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(recertify_by__lte=F("expires_at")),
                name="approval_is_recertified_before_it_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"approval of {self.model}"

    def is_live(self, at: datetime) -> bool:
        return not (self.suspended_at or self.ended_at) and at < self.recertify_by
