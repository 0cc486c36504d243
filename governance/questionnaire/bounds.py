"""Which questionnaires are taken: of a bounded shape, with points that can reach every tier."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from governance.json_schema import Draft202012Validator, SchemaError
from governance.questionnaire.definition import Answer, Definition, Question, is_text
from kit import errors

MOST_QUESTIONS = 50
MOST_ANSWERS = 20
LONGEST_TEXT = 1000
LONGEST_LABEL = 200
MOST_POINTS = 1000
_LARGEST = 2**31 - 1
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,9}")
_OUTER = {"$schema", "title", "type", "additionalProperties", "required", "properties"}
_WORDS = {"title", "description", "type"}
_OF_KIND = {
    "enumeration": _WORDS | {"enum", "x-labels"},
    "boolean": _WORDS,
    "integer": _WORDS | {"minimum", "maximum"},
    "text": _WORDS | {"minLength", "maxLength"},
}


def check(definition: Definition) -> None:
    """Raises `errors.InvalidRequest` with the path of what is not taken, and why."""
    _check_schema(definition.schema)
    for question in definition.questions:
        _check_question(question)
    _check_points(definition)
    _check_tiers(definition)


def _check_schema(schema: Any) -> None:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as fault:
        path = ".".join(str(part) for part in ["schema", *fault.absolute_path])
        raise errors.InvalidRequest("This is no valid JSON Schema.", param=path) from fault
    if not all(is_text(text) for text in _texts(schema)):
        _refuse("A text has a character that no text has.", "schema")
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        _refuse("The answers are an object.", "schema")
    if unknown := sorted(schema.keys() - _OUTER):
        _refuse("A questionnaire's schema has none of these.", f"schema.{unknown[0]}")
    if schema.get("additionalProperties") is not False:
        _refuse("Nothing is answered that is not asked: it is false.", "schema.additionalProperties")
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not 1 <= len(properties) <= MOST_QUESTIONS:
        _refuse(f"There are between 1 and {MOST_QUESTIONS} questions.", "schema.properties")
    if not set(required) <= properties.keys():
        _refuse("What is required is among the questions.", "schema.required")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from (name, *_texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _check_question(question: Question) -> None:
    path, schema = f"schema.properties.{question.name}", question.schema
    if not _NAME.fullmatch(question.name):
        _refuse("A question is named in small letters, digits and underscores.", path)
    if not isinstance(schema, Mapping) or not 1 <= len(schema.get("title", "")) <= LONGEST_LABEL:
        _refuse(f"A question has a title of at most {LONGEST_LABEL} characters.", f"{path}.title")
    if len(question.help_text) > LONGEST_TEXT:
        _refuse(f"A description has at most {LONGEST_TEXT} characters.", f"{path}.description")
    if schema.get("type", "string" if "enum" in schema else None) not in ("string", "boolean", "integer"):
        _refuse("An answer is one of several values, a boolean, an integer or a short text.", f"{path}.type")
    if unknown := sorted(schema.keys() - _OF_KIND[question.kind]):
        _refuse("A question of this kind has none of these.", f"{path}.{unknown[0]}")
    _CHECKS[question.kind](question, path)


def _check_enumeration(question: Question, path: str) -> None:
    values, labels = question.schema["enum"], question.schema.get("x-labels", {})
    if question.schema.get("type", "string") != "string":
        _refuse("Values are texts.", f"{path}.type")
    if not 2 <= len(values) <= MOST_ANSWERS or len({str(value) for value in values}) != len(values):
        _refuse(f"There are between 2 and {MOST_ANSWERS} different values.", f"{path}.enum")
    if any(not isinstance(value, str) or not 1 <= len(value) <= 50 for value in values):
        _refuse("A value is a text of at most 50 characters.", f"{path}.enum")
    if not isinstance(labels, Mapping) or not labels.keys() <= set(values):
        _refuse("There are words for values only.", f"{path}.x-labels")
    if any(not isinstance(label, str) or not 1 <= len(label) <= LONGEST_LABEL for label in labels.values()):
        _refuse(f"A value's words have at most {LONGEST_LABEL} characters.", f"{path}.x-labels")


def _check_integer(question: Question, path: str) -> None:
    least, most = question.schema.get("minimum"), question.schema.get("maximum")
    if type(least) is not int or type(most) is not int or not -_LARGEST <= least <= most <= _LARGEST:
        _refuse("A number has a least and a greatest value.", f"{path}.maximum")


def _check_text(question: Question, path: str) -> None:
    least, most = question.schema.get("minLength", 0), question.schema.get("maxLength")
    if type(least) is not int or type(most) is not int or not least <= most or not 1 <= most <= LONGEST_TEXT:
        _refuse(f"A text has at most {LONGEST_TEXT} characters.", f"{path}.maxLength")


def _check_boolean(question: Question, path: str) -> None:
    """Its type says everything."""


_CHECKS = {
    "enumeration": _check_enumeration,
    "integer": _check_integer,
    "text": _check_text,
    "boolean": _check_boolean,
}


def _check_points(definition: Definition) -> None:
    questions = {question.name: question for question in definition.questions}
    for where, given in (("points", definition.points), ("alone_high", definition.alone_high)):
        for name, keys in given.items():
            question = questions.get(name)
            if question is None or question.kind == "text" or not question.is_required:
                _refuse("Points are given for questions that everybody answers, and not for texts.", f"{where}.{name}")
            if any(not _is_answer(question, key) for key in keys):
                _refuse("This is no answer to the question.", f"{where}.{name}")
    for name, points in definition.points.items():
        if any(type(value) is not int or not 0 <= value <= MOST_POINTS for value in points.values()):
            _refuse(f"An answer has between 0 and {MOST_POINTS} points.", f"points.{name}")


def _is_answer(question: Question, key: str) -> bool:
    if question.kind == "integer":
        return bool(_NUMBER.fullmatch(key)) and question.schema["minimum"] <= int(key) <= question.schema["maximum"]
    return key in ("true", "false") if question.kind == "boolean" else key in question.choices


def _check_tiers(definition: Definition) -> None:
    if not 1 <= definition.medium_from <= definition.high_from:
        _refuse("Medium begins at one point or more, and not after high.", "medium_from")
    if not _reaches_high(definition):
        _refuse("No answers reach the high tier.", "high_from")


def _reaches_high(definition: Definition) -> bool:
    if any(definition.alone_high.values()):
        return True
    most = sum(
        max((definition.points_of(question.name, answer) for answer in _answers(definition, question)), default=0)
        for question in definition.questions
    )
    return most >= definition.high_from


def _answers(definition: Definition, question: Question) -> list[Answer]:
    """Those that differ in points."""
    if question.kind != "integer":
        return question.choices
    return [question.schema["minimum"], *(int(key) for key in definition.points.get(question.name, {}))]


def _refuse(said: str, path: str) -> NoReturn:
    raise errors.InvalidRequest(said, param=path)
