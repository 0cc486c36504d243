"""Budgets and rate limits: what may be spent, and how fast."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import ClassVar, Self
from uuid import UUID, uuid5

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from kit import clock, money
from kit.tenant_owned import ScopedManager, TenantOwned
from tenants.models.choices import AtStop, Each, Period
from tenants.models.keys import ApiKey
from tenants.models.organization import Project, Team

NAME = RegexValidator(r"^[A-Za-z0-9_.:/+@-]+$", "Letters, digits and _ . : / + @ - only.")
MOST = 10**12  # admission counts in doubles, and what drains from a bucket is a fraction
RATES = tuple(
    f"{quantity}_per_{window}"
    for quantity in ("requests", "input_tokens", "output_tokens", "tokens")
    for window in ("minute", "hour", "day")
)
CEILINGS = (*RATES, "concurrency")


def allowance_of(row_id: UUID, member_id: UUID) -> UUID:
    """The id under which what one team, project, key or end user uses of an allowance for each of them is counted."""
    return uuid5(row_id, member_id.hex)


class Allotted(TenantOwned):
    """A row that binds one level: the organisation, or the team, project or key it names.

    A project's or key's row names the team as well, so that it is visible with its team. With `each` it binds every
    team, project, key or end user within the level by itself, those to come included.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    each = models.CharField(
        "for each",
        max_length=8,
        choices=Each.choices,
        blank=True,
        default="",
        help_text="Empty: it binds all of them together. Else each of them by itself, those to come included.",
    )
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

    @property
    def bound(self) -> str:
        """What it binds, in words: `Support`, or `each end user of Support`."""
        whole = str(self.api_key or self.project or self.team or self.organization)
        return f"{self.get_each_display().lower()} of {whole}" if self.each else whole


LEVELS_ARE_NESTED = Q(project__isnull=True, api_key__isnull=True) | Q(team__isnull=False)
EACH_IS_WITHIN = (
    Q(each__in=["", Each.END_USER])
    | Q(each=Each.TEAM, team__isnull=True)
    | Q(each=Each.PROJECT, project__isnull=True, api_key__isnull=True)
    | Q(each=Each.KEY, api_key__isnull=True)
)


def usual_thresholds() -> list[int]:
    return [50, 80, 100]


class Budget(Allotted):
    """A ceiling on spend per period. A call whose worst case does not fit is refused before it is made.

    Use case, model and tag narrow it to the calls that name them. Models and use cases go by their names, so that what
    a budget says does not depend on when they were registered.
    """

    name = models.CharField(max_length=200)
    limit_nano_usd = models.BigIntegerField()
    period = models.CharField(max_length=8, choices=Period.choices, default=Period.MONTH)
    use_case = models.CharField(
        max_length=64, blank=True, default="", validators=[NAME], help_text="Only calls for this use case."
    )
    model = models.CharField(max_length=200, blank=True, default="", validators=[NAME], help_text="Only this model.")
    tag = models.CharField(max_length=64, blank=True, default="", help_text="Only calls with this tag.")
    thresholds = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(1000)]),
        default=usual_thresholds,
        blank=True,
        size=10,
        help_text="Per cent of the limit that somebody should hear of.",
    )
    at_stop = models.CharField("when a call does not fit", max_length=9, choices=AtStop.choices, default=AtStop.BLOCK)
    downgrade_model = models.CharField(
        "cheaper model",
        max_length=200,
        blank=True,
        default="",
        validators=[NAME],
        help_text="The model or route that is used instead, where it is approved for the caller.",
    )
    downgrade_at_percent = models.PositiveSmallIntegerField(
        "other models up to",
        default=100,
        help_text="Per cent of the limit that other models may use; the rest is the cheaper one's.",
    )
    per_request_nano_usd = models.BigIntegerField(null=True, blank=True)
    expected_requests = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Calls expected per period, which the cost of one is compared with."
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="budget_in_organization"),
            models.CheckConstraint(condition=Q(limit_nano_usd__gte=0), name="budget_is_not_negative"),
            models.CheckConstraint(condition=LEVELS_ARE_NESTED, name="budget_levels_are_nested"),
            models.CheckConstraint(condition=EACH_IS_WITHIN, name="budget_each_is_within_its_level"),
            models.CheckConstraint(
                condition=Q(at_stop=AtStop.DOWNGRADE) ^ Q(downgrade_model=""),
                name="budget_downgrades_to_a_model",
                violation_error_message="A budget that downgrades names the cheaper model, and no other budget does.",
            ),
            models.CheckConstraint(
                condition=Q(downgrade_at_percent__gte=1, downgrade_at_percent__lte=100),
                name="budget_downgrades_within_its_limit",
            ),
            models.CheckConstraint(
                condition=Q(per_request_nano_usd__isnull=True) | Q(per_request_nano_usd__gte=0),
                name="budget_per_request_is_not_negative",
            ),
        ]

    @property
    def covers(self) -> str:
        """What it binds, in words, narrowed: `Support, use case letters, model small`."""
        narrowed = (("use case", self.use_case), ("model", self.model), ("tag", self.tag))
        return ", ".join([self.bound, *(f"{what} {name}" for what, name in narrowed if name)])

    def __str__(self) -> str:
        return f"{self.name}: {money.display(self.limit_nano_usd)} per {self.get_period_display().lower()}"


def _ceiling() -> models.PositiveBigIntegerField[int | None, int | None]:
    return models.PositiveBigIntegerField(null=True, blank=True, validators=[MaxValueValidator(MOST)])


class RateLimit(Allotted):
    """Ceilings per window and at once. Empty means no limit of that kind at this level.

    `tokens` are input and output together. Of a level's own row and those of "each" around it the narrowest counts.
    """

    requests_per_minute = _ceiling()
    requests_per_hour = _ceiling()
    requests_per_day = _ceiling()
    input_tokens_per_minute = _ceiling()
    input_tokens_per_hour = _ceiling()
    input_tokens_per_day = _ceiling()
    output_tokens_per_minute = _ceiling()
    output_tokens_per_hour = _ceiling()
    output_tokens_per_day = _ceiling()
    tokens_per_minute = _ceiling()
    tokens_per_hour = _ceiling()
    tokens_per_day = _ceiling()
    concurrency = _ceiling()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "team", "project", "api_key", "each"],
                name="rate_limit_once_per_level",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=LEVELS_ARE_NESTED, name="rate_limit_levels_are_nested"),
            models.CheckConstraint(condition=EACH_IS_WITHIN, name="rate_limit_each_is_within_its_level"),
            models.CheckConstraint(
                condition=reduce(
                    and_, (Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__lte": MOST}) for name in CEILINGS)
                ),
                name="rate_limit_ceilings_are_exact",
            ),
        ]

    def __str__(self) -> str:
        return f"limits of {self.bound}"
