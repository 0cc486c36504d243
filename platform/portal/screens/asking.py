"""Asking that a model may be called."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from governance import completeness, risk, selectors
from governance.models import Approval, ApprovalRequest, Evidence, Model, RequestStatus
from governance.services import approvals
from governance.services.approvals import Terms
from kit import clock, errors
from kit.context import Actor
from kit.data_class import DataClass
from portal.inbox_rows import approvals_in_force
from portal.screens import questions
from portal.screens.choosing import choose
from portal.screens.evidence import state_of
from portal.screens.guard import screen
from tenants.models import Team
from tenants.selectors import regions_of_callers


class AskForm(forms.Form):
    """The conditions asked for, beginning with those in force."""

    justification = forms.CharField(
        label="What is it needed for?",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Purpose, who is affected, what was looked into. The officer decides by this.",
    )
    max_data_class = forms.TypedChoiceField(
        label="Most sensitive data that will be sent", choices=DataClass.choices(), coerce=int
    )
    regions = forms.MultipleChoiceField(
        label="Regions prompts may go to", required=False, widget=forms.CheckboxSelectMultiple, help_text="None: any."
    )
    deployments = forms.MultipleChoiceField(
        label="Deployments calls may go to",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: all in these regions, and those that are registered later.",
    )
    teams = forms.MultipleChoiceField(
        label="Teams that may call", required=False, widget=forms.CheckboxSelectMultiple, help_text="None: all."
    )
    use_cases = forms.MultipleChoiceField(
        label="Use cases it may be called for",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: any, and callers need not name one. What is a team's, that team alone calls for.",
    )
    caller_regions = forms.MultipleChoiceField(
        label="Regions applications may call from",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: any. A project is where an administrator says it is.",
    )
    evidence = forms.MultipleChoiceField(
        label="Evidence",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What the request rests on; it is signed with it. Add what is missing under Evidence first.",
    )
    ends_on = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text="Empty: without an end.",
    )

    def __init__(self, model: Model, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        deployments = list(model.deployments.select_related("provider"))
        regions = sorted({deployment.region for deployment in deployments})
        self._offer("regions", [(region, region) for region in regions])
        self._offer("deployments", [(str(row.id), row.place) for row in deployments])
        self._offer("teams", [(str(team), name) for team, name in Team.objects.values_list("id", "name")])
        use_cases = selectors.use_cases_in_service().values_list("id", "slug", "name")
        self._offer("use_cases", [(str(use_case), f"{slug}: {name}") for use_case, slug, name in use_cases])
        self._offer("caller_regions", [(region, region) for region in regions_of_callers()])
        rests_on = [(str(row.id), _labelled(row)) for row in selectors.evidence_about(model)]
        self._offer("evidence", rests_on)
        self.definition = risk.in_force().definition
        self.fields.update(questions.fields_of(self.definition))

    @property
    def conditions(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if not field.name.startswith(questions.PREFIX)]

    @property
    def about_risk(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.name.startswith(questions.PREFIX)]

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        """A condition of which there is nothing to choose is not asked about."""
        field = self.fields[name]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = choices
        if not choices:
            field.widget = forms.MultipleHiddenInput()

    def clean_ends_on(self) -> date | None:
        last_day: date | None = self.cleaned_data["ends_on"]
        if last_day is not None and last_day < timezone.localdate(clock.now()):
            raise forms.ValidationError("That day is past.")
        return last_day

    def terms(self) -> Terms:
        """Good through the whole of the last day, in the organisation's time zone."""
        last_day: date | None = self.cleaned_data["ends_on"]
        end = timezone.make_aware(datetime.combine(last_day + timedelta(days=1), time())) if last_day else None
        return Terms(
            teams=[UUID(team) for team in self.cleaned_data["teams"]],
            use_cases=[UUID(use_case) for use_case in self.cleaned_data["use_cases"]],
            caller_regions=self.cleaned_data["caller_regions"],
            regions=self.cleaned_data["regions"],
            deployments=[UUID(deployment) for deployment in self.cleaned_data["deployments"]],
            max_data_class=DataClass(self.cleaned_data["max_data_class"]),
            expires_at=end,
            answers=questions.answers_of(self.definition, self.cleaned_data),
            evidence=[UUID(row) for row in self.cleaned_data.get("evidence", [])],
        )


@screen("governance.approval.request")
def ask(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Without a model, the models to choose from; with one, the form."""
    if "model" not in request.GET:
        return choose(request)
    model = _model(request.GET["model"])
    renews = _renewed(request.GET.get("renews", ""), model)
    in_force = renews or approvals_in_force({model.id}).get(model.id)
    form = AskForm(model, request.POST or None, initial=_initial(model, in_force))
    if request.method == "POST" and form.is_valid():
        try:
            act = approvals.draft if "draft" in request.POST else approvals.submit
            asked = act(
                actor=actor,
                model=model,
                justification=form.cleaned_data["justification"],
                terms=form.terms(),
                renews=renews,
                now=clock.now(),
            )
        except (errors.Conflict, errors.InvalidRequest) as refusal:
            form.add_error(refusal.param if refusal.param in form.fields else None, refusal.message)
        else:
            messages.success(request, _said(asked))
            return HttpResponseRedirect(reverse("approval", args=[asked.id]))
    similar = selectors.similar_models(model)
    context = {"model": model, "form": form, "in_force": in_force, "renews": renews, "similar": similar}
    return render(request, "portal/approvals/ask.html", context)


@screen("governance.approval.request")
def revise(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    """Changes one's own request, while it is a draft or changes are asked of it; and sends it, if told to."""
    asked = get_object_or_404(ApprovalRequest.objects.select_related("model"), id=request_id)
    page = HttpResponseRedirect(reverse("approval", args=[asked.id]))
    if asked.requested_by_id != actor.id or not asked.is_editable:
        return page
    form = AskForm(asked.model, request.POST or None, initial=_initial_of(asked))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                _revise(actor, asked, form, is_sent="draft" not in request.POST)
        except (errors.Conflict, errors.InvalidRequest) as refusal:
            form.add_error(refusal.param if refusal.param in form.fields else None, refusal.message)
        else:
            asked.refresh_from_db()
            messages.success(request, _said(asked))
            return page
    similar = selectors.similar_models(asked.model)
    context = {"model": asked.model, "form": form, "asked": asked, "similar": similar}
    return render(request, "portal/approvals/ask.html", context)


def _revise(actor: Actor, asked: ApprovalRequest, form: AskForm, *, is_sent: bool) -> None:
    """A draft may be sent as it is."""
    if form.has_changed() or not is_sent or asked.status != RequestStatus.DRAFT:
        justification = form.cleaned_data["justification"]
        approvals.revise(actor=actor, request=asked, justification=justification, terms=form.terms())
    if is_sent:
        approvals.send(actor=actor, request=asked)


def _labelled(row: Evidence) -> str:
    return f"{row} ({row.get_kind_display().lower()}, {state_of(row, clock.now())[0]})"


def _said(asked: ApprovalRequest) -> str:
    if asked.is_open:
        return f"The compliance officers are asked to approve {asked.model}."
    return f"The request for {asked.model} is kept; nobody reviews it before it is sent."


def _model(identifier: str) -> Model:
    try:
        found = Model.objects.filter(id=UUID(identifier)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def _renewed(identifier: str, model: Model) -> Approval | None:
    """The approval to recertify; none is named where it is asked for the first time."""
    if not identifier:
        return None
    try:
        found = Approval.objects.filter(id=UUID(identifier), model=model, ended_at__isnull=True).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def _initial_of(asked: ApprovalRequest) -> dict[str, Any]:
    end = timezone.localtime(asked.expires_at) if asked.expires_at else None
    return {
        "justification": asked.justification,
        "max_data_class": asked.max_data_class,
        "regions": asked.regions,
        "deployments": [str(deployment) for deployment in asked.deployments],
        "teams": [str(team) for team in asked.teams],
        "use_cases": [str(use_case) for use_case in asked.use_cases],
        "caller_regions": asked.caller_regions,
        **questions.initial_of(risk.in_force().definition, asked.answers),
        "evidence": [str(row.id) for row in completeness.attached(asked)],
        "ends_on": (end - timedelta(microseconds=1)).date() if end else None,
    }


def _initial(model: Model, in_force: Approval | None) -> dict[str, Any]:
    """The conditions in force, and what was last answered for the model."""
    last = ApprovalRequest.objects.filter(model=model, answers__isnull=False).first()
    answered = questions.initial_of(risk.in_force().definition, last.answers if last else None)
    if in_force is None:
        return {"max_data_class": int(DataClass.INTERNAL), **answered}
    return {
        **answered,
        "max_data_class": in_force.max_data_class,
        "regions": in_force.regions,
        "deployments": [str(deployment) for deployment in in_force.deployments],
        "teams": [str(team) for team in in_force.teams],
        "use_cases": [str(use_case) for use_case in in_force.use_cases],
        "caller_regions": in_force.caller_regions,
    }
