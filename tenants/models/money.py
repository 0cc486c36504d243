"""Budgets and rate limits: what may be spent, and how fast."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from kit import clock, money
from kit.tenant_owned import ScopedManager, TenantOwned
from tenants.models.choices import Period
from tenants.models.keys import ApiKey
from tenants.models.organization import Project, Team


class Allotted(TenantOwned):
    """A row that binds one level: the organisation, or the team, project or key it names.

    A project's or key's row names the team as well, so that it is visible with its team.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[ScopedManager[Self]] = ScopedManager(team="team_id")

    class Meta:
        abstract = True

    @property
    def level(self) -> str:
        """`key`, `project`, `team` or `organization`."""
        if self.api_key_id:
            return "key"
        if self.project_id:
            return "project"
        return "team" if self.team_id else "organization"


LEVELS_ARE_NESTED = Q(project__isnull=True, api_key__isnull=True) | Q(team__isnull=False)


class Budget(Allotted):
    """A ceiling on spend per period. A call whose worst case does not fit is refused before it is made."""

    name = models.CharField(max_length=200)
    limit_nano_usd = models.BigIntegerField()
    period = models.CharField(max_length=8, choices=Period.choices, default=Period.MONTH)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(limit_nano_usd__gte=0), name="budget_is_not_negative"),
            models.CheckConstraint(condition=LEVELS_ARE_NESTED, name="budget_levels_are_nested"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {money.display(self.limit_nano_usd)} per {self.get_period_display().lower()}"


class RateLimit(Allotted):
    """Ceilings per minute and at once. Empty means no limit of that kind at this level."""

    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_minute = models.PositiveIntegerField(null=True, blank=True)
    concurrency = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "team", "project", "api_key"],
                name="rate_limit_once_per_level",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=LEVELS_ARE_NESTED, name="rate_limit_levels_are_nested"),
        ]

    def __str__(self) -> str:
        return f"limits of {self.api_key or self.project or self.team or self.organization}"
