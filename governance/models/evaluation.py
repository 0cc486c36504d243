"""Probes: what a model is asked again and again, to notice when it is no longer what was approved.

The gateway asks, as an application with the plan's key would, and writes runs and results with narrow rights; the
timetable and people queue runs. The database keeps the steps of a run and counts what passed
(governance/migrations/{migration}).
"""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from governance.models.approval import Approval
from governance.models.catalogue import Model
from governance.models.choices import Expectation, RunStatus
from kit.tenant_owned import TenantOwned
from tenants.models import User

OPEN = [RunStatus.QUEUED.value, RunStatus.RUNNING.value]
ENDED = [RunStatus.DONE.value, RunStatus.FAILED.value]
MOST_ATTEMPTS = 2
MOST_HOURS = 24 * 90
MOST_CASES = 100
MOST_TEXT = 8_000
MOST_PATTERN = 500


class EvaluationPlan(TenantOwned):
    """How a model is probed. Its calls are those of an API key, whose team, budget, limits and permissions bind them.

    The key belongs to one team and the plan is everybody's to read, so that it is named by id: that it is of the same
    organisation is a foreign key in the database alone.
    """

    model = models.OneToOneField(Model, on_delete=models.PROTECT, related_name="evaluation_plan")
    api_key_id = models.UUIDField()
    every_hours = models.PositiveSmallIntegerField(
        default=24, validators=[MinValueValidator(1), MaxValueValidator(MOST_HOURS)]
    )
    tolerance = models.PositiveSmallIntegerField(
        default=5,
        validators=[MaxValueValidator(100)],
        help_text="Percentage points that a run may pass less than the first one under the approval.",
    )
    is_active = models.BooleanField(default=True, help_text="Whether the timetable has it run.")
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["set_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="evaluation_plan_in_organization"),
            models.CheckConstraint(
                condition=Q(every_hours__gte=1, every_hours__lte=MOST_HOURS), name="evaluation_plan_has_its_time"
            ),
            models.CheckConstraint(condition=Q(tolerance__lte=100), name="evaluation_tolerance_is_a_percentage"),
        ]

    def __str__(self) -> str:
        return f"probes of {self.model}"


class EvaluationCase(TenantOwned):
    """One question, and what its answer is held against. Never changed but to be retired: results are of this one."""

    plan = models.ForeignKey(EvaluationPlan, on_delete=models.PROTECT, related_name="cases")
    name = models.CharField(max_length=100)
    prompt = models.TextField()
    expectation = models.CharField(max_length=16, choices=Expectation.choices)
    expected = models.TextField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="evaluation_case_in_organization"),
            models.UniqueConstraint(
                fields=["plan", "name"], condition=Q(retired_at__isnull=True), name="evaluation_case_has_its_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EvaluationRun(TenantOwned):
    """All cases of a plan asked once, as they stood when it was queued; `queued_by` is none for the timetable.

    `attempts` counts how often a gateway process took it: one that dies leaves it to another. `failure_code` is what
    the gateway refused a call with, for instance, and such a run says nothing about the model.
    """

    plan = models.ForeignKey(EvaluationPlan, on_delete=models.PROTECT, related_name="runs")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="+")
    queued_at = models.DateTimeField()
    queued_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=8, choices=RunStatus.choices, default=RunStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.UUIDField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cases = models.PositiveSmallIntegerField(default=0)
    passed = models.PositiveSmallIntegerField(null=True)
    failure_code = models.CharField(max_length=64, blank=True)
    judged_at = models.DateTimeField(null=True)
    is_baseline = models.BooleanField(default=False)
    has_drifted = models.BooleanField(default=False)

    class Meta:
        ordering = ["-queued_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="evaluation_run_in_organization"),
            models.UniqueConstraint(
                fields=["plan"], condition=Q(status__in=OPEN), name="one_open_evaluation_run_of_a_plan"
            ),
            models.CheckConstraint(condition=Q(cases__gte=1), name="evaluation_run_asks_something"),
            models.CheckConstraint(condition=Q(attempts__lte=MOST_ATTEMPTS), name="evaluation_run_is_tried_twice"),
            models.CheckConstraint(
                condition=Q(status__in=OPEN, ended_at__isnull=True) | Q(status__in=ENDED, ended_at__isnull=False),
                name="evaluation_run_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(status=RunStatus.DONE, passed__isnull=False)
                | (~Q(status=RunStatus.DONE) & Q(passed__isnull=True)),
                name="evaluation_run_that_is_done_has_its_figure",
            ),
            models.CheckConstraint(
                condition=Q(status=RunStatus.FAILED) & ~Q(failure_code="")
                | (~Q(status=RunStatus.FAILED) & Q(failure_code="")),
                name="evaluation_run_that_fails_says_why",
            ),
            models.CheckConstraint(
                condition=Q(judged_at__isnull=True, is_baseline=False, has_drifted=False)
                | Q(status=RunStatus.DONE, judged_at__isnull=False)
                | Q(status=RunStatus.FAILED, is_baseline=False, has_drifted=False),
                name="evaluation_run_is_judged_at_its_end",
            ),
        ]
        indexes = [
            models.Index(fields=["queued_at"], condition=Q(status__in=OPEN), name="evaluation_run_to_do"),
            models.Index(
                fields=["ended_at"],
                condition=Q(ended_at__isnull=False, judged_at__isnull=True),
                name="evaluation_run_to_judge",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display().lower()} run of {self.queued_at:%Y-%m-%d %H:%M}"

    @property
    def percent(self) -> float | None:
        """Of the cases that passed; none where the run did not come to its end."""
        return None if self.passed is None else 100 * self.passed / self.cases


class EvaluationResult(TenantOwned):
    """What became of one case. The answer itself is kept as that of any other request, which `request_id` names."""

    run = models.ForeignKey(EvaluationRun, on_delete=models.PROTECT, related_name="results")
    case = models.ForeignKey(EvaluationCase, on_delete=models.PROTECT, related_name="results")
    passed = models.BooleanField()
    request_id = models.UUIDField()
    code = models.CharField(max_length=32, blank=True, help_text="Why it did not pass.")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["run", "case"], name="one_evaluation_result_of_a_case")]

    def __str__(self) -> str:
        return "passed" if self.passed else f"not passed ({self.code})"
