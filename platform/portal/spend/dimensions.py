"""What spend is told apart by: how it is named in addresses, what it is called, and what its values are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model as Row

from audit.usage.totals import Group, Label
from governance.models import Deployment, Provider, UseCase
from tenants.models import ApiKey, Project, Team

NOTHING = "-"  # in an address, for calls that have none


def _named(model: Any, *related: str) -> Callable[[Iterable[UUID]], dict[Any, str]]:
    def names(ids: Iterable[UUID]) -> dict[Any, str]:
        rows: Iterable[Row] = model.objects.filter(id__in=set(ids)).select_related(*related)
        return {row.pk: str(row) for row in rows}

    return names


@dataclass(frozen=True, slots=True)
class Dimension:
    """`column` is one of a combination; a label has none. `names` are for ids that the viewer may see."""

    name: str
    title: str
    column: Group | None = None
    label: Label | None = None
    names: Callable[[Iterable[UUID]], dict[Any, str]] | None = None

    def read(self, text: str) -> Any:
        """The value that an address names. Raises `ValueError`."""
        if text == NOTHING:
            return None if self.names else ""
        return UUID(text) if self.names else text

    def written(self, value: Any) -> str:
        return NOTHING if value is None or value == "" else str(value)

    def called(self, values: Iterable[Any]) -> dict[Any, str]:
        """What each value is called; one that the viewer may not see goes by its id."""
        wanted = list(values)
        known = self.names([value for value in wanted if value is not None]) if self.names else {}
        return {value: known.get(value) or self._plainly(value) for value in wanted}

    def _plainly(self, value: Any) -> str:
        if value is None or value == "":
            return f"no {self.title.lower()}"
        if self.label == "end_user" and value == "erased":
            return "forgotten end users"
        return str(value)


DIMENSIONS: dict[str, Dimension] = {
    each.name: each
    for each in [
        Dimension("team", "Team", "team_id", names=_named(Team)),
        Dimension("project", "Project", "project_id", names=_named(Project, "team")),
        Dimension("key", "Key", "api_key_id", names=_named(ApiKey)),
        Dimension("model", "Model", "model"),
        Dimension("provider", "Provider", "provider_id", names=_named(Provider)),
        Dimension("deployment", "Deployment", "deployment_id", names=_named(Deployment, "provider", "model")),
        Dimension("use_case", "Use case", "use_case_id", names=_named(UseCase)),
        Dimension("operation", "Operation", "operation"),
        Dimension("tier", "Tier", "tier"),
        Dimension("route", "Route", "route"),
        Dimension("pipeline", "Pipeline", "pipeline"),
        Dimension("cache", "Cache", "cache"),
        Dimension("outcome", "Outcome", "outcome"),
        Dimension("tag", "Tag", label="tag"),
        Dimension("end_user", "End user", label="end_user"),
    ]
}
# From the whole to one request: each is narrowed down by the one before.
LEVELS = ("team", "project", "key", "model")


def next_level(after: str, narrowed: Iterable[str]) -> str | None:
    """What to look at next, once narrowed down by one of these; none where only requests are left."""
    below = LEVELS[LEVELS.index(after) + 1 :] if after in LEVELS else LEVELS
    return next((level for level in below if level not in set(narrowed)), None)
