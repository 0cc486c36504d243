"""One run: callers, faults, recovery, and the books."""

from __future__ import annotations

import asyncio
import time

from gateway.admission.holds import Spending
from tests.bench.output import say
from tests.chaos import checker, nemesis, recovery
from tests.chaos.books import Books, Page
from tests.chaos.checker import Evidence
from tests.chaos.faults import Scene, kinds
from tests.chaos.history import History
from tests.chaos.installation import LEASE_SECONDS, Installation, NotStarted
from tests.chaos.policy import Policy
from tests.chaos.report import Report
from tests.chaos.traffic import Callers
from tests.chaos.workload import Workload

# A hold whose lease is over is asked about at once, and ten seconds later again.
_COUNTED_SECONDS = LEASE_SECONDS + 20.0


async def broken(installation: Installation, seed: int, count: int, lanes: list[str]) -> Report:
    """Breaks it so many times, in all lanes unless some are named. Raises `NotStarted` where it never worked."""
    began = time.monotonic()
    history = new_history(installation)
    callers = Callers(history, installation.urls, seed)
    policy = Policy(installation, callers)
    workload = Workload(installation, callers, policy, history, seed)
    if await recovery.admitting(installation, callers, history) is None:
        raise NotStarted("the gateways admit no calls")
    say(f"breaking it {count} times")
    traffic = asyncio.create_task(workload.run())
    gateways = len(installation.ports)
    chosen = [kind for kind in kinds(gateways) if not lanes or kind.lane in lanes]
    faults = nemesis.plan(chosen, count, seed)
    done = await nemesis.inject(faults, Scene(installation, workload, policy), history)
    await recovery.undo(installation, recovery.programs(gateways))
    history.note("undone")
    say(f"all undone after {time.monotonic() - began:.0f} s: waiting until it works again, and until nothing is open")
    admitting = await recovery.admitting(installation, callers, history)
    workload.stop()
    await traffic
    await callers.close()
    books = Books(installation)
    closed = await recovery.closed(books, history)
    verdicts = checker.judge(await evidence(history, books))
    return Report(seed, time.monotonic() - began, done, history, admitting, closed, verdicts)


def new_history(installation: Installation) -> History:
    history = History()
    for organization in installation.organizations.values():
        for budget in organization["budgets"]:
            history.note_limit(budget["id"], budget["limit_nano_usd"])
    return history


async def evidence(history: History, books: Books) -> Evidence:
    page = await books.read()
    counted = await _counted(books, page)
    await books.flush_counters()
    return Evidence(history, page, counted, await books.counted())


async def _counted(books: Books, page: Page) -> dict[str, Spending]:
    """Where the budgets stand, once that is what the books say; or where they stand when it has not become so."""
    until = time.monotonic() + _COUNTED_SECONDS
    while True:
        counted = await books.counted()
        as_written = all(stands == Spending(page.spent(budget), 0) for budget, stands in counted.items())
        if as_written or time.monotonic() > until:
            return counted
        await asyncio.sleep(1)
