"""What is watched, on the portal: the terms in force, and one kind's by a form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from governance.alerting.terms import OF_TEAMS, PARAMETERS, Terms, in_force, of_rule, shipped
from governance.models import AlertKind, AlertRule, Severity
from governance.services import alert_rules, alerts
from kit import clock, errors, money
from kit.context import Actor
from kit.refusals import note_shown
from portal.screens.guard import screen
from tenants.models import Role, Team
from tenants.selectors import names_of

_USD = "_nano_usd"


class RuleForm(forms.Form):
    """A field for each parameter of the kind; amounts in USD."""

    is_active = forms.BooleanField(label="Watched", required=False)
    severity = forms.TypedChoiceField(choices=Severity.choices, coerce=lambda value: Severity(int(value)))
    roles = forms.MultipleChoiceField(
        label="Told", choices=Role.choices, widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, kind: AlertKind, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.kind = kind
        for name, known in PARAMETERS[kind].items():
            if name.endswith(_USD):
                self.fields[name] = forms.DecimalField(
                    label=f"{known.label} (USD)", min_value=0, max_digits=15, decimal_places=6
                )
            else:
                self.fields[name] = forms.IntegerField(label=known.label, min_value=known.least, max_value=known.most)

    @property
    def parameters(self) -> dict[str, int]:
        return {
            name: money.from_usd(self.cleaned_data[name]) if name.endswith(_USD) else self.cleaned_data[name]
            for name in PARAMETERS[self.kind]
        }


@screen(alerts.VIEW)
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Every kind with its terms, and where a team has set its own."""
    rules = list(AlertRule.objects.select_related("team"))
    terms = in_force()
    context = {
        "kinds": [_shown(kind, terms.of(kind), _of(rules, kind)) for kind in AlertKind],
        "of_teams": [(rule, _sentences(of_rule(rule))) for rule in rules if rule.team_id],
        "people": names_of(rule.set_by_id for rule in rules),
        "may_manage": actor.may(alert_rules.MANAGE),
        "is_whole": actor.team_ids is None,
    }
    return render(request, "portal/alerts/rules.html", context)


@screen(alert_rules.MANAGE)
def change(request: HttpRequest, actor: Actor, kind: str) -> HttpResponse:
    """Of the organisation, or with `?team=` of a team."""
    if kind not in AlertKind.values:
        raise Http404
    found = AlertKind(kind)
    team = _team(request)
    if team is None and actor.team_ids is not None:
        return _choose(request, actor, found)
    form = RuleForm(found, request.POST or None, initial=_initial(in_force().of(found, team.id if team else None)))
    if request.method == "POST" and form.is_valid():
        try:
            _set(actor, form, team)
        except (errors.InvalidRequest, errors.Forbidden) as refusal:
            note_shown(refusal)
            form.add_error(None, refusal.message)
        else:
            messages.success(request, "It is watched that way from the next look on, within five minutes.")
            return HttpResponseRedirect(reverse("alert-rules"))
    teams = list(Team.objects.all()) if found in OF_TEAMS and team is None else []
    context = {"kind": found, "form": form, "team": team, "teams": teams}
    return render(request, "portal/alerts/rule.html", context, status=400 if form.errors else 200)


def _choose(request: HttpRequest, actor: Actor, kind: AlertKind) -> HttpResponse:
    """Somebody of single teams says first for which."""
    teams = list(Team.objects.all()) if kind in OF_TEAMS else []
    return render(request, "portal/alerts/rule.html", {"kind": kind, "teams": teams})


def _team(request: HttpRequest) -> Team | None:
    named = request.GET.get("team")
    if not named:
        return None
    try:
        return get_object_or_404(Team.objects, id=UUID(named))
    except ValueError:
        raise Http404 from None


def _set(actor: Actor, form: RuleForm, team: Team | None) -> None:
    alert_rules.set_rule(
        actor=actor,
        kind=form.kind,
        team=team,
        is_active=form.cleaned_data["is_active"],
        severity=form.cleaned_data["severity"],
        parameters=form.parameters,
        roles=[Role(role) for role in form.cleaned_data["roles"]],
        now=clock.now(),
    )


def _initial(terms: Terms) -> dict[str, Any]:
    parameters = {
        name: money.plain(value) if name.endswith(_USD) else value for name, value in terms.parameters.items()
    }
    return {"is_active": terms.is_active, "severity": terms.severity, "roles": list(terms.roles), **parameters}


def _of(rules: list[AlertRule], kind: AlertKind) -> AlertRule | None:
    return next((rule for rule in rules if rule.kind == kind and rule.team_id is None), None)


def _shown(kind: AlertKind, terms: Terms, rule: AlertRule | None) -> dict[str, Any]:
    return {
        "kind": kind,
        "terms": terms,
        "severity": terms.severity.label,
        "rule": rule,
        "sentences": _sentences(terms),
        "told": ", ".join(role.label.lower() for role in terms.roles) or "nobody",
        "is_shipped": terms == shipped(kind),
    }


def _sentences(terms: Terms) -> list[tuple[str, str]]:
    return [
        (known.label, money.display(terms[name]) if name.endswith(_USD) else f"{terms[name]:,}")
        for name, known in PARAMETERS[terms.kind].items()
    ]
