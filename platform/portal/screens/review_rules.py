"""What it takes to approve, per risk tier, and the rule for a tier by a form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from governance import completeness, review, risk
from governance.models import EvidenceKind, Questionnaire, ReviewRule, RiskTier
from governance.review import StageRule
from governance.services import review_rules
from governance.services.approvals.signing import REVIEW
from governance.services.review_rules import MOST_DAYS, MOST_NEEDED, MOST_RECERTIFY_DAYS, MOST_STAGES
from kit import clock, errors
from kit.context import Actor
from kit.refusals import note_shown
from portal.screens.guard import screen
from tenants import permissions
from tenants.models import Role
from tenants.selectors import names_of

MANAGE = "governance.review_rule.manage"
_REVIEWERS = [(role.value, role.label) for role in Role if REVIEW in permissions.ACTS[role]]


class StageForm(forms.Form):
    """A stage; without a role, none."""

    roles = forms.MultipleChoiceField(
        label="Decided by", choices=_REVIEWERS, widget=forms.CheckboxSelectMultiple, required=False
    )
    needed = forms.IntegerField(label="How many of them", min_value=1, max_value=MOST_NEEDED, initial=1)
    due_days = forms.IntegerField(label="Within so many days", min_value=1, max_value=MOST_DAYS, initial=3)


StageForms = forms.formset_factory(StageForm, extra=0, max_num=MOST_STAGES, validate_max=True)


class RuleForm(forms.Form):
    evidence = forms.MultipleChoiceField(
        choices=EvidenceKind.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Nobody approves without it, unless they say why.",
    )
    recertify_days = forms.IntegerField(
        label="Recertified within so many days",
        min_value=1,
        max_value=MOST_RECERTIFY_DAYS,
        required=False,
        help_text="How long an approval holds. Empty: as shipped.",
    )


@screen("governance.register.view")
def show(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The rules in force, and the questions that a tier follows from."""
    tiers = [_in_force(tier) for tier in RiskTier]
    versions = list(Questionnaire.objects.all())
    setters = [row.set_by_id for row in versions] + [each["rule"].set_by_id for each in tiers if each["rule"]]
    context = {
        "tiers": tiers,
        "asked": risk.in_force(),
        "versions": versions,
        "people": names_of(setters),
        "may_manage": actor.may(MANAGE) and actor.team_ids is None,
    }
    return render(request, "portal/review_rules/show.html", context)


@screen(MANAGE)
def change(request: HttpRequest, actor: Actor, tier: int) -> HttpResponse:
    """Replaces the rule of a tier, for requests that are submitted from then on."""
    if tier not in RiskTier.values:
        raise Http404
    risk_tier = RiskTier(tier)
    stages = StageForms(request.POST or None, initial=_stages(risk_tier))
    form = RuleForm(request.POST or None, initial=_initial(risk_tier))
    if request.method == "POST" and form.is_valid() and stages.is_valid():
        try:
            _set(actor, risk_tier, stages, form)
        except (errors.InvalidRequest, errors.Forbidden) as refusal:
            note_shown(refusal)
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"The rule for {risk_tier.label.lower()} risk holds from now on.")
            return HttpResponseRedirect(reverse("review-rules"))
    context = {"tier": risk_tier, "form": form, "stages": stages}
    return render(request, "portal/review_rules/change.html", context, status=400 if form.errors else 200)


def _set(actor: Actor, tier: RiskTier, stages: Any, form: RuleForm) -> None:
    entered = [stage for stage in stages.cleaned_data if stage.get("roles")]
    rules = [
        StageRule(tuple(Role(role) for role in stage["roles"]), stage["needed"], stage["due_days"]) for stage in entered
    ]
    review_rules.set_rule(
        actor=actor,
        risk_tier=tier,
        stages=rules,
        evidence=[EvidenceKind(kind) for kind in form.cleaned_data["evidence"]],
        recertify_days=form.cleaned_data["recertify_days"],
        now=clock.now(),
    )


def _in_force(tier: RiskTier) -> dict[str, Any]:
    stages = review.rule_in_force(tier)
    return {
        "tier": tier,
        "rule": ReviewRule.objects.filter(risk_tier=tier).order_by("-number").first(),
        "stages": [(stage, " or ".join(role.label.lower() for role in stage.roles)) for stage in stages],
        "evidence": [kind.label for kind in completeness.asked_in(tier)],
        "recertify_days": review.recertify_days(tier),
    }


def _stages(tier: RiskTier) -> list[dict[str, Any]]:
    """Those in force, and empty ones up to as many as there may be."""
    held = [stage.as_json() for stage in review.rule_in_force(tier)]
    return held + [{"needed": 1, "due_days": 3} for _ in range(MOST_STAGES - len(held))]


def _initial(tier: RiskTier) -> dict[str, Any]:
    rule = ReviewRule.objects.filter(risk_tier=tier).order_by("-number").first()
    kinds = [kind.value for kind in completeness.asked_in(tier)]
    return {"evidence": kinds, "recertify_days": rule.recertify_days if rule else None}
