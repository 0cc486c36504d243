"""The story of each suspension: who stopped what, why, and who let it go on again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from governance.models.choices import SubjectKind
from kit.tenant_owned import TeamOwned
from tenants.models import User


class Suspension(TeamOwned):
    """Written in the transaction that suspends. What decides calls is `suspended_at` of the subject itself; of
    everything, which is no row, it is this.

    With `cuts_calls` calls of the subject that run are ended too. Nobody is named where the system acted. `act_id` is
    the record of the act in the ledger.
    """

    subject_kind = models.CharField(max_length=16, choices=SubjectKind.choices)
    subject_id = models.UUIDField()
    reason = models.TextField()
    cuts_calls = models.BooleanField(default=False)
    act_id = models.UUIDField(editable=False)
    begun_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    begun_at = models.DateTimeField(editable=False)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, editable=False)
    end_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "subject_kind", "subject_id"],
                condition=Q(ended_at__isnull=True),
                name="one_suspension_in_force_per_subject",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="suspension_has_a_reason"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | ~Q(end_reason=""), name="end_of_suspension_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_subject_kind_display()} suspended"
