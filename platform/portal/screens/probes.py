"""Probes of a model: what it is asked, how its runs went, and having it asked now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from governance.models import EvaluationCase, EvaluationPlan, EvaluationRun, Expectation, Model
from governance.models.evaluation import MOST_HOURS, MOST_TEXT, OPEN
from governance.services import evaluations
from governance.services.evaluations import Question, Terms
from governance.services.evaluations.plans import MANAGE
from kit import clock, errors
from kit.context import Actor
from kit.refusals import note_shown
from portal.screens.guard import screen
from portal.subjects import named
from tenants.models import ApiKey
from tenants.selectors import names_of

_RUNS_SHOWN = 30


class PlanForm(forms.Form):
    api_key: forms.ModelChoiceField[ApiKey] = forms.ModelChoiceField(
        label="API key",
        queryset=None,
        help_text="Its team pays; its budgets, limits and permissions hold. Keys bound to networks are not offered.",
    )
    every_hours = forms.IntegerField(label="Every so many hours", min_value=1, max_value=MOST_HOURS, initial=24)
    tolerance = forms.IntegerField(
        label="Tolerance, percentage points",
        min_value=0,
        max_value=100,
        initial=5,
        help_text="How much less than the first run under an approval may pass, before that is drift.",
    )
    is_active = forms.BooleanField(label="Run by the timetable", required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        key = self.fields["api_key"]
        assert isinstance(key, forms.ModelChoiceField)
        key.queryset = ApiKey.objects.filter(revoked_at__isnull=True, networks=[])


class CaseForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100)
    prompt = forms.CharField(label="Prompt", max_length=MOST_TEXT, widget=forms.Textarea(attrs={"rows": 3}))
    expectation = forms.ChoiceField(label="The answer", choices=Expectation.choices)
    expected = forms.CharField(
        label="What it is held against",
        max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="A text, a regular expression, or a JSON Schema.",
    )

    def question(self) -> Question:
        entered = self.cleaned_data
        return Question(entered["name"], entered["prompt"], Expectation(entered["expectation"]), entered["expected"])


@screen("governance.register.view")
def show(request: HttpRequest, actor: Actor, model_id: UUID) -> HttpResponse:
    """On POST plans its probes, or changes how they are run."""
    model = _model(model_id)
    form = PlanForm(request.POST or None, initial=_initial(_plan(model)))
    if request.method != "POST" or not form.is_valid():
        return _page(request, actor, model, plan_form=form, status=400 if form.errors else 200)

    def set_plan() -> str:
        evaluations.set_plan(actor=actor, model=model, terms=Terms(**form.cleaned_data), now=clock.now())
        return f"The probes of {model} are planned."

    return _act(request, actor, model, set_plan, plan_form=form)


@require_POST
@screen(MANAGE)
def add_case(request: HttpRequest, actor: Actor, model_id: UUID) -> HttpResponse:
    model = _model(model_id)
    plan, form = get_object_or_404(EvaluationPlan, model=model), CaseForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, model, case_form=form, status=400)

    def add() -> str:
        return f"{evaluations.add_case(actor=actor, plan=plan, question=form.question(), now=clock.now())} is asked."

    return _act(request, actor, model, add, case_form=form)


@require_POST
@screen(MANAGE)
def run_now(request: HttpRequest, actor: Actor, model_id: UUID) -> HttpResponse:
    model = _model(model_id)
    plan = get_object_or_404(EvaluationPlan, model=model)

    def queue() -> str:
        evaluations.queue(actor=actor, plan=plan, now=clock.now())
        return f"{model} is asked as soon as a worker of the gateway is free."

    return _act(request, actor, model, queue)


@require_POST
@screen(MANAGE)
def retire_case(request: HttpRequest, actor: Actor, case_id: UUID) -> HttpResponse:
    case = get_object_or_404(EvaluationCase.objects.select_related("plan__model"), id=case_id)

    def retire() -> str:
        return f"{evaluations.retire_case(actor=actor, case=case, now=clock.now())} is asked no more."

    return _act(request, actor, case.plan.model, retire)


@screen("governance.register.view")
def run(request: HttpRequest, actor: Actor, run_id: UUID) -> HttpResponse:
    """One run, case by case."""
    found = get_object_or_404(EvaluationRun.objects.select_related("plan__model"), id=run_id)
    context = {
        "found": found,
        "model": found.plan.model,
        "results": found.results.select_related("case").order_by("case__name"),
        "queued_by": names_of([found.queued_by_id]).get(found.queued_by_id) if found.queued_by_id else "",
        "sees_requests": actor.may("audit.request.view"),
    }
    return render(request, "portal/probes/run.html", context)


def _act(
    request: HttpRequest, actor: Actor, model: Model, perform: Callable[[], str], **forms: forms.Form
) -> HttpResponse:
    """Does it and goes back to the page; a refusal is shown on it."""
    try:
        messages.success(request, perform())
    except errors.ChanceryError as refusal:
        note_shown(refusal)
        return _page(request, actor, model, refusal=refusal, status=refusal.status, **forms)
    return HttpResponseRedirect(reverse("model-probes", args=[model.id]))


def _page(
    request: HttpRequest,
    actor: Actor,
    model: Model,
    *,
    plan_form: forms.Form | None = None,
    case_form: forms.Form | None = None,
    refusal: errors.ChanceryError | None = None,
    status: int = 200,
) -> HttpResponse:
    plan = _plan(model)
    runs = list(plan.runs.all()[:_RUNS_SHOWN]) if plan else []
    step_up = ""
    if refusal is not None and refusal.code == "otp_required":
        step_up = f"{reverse('sign-in-code')}?{urlencode({'next': reverse('model-probes', args=[model.id])})}"
    context = {
        "model": model,
        "plan": plan,
        "key": named([plan.api_key_id]).get(plan.api_key_id) if plan else None,
        "cases": plan.cases.filter(retired_at__isnull=True) if plan else [],
        "runs": runs,
        "baseline": next((each for each in runs if each.is_baseline), None),
        "is_open": any(each.status in OPEN for each in runs),
        "may_manage": actor.may(MANAGE),
        "plan_form": plan_form or PlanForm(initial=_initial(plan)),
        "case_form": case_form or CaseForm(auto_id="case_%s"),
        "refusal": refusal,
        "step_up": step_up,
    }
    return render(request, "portal/probes/model.html", context, status=status)


def _model(model_id: UUID) -> Model:
    return get_object_or_404(Model, id=model_id)


def _plan(model: Model) -> EvaluationPlan | None:
    return EvaluationPlan.objects.filter(model=model).first()


def _initial(plan: EvaluationPlan | None) -> dict[str, Any]:
    if plan is None:
        return {}
    return {
        "api_key": plan.api_key_id,
        "every_hours": plan.every_hours,
        "tolerance": plan.tolerance,
        "is_active": plan.is_active,
    }
