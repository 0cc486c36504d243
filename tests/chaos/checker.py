"""What must hold whatever happened. Each law is one function, which names those who broke it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from gateway.admission.holds import Spending
from tests.chaos.books import Page
from tests.chaos.history import Call, History


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was said, what is written, and what is counted: as found, and made again from the books."""

    history: History
    page: Page
    counted: dict[str, Spending]
    rebuilt: dict[str, Spending]

    def acknowledged(self) -> Iterator[Call]:
        return (call for call in self.history.calls if call.result == "ok")


Law = Callable[[Evidence], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Verdict:
    law: str
    broken: list[str]


def unrecorded(found: Evidence) -> Iterator[str]:
    """Acknowledged calls not on record"""
    for call in found.acknowledged():
        kinds = found.page.records.get(call.request_id, [])
        if kinds.count("requested") != 1:
            yield f"{call.number}: {call.request_id} has the records {kinds}"


def without_outcome(found: Evidence) -> Iterator[str]:
    """Acknowledged calls without a durable outcome"""
    for call in found.acknowledged():
        kinds = found.page.records.get(call.request_id, [])
        settled = [one.outcome for one in found.page.settlements.get(call.request_id, [])]
        is_corrected = settled == ["outcome_unknown"] and call.request_id in found.page.corrections
        if kinds.count("completed") != 1 or not (settled == ["completed"] or is_corrected):
            yield f"{call.number}: {call.request_id} has the records {kinds} and the settlements {settled}"


def settled_twice(found: Evidence) -> Iterator[str]:
    """Calls settled more than once"""
    for request_id, settled in found.page.settlements.items():
        ends = [kind for kind in found.page.records[request_id] if kind != "requested"]
        corrections = found.page.corrections.get(request_id, [])
        if len(settled) != 1 or len(corrections) > 1 or len(ends) != 1 + len(corrections):
            yield f"{request_id}: records {ends}, settlements {settled}, corrections {corrections}"


def left_open(found: Evidence) -> Iterator[str]:
    """Calls without an end"""
    for request_id, kinds in found.page.records.items():
        if "requested" in kinds and request_id not in found.page.settlements:
            yield f"{request_id}: {kinds}"


def mispriced(found: Evidence) -> Iterator[str]:
    """Calls that cost something else than their caller was told"""
    for call in found.acknowledged():
        for settled in found.page.settlements.get(call.request_id, []):
            cost = settled.cost_nano_usd + found.page.corrected(call.request_id)
            if call.cost_usd and Decimal(call.cost_usd) * 10**9 != cost:
                yield f"{call.number}: told {call.cost_usd} USD, settled {cost} nano-USD"


def paid_for_nothing(found: Evidence) -> Iterator[str]:
    """Calls that were refused before they were let through, and settled at a price"""
    for call in found.history.calls:
        if call.result == "error" and call.status in (401, 402, 403, 429):
            if any(settled.cost_nano_usd for settled in found.page.settlements.get(call.request_id, [])):
                yield f"{call.number}: {call.status} {call.code}"


def wrong_answers(found: Evidence) -> Iterator[str]:
    """Answers that are not the caller's, not whole, or not to be expected"""
    return (f"{call.number}: {call.wrong}" for call in found.history.calls if call.wrong)


def let_through(found: Evidence) -> Iterator[str]:
    """Calls let through after what forbids them was in force"""
    for call in found.acknowledged():
        if call.forbidden:
            yield f"{call.number}: {call.request_id} through gateway {call.gateway}"


def overspent(found: Evidence) -> Iterator[str]:
    """Budgets that were exceeded, at any time"""
    for budget, raises in found.history.limits.items():
        total = 0
        for at, amount in found.page.movements(budget):
            total += amount
            limit = max((limit for since, limit in raises if since <= at), default=0)
            if total > limit:
                yield f"{budget}: {total} of {limit} nano-USD at {at}"
                break


def dearer_than_held(found: Evidence) -> Iterator[str]:
    """Calls that cost more than was held for them"""
    for request_id, settled in found.page.settlements.items():
        for one in settled:
            if one.cost_nano_usd > one.held_nano_usd:
                yield f"{request_id}: {one.cost_nano_usd} of {one.held_nano_usd} nano-USD"


def unmarked(found: Evidence) -> Iterator[str]:
    """Calls whose end nobody knows, not settled at what they held or not marked as estimated"""
    for request_id, settled in found.page.settlements.items():
        for one in settled:
            if one.outcome == "outcome_unknown" and not (one.estimated and one.cost_nano_usd == one.held_nano_usd):
                yield f"{request_id}: {one.cost_nano_usd} of {one.held_nano_usd} nano-USD, estimated: {one.estimated}"


def unaccounted(found: Evidence) -> Iterator[str]:
    """Nano-USD by which counters and books differ"""
    return _differences(found, found.counted)


def unaccounted_rebuilt(found: Evidence) -> Iterator[str]:
    """The same, of counters made again from the books"""
    return _differences(found, found.rebuilt)


def _differences(found: Evidence, counted: dict[str, Spending]) -> Iterator[str]:
    for budget, stands in counted.items():
        spent = found.page.spent(budget)
        if stands != Spending(spent, 0):
            yield f"{budget}: books {spent}, counted {stands.spent_nano_usd}, still held {stands.held_nano_usd}"


LAWS: tuple[Law, ...] = (
    *(unrecorded, without_outcome, settled_twice, left_open, mispriced, paid_for_nothing),
    *(wrong_answers, let_through, overspent, dearer_than_held, unmarked, unaccounted, unaccounted_rebuilt),
)


def judge(evidence: Evidence) -> list[Verdict]:
    return [Verdict(law.__doc__ or law.__name__, list(law(evidence))) for law in LAWS]
