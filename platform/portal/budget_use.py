"""What is used of budgets in their present period, as the books have it: settled, and held by calls under way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from audit.usage.totals import Group, Period, totals
from gateway.spending import period_of
from governance.models import UseCase
from kit.context import Actor
from kit.ids import first_id_at
from tenants.models import Budget, BudgetIncrease
from tenants.models import Period as BudgetPeriod
from tenants.snapshot import BudgetEntry

# No call is under way for longer: its lease and its upstream's deadline are over long before.
_LONGEST_CALL = timedelta(hours=2)
_SLACK = timedelta(days=1)

# From what is counted of every budget, and what came since.
_SPENT = """
SELECT key, sum(nano_usd) FROM (
    SELECT budget_id::text AS key, nano_usd FROM audit_spent
    WHERE organization_id = %(organization)s AND budget_id::text || ' ' || period = ANY (%(periods)s)
    UNION ALL
    SELECT charged.key, s.cost_nano_usd + coalesce(
        (SELECT sum(c.difference_nano_usd) FROM audit_correction c WHERE c.request_id = s.request_id), 0)
    FROM audit_settlement s
    CROSS JOIN LATERAL jsonb_each_text(s.budgets) AS charged
    WHERE s.organization_id = %(organization)s AND s.request_id >= audit_spent_through()
      AND charged.key || ' ' || charged.value = ANY (%(periods)s)
) AS spent
GROUP BY key
"""
# Of the calls that the entered scope sees, one by one. What budgets have spent is counted of all calls together.
_SPENT_IN_PART = """
SELECT charged.key, sum(s.cost_nano_usd + coalesce(
    (SELECT sum(c.difference_nano_usd) FROM audit_correction c WHERE c.request_id = s.request_id), 0))
FROM audit_settlement s
CROSS JOIN LATERAL jsonb_each_text(s.budgets) AS charged
WHERE s.organization_id = %(organization)s AND s.request_id >= %(since)s
  AND charged.key || ' ' || charged.value = ANY (%(periods)s)
GROUP BY charged.key
"""
_HELD = """
SELECT charged.key, sum((r.hold ->> 'cost_nano_usd')::bigint)
FROM audit_record r
CROSS JOIN LATERAL jsonb_each_text(r.hold -> 'budgets') AS charged
WHERE r.organization_id = %(organization)s AND r.id >= %(since)s AND r.id = r.request_id AND r.kind = 'requested'
  AND NOT EXISTS (SELECT FROM audit_settlement s WHERE s.request_id = r.id)
  AND charged.key || ' ' || charged.value = ANY (%(periods)s)
GROUP BY charged.key
"""


@dataclass(frozen=True, slots=True)
class InUse:
    """Nano-USD. `more` was granted for a while and is in force. `is_partial`: a budget of the whole organisation, of
    which only one's own teams' part is seen.
    """

    budget: Budget
    spent: int
    held: int
    since: datetime
    resets_at: datetime | None
    is_partial: bool
    more: int = 0

    @property
    def limit(self) -> int:
        return self.budget.limit_nano_usd + self.more

    @property
    def left(self) -> int:
        return max(0, self.limit - self.spent - self.held)

    @property
    def percent(self) -> int:
        """Of the limit, of what is spent and held together; above 100 where the limit was lowered."""
        return round(100 * (self.spent + self.held) / self.limit) if self.limit else 100


def in_use(budgets: Iterable[Budget], actor: Actor, *, time_zone: str, now: datetime) -> list[InUse]:
    """Each budget in the order given. Four queries, however many budgets there are, and one or two for each of which
    only a part is seen.
    """
    rows = list(budgets)
    periods = {budget.id: period_of(entry_of(budget), time_zone, now) for budget in rows}
    begins = {budget.id: _begin(budget, periods[budget.id][1]) for budget in rows}
    if not rows:
        return []
    partial = {budget.id for budget in rows if budget.team_id is None and actor.team_ids is not None}
    whole = {budget_id: name for budget_id, (name, _) in periods.items() if budget_id not in partial}
    part = {budget_id: name for budget_id, (name, _) in periods.items() if budget_id in partial}
    begin = min(begins.values()) - _SLACK
    tagged = {budget.id: part[budget.id] for budget in rows if budget.id in partial and budget.tag}
    spent = _sums(_SPENT, actor, whole, begin) | _sums(_SPENT_IN_PART, actor, tagged, begin)
    for budget in rows:
        if budget.id in partial and not budget.tag:
            since = max(begins[budget.id], budget.created_at)
            spent[budget.id] = _seen_of(budget, Period(since, now, time_zone))
    held = _sums(_HELD, actor, whole | part, now - _LONGEST_CALL)
    more = _granted(periods, now)
    return [
        InUse(
            budget=budget,
            spent=spent.get(budget.id, 0),
            held=held.get(budget.id, 0),
            since=begins[budget.id],
            resets_at=periods[budget.id][1],
            is_partial=budget.id in partial,
            more=more.get(budget.id, 0),
        )
        for budget in rows
    ]


def _sums(query: str, actor: Actor, named: Mapping[UUID, str], since: datetime) -> dict[UUID, int]:
    """By budget, of the period that each is in."""
    if not named:
        return {}
    periods = [f"{budget_id} {name}" for budget_id, name in named.items()]
    with connection.cursor() as cursor:
        cursor.execute(query, {"organization": actor.organization_id, "since": first_id_at(since), "periods": periods})
        return {UUID(budget_id): int(amount) for budget_id, amount in cursor.fetchall()}


def _seen_of(budget: Budget, period: Period) -> int:
    """What the calls cost that the entered scope sees and the budget binds, as far as they are counted."""
    of: dict[Group, Any] = {"model": budget.model} if budget.model else {}
    if budget.use_case:
        use_case = UseCase.objects.filter(slug=budget.use_case).first()
        if use_case is None:
            return 0
        of["use_case_id"] = use_case.id
    return sum(figures.nano_usd for figures in totals(period, of=of).values())


def _granted(budget_ids: Iterable[UUID], now: datetime) -> dict[UUID, int]:
    rows = BudgetIncrease.objects.filter(is_granted=True, ended_at=None, ends_at__gt=now, budget__in=list(budget_ids))
    return dict(rows.order_by().values_list("budget").annotate(more=Sum("amount_nano_usd")))


def _begin(budget: Budget, resets_at: datetime | None) -> datetime:
    """When the present period began; of a budget that never starts again, when it was made."""
    if resets_at is None:
        return budget.created_at
    if budget.period in (BudgetPeriod.MONTH, BudgetPeriod.QUARTER):
        first = (resets_at - timedelta(days=1)).replace(day=1)
        return first if budget.period == BudgetPeriod.MONTH else first.replace(month=first.month - 2)
    return resets_at - timedelta(days=7 if budget.period == BudgetPeriod.WEEK else 1)


def entry_of(budget: Budget) -> BudgetEntry:
    return BudgetEntry(
        budget.id,
        budget.organization_id,
        "organization",  # the period does not depend on the level
        budget.organization_id,
        budget.name,
        budget.limit_nano_usd,
        budget.period,
    )
