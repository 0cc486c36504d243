"""What the providers' prompt caches saved."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from audit.pricing import charge
from audit.usage.together import Together
from governance.models import Deployment
from portal.savings.prices import Priced
from portal.savings.used import Used, quantities


@dataclass(frozen=True, slots=True)
class Cached:
    """`hit_percent` is of the input tokens that were sent to the deployment."""

    deployment: Deployment
    input_tokens: int
    cached_input_tokens: int
    nano_usd: int
    saved_nano_usd: int

    @property
    def hit_percent(self) -> int:
        return 100 * self.cached_input_tokens // self.input_tokens if self.input_tokens else 0


def cached(used: Used, priced: Priced) -> list[Cached]:
    """Deployments with a price, those that saved most first."""
    rows_of: dict[Deployment, list[Together]] = defaultdict(list)
    for row in used.rows:
        deployment = priced.deployments.get(row.deployment_id) if row.deployment_id else None
        if deployment is not None and deployment.id in priced.schedules:
            rows_of[deployment].append(row)
    found = [_cached(deployment, rows, priced) for deployment, rows in rows_of.items()]
    return sorted(found, key=lambda one: (-one.saved_nano_usd, -one.input_tokens))


def _cached(deployment: Deployment, rows: list[Together], priced: Priced) -> Cached:
    together, requests = quantities(rows)
    saved = charge.saved_by_cache(together, priced.schedules[deployment.id], requests=requests)
    spent = sum(row.nano_usd for row in rows)
    return Cached(deployment, together.input_tokens, together.cached_input_tokens, spent, saved)
