"""The ways to a decision: the page, `/api`, a service, a queryset, and SQL as the portal's role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from governance.models import ApprovalRequest, RequestStage
from kit import clock, errors
from kit.ids import new_id
from kit.scoping import within
from tests.governance.abuse.attempts import Abuse, Attempt
from tests.governance.reviewing import decide
from tests.portal.api.caller import Script
from tests.support.cast import browser

_DECISION = """
INSERT INTO governance_decision (id, organization_id, request_id, stage_id, revision, requested_by_id, decided_by_id,
    decided_for_id, verdict, reason, waiver, signed_hash, decided_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'approve', 'x', 'x', %s, %s)"""


@dataclass(frozen=True, slots=True)
class Path:
    """`take` fails unless it is refused. `code` is what the refusal of an abuse is recorded with, `tried` as what."""

    take: Callable[[Attempt], None]
    code: Callable[[Abuse], str]
    tried: frozenset[str]


def _page(attempt: Attempt) -> None:
    client = browser(attempt.person)
    attempt.spoil()
    form = {"verdict": "approve", "reason": "Evaluated.", "waiver": "None yet.", **_said(attempt)}
    answer = client.post(f"/approvals/{attempt.request.id}/decide/", form)
    turned_away = answer.status_code == 302 and answer["Location"].startswith("/sign-in/")
    assert turned_away or answer.status_code in (403, 409)


def _api(attempt: Attempt) -> None:
    script = Script(attempt.person)
    attempt.spoil()
    body = {"reason": "Evaluated.", "waiver": "None yet.", **_said(attempt)}
    answer = script.post(f"approval-requests/{attempt.request.id}/approve/", body, otp=True)
    assert answer.status_code in (401, 403, 409)


def _service(attempt: Attempt) -> None:
    attempt.spoil()
    with pytest.raises((errors.Forbidden, errors.Conflict)):
        decide(attempt.person.actor, attempt.request, in_place_of=attempt.in_place_of)


def _queryset(attempt: Attempt) -> None:
    attempt.spoil()
    with pytest.raises(DatabaseError), within(attempt.person.actor.scope):
        ApprovalRequest.across_tenants.filter(id=attempt.request.id).update(status="approved")


def _sql(attempt: Attempt) -> None:
    attempt.spoil()
    asked, person = attempt.request, attempt.person.user.id
    with within(attempt.person.actor.scope):
        stages = RequestStage.across_tenants.filter(request_id=asked.id).order_by("-revision", "position")
        stage_id = stages.values_list("id", flat=True)[0]
        _execute("UPDATE governance_approvalrequest SET status = 'in_review' WHERE status = 'submitted'")
        row = [new_id(), asked.organization_id, asked.id, stage_id, asked.revision, asked.requested_by_id, person]
        with pytest.raises(DatabaseError):
            _execute(_DECISION, *row, attempt.in_place_of or person, asked.content_hash, clock.now())
        transaction.set_rollback(True)


def _execute(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def _said(attempt: Attempt) -> dict[str, str]:
    place = {"in_place_of": str(attempt.in_place_of)} if attempt.in_place_of else {}
    return {"signed_hash": attempt.request.content_hash, **place}


_SERVICE = frozenset({"governance.approvals.approve"})
PATHS = {
    "page": Path(_page, lambda abuse: abuse.on_surfaces or abuse.code, _SERVICE | {"approval-decide"}),
    "api": Path(_api, lambda abuse: abuse.on_surfaces or abuse.code, _SERVICE | {"api-approval-request-approve"}),
    "service": Path(_service, lambda abuse: abuse.code, _SERVICE),
    "queryset": Path(_queryset, lambda abuse: "check_violation", frozenset({"database.update"})),
    "sql": Path(_sql, lambda abuse: abuse.in_database, frozenset({"database.insert"})),
}
