"""Onboarding a team: one form, what will be made, and what was, with the key that is shown once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify

from governance.models import Model
from governance.services import onboarding
from governance.services.onboarding import Allotment, Lead, Named, Onboarded, Plan, Policy
from kit import clock, errors
from kit.context import Actor
from kit.data_class import DataClass
from kit.refusals import note_shown
from portal import onboarded
from portal.capacities import Capacity
from portal.screens.guard import screen
from portal.screens.signing import code_page
from tenants.admin.fields import UsdField
from tenants.admin.refusals import explained, needs_code
from tenants.models import Membership, Organization, Team
from tenants.services.organizations import INHERIT, Limits
from tenants.snippets import curl

OFFERED = 200  # models, at most
_LIMITS = ("requests_per_minute", "tokens_per_minute", "concurrency")
_MOST = 2**31 - 1


def _limit(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=_MOST)


class OnboardForm(forms.Form):
    """All that a team begins with. What is left empty is as the organisation has it."""

    team = forms.CharField(label="Name of the team", max_length=200)
    team_slug = forms.SlugField(label="Its short name", required=False, help_text="Empty: made of the name.")
    lead_email = forms.EmailField(label="E-mail of its lead", help_text="A member, or somebody to be let in.")
    lead_name = forms.CharField(
        label="Name of its lead", max_length=200, required=False, help_text="Of somebody who is new."
    )
    project = forms.CharField(label="Name of its first project", max_length=200, help_text="The key belongs to it.")
    project_slug = forms.SlugField(label="The project's short name", required=False, help_text="Likewise.")
    monthly_budget = UsdField(
        label="Monthly budget, USD", required=False, widget=forms.NumberInput(attrs={"step": "any", "min": "0"})
    )
    without_budget = forms.BooleanField(label="No budget: spend is not limited here", required=False)
    requests_per_minute = _limit("Requests a minute")
    tokens_per_minute = _limit("Tokens a minute")
    concurrency = _limit("Calls at once")
    max_data_class = forms.TypedChoiceField(
        label="Most sensitive data that the key may send",
        choices=DataClass.choices(),
        coerce=lambda rank: DataClass(int(rank)),
        initial=int(DataClass.CONFIDENTIAL),
    )
    models = forms.ModelMultipleChoiceField(
        Model.across_tenants.none(),
        label="Models to ask for",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Approved for other teams only. Officers decide; what is approved for all needs no asking.",
    )
    reason = forms.CharField(
        label="What are they needed for?",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Officers decide by this.",
    )

    def __init__(self, organization: Organization, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begin_with(organization)
        models = self.fields["models"]
        assert isinstance(models, forms.ModelMultipleChoiceField)
        asked_for = list(onboarding.to_ask_for(clock.now()).values_list("model_id", flat=True)[:OFFERED])
        models.queryset = Model.objects.filter(id__in=asked_for).order_by("slug")
        if not asked_for:
            del self.fields["models"], self.fields["reason"]

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or {}
        for name in ("team", "project"):
            entered[f"{name}_slug"] = entered.get(f"{name}_slug") or slugify(entered.get(name, ""))[:50]
            if entered.get(name) and not entered[f"{name}_slug"]:
                self.add_error(f"{name}_slug", "Write one: letters, digits and dashes.")
        if entered.get("without_budget") and entered.get("monthly_budget") is not None:
            self.add_error("without_budget", "Either a budget or none.")
        if entered.get("models") and not entered["reason"].strip():
            self.add_error("reason", "Say what the models are needed for.")
        return entered

    def plan(self) -> Plan:
        entered = self.cleaned_data
        given = Limits(*(entered[name] for name in _LIMITS))
        amount = None if entered["without_budget"] else entered["monthly_budget"]
        inherits = amount is None and not entered["without_budget"]
        email = entered["lead_email"]
        return Plan(
            team=Named(entered["team"], entered["team_slug"]),
            lead=Lead(email, entered["lead_name"] or email.partition("@")[0]),
            project=Named(entered["project"], entered["project_slug"]),
            allotment=Allotment(INHERIT if inherits else amount, INHERIT if given == Limits() else given),
            policy=Policy(entered["max_data_class"], list(entered.get("models", ())), entered.get("reason", "")),
        )

    def _begin_with(self, organization: Organization) -> None:
        """Says what is usual here where that is taken over."""
        usual = onboarded.usual(organization)
        self.fields["monthly_budget"].help_text = f"Empty: {usual['monthly_budget']}."
        for name in _LIMITS:
            self.fields[name].help_text = f"All three empty: {usual[name]}."


@screen(onboarding.ACT)
def onboard(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The form; then what will be made; then, when that was confirmed, what was."""
    capacity: Capacity = request.capacity  # type: ignore[attr-defined]
    organization = capacity.organization
    form = OnboardForm(organization, request.POST or None)
    if request.method != "POST" or "change" in request.POST or not form.is_valid():
        return _form(request, actor, form, 400 if form.errors and "change" not in request.POST else 200)
    plan = form.plan()
    if (there := Team.objects.filter(slug=plan.team.slug).first()) is not None:
        return _result(request, onboarding.what_there_is(there, clock.now()))
    if "confirmed" not in request.POST:
        return _summary(request, actor, form, plan, organization)
    try:
        made = onboarding.onboard(actor=actor, plan=plan, now=clock.now())
    except (errors.ChanceryError, ValidationError) as refusal:
        note_shown(refusal)
        for name, text in explained(refusal):
            form.add_error(name if name in form.fields else None, text)
        return _form(request, actor, form, getattr(refusal, "status", 400), lacks_code=needs_code(refusal))
    return _result(request, made)


def _form(
    request: HttpRequest, actor: Actor, form: OnboardForm, status: int = 200, *, lacks_code: bool = False
) -> HttpResponse:
    needs = lacks_code or not actor.otp_verified
    context = {"form": form, "step_up": code_page(request) if needs else "", "of_each": onboarded.of_each_team()}
    return render(request, "portal/onboarding/form.html", context, status=status)


def _summary(
    request: HttpRequest, actor: Actor, form: OnboardForm, plan: Plan, organization: Organization
) -> HttpResponse:
    leading = Membership.objects.filter(user__email=plan.lead.email.strip().lower()).select_related("user").first()
    context = {
        "plan": plan,
        "kept": [field.as_hidden() for field in form],
        "leading": leading.user if leading else None,
        "budget": onboarded.budget_of(plan.allotment, organization),
        "limits": onboarded.limits_of(plan.allotment, organization),
        "of_each": onboarded.of_each_team(),
        "data_class": plan.policy.max_data_class.label,
        "step_up": "" if actor.otp_verified else code_page(request),
    }
    return render(request, "portal/onboarding/summary.html", context)


def _result(request: HttpRequest, made: Onboarded) -> HttpResponse:
    """In this very answer: the secret is kept nowhere, and the same form sent again only says what there is."""
    base = request.build_absolute_uri("/v1")
    model = made.callable[0].slug if made.callable else "MODEL"
    context = {
        "made": made,
        "facts": onboarded.facts(made),
        "curl": curl(base, made.issued.secret, model) if made.issued else "",
        "first_key": made.keys[0] if made.keys else None,
    }
    return render(request, "portal/onboarding/made.html", context, status=201 if made.issued else 200)
