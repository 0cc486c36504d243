"""Asking that a model may be called."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from governance import selectors
from governance.models import Approval, Model
from governance.services import approvals
from governance.services.approvals import Terms
from kit import clock, errors
from kit.context import Actor
from kit.data_class import DataClass
from portal.screens.guard import screen
from portal.screens.inbox import approvals_in_force
from tenants.models import Team


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
    teams = forms.MultipleChoiceField(
        label="Teams that may call", required=False, widget=forms.CheckboxSelectMultiple, help_text="None: all."
    )
    ends_on = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: without an end.",
    )

    def __init__(self, model: Model, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        regions, teams = self.fields["regions"], self.fields["teams"]
        assert isinstance(regions, forms.MultipleChoiceField)
        assert isinstance(teams, forms.MultipleChoiceField)
        offered = sorted({deployment.region for deployment in model.deployments.all()})
        regions.choices = [(region, region) for region in offered]
        teams.choices = [(str(team.id), team.name) for team in Team.objects.all()]

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
            regions=self.cleaned_data["regions"],
            max_data_class=DataClass(self.cleaned_data["max_data_class"]),
            expires_at=end,
        )


@screen("governance.approval.request")
def ask(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Without a model, the models to choose from; with one, the form."""
    if "model" not in request.GET:
        return render(request, "portal/approvals/choose.html", {"models": _choices()})
    model = _model(request.GET["model"])
    in_force = approvals_in_force({model.id}).get(model.id)
    form = AskForm(model, request.POST or None, initial=_initial(in_force))
    if request.method == "POST" and form.is_valid():
        try:
            asked = approvals.submit(
                actor=actor,
                model=model,
                justification=form.cleaned_data["justification"],
                terms=form.terms(),
                now=clock.now(),
            )
        except errors.Conflict as conflict:
            form.add_error(None, conflict.message)
        else:
            messages.success(request, f"The compliance officers are asked to approve {model}.")
            return HttpResponseRedirect(reverse("approval", args=[asked.id]))
    context = {"model": model, "form": form, "in_force": in_force, "similar": selectors.similar_models(model)}
    return render(request, "portal/approvals/ask.html", context)


def _choices() -> list[tuple[Model, str]]:
    """Each model with what stands in the way of asking, if anything does."""
    waiting = set(selectors.open_requests().values_list("model_id", flat=True))
    live = set(selectors.live_approvals(clock.now()).values_list("model_id", flat=True))
    return [
        (model, "waiting" if model.id in waiting else "approved" if model.id in live else "")
        for model in Model.objects.all()
    ]


def _model(identifier: str) -> Model:
    try:
        found = Model.objects.filter(id=UUID(identifier)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def _initial(in_force: Approval | None) -> dict[str, Any]:
    if in_force is None:
        return {"max_data_class": int(DataClass.INTERNAL)}
    return {
        "max_data_class": in_force.max_data_class,
        "regions": in_force.regions,
        "teams": [str(team) for team in in_force.teams],
    }
