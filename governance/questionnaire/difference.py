"""What one questionnaire asks differently from another, in words."""

from __future__ import annotations

from collections.abc import Iterator

from governance.questionnaire.definition import Definition, Question


def differences(after: Definition, before: Definition) -> list[str]:
    """Each change in a line, questions in the order of the later one."""
    return [*_of_questions(after, before), *_of_tiers(after, before)]


def _of_questions(after: Definition, before: Definition) -> Iterator[str]:
    was = {question.name: question for question in before.questions}
    for question in after.questions:
        if question.name not in was:
            yield f"Asked anew: {question.title}"
        else:
            yield from _of_question(question, was[question.name], after, before)
    names = {question.name for question in after.questions}
    yield from (f"Not asked any more: {question.title}" for question in before.questions if question.name not in names)


def _of_question(now: Question, was: Question, after: Definition, before: Definition) -> Iterator[str]:
    if now.title != was.title:
        yield f"“{was.title}” is now “{now.title}”"
    if (now.schema, now.is_required) != ({**was.schema, "title": now.title}, was.is_required):
        yield f"{now.title} Its answers or its description changed"
    points, had = after.points.get(now.name, {}), before.points.get(now.name, {})
    for answer in dict.fromkeys([*had, *points]):
        if points.get(answer, 0) != had.get(answer, 0):
            yield f"{now.title} “{_words(now, answer)}”: {points.get(answer, 0)} points instead of {had.get(answer, 0)}"
    alone, was_alone = set(after.alone_high.get(now.name, ())), set(before.alone_high.get(now.name, ()))
    for answer in sorted(alone ^ was_alone):
        verb = "now makes" if answer in alone else "no longer makes"
        yield f"{now.title} “{_words(now, answer)}” alone {verb} it high"


def _words(question: Question, key: str) -> str:
    """An answer by the key that its points are found by."""
    if question.kind == "boolean":
        return question.label(key == "true")
    return f"from {key} on" if question.kind == "integer" else question.label(key)


def _of_tiers(after: Definition, before: Definition) -> Iterator[str]:
    for name, now, was in (
        ("Medium", after.medium_from, before.medium_from),
        ("High", after.high_from, before.high_from),
    ):
        if now != was:
            yield f"{name} begins at {now} points instead of {was}"
