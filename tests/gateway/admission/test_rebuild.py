"""Redis comes back empty or stale; the counters come back from the books."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from gateway.admission.holds import Settled, Spending
from gateway.admission.truth import Balances
from kit.errors import BudgetExceeded, RateLimited, Unavailable
from tests.gateway.admission.books import Books, StaleEpoch
from tests.gateway.admission.till import Till, budget, limit
from tests.gateway.admission.valkey import Valkey


class SlowBooks(Books):
    """Balances are read, and then take until `go` to arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.read = asyncio.Event()

    async def balances(self, organization_id: UUID) -> Balances:
        balances = await super().balances(organization_id)
        self.read.set()
        await self.go.wait()
        return balances


@pytest.fixture
async def shaky(own_valkey: Valkey, books: Books) -> AsyncIterator[Till]:
    """A till whose server the test may kill."""
    till = Till(own_valkey.url, books)
    yield till
    await till.admission.close()


async def test_after_a_flush_what_was_spent_and_what_is_open_comes_from_the_books(
    shaky: Till, own_valkey: Valkey, books: Books
) -> None:
    line, key = budget(100), limit(concurrency=2, tokens_per_minute=100)
    settled, running = shaky.call(line, key, tokens=10, cost=50), shaky.call(line, key, tokens=60, cost=40)
    await shaky.request(settled, books)
    await shaky.request(running, books)
    books.settle(settled.request_id, tokens=10, cost_nano_usd=20)
    await shaky.settle(settled, tokens=10, cost=20)

    own_valkey.client.flushall()
    assert await shaky.spending(line) == [Spending(20, 40)]
    with pytest.raises(BudgetExceeded):
        await shaky.hold(line, cost=41)
    assert (await shaky.answer(key, tokens=40)).remaining_tokens == 0
    with pytest.raises(RateLimited):
        await shaky.hold(key)

    assert await shaky.settle(running, cost=40) is Settled.SETTLED
    assert await shaky.spending(line) == [Spending(60, 0)]


async def test_a_flush_begins_a_new_epoch(shaky: Till, own_valkey: Valkey, books: Books) -> None:
    call = shaky.call()
    before = await shaky.admission.hold(call)
    assert before.epoch == shaky.epoch == books.epoch
    own_valkey.client.flushall()
    await shaky.hold()
    assert books.epoch == shaky.epoch != before.epoch
    with pytest.raises(StaleEpoch):
        books.request(call, before.epoch)
    await shaky.request(call, books)


async def test_a_killed_server_is_not_believed_even_if_it_kept_its_state(
    shaky: Till, own_valkey: Valkey, books: Books
) -> None:
    line = budget(100)
    call = shaky.call(line, cost=30)
    await shaky.request(call, books)
    before = shaky.epoch
    own_valkey.kill()
    await asyncio.sleep(0.05)
    assert shaky.epoch is None
    own_valkey.start()

    assert await shaky.spending(line) == [Spending(0, 30)]
    assert shaky.epoch != before
    assert len(books.epochs) == 2


async def test_a_server_that_comes_back_with_yesterdays_state_does_not_forget_what_was_spent_since(
    shaky: Till, own_valkey: Valkey, books: Books, tmp_path: Path
) -> None:
    line = budget(100)
    first, second = shaky.call(line, cost=10), shaky.call(line, cost=80)
    await shaky.request(first, books)
    folder, copy = own_valkey.folder / "appendonlydir", tmp_path / "copy"
    await asyncio.sleep(0.01)
    shutil.copytree(folder, copy)
    await shaky.request(second, books)
    books.settle(second.request_id, tokens=0, cost_nano_usd=80)
    await shaky.settle(second, cost=80)

    own_valkey.kill()
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)
    own_valkey.start()
    with pytest.raises(BudgetExceeded):
        await shaky.hold(line, cost=11)
    assert await shaky.spending(line) == [Spending(80, 10)]


async def test_calls_in_flight_when_the_server_restarts_are_held_again(
    shaky: Till, own_valkey: Valkey, books: Books
) -> None:
    line = budget(1000)
    await shaky.hold(line)
    calls = [shaky.call(line, cost=1) for _ in range(50)]
    requests = [asyncio.create_task(shaky.request(call, books)) for call in calls]
    await asyncio.sleep(0)
    own_valkey.kill()
    own_valkey.start()
    await asyncio.gather(*requests)
    assert await shaky.spending(line) == [Spending(0, 50)]


@pytest.mark.parametrize("settled_before_reading", [True, False])
async def test_a_call_settled_while_the_counters_are_rebuilt_counts_once(
    own_valkey: Valkey, settled_before_reading: bool
) -> None:
    books = SlowBooks()
    books.go.set()
    till = Till(own_valkey.url, books)
    line = budget(100)
    call = till.call(line, cost=50)
    await till.request(call, books)
    own_valkey.client.flushall()
    books.go.clear()
    books.read.clear()

    if settled_before_reading:
        books.settle(call.request_id, tokens=0, cost_nano_usd=30)
    reading = asyncio.create_task(till.spending(line))
    await books.read.wait()
    books.settle(call.request_id, tokens=0, cost_nano_usd=30)
    settling = asyncio.create_task(till.settle(call, cost=30))
    await asyncio.sleep(0.02)
    assert not settling.done()

    books.go.set()
    await reading
    assert await settling is (Settled.UNKNOWN if settled_before_reading else Settled.SETTLED)
    assert await till.spending(line) == [Spending(30, 0)]
    await till.admission.close()


async def test_any_number_of_calls_in_two_processes_rebuild_once(own_valkey: Valkey, books: Books) -> None:
    one = Till(own_valkey.url, books)
    other = Till(own_valkey.url, books, organization_id=one.organization_id)
    line = budget(40)
    await asyncio.gather(*(till.hold(line, cost=1) for till in (one, other) for _ in range(20)))
    assert len(books.epochs) == 1
    assert one.epoch == other.epoch == books.epoch
    assert await one.spending(line) == [Spending(0, 40)]
    await asyncio.gather(one.admission.close(), other.admission.close())


async def test_while_the_books_cannot_be_read_no_call_is_let_in(
    own_valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books()
    till = Till(own_valkey.url, books)
    with monkeypatch.context() as patch:
        patch.setattr(books, "balances", None)
        with pytest.raises(Unavailable) as refused:
            await till.hold()
    assert refused.value.code == "admission_unavailable"
    assert refused.value.headers == {"retry-after": "1"}
    await till.hold()
    await till.admission.close()


async def test_books_that_never_answer_do_not_hang_the_call(own_valkey: Valkey) -> None:
    books = SlowBooks()
    till = Till(own_valkey.url, books, rebuild_timeout=0.1)
    with pytest.raises(Unavailable):
        await till.hold()
    books.go.set()
    await till.hold()
    await till.admission.close()


async def test_the_lock_of_a_process_that_died_in_a_rebuild_runs_out(own_valkey: Valkey, books: Books) -> None:
    till = Till(own_valkey.url, books)
    own_valkey.client.set(f"adm:{{{till.organization_id.hex}}}:rebuild", "of the dead", px=100)
    await till.hold()
    assert len(books.epochs) == 1
    await till.admission.close()


async def test_a_rebuild_that_lost_its_lock_installs_nothing(own_valkey: Valkey) -> None:
    books = SlowBooks()
    till = Till(own_valkey.url, books)
    line = budget(10)
    holding = asyncio.create_task(till.hold(line, cost=10))
    await books.read.wait()
    own_valkey.client.delete(f"adm:{{{till.organization_id.hex}}}:rebuild")
    books.go.set()
    await holding
    assert len(books.epochs) == 2
    assert till.epoch == books.epoch
    await till.admission.close()


async def test_counters_the_books_disown_are_rebuilt_on_demand(till: Till, books: Books) -> None:
    line = budget(100)
    await till.hold(line, cost=50)
    disowned = till.epoch
    assert disowned
    await till.admission.rebuild(till.organization_id, unwanted_epoch=disowned)
    assert till.epoch == books.epoch != disowned
    assert await till.spending(line) == [Spending(0, 0)]

    await till.admission.rebuild(till.organization_id, unwanted_epoch=disowned)
    assert len(books.epochs) == 2


async def test_the_newest_period_of_a_budget_is_the_one_installed(
    shaky: Till, own_valkey: Valkey, books: Books
) -> None:
    december, november = budget(100, "2026-12"), budget(100, "2026-11")
    november = budget(100, "2026-11", budget_id=december.budget_id)
    late = shaky.call(november, cost=70)
    await shaky.request(late, books)
    early = shaky.call(december, cost=30)
    await shaky.request(early, books)
    books.settle(early.request_id, tokens=0, cost_nano_usd=20)
    await shaky.settle(early, cost=20)
    own_valkey.client.flushall()
    assert await shaky.spending(december) == [Spending(20, 0)]
    await shaky.settle(late, cost=70)
    assert await shaky.spending(december) == [Spending(20, 0)]


async def test_a_large_organisation_is_rebuilt_whole(shaky: Till, own_valkey: Valkey, books: Books) -> None:
    lines = [budget(10**18) for _ in range(200)]
    calls = [shaky.call(limit(concurrency=9), lines[i % 200], cost=10**16 + i) for i in range(1000)]
    await asyncio.gather(*(shaky.request(call, books) for call in calls))
    own_valkey.client.flushall()
    expected = [Spending(0, sum(10**16 + i for i in range(n, 1000, 200))) for n in range(200)]
    assert await shaky.spending(*lines) == expected
