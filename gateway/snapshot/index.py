"""The snapshot: frozen entries by id, and the look-ups a request makes.

Entries never change; a change replaces one. `apply` runs on the event loop without awaiting, so between two
awaits a request sees one version, and it costs what the change is large, not what the snapshot is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Generic, TypeVar
from uuid import UUID

from gateway.snapshot.freshness import Freshness
from governance.snapshot.changes import Delta
from governance.snapshot.section import (
    ApprovalEntry,
    BreakGlassEntry,
    DeploymentEntry,
    ModelEntry,
    ProviderEntry,
    RouteEntry,
    SuspensionEntry,
    UseCaseEntry,
    WaiverEntry,
)
from tenants.snapshot import (
    ApiKeyEntry,
    BudgetEntry,
    IdentityProviderEntry,
    OrganizationEntry,
    ProjectEntry,
    RateLimitEntry,
    TeamEntry,
)

Entry = TypeVar("Entry")
Slug = tuple[UUID, str]


class Table(Generic[Entry]):
    """Entries of one kind by id, with one further look-up.

    `keys` names what an entry is found by; `one` and `all` look it up. Keys of several entries are kept in the
    order of `rank`; they should be few, for each change makes their tuple anew.
    """

    def __init__(
        self,
        keys: Callable[[Entry], Iterable[Hashable]] = lambda _: (),
        rank: Callable[[Entry], Any] | None = None,
    ) -> None:
        self.by_id: dict[UUID, Entry] = {}
        self._keys = keys
        self._rank = rank
        self._found: dict[Hashable, tuple[Entry, ...]] = {}

    def __len__(self) -> int:
        return len(self.by_id)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.by_id.values())

    def get(self, identifier: UUID) -> Entry | None:
        return self.by_id.get(identifier)

    def all(self, key: Hashable) -> tuple[Entry, ...]:
        return self._found.get(key, ())

    def one(self, key: Hashable) -> Entry | None:
        found = self._found.get(key)
        return found[0] if found else None

    def put(self, identifier: UUID, entry: Entry | None) -> None:
        """Replaces the entry of that id; `None` removes it."""
        before = self.by_id.pop(identifier, None)
        if before is not None:
            for key in self._keys(before):
                self._drop(key, before)
        if entry is not None:
            self.by_id[identifier] = entry
            for key in self._keys(entry):
                self._add(key, entry)

    def _add(self, key: Hashable, entry: Entry) -> None:
        found = (*self._found.get(key, ()), entry)
        self._found[key] = tuple(sorted(found, key=self._rank)) if self._rank and len(found) > 1 else found

    def _drop(self, key: Hashable, entry: Entry) -> None:
        left = tuple(other for other in self._found.get(key, ()) if other is not entry)
        if left:
            self._found[key] = left
        else:
            self._found.pop(key, None)


def _named(entry: ModelEntry | RouteEntry) -> tuple[Hashable, ...]:
    """By name within the organisation, and with all others of the organisation."""
    return (entry.organization_id, entry.slug), entry.organization_id


class Snapshot:
    """Everything a worker decides by. `version` is the number of the newest change it has taken in."""

    def __init__(self) -> None:
        self.version = 0
        self.freshness = Freshness()
        self.organizations: Table[OrganizationEntry] = Table()
        self.teams: Table[TeamEntry] = Table()
        self.projects: Table[ProjectEntry] = Table()
        self.api_keys: Table[ApiKeyEntry] = Table(lambda key: (secret.digest for secret in key.secrets))
        self.identity_providers: Table[IdentityProviderEntry] = Table(lambda entry: (entry.issuer,))
        self.budgets: Table[BudgetEntry] = Table(lambda budget: (budget.level_id,))
        self.rate_limits: Table[RateLimitEntry] = Table(lambda limit: ((limit.level_id, limit.each),))
        self.providers: Table[ProviderEntry] = Table()
        self.models: Table[ModelEntry] = Table(_named)
        self.deployments: Table[DeploymentEntry] = Table(
            lambda deployment: (deployment.model_id,), rank=lambda deployment: deployment.position
        )
        self.routes: Table[RouteEntry] = Table(_named)
        self.use_cases: Table[UseCaseEntry] = Table(lambda entry: ((entry.organization_id, entry.slug),))
        self.approvals: Table[ApprovalEntry] = Table(lambda approval: (approval.model_id,))
        self.break_glasses: Table[BreakGlassEntry] = Table(lambda glass: (glass.model_id,))
        self.waivers: Table[WaiverEntry] = Table(lambda waiver: (waiver.approval_id,))
        self.suspensions: Table[SuspensionEntry] = Table(lambda suspension: (suspension.subject,))
        self._tables: dict[str, Table[Any]] = {
            "organization": self.organizations,
            "team": self.teams,
            "project": self.projects,
            "api_key": self.api_keys,
            "identity_provider": self.identity_providers,
            "budget": self.budgets,
            "rate_limit": self.rate_limits,
            "provider": self.providers,
            "model": self.models,
            "deployment": self.deployments,
            "route": self.routes,
            "use_case": self.use_cases,
            "approval": self.approvals,
            "break_glass": self.break_glasses,
            "waiver": self.waivers,
            "suspension": self.suspensions,
        }

    def region_of(self, project_id: UUID, organization: OrganizationEntry) -> str:
        """Where an application runs, as the organisation's administrators have said."""
        project = self.projects.get(project_id)
        return organization.region if project is None else project.region

    def apply(self, delta: Delta, *, asked_at: float) -> None:
        """Takes a delta in that was asked for at `asked_at` (monotonic). Not to be interrupted by an await."""
        for kind, entries in delta.entries.items():
            table = self._tables[kind]
            for identifier, entry in entries.items():
                table.put(identifier, entry)
        self.version = max(self.version, delta.version)
        self.freshness.confirmed(asked_at)
