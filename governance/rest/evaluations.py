"""Probes of models over the management API: plans, what they ask, and their runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import (
    EvaluationCase,
    EvaluationPlan,
    EvaluationResult,
    EvaluationRun,
    Expectation,
    Model,
)
from governance.models.evaluation import MOST_HOURS, MOST_TEXT
from governance.services import evaluations
from governance.services.evaluations import Question, Terms
from kit import clock
from tenants.models import ApiKey
from tenants.rest.base import Scoped, ScopedViewSet


class PlanShown(serializers.ModelSerializer[EvaluationPlan]):
    """`api_key` is null for whoever may not see the key: it is another team's."""

    model = serializers.UUIDField(source="model_id", read_only=True)
    api_key = serializers.SerializerMethodField()

    class Meta:
        model = EvaluationPlan
        fields = ["id", "model", "api_key", "every_hours", "tolerance", "is_active", "set_at"]
        read_only_fields = fields

    def get_api_key(self, row: EvaluationPlan) -> UUID | None:
        return ApiKey.objects.filter(id=row.api_key_id).values_list("id", flat=True).first()


class PlanTaken(serializers.Serializer[Any]):
    """`tolerance` is in percentage points."""

    model = Scoped(Model)
    api_key = Scoped(ApiKey)
    every_hours = serializers.IntegerField(min_value=1, max_value=MOST_HOURS, default=24)
    tolerance = serializers.IntegerField(min_value=0, max_value=100, default=5)
    is_active = serializers.BooleanField(default=True)


class CaseShown(serializers.ModelSerializer[EvaluationCase]):
    plan = serializers.UUIDField(source="plan_id", read_only=True)

    class Meta:
        model = EvaluationCase
        fields = ["id", "plan", "name", "prompt", "expectation", "expected", "added_at", "retired_at"]
        read_only_fields = fields


class CaseTaken(serializers.Serializer[Any]):
    """`expected` is a text, a regular expression or a JSON Schema, as `expectation` says."""

    plan = Scoped(EvaluationPlan)
    name = serializers.CharField(max_length=100)
    prompt = serializers.CharField(max_length=MOST_TEXT, trim_whitespace=False)
    expectation = serializers.ChoiceField(choices=Expectation.choices)
    expected = serializers.CharField(max_length=MOST_TEXT, trim_whitespace=False)


class ResultShown(serializers.ModelSerializer[EvaluationResult]):
    """`request` is the call, whose answer is kept as any other."""

    case = serializers.UUIDField(source="case_id", read_only=True)
    request = serializers.UUIDField(source="request_id", read_only=True)

    class Meta:
        model = EvaluationResult
        fields = ["case", "passed", "code", "request"]
        read_only_fields = fields


class RunShown(serializers.ModelSerializer[EvaluationRun]):
    """`passed` is null until it is done. `queued_by` is null for the timetable."""

    plan = serializers.UUIDField(source="plan_id", read_only=True)
    approval = serializers.UUIDField(source="approval_id", read_only=True)
    queued_by = serializers.UUIDField(source="queued_by_id", read_only=True, allow_null=True)

    class Meta:
        model = EvaluationRun
        fields = [
            *("id", "plan", "approval", "status", "queued_at", "queued_by", "started_at", "ended_at"),
            *("cases", "passed", "failure_code", "judged_at", "is_baseline", "has_drifted"),
        ]
        read_only_fields = fields


class EvaluationPlanViewSet(ScopedViewSet[EvaluationPlan]):
    """How models are probed, one plan for each."""

    model = EvaluationPlan
    serializer_class = PlanShown
    view_act = "governance.register.view"
    filters_by = {"model": "model_id"}

    @extend_schema(request=PlanTaken, responses={201: PlanShown})
    def create(self, request: Request) -> Response:
        """Plans the probes of a model, or changes how they are run. Needs `X-OTP`."""
        entered = self.taken(PlanTaken)
        model = entered.pop("model")
        plan = evaluations.set_plan(actor=self.actor, model=model, terms=Terms(**entered), now=clock.now())
        return Response(self.shown(plan), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={201: RunShown})
    @action(detail=True, methods=["post"])
    def run(self, request: Request, pk: str) -> Response:
        """Has the gateway ask everything once, as soon as one of its workers is free."""
        run = evaluations.queue(actor=self.actor, plan=self.get_object(), now=clock.now())
        run.refresh_from_db()
        return Response(RunShown(run).data, status=status.HTTP_201_CREATED)


class EvaluationCaseViewSet(ScopedViewSet[EvaluationCase]):
    """What is asked. A case is added and retired, never changed."""

    model = EvaluationCase
    serializer_class = CaseShown
    view_act = "governance.register.view"
    filters_by = {"plan": "plan_id"}

    @extend_schema(request=CaseTaken, responses={201: CaseShown})
    def create(self, request: Request) -> Response:
        """Asks one thing more, from the next run on."""
        entered = self.taken(CaseTaken)
        plan, expectation = entered.pop("plan"), Expectation(entered.pop("expectation"))
        question = Question(expectation=expectation, **entered)
        case = evaluations.add_case(actor=self.actor, plan=plan, question=question, now=clock.now())
        return Response(self.shown(case), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=CaseShown)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """Asks it no more. Needs `X-OTP`."""
        retired = evaluations.retire_case(actor=self.actor, case=self.get_object(), now=clock.now())
        return Response(self.shown(retired))


class EvaluationRunViewSet(ScopedViewSet[EvaluationRun]):
    """Runs, newest first."""

    model = EvaluationRun
    serializer_class = RunShown
    view_act = "governance.register.view"
    filters_by = {"plan": "plan_id", "status": "status"}

    @extend_schema(responses=ResultShown(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def results(self, request: Request, pk: str) -> Response:
        """What became of each case so far."""
        return Response(ResultShown(self.get_object().results.all(), many=True).data)
