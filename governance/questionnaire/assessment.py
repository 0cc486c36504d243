"""From answers to a tier. A worse answer, one of more points or one that alone makes it high, never lowers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from governance.models.choices import RiskTier
from governance.questionnaire.definition import Answer, Definition


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with what was answered, in words."""

    name: str
    title: str
    answer: str
    points: int
    is_alone_high: bool


@dataclass(frozen=True, slots=True)
class Assessment:
    """What follows from answers, and from what."""

    answered: tuple[Answered, ...]
    points: int
    tier: RiskTier
    because: str


def assess(definition: Definition, answers: Mapping[str, Answer]) -> Assessment:
    """Of answers that are valid. A question that may be left out has no points, and none when it was."""
    answered = tuple(
        Answered(
            question.name,
            question.title,
            question.label(answers[question.name]),
            definition.points_of(question.name, answers[question.name]),
            definition.is_alone_high(question.name, answers[question.name]),
        )
        for question in definition.questions
        if question.name in answers
    )
    points = sum(each.points for each in answered)
    alone = [each.title for each in answered if each.is_alone_high]
    if alone:
        return Assessment(answered, points, RiskTier.HIGH, f"This alone makes it high: {'; '.join(alone)}")
    bounds = f"medium from {definition.medium_from}, high from {definition.high_from}"
    return Assessment(answered, points, _tier(definition, points), f"{points} points; {bounds}")


def _tier(definition: Definition, points: int) -> RiskTier:
    if points >= definition.high_from:
        return RiskTier.HIGH
    return RiskTier.MEDIUM if points >= definition.medium_from else RiskTier.LOW
