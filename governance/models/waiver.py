"""Waivers: one condition of one approval does not hold for one use case, for half a year at most.

Asked for by one and signed by two others, of whom one is a compliance officer. The database moves the state
(governance/migrations/0024), or refuses.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.models.approval import Approval
from governance.models.choices import WaivedCondition, WaiverStep
from governance.models.exceptions import Exceptional, ExceptionSignature
from governance.models.use_case import UseCase
from kit.data_class import DataClass
from kit.tenant_owned import ScopedManager

MOST_DAYS = 180


class Waiver(Exceptional):
    """It belongs to the team of its use case, and ends with the approval, with the use case or by an act."""

    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="waivers")
    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="waivers")
    condition = models.CharField(max_length=16, choices=WaivedCondition.choices)
    max_data_class = models.PositiveSmallIntegerField(
        null=True, choices=DataClass.choices(), help_text="Of a waiver of the data class: up to which."
    )
    days = models.PositiveSmallIntegerField(help_text=f"At most {MOST_DAYS}; it is not prolonged.")
    compensating_control = models.TextField(help_text="What is done instead of holding to the condition.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="waiver_in_organization"),
            models.UniqueConstraint(
                fields=["approval", "use_case", "condition"],
                condition=~Q(status="ended"),
                name="one_live_waiver_of_a_condition",
            ),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=MOST_DAYS), name="waiver_lasts_days"),
            models.CheckConstraint(condition=~Q(reason=""), name="waiver_has_a_reason"),
            models.CheckConstraint(condition=~Q(compensating_control=""), name="waiver_has_a_compensating_control"),
            models.CheckConstraint(
                condition=Q(condition__in=WaivedCondition.values), name="waiver_is_of_a_known_condition"
            ),
            models.CheckConstraint(
                condition=Q(condition="data_class", max_data_class__isnull=False)
                | (~Q(condition="data_class") & Q(max_data_class__isnull=True)),
                name="waiver_of_the_data_class_says_up_to_which",
            ),
        ]

    def __str__(self) -> str:
        return f"waiver of the {self.get_condition_display().lower()} for {self.use_case}"


class WaiverSignature(ExceptionSignature):
    waiver = models.ForeignKey(Waiver, on_delete=models.PROTECT, related_name="signatures")
    kind = models.CharField(max_length=4, choices=WaiverStep.choices)

    objects: ClassVar[ScopedManager[WaiverSignature]] = ScopedManager(team="waiver__team_id")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="waiver_signature_has_a_reason"),
            models.CheckConstraint(condition=Q(kind__in=WaiverStep.values), name="waiver_signature_is_a_known_step"),
            models.UniqueConstraint(
                fields=["waiver", "signed_by"], condition=Q(kind="sign"), name="nobody_signs_a_waiver_twice"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.signed_by}"
