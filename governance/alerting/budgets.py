"""Budgets: which thresholds are reached, and whether requests cost what was expected of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from audit.models import Subject as EndUser
from audit.usage.measures import requests_of
from audit.usage.spent import spent_in
from governance.alerting.finding import Found, Subject
from governance.alerting.terms import InForce
from governance.models import AlertKind, Severity, UseCase
from tenants.models import ApiKey, Budget, BudgetIncrease, Each, Organization, Project, Team
from tenants.models.money import allowance_of
from tenants.periods import midnight, period_of

_FULL = 100


@dataclass(frozen=True, slots=True)
class Account:
    """A budget, or what one of its members has of one for each."""

    budget: Budget
    id: UUID
    name: str
    team_id: UUID | None


def look(organization: Organization, terms: InForce, now: datetime) -> Iterator[Found]:
    budgets = list(Budget.objects.filter(is_active=True).select_related("team", "project", "api_key", "organization"))
    periods = {budget.id: period_of(budget.period, organization.time_zone, now)[0] for budget in budgets}
    spent = spent_in(set(periods.values()), organization_id=organization.id) if budgets else {}
    more = _increases(now)
    for account in _accounts(budgets):
        period = periods[account.budget.id]
        limit = account.budget.limit_nano_usd + more.get(account.budget.id, 0)
        yield from _threshold(account, terms, spent.get((account.id, period), 0), limit, period, now)
    for budget in budgets:
        yield from _request_cost(budget, organization, terms, now)


def _threshold(account: Account, terms: InForce, spent: int, limit: int, period: str, now: datetime) -> Iterator[Found]:
    """The highest that is reached, and no lower one: whoever hears of 100 % needs not hear of 80 %."""
    set_terms = terms.of(AlertKind.BUDGET, account.team_id)
    reached = [percent for percent in account.budget.thresholds if spent * _FULL >= percent * limit and spent]
    if not set_terms.is_active or not reached:
        return
    percent = max(reached)
    yield Found(
        set_terms,
        Subject(f"budget:{account.id}", account.name, account.team_id),
        finding=f"{percent} %",
        unit="nano_usd",
        seen=spent,
        bound=limit * percent // _FULL,
        expected=limit,
        since=now,
        period=period,
        level=percent,
        severity=Severity.CRITICAL if percent >= _FULL else None,
    )


def _request_cost(budget: Budget, organization: Organization, terms: InForce, now: datetime) -> Iterator[Found]:
    """Of today, against the limit divided by the requests that are expected of a period."""
    set_terms = terms.of(AlertKind.REQUEST_COST, budget.team_id)
    if not budget.expected_requests or budget.each or budget.tag or not set_terms.is_active:
        return
    narrowed = _narrowed(budget)
    today = midnight(organization.time_zone, now)
    requests, spent = requests_of(today, now, narrowed)
    bound = budget.limit_nano_usd * set_terms["percent"] // (_FULL * budget.expected_requests)
    if requests >= set_terms["least_requests"] and spent > bound * requests:
        yield Found(
            set_terms,
            Subject(f"budget:{budget.id}", budget.name, budget.team_id),
            finding="cost",
            unit="nano_usd",
            seen=spent // requests,
            bound=bound,
            expected=budget.limit_nano_usd // budget.expected_requests,
            since=today,
        )


def _narrowed(budget: Budget) -> dict[str, object]:
    columns: dict[str, object] = {"organization_id": budget.organization_id}
    if budget.api_key_id:
        columns["api_key_id"] = budget.api_key_id
    elif budget.project_id:
        columns["project_id"] = budget.project_id
    elif budget.team_id:
        columns["team_id"] = budget.team_id
    if budget.model:
        columns["model"] = budget.model
    if budget.use_case:
        columns["use_case_id__in"] = list(UseCase.objects.filter(slug=budget.use_case).values_list("id", flat=True))
    return columns


def _increases(now: datetime) -> dict[UUID, int]:
    """What is granted on top of each budget and not over yet."""
    found: dict[UUID, int] = {}
    rows = BudgetIncrease.objects.filter(is_granted=True, ends_at__gt=now, ended_at__isnull=True)
    for budget_id, amount in rows.values_list("budget_id", "amount_nano_usd"):
        found[budget_id] = found.get(budget_id, 0) + amount
    return found


def _accounts(budgets: Iterable[Budget]) -> Iterator[Account]:
    for budget in budgets:
        if not budget.each:
            yield Account(budget, budget.id, budget.name, budget.team_id)
        else:
            for member, name, team_id in _members(budget):
                yield Account(budget, allowance_of(budget.id, member), f"{budget.name}, {name}", team_id)


def _members(budget: Budget) -> Iterator[tuple[UUID, str, UUID | None]]:
    """Id, name and team of each. End users have no names here."""
    within = {"team_id": budget.team_id} if budget.team_id else {}
    if budget.each == Each.TEAM:
        yield from ((team.id, team.name, team.id) for team in Team.objects.all())
    elif budget.each == Each.PROJECT:
        yield from ((row.id, row.name, row.team_id) for row in Project.objects.filter(**within))
    elif budget.each == Each.KEY:
        keys = ApiKey.objects.filter(revoked_at__isnull=True, **within)
        if budget.project_id:
            keys = keys.filter(project_id=budget.project_id)
        yield from ((row.id, row.name, row.team_id) for row in keys)
    else:
        yield from ((one, "an end user", budget.team_id) for one in EndUser.objects.values_list("id", flat=True))
