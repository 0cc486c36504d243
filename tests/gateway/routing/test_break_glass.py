"""Break glass opens what no approval covers, for whom and as long as it says, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.routing.candidates import Candidate
from gateway.routing.conditions import Call, authorized, cleared
from gateway.snapshot.index import Snapshot
from kit import errors
from kit.data_class import DataClass
from tests.gateway.routing.catalogue import (
    NOW,
    OTHER_ORGANIZATION,
    OTHER_TEAM,
    TEAM,
    a_candidate,
    a_credential,
    a_model,
    a_provider,
    an_approval,
    broken_glass,
    snapshot_of,
)

CALL = Call(a_credential(), "eu", None, NOW)


def authorize(candidates: list[Candidate], *entries: Any) -> tuple[Candidate, ...]:
    snapshot = snapshot_of(*entries)
    return authorized(snapshot, candidates, CALL)


@pytest.mark.parametrize("terms", [{}, {"team_id": TEAM}, {"ends_at": NOW + timedelta(microseconds=1)}])
def test_it_opens_a_model_that_was_never_approved(terms: dict[str, Any]) -> None:
    candidate = a_candidate()
    glass = broken_glass(candidate.model, **terms)
    assert [each.approval for each in authorize([candidate], glass)] == [glass]


@pytest.mark.parametrize("failing", [{"is_suspended": True}, {"expires_at": NOW}, {"teams": frozenset({OTHER_TEAM})}])
def test_it_opens_where_every_approval_fails(failing: dict[str, Any]) -> None:
    candidate = a_candidate()
    glass = broken_glass(candidate.model)
    [allowed] = authorize([candidate], an_approval(candidate.model, **failing), glass)
    assert allowed.approval == glass


def test_an_approval_that_covers_the_call_goes_before() -> None:
    model = a_model()
    approval = an_approval(model)
    [allowed] = authorize([a_candidate(model)], approval, broken_glass(model))
    assert allowed.approval == approval


def test_where_another_candidate_is_approved_nothing_else_is_opened() -> None:
    approved, suspended = a_model(), a_model(is_suspended=True)
    candidates = [a_candidate(suspended), a_candidate(approved)]
    [allowed] = authorize(candidates, an_approval(approved), broken_glass(suspended))
    assert allowed.model == approved


def test_it_opens_a_model_in_spite_of_its_suspension() -> None:
    model = a_model(is_suspended=True)
    assert authorize([a_candidate(model)], broken_glass(model))


@pytest.mark.parametrize("shut", [{"is_suspended": True}, {"provider": a_provider(is_suspended=True)}])
def test_a_suspended_provider_or_deployment_stays_shut(shut: dict[str, Any]) -> None:
    candidate = a_candidate(**shut)
    with pytest.raises(errors.Forbidden) as refusal:
        authorize([candidate], broken_glass(candidate.model))
    assert refusal.value.code == "model_suspended"


@pytest.mark.parametrize(
    "terms", [{"organization_id": OTHER_ORGANIZATION.id}, {"team_id": OTHER_TEAM}, {"ends_at": NOW}]
)
def test_it_opens_nothing_for_others_or_after_its_end(terms: dict[str, Any]) -> None:
    candidate = a_candidate()
    with pytest.raises(errors.Forbidden) as refusal:
        authorize([candidate], broken_glass(candidate.model, **terms))
    assert refusal.value.code == "model_not_approved"


def test_data_above_its_class_is_refused() -> None:
    candidate = a_candidate()
    allowed = authorize([candidate], broken_glass(candidate.model))
    assert cleared(Snapshot(), allowed, DataClass.INTERNAL, CALL) == allowed
    with pytest.raises(errors.Forbidden) as refusal:
        cleared(Snapshot(), allowed, DataClass.CONFIDENTIAL, CALL)
    assert refusal.value.code == "condition_data_class"
