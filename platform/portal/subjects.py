"""Names for the ids that the ledger holds, as far as the viewer may see what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model as Row
from django.urls import reverse

from audit.models import Statement
from governance import models as governance
from kit import money
from portal.timeline import Entry
from tenants import models as tenants

_NANO_USD = "_nano_usd"
_SHORT = 12

# (what an id may be of, the page of one, what its name is made of). Ids are unique across all of them.
_KINDS: list[tuple[type[Row], str, tuple[str, ...]]] = [
    (tenants.User, "", ()),
    (tenants.Organization, "admin:tenants_organization_change", ()),
    (tenants.Team, "admin:tenants_team_change", ()),
    (tenants.Project, "admin:tenants_project_change", ("team",)),
    (tenants.ApiKey, "admin:tenants_apikey_change", ()),
    (tenants.IdentityProvider, "admin:tenants_identityprovider_change", ()),
    (tenants.Budget, "admin:tenants_budget_change", ()),
    (tenants.BudgetIncrease, "budget-increase", ("budget",)),
    (tenants.RateLimit, "admin:tenants_ratelimit_change", ("organization", "team", "project__team", "api_key")),
    (Statement, "statement", ()),
    (governance.Provider, "admin:governance_provider_change", ()),
    (governance.Model, "admin:governance_model_change", ()),
    (governance.Deployment, "admin:governance_deployment_change", ("model", "provider")),
    (governance.Price, "admin:governance_price_change", ("deployment__model", "deployment__provider")),
    (governance.Route, "admin:governance_route_change", ()),
    (governance.UseCase, "admin:governance_usecase_change", ()),
    (governance.OtherSystem, "admin:governance_othersystem_change", ()),
    (governance.ApprovalRequest, "approval", ("model",)),
    (governance.ReviewRule, "admin:governance_reviewrule_change", ()),
    (governance.Questionnaire, "questionnaire", ()),
    (governance.Evidence, "evidence-one", ()),
    (governance.BreakGlass, "exception", ("model",)),
    (governance.Waiver, "waiver", ("use_case",)),
    (governance.Alert, "alert", ()),
    (governance.AlertRule, "", ("team",)),
    (governance.AlertChannel, "alert-channel", ()),
    (governance.Approval, "admin:governance_approval_change", ("model",)),
]


@dataclass(frozen=True, slots=True)
class Subject:
    """What an id stands for. People have no page of their own: their address is empty."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One detail of an act as it is read; `whole` is the value where `text` is only the end of it."""

    name: str
    text: str
    address: str = ""
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """An act with names in place of ids. No subject where what it was done to may not be seen or is gone."""

    entry: Entry
    subject: Subject | None
    facts: list[Fact]


def tell(entries: Iterable[Entry]) -> list[Told]:
    """The same acts, in their order; a query for each kind of thing, however many acts."""
    listed = list(entries)
    ids = {entry.object_id for entry in listed if entry.object_id}
    ids |= {found for entry in listed for value in entry.details.values() for found in ids_in(value)}
    names = named(ids)
    return [
        Told(entry, names.get(entry.object_id) if entry.object_id else None, list(_facts(entry.details, names)))
        for entry in listed
    ]


def named(ids: Iterable[UUID]) -> dict[UUID, Subject]:
    """What these ids stand for; those of nothing that may be seen are left out."""
    wanted, found = set(ids), {}
    for kind, view, related in _KINDS:
        rows = kind._default_manager.filter(pk__in=wanted)
        for row in rows.select_related(*related) if related else rows:  # of nothing, it joins everything
            found[row.pk] = Subject(str(row), reverse(view, args=[row.pk]) if view else "")
    return found


def kinds() -> list[type[Row]]:
    """What an id that the ledger holds may be of."""
    return [kind for kind, _, _ in _KINDS]


def _facts(details: Mapping[str, Any], names: Mapping[UUID, Subject]) -> Iterator[Fact]:
    for name, value in details.items():
        if value is None:
            continue
        if name.endswith(_NANO_USD):
            yield Fact(_words(name.removesuffix(_NANO_USD)), money.display(int(value)))
            continue
        for one in value if isinstance(value, list) else [value]:
            yield _fact(_words(name.removesuffix("_id")), str(one), names)


def _fact(name: str, text: str, names: Mapping[UUID, Subject]) -> Fact:
    identifier = _id(text)
    subject = names.get(identifier) if identifier else None
    if subject:
        return Fact(name, subject.name, subject.address, text)
    if identifier or len(text) > 4 * _SHORT:
        return Fact(name, f"…{text[-_SHORT:]}", "", text)
    return Fact(name, text)


def ids_in(value: Any) -> Iterator[UUID]:
    for one in value if isinstance(value, list) else [value]:
        identifier = _id(one)
        if identifier:
            yield identifier


def _id(value: Any) -> UUID | None:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None


def _words(name: str) -> str:
    return name.replace("_", " ")
