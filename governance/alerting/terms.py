"""What each kind of alert goes by: as shipped, unless a rule of the organisation or of a team says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from governance.models import AlertKind, AlertRule, Severity
from kit.money import NANO
from tenants.models import Role

MOST = 10**15


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole number. Amounts of money are in nano-USD, and their names end so."""

    label: str
    shipped: int
    least: int = 1
    most: int = MOST


@dataclass(frozen=True, slots=True)
class Terms:
    kind: AlertKind
    severity: Severity
    roles: tuple[Role, ...]
    parameters: Mapping[str, int] = field(default_factory=dict)
    is_active: bool = True

    def __getitem__(self, name: str) -> int:
        return self.parameters[name]


_LEAST = Parameter("Nothing is told below so much", 5 * NANO, 0)
_REQUESTS = Parameter("Nothing is told of fewer calls", 50)
PARAMETERS: dict[AlertKind, dict[str, Parameter]] = {
    AlertKind.BUDGET: {},
    AlertKind.REQUEST_COST: {
        "percent": Parameter("Per cent of what the budget expects of one", 100),
        "least_requests": _REQUESTS,
    },
    AlertKind.DAILY_AVERAGE: {
        "percent": Parameter("Per cent of the daily average of thirty days", 300, 101),
        "least_nano_usd": _LEAST,
    },
    AlertKind.DAILY_SPEND: {"amount_nano_usd": Parameter("A day may cost", 100 * NANO)},
    AlertKind.OPERATION_SPEND: {"amount_nano_usd": Parameter("A day of one operation may cost", 100 * NANO)},
    AlertKind.TOKENS: {
        "percent": Parameter("Per cent of the daily mean of four weeks", 200, 101),
        "least_tokens": Parameter("Nothing is told below so many", 1_000_000, 0),
    },
    AlertKind.ANOMALY: {"least_nano_usd": _LEAST},
    AlertKind.LATENCY: {
        "milliseconds": Parameter("One in twenty answers may take longer", 5_000),
        "least_requests": _REQUESTS,
    },
    AlertKind.ERRORS: {
        "percent": Parameter("Per cent of calls may fail", 1, 0, 100),
        "least_requests": Parameter("Nothing is told of fewer calls", 100),
        "least_errors": Parameter("Nothing is told of fewer that fail", 5),
    },
    AlertKind.CACHE: {
        "percent": Parameter("Per cent of calls are to be answered from the cache", 30, 1, 100),
        "least_requests": Parameter("Nothing is told of fewer calls", 200),
    },
}
# Amounts that are the organisation's own mean nothing to others, and have to be said first.
_OFF = (AlertKind.DAILY_SPEND, AlertKind.OPERATION_SPEND)
_QUIET = (AlertKind.CACHE,)
# What a team may set for itself: models are everybody's.
OF_TEAMS = tuple(kind for kind in AlertKind if kind not in (AlertKind.LATENCY, AlertKind.ERRORS, AlertKind.CACHE))


def shipped(kind: AlertKind) -> Terms:
    return Terms(
        kind,
        Severity.INFO if kind in _QUIET else Severity.WARNING,
        (Role.ADMINISTRATOR, Role.TEAM_LEAD),
        {name: parameter.shipped for name, parameter in PARAMETERS[kind].items()},
        kind not in _OFF,
    )


@dataclass(frozen=True, slots=True)
class InForce:
    """All terms of the entered organisation, read at once."""

    rules: Mapping[tuple[UUID | None, AlertKind], Terms]

    def of(self, kind: AlertKind, team: UUID | None = None) -> Terms:
        """Those of a team for itself, else the organisation's, else as shipped."""
        return self.rules.get((team, kind)) or self.rules.get((None, kind)) or shipped(kind)

    def own(self, kind: AlertKind, team: UUID) -> Terms | None:
        """Those that a team has set for itself."""
        return self.rules.get((team, kind))


def in_force() -> InForce:
    return InForce({(rule.team_id, AlertKind(rule.kind)): of_rule(rule) for rule in AlertRule.objects.all()})


def of_rule(rule: AlertRule) -> Terms:
    """A parameter that came after the rule was set is as shipped."""
    kind = AlertKind(rule.kind)
    kept = {name: int(rule.parameters.get(name, known.shipped)) for name, known in PARAMETERS[kind].items()}
    return Terms(kind, Severity(rule.severity), tuple(Role(role) for role in rule.roles), kept, rule.is_active)
