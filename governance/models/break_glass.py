"""Break glass: a model that may not be called is opened in an emergency, by two people, for hours, and a third looks
at it afterwards. The database moves the state (governance/migrations/0020), or refuses.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.models.catalogue import Model
from governance.models.choices import Finding, SignatureKind
from governance.models.exceptions import Exceptional, ExceptionSignature
from kit.data_class import DataClass
from kit.tenant_owned import ScopedManager

MOST_HOURS = 24


class BreakGlass(Exceptional):
    """For one team, or without one for the organisation."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="break_glasses")
    max_data_class = models.PositiveSmallIntegerField(
        choices=DataClass.choices(), default=DataClass.INTERNAL, help_text="The most sensitive data that may be sent."
    )
    hours = models.PositiveSmallIntegerField(help_text=f"At most {MOST_HOURS}; it is not prolonged.")
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

    @property
    def needs_review(self) -> bool:
        """Whether calls ran, or could, and nobody has said yet whether rightly so."""
        return self.in_force_at is not None and not self.finding


class BreakGlassSignature(ExceptionSignature):
    break_glass = models.ForeignKey(BreakGlass, on_delete=models.PROTECT, related_name="signatures")
    kind = models.CharField(max_length=11, choices=SignatureKind.choices)

    objects: ClassVar[ScopedManager[BreakGlassSignature]] = ScopedManager(team="break_glass__team_id")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="break_glass_signature_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.signed_by}"
