"""What was used in a span of time by whom, for what and where, from sums: the ground of comparisons and hints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import add
from typing import Any
from uuid import UUID

from django.db.models import F, Sum

from audit.models import UsageDay, UsageQuarter
from audit.usage.totals import Period, parts

_SUMS = {
    "all": Sum("requests"),
    "read": Sum("input_tokens"),
    "cached": Sum("cached_input_tokens"),
    "written": Sum("output_tokens"),
    "reasoned": Sum("reasoning_tokens"),
    "spent": Sum("cost_nano_usd"),
}
_OF = ("project_id", "api_key_id", "use_case_id", "deployment_id", "model")


@dataclass(frozen=True, slots=True)
class Together:
    """All that this key used for this use case at this deployment. Cached are part of input, reasoning of output."""

    team_id: UUID | None
    project_id: UUID | None
    api_key_id: UUID | None
    use_case_id: UUID | None
    deployment_id: UUID | None
    model: str
    requests: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    nano_usd: int


def together(period: Period) -> list[Together]:
    """Of the entered scope, in no order."""
    sums: dict[tuple[Any, ...], tuple[int, ...]] = {}
    for part in parts(period, None, UsageDay.objects.all(), UsageQuarter.objects.all()):
        rows: Iterable[Mapping[str, Any]] = (
            part.order_by().values("team_id", **{name: F(f"combination__{name}") for name in _OF}).annotate(**_SUMS)
        )
        for row in rows:
            place = row["team_id"], *(row[name] for name in _OF)
            more = tuple(int(row[name]) for name in _SUMS)
            sums[place] = tuple(map(add, sums[place], more)) if place in sums else more
    return [Together(*place, *figures) for place, figures in sums.items()]
