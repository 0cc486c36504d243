from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from audit.ledger.append import RowRefused, Writer
from audit.ledger.rows import SealedBody
from kit.errors import Unavailable
from kit.ids import new_id
from tests.audit.conftest import Connect, records_of, settlements_of
from tests.audit.rows import Tenant, hold, outcome_of, refusal, requested

BODY = SealedBody("request", new_id(), b"sealed" * 100, b"c" * 32, b"h" * 32)


async def test_two_hundred_at_once_are_all_recorded_in_few_transactions(writer: Writer, tenant: Tenant) -> None:
    async def call() -> None:
        row = requested(tenant, bodies=(BODY,))
        await writer.requested(row)
        answered = await writer.outcome(outcome_of(row, bodies=(replace(BODY, part="response"),)))
        assert answered == "written"

    await asyncio.gather(*(call() for _ in range(200)))

    records = records_of(tenant)
    assert sorted(record.kind for record in records) == ["completed"] * 200 + ["requested"] * 200
    assert {record.request_id for record in records} == {row.request_id for row in settlements_of(tenant)}
    assert len({record.xid for record in records}) < 100


async def test_a_poisoned_row_fails_alone(writer: Writer, tenant: Tenant) -> None:
    good = [requested(tenant) for _ in range(10)]
    poisoned = [
        requested(tenant, held=hold(tenant, budgets={"\x00": "2026-11"})),  # jsonb holds no NUL
        replace(requested(tenant), bodies=(replace(BODY, part="neither"),)),  # type: ignore[arg-type]
    ]
    rows = [*good[:5], poisoned[0], *good[5:], poisoned[1]]
    results = await asyncio.gather(*(writer.requested(row) for row in rows), return_exceptions=True)

    failed = [row for row, result in zip(rows, results, strict=True) if result is not None]
    assert failed == poisoned
    assert all(isinstance(result, RowRefused) for result in results if result is not None)
    assert {record.id for record in records_of(tenant)} == {row.id for row in good}


async def test_a_poisoned_outcome_leaves_no_call_open(writer: Writer, tenant: Tenant) -> None:
    row = requested(tenant)
    await writer.requested(row)
    poisoned = replace(outcome_of(row, cost_nano_usd=7), bodies=(replace(BODY, part="neither"),))  # type: ignore[arg-type]
    with pytest.raises(RowRefused):
        await writer.outcome(poisoned)
    while writer.backlog:
        await asyncio.sleep(0.01)

    [settled] = settlements_of(tenant)
    assert (settled.outcome, settled.cost_nano_usd) == ("failed", row.hold.cost_nano_usd)
    *_, closing = records_of(tenant)
    assert json.loads(bytes(closing.envelope))["error"] == "record_refused"


async def test_what_cannot_be_encoded_fails_its_caller(writer: Writer, tenant: Tenant) -> None:
    with pytest.raises(TypeError):
        await writer.requested(requested(tenant, held=hold(tenant, cost_nano_usd=2**70)))


async def test_a_request_is_settled_once(writer: Writer, tenant: Tenant) -> None:
    row = requested(tenant)
    await writer.requested(row)
    first, second = outcome_of(row, cost_nano_usd=100), outcome_of(row, kind="failed", cost_nano_usd=7)
    answers = await asyncio.gather(writer.outcome(first), writer.outcome(second))

    assert list(answers) == ["written", "settled"]
    [settlement] = settlements_of(tenant)
    assert (settlement.outcome_record_id, settlement.cost_nano_usd) == (first.id, 100)
    assert [record.kind for record in records_of(tenant)] == ["requested", "completed"]


async def test_saying_the_same_again_changes_nothing(writer: Writer, tenant: Tenant) -> None:
    row = requested(tenant, bodies=(BODY,))
    outcome = outcome_of(row)
    alone = refusal(tenant)
    await writer.requested(row)
    await writer.requested(row)
    assert [await writer.outcome(outcome) for _ in range(2)] == ["written", "duplicate"]
    assert [await writer.outcome(alone) for _ in range(2)] == ["written", "known"]
    assert len(records_of(tenant)) == 3


async def test_a_settlement_carries_what_was_held_and_used(writer: Writer, tenant: Tenant) -> None:
    held = hold(tenant, cost_nano_usd=2**60, budgets={"budget": "2026-11"})
    row = requested(tenant, held=held)
    await writer.requested(row)
    await writer.outcome(outcome_of(row, cost_nano_usd=2**59))
    [settlement] = settlements_of(tenant)
    assert (settlement.held_nano_usd, settlement.cost_nano_usd) == (2**60, 2**59)
    assert (settlement.input_tokens, settlement.output_tokens) == (20, 10)
    assert (settlement.budgets, settlement.project_id) == ({"budget": "2026-11"}, held.project_id)
    assert settlement.admitted_at == held.admitted_at


async def test_a_large_body_is_kept_whole(connect: Connect, writer: Writer, tenant: Tenant) -> None:
    body = replace(BODY, ciphertext=bytes(range(256)) * 10_000)
    row = requested(tenant, bodies=(body,))
    await writer.requested(row)
    found = connect("system").execute("SELECT ciphertext FROM audit_body WHERE record_id = %s", [row.id]).fetchone()
    assert found == (body.ciphertext,)


@pytest.mark.parametrize("bounds", [{"max_waiting": 3}, {"max_waiting_bytes": 10_000}])
async def test_a_full_queue_refuses_at_once(gateway_url: str, tenant: Tenant, bounds: dict[str, Any]) -> None:
    async with Writer(gateway_url, **bounds) as writer:
        calls = (writer.requested(requested(tenant)) for _ in range(10))
        results = await asyncio.gather(*calls, return_exceptions=True)
    refused = [result for result in results if result is not None]
    assert refused
    assert all(isinstance(one, Unavailable) and one.code == "ledger_unavailable" for one in refused)
    assert len(records_of(tenant)) == 10 - len(refused)


async def test_a_caller_that_leaves_has_its_request_closed(writer: Writer, tenant: Tenant) -> None:
    row = requested(tenant)
    caller = asyncio.create_task(writer.requested(row))
    await asyncio.sleep(0.001)  # sent, not yet answered
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    await writer.close()
    if records_of(tenant):
        [settlement] = settlements_of(tenant)
        assert (settlement.outcome, settlement.cost_nano_usd) == ("failed", 0)


async def test_without_postgres_it_says_so_in_time(tenant: Tenant) -> None:
    async with Writer("postgresql://nobody@/nothing?host=/nowhere", patience_seconds=0.2) as writer:
        with pytest.raises(Unavailable) as refused:
            await writer.requested(requested(tenant))
        assert (refused.value.code, refused.value.headers["Retry-After"]) == ("ledger_unavailable", "1")
        assert not writer.is_connected


async def test_a_writer_that_is_closed_refuses(gateway_url: str, tenant: Tenant) -> None:
    writer = Writer(gateway_url)
    with pytest.raises(Unavailable):
        await writer.requested(requested(tenant))
