from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import orjson
import pytest
from django.db import connections

from audit.ledger.append import Writer
from audit.ledger.dimensions import Dimensions
from audit.ledger.orphans import SettledOrphan, settle_orphans
from audit.ledger.rows import Hold, RequestedRow
from kit import clock
from kit.ids import new_id
from tests.audit.conftest import Connect, corrections_of, records_of, settlements_of
from tests.audit.rows import Tenant, hold, outcome_of, requested

SILENT_FOR = timedelta(seconds=5)  # PostgreSQL itself must have been up for as long


@pytest.fixture
def row(tenant: Tenant) -> RequestedRow:
    return requested(tenant, held=hold(tenant, cost_nano_usd=777, budgets={"budget": "2026-11"}))


def silence(connect: Connect, writer: Writer, seconds: int = 60) -> None:
    """As if the writer had not been heard of for so long."""
    connect("migrator").execute(
        "UPDATE audit_writer SET seen_at = seen_at - make_interval(secs => %s) WHERE id = %s", [seconds, writer.id]
    )


async def reap(tenant: Tenant, at_most: int = 500) -> list[SettledOrphan]:
    def settle() -> list[SettledOrphan]:
        try:
            return settle_orphans(silent_for=SILENT_FOR, at_most=at_most, using="system")
        finally:
            connections.close_all()  # those of this thread

    return [orphan for orphan in await asyncio.to_thread(settle) if orphan.organization_id == tenant.id]


async def test_what_a_dead_writer_left_open_is_settled_at_its_hold(
    connect: Connect, gateway_url: str, tenant: Tenant, row: RequestedRow
) -> None:
    finished = requested(tenant)
    async with Writer(gateway_url) as writer:
        await writer.requested(row)
        await writer.requested(finished)
        await writer.outcome(outcome_of(finished))
    silence(connect, writer)

    assert await reap(tenant) == [
        SettledOrphan(row.id, tenant.id, input_tokens=60, output_tokens=40, cost_nano_usd=777)
    ]
    settlement = next(found for found in settlements_of(tenant) if found.request_id == row.id)
    assert (settlement.outcome, settlement.cost_nano_usd, settlement.estimated) == ("outcome_unknown", 777, True)
    assert settlement.budgets == {"budget": "2026-11"}
    record = next(found for found in records_of(tenant) if found.kind == "outcome_unknown")
    assert (record.id, record.request_id) == (settlement.outcome_record_id, row.id)
    assert json.loads(record.envelope)["error"] == "writer_lost"
    assert await reap(tenant) == []


async def test_an_orphan_is_counted_where_its_call_belongs(
    connect: Connect, gateway_url: str, tenant: Tenant, row: RequestedRow
) -> None:
    row.hold.dimensions = Dimensions(route="helper", use_case_id=new_id(), subject_id=new_id(), tags=("nightly",))
    async with Writer(gateway_url) as writer:
        await writer.requested(row)
    silence(connect, writer)
    await reap(tenant)

    [settlement] = settlements_of(tenant)
    kept = row.hold.dimensions
    assert (settlement.route, settlement.use_case_id, settlement.subject_id, settlement.tags) == (
        *(kept.route, kept.use_case_id, kept.subject_id),
        ["nightly"],
    )
    assert (settlement.error, settlement.latency_ms) == ("writer_lost", None)


def test_a_hold_of_before_there_were_dimensions_is_understood(tenant: Tenant) -> None:
    kept = orjson.loads(orjson.dumps(hold(tenant)))
    assert Hold.stored(kept).dimensions == Dimensions()
    del kept["dimensions"]
    assert Hold.stored(kept).dimensions == Dimensions()


@pytest.mark.parametrize("hours", [-1, 1])
async def test_an_orphan_is_settled_by_whoever_has_a_wrong_clock(
    connect: Connect, gateway_url: str, tenant: Tenant, row: RequestedRow, hours: int
) -> None:
    async with Writer(gateway_url) as writer:
        await writer.requested(row)
    silence(connect, writer)

    with clock.shifted(timedelta(hours=hours)):
        assert [orphan.request_id for orphan in await reap(tenant)] == [row.id]


async def test_a_long_call_of_a_living_writer_is_no_orphan(
    connect: Connect, writer: Writer, tenant: Tenant, row: RequestedRow
) -> None:
    await writer.requested(row)
    assert await reap(tenant) == []


async def test_many_orphans_are_settled_bit_by_bit(connect: Connect, gateway_url: str, tenant: Tenant) -> None:
    async with Writer(gateway_url) as writer:
        await asyncio.gather(*(writer.requested(requested(tenant)) for _ in range(7)))
    silence(connect, writer)
    assert [len(await reap(tenant, at_most=3)) for _ in range(4)] == [3, 3, 1, 0]


async def test_a_call_that_was_open_long_before_its_writer_died_is_found(
    connect: Connect, gateway_url: str, tenant: Tenant, row: RequestedRow
) -> None:
    async with Writer(gateway_url) as writer:
        await writer.requested(row)
        await writer._beat(writer._wires[0])
    # An hour later by the heartbeat: only the oldest open id it named leads to the request.
    silence(connect, writer, seconds=-3600)
    connect("migrator").execute(
        "UPDATE audit_writer SET seen_at = seen_at - interval '2 hours' WHERE id = %s", [writer.id]
    )
    assert [orphan.request_id for orphan in await reap(tenant)] == [row.id]


async def test_a_late_truth_is_a_correction(
    connect: Connect, writer: Writer, tenant: Tenant, row: RequestedRow
) -> None:
    await writer.requested(row)
    silence(connect, writer)
    assert len(await reap(tenant)) == 1

    truth = outcome_of(row, cost_nano_usd=500)
    assert [await writer.outcome(truth) for _ in range(2)] == ["corrected", "duplicate"]
    assert await writer.outcome(outcome_of(row, cost_nano_usd=1)) == "settled"

    [correction] = corrections_of(tenant)
    assert (correction.request_id, correction.record_id) == (row.id, truth.id)
    assert (correction.cost_nano_usd, correction.difference_nano_usd) == (500, -277)
    assert [record.kind for record in records_of(tenant)] == ["requested", "outcome_unknown", "completed"]


async def test_the_reaper_and_the_writer_settle_once_between_them(
    connect: Connect, writer: Writer, tenant: Tenant
) -> None:
    rows = [requested(tenant) for _ in range(20)]
    await asyncio.gather(*(writer.requested(row) for row in rows))
    silence(connect, writer)
    reaped, answers = await asyncio.gather(
        reap(tenant), asyncio.gather(*(writer.outcome(outcome_of(row)) for row in rows))
    )
    assert len(settlements_of(tenant)) == 20
    assert answers.count("corrected") == len(reaped)
    assert answers.count("written") == 20 - len(reaped)
