"""A waiver leaves out the one condition it names, for the use case it names, and no other."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from gateway.routing.candidates import Candidate
from gateway.routing.conditions import Call, authorized, cleared
from governance.snapshot.section import UseCaseEntry
from kit import errors
from kit.data_class import DataClass
from kit.ids import new_id
from tests.gateway.routing.catalogue import (
    LETTERS,
    NOW,
    ORGANIZATION,
    OTHER_TEAM,
    a_candidate,
    a_credential,
    a_model,
    a_waiver,
    an_approval,
    broken_glass,
    snapshot_of,
)

VERDICTS = UseCaseEntry(new_id(), ORGANIZATION.id, None, "verdicts")
FAILING: dict[str, dict[str, Any]] = {
    "team": {"teams": frozenset({OTHER_TEAM})},
    "use_case": {"use_cases": frozenset({VERDICTS.id})},
    "caller_region": {"caller_regions": frozenset({"us"})},
    "region": {"regions": frozenset({"us"})},
    "deployments": {"deployments": frozenset({new_id()})},
    "recertification": {"expires_at": NOW, "recertify_by": NOW},
}
CODES = {
    "team": "condition_team",
    "use_case": "condition_use_case",
    "caller_region": "condition_caller_region",
    "region": "condition_region",
    "deployments": "condition_deployments",
    "recertification": "approval_expired",
}


def authorize(candidates: list[Candidate], *entries: Any, use_case: UseCaseEntry | None = LETTERS) -> Any:
    return authorized(snapshot_of(*entries), candidates, Call(a_credential(), "eu", use_case, NOW))


def refused(*told: Any, **call: Any) -> str | None:
    with pytest.raises(errors.Forbidden) as refusal:
        authorize(*told, **call)
    return refusal.value.code


@pytest.mark.parametrize(("condition", "waived"), list(product(FAILING, [*FAILING, "data_class"])))
def test_exactly_the_condition_it_names_is_left_out(condition: str, waived: str) -> None:
    candidate = a_candidate()
    approval = an_approval(candidate.model, **FAILING[condition])
    waiver = a_waiver(approval, waived, max_data_class=DataClass.RESTRICTED if waived == "data_class" else None)
    if condition != waived:
        assert refused([candidate], approval, waiver) == CODES[condition]
        return
    [allowed] = authorize([candidate], approval, waiver)
    assert (allowed.approval, allowed.waiver) == (approval, waiver)


@pytest.mark.parametrize(("one", "other"), [pair for pair in product(FAILING, repeat=2) if pair[0] != pair[1]])
def test_where_two_conditions_fail_two_waivers_do_not_make_up_for_both(one: str, other: str) -> None:
    candidate = a_candidate()
    approval = an_approval(candidate.model, **FAILING[one], **FAILING[other])
    assert refused([candidate], approval, a_waiver(approval, one), a_waiver(approval, other))


@pytest.mark.parametrize("condition", FAILING)
@pytest.mark.parametrize("use_case", [None, UseCaseEntry(new_id(), ORGANIZATION.id, None, "others")])
def test_a_call_made_for_something_else_is_refused(condition: str, use_case: UseCaseEntry | None) -> None:
    candidate = a_candidate()
    approval = an_approval(candidate.model, **FAILING[condition])
    assert refused([candidate], approval, a_waiver(approval, condition), use_case=use_case) == CODES[condition]


@pytest.mark.parametrize("condition", FAILING)
def test_it_ends_at_the_very_moment(condition: str) -> None:
    candidate = a_candidate()
    approval = an_approval(candidate.model, **FAILING[condition])
    assert refused([candidate], approval, a_waiver(approval, condition, ends_at=NOW)) == CODES[condition]
    assert authorize([candidate], approval, a_waiver(approval, condition, ends_at=NOW + timedelta(microseconds=1)))


@pytest.mark.parametrize("condition", FAILING)
def test_neither_a_suspension_nor_a_foreign_approval_is_waived(condition: str) -> None:
    suspended, candidate = a_candidate(a_model(is_suspended=True)), a_candidate()
    of_suspended = an_approval(suspended.model, **FAILING[condition])
    assert refused([suspended], of_suspended, a_waiver(of_suspended, condition)) == "model_suspended"
    for changed in ({"is_suspended": True}, {"organization_id": new_id()}):
        approval = an_approval(candidate.model, **FAILING[condition], **changed)
        assert refused([candidate], approval, a_waiver(approval, condition))
    assert refused([candidate], a_waiver(an_approval(candidate.model), condition)) == "model_not_approved"


def test_an_approval_that_covers_the_call_goes_before_and_broken_glass_after() -> None:
    near, far = a_candidate(a_model("near")), a_candidate(a_model("far"))
    lacking, covering = an_approval(near.model, **FAILING["region"]), an_approval(far.model)
    waiver = a_waiver(lacking, "region")
    assert [one.waiver for one in authorize([near, far], lacking, covering, waiver)] == [None]
    assert [one.waiver for one in authorize([near, far], lacking, waiver, broken_glass(far.model))] == [waiver]


@pytest.mark.parametrize(("up_to", "sent"), list(product(DataClass, DataClass)))
def test_a_waived_data_class_goes_up_to_what_it_says(up_to: DataClass, sent: DataClass) -> None:
    candidate = a_candidate()
    approval = an_approval(candidate.model, max_data_class=DataClass.INTERNAL)
    waiver = a_waiver(approval, "data_class", max_data_class=up_to)
    snapshot, call = snapshot_of(approval, waiver), Call(a_credential(), "eu", LETTERS, NOW)
    found = authorized(snapshot, [candidate], call)
    if sent <= DataClass.INTERNAL:
        assert [one.waiver for one in cleared(snapshot, found, sent, call)] == [None]
    elif sent <= up_to:
        assert [one.waiver for one in cleared(snapshot, found, sent, call)] == [waiver]
    else:
        with pytest.raises(errors.Forbidden) as refusal:
            cleared(snapshot, found, sent, call)
        assert refusal.value.code == "condition_data_class"


def test_a_waived_condition_and_a_waived_data_class_do_not_add_up() -> None:
    candidate = a_candidate()
    approval = an_approval(candidate.model, max_data_class=DataClass.INTERNAL, **FAILING["team"])
    of_class = a_waiver(approval, "data_class", max_data_class=DataClass.RESTRICTED)
    snapshot = snapshot_of(approval, a_waiver(approval, "team"), of_class)
    call = Call(a_credential(), "eu", LETTERS, NOW)
    with pytest.raises(errors.Forbidden):
        cleared(snapshot, authorized(snapshot, [candidate], call), DataClass.RESTRICTED, call)
