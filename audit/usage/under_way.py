"""What calls under way hold of budgets now, within the entered scope."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from audit.choices import Kind
from audit.models import Record, Settlement
from audit.querysets import FIRST_OF_REQUEST, id_bounds
from audit.usage.totals import Group

# No call is under way for longer: its lease and its upstream's deadline are over long before.
LONGEST_CALL = timedelta(hours=2)
# By what a hold can be told apart.
HELD_BY = frozenset({"team_id", "project_id", "api_key_id", "model"})


def held_nano_usd(now: datetime, of: Mapping[Group, Any]) -> int:
    """Of calls that are equal to `of`, whose keys are in `HELD_BY`."""
    settled = Settlement.objects.filter(request_id=OuterRef("id"))
    rows = Record.objects.filter(FIRST_OF_REQUEST, id_bounds("id", now - LONGEST_CALL, None), kind=Kind.REQUESTED)
    if "team_id" in of:
        rows = rows.filter(team_id=of["team_id"])
    wanted = {str(name): value if value is None else str(value) for name, value in of.items() if name != "team_id"}
    holds = rows.exclude(Exists(settled)).values_list("hold", flat=True)
    return sum(
        int(hold["cost_nano_usd"])
        for hold in holds
        if hold and all(hold[name] == value for name, value in wanted.items())
    )
