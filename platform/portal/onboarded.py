"""What a team is to have, and what it has, in the words of the page and of the command."""

from __future__ import annotations

from governance.services.onboarding import Allotment, Onboarded
from kit import money
from tenants.models import Budget, Each, Organization, RateLimit
from tenants.models.money import CEILINGS
from tenants.services.organizations import Limits, Unset

_ENTERED = ("requests_per_minute", "tokens_per_minute", "concurrency")  # the rest is set with the rate limits
_NONE = "none"


def lines(made: Onboarded) -> list[str]:
    """For people at a terminal."""
    slug = made.team.slug
    begun = f"{slug} is made." if made.issued else f"There is a team {slug} already; nothing is made."
    waiting = [f"waits for a decision: {request.model.slug}" for request in made.waiting]
    return [begun, *(f"{what}: {which}" for what, which in facts(made)), *waiting]


def facts(made: Onboarded) -> list[tuple[str, str]]:
    """(what, which) of all that the team has."""
    found = [
        ("Led by", [f"{row.user.name} ({row.user.email})" for row in made.leads]),
        ("Project", [f"{row.name} ({row.slug})" for row in made.projects]),
        ("Key", [str(row) for row in made.keys]),
        ("Budget", [str(row) for row in made.budgets]),
        ("Limits", [text for row in made.limits for text in _words(row)]),
        ("As every team", of_each_team()),
        ("May call", [row.slug for row in made.callable]),
    ]
    return [(what, ", ".join(which) or _NONE) for what, which in found]


def usual(organization: Organization) -> dict[str, str]:
    """What new teams have here unless told otherwise, by field of the form."""
    numbers = {name: getattr(organization, f"default_{name}") for name in _ENTERED}
    return {
        "monthly_budget": _amount(organization.default_monthly_budget_nano_usd),
        **{name: _NONE if number is None else f"{number:,}" for name, number in numbers.items()},
    }


def budget_of(allotment: Allotment, organization: Organization) -> str:
    amount = allotment.monthly_budget_nano_usd
    return _amount(organization.default_monthly_budget_nano_usd if isinstance(amount, Unset) else amount)


def limits_of(allotment: Allotment, organization: Organization) -> str:
    limits = allotment.limits
    if isinstance(limits, Unset):
        limits = Limits(*(getattr(organization, f"default_{name}") for name in _ENTERED))
    return ", ".join(_words(limits)) if limits and _words(limits) else _NONE


def of_each_team() -> list[str]:
    """What binds every team by itself, the new one too."""
    bound = {"team__isnull": True, "each": Each.TEAM}
    budgets = [str(row) for row in Budget.objects.filter(is_active=True, **bound)]
    return budgets + [text for row in RateLimit.objects.filter(**bound) for text in _words(row)]


def _words(limits: Limits | RateLimit) -> list[str]:
    numbers = {name: getattr(limits, name) for name in CEILINGS}
    words = {name: "calls at once" if name == "concurrency" else name.replace("_", " ") for name in CEILINGS}
    return [f"{number:,} {words[name]}" for name, number in numbers.items() if number is not None]


def _amount(nano_usd: int | None) -> str:
    return _NONE if nano_usd is None else f"{money.display(nano_usd)} a month"
