"""The versions of the questionnaire: what each asks, what it changed, and another one by a form."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from governance import risk
from governance.models import Questionnaire
from governance.questionnaire import Answer, Definition, Question
from governance.questionnaire.difference import differences
from governance.rest.questionnaires import DefinitionForm
from governance.services import questionnaires
from kit import clock, errors
from kit.context import Actor
from kit.refusals import note_shown
from portal.screens.guard import screen
from portal.screens.review_rules import MANAGE
from tenants.selectors import names_of

_LONGEST = 100_000


class VersionForm(forms.Form):
    """A version as JSON, the way the management API and documents have it."""

    definition = forms.CharField(
        label="Questionnaire",
        max_length=_LONGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 30, "class": "mono", "spellcheck": "false"}),
        help_text="As JSON: schema, points, alone_high, medium_from, high_from.",
    )

    def clean_definition(self) -> Definition:
        try:
            entered = DefinitionForm(data=json.loads(self.cleaned_data["definition"]))
        except ValueError as error:
            raise forms.ValidationError("This is no JSON.") from error
        if not entered.is_valid():
            raise forms.ValidationError([f"{name}: {said[0]}" for name, said in _faults(entered.errors)])
        return Definition(**entered.validated_data)


@screen("governance.register.view")
def show(request: HttpRequest, actor: Actor, version_id: UUID | None = None) -> HttpResponse:
    """A version; without one, the shipped."""
    row = get_object_or_404(Questionnaire.objects, id=version_id) if version_id else None
    definition = risk.definition_of(row)
    before = Questionnaire.objects.filter(number__lt=row.number).first() if row else None
    context = {
        "row": row,
        "definition": definition,
        "questions": [(question, _answers(definition, question)) for question in definition.questions],
        "changed": differences(definition, risk.definition_of(before)) if row else [],
        "before": before,
        "written": _written(definition),
        "people": names_of([row.set_by_id]) if row else {},
        "may_manage": actor.may(MANAGE) and actor.team_ids is None,
    }
    return render(request, "portal/review_rules/questionnaire.html", context)


@screen(MANAGE)
def add(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Sets another version; the form begins with the one that is asked now."""
    form = VersionForm(request.POST or None, initial={"definition": _written(risk.in_force().definition)})
    if request.method == "POST" and form.is_valid():
        try:
            version = questionnaires.set_version(
                actor=actor, definition=form.cleaned_data["definition"], now=clock.now()
            )
        except (errors.InvalidRequest, errors.Forbidden) as refusal:
            note_shown(refusal)
            form.add_error(None, f"{refusal.param}: {refusal.message}" if refusal.param else refusal.message)
        else:
            messages.success(request, f"Questionnaire {version.number} is asked from now on.")
            return HttpResponseRedirect(reverse("questionnaire", args=[version.id]))
    return render(request, "portal/review_rules/add.html", {"form": form}, status=400 if form.errors else 200)


def _written(definition: Definition) -> str:
    return json.dumps(definition.as_json(), indent=2, ensure_ascii=False)


def _answers(definition: Definition, question: Question) -> list[tuple[str, int, bool]]:
    """(answer, points, whether it alone makes it high)."""
    if question.kind == "integer":
        bounds = {
            **definition.points.get(question.name, {}),
            **dict.fromkeys(definition.alone_high.get(question.name, ())),
        }
        return [_answer(definition, question, int(key), f"from {key} on") for key in sorted(bounds, key=int)]
    return [_answer(definition, question, answer, question.label(answer)) for answer in question.choices]


def _answer(definition: Definition, question: Question, answer: Answer, words: str) -> tuple[str, int, bool]:
    name = question.name
    return words, definition.points_of(name, answer), definition.is_alone_high(name, answer)


def _faults(told: Any) -> list[tuple[str, list[str]]]:
    """By field; what is wrong deeper inside, by the first thing that is."""
    found = []
    for name, said in dict(told).items():
        while isinstance(said, dict):
            said = next(iter(said.values()))
        found.append((name, list(said)))
    return found
