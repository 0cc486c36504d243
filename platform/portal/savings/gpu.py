"""What each team had of the GPUs of one's own: deployments whose price goes by the second of a GPU."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from audit.pricing.quantities import Component
from governance.models import Deployment
from portal.savings.prices import Priced
from portal.savings.used import Used


@dataclass(frozen=True, slots=True)
class Charged:
    """`per_mille` is the team's part of what the deployment's calls cost."""

    deployment: Deployment
    team_id: UUID | None
    requests: int
    tokens: int
    nano_usd: int
    per_mille: int


def charged(used: Used, priced: Priced) -> list[Charged]:
    """By deployment, the teams that used most first."""
    sums: dict[tuple[UUID, UUID | None], tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    whole: dict[UUID, int] = defaultdict(int)
    for row in used.rows:
        schedule = priced.schedules.get(row.deployment_id) if row.deployment_id else None
        if row.deployment_id is None or schedule is None or Component.GPU_SECOND not in schedule.named:
            continue
        place = row.deployment_id, row.team_id
        requests, tokens, nano_usd = sums[place]
        more = row.input_tokens + row.output_tokens
        sums[place] = requests + row.requests, tokens + more, nano_usd + row.nano_usd
        whole[row.deployment_id] += row.nano_usd
    found = [
        Charged(priced.deployments[at], team, *one, 1000 * one[2] // whole[at] if whole[at] else 0)
        for (at, team), one in sums.items()
    ]
    return sorted(found, key=lambda one: (str(one.deployment), -one.nano_usd))
