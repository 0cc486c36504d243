"""A run can be had again, and everything comes in it; the laws see what they are there to see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.admission.holds import Spending
from tests.chaos import checker, nemesis
from tests.chaos.books import Page, Settlement
from tests.chaos.checker import Evidence
from tests.chaos.faults import kinds
from tests.chaos.history import Call, History
from tests.chaos.proxy import Proxy

BUDGET = "a budget"
REQUEST = "a request"


def test_a_seed_gives_the_same_faults_and_another_seed_others() -> None:
    first, again, other = (
        [(fault.kind.lane, fault.kind.name, fault.seconds) for fault in nemesis.plan(kinds(3), 200, seed)]
        for seed in (7, 7, 8)
    )
    assert first == again != other


def test_every_kind_of_fault_comes_in_a_run_of_common_length() -> None:
    planned = {(fault.kind.lane, fault.kind.name) for fault in nemesis.plan(kinds(3), 220, 1)}
    assert {(kind.lane, kind.name) for kind in kinds(3)} - planned == set()


def evidence(*, cost: int = 5, counted: int = 5, limit: int = 10) -> Evidence:
    """One call that went well, and the books of it."""
    history = History()
    history.note_limit(BUDGET, limit)
    call = history.invoke("open", 0, "answer", "")
    call.result, call.status, call.request_id, call.cost_usd = "ok", 200, REQUEST, f"{cost / 10**9:.9f}"
    page = Page()
    page.records[REQUEST] = ["requested", "completed"]
    page.settlements[REQUEST] = [Settlement("completed", False, cost, 9, datetime.now(UTC), (BUDGET,))]
    stands = {BUDGET: Spending(counted, 0)}
    return Evidence(history, page, stands, stands)


def broken(found: Evidence) -> set[str]:
    return {verdict.law for verdict in checker.judge(found) if verdict.broken}


def first_call(found: Evidence) -> Call:
    return found.history.calls[0]


def test_books_in_order_break_no_law() -> None:
    assert broken(evidence()) == set()


def test_an_acknowledged_call_must_be_on_record() -> None:
    found = evidence(counted=0)
    found.page.records.clear()
    found.page.settlements.clear()
    assert broken(found) == {"Acknowledged calls not on record", "Acknowledged calls without a durable outcome"}


def test_a_call_is_settled_once() -> None:
    found = evidence(counted=10)
    found.page.settlements[REQUEST] *= 2
    assert "Calls settled more than once" in broken(found)


def test_a_call_has_an_end() -> None:
    found = evidence(counted=0)
    first_call(found).result = "unknown"
    found.page.records[REQUEST] = ["requested"]
    found.page.settlements.clear()
    assert broken(found) == {"Calls without an end"}


def test_counters_say_what_the_books_say() -> None:
    assert broken(evidence(counted=4)) == {
        "Nano-USD by which counters and books differ",
        "The same, of counters made again from the books",
    }


def test_a_budget_holds_from_the_moment_it_is_set() -> None:
    found = evidence(limit=4)
    found.history.note_limit(BUDGET, 10)
    assert broken(found) == {"Budgets that were exceeded, at any time"}


def test_nobody_passes_who_was_forbidden() -> None:
    found = evidence()
    first_call(found).forbidden = True
    assert broken(found) == {"Calls let through after what forbids them was in force"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@asynccontextmanager
async def echoing(path: Path) -> AsyncIterator[Proxy]:
    """A proxy before a service that says again what it is told."""

    echoes: list[asyncio.Task[None]] = []

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        echoes.append(asyncio.create_task(echo(reader, writer)))

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_unix_server(begin, path / "echo")
    proxy = Proxy(lambda: str(path / "echo"))
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
        await asyncio.gather(*echoes)
        server.close()
        await server.wait_closed()


async def test_a_proxy_that_is_silent_delivers_afterwards(folder: Path) -> None:
    async with echoing(folder) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"one")
        assert await reader.read(100) == b"one"
        proxy.fall_silent()
        writer.write(b"two")
        waiting = asyncio.create_task(reader.read(100))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        proxy.heal()
        assert await waiting == b"two"
        writer.close()


async def test_a_proxy_that_is_gone_cuts_whoever_is_connected_and_comes_back(folder: Path) -> None:
    async with echoing(folder) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"one")
        assert await reader.read(100) == b"one"
        proxy.vanish()
        with suppress(ConnectionResetError):
            assert await reader.read(100) == b""
        writer.close()
        proxy.heal()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"two")
        assert await reader.read(100) == b"two"
        writer.close()
