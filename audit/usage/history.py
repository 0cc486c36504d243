"""Spend of before: settlements of calls that another gateway made, so that dashboards do not begin on an empty page."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connections, transaction

from audit.models import Settlement
from audit.usage import rollups
from kit.ids import time_of


def import_settlements(settlements: Sequence[Settlement], *, owner: str, system: str) -> None:
    """Inserts settlements of the past as they are, and counts them. Without records: what nobody saw is not attested.

    They are charged to no budget (`budgets` must be empty): a budget binds from when it is set. `owner` and `system`
    are database aliases; no role that serves requests may do this.
    """
    if not settlements:
        return
    if any(one.budgets for one in settlements):
        raise ValueError("imported settlements are charged to no budget")
    times = [time_of(one.request_id) for one in settlements]
    with connections[system].cursor() as cursor:
        cursor.execute("SELECT audit_make_partitions(%s, %s)", [min(times), max(times)])
    with transaction.atomic(using=owner):
        Settlement.across_tenants.using(owner).bulk_create(settlements, batch_size=500)
    rollups.roll_up(using=system)
