"""Whether admission's counters say what the books say, for every organisation, while calls go on.

Neither can be read at the moment of the other. What the books had some seconds before is counted by now, and nothing is
counted that they do not have a moment later: a counter outside these two has drifted. Then all counters of the
organisation are made anew from the books, which is what they would be had nothing gone wrong.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connections

from audit.usage.balances import LedgerTruth
from gateway.admission.admission import Admission
from gateway.admission.connection import Connection
from gateway.admission.holds import BudgetLine
from gateway.spending import period_names
from gateway.truth import Books
from kit import clock, errors, metrics
from portal import counters
from tenants.models import Organization

logger = logging.getLogger(__name__)
# A settlement is counted a moment after its commit; the worker may be busy.
GRACE_SECONDS = 5.0
_NO_LIMIT = 0
_COUNTED = "SELECT organization_id FROM audit_admission_epoch"
_repaired = metrics.counter(
    "chancery_counters_repaired_total",
    "Organisations whose counters did not say what the books say, and were made anew.",
).of()
_drifted = metrics.counter("chancery_counter_drift_nano_usd_total", "By how much these counters were wrong.").of()

Spent = dict[tuple[UUID, str], int]  # nano-USD by account and period


@dataclass(frozen=True, slots=True)
class Drift:
    """An account is a budget, or what one of many has of a budget for each."""

    organization_id: UUID
    account_id: UUID
    period: str
    counted_nano_usd: int
    nano_usd: int


def repair(*, grace_seconds: float = GRACE_SECONDS) -> list[Drift]:
    """Looks at every organisation that has counters and repairs those that drifted. Gives what had."""
    with connections[counters.SYSTEM].cursor() as cursor:
        cursor.execute(_COUNTED)
        counted = [organization_id for (organization_id,) in cursor.fetchall()]
    organizations = list(Organization.across_tenants.using(counters.SYSTEM).filter(id__in=counted))
    lines = {each.id: counters.lines_of(each, clock.now()) for each in organizations}
    found = asyncio.run(_repaired_of(organizations, lines, grace_seconds))
    for drift in found:
        _drifted.value += abs(drift.counted_nano_usd - drift.nano_usd)
        logger.error("counters of %s in %s said %d nano-USD, the books %d: made anew", *_said(drift))
    _repaired.value += len({drift.organization_id for drift in found})
    return found


async def _repaired_of(
    organizations: Iterable[Organization], lines: dict[UUID, list[BudgetLine]], grace_seconds: float
) -> list[Drift]:
    books = Books(LedgerTruth(settings.GATEWAY_DSN), settings.HOLD_LEASE_SECONDS)
    admission = Admission(Connection(settings.REDIS_URL), books)
    found: list[Drift] = []
    try:
        before = {each.id: await _spent(books, each.id) for each in organizations}
        await asyncio.sleep(grace_seconds)
        for each in organizations:
            drifts = await _drifts(admission, books, each, lines[each.id], before[each.id])
            if drifts:
                await admission.rebuild(each.id, unwanted_epoch=admission.current_epoch(each.id) or "")
            found += drifts
    except errors.Unavailable:
        logger.warning("counters or books not reached; they are compared the next time")
    finally:
        await admission.close()
        await books.close()
    return found


async def _drifts(
    admission: Admission, books: Books, organization: Organization, lines: list[BudgetLine], before: Spent
) -> list[Drift]:
    """Of the periods that are present; what is of another one is not charged any more."""
    now = clock.now()
    current = period_names(organization.time_zone, now)
    accounts = {(line.budget_id, line.period) for line in lines} | set(before)
    wanted = [_line(*account) for account in sorted(accounts, key=str) if account[1] in current]
    counted = await admission.spending(organization.id, wanted)
    after = await _spent(books, organization.id)
    if current != period_names(organization.time_zone, clock.now()):
        return []  # one has ended meanwhile
    found = []
    for line, stands in zip(wanted, counted, strict=True):
        told = before.get((line.budget_id, line.period), 0), after.get((line.budget_id, line.period), 0)
        if not min(told) <= stands.spent_nano_usd <= max(told):
            found.append(Drift(organization.id, line.budget_id, line.period, stands.spent_nano_usd, told[1]))
    return found


def _line(account_id: UUID, period: str) -> BudgetLine:
    return BudgetLine(account_id, "", "organization", _NO_LIMIT, period)


async def _spent(books: Books, organization_id: UUID) -> Spent:
    return {(one.budget_id, one.period): one.nano_usd for one in (await books.balances(organization_id)).spent}


def _said(drift: Drift) -> tuple[UUID, str, int, int]:
    return drift.account_id, drift.period, drift.counted_nano_usd, drift.nano_usd
