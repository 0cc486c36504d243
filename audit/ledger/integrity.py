"""Whether the guards of ledger and history still stand, as the database itself sees them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connections

_PROBLEMS = """
SELECT severity, subject, problem FROM audit_integrity()
UNION ALL SELECT severity, subject, problem FROM audit_history_integrity()
ORDER BY severity, subject, problem
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """`severity` is `error`, or `warning` for what a managed database may not allow."""

    severity: str
    subject: str
    problem: str

    def __str__(self) -> str:
        return f"{self.subject} {self.problem}"


def problems(*, using: str) -> list[Problem]:
    """Every guard that is missing, weakened or added to, on the tables and on each of their partitions."""
    with connections[using].cursor() as cursor:
        cursor.execute(_PROBLEMS)
        return [Problem(*row) for row in cursor.fetchall()]
