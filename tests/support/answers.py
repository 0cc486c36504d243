"""Answers to the shipped questionnaire, and questionnaires of one's own."""

from __future__ import annotations

from typing import Any

from governance.questionnaire import SHIPPED, Definition


def harmless(**worse: Any) -> dict[str, Any]:
    """The best answer to each question, but for those that are told."""
    first = {question.name: question.choices[-1 if question.kind == "boolean" else 0] for question in _chosen()}
    return {**first, "calls_a_day": 10, **worse}


def entered(**worse: Any) -> dict[str, Any]:
    """As the fields of the form that asks."""
    return {f"answer-{name}": _entered(answer) for name, answer in harmless(**worse).items()}


def _entered(answer: Any) -> Any:
    return str(answer).lower() if isinstance(answer, bool) else answer


def _chosen() -> Any:
    return [question for question in SHIPPED.questions if question.choices]


def defined(**changed: Any) -> Definition:
    """Two questions of one's own: whether it acts, which makes it high, and how often."""
    fitting: dict[str, Any] = {
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "required": ["acts", "calls"],
            "properties": {
                "acts": {"title": "Does it act?", "type": "boolean"},
                "calls": {"title": "How often?", "type": "integer", "minimum": 0, "maximum": 100},
                "remarks": {"title": "Anything else?", "type": "string", "maxLength": 200},
            },
        },
        "points": {"acts": {"true": 10}, "calls": {"10": 1, "50": 5}},
        "medium_from": 5,
        "high_from": 10,
        "alone_high": {},
    }
    return Definition(**{**fitting, **changed})
