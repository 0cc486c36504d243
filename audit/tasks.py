"""What the ledger needs done regularly, as the system role. The timetable is in `portal.celery`."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.db import connections

from audit.ledger import integrity
from kit import clock

SYSTEM = "system"
PARTITIONS_AHEAD = timedelta(days=35)

logger = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]
def make_partitions() -> list[str]:
    """Makes the partitions of the coming weeks. Returns the names of those it made."""
    now = clock.now()
    with connections[SYSTEM].cursor() as cursor:
        cursor.execute("SELECT audit_make_partitions(%s, %s)", [now, now + PARTITIONS_AHEAD])
        return [name for (name,) in cursor.fetchall()]


@shared_task  # type: ignore[untyped-decorator]
def check_integrity() -> list[str]:
    """Whether the ledger's guards still stand. Returns what is wrong and logs it."""
    problems = integrity.problems(using=SYSTEM)
    for problem in problems:
        level = logging.ERROR if problem.severity == "error" else logging.WARNING
        logger.log(level, "ledger: %s", problem)
    return [str(problem) for problem in problems]


@shared_task  # type: ignore[untyped-decorator]
def roll_up_usage() -> None:
    """Sums of what each budget has spent, so that a rebuild of counters does not read a year of settlements."""
    with connections[SYSTEM].cursor() as cursor:
        more = True
        while more:
            cursor.execute("SELECT audit_roll_up()")
            [more] = cursor.fetchone()


@shared_task  # type: ignore[untyped-decorator]
def refresh_statistics() -> None:
    """Statistics of the partitioned tables as a whole, which autovacuum does not keep."""
    with connections[SYSTEM].cursor() as cursor:
        cursor.execute("SELECT audit_analyze()")
