from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from audit.ledger.append import StaleEpoch, Writer
from audit.usage.balances import LedgerTruth
from kit.errors import Unavailable
from tests.audit.conftest import Connect, records_of
from tests.audit.rows import Tenant, requested


@pytest.fixture
async def truth(gateway_url: str) -> AsyncIterator[LedgerTruth]:
    found = LedgerTruth(gateway_url)
    yield found
    await found.close()


async def test_a_row_of_the_epoch_in_force_is_written(writer: Writer, truth: LedgerTruth, tenant: Tenant) -> None:
    await truth.begin_epoch(tenant.id, "second")
    await writer.requested(requested(tenant, epoch="second"))


async def test_a_row_of_an_epoch_that_is_over_is_refused(
    writer: Writer, truth: LedgerTruth, tenant: Tenant, other_tenant: Tenant
) -> None:
    await truth.begin_epoch(tenant.id, "first")
    await truth.begin_epoch(tenant.id, "second")
    with pytest.raises(StaleEpoch):
        await writer.requested(requested(tenant, epoch="first"))
    assert records_of(tenant) == []
    await writer.requested(requested(other_tenant, epoch="first"))


async def test_before_an_organisation_has_an_epoch_any_is_taken(writer: Writer, tenant: Tenant) -> None:
    await writer.requested(requested(tenant, epoch="first"))


async def test_what_holds_nothing_has_no_epoch(writer: Writer, truth: LedgerTruth, tenant: Tenant) -> None:
    await truth.begin_epoch(tenant.id, "first")
    await writer.requested(requested(tenant, epoch=None))


async def test_a_stale_row_does_not_fail_its_batch(writer: Writer, truth: LedgerTruth, tenant: Tenant) -> None:
    await truth.begin_epoch(tenant.id, "second")
    rows = [requested(tenant, epoch=epoch) for epoch in ("second", "first", "second")]
    results = await asyncio.gather(*(writer.requested(row) for row in rows), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), StaleEpoch, type(None)]


async def test_an_epoch_begins_when_what_the_last_one_admitted_is_visible(
    connect: Connect, truth: LedgerTruth, tenant: Tenant
) -> None:
    """An append under the old epoch is under way: it has looked at the epoch and not yet committed."""
    appending = connect("gateway")
    appending.autocommit = False
    appending.execute("SELECT audit_append(NULL, '[]', '{}', '[]', '[]', '{}')")

    beginning = asyncio.create_task(truth.begin_epoch(tenant.id, "second"))
    done, _ = await asyncio.wait([beginning], timeout=0.3)
    assert not done
    appending.commit()
    await beginning


async def test_an_epoch_does_not_wait_for_strangers(connect: Connect, truth: LedgerTruth, tenant: Tenant) -> None:
    stranger = connect("migrator")
    with stranger.transaction():
        stranger.execute("INSERT INTO audit_writer VALUES (gen_random_uuid(), now(), NULL)")
        await asyncio.wait_for(truth.begin_epoch(tenant.id, "second"), 2)


async def test_no_row_slips_in_under_an_old_epoch(
    gateway_url: str, writer: Writer, truth: LedgerTruth, tenant: Tenant
) -> None:
    """The law the rebuild of counters rests on: what the balances do not see will never be written."""
    await truth.begin_epoch(tenant.id, "0")
    for number in range(1, 15):
        rows = [requested(tenant, epoch=str(number - 1)) for _ in range(10)]
        calls = [asyncio.create_task(writer.requested(row)) for row in rows]
        await asyncio.sleep(0.0005 * (number % 4))
        await truth.begin_epoch(tenant.id, str(number))
        seen = {found.request_id for found in (await truth.balances(tenant.id)).open}
        results = await asyncio.gather(*calls, return_exceptions=True)
        for row, result in zip(rows, results, strict=True):
            assert (row.id in seen) == (result is None)


async def test_a_lock_that_is_not_given_is_said_in_time(connect: Connect, tenant: Tenant, gateway_url: str) -> None:
    appending = connect("gateway")
    appending.autocommit = False
    appending.execute("SELECT audit_append(NULL, '[]', '{}', '[]', '[]', '{}')")
    beginner = connect("gateway")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        await asyncio.to_thread(beginner.execute, "SELECT audit_begin_epoch(%s, 'x')", [tenant.id])
    appending.rollback()


async def test_without_postgres_it_says_so(tenant: Tenant) -> None:
    truth = LedgerTruth("postgresql://nobody@/nothing?host=/nowhere")
    with pytest.raises(Unavailable) as refused:
        await truth.balances(tenant.id)
    assert refused.value.code == "admission_unavailable"
