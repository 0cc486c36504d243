"""The legal steps are written down twice, in Python and in the database: both are the same table."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product

import pytest
from django.db import IntegrityError, connection

from governance.models import ApprovalRequest, RequestStatus, RiskTier
from governance.review import DEFAULTS
from governance.services import approvals
from governance.workflows import STEPS, require_step
from kit import errors
from kit.scoping import within
from tests.governance.reviewing import decide, fresh
from tests.governance.test_four_eyes_in_the_database import mark, sign
from tests.support.acts import ask, draft
from tests.support.world import World


def _withdrawn(world: World) -> ApprovalRequest:
    request = ask(world)
    with within(world.admin.scope):
        return approvals.withdraw(actor=world.admin, request=request)


def _decided(verdict: str, risk_tier: RiskTier = RiskTier.LOW) -> Callable[[World], ApprovalRequest]:
    def make(world: World) -> ApprovalRequest:
        request = ask(world, risk_tier=risk_tier)
        decide(world.officer, request, verdict)
        return request

    return make


MADE: dict[RequestStatus, Callable[[World], ApprovalRequest]] = {
    RequestStatus.DRAFT: draft,
    RequestStatus.SUBMITTED: ask,
    RequestStatus.IN_REVIEW: _decided("approve", risk_tier=RiskTier.HIGH),
    RequestStatus.CHANGES_REQUESTED: _decided("request_changes"),
    RequestStatus.APPROVED: _decided("approve"),
    RequestStatus.REJECTED: _decided("reject"),
    RequestStatus.WITHDRAWN: _withdrawn,
}
# What a step takes beside being legal: the decision, or the revision, that it follows from.
BACKED = ("no decision makes", "are made before")


@pytest.mark.parametrize("before", RequestStatus)
def test_the_database_knows_the_same_steps(world: World, before: RequestStatus) -> None:
    request = fresh(world, MADE[before](world))
    assert request.status == before
    for after in RequestStatus:
        if after is not before:
            assert _is_step(world, request, after) == (after in STEPS[before]), (before, after)


@pytest.mark.parametrize(("before", "after"), [*product(RequestStatus, RequestStatus)])
def test_python_refuses_the_others(before: RequestStatus, after: RequestStatus) -> None:
    if after in STEPS[before]:
        require_step(before, after)
    else:
        with pytest.raises(errors.Conflict):
            require_step(before, after)


def test_a_review_goes_on_to_every_end(world: World) -> None:
    """Or the steps above would be legal and impossible."""
    for verdict, after in [("approve", "approved"), ("reject", "rejected"), ("request_changes", "changes_requested")]:
        request = ask(world)
        with within(world.officer.scope):
            sign(request, world.officer.id, verdict=verdict)
            assert mark(request, after) == 1


def test_the_shipped_rules_are_the_databases() -> None:
    with connection.cursor() as cursor:
        for tier, stages in DEFAULTS.items():
            cursor.execute("SELECT governance_default_rule(%s)", [tier.value])
            assert json.loads(cursor.fetchone()[0]) == [stage.as_json() for stage in stages]


def _is_step(world: World, request: ApprovalRequest, after: RequestStatus) -> bool:
    """Whether the database takes it for a legal step; nothing stays changed."""
    with within(world.officer.scope):
        try:
            with_it = mark(request, after)
        except IntegrityError as refusal:
            return any(words in str(refusal) for words in BACKED)
        assert with_it == 1
        connection.set_rollback(True)
    return True
