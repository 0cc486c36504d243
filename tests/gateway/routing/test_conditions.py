"""An approval covers a call or it does not; where several do not, the nearest miss is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.candidates import Candidate
from gateway.routing.conditions import Call, authorized, cleared, failed_condition, refusal
from gateway.snapshot.index import Snapshot
from governance.snapshot.section import ApprovalEntry, DeprecationEntry
from kit import errors
from kit.data_class import DataClass
from kit.ids import new_id
from tests.gateway.routing.catalogue import (
    LETTERS,
    NOW,
    OTHER_ORGANIZATION,
    OTHER_TEAM,
    TEAM,
    a_candidate,
    a_credential,
    a_model,
    a_provider,
    an_approval,
    snapshot_of,
)

HERE = new_id()  # the deployment of most tests
EXCHANGED = NOW - timedelta(days=2)  # when it began to name another model
MISSES: dict[str, dict[str, Any]] = {  # from the farthest to the nearest
    "model_suspended": {"is_suspended": True},
    "condition_organization": {"organization_id": OTHER_ORGANIZATION.id},
    "approval_expired": {"expires_at": NOW, "recertify_by": NOW},
    "recertification_overdue": {"recertify_by": NOW},
    "condition_team": {"teams": frozenset({OTHER_TEAM})},
    "condition_use_case": {"use_cases": frozenset({new_id()})},
    "condition_caller_region": {"caller_regions": frozenset({"us"})},
    "condition_region": {"regions": frozenset({"us"})},
    "condition_deployments": {"deployments": frozenset({new_id()})},
    "condition_version": {"granted_at": EXCHANGED - timedelta(microseconds=1)},
}
COVERS: tuple[dict[str, Any], ...] = (
    {},
    {"expires_at": NOW + timedelta(microseconds=1)},
    {"recertify_by": NOW + timedelta(microseconds=1)},
    {"granted_at": EXCHANGED},
    {"teams": frozenset({TEAM, OTHER_TEAM})},
    {"use_cases": frozenset({LETTERS.id, new_id()})},
    {"caller_regions": frozenset({"eu", "us"})},
    {"regions": frozenset({"eu", "us"})},
    {"deployments": frozenset({HERE, new_id()})},
)
TOLD = {"condition_use_case": {"use_case": "letters"}, "condition_caller_region": {"caller_region": "eu"}}


def a_call(**changed: Any) -> Call:
    return Call(**{"credential": a_credential(), "region": "eu", "use_case": LETTERS, "at": NOW, **changed})


def authorize(*candidates: Candidate, approvals: list[ApprovalEntry]) -> tuple[Candidate, ...]:
    return authorized(snapshot_of(*approvals), candidates, a_call())


def clear(candidates: list[Candidate], data_class: DataClass) -> tuple[Candidate, ...]:
    return cleared(Snapshot(), candidates, data_class, a_call())


def refused(act: Callable[[], object]) -> errors.Forbidden:
    with pytest.raises(errors.Forbidden) as raised:
        act()
    return raised.value


@pytest.mark.parametrize("terms", COVERS)
def test_an_approval_whose_conditions_hold_covers_the_call(terms: dict[str, Any]) -> None:
    candidate = a_candidate(id=HERE, voided_at=EXCHANGED)
    approval = an_approval(candidate.model, **terms)
    (allowed,) = authorize(candidate, approvals=[approval])
    assert allowed.approval is approval
    assert allowed.deployment is candidate.deployment


@pytest.mark.parametrize("code", MISSES)
def test_a_condition_that_does_not_hold_is_named(code: str) -> None:
    candidate = a_candidate(id=HERE, voided_at=EXCHANGED)
    approval = an_approval(candidate.model, **MISSES[code])
    assert failed_condition(approval, a_call(), candidate) == code
    told = refused(lambda: authorize(candidate, approvals=[approval]))
    assert told.code == code
    assert told.details == TOLD.get(code, {})


def test_a_call_that_names_no_use_case_is_covered_where_none_is_asked_for() -> None:
    candidate = a_candidate(id=HERE, voided_at=EXCHANGED)
    for approval, expected in [
        (an_approval(candidate.model), None),
        (an_approval(candidate.model, use_cases=frozenset({LETTERS.id})), "condition_use_case"),
    ]:
        assert failed_condition(approval, a_call(use_case=None), candidate) == expected


@given(st.lists(st.sampled_from(list(MISSES)), min_size=1))
def test_of_several_misses_the_nearest_is_named(codes: list[str]) -> None:
    candidate = a_candidate(id=HERE, voided_at=EXCHANGED)
    approvals = [an_approval(candidate.model, **MISSES[code]) for code in codes]
    nearest = next(code for code in reversed(MISSES) if code in codes)
    assert refused(lambda: authorize(candidate, approvals=approvals)).code == nearest


@given(st.lists(st.sampled_from(list(MISSES)), max_size=4), st.sampled_from(COVERS), st.integers(0, 4))
def test_one_approval_that_covers_the_call_is_enough(codes: list[str], terms: dict[str, Any], place: int) -> None:
    candidate = a_candidate(id=HERE, voided_at=EXCHANGED)
    approvals = [an_approval(candidate.model, **MISSES[code]) for code in codes]
    covering = an_approval(candidate.model, **terms)
    approvals.insert(place, covering)
    (allowed,) = authorize(candidate, approvals=approvals)
    assert allowed.approval is covering


def test_without_an_approval_nothing_is_allowed() -> None:
    assert refused(lambda: authorize(a_candidate(), approvals=[])).code == "model_not_approved"
    assert refused(lambda: authorize(approvals=[])).code == "model_not_approved"


def test_an_approval_of_another_model_covers_nothing() -> None:
    assert refused(lambda: authorize(a_candidate(), approvals=[an_approval(a_model())])).code == "model_not_approved"


@pytest.mark.parametrize("suspended", ["deployment", "provider", "model"])
def test_what_is_suspended_is_allowed_by_no_approval(suspended: str) -> None:
    candidate = a_candidate(
        a_model(is_suspended=suspended == "model"),
        provider=a_provider(is_suspended=suspended == "provider"),
        is_suspended=suspended == "deployment",
    )
    approvals = [an_approval(candidate.model)]
    assert refused(lambda: authorize(candidate, approvals=approvals)).code == "model_suspended"


def test_a_model_is_called_until_the_moment_of_its_sunset() -> None:
    ends = DeprecationEntry(NOW - timedelta(days=1), NOW + timedelta(microseconds=1), None)
    candidate = a_candidate(a_model(deprecation=ends))
    (allowed,) = authorize(candidate, approvals=[an_approval(candidate.model)])
    assert allowed.deployment is candidate.deployment
    over = a_candidate(a_model(deprecation=replace(ends, sunset_at=NOW)))
    told = refused(lambda: authorize(over, approvals=[an_approval(over.model)]))
    assert (told.code, told.details) == ("model_retired", {})


def test_a_retired_model_names_its_successor() -> None:
    over = a_candidate(a_model(deprecation=DeprecationEntry(NOW, NOW, "helper-2")))
    told = refused(lambda: authorize(over, approvals=[an_approval(over.model)]))
    assert (told.code, told.details) == ("model_retired", {"successor": "helper-2"})
    assert told.message.endswith("Its successor is helper-2.")


def test_a_route_goes_on_without_a_model_that_is_retired() -> None:
    over = a_candidate(a_model(deprecation=DeprecationEntry(NOW, NOW, None)))
    left = a_candidate(a_model("other"))
    (allowed,) = authorize(over, left, approvals=[an_approval(over.model), an_approval(left.model)])
    assert allowed.deployment is left.deployment
    assert refused(lambda: authorize(over, left, approvals=[])).code == "model_retired"


def test_a_deployment_that_is_exchanged_is_left_out_and_the_others_go_on() -> None:
    model = a_model()
    exchanged, same = a_candidate(model, voided_at=NOW), a_candidate(model)
    assert [one.deployment for one in authorize(exchanged, same, approvals=[an_approval(model)])] == [same.deployment]


def test_candidates_that_are_not_covered_are_left_out_and_the_order_stays() -> None:
    model, other = a_model(), a_model("other")
    first, stopped, foreign, last = (
        a_candidate(model),
        a_candidate(model, is_suspended=True),
        a_candidate(other),
        a_candidate(model, region="us"),
    )
    approvals = [an_approval(model)]
    allowed = authorize(first, stopped, foreign, last, approvals=approvals)
    assert [one.deployment for one in allowed] == [first.deployment, last.deployment]


def test_the_nearest_miss_of_all_candidates_is_named() -> None:
    model, other = a_model(), a_model("other")
    candidates = a_candidate(model, is_suspended=True), a_candidate(other), a_candidate(a_model("third"))
    approvals = [an_approval(other, teams=frozenset({OTHER_TEAM}))]
    assert refused(lambda: authorize(*candidates, approvals=approvals)).code == "condition_team"


@given(st.sampled_from(DataClass), st.lists(st.sampled_from(DataClass), min_size=1))
def test_data_goes_where_an_approval_admits_its_class(data_class: DataClass, ceilings: list[DataClass]) -> None:
    model = a_model()
    candidates = [a_candidate(model, approval=an_approval(model, max_data_class=one)) for one in ceilings]
    expected = [one for one in ceilings if one >= data_class]
    if expected:
        allowed = [one.approval.max_data_class for one in clear(candidates, data_class) if one.approval]
        assert allowed == expected
    else:
        told = refused(lambda: clear(candidates, data_class))
        assert (told.code, told.details) == ("condition_data_class", {"data_class": data_class.label})


def test_a_candidate_without_an_approval_is_cleared_for_nothing() -> None:
    assert refused(lambda: clear([a_candidate()], DataClass.PUBLIC)).code == "condition_data_class"


def test_a_refusal_tells_nothing_of_whom_the_approval_is_for() -> None:
    team = new_id()
    candidate = a_candidate(id=HERE, voided_at=EXCHANGED)
    approvals = [an_approval(candidate.model, teams=frozenset({team}))]
    told = refused(lambda: authorize(candidate, approvals=approvals))
    assert str(team) not in f"{told.message} {told.details}"
    assert refusal("condition_region").details == {}
