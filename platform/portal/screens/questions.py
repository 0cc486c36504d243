"""The questionnaire as fields of a form, in plain HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms

from governance.questionnaire import Answer, Definition, Question

PREFIX = "answer-"


def fields_of(definition: Definition) -> dict[str, forms.Field]:
    """By their names in the form."""
    return {PREFIX + question.name: _MADE[question.kind](question) for question in definition.questions}


def initial_of(definition: Definition, answers: Mapping[str, Answer] | None) -> dict[str, Any]:
    """What was answered before, as far as it is asked still."""
    names = {question.name for question in definition.questions}
    return {PREFIX + name: _as_text(answer) for name, answer in (answers or {}).items() if name in names}


def answers_of(definition: Definition, cleaned: Mapping[str, Any]) -> dict[str, Answer]:
    """Without those that were left empty."""
    found = {question.name: cleaned.get(PREFIX + question.name) for question in definition.questions}
    return {name: answer for name, answer in found.items() if answer not in (None, "")}


def _as_text(answer: Answer) -> Any:
    return str(answer).lower() if isinstance(answer, bool) else answer


def _choice(question: Question) -> forms.Field:
    """Nothing is chosen before somebody chooses: an answer is given, not left as it was."""
    return forms.TypedChoiceField(
        choices=[(_as_text(answer), question.label(answer)) for answer in question.choices],
        coerce=_chosen(question),
        widget=forms.RadioSelect,
        **_words(question),
    )


def _chosen(question: Question) -> Callable[[Any], Any]:
    return (lambda text: text == "true") if question.kind == "boolean" else str


def _number(question: Question) -> forms.Field:
    bounds = {"min_value": question.schema["minimum"], "max_value": question.schema["maximum"]}
    return forms.IntegerField(**bounds, **_words(question))


def _text(question: Question) -> forms.Field:
    widget = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(max_length=question.schema["maxLength"], widget=widget, **_words(question))


def _words(question: Question) -> dict[str, Any]:
    return {"label": question.title, "help_text": question.help_text, "required": question.is_required}


_MADE: dict[str, Callable[[Question], forms.Field]] = {
    "enumeration": _choice,
    "boolean": _choice,
    "integer": _number,
    "text": _text,
}
