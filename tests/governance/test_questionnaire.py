"""Questionnaires: what is asked, which are taken, and that a worse answer never makes a request less risky."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.models import RiskTier
from governance.questionnaire import SHIPPED, Answer, Question, assess, check, validated
from kit import errors
from tests.support.answers import defined, harmless


def answers_to(question: Question) -> st.SearchStrategy[Any]:
    if question.choices:
        return st.sampled_from(question.choices)
    if question.kind == "integer":
        return st.integers(question.schema["minimum"], question.schema["maximum"])
    return st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=20)


def anything() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({question.name: answers_to(question) for question in SHIPPED.questions})


def badness(name: str, answer: Answer) -> tuple[bool, int]:
    return SHIPPED.is_alone_high(name, answer), SHIPPED.points_of(name, answer)


def tier(**answers: Any) -> RiskTier:
    return assess(SHIPPED, validated(SHIPPED, harmless(**answers))).tier


@given(anything(), st.sampled_from(SHIPPED.questions), st.data())
def test_a_worse_answer_never_lowers_the_tier(before: dict[str, Any], question: Question, data: st.DataObject) -> None:
    after = {**before, question.name: data.draw(answers_to(question))}
    alone_before, points_before = badness(question.name, before[question.name])
    alone_after, points_after = badness(question.name, after[question.name])
    if alone_after >= alone_before and points_after >= points_before:
        assert assess(SHIPPED, validated(SHIPPED, after)).tier >= assess(SHIPPED, validated(SHIPPED, before)).tier


def test_the_shipped_questionnaire_is_taken_and_reaches_every_tier() -> None:
    check(SHIPPED)
    assert tier() == RiskTier.LOW
    assert tier(personal_data="personal", autonomy="acts") == RiskTier.MEDIUM
    assert tier(persons="prepares", personal_data="special", autonomy="acts", oversight="none") == RiskTier.HIGH
    for alone in ({"ai_act_class": "high"}, {"persons": "alone"}, {"reversibility": "lasting"}):
        assert tier(**alone) == RiskTier.HIGH


def test_a_number_has_the_points_of_the_greatest_bound_it_reaches() -> None:
    found = [defined().points_of("calls", calls) for calls in (0, 9, 10, 49, 50, 100)]
    assert found == [0, 0, 1, 1, 5, 5]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"autonomy": "flies"}, "answers.autonomy"),
        ({"own_training": "yes"}, "answers.own_training"),
        ({"calls_a_day": -1}, "answers.calls_a_day"),
        ({"calls_a_day": True}, "answers.calls_a_day"),
        ({"remarks": "x" * 1001}, "answers.remarks"),
        ({"remarks": "a\x00b"}, "answers.remarks"),
        ({"remarks": "a\ud800b"}, "answers.remarks"),
        ({"risk_tier": "low"}, "answers"),
    ],
)
def test_an_answer_that_is_none_is_named_by_its_path_and_not_repeated(changed: dict[str, Any], path: str) -> None:
    with pytest.raises(errors.InvalidRequest) as refused:
        validated(SHIPPED, harmless(**changed))
    assert refused.value.param == path
    assert "flies" not in refused.value.message


def test_what_is_not_answered_is_asked_for_in_its_order() -> None:
    given_ = harmless()
    del given_["region"], given_["persons"]
    with pytest.raises(errors.InvalidRequest) as refused:
        validated(SHIPPED, given_)
    assert refused.value.param == "answers.persons"
    for nothing in (["low"], "low", 1):
        with pytest.raises(errors.InvalidRequest):
            validated(SHIPPED, nothing)


def schema_with(**properties: Any) -> dict[str, Any]:
    return {**defined().schema, "properties": {**defined().schema["properties"], **properties}}


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"high_from": 16}, "high_from"),
        ({"medium_from": 11}, "medium_from"),
        ({"schema": {"type": "array"}}, "schema"),
        ({"schema": {"type": "nonsense"}}, "schema.type"),
        ({"schema": {**defined().schema, "additionalProperties": True}}, "schema.additionalProperties"),
        ({"schema": {**defined().schema, "$defs": {}}}, "schema.$defs"),
        ({"schema": {**defined().schema, "required": ["nobody"]}}, "schema.required"),
        ({"schema": schema_with(a={"title": "A", "$ref": "https://example.com"})}, "schema.properties.a.type"),
        ({"schema": schema_with(a={"title": "A", "type": "array"})}, "schema.properties.a.type"),
        (
            {"schema": schema_with(a={"title": "A", "type": "string", "pattern": "(a+)+$", "maxLength": 9})},
            "schema.properties.a.pattern",
        ),
        ({"schema": schema_with(a={"title": "A", "type": "string"})}, "schema.properties.a.maxLength"),
        ({"schema": schema_with(a={"title": "A", "type": "integer", "minimum": 1})}, "schema.properties.a.maximum"),
        ({"schema": schema_with(a={"title": "A", "enum": ["one"]})}, "schema.properties.a.enum"),
        ({"schema": schema_with(a={"title": "A", "enum": [1, 2]})}, "schema.properties.a.enum"),
        ({"schema": schema_with(a={"title": "A", "enum": ["x", "y"], "type": "boolean"})}, "schema.properties.a.type"),
        ({"schema": schema_with(a=True)}, "schema.properties.a.title"),
        ({"schema": schema_with(a={"type": "boolean"})}, "schema.properties.a.title"),
        ({"schema": schema_with(A={"title": "A", "type": "boolean"})}, "schema.properties.A"),
        (
            {"schema": schema_with(**{f"q{n}": {"title": "Q", "type": "boolean"} for n in range(50)})},
            "schema.properties",
        ),
        ({"points": {"acts": {"maybe": 10}}}, "points.acts"),
        ({"points": {"acts": {"true": -1}}}, "points.acts"),
        ({"points": {"remarks": {"x": 1}}}, "points.remarks"),
        ({"points": {"calls": {"101": 1}}}, "points.calls"),
        ({"alone_high": {"nobody": ["true"]}}, "alone_high.nobody"),
    ],
)
def test_a_questionnaire_of_no_bounded_shape_or_without_a_high_tier_is_refused(
    changed: dict[str, Any], path: str
) -> None:
    check(defined())
    with pytest.raises(errors.InvalidRequest) as refused:
        check(defined(**changed))
    assert refused.value.param == path


def test_one_answer_that_alone_makes_it_high_is_enough_to_reach_it() -> None:
    check(defined(high_from=1000, alone_high={"acts": ["true"]}))
