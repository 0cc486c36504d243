"""More for a budget, for a while: asked for by one, decided by another, and ended early by either side."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q

from kit import money
from kit.tenant_owned import ScopedManager, TenantOwned
from tenants.models.money import Budget
from tenants.models.organization import Team
from tenants.models.people import User


class BudgetIncrease(TenantOwned):
    """So much more than the limit until `ends_at`, once it is granted; it falls away by itself then.

    The database lets nobody decide on what they asked for, and nobody decide or end it twice. `team` is the budget's.
    One with `ended_at` was taken back while it waited, or was in force no longer than until then.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="increases")
    amount_nano_usd = models.BigIntegerField()
    ends_at = models.DateTimeField()
    reason = models.TextField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    is_granted = models.BooleanField(null=True, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True, default="")
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.TextField(blank=True, default="")

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_nano_usd__gt=0), name="increase_is_more"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("asked_at")), name="increase_ends_later"),
            models.CheckConstraint(condition=~Q(reason=""), name="increase_has_a_reason"),
            models.CheckConstraint(condition=~Q(decided_by=F("asked_by")), name="increase_decider_is_not_asker"),
            models.CheckConstraint(
                condition=Q(is_granted__isnull=True, decided_by__isnull=True, decided_at__isnull=True)
                | Q(is_granted__isnull=False, decided_by__isnull=False, decided_at__isnull=False) & ~Q(answer=""),
                name="increase_is_decided_whole",
            ),
            models.CheckConstraint(
                condition=Q(ended_by__isnull=True, ended_at__isnull=True, end_reason="")
                | Q(ended_by__isnull=False, ended_at__isnull=False) & ~Q(end_reason=""),
                name="increase_is_ended_whole",
            ),
        ]

    def is_waiting(self, now: datetime) -> bool:
        return self.is_granted is None and self.is_live(now)

    def is_in_force(self, now: datetime) -> bool:
        return self.is_granted is True and self.is_live(now)

    def is_live(self, now: datetime) -> bool:
        """Whether its time is not over, decided or not."""
        return self.ended_at is None and now < self.ends_at

    def __str__(self) -> str:
        return f"{money.display(self.amount_nano_usd)} more for {self.budget.name}"
