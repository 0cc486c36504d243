"""What is settled of each budget in each of its periods, for whoever watches all of them: tasks, as the system role."""

from __future__ import annotations

from uuid import UUID

from django.db import connections

# Sums that a task keeps, and what came in since.
_SPENT = """
WITH charged AS (
    SELECT budgets, cost_nano_usd AS nano_usd FROM audit_settlement
    WHERE organization_id = %(organization)s AND request_id >= (SELECT through FROM audit_rolled_up)
    UNION ALL
    SELECT budgets, difference_nano_usd FROM audit_correction JOIN audit_settlement USING (request_id)
    WHERE audit_correction.organization_id = %(organization)s
      AND request_id >= (SELECT through FROM audit_rolled_up)
)
SELECT budget, period, sum(nano_usd) FROM (
    SELECT budget_id::text AS budget, period, nano_usd FROM audit_spent
    WHERE organization_id = %(organization)s AND period = ANY (%(periods)s)
    UNION ALL
    SELECT budget, period, nano_usd FROM charged CROSS JOIN LATERAL jsonb_each_text(budgets) AS charge (budget, period)
    WHERE period = ANY (%(periods)s)
) AS part
WHERE pg_input_is_valid(budget, 'uuid') GROUP BY budget, period
"""


def spent_in(periods: set[str], *, organization_id: UUID) -> dict[tuple[UUID, str], int]:
    """Nano-USD by budget (of one for each: by the allowance of a member) and the name of the period."""
    with connections["system"].cursor() as cursor:
        cursor.execute(_SPENT, {"organization": organization_id, "periods": sorted(periods)})
        return {(UUID(budget), period): int(nano_usd) for budget, period, nano_usd in cursor.fetchall()}
