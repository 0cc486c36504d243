"""Break glass: a model that may not be called is opened in an emergency, by two people, for hours, and a third looks
at it afterwards.

Nothing here is ever updated by the application: people put in signatures, and the database moves the rest
(governance/migrations/0018), or refuses.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.models.catalogue import Model
from governance.models.choices import BreakGlassStatus, Finding, SignatureKind
from kit.data_class import DataClass
from kit.tenant_owned import ScopedManager, TeamOwned, TenantOwned
from tenants.models import Role, User

MOST_HOURS = 24
DECIDERS = (Role.COMPLIANCE_OFFICER, Role.ADMINISTRATOR)


class BreakGlass(TeamOwned):
    """For one team, or without one for the organisation. `asked_at`, `ends_at` and everything below them are the
    database's own: it ends so many hours after it was asked for, whenever it was countersigned."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="break_glasses")
    max_data_class = models.PositiveSmallIntegerField(
        choices=DataClass.choices(), default=DataClass.INTERNAL, help_text="The most sensitive data that may be sent."
    )
    hours = models.PositiveSmallIntegerField(help_text=f"At most {MOST_HOURS}; it is not prolonged.")
    reason = models.TextField()
    content_hash = models.CharField(max_length=64, editable=False, help_text="SHA-256 of what a signature signs.")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(editable=False)
    ends_at = models.DateTimeField(editable=False)
    status = models.CharField(max_length=8, choices=BreakGlassStatus.choices, default=BreakGlassStatus.ASKED)
    in_force_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    finding = models.CharField(max_length=11, choices=Finding.choices, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "break glass"
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="break_glass_in_organization"),
            models.UniqueConstraint(
                fields=["model"],
                condition=Q(status="asked") | Q(in_force_at__isnull=False, finding=""),
                name="one_unsettled_break_glass_per_model",
            ),
            models.CheckConstraint(condition=Q(hours__gte=1, hours__lte=MOST_HOURS), name="break_glass_lasts_hours"),
            models.CheckConstraint(condition=~Q(reason=""), name="break_glass_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"break glass for {self.model}"

    def is_waiting(self, at: datetime) -> bool:
        """Whether it is still to be countersigned."""
        return self.status == BreakGlassStatus.ASKED and at < self.ends_at

    def is_in_force(self, at: datetime) -> bool:
        return self.status == BreakGlassStatus.IN_FORCE and at < self.ends_at

    def is_live(self, at: datetime) -> bool:
        return self.is_waiting(at) or self.is_in_force(at)

    @property
    def needs_review(self) -> bool:
        """Whether calls ran, or could, and nobody has said yet whether rightly so."""
        return self.in_force_at is not None and not self.finding


class BreakGlassSignature(TenantOwned):
    """What one person did about it. Insert-only."""

    break_glass = models.ForeignKey(BreakGlass, on_delete=models.PROTECT, related_name="signatures")
    kind = models.CharField(max_length=11, choices=SignatureKind.choices)
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    signed_hash = models.CharField(max_length=64)
    signed_at = models.DateTimeField(editable=False)

    objects: ClassVar[ScopedManager[BreakGlassSignature]] = ScopedManager(team="break_glass__team_id")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="break_glass_signature_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.signed_by}"
