"""Abuse of the review fails on every path, changes nothing, and is on record with who tried what."""

from __future__ import annotations

from typing import Any

import pytest

from audit.history.changes import of_object
from audit.selectors import content
from governance.models import Approval, ApprovalRequest, Decision
from kit.scoping import within
from tests.governance.abuse.attempts import ABUSES
from tests.governance.abuse.paths import PATHS
from tests.support.cast import Cast
from tests.support.preparing import refused_in


def state(acme: Cast) -> list[Any]:
    """Of everything that a decision could change."""
    with within(acme.world.system.scope):
        requests = ApprovalRequest.objects.order_by("id")
        decisions, approvals = Decision.objects.order_by("id"), Approval.objects.order_by("id")
        return [list(rows.values_list()) for rows in (requests, decisions, approvals)]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("abuse", ABUSES)
def test_abuse_fails_changes_nothing_and_is_recorded(acme: Cast, abuse: str, path: str) -> None:
    attempt = ABUSES[abuse].prepare(acme)
    before = state(acme)

    PATHS[path].take(attempt)

    assert state(acme) == before
    [record] = refused_in(acme.world)
    said = content(record)["details"]
    assert record.actor_id == attempt.person.user.id
    assert said["code"] == PATHS[path].code(ABUSES[abuse])
    assert said["tried"] in PATHS[path].tried
    assert (record.object_kind, record.object_id) == ("model", attempt.request.model_id)
    assert said["request_id"] == str(attempt.request.id)
    with within(acme.world.system.scope):
        [kept] = [row for row in of_object(attempt.request.id) if row.operation == "refuse"]
    assert (kept.actor_id, kept.xid, kept.parent_id) == (record.actor_id, record.xid, attempt.request.model_id)
    assert (kept.address is not None) == (kept.request_id is not None) == (path in ("page", "api"))
