"""What the books of a stack say, and whether the counters say the same."""

from __future__ import annotations

from decimal import Decimal

import httpx

from gateway.admission.holds import Spending
from tests.faults import load
from tests.faults.load import Acknowledged
from tests.support.stack import Stack

SETTLED = "SELECT request_id, outcome, cost_nano_usd FROM audit_settlement"
REQUESTED = "SELECT id FROM audit_record WHERE kind = 'requested'"
RECORDED = "SELECT count(*) FROM audit_record WHERE kind = 'requested'"
OPEN = """
SELECT count(*) FROM audit_record AS requested WHERE kind = 'requested'
AND NOT EXISTS (SELECT FROM audit_settlement AS settled WHERE settled.request_id = requested.id)
"""
SPENT = """
SELECT (SELECT coalesce(sum(cost_nano_usd), 0) FROM audit_settlement WHERE organization_id = %(organization)s)
     + (SELECT coalesce(sum(difference_nano_usd), 0) FROM audit_correction WHERE organization_id = %(organization)s)
"""


def on_record(stack: Stack, seen: Acknowledged) -> None:
    """Everything callers were told is there, at the price they were told."""
    with stack.books() as books:
        settled = {row[0]: row[1:] for row in books.execute(SETTLED)}
        requested = {request_id for (request_id,) in books.execute(REQUESTED)}
    for request_id, told in seen.complete.items():
        assert request_id in requested, "an acknowledged call was never recorded"
        assert request_id in settled, "an acknowledged call was never settled"
        outcome, cost_nano_usd = settled[request_id]
        assert outcome == "completed"
        assert told is None or told * 10**9 == cost_nano_usd


def recorded(stack: Stack) -> int:
    """Calls that were let through."""
    return int(_one(stack, RECORDED))


def open_calls(stack: Stack) -> int:
    """Calls let through of which nobody has said how they ended."""
    return int(_one(stack, OPEN))


def agrees(stack: Stack) -> bool:
    """After one more call: an organisation's expired holds are ended by whoever calls next."""
    answer = httpx.post(f"{stack.url}/v1/chat/completions", headers=stack.headers, json=load.BODY, timeout=20)
    if answer.status_code != 200:
        return False
    spent = int(_one(stack, SPENT))
    return stack.counted() == [Spending(spent, 0)] * len(stack.seeded.budget_ids)


def _one(stack: Stack, query: str) -> Decimal | int:
    with stack.books() as books:
        row = books.execute(query.encode(), {"organization": stack.seeded.organization_id}).fetchone()
    assert row is not None
    found: Decimal | int = row[0]
    return found
