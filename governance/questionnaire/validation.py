"""Whether answers are what a questionnaire asks for. What was answered is in no message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.json_schema import Draft202012Validator, ValidationError
from governance.questionnaire.definition import Answer, Definition, is_text
from kit import errors


def validated(definition: Definition, answers: Any) -> dict[str, Answer]:
    """Raises `errors.InvalidRequest` with the path of the first answer that is none, in the order of the questions."""
    faults = list(Draft202012Validator(dict(definition.schema)).iter_errors(answers))
    if faults:
        order = [question.name for question in definition.questions]
        path, said = min((_told(definition, fault) for fault in faults), key=lambda told: _place(order, told[0]))
        raise errors.InvalidRequest(said, param=f"answers.{path}" if path else "answers")
    for name, answer in answers.items():
        if isinstance(answer, str) and not is_text(answer):
            raise errors.InvalidRequest("The answer has a character that no text has.", param=f"answers.{name}")
    return {name: _plain(answer) for name, answer in answers.items()}


def _told(definition: Definition, fault: ValidationError) -> tuple[str, str]:
    """Where it is, and what is asked for there."""
    named: Mapping[str, Any] = fault.instance if isinstance(fault.instance, Mapping) else {}
    if fault.validator == "required":
        path = next(name for name in definition.schema["required"] if name not in named)
        return path, "This question is not answered."
    if fault.validator == "additionalProperties":
        return "", "Something is answered that is not asked."
    if not fault.path:
        return "", "Answers are an object, with a value for each question."
    return str(fault.path[0]), _wanted(fault)


def _wanted(fault: ValidationError) -> str:
    wanted: Any = fault.validator_value
    if fault.validator == "enum":
        return f"The answer is one of: {', '.join(wanted)}."
    told = {
        "type": f"The answer is of type {wanted}.",
        "minimum": f"The answer is at least {wanted}.",
        "maximum": f"The answer is at most {wanted}.",
        "minLength": f"The answer has at least {wanted} characters.",
        "maxLength": f"The answer has at most {wanted} characters.",
    }
    return told[str(fault.validator)]


def _place(order: list[str], path: str) -> int:
    return order.index(path) if path in order else len(order)


def _plain(answer: Any) -> Answer:
    """A whole number may be written with a point, which JSON Schema does not tell apart."""
    return int(answer) if isinstance(answer, float) else answer
