"""Models that would have cost less: of the same tier, and approved for the same caller and use case.

What a project's calls with a model used is worked out at the price of the other. That is a hint and no comparison of
quality: another model counts tokens in its own way, and may need more of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from audit.pricing import charge
from audit.pricing.schedule import Schedule
from audit.usage.together import Together
from governance import coverage
from governance.models import Approval, Deployment, Model
from portal.savings.prices import Priced
from portal.savings.used import Used, quantities
from tenants.models import Organization, Project

LEAST_PERCENT = 5  # what saves less is not worth a change
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Hint:
    """`would_nano_usd` is what the calls would have cost at the deployment that the other model's calls go to first."""

    project: Project
    use_case_id: UUID | None
    model: Model
    instead: Deployment
    requests: int
    nano_usd: int
    would_nano_usd: int

    @property
    def saving_nano_usd(self) -> int:
        return self.nano_usd - self.would_nano_usd

    @property
    def percent(self) -> int:
        return 100 * self.saving_nano_usd // self.nano_usd


def cheaper(used: Used, priced: Priced, organization: Organization, now: datetime) -> list[Hint]:
    """For each project, use case and model the cheapest other one; what saves most first."""
    offers = _Offers(priced, organization, now)
    projects = {row.id: row for row in Project.objects.select_related("team")}
    rows_of: dict[tuple[UUID, UUID | None, str], list[Together]] = defaultdict(list)
    for row in used.rows:
        if row.project_id in projects:
            rows_of[row.project_id, row.use_case_id, row.model].append(row)
    hints = (
        offers.hint(projects[project], use_case, slug, rows) for (project, use_case, slug), rows in rows_of.items()
    )
    found = [hint for hint in hints if hint is not None and hint.percent >= LEAST_PERCENT]
    return sorted(found, key=lambda hint: -hint.saving_nano_usd)[:SHOWN]


class _Offers:
    """Where calls of each model go first, and under which approval."""

    def __init__(self, priced: Priced, organization: Organization, now: datetime) -> None:
        self.organization, self.now = organization, now
        self.models = {row.model.slug: row.model for row in priced.deployments.values()}
        self.first: list[tuple[Deployment, Approval, Schedule]] = []
        rows_of: dict[UUID, list[Deployment]] = defaultdict(list)
        for row in priced.deployments.values():
            rows_of[row.model_id].append(row)
        for rows in rows_of.values():
            self.first += self._first(rows, priced)

    def _first(self, rows: Iterable[Deployment], priced: Priced) -> Iterator[tuple[Deployment, Approval, Schedule]]:
        for row in sorted(rows, key=lambda one: one.position):
            approval, schedule = coverage.in_force(row.model), priced.schedules.get(row.id)
            if approval is None or schedule is None or not self._may_run(row, approval):
                continue
            yield row, approval, schedule
            return

    def _may_run(self, row: Deployment, approval: Approval) -> bool:
        is_stopped = row.is_suspended or row.provider.is_suspended or row.model.is_suspended
        is_live = approval.suspended_at is None and approval.recertify_by > self.now
        return is_live and not is_stopped and row.model.sunset_at is None and not coverage.lack(row)

    def hint(self, project: Project, use_case_id: UUID | None, slug: str, rows: list[Together]) -> Hint | None:
        model, spent = self.models.get(slug), sum(row.nano_usd for row in rows)
        if model is None or spent <= 0:
            return None
        together, requests = quantities(rows)
        costs = [
            (charge.cost_together(together, schedule, requests=requests), row)
            for row, approval, schedule in self.first
            if row.model_id != model.id and self._would_do(row.model, approval, model, project, use_case_id)
        ]
        if not costs or not requests:
            return None
        would, instead = min(costs, key=lambda cost: (cost[0], cost[1].model.slug))
        return Hint(project, use_case_id, model, instead, requests, spent, would)

    def _would_do(
        self, other: Model, approval: Approval, model: Model, project: Project, use_case_id: UUID | None
    ) -> bool:
        """Which data the calls held is not known: the other's approval is for as sensitive ones as the model's own."""
        own = coverage.in_force(model)
        region = project.region or self.organization.region
        return (
            other.tier == model.tier
            and set(model.modalities) <= set(other.modalities)
            and (not approval.teams or project.team_id in approval.teams)
            and (not approval.use_cases or use_case_id in approval.use_cases)
            and (not approval.caller_regions or region in approval.caller_regions)
            and own is not None
            and approval.max_data_class >= own.max_data_class
        )
